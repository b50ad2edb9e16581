//! Sums of products by labels, two factors at a time.
//!
//! Once labels that stand in one factor alone are summed away, a product of two factors that leaves at most two labels is
//! either a matrix product, or elementwise on a grid of two labels: with a label in both factors and in the result, a third
//! label would have to stay. What leaves more labels is multiplied out over all combinations.

use super::einsum::labels;
use crate::atoms::prelude::*;
use std::collections::BTreeMap;

/// What sums of products are made of, in affine arrays and on a tape alike.
pub(super) trait Algebra {
    type Array: Clone;

    fn shape(&self, a: &Self::Array) -> Shape;
    fn reshape(&mut self, a: Self::Array, shape: Shape) -> Self::Array;
    /// The transpose of the array as an `m × n` matrix.
    fn transpose(&mut self, a: &Self::Array, size: (usize, usize)) -> Self::Array;
    fn gather(&mut self, a: &Self::Array, shape: Shape, from: Vec<usize>) -> Self::Array;
    /// The elementwise product of arrays of one shape.
    fn times(&mut self, a: &Self::Array, b: &Self::Array, shape: Shape) -> Self::Array;
    /// The product of an `m × k` and a `k × n` matrix.
    fn matmul(
        &mut self,
        factors: (&Self::Array, &Self::Array),
        size: (usize, usize, usize),
        call: &Application<'_>,
    ) -> Lowered<Self::Array>;
    /// The sum of each run of entries.
    fn sum_runs(&mut self, a: &Self::Array, run: usize, shape: Shape) -> Self::Array;
    fn context(&self) -> &Context<'_>;
}

impl Algebra for Lower<'_> {
    type Array = Affine;

    fn shape(&self, a: &Affine) -> Shape {
        a.shape
    }

    fn reshape(&mut self, a: Affine, shape: Shape) -> Affine {
        a.with_shape(shape)
    }

    fn transpose(&mut self, a: &Affine, (m, n): (usize, usize)) -> Affine {
        a.scatter(Shape::Matrix(n, m), |i| (i % n) * m + i / n)
    }

    fn gather(&mut self, a: &Affine, shape: Shape, from: Vec<usize>) -> Affine {
        a.gather(shape, from)
    }

    fn times(&mut self, a: &Affine, b: &Affine, shape: Shape) -> Affine {
        self.multiply(a, b, shape)
    }

    fn matmul(
        &mut self,
        (a, b): (&Affine, &Affine),
        (m, k, n): (usize, usize, usize),
        call: &Application<'_>,
    ) -> Lowered<Affine> {
        Lower::matmul(self, a, b, (m, k, n), Shape::Matrix(m, n), call)
    }

    fn sum_runs(&mut self, a: &Affine, run: usize, shape: Shape) -> Affine {
        a.sum_into(shape, |i| i / run.max(1))
    }

    fn context(&self) -> &Context<'_> {
        self.context
    }
}

impl Algebra for TapeBuilder<'_> {
    type Array = u32;

    fn shape(&self, a: &u32) -> Shape {
        TapeBuilder::shape(self, *a)
    }

    fn reshape(&mut self, a: u32, shape: Shape) -> u32 {
        TapeBuilder::reshape(self, a, shape)
    }

    fn transpose(&mut self, a: &u32, (m, n): (usize, usize)) -> u32 {
        TapeBuilder::gather(self, *a, Shape::Matrix(n, m), (0..m * n).map(|i| (i % m) * n + i / m))
    }

    fn gather(&mut self, a: &u32, shape: Shape, from: Vec<usize>) -> u32 {
        TapeBuilder::gather(self, *a, shape, from)
    }

    fn times(&mut self, a: &u32, b: &u32, shape: Shape) -> u32 {
        self.binary(Binary::Mul, *a, *b, shape)
    }

    fn matmul(
        &mut self,
        (a, b): (&u32, &u32),
        (m, _, n): (usize, usize, usize),
        _: &Application<'_>,
    ) -> Lowered<u32> {
        Ok(self.push(Op::MatMul(*a, *b), Shape::Matrix(m, n)))
    }

    fn sum_runs(&mut self, a: &u32, run: usize, shape: Shape) -> u32 {
        self.push(Op::Reduce(Reduction::Sum, *a, run), shape)
    }

    fn context(&self) -> &Context<'_> {
        self.context
    }
}

/// An array with a label for each axis.
type Labelled<A> = (A, Vec<char>);

/// The sum of products of factors that a call of `einsum` asks for.
pub(super) fn contract<E: Algebra>(
    algebra: &mut E,
    factors: Vec<E::Array>,
    call: &Application<'_>,
) -> Lowered<E::Array> {
    let Some(labels) = call.text_option("subscripts").and_then(labels) else { return Err(outside(call)) };
    let mut sizes = BTreeMap::new();
    for (own, array) in labels.factors.iter().zip(&factors) {
        sizes.extend(own.iter().copied().zip(algebra.shape(array).axes()));
    }
    let mut work = Contraction { algebra, sizes, call };
    let elsewhere = |k: usize| {
        let others = labels.factors.iter().enumerate().filter(move |(i, _)| *i != k);
        labels.out.iter().chain(others.flat_map(|(_, own)| own)).copied()
    };
    let mut left: Vec<Labelled<E::Array>> = Vec::with_capacity(factors.len());
    for (k, array) in factors.into_iter().enumerate() {
        let known: Vec<char> = elsewhere(k).collect();
        left.push(work.alone((array, labels.factors[k].clone()), &known)?);
    }
    while left.len() > 1 {
        let rest = left[2..].iter().flat_map(|(_, own)| own);
        let wanted: Vec<char> = labels.out.iter().chain(rest).copied().collect();
        let all = union(&left[0].1, &left[1].1);
        let (kept, summed): (Vec<char>, Vec<char>) = all.into_iter().partition(|c| wanted.contains(c));
        if kept.len() > 2 {
            return work.spread(&left, &labels.out);
        }
        let product = work.product(&left[0], &left[1], kept, &summed)?;
        left.splice(..2, [product]);
    }
    let Some(last) = left.pop() else { return Err(outside(call)) };
    let out = work.arranged(&last, &labels.out, call.shape)?;
    Ok(work.algebra.reshape(out, call.shape))
}

