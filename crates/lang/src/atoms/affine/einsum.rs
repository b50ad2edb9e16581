//! Sums of products by labelled axes.

use super::contraction::contract;
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
pub(super) struct Labels {
    pub(super) factors: Vec<Vec<char>>,
    pub(super) out: Vec<char>,
}

/// Reads `ij,jk->ik`; without an arrow the result has the labels that occur once, in order.
pub(super) fn labels(text: &str) -> Option<Labels> {
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
            factors.push((*lower.compact(argument)?).clone());
        }
        contract(lower, factors, call)
    }

    fn value(&self, call: &Application<'_>, tape: &mut TapeBuilder<'_>) -> Lowered<u32> {
        let mut factors = Vec::with_capacity(call.arguments.len());
        for argument in call.arguments {
            factors.push(tape.value(argument)?);
        }
        contract(tape, factors, call)
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
