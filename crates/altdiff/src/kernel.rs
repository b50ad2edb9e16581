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

/// Whether this machine's vectors hold eight numbers.
#[inline]
pub(crate) fn wide() -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        matches!(pulp::Arch::new(), pulp::Arch::V4(_))
    }
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    {
        false
    }
}

/// Runs two pieces of work, by two threads if they are large; `size` counts the numbers they touch.
pub(crate) fn both<A: Send, B: Send>(
    size: usize,
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    #[cfg(feature = "threads")]
    if size >= LARGE {
        return rayon::join(first, second);
    }
    let _ = size;
    (first(), second())
}

/// The results of work on each item, in their order, by threads if all of it is large; `size` counts the numbers that
/// one touches.
pub(crate) fn each<T: Sync, R: Send>(
    items: &[T],
    size: usize,
    work: impl Fn(&T) -> R + Send + Sync,
) -> Vec<R> {
    #[cfg(feature = "threads")]
    if items.len() > 1 && size.saturating_mul(items.len()) >= LARGE {
        use rayon::prelude::*;
        return items.par_iter().map(work).collect();
    }
    let _ = size;
    items.iter().map(work).collect()
}

/// Zeros: many of them straight from the allocator, which need not be written, few of them from memory at hand.
pub(crate) fn zeros(len: usize) -> Vec<f64> {
    const FEW: usize = 1 << 13;
    if len > FEW { vec![0.0; len] } else { std::iter::repeat_n(0.0, len).collect() }
}

/// Numbers from which on threads pay for loops that only pass over them.
#[cfg(feature = "threads")]
const LARGE: usize = 500_000;

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

        // Of one argument there is no tuple.
        #[allow(unused_parens)]
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
    sum + total(&sums)
}

/// The sum of the lanes, half of them added to the other half again and again.
#[inline(always)]
fn total<const N: usize>(lanes: &[f64; N]) -> f64 {
    let mut lanes = *lanes;
    let mut half = N / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
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
        out[c] = total(&sums[c]);
        for (a, b) in chunks[c].1.iter().zip(y_rest) {
            out[c] = a.mul_add(*b, out[c]);
        }
    }
    out
}

/// Raises the maximum, unless the value is NaN.
#[inline(always)]
pub(crate) fn raise(most: &mut f64, value: f64) {
    if value > *most {
        *most = value;
    }
}

/// `out ← sign·rhs − a − b − c`, and the largest absolute value of what comes out and of what went in.
pub(crate) fn remainder(sign: f64, rhs: &[f64], terms: [&[f64]; 3], out: &mut [f64]) -> (f64, f64) {
    vectorized::<Remainder, _>((sign, rhs, terms, out))
}

kernel!(Remainder = remainder_kernel, (f64, &[f64], [&[f64]; 3], &mut [f64]) -> (f64, f64));

#[inline(always)]
fn remainder_kernel((sign, rhs, [a, b, c], out): (f64, &[f64], [&[f64]; 3], &mut [f64])) -> (f64, f64) {
    const WIDE: usize = 8;
    let (mut left, mut size) = ([0.0_f64; WIDE], [0.0_f64; WIDE]);
    let whole = out.len() - out.len() % WIDE;
    let heads = [rhs, a, b, c].map(|v| v.as_chunks::<WIDE>().0);
    let ins = heads[0].iter().zip(heads[1]).zip(heads[2].iter().zip(heads[3]));
    for (((r, a), (b, c)), out) in ins.zip(out.as_chunks_mut::<WIDE>().0) {
        for lane in 0..WIDE {
            let rest = sign * r[lane] - a[lane] - b[lane] - c[lane];
            out[lane] = rest;
            raise(&mut left[lane], rest.abs());
            raise(&mut size[lane], r[lane].abs());
            raise(&mut size[lane], a[lane].abs());
            raise(&mut size[lane], b[lane].abs());
            raise(&mut size[lane], c[lane].abs());
        }
    }
    for i in whole..out.len() {
        out[i] = sign * rhs[i] - a[i] - b[i] - c[i];
        raise(&mut left[0], out[i].abs());
        for v in [rhs[i], a[i], b[i], c[i]] {
            raise(&mut size[0], v.abs());
        }
    }
    let most = |lanes: [f64; WIDE]| lanes.into_iter().fold(0.0, f64::max);
    (most(left), most(size))
}
