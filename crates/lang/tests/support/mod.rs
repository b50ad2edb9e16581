//! What is given for a model, written in a line: `n = 4 from "--param", A[3, 4] from "A.npy"`.

use cvxlayer_lang::Inputs;

/// Reads what is given; each item is a size with a value or a name with the shape of its value, and says whence.
pub(crate) fn given(line: &str) -> Inputs {
    let mut inputs = Inputs::default();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let name_end = rest.find(['[', ' ']).unwrap_or(rest.len());
        let name = rest[..name_end].to_owned();
        rest = rest[name_end..].trim_start();
        if let Some(after) = rest.strip_prefix('[') {
            let (axes, after) = after.split_once(']').expect("a shape ends with `]`");
            let axes = axes.split(',').map(|axis| axis.trim().parse().expect("a size is a number"));
            inputs.shapes.insert(name.clone(), axes.collect());
            rest = after.trim_start();
        } else {
            let after = rest.strip_prefix('=').expect("a size has a value").trim_start();
            let end = after.find([' ', ',']).unwrap_or(after.len());
            inputs.sizes.insert(name.clone(), after[..end].parse().expect("a size is a number"));
            rest = after[end..].trim_start();
        }
        if let Some(after) = rest.strip_prefix("from \"") {
            let (origin, after) = after.split_once('"').expect("an origin ends with `\"`");
            inputs.origins.insert(name, origin.to_owned());
            rest = after.trim_start();
        }
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    inputs
}
