//! Loops over contiguous numbers that the compiler turns into vector instructions. They are inlined into whole
//! algorithms, which [`vectorized`] runs with the best instructions of the machine.

use std::marker::PhantomData;

/// A loop nest to be run by [`vectorized`]. Closures and function pointers would be compiled on their own, for the least
/// of all machines; `run` has to be inlined always.
pub(crate) trait Kernel<A> {
    type Output;

    fn run(arguments: A) -> Self::Output;
}

/// Runs a kernel, compiled for the widest vectors this machine has.
#[inline]
pub(crate) fn vectorized<K: Kernel<A>, A>(arguments: A) -> K::Output {
    pulp::Arch::new().dispatch(Call::<K, A>(PhantomData, arguments))
}

struct Call<K, A>(PhantomData<K>, A);

impl<K: Kernel<A>, A> pulp::NullaryFnOnce for Call<K, A> {
    type Output = K::Output;

    #[inline(always)]
    fn call(self) -> K::Output {
        K::run(self.1)
    }
}

/// Names an always inlined function as a kernel.
macro_rules! kernel {
    ($vis:vis $name:ident = $function:path, ($($argument:ty),*) -> $output:ty) => {
        $vis struct $name;

        impl crate::kernel::Kernel<($($argument),*)> for $name {
            type Output = $output;

            #[inline(always)]
            fn run(arguments: ($($argument),*)) -> $output {
                $function(arguments)
            }
        }
    };
}
pub(crate) use kernel;

/// Lanes of the accumulators: enough to fill the pipelines.
const LANES: usize = 16;

/// `y += a x`.
#[inline(always)]
pub(crate) fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = a.mul_add(*x, *y);
    }
}

/// `y += Σ a[c] x[c]` for four vectors: one pass over y.
#[inline(always)]
pub(crate) fn axpy4(a: [f64; 4], x: [&[f64]; 4], y: &mut [f64]) {
    let len = y.len();
    let (Some(x0), Some(x1), Some(x2), Some(x3)) =
        (x[0].get(..len), x[1].get(..len), x[2].get(..len), x[3].get(..len))
    else {
        return;
    };
    for i in 0..len {
        let first = a[0].mul_add(x0[i], a[1] * x1[i]);
        let second = a[2].mul_add(x2[i], a[3] * x3[i]);
        y[i] += first + second;
    }
}

/// The inner product.
#[inline(always)]
pub(crate) fn dot(x: &[f64], y: &[f64]) -> f64 {
    let (xs, x_rest) = x.as_chunks::<LANES>();
    let (ys, y_rest) = y.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in xs.iter().zip(ys) {
        for lane in 0..LANES {
            sums[lane] = a[lane].mul_add(b[lane], sums[lane]);
        }
    }
    let mut sum = 0.0;
    for (a, b) in x_rest.iter().zip(y_rest) {
        sum = a.mul_add(*b, sum);
    }
    sum + sums.iter().sum::<f64>()
}

/// Four inner products with the same vector: one pass over it.
#[inline(always)]
pub(crate) fn dot4(x: [&[f64]; 4], y: &[f64]) -> [f64; 4] {
    const WIDE: usize = 8;
    let (ys, y_rest) = y.as_chunks::<WIDE>();
    let mut sums = [[0.0; WIDE]; 4];
    let chunks = x.map(|x| x.as_chunks::<WIDE>());
    let blocks = chunks[0].0.iter().zip(chunks[1].0).zip(chunks[2].0.iter().zip(chunks[3].0));
    for (((a, b), (c, d)), y) in blocks.zip(ys) {
        for lane in 0..WIDE {
            sums[0][lane] = a[lane].mul_add(y[lane], sums[0][lane]);
            sums[1][lane] = b[lane].mul_add(y[lane], sums[1][lane]);
            sums[2][lane] = c[lane].mul_add(y[lane], sums[2][lane]);
            sums[3][lane] = d[lane].mul_add(y[lane], sums[3][lane]);
        }
    }
    let mut out = [0.0; 4];
    for c in 0..4 {
        out[c] = sums[c].iter().sum::<f64>();
        for (a, b) in chunks[c].1.iter().zip(y_rest) {
            out[c] = a.mul_add(*b, out[c]);
        }
    }
    out
}
