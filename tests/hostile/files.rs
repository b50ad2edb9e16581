//! Files that nobody means well: values with lying headers, and serialized programs that contradict themselves.

use cvxlayer::{Data, Layer, Model, Params, Settings, read_program, write_program};
use serde_json::Value;
use std::io::{Cursor, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Sound files of every kind, by their names.
fn sound() -> Vec<(&'static str, Vec<u8>)> {
    let npy = |dict: &str, bytes: &[u8]| {
        let mut header = dict.as_bytes().to_vec();
        header.resize((10 + dict.len()).next_multiple_of(64) - 11, b' ');
        header.push(b'\n');
        let mut out = b"\x93NUMPY\x01\x00".to_vec();
        out.extend((header.len() as u16).to_le_bytes());
        out.extend(header);
        out.extend(bytes);
        out
    };
    let six: Vec<u8> = (0..6).flat_map(|k| f64::from(k).to_le_bytes()).collect();
    let matrix = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", &six);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["a.npy", "b.npy"] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).expect("an archive");
        archive.write_all(&matrix).expect("an archive");
    }
    let archive = archive.finish().expect("an archive").into_inner();
    let market = "%%MatrixMarket matrix coordinate real symmetric\n% a comment\n3 3 4\n1 1 1.5\n2 1 2\n3 3 4\n3 2 -1e3\n";
    let json = r#"{"a": [[1, 2.5], [-Infinity, 4e3]], "n": 3, "s": {"shape": [2, 3], "row": [0, 1], "col": [1, 2], "value": [1, 2]}}"#;
    let toml = "a = [[1, 2.5], [inf, 4e3]]\nn = 3\n[s]\nshape = [2, 3]\nrow = [0, 1]\ncol = [1, 2]\nvalue = [1, 2]\n";
    vec![
        ("v.npy", matrix),
        ("v.npz", archive),
        ("v.mtx", market.into()),
        ("v.csv", b"a,b,c\n1,2.5,-3e4\ninf,0,\"7\"\n".to_vec()),
        ("v.json", json.into()),
        ("v.toml", toml.into()),
    ]
}

/// Bytes replaced, runs repeated or lost, numbers made large.
fn mutate(bytes: &mut Vec<u8>, rng: &mut fastrand::Rng) {
    for _ in 0..rng.usize(1..=3) {
        let at = rng.usize(0..=bytes.len());
        match rng.u8(0..5) {
            0 => bytes.insert(at, rng.u8(..)),
            1 if at < bytes.len() => bytes[at] = rng.u8(..),
            2 => bytes.truncate(at),
            3 => {
                let run = bytes[at..(at + rng.usize(0..40)).min(bytes.len())].to_vec();
                bytes.splice(at..at, run);
            }
            _ => {
                let Some(digit) = bytes[at..].iter().position(u8::is_ascii_digit) else { continue };
                let large =
                    [&b"99999999999999999999"[..], b"4294967296", b"-1", b"1e400", b"nan", b"268435457"];
                let large = large[rng.usize(0..large.len())].iter().copied();
                bytes.splice(at + digit..=at + digit, large);
            }
        }
    }
}

#[test]
fn mutated_files_of_values_end_in_a_result() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut rng = fastrand::Rng::with_seed(super::seed());
    let mut read = 0;
    let count = super::count(600);
    for k in 0..count {
        let (name, mut bytes) = sound().swap_remove(k % 6);
        if k >= 6 {
            mutate(&mut bytes, &mut rng);
        }
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).expect("a file");
        let result = catch_unwind(|| {
            let whole = Data::new().read_file(&path).is_ok();
            let one = Data::new().read_argument(&format!("a=@{}", path.display())).is_ok();
            whole || one
        });
        assert!(result.is_ok(), "{name}: {}", String::from_utf8_lossy(&bytes));
        let result = result.unwrap_or_default();
        assert!(result || k >= 6, "{name} is sound");
        read += usize::from(result);
    }
    assert!(read * 10 >= count, "only {read} of {count} files could be read");
}

