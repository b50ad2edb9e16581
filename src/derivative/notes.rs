//! Why a derivative may not exist, in the user's words.

use super::Derivatives;
use super::forward::Pushed;
use super::output::{Output, Seed};
use super::reverse::Pulled;
use crate::data::place;
use crate::engine;
use crate::error::Error;
use crate::lifting::subexpression;
use crate::solution::dual_entries;
use crate::tape::{Evaluation, Irregularity, Probe, reaches};
use altdiff::{Cause, Harm, Place, SolutionTangent};
use cvxlayer_program::{Columns, Input, Op, Program, Role, Rows, Tape, UserDual};

/// How near to a kink a value at the solution counts as on it.
const AT_SOLUTION: f64 = 1e-9;
/// How near a value of parameters does: a sum of parameters that is zero comes out as a rounding error.
pub(super) const AT_PARAMETERS: f64 = 1e-14;
/// Below this, relative to the largest motion, a node does not move.
const STILL: f64 = 1e-9;
/// An output that reads less of a direction, relative to its largest entry, reads rounding.
const SEEN: f64 = 1e-7;
/// So many places are named one by one.
const NAMED: usize = 3;

/// Reasons, collected: places with the same reason share a line.
#[derive(Debug, Default)]
pub(super) struct Notes {
    groups: Vec<(Reason, Vec<String>)>,
}

#[derive(Debug, PartialEq)]
struct Reason {
    before: &'static str,
    /// Singular and plural.
    after: [String; 2],
}

impl Notes {
    fn add(&mut self, reason: Reason, place: String) {
        match self.groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, places)) => {
                if !places.contains(&place) {
                    places.push(place);
                }
            }
            None => self.groups.push((reason, vec![place])),
        }
    }

    /// The notes, one for each reason.
    pub(super) fn finish(self) -> Vec<String> {
        let one = |(reason, places): (Reason, Vec<String>)| {
            let after = &reason.after[usize::from(places.len() > 1)];
            format!("{}{}{after}", reason.before, listed(&places))
        };
        self.groups.into_iter().map(one).collect()
    }
}

/// `a`, `a and b`, `a, b, c and 4 more`; what has the same name is said once.
fn listed(places: &[String]) -> String {
    let mut distinct: Vec<String> = Vec::new();
    for place in places {
        if !distinct.contains(place) {
            distinct.push(place.clone());
        }
    }
    let places = &distinct[..];
    match places {
        [one] => one.clone(),
        [first, second] => format!("{first} and {second}"),
        _ if places.len() == NAMED => format!("{}, {} and {}", places[0], places[1], places[2]),
        _ => format!("{} and {} more", places[..NAMED].join(", "), places.len() - NAMED),
    }
}

fn quoted(names: &[String]) -> String {
    listed(&names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>())
}

