//! From collected terms to blocks over fixed patterns.

use super::affine::Affine;
use super::context::{Context, Env, Operand};
use super::dual::{DualTerms, Multiplier};
use super::expand::Lower;
use super::pack::{Objective, Pack};
use super::reach::Reach;
use super::tape::TapeBuilder;
use super::{Lowered, refuse};
use crate::check::model::ParameterKind;
use crate::diagnostics::{Diagnostic, codes};
use crate::syntax::ast::Sense as AstSense;
use cvxlayer_program::{
    Attributes, BlockKind, Blocks, DefaultValue, Depends, FORMAT, Lift, NamedNode, Parameter, Program, Sense,
    Shape, Size, SolutionMap, Tape, Text, UserDual,
};

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
        let parameters = parameters(context, attributes, &reach, &depends)?;
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

fn user_dual(terms: &DualTerms, (equalities, inequalities, n): (usize, usize, usize)) -> UserDual {
    let position = |multiplier: Multiplier| match multiplier {
        Multiplier::Lambda(row) => row,
        Multiplier::NuLower(row) => equalities + row,
        Multiplier::NuUpper(row) => equalities + inequalities + row,
        Multiplier::MuLower(j) => equalities + 2 * inequalities + j,
        Multiplier::MuUpper(j) => equalities + 2 * inequalities + n + j,
    };
    let len = terms.axes.iter().product();
    UserDual {
        label: terms.label.clone(),
        axes: terms.axes.clone().into(),
        map: terms.entries.map(len, equalities + 2 * inequalities + 2 * n, position),
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
    depends: &Depends,
) -> Lowered<Vec<Parameter>> {
    // A parameter that only ever stands in an end of a range may be infinite there.
    let mut finite = vec![false; context.layouts.len()];
    let mut used = finite.clone();
    for (kind, parameters) in depends.blocks.iter() {
        let end = matches!(kind, BlockKind::Gl | BlockKind::Gu | BlockKind::Lo | BlockKind::Hi);
        let where_used = if end { &mut used } else { &mut finite };
        parameters.iter().for_each(|&k| where_used[k as usize] = true);
    }
    reach.computed().for_each(|k| finite[k as usize] = true);
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
