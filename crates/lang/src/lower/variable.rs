//! Variables: columns and their bounds.

use super::Lowered;
use super::affine::Affine;
use super::context::{Env, Operand};
use super::dual::{DualEntries, DualTerms, Multiplier};
use super::expand::{Lower, expand_to};
use crate::check::model::{CheckedModel, Variable};
use crate::check::tree::{Kind, NodeId};
use cvxlayer_program::{Binary, Columns, Role, Shape, Text, UserVariable, ZERO_ENTRY};
use std::collections::BTreeSet;

impl Lower<'_> {
    /// Gives every declared variable its columns and bounds.
    ///
    /// # Errors
    /// If sizes do not fit.
    pub fn variables(&mut self) -> Lowered<()> {
        let model = self.context.model;
        let held = held(model);
        for (k, variable) in model.variables.iter().enumerate() {
            let shape = self.context.concrete(&variable.shape, &Env::default(), variable.span)?;
            self.context.bounded(shape, variable.span)?;
            let start = self.lo.len();
            // A sign alone allows 0, so what nothing else holds needs no column.
            let (columns, len) = if held.contains(&k) || variable.range.is_some() {
                column_pattern(variable, shape, start)
            } else {
                (vec![ZERO_ENTRY; shape.len()], 0)
            };
            self.room(len, "variables", variable.span)?;
            self.columns.push(Columns { name: variable.name.clone().into(), role: Role::User, start, len });
            self.lo.resize(start + len, None);
            self.hi.resize(start + len, None);
            self.variables.push(UserVariable {
                name: variable.name.clone().into(),
                shape,
                columns: columns.into(),
                doc: variable.doc.clone().map(Text::from),
            });
        }
        for (k, variable) in model.variables.iter().enumerate() {
            self.bound(k, variable)?;
        }
        Ok(())
    }

    fn bound(&mut self, k: usize, variable: &Variable) -> Lowered<()> {
        let (shape, columns) = (self.variables[k].shape, self.variables[k].columns.clone());
        let signs = [variable.nonneg.then_some(0.0), variable.nonpos.then_some(0.0)];
        let mut entries = DualEntries::default();
        for (upper, sign) in [(false, signs[0]), (true, signs[1])] {
            let range = variable.range.map(|(lo, hi)| if upper { hi } else { lo });
            let Some(ends) = self.ends(range, sign, upper, shape, variable)? else { continue };
            let absent = if upper { f64::INFINITY } else { f64::NEG_INFINITY };
            let numbers = ends.to_numbers();
            for (i, &column) in columns.iter().enumerate().filter(|(_, c)| **c != ZERO_ENTRY) {
                let j = column as usize;
                let side = if upper { &mut self.hi } else { &mut self.lo };
                let number = match &numbers {
                    Some(numbers) => Some(numbers[i]),
                    None => match ends.row(i) {
                        [t] if t.parameter == 0 => Some(t.coefficient),
                        _ => None,
                    },
                };
                if number == Some(absent) {
                    continue;
                }
                if side.is_free(j) {
                    match number {
                        Some(number) => side.set_number(j, number),
                        None => side.set(j, ends.row(i).iter().copied()),
                    }
                }
                // In a symmetric matrix an entry off the diagonal shares its column with its mirror image.
                let n = shape.as_rows().1;
                let shared = if variable.symmetric && i / n != i % n { 2 } else { 1 };
                let (multiplier, sign) =
                    if upper { (Multiplier::MuUpper(j), 1.0) } else { (Multiplier::MuLower(j), -1.0) };
                entries.push(i, multiplier, sign / f64::from(shared));
            }
        }
        let has_bounds = variable.nonneg || variable.nonpos || variable.range.is_some();
        if has_bounds {
            // A one-sided sign rule keeps inequality duals nonnegative; with two sides it is λ_hi − λ_lo.
            if entries.of_lower_bounds() {
                entries.negate();
            }
            self.duals.push(DualTerms {
                label: variable.name.clone().into(),
                axes: shape.axes(),
                bounds: true,
                entries,
            });
        }
        self.bounded.push(has_bounds);
        Ok(())
    }

    /// One end of a variable's bounds, entry by entry; infinite where there is no bound.
    fn ends(
        &mut self,
        range: Option<NodeId>,
        sign: Option<f64>,
        upper: bool,
        shape: Shape,
        variable: &Variable,
    ) -> Lowered<Option<Affine>> {
        let Some(node) = range else { return Ok(sign.map(|_| Affine::zeros(shape))) };
        let operand = Operand { node, env: Env::default() };
        let mut array = (*self.affine(&operand)?).clone();
        let tighter = if upper { f64::min } else { f64::max };
        let function = if upper { Binary::Min } else { Binary::Max };
        let mirrored = variable.symmetric && array.shape != Shape::Scalar;
        if let Some(mut numbers) = array.to_numbers() {
            if sign.is_some() {
                for v in &mut numbers {
                    *v = tighter(*v, 0.0);
                }
            }
            array = expand_to(&Affine::numbers(array.shape, &numbers[..]), shape).into_owned();
            if mirrored {
                let numbers = array.to_numbers().unwrap_or_default();
                let n = shape.as_rows().1;
                let both: Vec<_> =
                    (0..numbers.len()).map(|i| tighter(numbers[i], numbers[(i % n) * n + i / n])).collect();
                array = Affine::numbers(shape, both);
            }
        } else if sign.is_some() || mirrored {
            let mut value = self.lift.value(&operand)?;
            value = self.lift.expand(value, shape);
            if sign.is_some() {
                let zero = self.lift.number(0.0);
                value = self.lift.binary(function, value, zero, shape);
            }
            if mirrored {
                let n = shape.as_rows().1;
                let turned = self.lift.gather(value, shape, (0..shape.len()).map(|i| (i % n) * n + i / n));
                value = self.lift.binary(function, value, turned, shape);
            }
            let text = self.context.model.text(self.context.model.tree.span(node));
            array = self.lift_node(value, text, "the tighter of two bounds")?;
        }
        Ok(Some(expand_to(&array, shape).into_owned()))
    }
}

/// The positions of the variables in the objective and the constraints.
fn held(model: &CheckedModel) -> BTreeSet<usize> {
    let objective = model.objective.iter().map(|(_, node)| *node);
    let sides =
        model.constraints.iter().flat_map(|c| std::iter::once(c.first).chain(c.rest.iter().map(|r| r.1)));
    let mut stack: Vec<NodeId> = objective.chain(sides).collect();
    let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
    while let Some(node) = stack.pop().map(|node| model.tree.canonical(node)) {
        if !seen.insert(node) {
            continue;
        }
        match &model.tree[node].kind {
            Kind::Variable(k) => drop(found.insert(*k as usize)),
            _ => stack.extend(model.tree.operands(node)),
        }
    }
    found
}

/// The column of each entry of a variable, and how many columns it has.
fn column_pattern(variable: &Variable, shape: Shape, start: usize) -> (Vec<u32>, usize) {
    let n = shape.as_rows().1;
    if variable.diag {
        let column = |i: usize| if i / n == i % n { (start + i / n) as u32 } else { ZERO_ENTRY };
        ((0..shape.len()).map(column).collect(), n)
    } else if variable.symmetric {
        let column = |i: usize| {
            let (row, col) = ((i / n).max(i % n), (i / n).min(i % n));
            (start + row * (row + 1) / 2 + col) as u32
        };
        ((0..shape.len()).map(column).collect(), n * (n + 1) / 2)
    } else {
        ((0..shape.len()).map(|i| (start + i) as u32).collect(), shape.len())
    }
}
