//! `problem!`: a convex model that rustc checks, as a typed layer.
//!
//! The macro's documentation is that of `cvxlayer::problem`. The stages are functions from data to data:
//! [`header`] and [`source`] turn tokens into a name and a text whose every byte knows its token; the compiler's front
//! end (`cvxlayer_lang`) checks the text; [`report`] turns what it found into errors and warnings at those tokens;
//! [`plan`] decides on fields and their types, and [`items`] and [`embed`] write them out. No number is computed here.
#![forbid(unsafe_code)]

mod embed;
mod expand;
mod header;
mod interpolation;
mod items;
mod names;
mod plan;
mod report;
mod source;
#[cfg(test)]
mod tests;
mod tokens;

/// A convex model, checked when the program compiles, as a typed layer that can be solved and differentiated.
///
/// The text is that of a `.cvx` file, after a line that names the layer. What is wrong with the model (names, shapes,
/// convexity) is an error of rustc at the guilty expression.
///
/// ```
/// cvxlayer::problem! {
///     /// Weights that trade expected return against risk.
///     pub Portfolio;
///
///     /// Expected return of each asset.
///     param mu[3];
///     /// Risk aversion.
///     param gamma pos = 1;
///     /// Weight of each asset.
///     var w[3] nonneg;
///     let risk = sum_squares(w);
///     maximize mu.T @ w - gamma * risk;
///     subject to
///       budget: sum(w) == 1;
/// }
///
/// # fn main() -> Result<(), cvxlayer::Error> {
/// use cvxlayer::nalgebra::vector;
/// let layer = Portfolio::new()?;
/// let solved = layer.solve(&PortfolioParams { mu: vector![0.1, 0.2, 0.3], gamma: 0.5 })?;
/// assert!((solved.w.sum() - 1.0).abs() < 1e-9);
///
/// // The derivative of the risk by all parameters.
/// let gradient = solved.vjp(&PortfolioSolution { risk: 1.0, ..Default::default() })?;
/// assert!(gradient.gamma < 0.0);
///
/// let jacobian = solved.jacobian(|s| &s.w, |p| &p.mu)?.matrix;
/// assert!((jacobian[(0, 0)] - 2.0 / 3.0).abs() < 1e-9);
/// # Ok(()) }
/// ```
///
/// # What is generated
///
/// | item | what it is |
/// |---|---|
/// | `Portfolio` | the layer: `new`, `with_settings`, `params`, `solve`, `solve_from`, `solve_batch`, `untyped` |
/// | `PortfolioParams` | a field for each parameter; gradients and directions have this type too |
/// | `PortfolioSolution` | a field for each variable and `let`, and `objective`, `duals`, `bounds`; cotangents and tangents have this type too |
/// | `PortfolioDuals`, `PortfolioBounds` | the duals of labelled constraints, and of variables' bounds |
/// | `PortfolioData` | sizes and constants that the model leaves open |
///
/// `solve` returns a `Solved<Portfolio>`, which dereferences to `PortfolioSolution` and has `status`, `vjp`, `jvp` and
/// `jacobian`. A scalar is an `f64`. A vector or matrix whose sizes are literal is an `SVector` or `SMatrix` of
/// nalgebra, unless it has more than 4096 entries; others are `DVector` and `DMatrix`. A `diag` parameter is the vector
/// of its diagonal, a `sparse` one that of its stored entries. A field is called what the model calls it; `self`,
/// `Self`, `super` and `crate`, which no field of Rust's can be called, take an underscore at the end, and so do
/// `objective`, `duals` and `bounds` where the model itself has such a name.
///
/// # Where the compiler runs
///
/// Where every size is known to the macro, the model is compiled there and then, and the program is a `static`: the
/// binary holds no compiler, and `cvxlayer` needs no feature but `macros`. Where the model leaves sizes (`dim n;`), constants
/// (`const c[3];`) or patterns (`sparse`) open, `new` takes them as a `PortfolioData` and compiles the model, which
/// needs the feature `lang`.
///
/// # Rust constants
///
/// `{EXPR}` is the value of a constant expression of Rust's: a `usize` where a size or an index stands (in the
/// brackets of a declaration or an index, in `dim`, after `for`), which is then an open size that the macro fills, and an
/// `f64` elsewhere. `const A[2, 3] = {A};` takes a whole array, here a `[[f64; 3]; 2]`, with the attributes of the
/// declaration. The macro does not see the value, so it counts as a parameter that is never differentiated: say
/// `const c nonneg = {C};` if convexity depends on its sign.
///
/// # Files
///
/// `problem! { pub Portfolio from "models/portfolio.cvx" }` reads the model from a file, relative to the package's
/// manifest; a change of the file rebuilds the package. Constants `from "file.csv"` are not read by the macro: leave
/// them open, or name a Rust constant.
#[proc_macro]
pub fn problem(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    expand::expand(input.into(), folder.as_ref()).into()
}
