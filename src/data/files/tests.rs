//! Good and hostile files.

use super::*;
use proptest::prelude::*;
use std::io::Write as _;
use std::path::PathBuf;

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn read(&self, name: &str, content: impl AsRef<[u8]>) -> Result<Datum, String> {
        read_value(&self.write(name, content), None, 1 << 20).map_err(|e| e.to_string())
    }
}

/// The bytes of a `.npy` file.
fn npy(descr: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.bytes());
    out.extend(data);
    out
}

fn doubles(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn zip(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        out.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(content).unwrap();
    }
    out.finish().unwrap().into_inner()
}

/// An archive that is far smaller than its content.
fn deflated(name: &str, content: &[u8]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    out.start_file(name, options).unwrap();
    out.write_all(content).unwrap();
    out.finish().unwrap().into_inner()
}

#[test]
fn tables() {
    let files = Files::new();
    let datum = files.read("a.csv", "x, y\n1, 2\n3, 4e-1\n").unwrap();
    assert_eq!((datum.value.axes(), datum.value.values()), (&[2, 2][..], &[1.0, 2.0, 3.0, 0.4][..]));
    assert!(datum.table);
    let wrong = |text: &str| files.read("a.csv", text).unwrap_err();
    assert!(wrong("1,2\n3\n").contains("line 2 has 1 columns, and the first has 2"));
    assert!(wrong("1,2\n3,x\n").contains("line 2, column 2: \"x\" is no number"));
    assert!(wrong("1,nan\n").contains("line 1, column 2: \"nan\" is no number"));
    assert!(wrong("1\n\u{0}\n").contains("is no number"));
    assert!(files.read("a.csv", [b'1', 0xff]).unwrap_err().contains("byte 1 is not UTF-8"));
    assert!(read_value(&files.write("b.csv", vec![b'1'; 2 << 20]), None, 1 << 20).is_err());
}

