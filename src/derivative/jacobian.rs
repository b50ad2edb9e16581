//! Jacobians, row by row or column by column, whichever are fewer.

use super::Derivatives;
use super::notes::Notes;
use super::output::{Output, Seed};
use crate::error::Error;
use crate::lifting::project;
use nalgebra::DMatrix;

/// The derivative of an output by a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Jacobian {
    /// A row for each entry of the output and a column for each stored entry of the parameter, both row by row.
    pub matrix: DMatrix<f64>,
    /// Whether the derivative is proved to exist.
    pub well_defined: bool,
    /// Why it may not exist.
    pub notes: Vec<String>,
}

impl Derivatives<'_> {
    /// The derivative of an output by a parameter; see [`Solution::jacobian`](crate::Solution::jacobian).
    ///
    /// # Errors
    /// If the problem is not solved, or a name is unknown.
    pub fn jacobian(&self, output: &str, parameter: &str) -> Result<Jacobian, Error> {
        let program = self.state.program();
        self.jacobian_of(Output::find(program, output)?, super::parameter(program, parameter)?)
    }

    /// The derivative of an output by the parameter at a position.
    pub(crate) fn jacobian_of(&self, output: Output, parameter: usize) -> Result<Jacobian, Error> {
        self.ready()?;
        let program = self.state.program();
        let query = Self { asked: vec![parameter], ..self.clone() };
        let p = &program.parameters[query.asked[0]];
        let mut matrix = DMatrix::zeros(output.len(program), p.len());
        let mut notes = Notes::default();
        if matrix.nrows() <= matrix.ncols() {
            for i in 0..matrix.nrows() {
                let mut seed = Seed::new(self.state);
                let mut unit = vec![0.0; matrix.nrows()];
                unit[i] = 1.0;
                seed.add(program, output, unit);
                let pulled = query.pull(&seed, true)?;
                query.note_harms(pulled.harmful.iter(), &mut notes);
                query.note_kinks(&seed, &pulled, &mut notes)?;
                let row = project(p, &pulled.theta[p.start..p.start + p.len()]);
                matrix.row_mut(i).iter_mut().zip(row).for_each(|(m, v)| *m = v + 0.0);
            }
        } else {
            for j in 0..matrix.ncols() {
                let mut unit = vec![0.0; matrix.ncols()];
                unit[j] = 1.0;
                let mut theta = vec![0.0; program.lift.theta];
                theta[p.start..p.start + p.len()].copy_from_slice(&project(p, &unit));
                let pushed = query.push(&theta)?;
                query.note_forward(&theta, &pushed, Some(output), &mut notes);
                let map = &program.solution;
                let column = match output {
                    Output::Variable(i) => map.variables[i].apply(&pushed.x),
                    Output::Dual(i) => crate::solution::dual_entries(&map.duals[i], &pushed.stacked),
                    Output::Bound(i) => crate::solution::dual_entries(&map.bounds[i], &pushed.stacked),
                    Output::Objective => vec![pushed.objective],
                    Output::Let(i) => pushed.value_nodes[program.lets[i].node as usize]
                        .clone()
                        .unwrap_or_else(|| vec![0.0; matrix.nrows()]),
                };
                matrix.column_mut(j).copy_from_slice(&column);
            }
        }
        let notes = notes.finish();
        Ok(Jacobian { matrix, well_defined: notes.is_empty(), notes })
    }
}
