//! From collected terms to blocks over fixed patterns.

use super::affine::Affine;
use super::constraint::{DualTerms, Multiplier};
use super::context::{Context, Env, Operand};
use super::expand::Lower;
use super::pack::{Objective, Pack};
use super::tape::TapeBuilder;
use super::{Lowered, refuse};
use crate::check::model::ParameterKind;
use crate::diagnostics::{Diagnostic, codes};
use crate::syntax::ast::Sense as AstSense;
use cvxlayer_program::{
    Attributes, BlockKind, Blocks, DefaultValue, Depends, FORMAT, Input, Lift, List, NamedNode, Op,
    Parameter, Program, Sense, Shape, Size, SolutionMap, SparseMap, Tape, Text, UserDual, VectorBlock,
};
use std::collections::HashMap;

impl Lower<'_> {
    /// Puts the program together.
    ///
    /// # Errors
    /// If a default or a let does not fit the sizes.
    pub fn assemble(mut self, objective: &Affine) -> Lowered<Program> {
        let context = self.context;
        let (values, lets) = lets(context)?;
        let attributes = self.attributes()?;
        let start = self.derived.last().map_or(context.theta, |d| d.start + d.len);
        let theta_hat = start + self.products.len();
        let pack = Pack { start, theta_hat };

        let n = self.lo.len();
        let terms = Objective::new(objective, n, self.smooth.len());
        let (equalities, inequalities) = (&self.equalities, &self.inequalities);
        let counts = (equalities.len(), inequalities.len(), n);
        let (equality_rows, inequality_rows) = (equalities.origins(), inequalities.origins());
        let blocks = Blocks {
            p: pack.matrix(n, n, &terms.entries, &terms.blocks),
            q: terms.q.pack(&pack),
            r: terms.r.pack(&pack),
            a: pack.matrix(equalities.len(), n, &equalities.entries, &equalities.blocks),
            b: pack.ends(self.equalities.upper),
            g: pack.matrix(inequalities.len(), n, &inequalities.entries, &inequalities.blocks),
            gl: pack.ends(self.inequalities.lower),
            gu: pack.ends(self.inequalities.upper),
            lo: pack.ends(self.lo),
            hi: pack.ends(self.hi),
            w: terms.w.pack(&pack),
            smooth: self.smooth.into(),
        };
        let lift = Lift {
            tape: self.lift.tape,
            derived: self.derived.into(),
            products: self.products.finish(start),
            theta: context.theta,
        };
        let reach = Reach::new(context, &lift);
        let depends = reach.depends(&blocks);
        let parameters = parameters(context, attributes, &reach, &blocks)?;
        let (bounds, duals): (Vec<_>, Vec<_>) = self.duals.iter().partition(|d| d.bounds);
        let dual = |terms: &&DualTerms| user_dual(terms, counts);
        Ok(Program {
            format: FORMAT,
            doc: context.model.doc.clone().map(Text::from),
            sense: match context.model.objective {
                None => Sense::Feasibility,
                Some((AstSense::Minimize, _)) => Sense::Minimize,
                Some((AstSense::Maximize, _)) => Sense::Maximize,
            },
            sizes: sizes(context)?.into(),
            parameters: parameters.into(),
            lift,
            checks: self.checks.into(),
            blocks,
            depends,
            columns: self.columns.into(),
            equality_rows: equality_rows.into(),
            inequality_rows: inequality_rows.into(),
            solution: SolutionMap {
                variables: self.variables.into(),
                duals: duals.iter().map(dual).collect::<Vec<_>>().into(),
                bounds: bounds.iter().map(dual).collect::<Vec<_>>().into(),
            },
            values,
            lets: lets.into(),
        })
    }

    fn attributes(&mut self) -> Lowered<Vec<Attributes>> {
        let mut out = Vec::new();
        for parameter in &self.context.model.parameters {
            let ParameterKind { nonneg, nonpos, pos, neg, symmetric, psd, nsd, .. } = parameter.kind;
            let range = match parameter.range {
                None => None,
                Some((lo, hi)) => {
                    let lo = self.lift.value(&Operand { node: lo, env: Env::default() })?;
                    Some((lo, self.lift.value(&Operand { node: hi, env: Env::default() })?))
                }
            };
            out.push(Attributes { nonneg, nonpos, pos, neg, symmetric, psd, nsd, range });
        }
        Ok(out)
    }
}

