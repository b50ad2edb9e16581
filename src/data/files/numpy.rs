//! NumPy's `.npy` and `.npz`, and SciPy's sparse matrices in the latter.

use super::super::array::Array;
use super::super::bundle::mistake;
use super::super::nested::{sparse, whole};
use super::LARGEST;
use crate::error::Error;
use std::io::{Cursor, Read};

/// A header longer or deeper than this is no array's.
const LONGEST_HEADER: usize = 4096;
const DEEPEST_HEADER: usize = 8;

/// Reads a `.npy` file.
pub(super) fn array(bytes: &[u8], origin: &str) -> Result<Array, Error> {
    read(bytes).map_err(|message| mistake(origin, "", &message))
}

/// The files of a `.npz` by the names of their arrays, up to a size unpacked.
pub(super) fn unpack(bytes: &[u8], origin: &str, largest: u64) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| mistake(origin, "", &e))?;
    let mut left = largest;
    let mut out = Vec::with_capacity(archive.len());
    for i in 0..archive.len() {
        let mut file = archive.by_index(i).map_err(|e| mistake(origin, "", &e))?;
        let name = file.name().map_err(|e| mistake(origin, "", &e))?.trim_end_matches(".npy").to_owned();
        let mut content = Vec::new();
        // What the archive says itself is believed only if it is too much.
        if file.size() <= left {
            file.by_ref().take(left + 1).read_to_end(&mut content).map_err(|e| mistake(origin, &name, &e))?;
        }
        left = left.checked_sub(file.size().max(content.len() as u64)).ok_or_else(|| {
            mistake(origin, &name, &format!("it unpacks to more than {} MiB", largest >> 20))
        })?;
        out.push((name, content));
    }
    Ok(out)
}

/// Reads the arrays of a `.npz` file by name, up to a size unpacked; a sparse matrix of SciPy's is one array, named
/// `matrix`.
pub(super) fn archive(bytes: &[u8], origin: &str, largest: u64) -> Result<Vec<(String, Array)>, Error> {
    let (mut out, mut format) = (Vec::new(), None);
    for (name, content) in unpack(bytes, origin, largest)? {
        if name == "format" {
            format = content.len().checked_sub(3).map(|start| content[start..].to_vec());
        } else {
            let value = read(&content).map_err(|message| mistake(origin, &name, &message))?;
            out.push((name, value));
        }
    }
    match format {
        None => Ok(out),
        Some(format) => {
            let matrix = scipy(&out, &format).map_err(|message| mistake(origin, "", &message))?;
            Ok(vec![("matrix".to_owned(), matrix)])
        }
    }
}

/// Reads the bytes of one array.
fn read(bytes: &[u8]) -> Result<Array, String> {
    guard(bytes)?;
    // The reader's errors may run over several lines.
    let first_line = |e: std::io::Error| e.to_string().lines().next().unwrap_or_default().to_owned();
    let open =
        || npyz::NpyFile::new(bytes).map_err(|e| format!("its header is not NumPy's: {}", first_line(e)));
    let file = open()?;
    let kind = file.dtype().descr();
    if kind.contains(['m', 'M']) {
        return Err(format!("entries of the type {kind} are not read"));
    }
    let axes: Option<Vec<usize>> = file.shape().iter().map(|&n| usize::try_from(n).ok()).collect();
    let axes = axes.filter(|axes| axes.len() <= 2).ok_or("arrays have at most two axes")?;
    let len = axes.iter().try_fold(1_usize, |len, &n| len.checked_mul(n));
    let len = len
        .filter(|len| *len <= LARGEST && *len <= bytes.len())
        .ok_or("it is shorter than its header says")?;
    let fortran = file.order() == npyz::Order::Fortran;
    macro_rules! try_types {
        ($($t:ty),*) => { $(
            if let Ok(reader) = open()?.data::<$t>() {
                return finish(reader.map(|v| v.map(|v| v as f64)), axes, len, fortran);
            }
        )* };
    }
    #[allow(clippy::cast_lossless, reason = "one line serves all types")]
    {
        try_types!(f64, f32, i64, i32, i16, i8, u64, u32, u16, u8);
    }
    if let Ok(reader) = open()?.data::<bool>() {
        return finish(reader.map(|v| v.map(|v| f64::from(u8::from(v)))), axes, len, fortran);
    }
    Err(format!("entries of the type {kind} are not read"))
}

/// Refuses headers that a reader might run away with.
fn guard(bytes: &[u8]) -> Result<(), String> {
    let wrong = || "it is no NumPy array".to_owned();
    if bytes.len() < 12 || &bytes[..6] != b"\x93NUMPY" {
        return Err(wrong());
    }
    let (start, len) = match bytes[6] {
        1 => (10, usize::from(u16::from_le_bytes([bytes[8], bytes[9]]))),
        _ => (12, u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize),
    };
    if len > LONGEST_HEADER {
        return Err(wrong());
    }
    let header = bytes.get(start..start + len).ok_or_else(wrong)?;
    let deep = header.iter().filter(|b| matches!(b, b'(' | b'[' | b'{')).count() > DEEPEST_HEADER;
    // No size of a sane array has so many digits; products of sizes are checked afterwards.
    let long = header.split(|b| !b.is_ascii_digit()).any(|digits| digits.len() > 9);
    if deep || long { Err(wrong()) } else { Ok(()) }
}

fn finish(
    values: impl Iterator<Item = std::io::Result<f64>>,
    axes: Vec<usize>,
    len: usize,
    fortran: bool,
) -> Result<Array, String> {
    let values: Vec<f64> =
        values.collect::<Result<_, _>>().map_err(|_| "it is shorter than its header says".to_owned())?;
    if values.len() != len {
        return Err("it is shorter than its header says".to_owned());
    }
    let values = match axes[..] {
        [m, n] if fortran => (0..len).map(|e| values[(e % n) * m + e / n]).collect(),
        _ => values,
    };
    Array::dense(axes, values).ok_or_else(|| "it is shorter than its header says".to_owned())
}

/// SciPy's `save_npz`: compressed rows or columns, or coordinates.
fn scipy(parts: &[(String, Array)], format: &[u8]) -> Result<Array, String> {
    let part = |name: &str| {
        let found = parts.iter().find(|(n, _)| n == name);
        found.map(|(_, a)| a.values()).ok_or_else(|| format!("a sparse matrix without its `{name}`"))
    };
    let index = |name: &str| whole(name, part(name)?);
    let [m, n] = index("shape")?[..] else { return Err("a sparse matrix has two axes".to_owned()) };
    let (m, n) = (m as usize, n as usize);
    let data = part("data")?;
    if format == b"coo" {
        return sparse(m, n, &index("row")?, &index("col")?, data);
    }
    if format != b"csr" && format != b"csc" {
        return Err("sparse matrices are read in the formats csr, csc and coo".to_owned());
    }
    let (minor, ptr) = (index("indices")?, index("indptr")?);
    let lines = if format == b"csr" { m } else { n };
    let fits = ptr.len() == lines + 1
        && ptr[0] == 0
        && ptr.windows(2).all(|w| w[0] <= w[1])
        && ptr[lines] as usize == minor.len();
    if !fits {
        return Err("its `indptr` does not fit its `indices`".to_owned());
    }
    let major: Vec<u32> =
        ptr.windows(2).enumerate().flat_map(|(i, w)| (w[0]..w[1]).map(move |_| i as u32)).collect();
    if format == b"csr" { sparse(m, n, &major, &minor, data) } else { sparse(m, n, &minor, &major, data) }
}