impl Derivatives<'_> {
    /// Notes those of the engine's candidates that a parameter asked for can move.
    pub(super) fn note_harms<'h>(&self, harmful: impl Iterator<Item = &'h Harm>, notes: &mut Notes) {
        if self.asked.is_empty() {
            return;
        }
        let mut turned = None;
        for harm in harmful {
            let Some(rate) = &harm.rate else {
                self.note_cause(&harm.cause, None, notes);
                continue;
            };
            let movers = self.movers_of_data(rate);
            if movers.is_empty() {
                continue;
            }
            if let Some(with) = &harm.with {
                if self.moving_entries(with).is_empty() {
                    continue;
                }
                let causes = turned.get_or_insert_with(|| self.turned());
                if causes.as_ref().is_some_and(|causes| !causes.contains(&harm.cause)) {
                    continue;
                }
            }
            self.note_cause(&harm.cause, Some(&movers), notes);
        }
    }

    /// Notes that a smoothed solution is not unique, where it is not.
    fn note_unsettled(&self, notes: &mut Notes) {
        if self.state.smoothed.as_ref().is_some_and(|smoothed| !smoothed.unique) {
            let why = ": some direction changes neither the objective nor the room left in an inequality, or equalities depend on each other; of its derivatives the smallest is given";
            let after = format!(" is not unique{why}");
            notes.add(
                Reason { before: "", after: [after.clone(), after] },
                "the smoothed solution".to_owned(),
            );
        }
    }

    /// Notes the kinks that cotangents meet on the lift's and the values' tape, if parameters asked for move them.
    pub(super) fn note_kinks(&self, seed: &Seed, pulled: &Pulled, notes: &mut Notes) -> Result<(), Error> {
        self.note_unsettled(notes);
        let (state, program) = (self.state, self.state.program());
        for probe in state.lifted().tape.probes(&program.lift.tape, Some(&pulled.lift_nodes), AT_PARAMETERS) {
            let movers = self
                .movers_of_gradient(&state.lifted().node_adjoint(program, &probe.weights), &probe.weights);
            if !movers.is_empty() {
                note_lifted(program, &probe, &movers, notes);
            }
        }
        for probe in seed.evaluation.probes(seed.tape, Some(&pulled.value_nodes), AT_SOLUTION) {
            let seed = Seed { nodes: probe.weights.clone(), outputs: Vec::new(), ..*seed };
            // Of what a kink's operand is made may itself be ill defined; then so is the whole.
            let inner = self.pull(&seed, true)?;
            let movers = self.movers_of_gradient(&inner.theta, &probe.weights);
            if !movers.is_empty() {
                note_value(program, seed.tape, &probe, &movers, notes);
            }
            self.note_harms(inner.harmful.iter(), notes);
        }
        Ok(())
    }

    /// Notes what spoils the derivative of an output, or of all that users see, along a direction.
    pub(super) fn note_forward(
        &self,
        theta: &[f64],
        pushed: &Pushed,
        output: Option<Output>,
        notes: &mut Notes,
    ) {
        let (state, program) = (self.state, self.state.program());
        let movers = self.moving(theta);
        if movers.is_empty() {
            return;
        }
        self.note_unsettled(notes);
        let news = pushed.free.iter().filter(|free| !pushed.causes.contains(&free.cause));
        for free in news.filter(|free| self.sees(output, &free.along)) {
            self.note_cause(&free.cause, None, notes);
        }
        for cause in &pushed.causes {
            self.note_cause(cause, Some(&movers), notes);
        }
        for probe in state.lifted().tape.probes(&program.lift.tape, None, AT_PARAMETERS) {
            let needed = program.lift.derived.iter().map(|d| d.node);
            if moves(&probe, &pushed.lift_nodes) && reached(&program.lift.tape, &probe, needed) {
                note_lifted(program, &probe, &movers, notes);
            }
        }
        for probe in self.value_probes(&state.values) {
            if moves(&probe, &pushed.value_nodes) {
                note_value(program, &program.values, &probe, &movers, notes);
            }
        }
    }

    /// Whether an output, or anything that users see, reads a direction of the solver's variables and multipliers.
    fn sees(&self, output: Option<Output>, along: &SolutionTangent) -> bool {
        let program = self.state.program();
        let map = &program.solution;
        let stacked = engine::multiplier_tangent(along);
        let largest = |v: &[f64]| v.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let size = largest(&along.x).max(largest(&stacked));
        let moves = |v: Vec<f64>| largest(&v) > SEEN * size;
        let variable = |i: usize| moves(map.variables[i].apply(&along.x));
        let dual = |duals: &[UserDual], i: usize| moves(dual_entries(&duals[i], &stacked));
        match output {
            None => {
                (0..map.variables.len()).any(variable)
                    || (0..map.duals.len()).any(|i| dual(&map.duals, i))
                    || (0..map.bounds.len()).any(|i| dual(&map.bounds, i))
            }
            Some(Output::Variable(i)) => variable(i),
            Some(Output::Dual(i)) => dual(&map.duals, i),
            Some(Output::Bound(i)) => dual(&map.bounds, i),
            // The value is that of every solution.
            Some(Output::Objective) => false,
            Some(Output::Let(i)) => {
                let nodes = self.state.values.tangent(&program.values, &|input| match input {
                    Input::Parameter(_) | Input::Objective => None,
                    Input::Variable(i) => Some(map.variables[i as usize].apply(&along.x)),
                    Input::Dual(i) => Some(dual_entries(&map.duals[i as usize], &stacked)),
                    Input::BoundDual(i) => Some(dual_entries(&map.bounds[i as usize], &stacked)),
                });
                nodes[program.lets[i].node as usize].clone().is_some_and(moves)
            }
        }
    }

    fn value_probes(&self, values: &Evaluation) -> Vec<Probe> {
        values.probes(&self.state.program().values, None, AT_SOLUTION)
    }

    fn note_cause(&self, cause: &Cause, movers: Option<&[String]>, notes: &mut Notes) {
        let program = self.state.program();
        let moved = |verb: [&str; 2], them: &str| match movers {
            None => String::new(),
            Some(names) => {
                format!(", and {} {} {them}", quoted(names), verb[usize::from(names.len() > 1)])
            }
        };
        let each = |singular: &str, plural: &str| [singular.to_owned(), plural.to_owned()];
        match cause {
            Cause::WeaklyActive(places) => {
                let after = ["is", "are"].map(|verb| {
                    format!(
                        " {verb} weakly active (slack and multiplier are both 0){}: taken as inactive",
                        moved(["moves", "move"], if verb == "is" { "it" } else { "them" })
                    )
                });
                for place in places {
                    notes.add(Reason { before: "", after: after.clone() }, place_name(program, *place));
                }
            }
            Cause::Dependent(places) => {
                let after = format!(
                    " depend on one another{}: the multipliers of least norm are used",
                    moved(["can break", "can break"], "the dependency")
                );
                let names: Vec<String> = places.iter().map(|p| place_name(program, *p)).collect();
                let reason = Reason { before: "the active constraints ", after: each(&after, &after) };
                notes.add(reason, listed(&names));
            }
            Cause::NotUnique(columns) => {
                let after = format!(
                    "{}: the derivative of least norm is given",
                    moved(["moves", "move"], "the set of solutions")
                );
                let names: Vec<String> = columns.iter().map(|&c| column_name(program, c)).collect();
                let reason = Reason { before: "the solution is not unique in ", after: each(&after, &after) };
                notes.add(reason, listed(&names));
            }
            Cause::Pinned(at) => {
                let after = moved(["moves", "move"], "them apart");
                let after = each(&format!(" coincide{after}"), &format!(" coincide{after}"));
                notes.add(Reason { before: "the two ends of ", after }, place_name(program, *at));
            }
            Cause::Inexact(error) => {
                let after = format!(
                    " is only known to {error:.0e} of its largest entry: its linear system is ill-conditioned"
                );
                notes.add(Reason { before: "", after: each(&after, &after) }, "the derivative".to_owned());
            }
            _ => notes.add(
                Reason { before: "", after: each("", "") },
                "the active constraints could not be told beyond doubt".to_owned(),
            ),
        }
    }
}