/// Which parameters reach each entry of θ̂. Few sets of parameters occur, so each is stored once.
struct Reach {
    of: Vec<u32>,
    sets: Vec<Vec<u32>>,
}

impl Reach {
    fn new(context: &Context<'_>, lift: &Lift) -> Self {
        let mut reach = Self { of: vec![0; lift.theta], sets: vec![Vec::new()] };
        for (k, layout) in context.layouts.iter().enumerate() {
            let set = reach.set(vec![k as u32]);
            reach.of[layout.start..layout.start + layout.len].fill(set);
        }
        let mut nodes: Vec<u32> = Vec::with_capacity(lift.tape.nodes.len());
        for node in lift.tape.nodes.iter() {
            let mut all = reach.union(node.op.operands().iter().map(|&operand| nodes[operand as usize]));
            if let Op::Input(Input::Parameter(k)) = node.op {
                all.push(k);
            }
            nodes.push(reach.set(all));
        }
        for derived in lift.derived.iter() {
            reach.of.extend(std::iter::repeat_n(nodes[derived.node as usize], derived.len));
        }
        let mut known = HashMap::new();
        let (mut sets, mut before): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        for k in 0..lift.products.len() {
            std::mem::swap(&mut sets, &mut before);
            sets.clear();
            sets.extend(lift.products.terms(k).flat_map(|(_, l, r)| [reach.of[l], reach.of[r]]));
            sets.sort_unstable();
            sets.dedup();
            // Products of the same arrays follow one another.
            if k > 0 && sets == before {
                reach.of.push(reach.of[reach.of.len() - 1]);
                continue;
            }
            let set = if let Some(&set) = known.get(&sets) {
                set
            } else {
                let set = reach.set(reach.union(sets.iter().copied()));
                known.insert(sets.clone(), set);
                set
            };
            reach.of.push(set);
        }
        reach
    }

    fn union(&self, sets: impl Iterator<Item = u32>) -> Vec<u32> {
        sets.flat_map(|set| self.sets[set as usize].iter().copied()).collect()
    }

    /// The number of a set of parameters.
    fn set(&mut self, mut all: Vec<u32>) -> u32 {
        all.sort_unstable();
        all.dedup();
        let known = self.sets.iter().position(|set| *set == all);
        known.unwrap_or_else(|| {
            self.sets.push(all);
            self.sets.len() - 1
        }) as u32
    }

    /// The parameters that reach an entry of θ̂.
    fn entry(&self, k: usize) -> &[u32] {
        &self.sets[self.of[k] as usize]
    }

    fn block(&self, block: &VectorBlock) -> Vec<u32> {
        let mut seen = vec![false; self.sets.len()];
        for &k in block.linear.col_idx.iter() {
            seen[self.of[k as usize] as usize] = true;
        }
        let mut all = self.union((0..self.sets.len()).filter(|&set| seen[set]).map(|set| set as u32));
        all.sort_unstable();
        all.dedup();
        all
    }

    fn depends(&self, blocks: &Blocks) -> Depends {
        let all = [
            (BlockKind::P, &blocks.p.entries),
            (BlockKind::Q, &blocks.q),
            (BlockKind::R, &blocks.r),
            (BlockKind::A, &blocks.a.entries),
            (BlockKind::B, &blocks.b),
            (BlockKind::G, &blocks.g.entries),
            (BlockKind::Gl, &blocks.gl),
            (BlockKind::Gu, &blocks.gu),
            (BlockKind::Lo, &blocks.lo),
            (BlockKind::Hi, &blocks.hi),
            (BlockKind::W, &blocks.w),
        ];
        let reached = all.into_iter().map(|(kind, block)| (kind, List::from(self.block(block))));
        Depends { blocks: reached.filter(|(_, on)| !on.is_empty()).collect() }
    }
}