/// A program whose parts are of every kind.
fn program() -> Value {
    let text = "dim n = 3; param A[n, n] sparse = eye(n); param P[n, n] psd = eye(n); param g pos = 2; param v[n] = 1; \
                param D[n, n] diag = eye(n); var x[n] in [-exp(g), g]; var X[n, n] symmetric; var y nonneg; \
                let e = g**2 * x + max(v); let l = log_sum_exp(x); \
                minimize quad_form(x - v, P) / g + sum_squares(X) + norm1(D @ x) + logistic(y - g) + sum(A @ x); \
                subject to c: -1 <= inv(P) @ x <= 5; t: x[i] + X[i, 0] <= sum_largest(v, 2) for i in 0..n if i != 1; \
                s: sum(x) + y == 1;";
    let mut data = Data::new();
    data.read_json(r#"{"A": {"shape": [3, 3], "row": [0, 1], "col": [1, 2], "value": [1, 2]}}"#, "d.json")
        .expect("values");
    let model = Model::from_text(&text.replace(" = eye(n); param P", "; param P")).expect("a model");
    let program = model.bind(&data).expect("values").program().expect("a program");
    serde_json::from_str(&write_program(&program)).expect("JSON")
}

/// The value at a random place.
fn place<'v>(value: &'v mut Value, rng: &mut fastrand::Rng) -> &'v mut Value {
    let children = match &*value {
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    };
    if children == 0 || rng.u8(0..16) == 0 {
        return value;
    }
    let at = rng.usize(0..children);
    match value {
        Value::Array(items) => place(&mut items[at], rng),
        Value::Object(map) => place(map.values_mut().nth(at).expect("it is there"), rng),
        _ => unreachable!("it has children"),
    }
}

fn spoil(program: &mut Value, rng: &mut fastrand::Rng) {
    let numbers: [f64; 10] = [0.0, 1.0, 2.0, -1.0, 3.0, 7.0, 0.5, 4_294_967_295.0, 1e18, 268_435_457.0];
    let place = place(program, rng);
    match (place, rng.u8(0..4)) {
        (Value::Array(items), 0) => drop(items.pop()),
        (Value::Array(items), 1) if !items.is_empty() => items.push(items[rng.usize(0..items.len())].clone()),
        (Value::Array(items), _) if !items.is_empty() => {
            let (i, j) = (rng.usize(0..items.len()), rng.usize(0..items.len()));
            items.swap(i, j);
        }
        (place @ Value::Number(_), _) => {
            let number = numbers[rng.usize(0..numbers.len())];
            *place = if number.fract() == 0.0 { Value::from(number as i64) } else { Value::from(number) };
        }
        (place @ Value::Bool(_), _) => *place = Value::Bool(rng.bool()),
        _ => {}
    }
}

#[test]
fn mutated_programs_end_in_a_result() {
    let sound = program();
    let mut rng = fastrand::Rng::with_seed(super::seed());
    let (mut accepted, count) = (0, super::count(1500));
    let values = r#"{"A": {"shape": [3, 3], "row": [0, 1], "col": [1, 2], "value": [1, 2]}}"#;
    for k in 0..count {
        let mut spoilt = sound.clone();
        for _ in 0..rng.usize(0..=2).min(k) {
            spoil(&mut spoilt, &mut rng);
        }
        let text = spoilt.to_string();
        let run = AssertUnwindSafe(|| {
            let Ok(program) = read_program(&text) else { return false };
            let settings = Settings { max_iterations: Some(200), ..Settings::default() };
            let Ok(layer) = Layer::new(program, settings) else { return true };
            let mut data = Data::new();
            data.read_json(values, "d.json").expect("values");
            let mut params = Params::new();
            for (name, datum) in data.iter() {
                params.set(name, datum.value.clone());
            }
            if let Ok(solution) = layer.solve(&params) {
                let mut seed = cvxlayer::Named::default();
                seed.insert("objective", 1.0);
                drop(solution.vjp(&seed));
                drop(cvxlayer::program::Program::clone(layer.program()).to_string());
            }
            true
        });
        let result = catch_unwind(run);
        assert!(result.is_ok(), "number {k}: {text}");
        accepted += usize::from(result.unwrap_or_default());
    }
    assert!(accepted * 10 >= count, "only {accepted} of {count} were programs");
}
