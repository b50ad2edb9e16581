//! Whatever is done to blocks, the terms are those of the same done entry by entry.

use super::*;
use crate::lower::column::Basis;
use proptest::prelude::*;

const LEN: usize = 6;

/// An array as a sum of blocks, and what can be done to it.
#[derive(Clone, Debug)]
enum Step {
    Add(Source),
    Scale(i8),
    Times(Source),
    Gather(Vec<usize>),
    Line(usize, i64),
    Reverse,
    Transpose,
    Fold(usize),
    Matmul(Vec<i8>),
    Sparse(Vec<(u32, u32, i8)>),
}

#[derive(Clone, Debug)]
enum Source {
    Variable(usize),
    Numbers(Vec<i8>),
    Parameter(usize),
    Fill(i8),
}

impl Source {
    fn array(&self, shape: Shape) -> Affine {
        match self {
            Self::Variable(start) => Affine::columns(shape, *start),
            Self::Numbers(values) => {
                let values: Vec<f64> =
                    (0..shape.len()).map(|i| f64::from(values[i % values.len()])).collect();
                Affine::numbers(shape, values)
            }
            Self::Parameter(start) => Affine::parameters(shape, *start),
            Self::Fill(value) => Affine::fill(shape, f64::from(*value)),
        }
    }
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        (0..4_usize).prop_map(Source::Variable),
        prop::collection::vec(-2..3_i8, 1..7).prop_map(Source::Numbers),
        (0..4_usize).prop_map(Source::Parameter),
        (-2..3_i8).prop_map(Source::Fill),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => source().prop_map(Step::Add),
        1 => (-2..3_i8).prop_map(Step::Scale),
        2 => source().prop_map(Step::Times),
        1 => prop::collection::vec(0..LEN, LEN).prop_map(Step::Gather),
        1 => (0..LEN, -1..2_i64).prop_map(|(start, by)| Step::Line(start, by)),
        1 => Just(Step::Reverse),
        1 => Just(Step::Transpose),
        1 => (1..LEN + 1).prop_map(Step::Fold),
        2 => prop::collection::vec(-2..3_i8, LEN * LEN).prop_map(Step::Matmul),
        1 => prop::collection::btree_map((0..LEN as u32, 0..LEN as u32), -2..3_i8, 0..9)
            .prop_map(|all| Step::Sparse(all.into_iter().map(|((i, j), v)| (i, j, v)).collect())),
    ]
}

/// The same array, written out.
fn plain(a: &Affine) -> Affine {
    Affine::of_terms(a.shape, a.written().clone())
}

fn apply(a: &Affine, step: &Step, products: &mut ProductTable, written: bool) -> Option<Affine> {
    let shape = Shape::Vector(LEN);
    let form = |b: Affine| if written { plain(&b) } else { b };
    let product = |left: Affine, a: &Affine, products: &mut ProductTable| {
        let left = form(left);
        left.matmul_blocks(a, (LEN, 1), shape)
            .unwrap_or_else(|| left.matmul(a, (LEN, LEN, 1), shape, products))
    };
    Some(match step {
        Step::Add(b) => a.add(&form(b.array(shape))),
        Step::Scale(c) => a.clone().scale(f64::from(*c)),
        Step::Times(b) => {
            let b = b.array(shape);
            // Nothing beyond products of two variables is multiplied.
            if b.has_variable()
                && a.terms().iter().any(|t| !matches!(t.column.basis(), Basis::One | Basis::Variable(_)))
            {
                return None;
            }
            a.multiply(&form(b), products)
        }
        Step::Gather(index) => a.gather(shape, index.iter().copied()),
        Step::Line(start, by) => {
            let last = *start as i64 + by * (LEN as i64 - 1);
            if !(0..LEN as i64).contains(&last) {
                return None;
            }
            a.pick(shape, &Walk::line(*start, LEN, *by))
        }
        Step::Reverse => a.scatter(shape, |i| LEN - 1 - i),
        Step::Transpose => a.scatter(shape, |i| (i % 3) * 2 + i / 3),
        Step::Fold(by) => a.sum_into(shape, |i| i % by),
        Step::Matmul(values) => {
            let values: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
            product(Affine::numbers(Shape::Matrix(LEN, LEN), values), a, products)
        }
        Step::Sparse(stored) => {
            let rows: Arc<[u32]> = stored.iter().map(|s| s.0).collect();
            let cols: Arc<[u32]> = stored.iter().map(|s| s.1).collect();
            let values: Arc<[f64]> = stored.iter().map(|s| f64::from(s.2)).collect();
            let matrix = Shape::Matrix(LEN, LEN);
            let block = Block::sparse((LEN, LEN), (rows, cols), Some(values), 0);
            product(Affine::of_blocks(matrix, vec![block]), a, products)
        }
    })
}

/// The terms of an entry with products of parameters spelt out.
fn spelt(a: &Affine, products: &ProductTable) -> Vec<(usize, Column, Vec<u32>, f64)> {
    let mut out: Vec<(usize, Column, Vec<u32>, f64)> = Vec::new();
    for (i, terms) in a.rows() {
        for t in terms {
            for (parameters, c) in products.expanded(t.parameter) {
                let known = out.iter_mut().find(|o| (o.0, o.1, &o.2) == (i, t.column, &parameters));
                match known {
                    Some(o) => o.3 += c * t.coefficient,
                    None => out.push((i, t.column, parameters, c * t.coefficient)),
                }
            }
        }
    }
    out.retain(|o| o.3 != 0.0);
    out.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn blocks_mean_their_terms(first in source(), steps in prop::collection::vec(step(), 1..7)) {
        let (mut one, mut two) = (ProductTable::default(), ProductTable::default());
        let mut a = first.array(Shape::Vector(LEN));
        let mut b = plain(&a);
        for step in &steps {
            let (Some(next), Some(other)) = (apply(&a, step, &mut one, false), apply(&b, step, &mut two, true)) else {
                continue;
            };
            (a, b) = (next, other);
            prop_assert_eq!(spelt(&a, &one), spelt(&b, &two), "{:?}", step);
            let open = |i: usize| b.row(i).iter().filter(|t| t.column != Column::ONE).count();
            prop_assert!((0..LEN).all(|i| open(i) >= a.least_variables()));
            prop_assert!((0..LEN).all(|i| open(i) <= a.most_variables()));
        }
    }
}