/// Whether a probe's combination of operands moves.
fn moves(probe: &Probe, tangents: &[Option<Vec<f64>>]) -> bool {
    let largest = tangents.iter().flatten().flatten().fold(0.0_f64, |m, v| m.max(v.abs()));
    let moved: f64 = probe
        .weights
        .iter()
        .filter_map(|(node, weights)| Some((tangents[*node as usize].as_ref()?, weights)))
        .map(|(moved, weights)| moved.iter().zip(weights).map(|(m, w)| m * w).sum::<f64>())
        .sum();
    moved.abs() > STILL * largest
}

/// Whether a probe's node is needed for any of some nodes.
fn reached(tape: &Tape, probe: &Probe, mut needed: impl Iterator<Item = u32>) -> bool {
    let reached = reaches(tape, |id| id == probe.node as usize);
    needed.any(|node| reached[node as usize])
}

fn note_lifted(program: &Program, probe: &Probe, movers: &[String], notes: &mut Notes) {
    let text = subexpression(program, probe.node);
    note_kink(probe, movers, format!("`{text}`"), notes);
}

fn note_value(program: &Program, tape: &Tape, probe: &Probe, movers: &[String], notes: &mut Notes) {
    let reached = reaches(tape, |id| id == probe.node as usize);
    let named = program
        .lets
        .iter()
        .filter(|l| tape == &program.values && reached.get(l.node as usize).copied().unwrap_or(false));
    let place = match named.map(|l| &l.name).next() {
        Some(name) => format!("`{name}`"),
        None => {
            format!("the expression asked for, in its {},", operation(&tape.nodes[probe.node as usize].op))
        }
    };
    note_kink(probe, movers, place, notes);
}

