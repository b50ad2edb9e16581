//! Sums of products by labelled axes.

use crate::atoms::prelude::*;
use std::collections::BTreeMap;

/// Sums of products by labelled axes.
#[derive(Debug)]
pub struct Einsum;

static ROW: Row = Row {
    name: "einsum",
    signature: "einsum(\"ij,jk->ik\", A, B)",
    arguments: (1, 8),
    options: &["subscripts"],
    summary: "sum of products by labelled axes, all factors but one data",
    formula: "Σ of the products over the labels that the result does not have",
    shape: "the sizes of the labels behind the arrow",
    example: "param A[2, 3]; var X[3, 2]; minimize sum(abs(einsum(\"ij,ji->i\", A, X) - 1));",
    ..Row::PRODUCT
};

/// The labels of each factor, and of the result.
#[derive(Debug, PartialEq)]
struct Labels {
    factors: Vec<Vec<char>>,
    out: Vec<char>,
}

/// Reads `ij,jk->ik`; without an arrow the result has the labels that occur once, in order.
fn labels(text: &str) -> Option<Labels> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (left, right) = match text.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (text.as_str(), None),
    };
    if !left.chars().all(|c| c.is_alphabetic() || c == ',') {
        return None;
    }
    let factors: Vec<Vec<char>> = left.split(',').map(|part| part.chars().collect()).collect();
    let out = if let Some(right) = right {
        right.chars().collect()
    } else {
        let mut counts: BTreeMap<char, usize> = BTreeMap::new();
        factors.iter().flatten().for_each(|&c| *counts.entry(c).or_default() += 1);
        counts.into_iter().filter(|&(_, count)| count == 1).map(|(c, _)| c).collect::<Vec<_>>()
    };
    let known = out.iter().all(|c| factors.iter().flatten().any(|f| f == c));
    let once = (1..out.len()).all(|k| !out[..k].contains(&out[k]));
    (known && once).then_some(Labels { factors, out })
}

impl Atom for Einsum {
    fn row(&self) -> &'static Row {
        &ROW
    }

    fn shape(&self, call: &Call<'_>) -> Result<Vec<Poly>, Refusal> {
        let Some(labels) = call.text_option("subscripts").and_then(labels) else {
            return Err(Refusal::argument("`einsum` begins with its labels, such as \"ij,jk->ik\"").help(
                "a letter for each axis, a comma between factors, `->` before the labels of the result",
            ));
        };
        if labels.factors.len() != call.arguments.len() {
            return Err(Refusal::argument(format!(
                "the labels are of {} factors, and {} are given",
                labels.factors.len(),
                call.arguments.len()
            )));
        }
        let mut sizes: BTreeMap<char, &Poly> = BTreeMap::new();
        for (k, own) in labels.factors.iter().enumerate() {
            let shape = call.shape(k);
            if shape.len() != own.len() {
                let word: String = own.iter().collect();
                return Err(Refusal::shape(format!("`{word}` is of {} axes", own.len()))
                    .label(k, format!("this is {}", call.show(k))));
            }
            for (label, size) in own.iter().zip(shape) {
                let known = *sizes.entry(*label).or_insert(size);
                if !call.agree(known, size) {
                    return Err(Refusal::shape(format!(
                        "`{label}` is {} and {}",
                        call.tree.show(known),
                        call.tree.show(size)
                    ))
                    .label(k, format!("this is {}", call.show(k))));
                }
            }
        }
        if labels.out.len() > 2 {
            return Err(Refusal::shape("an array has at most two axes"));
        }
        Ok(labels.out.iter().map(|label| sizes[label].clone()).collect())
    }

    fn interval(&self, call: &Call<'_>) -> Interval {
        product::interval(call).sum(None)
    }

    product_rules!();

    fn graph(&self, call: &Application<'_>, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let mut factors = Vec::with_capacity(call.arguments.len());
        for argument in call.arguments {
            factors.push(lower.compact(argument)?);
        }
        let shapes: Vec<_> = factors.iter().map(|f| f.shape).collect();
        let Some(space) = Space::new(call, &shapes) else { return Err(outside(call)) };
        let full = Shape::Vector(space.len);
        lower.context.bounded(full, call.span)?;
        let mut all = Affine::fill(full, 1.0);
        for (k, factor) in factors.iter().enumerate() {
            all = lower.multiply(&all, &factor.gather(full, space.positions(k)), full);
        }
        let group = (space.len / call.shape.len().max(1)).max(1);
        Ok(all.sum_into(call.shape, |i| i / group))
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let mut factors = Vec::with_capacity(call.arguments.len());
        for argument in call.arguments {
            factors.push(tape.value(argument)?);
        }
        let shapes: Vec<_> = factors.iter().map(|&f| tape.shape(f)).collect();
        let Some(space) = Space::new(call, &shapes) else { return Err(outside(call)) };
        let full = Shape::Vector(space.len);
        tape.context.bounded(full, call.span)?;
        let mut all = None;
        for (k, &factor) in factors.iter().enumerate() {
            let factor = tape.gather(factor, full, space.positions(k));
            all = Some(match all {
                None => factor,
                Some(before) => tape.binary(Binary::Mul, before, factor, full),
            });
        }
        let Some(all) = all else { return Err(outside(call)) };
        let group = space.len / call.shape.len().max(1);
        Ok(tape.push(Op::Reduce(Reduction::Sum, all, group), call.shape))
    }
}

