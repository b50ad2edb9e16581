//! The objective and the constraints: rows, and bounds where a row would hold one variable alone.

use super::affine::{Affine, Term};
use super::column::{Basis, Column};
use super::context::{Env, Operand};
use super::dual::{DualEntries, DualTerms, Multiplier};
use super::expand::{Lower, expand_to};
use super::rows::Side;
use super::together::options_within;
use super::visits::instances;
use super::{Lowered, refuse};
use crate::check::interval::Interval;
use crate::check::model::{Constraint, Relation};
use crate::check::place::focus;
use crate::check::tree::{Kind, NodeId};
use crate::diagnostics::{Diagnostic, codes};
use cvxlayer_program::{Role, Shape};

/// One side of a comparison as rows that each stay below (or above) an entry of the other side.
#[derive(Debug)]
pub struct Piece {
    /// The rows.
    pub rows: Affine,
    /// The entry of the atom's result that each row belongs to.
    pub entry: Vec<usize>,
    /// Whether the negated rows count as well, as for an absolute value.
    pub both_signs: bool,
}

impl Lower<'_> {
    /// The objective, to be minimized.
    ///
    /// # Errors
    /// If sizes, indices or constants do not fit.
    pub fn objective(&mut self) -> Lowered<Affine> {
        let Some((sense, node)) = self.context.model.objective else {
            return Ok(Affine::zeros(Shape::Scalar));
        };
        let value = (*self.affine(&Operand { node, env: Env::default() })?).clone();
        Ok(if sense == crate::syntax::ast::Sense::Maximize { value.scale(-1.0) } else { value })
    }

    /// Adds the rows (or bounds) of a constraint.
    ///
    /// # Errors
    /// If sizes, indices or constants do not fit.
    pub fn constraint(&mut self, k: usize) -> Lowered<()> {
        let model = self.context.model;
        let constraint = &model.constraints[k];
        self.here = constraint.span;
        if let Some(loops) = &constraint.loops {
            let sides: Vec<NodeId> =
                std::iter::once(constraint.first).chain(constraint.rest.iter().map(|r| r.1)).collect();
            self.context.foreseen(loops, &sides, constraint.span)?;
        }
        let owner = (
            self.equalities.owner(constraint.label.clone(), Role::User),
            self.inequalities.owner(constraint.label.clone(), Role::User),
        );
        if let Some((entries, axes)) = self.rows_together(constraint, owner) {
            let label = constraint.label.clone().into();
            self.duals.push(DualTerms { label, axes, bounds: false, entries });
            return Ok(());
        }
        let (instances, mut axes) = instances(self.context, constraint)?;
        let mut entries = DualEntries::default();
        let mut shapes = Vec::with_capacity(instances.len());
        let mut offset = 0;
        for env in &instances {
            let shape = self.context.concrete(&constraint.shape, env, constraint.span)?;
            self.context.bounded(shape, constraint.span)?;
            self.room(shape.len(), "rows", constraint.span)?;
            let own = self.instance(constraint, env, shape, owner)?;
            entries.append(own, offset, 1.0);
            offset += shape.len();
            shapes.push(shape);
        }
        match shapes.first() {
            // Instances of different shapes have no axes in common: their entries come one after the other.
            Some(first) if shapes.iter().any(|s| s != first) => axes = vec![offset],
            Some(first) => axes.extend(first.axes()),
            None => {
                let shape = self.context.concrete(&constraint.shape, &Env::default(), constraint.span);
                axes.extend(shape.unwrap_or(Shape::Scalar).axes());
            }
        }
        self.duals.push(DualTerms { label: constraint.label.clone().into(), axes, bounds: false, entries });
        Ok(())
    }

    pub(super) fn instance(
        &mut self,
        constraint: &Constraint,
        env: &Env,
        shape: Shape,
        owner: (u32, u32),
    ) -> Lowered<DualEntries> {
        let context = self.context;
        let operand = |node: NodeId| context.part(node, env);
        for requirement in &constraint.requirements {
            if self.context.size(requirement, env, constraint.span)? != 0 {
                let sides: Vec<NodeId> =
                    std::iter::once(constraint.first).chain(constraint.rest.iter().map(|r| r.1)).collect();
                let mut error = Diagnostic::error(
                    codes::SHAPE_MISMATCH,
                    "the two sides of this comparison do not broadcast",
                )
                .at(focus(self.context.model, constraint.span, &sides), "");
                for node in sides {
                    let shape = self.context.shape(&operand(node))?;
                    error = error.also(self.context.model.tree.span(node), format!("this has shape {shape}"));
                }
                return Err(refuse(self.context.told(error, requirement, env)));
            }
        }
        match constraint.rest[..] {
            [(Relation::Equal, rhs)] => {
                let difference = self.difference(&operand(constraint.first), &operand(rhs), shape)?;
                Ok(self.equal(&difference, owner))
            }
            [(relation, rhs)] => {
                // Both relations end as `below ≤ above`, whose multiplier the user's dual is.
                let (below, above) = match relation {
                    Relation::AtMost => (constraint.first, rhs),
                    _ => (rhs, constraint.first),
                };
                self.at_most(&operand(below), &operand(above), shape, relation == Relation::AtLeast, owner)
            }
            [(relation, middle), (_, last)] => {
                let (lo, hi) = if relation == Relation::AtMost {
                    (constraint.first, last)
                } else {
                    (last, constraint.first)
                };
                self.between(&operand(lo), &operand(middle), &operand(hi), shape, owner)
            }
            _ => Ok(DualEntries::default()),
        }
    }

    fn difference(&mut self, a: &Operand, b: &Operand, shape: Shape) -> Lowered<Affine> {
        let together = a.env.family().is_some() || b.env.family().is_some();
        let (a, b) = (self.affine(a)?, self.affine(b)?);
        let out = expand_to(&a, shape).add(&expand_to(&b, shape).into_owned().scale(-1.0));
        // Instances one below the other are no matrix, whose mirrored entries may share a row.
        Ok(if together { out.with_shape(Shape::Vector(shape.len())) } else { out })
    }

    fn at_most(
        &mut self,
        below: &Operand,
        above: &Operand,
        shape: Shape,
        turned: bool,
        owner: (u32, u32),
    ) -> Lowered<DualEntries> {
        if let Some(pieces) = self.pieces(below, true, shape)? {
            let mut out = DualEntries::default();
            let bound = expand_to(&*self.affine(above)?, shape).into_owned();
            let range = self.range(above);
            for piece in pieces {
                self.room(piece.entry.len(), "rows", self.context.model.tree.span(below.node))?;
                self.piece(&piece, (&bound, range), false, owner.1, &mut out);
            }
            return Ok(out);
        }
        if let Some(pieces) = self.pieces(above, false, shape)? {
            let mut out = DualEntries::default();
            let bound = expand_to(&*self.affine(below)?, shape).into_owned();
            let range = self.range(below);
            for piece in pieces {
                self.room(piece.entry.len(), "rows", self.context.model.tree.span(above.node))?;
                self.piece(&piece, (&bound, range), true, owner.1, &mut out);
            }
            return Ok(out);
        }
        // The row reads as the user wrote it: `lhs − rhs` stays below or above 0.
        let difference = if turned {
            self.difference(above, below, shape)?
        } else {
            self.difference(below, above, shape)?
        };
        Ok(self.below(&difference, turned, owner))
    }

    /// The rows `difference == 0`.
    fn equal(&mut self, difference: &Affine, owner: (u32, u32)) -> DualEntries {
        if !has_mirror(difference) {
            let first = self.equalities.push_all(owner.0, difference, Side::Equal);
            return DualEntries::one_each(difference.shape.len(), Multiplier::Lambda(first));
        }
        let mut out = DualEntries::default();
        for (entry, twin) in entries_once(difference) {
            let row = self.equalities.push(owner.0, difference.row(entry), None, Some(&[]));
            split(&mut out, entry, twin, Multiplier::Lambda(row), 1.0);
        }
        out
    }

    /// The rows `difference ≤ 0`, or `difference ≥ 0` if turned.
    fn below(&mut self, difference: &Affine, turned: bool, owner: (u32, u32)) -> DualEntries {
        // Rows with one variable may be bounds.
        if difference.least_variables() > 1 && !has_mirror(difference) {
            let side = if turned { Side::AtLeast } else { Side::AtMost };
            let first = self.inequalities.push_all(owner.1, difference, side);
            let first = if turned { Multiplier::NuLower(first) } else { Multiplier::NuUpper(first) };
            return DualEntries::one_each(difference.shape.len(), first);
        }
        let mut out = DualEntries::default();
        for (entry, twin) in entries_once(difference) {
            let (multiplier, coefficient) = self.one_sided(owner.1, difference.row(entry), turned);
            split(&mut out, entry, twin, multiplier, coefficient);
        }
        out
    }

    /// A row `terms ≤ 0`, or `terms ≥ 0` if turned; a bound where one variable alone enters and its side is free.
    fn one_sided(&mut self, owner: u32, terms: &[Term], turned: bool) -> (Multiplier, f64) {
        if let Some((j, coefficient, rest)) = single_variable(terms) {
            let upper = (coefficient > 0.0) != turned;
            let side = if upper { &mut self.hi } else { &mut self.lo };
            if side.is_free(j) {
                side.set(j, rest.iter().map(|t| Term { coefficient: -t.coefficient / coefficient, ..*t }));
                let multiplier = if upper { Multiplier::MuUpper(j) } else { Multiplier::MuLower(j) };
                return (multiplier, 1.0 / coefficient.abs());
            }
        }
        if turned {
            (Multiplier::NuLower(self.inequalities.push(owner, terms, Some(&[]), None)), 1.0)
        } else {
            (Multiplier::NuUpper(self.inequalities.push(owner, terms, None, Some(&[]))), 1.0)
        }
    }

    /// A row `lo ≤ terms ≤ hi`, with the multipliers of its upper and its lower end; a pair of bounds where one variable
    /// alone enters and both its sides are free.
    fn two_sided(
        &mut self,
        owner: u32,
        terms: &[Term],
        lo: &[Term],
        hi: &[Term],
    ) -> ((Multiplier, f64), (Multiplier, f64)) {
        if let Some((j, coefficient, rest)) = single_variable(terms)
            && self.lo.is_free(j)
            && self.hi.is_free(j)
        {
            let end = |terms: &[Term]| {
                let mut all = terms.to_vec();
                all.extend(rest.iter().map(|t| Term { coefficient: -t.coefficient, ..*t }));
                super::affine::merge(&mut all);
                for t in &mut all {
                    t.coefficient /= coefficient;
                }
                all
            };
            let size = 1.0 / coefficient.abs();
            let (upper, lower) = ((Multiplier::MuUpper(j), size), (Multiplier::MuLower(j), size));
            let (down, up) = if coefficient > 0.0 { (lo, hi) } else { (hi, lo) };
            self.lo.set(j, end(down));
            self.hi.set(j, end(up));
            return if coefficient > 0.0 { (upper, lower) } else { (lower, upper) };
        }
        let row = self.inequalities.push(owner, terms, Some(lo), Some(hi));
        ((Multiplier::NuUpper(row), 1.0), (Multiplier::NuLower(row), 1.0))
    }

    /// Rows that keep every piece of a maximum below the bound, or of a minimum above it; the bound has a range.
    fn piece(
        &mut self,
        piece: &Piece,
        (bound, range): (&Affine, Interval),
        turned: bool,
        owner: u32,
        out: &mut DualEntries,
    ) {
        let never_decides = |number: f64| {
            let number = piece.decisive(number, !turned);
            if turned { number >= range.hi } else { number <= range.lo }
        };
        let mut rows: Vec<(Vec<Term>, Vec<usize>)> = Vec::new();
        for (k, &entry) in piece.entry.iter().enumerate() {
            let negated: Vec<_> =
                bound.row(entry).iter().map(|t| Term { coefficient: -t.coefficient, ..*t }).collect();
            if piece.both_signs && bound.row(entry).iter().all(|t| t.column == Column::ONE) {
                let (lo, hi) =
                    if turned { (bound.row(entry), &negated[..]) } else { (&negated[..], bound.row(entry)) };
                let (upper, lower) = self.two_sided(owner, piece.rows.row(k), lo, hi);
                out.push(entry, upper.0, upper.1);
                out.push(entry, lower.0, lower.1);
                continue;
            }
            if piece.number(k).is_some_and(never_decides) {
                continue;
            }
            let signs: &[f64] = if piece.both_signs { &[1.0, -1.0] } else { &[1.0] };
            for sign in signs {
                let scaled =
                    piece.rows.row(k).iter().map(|t| Term { coefficient: sign * t.coefficient, ..*t });
                let mut terms: Vec<_> = scaled.chain(negated.iter().copied()).collect();
                super::affine::merge(&mut terms);
                if holds(&terms, turned) {
                    continue;
                }
                // Entries that say the same, as those of a constant do, share a row and its multiplier.
                match rows.last_mut() {
                    Some((last, entries)) if *last == terms => entries.push(entry),
                    _ => rows.push((terms, vec![entry])),
                }
            }
        }
        for (terms, entries) in rows {
            let (multiplier, c) = self.one_sided(owner, &terms, turned);
            let share = c / entries.len() as f64;
            for entry in entries {
                out.push(entry, multiplier, share);
            }
        }
    }

    /// The pieces of a maximum (`convex`) or minimum that a comparison bounds directly, without an epigraph.
    ///
    /// # Errors
    /// If sizes, indices or constants do not fit.
    pub fn pieces(
        &mut self,
        operand: &Operand,
        convex: bool,
        compared: Shape,
    ) -> Lowered<Option<Vec<Piece>>> {
        let tree = &self.context.model.tree;
        let facts = tree.facts(operand.node);
        if facts.variable_free() {
            return Ok(None);
        }
        let Kind::Call { atom, arguments, options } = &tree[operand.node].kind else { return Ok(None) };
        let arguments: Vec<_> = arguments.iter().map(|&a| self.context.part(a, &operand.env)).collect();
        let atom = atom.atom();
        let options = &*options_within(atom, options, &operand.env);
        let wanted = if convex { facts.curvature.is_convex() } else { facts.curvature.is_concave() };
        if !wanted || facts.curvature.is_affine() {
            return Ok(None);
        }
        self.context.requirements(operand)?;
        let shape = self.context.shape(operand)?;
        if shape != compared {
            return Ok(None);
        }
        let call = super::Application {
            arguments: &arguments,
            options,
            shape,
            name: atom.row().name,
            span: tree.span(operand.node),
        };
        atom.pieces(&call, self)
    }

    fn between(
        &mut self,
        lo: &Operand,
        middle: &Operand,
        hi: &Operand,
        shape: Shape,
        owner: (u32, u32),
    ) -> Lowered<DualEntries> {
        let tree = &self.context.model.tree;
        let fixed_ends = tree.facts(lo.node).variable_free() && tree.facts(hi.node).variable_free();
        if !fixed_ends || !tree.facts(middle.node).curvature.is_affine() {
            let mut out = DualEntries::default();
            let below = self.at_most(middle, hi, shape, false, owner)?;
            let above = self.at_most(lo, middle, shape, true, owner)?;
            out.append(below, 0, 1.0);
            out.append(above, 0, -1.0);
            return Ok(out);
        }
        let (lo, middle, hi) = (self.affine(lo)?, self.affine(middle)?, self.affine(hi)?);
        let (lo, middle, hi) = (expand_to(&lo, shape), expand_to(&middle, shape), expand_to(&hi, shape));
        Ok(self.ranged(&lo, &middle, &hi, owner))
    }

    /// The rows `lo ≤ middle ≤ hi`.
    fn ranged(&mut self, lo: &Affine, middle: &Affine, hi: &Affine, owner: (u32, u32)) -> DualEntries {
        let mut out = DualEntries::default();
        for entry in 0..middle.shape.len() {
            let (upper, lower) = self.two_sided(owner.1, middle.row(entry), lo.row(entry), hi.row(entry));
            out.push(entry, upper.0, upper.1);
            out.push(entry, lower.0, -lower.1);
        }
        out
    }
}