fn note_kink(probe: &Probe, movers: &[String], place: String, notes: &mut Notes) {
    let names = quoted(movers);
    let verb = if movers.len() > 1 { "move" } else { "moves" };
    let after = match probe.kind {
        Irregularity::Kink => ["has a kink", "have kinks"],
        Irregularity::InfiniteSlope => ["has an infinite slope", "have infinite slopes"],
    };
    let choice = match probe.kind {
        Irregularity::Kink => "a slope between those of the two sides is used",
        Irregularity::InfiniteSlope => "the slope 0 is used",
    };
    let after = after.map(|what| format!(" {what} here, and {names} {verb} it: {choice}"));
    notes.add(Reason { before: "", after }, place);
}

/// The name of an operation, for expressions that have none.
fn operation(op: &Op) -> String {
    match op {
        Op::Unary(f, _) => format!("`{f:?}`").to_lowercase(),
        Op::Binary(f, _, _) => format!("`{f:?}`").to_lowercase(),
        Op::Power(..) => "power".to_owned(),
        Op::Reduce(r, _, _) => format!("`{r:?}`").to_lowercase(),
        Op::CumulativeMax(..) => "`cummax`".to_owned(),
        Op::SortedDot(..) => "`dotsort`".to_owned(),
        _ => "value".to_owned(),
    }
}

/// A constraint, or the bound of a variable, in the user's terms.
pub(crate) fn place_name(program: &Program, at: Place) -> String {
    let (m, k) = (program.blocks.b.len(), program.blocks.gl.len());
    let n = program.variables();
    match at {
        Place::Equality(i) => row_name(program, &program.equality_rows, i, i),
        Place::RowLower(i) => row_name(program, &program.inequality_rows, i, m + i),
        Place::RowUpper(i) | Place::RowFixed(i) => row_name(program, &program.inequality_rows, i, m + k + i),
        Place::BoundLower(i) => bound_name(program, i, m + 2 * k + i, "the lower bound of"),
        Place::BoundUpper(i) => bound_name(program, i, m + 2 * k + n + i, "the upper bound of"),
        Place::BoundFixed(i) => bound_name(program, i, m + 2 * k + n + i, "the bounds of"),
    }
}

fn row_name(program: &Program, rows: &[Rows], row: usize, multiplier: usize) -> String {
    if let Some(name) = dual_name(&program.solution.duals, multiplier) {
        return name;
    }
    match rows.iter().find(|r| (r.start..r.start + r.len).contains(&row)) {
        Some(r) if r.role == Role::User && r.len == 1 => format!("`{}`", r.name),
        Some(r) if r.role == Role::User => format!("`{}[{}]`", r.name, row - r.start),
        Some(r) => format!("a piece of `{}`", r.name),
        None => format!("row {row}"),
    }
}

fn bound_name(program: &Program, column: usize, multiplier: usize, which: &str) -> String {
    match dual_name(&program.solution.bounds, multiplier) {
        // A constraint on a single variable becomes a bound, and is reported by its label.
        None => match dual_name(&program.solution.duals, multiplier) {
            Some(name) => name,
            None => format!("{which} {}", column_name(program, column)),
        },
        Some(name) => format!("{which} {name}"),
    }
}

/// The entry of a dual that reads a multiplier.
fn dual_name(duals: &[UserDual], multiplier: usize) -> Option<String> {
    duals.iter().find_map(|dual| {
        let at = dual.map.col_idx.iter().position(|&c| c as usize == multiplier)?;
        let entry = dual.map.row_ptr.partition_point(|&start| start as usize <= at) - 1;
        Some(format!("`{}{}`", dual.label, place(&dual.axes, entry)))
    })
}

/// What a column is called in messages: the variable's entry, or the atom that it serves.
pub(crate) fn column_name(program: &Program, column: usize) -> String {
    for variable in program.solution.variables.iter() {
        if let Some(entry) = variable.columns.iter().position(|&c| c as usize == column) {
            return format!("`{}{}`", variable.name, place(&variable.shape.axes(), entry));
        }
    }
    let run = program.columns.iter().find(|c: &&Columns| (c.start..c.start + c.len).contains(&column));
    run.map_or_else(|| format!("column {column}"), |c| format!("the auxiliary variables of `{}`", c.name))
}
