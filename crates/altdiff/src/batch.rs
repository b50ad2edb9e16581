//! Many problems with one pattern, solved and differentiated together.

mod adjoint;
mod gradient;
mod group;
mod guess;
mod solve;
mod system;
mod wide;

pub use gradient::{BatchGradient, vjp_batch};
pub(crate) use group::Sample;
pub use solve::BatchSolution;

use crate::{Error, Problem};

/// A block of a problem's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Block {
    /// Stored entries of P's upper triangle.
    P,
    /// Linear cost.
    Q,
    /// Stored entries of A.
    A,
    /// Right-hand side of the equalities.
    B,
    /// Stored entries of G.
    G,
    /// Lower ends of Gx.
    Gl,
    /// Upper ends of Gx.
    Gu,
    /// Lower bounds.
    Lo,
    /// Upper bounds.
    Hi,
    /// Weights of the smooth terms.
    W,
}

impl Block {
    /// All blocks, in the order of [`Problem`]'s fields.
    pub const ALL: [Self; 10] =
        [Self::P, Self::Q, Self::A, Self::B, Self::G, Self::Gl, Self::Gu, Self::Lo, Self::Hi, Self::W];

    /// Its name in the problem's statement.
    pub fn name(self) -> &'static str {
        match self {
            Self::P => "P",
            Self::Q => "q",
            Self::A => "A",
            Self::B => "b",
            Self::G => "G",
            Self::Gl => "gl",
            Self::Gu => "gu",
            Self::Lo => "lo",
            Self::Hi => "hi",
            Self::W => "w",
        }
    }

    fn of(self, problem: &mut Problem) -> &mut Vec<f64> {
        match self {
            Self::P => &mut problem.p.values,
            Self::Q => &mut problem.q,
            Self::A => &mut problem.a.values,
            Self::B => &mut problem.b,
            Self::G => &mut problem.g.values,
            Self::Gl => &mut problem.gl,
            Self::Gu => &mut problem.gu,
            Self::Lo => &mut problem.lo,
            Self::Hi => &mut problem.hi,
            Self::W => &mut problem.w,
        }
    }

    fn is_matrix(self) -> bool {
        matches!(self, Self::P | Self::A | Self::G)
    }
}

/// Problems that share a pattern and some of their blocks.
///
/// ```
/// use altdiff::{Batch, Block, Csc, Problem, Settings, Solver};
/// # fn main() -> Result<(), altdiff::Error> {
/// // The projections of three points onto the simplex: P, A and the bounds are shared, q is per sample.
/// let ones = Csc::from_triplets(1, 2, &[(0, 0, 1.0), (0, 1, 1.0)])?;
/// let problem = Problem::new(2)
///     .quadratic(Csc::identity(2), vec![0.0; 2])
///     .equalities(ones, vec![1.0])
///     .bounds(vec![0.0; 2], vec![f64::INFINITY; 2]);
/// let batch = Batch::new(problem, 3).with(Block::Q, vec![-0.3, -0.5, -2.0, 0.0, 0.1, -0.4])?;
/// let solver = Solver::new(batch.base(), Settings::default())?;
/// let solutions = solver.solve_batch(&batch, &[])?;
/// assert!((solutions[0].as_ref().map_or(0.0, |s| s.x[1]) - 0.6).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    base: Problem,
    samples: usize,
    /// Values per sample, sample after sample, of the blocks that are not shared.
    own: [Option<Vec<f64>>; 10],
}

impl Batch {
    /// So many samples of one problem, all of whose blocks are shared so far.
    pub fn new(base: Problem, samples: usize) -> Self {
        Self { base, samples, own: Default::default() }
    }

    /// Gives a block per sample: `values` holds those of the first sample, then those of the second, and so on.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there are as many values as samples times entries of the block.
    pub fn with(mut self, block: Block, values: Vec<f64>) -> Result<Self, Error> {
        let expected = block.of(&mut self.base).len() * self.samples;
        if values.len() != expected {
            return Err(Error::Shape { block: block.name(), unit: "entries", found: values.len(), expected });
        }
        self.own[block as usize] = Some(values);
        Ok(self)
    }

    /// The problem whose blocks are shared.
    pub fn base(&self) -> &Problem {
        &self.base
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Whether all samples share a block.
    pub fn is_shared(&self, block: Block) -> bool {
        self.own[block as usize].is_none()
    }

    /// The problem of one sample.
    pub fn problem(&self, sample: usize) -> Problem {
        let mut problem = self.base.clone();
        for block in Block::ALL {
            if let Some(values) = self.values(block, sample) {
                block.of(&mut problem).copy_from_slice(values);
            }
        }
        problem
    }

    /// A sample's own values of a block.
    fn values(&self, block: Block, sample: usize) -> Option<&[f64]> {
        let values = self.own[block as usize].as_ref()?;
        let len = values.len() / self.samples.max(1);
        values.get(sample * len..(sample + 1) * len)
    }

    fn matrices_are_shared(&self) -> bool {
        Block::ALL.iter().all(|&block| !block.is_matrix() || self.is_shared(block))
    }
}

/// Calls `f` for 0, 1, …, `count` − 1 on the threads of the current pool (feature `threads`), and collects the results in
/// order.
pub fn map_samples<T: Send>(count: usize, f: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    #[cfg(feature = "threads")]
    {
        use rayon::prelude::*;
        if count > 1 && rayon::current_num_threads() > 1 {
            return (0..count).into_par_iter().with_min_len(4).map(f).collect();
        }
    }
    (0..count).map(f).collect()
}

/// As [`map_samples`], for groups of samples, each of which is worth a thread.
fn map_groups<T: Send>(count: usize, f: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    #[cfg(feature = "threads")]
    {
        use rayon::prelude::*;
        if count > 1 && rayon::current_num_threads() > 1 {
            return (0..count).into_par_iter().map(f).collect();
        }
    }
    (0..count).map(f).collect()
}
