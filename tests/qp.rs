//! `cvx qp`: quadratic programs in NumPy archives.
#![cfg(feature = "cli")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

/// The bytes of a `.npy` file.
fn npy(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.as_bytes());
    out.extend(data);
    out
}

fn floats(v: &[f64]) -> Vec<u8> {
    npy("<f8", &format!("({},)", v.len()), &v.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

fn integers(v: &[i64]) -> Vec<u8> {
    npy("<i8", &format!("({},)", v.len()), &v.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

fn archive(path: &Path, arrays: &[(&str, Vec<u8>)]) {
    let mut out = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in arrays {
        out.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap();
}

/// minimize ½‖x‖² − x₀ − 2x₁ subject to x₀ + x₁ = 1, x₀ − x₁ ≤ 5, x ≥ −1: x = (0, 1).
fn problem() -> Vec<(&'static str, Vec<u8>)> {
    let inf = f64::INFINITY;
    vec![
        ("P_data", floats(&[1.0, 1.0])),
        ("P_indices", integers(&[0, 1])),
        ("P_indptr", integers(&[0, 1, 2])),
        ("q", floats(&[-1.0, -2.0])),
        ("r", floats(&[0.5])),
        ("C_data", floats(&[1.0, 1.0, 1.0, -1.0])),
        ("C_indices", integers(&[0, 1, 0, 1])),
        ("C_indptr", integers(&[0, 2, 4])),
        ("cl", floats(&[1.0, -inf])),
        ("cu", floats(&[1.0, 5.0])),
        ("xl", floats(&[-1.0, -1.0])),
        ("xu", floats(&[inf, inf])),
        ("shape", integers(&[2, 2])),
    ]
}

fn cvx(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cvx")).arg("qp").args(arguments).current_dir(folder).output().unwrap()
}

/// The rows of the table, header first.
fn table(out: &Output) -> Vec<Vec<String>> {
    let text = String::from_utf8(out.stdout.clone()).unwrap();
    assert!(out.status.success(), "{text}{}", String::from_utf8_lossy(&out.stderr));
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn a_table_with_times_and_errors() {
    let folder = tempfile::tempdir().unwrap();
    archive(&folder.path().join("one.npz"), &problem());
    for method in ["auto", "active-set", "alternating", "interior", "dual-newton"] {
        let rows = table(&cvx(folder.path(), &["one.npz", "--warm", "--method", method]));
        assert_eq!(
            rows[0].join(","),
            "instance,peer,forward_s,backward_s,status,x_error,gradient_error",
            "{method}"
        );
        assert_eq!(rows[1][..2], ["one", "cvxlayer"]);
        assert_eq!(rows[2][..2], ["one", "cvxlayer warm"]);
        for row in &rows[1..] {
            assert!(row[2].parse::<f64>().unwrap() > 0.0 && row[3].parse::<f64>().unwrap() > 0.0);
            assert_eq!(row[4], "solved");
        }
        assert!(rows[1][5].parse::<f64>().unwrap() < 1e-9 && rows[1][6].parse::<f64>().unwrap() < 1e-9);
    }
    // Errors are against the file beside it, where there is one.
    archive(&folder.path().join("one.exact.npz"), &[("x", floats(&[0.0, 2.0])), ("dq", floats(&[3.0, 4.0]))]);
    let rows = table(&cvx(folder.path(), &["one.npz"]));
    // The sum of x is fixed, so its gradient is zero, and all of the reference's norm is missing.
    assert_eq!(rows[1][5..], ["5.0e-1", "1.0e0"]);
}

#[test]
fn a_batch_solves_every_sample() {
    let folder = tempfile::tempdir().unwrap();
    let mut arrays = problem();
    let samples = [-1.0, -2.0, -2.0, -1.0, 0.0, 0.0];
    let bytes: Vec<u8> = samples.iter().flat_map(|v: &f64| v.to_le_bytes()).collect();
    arrays.push(("Q", npy("<f8", "(3, 2)", &bytes)));
    archive(&folder.path().join("many.npz"), &arrays);
    let exact = [("x", floats(&[0.0, 1.0, 1.0, 0.0, 0.5, 0.5])), ("dq", floats(&[0.0; 6]))];
    archive(&folder.path().join("many.exact.npz"), &exact);
    let rows = table(&cvx(folder.path(), &["many.npz"]));
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1][4], "solved");
    assert!(rows[1][5].parse::<f64>().unwrap() < 1e-12, "{:?}", rows[1]);
}

#[test]
fn samples_may_have_matrices_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut arrays = problem();
    let inf = f64::INFINITY;
    // In the second, x₀² + ½x₁² − x₀ − 2x₁ with x₀ + 2x₁ = 3: x = (1, 4)/3, and its sum moves with q by (−2, 1)/9.
    for (name, values) in [
        ("P_data", vec![1.0, 1.0, 2.0, 1.0]),
        ("C_data", vec![1.0, 1.0, 1.0, -1.0, 1.0, 1.0, 2.0, -1.0]),
        ("cl", vec![1.0, -inf, 3.0, -inf]),
        ("cu", vec![1.0, 5.0, 3.0, 4.0]),
    ] {
        arrays.iter_mut().find(|(n, _)| *n == name).unwrap().1 = floats(&values);
    }
    arrays.push(("Q", floats(&[-1.0, -2.0, -1.0, -2.0])));
    archive(&folder.path().join("own.npz"), &arrays);
    let exact = [
        ("x", floats(&[0.0, 1.0, 1.0 / 3.0, 4.0 / 3.0])),
        ("dq", floats(&[0.0, 0.0, -2.0 / 9.0, 1.0 / 9.0])),
    ];
    archive(&folder.path().join("own.exact.npz"), &exact);
    let rows = table(&cvx(folder.path(), &["own.npz"]));
    assert_eq!(rows[1][4], "solved");
    assert!(
        rows[1][5].parse::<f64>().unwrap() < 1e-12 && rows[1][6].parse::<f64>().unwrap() < 1e-12,
        "{rows:?}"
    );
    // The samples have one structure.
    arrays.iter_mut().find(|(n, _)| *n == "cu").unwrap().1 = floats(&[1.0, 5.0, 3.5, 4.0]);
    archive(&folder.path().join("own.npz"), &arrays);
    let out = cvx(folder.path(), &["own.npz"]);
    assert_eq!(out.status.code(), Some(2));
    let message = String::from_utf8(out.stderr).unwrap();
    assert!(message.contains("row 0 is an equality in some samples and not in others"), "{message}");
}

#[test]
fn json_has_an_object_per_row() {
    let folder = tempfile::tempdir().unwrap();
    archive(&folder.path().join("one.npz"), &problem());
    let out = cvx(folder.path(), &["one.npz", "--json", "--method", "interior"]);
    let row: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((row["status"].as_str(), row["method"].as_str()), (Some("solved"), Some("interior")));
    let seconds = |key: &str| row[key].as_f64().unwrap();
    assert!((seconds("setup_s") + seconds("solve_s") - seconds("forward_s")).abs() < 1e-12);
}

#[test]
fn bad_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.npz");
    let bad = |expected: &str| {
        let out = cvx(folder.path(), &["bad.npz"]);
        let message = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(2), "{message}");
        assert!(
            out.stdout.is_empty() && message.contains(expected) && !message.contains("panicked"),
            "{message}"
        );
    };
    bad("bad.npz");
    std::fs::write(&path, b"no archive").unwrap();
    bad("bad.npz");
    let change = |name: &str, bytes: Option<Vec<u8>>| {
        let mut arrays = problem();
        let at = arrays.iter().position(|(n, _)| *n == name).unwrap();
        match bytes {
            Some(bytes) => arrays[at].1 = bytes,
            None => drop(arrays.remove(at)),
        }
        archive(&path, &arrays);
    };
    change("C_indices", None);
    bad("no array `C_indices`");
    change("cl", Some(floats(&[1.0])));
    bad("cl has 1 entries, expected 2");
    change("P_indices", Some(integers(&[0, 7])));
    bad("outside the matrix");
    change("P_indices", Some(integers(&[0, -1])));
    bad("P_indices holds -1");
    change("q", Some(floats(&[1.0, f64::NAN])));
    bad("NaN");
    change("q", Some(floats(&[1.0])));
    bad("q has 1 entries, expected 2");
    change("q", Some(npy("<f8", "(99999999999,)", &[0; 16])));
    bad("q is shorter than its header says");
    change("q", Some(b"\x93NUMPY\x01\x00\xff\xff".to_vec()));
    bad("q is not an array");
    change("shape", Some(integers(&[2])));
    bad("shape has to have two entries");
    change("P_data", Some(floats(&[1.0, -1.0])));
    bad("not convex");
    // An archive whose directory says that each array is of 4 GB.
    archive(&path, &problem());
    let mut bytes = std::fs::read(&path).unwrap();
    for at in 0..bytes.len() - 28 {
        if bytes[at..].starts_with(b"PK\x01\x02") {
            bytes[at + 24..at + 28].copy_from_slice(&0xfff0_0000_u32.to_le_bytes());
        }
    }
    std::fs::write(&path, bytes).unwrap();
    bad("unpacks to more than 4096 MiB");
}