/// Whether a row `terms ≤ 0`, or `terms ≥ 0` if turned, is a comparison of numbers that holds.
fn holds(terms: &[Term], turned: bool) -> bool {
    let numeric = terms.iter().all(|t| t.column == Column::ONE && t.parameter == 0);
    let sum: f64 = terms.iter().map(|t| t.coefficient).sum();
    numeric && if turned { sum >= 0.0 } else { sum <= 0.0 }
}

/// The variable of a row that has one alone, with a constant coefficient, and the row's other terms.
fn single_variable(terms: &[Term]) -> Option<(usize, f64, Vec<Term>)> {
    let mut found = None;
    let mut rest = Vec::new();
    for term in terms {
        match term.column.basis() {
            Basis::Variable(j) if found.is_none() && term.parameter == 0 => {
                found = Some((j, term.coefficient));
            }
            Basis::One => rest.push(*term),
            _ => return None,
        }
    }
    found.map(|(j, coefficient)| (j, coefficient, rest))
}

/// Whether entries of an array may be mirror images of others.
fn has_mirror(array: &Affine) -> bool {
    let (m, n) = array.shape.as_rows();
    m == n && n > 1 && array.shape.rank() == 2
}

/// The entries of an array, each with its mirror image where that is the very same row.
fn entries_once(array: &Affine) -> Vec<(usize, Option<usize>)> {
    let (square, n) = (has_mirror(array), array.shape.as_rows().1);
    let mut out = Vec::with_capacity(array.shape.len());
    for entry in 0..array.shape.len() {
        let (i, j) = (entry / n.max(1), entry % n.max(1));
        let mirror = j * n + i;
        let same = square && i != j && !array.row(entry).is_empty() && array.row(entry) == array.row(mirror);
        if same && j < i {
            continue;
        }
        out.push((entry, same.then_some(mirror)));
    }
    out
}

fn split(out: &mut DualEntries, entry: usize, twin: Option<usize>, multiplier: Multiplier, coefficient: f64) {
    let share = if twin.is_some() { 0.5 } else { 1.0 };
    out.push(entry, multiplier, share * coefficient);
    if let Some(twin) = twin {
        out.push(twin, multiplier, share * coefficient);
    }
}