#[test]
fn numpy_arrays() {
    let files = Files::new();
    let six = doubles(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let c = files.read("c.npy", npy("<f8", "False", "(2, 3)", &six)).unwrap().value;
    let f = files.read("f.npy", npy("<f8", "True", "(2, 3)", &six)).unwrap().value;
    assert_eq!(c.values(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(f.values(), [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    let int = files.read("i.npy", npy(">i2", "False", "(2,)", &[0, 7, 255, 255])).unwrap().value;
    assert_eq!(int.values(), [7.0, -1.0]);
    let scalar = files.read("s.npy", npy("<f8", "False", "()", &doubles(&[2.5]))).unwrap().value;
    assert_eq!(scalar.scalar(), Some(2.5));

    let wrong = |bytes: Vec<u8>| files.read("w.npy", bytes).unwrap_err();
    assert!(wrong(npy("<f8", "False", "(2, 3)", &six[..40])).contains("shorter"));
    assert!(wrong(npy("<f8", "False", "(999999999, 999999999)", &six)).contains("shorter"));
    assert!(wrong(npy("<f8", "False", "(99999999999999999999,)", &six)).contains("no NumPy array"));
    assert!(wrong(npy("<f8", "False", &"(".repeat(2000), &six)).contains("no NumPy array"));
    assert!(wrong(npy("<f8", "False", "(1, 1, 6)", &six)).contains("at most two axes"));
    assert!(wrong(npy("<M8[s]", "False", "(1,)", &six[..8])).contains("<M8[s]"));
    assert!(wrong(npy("<f8", "False", "(3)", &six)).lines().count() == 1);
    assert!(wrong(npy("<c16", "False", "(3,)", &six)).contains("not read"));
    assert!(wrong(b"hello".to_vec()).contains("no NumPy array"));
}

#[test]
fn archives_and_scipy_matrices() {
    let files = Files::new();
    let one = |v: &[f64]| npy("<f8", "False", &format!("({},)", v.len()), &doubles(v));
    let path = files.write("d.npz", zip(&[("mu.npy", one(&[1.0, 2.0])), ("gamma.npy", one(&[3.0]))]));
    let mut data = Data::new();
    data.read_file(&path).unwrap();
    assert_eq!(data.get("mu").unwrap().value.values(), [1.0, 2.0]);
    assert!(
        read_value(&path, None, 1 << 20)
            .unwrap_err()
            .to_string()
            .contains("`mu`, `gamma`, and not one value")
    );
    assert_eq!(read_value(&path, Some("gamma"), 1 << 20).unwrap().value.values(), [3.0]);

    let matrix = |shape: &[f64], indices: &[f64], indptr: &[f64]| {
        zip(&[
            ("format.npy", npy("|S3", "False", "()", b"csr")),
            ("shape.npy", one(shape)),
            ("indices.npy", one(indices)),
            ("indptr.npy", one(indptr)),
            ("data.npy", one(&[5.0, 6.0])),
        ])
    };
    let parts = |indptr: &[f64]| matrix(&[2.0, 3.0], &[2.0, 0.0], indptr);
    let sparse = files.read("s.npz", parts(&[0.0, 1.0, 2.0])).unwrap().value;
    assert_eq!(sparse.to_dense(), [0.0, 0.0, 5.0, 6.0, 0.0, 0.0]);
    for indptr in [&[0.0, 3.0][..], &[-1.0, 1.0, 2.0], &[0.0, 1.0, 2.0, 2.0], &[1.0, 1.0, 2.0], &[]] {
        assert!(files.read("s.npz", parts(indptr)).unwrap_err().contains("indptr"), "{indptr:?}");
    }
    for indices in [[-1.0, 0.0], [2.5, 0.0], [1e300, 0.0]] {
        let error = files.read("s.npz", matrix(&[2.0, 3.0], &indices, &[0.0, 1.0, 2.0])).unwrap_err();
        assert!(error.contains("its `indices` holds"), "{error}");
    }
    let error = files.read("s.npz", matrix(&[2.5, 3.0], &[2.0, 0.0], &[0.0, 1.0, 2.0])).unwrap_err();
    assert!(error.contains("its `shape` holds 2.5"), "{error}");
    // A small file that unpacks to a large one.
    let zeros = npy("|u1", "False", "(4000000,)", &vec![0; 4_000_000]);
    assert!(
        files.read("bomb.npz", deflated("a.npy", &zeros)).unwrap_err().contains("unpacks to more than 1 MiB")
    );
    assert!(files.read("z.npz", b"PK\x03\x04nonsense").is_err());
}

#[test]
fn matrix_market() {
    let files = Files::new();
    let general = "%%MatrixMarket matrix coordinate real general\n% note\n2 3 2\n1 3 5\n2 1 6\n";
    assert_eq!(files.read("a.mtx", general).unwrap().value.to_dense(), [0.0, 0.0, 5.0, 6.0, 0.0, 0.0]);
    let symmetric = "%%MatrixMarket matrix coordinate real symmetric\n2 2 2\n1 1 1\n2 1 3\n";
    assert_eq!(files.read("s.mtx", symmetric).unwrap().value.to_dense(), [1.0, 3.0, 3.0, 0.0]);
    let array = "%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n";
    assert_eq!(files.read("d.mtx", array).unwrap().value.to_dense(), [1.0, 3.0, 2.0, 4.0]);
    for (text, message) in [
        ("", "line 1: expected"),
        ("%%MatrixMarket matrix coordinate complex general\n1 1 0\n", "`complex`"),
        ("%%MatrixMarket matrix coordinate real general\n2 2 1\n3 1 1\n", "line 3"),
        ("%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 1\n", "announced"),
        ("%%MatrixMarket matrix array real general\n99999999 99999999\n", "does not fit"),
        ("%%MatrixMarket matrix array real symmetric\n2 1\n1\n2\n", "does not fit"),
        ("%%MatrixMarket matrix array real general\n-1 2\n", "no sizes"),
        ("%%MatrixMarket matrix array pattern general\n1 1\n1\n", "does not fit"),
        ("%%MatrixMarket matrix coordinate real symmetric\n2 3 1\n1 1 1\n", "square"),
        ("%%MatrixMarket matrix coordinate real symmetric\n2 2 3\n1 1 1\n2 1 3\n", "announced"),
        ("%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n1 1 5\n", "diagonal"),
        ("%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 1 7\n", "line 3"),
    ] {
        let error = files.read("w.mtx", text).unwrap_err();
        assert!(error.contains(message), "{text}: {error}");
    }
}

#[test]
fn toml_and_arguments() {
    let mut data = Data::new();
    data.read_toml("a = 1\nb = [1, 2.5, inf]\nc = [[1, 2], [3, 4]]\n", "d.toml").unwrap();
    assert_eq!(data.get("b").unwrap().value.values(), [1.0, 2.5, f64::INFINITY]);
    // A value that is not finite is refused where its declaration is known.
    data.read_toml("a = [nan]\n", "d.toml").unwrap();
    assert!(data.get("a").unwrap().value.values()[0].is_nan());
    assert!(data.read_toml("b = 1\na = \n", "d.toml").unwrap_err().to_string().ends_with("at line 2"));
    assert!(
        data.read_toml("a = 1979-05-27\n", "d.toml").unwrap_err().to_string().contains("a date is no number")
    );

    data.read_argument("gamma = 2.5")
        .unwrap()
        .read_argument("cap=inf")
        .unwrap()
        .read_argument("v=[1, 2]")
        .unwrap();
    assert_eq!(data.get("gamma").unwrap().value.scalar(), Some(2.5));
    assert_eq!(data.get("cap").unwrap().value.scalar(), Some(f64::INFINITY));
    let wrong = |argument: &str| Data::new().read_argument(argument).unwrap_err().to_string();
    assert!(wrong("gamma").contains("expected `NAME=VALUE`"));
    assert!(wrong("gamma=two").starts_with("--param gamma=two: "));
    assert!(wrong("gamma=@nowhere.csv").contains("nowhere.csv: there is no such file"));
    assert!(wrong("gamma=@nowhere").contains("this is no kind of file"));
    assert!(wrong("gamma=nancy").contains("this is no value: expected a number"));
    assert!(wrong("gamma=").contains("the value is missing"));
    assert!(wrong("gamma=1e999").contains("out of range"));
    for (text, value) in [("gamma=.5", 0.5), ("gamma=+1", 1.0), ("gamma=-2.", -2.0)] {
        let mut data = Data::new();
        assert_eq!(data.read_argument(text).unwrap().get("gamma").unwrap().value.scalar(), Some(value));
    }
}

#[test]
fn models_files_stay_in_their_folder() {
    let files = Files::new();
    std::fs::create_dir(files.0.path().join("inner")).unwrap();
    files.write("out.csv", "1\n");
    files.write("inner/in.csv", "1\n");
    let root = files.0.path().join("inner");
    let folder = Folder::new(&root);
    assert!(folder.resolve("in.csv").is_ok() && folder.resolve("./in.csv").is_ok());
    let wrong = |path: &str| folder.resolve(path).unwrap_err().1;
    assert!(wrong("../out.csv").contains("no `..`"));
    assert!(wrong(files.0.path().join("out.csv").to_str().unwrap()).contains("no absolute paths"));
    assert!(wrong("nowhere.csv").contains("no such file"));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../out.csv", root.join("link.csv")).unwrap();
        assert!(wrong("link.csv").contains("leads out"));
    }
    let open = folder.clone().allow(files.0.path());
    assert!(open.resolve("../out.csv").is_ok());
    assert!(open.resolve("/etc/hostname").is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..80) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = Data::new().read_json(&text, "x");
        let _ = Data::new().read_toml(&text, "x");
        let _ = table::read(&text, "x");
        let _ = market::read(&format!("%%MatrixMarket matrix coordinate real general\n{text}"), "x");
        let _ = numpy::archive(&bytes, "x", 1 << 20);
        let mut array = npy("<f8", "False", "(2, 3)", &bytes);
        for (at, byte) in bytes.iter().enumerate() {
            let place = (cut + 7 * at) % array.len();
            array[place] = *byte;
        }
        let _ = numpy::array(&array, "x");
        let _ = numpy::array(&bytes, "x");
    }
}
