#!/usr/bin/env bash
# What `problem!` adds to the build of an empty crate: clean and after an edit, beside the layer without the macro.
# Usage: benches/macro_cost.sh [FOLDER]; the folder, by default a temporary one, keeps nothing that is needed later.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
folder="${1:-$(mktemp -d)}"
unset CARGO_TARGET_DIR

# make NAME FEATURES: a crate that depends on the layer.
make() {
  mkdir -p "$folder/$1/src"
  cat > "$folder/$1/Cargo.toml" <<TOML
[package]
name = "$1"
version = "0.1.0"
edition = "2024"

[dependencies]
cvxlayer = { path = "$root", default-features = false, features = [$2] }

[workspace]
TOML
}

# build CRATE TARGET: seconds until it is checked, and of processors, which other work on the machine does not change.
build() {
  local TIMEFORMAT='%R s, %U s of processors'
  { time (cd "$folder/$1" && CARGO_TARGET_DIR="$folder/$2" cargo check --quiet); } 2>&1
}

make without ''
echo 'fn main() {}' > "$folder/without/src/main.rs"

make with '"macros"'
main() {
  cat > "$folder/with/src/main.rs" <<RUST
$1

fn main() {
    $2
}
RUST
}
model='cvxlayer::problem! {
    /// A factor model of twenty assets.
    pub Portfolio;
    param mu[20];
    param F[20, 3];
    param d[20] nonneg;
    param gamma nonneg = 1;
    var w[20] in [0, 0.2];
    var f[3];
    let risk = sum_squares(f) + sum(d * square(w));
    maximize mu.T @ w - gamma * risk;
    subject to
      budget: sum(w) == 1;
      factor: f == F.T @ w;
}'

echo "clean, without the feature:         $(build without clean)"
main '' ''
echo "clean, with it:                     $(build with macros)"
main '' 'let _ = 1;'
echo "after an edit, no model:            $(build with macros)"
main "$model" 'let _ = Portfolio::new();'
echo "after an edit, a first model:       $(build with macros)"
main "$model" 'let _ = Portfolio::new().is_ok();'
echo "after an edit beside the model:     $(build with macros)"
main "${model/0.2/0.3}" 'let _ = Portfolio::new().is_ok();'
echo "after an edit of the model:         $(build with macros)"