/// The labels of two lists, each once.
fn union(a: &[char], b: &[char]) -> Vec<char> {
    a.iter().chain(b).fold(Vec::new(), |mut all, label| {
        if !all.contains(label) {
            all.push(*label);
        }
        all
    })
}

struct Contraction<'a, E> {
    algebra: &'a mut E,
    sizes: BTreeMap<char, usize>,
    call: &'a Application<'a>,
}

impl<E: Algebra> Contraction<'_, E> {
    fn count(&self, labels: &[char]) -> usize {
        labels.iter().map(|label| self.sizes[label]).product()
    }

    fn shape(&self, labels: &[char]) -> Shape {
        match *labels {
            [] => Shape::Scalar,
            [i] => Shape::Vector(self.sizes[&i]),
            [i, ref rest @ ..] => Shape::Matrix(self.sizes[&i], self.count(rest)),
        }
    }

    /// The entries of a factor for all combinations of labels, the first outermost, in a shape of as many entries.
    fn arranged(
        &mut self,
        (array, own): &Labelled<E::Array>,
        order: &[char],
        shape: Shape,
    ) -> Lowered<E::Array> {
        if own == order {
            return Ok(self.algebra.reshape(array.clone(), shape));
        }
        if let ([i, j], [k, l]) = (&own[..], order)
            && (i, j) == (l, k)
        {
            let turned = self.algebra.transpose(array, (self.sizes[i], self.sizes[j]));
            return Ok(self.algebra.reshape(turned, shape));
        }
        self.algebra.context().bounded(shape, self.call.span)?;
        // The size and stride of each label in the order, and the stride in the factor.
        let mut strides = Vec::with_capacity(own.len());
        for (k, label) in own.iter().enumerate() {
            let Some(at) = order.iter().position(|o| o == label) else { return Err(outside(self.call)) };
            strides.push((self.sizes[label], self.count(&order[at + 1..]), self.count(&own[k + 1..])));
        }
        let from = (0..shape.len())
            .map(|i| strides.iter().map(|(size, stride, by)| (i / stride % size) * by).sum())
            .collect();
        Ok(self.algebra.gather(array, shape, from))
    }

    /// A factor with each label once, summed over those that stand nowhere else.
    fn alone(&mut self, factor: Labelled<E::Array>, known: &[char]) -> Lowered<Labelled<E::Array>> {
        let once = union(&[], &factor.1);
        let (kept, summed): (Vec<char>, Vec<char>) = once.iter().partition(|c| known.contains(c));
        if summed.is_empty() && once == factor.1 {
            return Ok(factor);
        }
        let order = [&kept[..], &summed[..]].concat();
        let array = self.arranged(&factor, &order, self.shape(&order))?;
        let out = self.algebra.sum_runs(&array, self.count(&summed), self.shape(&kept));
        Ok((out, kept))
    }

    /// The product of two factors, summed over some labels.
    fn product(
        &mut self,
        a: &Labelled<E::Array>,
        b: &Labelled<E::Array>,
        kept: Vec<char>,
        summed: &[char],
    ) -> Lowered<Labelled<E::Array>> {
        if kept.iter().any(|c| a.1.contains(c) && b.1.contains(c)) {
            let order = [&kept[..], summed].concat();
            let grid = self.shape(&order);
            let (left, right) = (self.arranged(a, &order, grid)?, self.arranged(b, &order, grid)?);
            let product = self.algebra.times(&left, &right, grid);
            return Ok((self.algebra.sum_runs(&product, self.count(summed), self.shape(&kept)), kept));
        }
        self.algebra.context().bounded(self.shape(&kept), self.call.span)?;
        let (rows, cols): (Vec<char>, Vec<char>) = kept.into_iter().partition(|c| a.1.contains(c));
        let (m, k, n) = (self.count(&rows), self.count(summed), self.count(&cols));
        let left = self.arranged(a, &[&rows[..], summed].concat(), Shape::Matrix(m, k))?;
        let right = self.arranged(b, &[summed, &cols[..]].concat(), Shape::Matrix(k, n))?;
        let product = self.algebra.matmul((&left, &right), (m, k, n), self.call)?;
        let out = [rows, cols].concat();
        let shape = self.shape(&out);
        Ok((self.algebra.reshape(product, shape), out))
    }

    /// The product over all combinations of labels, summed over those that the result does not have.
    fn spread(&mut self, factors: &[Labelled<E::Array>], out: &[char]) -> Lowered<E::Array> {
        let order = factors.iter().fold(out.to_vec(), |all, (_, own)| union(&all, own));
        let len = order.iter().try_fold(1_usize, |len, label| len.checked_mul(self.sizes[label]));
        let Some(len) = len else { return Err(outside(self.call)) };
        let full = Shape::Vector(len);
        self.algebra.context().bounded(full, self.call.span)?;
        let mut all: Option<E::Array> = None;
        for factor in factors {
            let next = self.arranged(factor, &order, full)?;
            all = Some(match all {
                None => next,
                Some(before) => self.algebra.times(&before, &next, full),
            });
        }
        let Some(all) = all else { return Err(outside(self.call)) };
        Ok(self.algebra.sum_runs(&all, self.count(&order[out.len()..]), self.call.shape))
    }
}