/// All combinations of the labels' values, those of the result outermost.
struct Space {
    /// Label, size and stride.
    axes: Vec<(char, usize, usize)>,
    /// The labels of each factor, with the strides of its axes.
    factors: Vec<Vec<(char, usize)>>,
    len: usize,
}

impl Space {
    fn new(call: &Application<'_>, shapes: &[Shape]) -> Option<Self> {
        let labels = call.text_option("subscripts").and_then(labels)?;
        let mut sizes: BTreeMap<char, usize> = BTreeMap::new();
        let mut factors = Vec::new();
        for (own, shape) in labels.factors.iter().zip(shapes) {
            let axes = shape.axes();
            sizes.extend(own.iter().copied().zip(axes.iter().copied()));
            let stride = |k: usize| axes[k + 1..].iter().product();
            factors.push(own.iter().enumerate().map(|(k, &label)| (label, stride(k))).collect());
        }
        let mut order = labels.out.clone();
        order.extend(sizes.keys().filter(|label| !labels.out.contains(label)));
        let mut axes = Vec::new();
        let mut len = 1usize;
        for &label in order.iter().rev() {
            let size = *sizes.get(&label)?;
            axes.push((label, size, len));
            len = len.checked_mul(size)?;
        }
        Some(Self { axes, factors, len })
    }

    /// The entry of a factor for each combination.
    fn positions(&self, factor: usize) -> Vec<usize> {
        let weights: Vec<(usize, usize, usize)> = self.factors[factor]
            .iter()
            .filter_map(|&(label, by)| {
                let (_, size, stride) = self.axes.iter().find(|a| a.0 == label)?;
                Some((*size, *stride, by))
            })
            .collect();
        (0..self.len)
            .map(|i| weights.iter().map(|(size, stride, by)| (i / stride % size) * by).sum())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read() {
        let read = |text| labels(text).map(|l| (l.factors.len(), l.out.iter().collect::<String>()));
        assert_eq!(read("ij, jk -> ik"), Some((2, "ik".into())));
        assert_eq!(read("ij,jk"), Some((2, "ik".into())));
        assert_eq!(read("ii->i"), Some((1, "i".into())));
        assert_eq!(read("ij->k"), None);
        assert_eq!(read("ij->ii"), None);
        assert_eq!(read("i...->i"), None);
    }
}
