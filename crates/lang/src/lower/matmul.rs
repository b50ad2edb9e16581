//! Products of matrices.

use super::Lowered;
use super::affine::Affine;
use super::context::Application;
use super::expand::Lower;
use cvxlayer_program::{Op, Shape};

/// From this many products of numbers on, a product of constants is left to the tape's evaluator.
const MANY_PRODUCTS: f64 = 2.0e7;

impl Lower<'_> {
    /// The product of `m × k` and `k × n` entries, in a shape of `m · n` entries.
    ///
    /// # Errors
    /// If there are too many terms.
    pub fn matmul(
        &mut self,
        a: &Affine,
        b: &Affine,
        (m, k, n): (usize, usize, usize),
        shape: Shape,
        call: &Application<'_>,
    ) -> Lowered<Affine> {
        if let Some(product) = a.matmul_blocks(b, (k, n), shape) {
            self.affordable(product.size() as f64, call)?;
            return Ok(product);
        }
        // A product of large constants is arithmetic, which the tape's evaluator does far faster.
        if a.is_numeric() && b.is_numeric() && (a.nnz() as f64) * (n as f64) > MANY_PRODUCTS {
            self.context.bounded(Shape::Matrix(m, k), call.span)?;
            self.context.bounded(Shape::Matrix(k, n), call.span)?;
            let mut constant = |array: &Affine, shape: Shape| {
                let values = array.to_numbers().unwrap_or_default();
                self.lift.push(Op::Constant(values.into()), shape)
            };
            let (left, right) = (constant(a, Shape::Matrix(m, k)), constant(b, Shape::Matrix(k, n)));
            let product = self.lift.push(Op::MatMul(left, right), Shape::Matrix(m, n));
            let node = self.lift.reshape(product, shape);
            return self.lift_node(node, "a product of constants".into(), "a product of constants");
        }
        // Each term of the left factor meets a row of the right one.
        let mut met = vec![0_usize; k];
        b.rows().for_each(|(i, terms)| met[i / n.max(1)] += terms.len());
        self.affordable(a.rows().map(|(i, terms)| terms.len() as f64 * met[i % k] as f64).sum(), call)?;
        Ok(a.matmul(b, (m, k, n), shape, &mut self.products))
    }
}
