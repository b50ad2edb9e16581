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

seconds() {
  local began ended
  began=$(date +%s.%N)
  (cd "$1" && cargo "$2" --quiet)
  ended=$(date +%s.%N)
  awk -v a="$began" -v b="$ended" 'BEGIN { printf "%6.2f s", b - a }'
}

make without ''
echo 'fn main() {}' > "$folder/without/src/main.rs"

make with '"macros"'
cat > "$folder/with/src/main.rs" <<'RUST'
cvxlayer::problem! {
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
}

fn main() {
    // EDIT
    let _ = Portfolio::new();
}
RUST

make plain '"macros"'
echo 'fn main() {}' > "$folder/plain/src/main.rs"

echo "with no feature, clean:                $(seconds "$folder/without" check)"
echo "with the feature and no model, clean:  $(seconds "$folder/plain" check)"
echo "with the feature and a model, clean:   $(seconds "$folder/with" check)"
touch "$folder/plain/src/main.rs"
echo "no model, after an edit:               $(seconds "$folder/plain" check)"
sed -i 's|// EDIT|// EDITED|' "$folder/with/src/main.rs"
echo "a model, after an edit beside it:      $(seconds "$folder/with" check)"
sed -i 's|in \[0, 0.2\]|in [0, 0.3]|' "$folder/with/src/main.rs"
echo "a model, after an edit of it:          $(seconds "$folder/with" check)"