fn user_dual(terms: &DualTerms, (equalities, inequalities, n): (usize, usize, usize)) -> UserDual {
    let position = |multiplier: Multiplier| match multiplier {
        Multiplier::Lambda(row) => row,
        Multiplier::NuLower(row) => equalities + row,
        Multiplier::NuUpper(row) => equalities + inequalities + row,
        Multiplier::MuLower(j) => equalities + 2 * inequalities + j,
        Multiplier::MuUpper(j) => equalities + 2 * inequalities + n + j,
    };
    let len = terms.axes.iter().product();
    let triplets = terms.entries.iter().map(|&(entry, m, c)| (entry as u32, position(m) as u32, c)).collect();
    UserDual {
        label: terms.label.clone(),
        axes: terms.axes.clone().into(),
        map: SparseMap::from_triplets(len, equalities + 2 * inequalities + 2 * n, triplets),
    }
}

fn sizes(context: &Context<'_>) -> Lowered<Vec<Size>> {
    let model = context.model;
    let mut out: Vec<Size> = model
        .dims
        .iter()
        .zip(&context.dims)
        .filter(|(dim, _)| dim.rounded.is_none())
        .map(|(dim, &value)| Size { name: dim.name.clone().into(), value: value as usize })
        .collect();
    for fixed in &model.sizes {
        let value = context.size(&fixed.size, &Env::default(), fixed.span)?;
        out.push(Size { name: fixed.name.clone().into(), value: value.max(0) as usize });
    }
    Ok(out)
}

/// A tape that evaluates every let.
fn lets(context: &Context<'_>) -> Lowered<(Tape, Vec<NamedNode>)> {
    let mut tape = TapeBuilder::new(context);
    let mut out = Vec::new();
    for one in &context.model.lets {
        let node = tape.value(&Operand { node: one.node, env: Env::default() })?;
        let shape = tape.shape(node);
        out.push(NamedNode {
            name: one.name.clone().into(),
            node,
            shape,
            doc: one.doc.clone().map(Text::from),
        });
    }
    Ok((tape.tape, out))
}

fn parameters(
    context: &Context<'_>,
    attributes: Vec<Attributes>,
    reach: &Reach,
    blocks: &Blocks,
) -> Lowered<Vec<Parameter>> {
    // A parameter that only ever stands in an end of a range may be infinite there.
    let mut finite = vec![false; context.layouts.len()];
    for block in
        [&blocks.p.entries, &blocks.q, &blocks.r, &blocks.a.entries, &blocks.b, &blocks.g.entries, &blocks.w]
    {
        for k in reach.block(block) {
            finite[k as usize] = true;
        }
    }
    for derived in context.theta..reach.of.len() {
        for &k in reach.entry(derived) {
            finite[k as usize] = true;
        }
    }
    let mut used = vec![false; context.layouts.len()];
    for block in [&blocks.gl, &blocks.gu, &blocks.lo, &blocks.hi] {
        for k in reach.block(block) {
            used[k as usize] = true;
        }
    }
    let mut out = Vec::new();
    for (k, (parameter, attributes)) in context.model.parameters.iter().zip(attributes).enumerate() {
        let layout = &context.layouts[k];
        let default = match parameter.default {
            None => None,
            Some(node) => Some(default(context, node, layout.shape, parameter.span)?),
        };
        out.push(Parameter {
            name: parameter.name.clone().into(),
            shape: layout.shape,
            storage: layout.storage.clone(),
            start: layout.start,
            attributes,
            default,
            allows_infinity: used[k] && !finite[k],
            doc: parameter.doc.clone().map(Text::from),
        });
    }
    Ok(out)
}

fn default(
    context: &Context<'_>,
    node: crate::check::tree::NodeId,
    shape: Shape,
    span: crate::source::Span,
) -> Lowered<DefaultValue> {
    let operand = Operand { node, env: Env::default() };
    let given = context.shape(&operand)?;
    if given != Shape::Scalar && given != shape {
        let error = Diagnostic::error(
            codes::SHAPE_MISMATCH,
            format!("the default has shape {given}, and the parameter {shape}"),
        );
        return Err(refuse(error.at(span, "")));
    }
    let mut lower = Lower::new(context);
    let value = lower.affine(&operand)?.to_numbers().ok_or_else(|| {
        refuse(
            Diagnostic::error(codes::NOT_FIXED, "a default must be a number or an array of numbers")
                .at(context.model.tree.span(node), "this needs a computation"),
        )
    })?;
    Ok(DefaultValue(if given == Shape::Scalar { vec![value[0]; shape.len()] } else { value }.into()))
}
