//! `einsum` against its definition, for every pattern of one and two factors, and some of three.
#![cfg(feature = "lang")]

use cvxlayer::{Array, Data, Model, Params, Settings, Status};
use std::fmt::Write as _;

const LABELS: [(char, usize); 3] = [('i', 2), ('j', 3), ('k', 2)];

fn size(label: char) -> usize {
    LABELS.iter().find(|(l, _)| *l == label).map_or(0, |(_, n)| *n)
}

/// All words of up to two labels, the empty one too if `scalars`.
fn words(scalars: bool) -> Vec<String> {
    let one = LABELS.iter().map(|(l, _)| l.to_string());
    let two = LABELS.iter().flat_map(|(a, _)| LABELS.iter().map(move |(b, _)| format!("{a}{b}")));
    let none = scalars.then(String::new);
    none.into_iter().chain(one).chain(two).collect()
}

fn axes(word: &str) -> Vec<usize> {
    word.chars().map(size).collect()
}

fn shape(word: &str) -> String {
    let axes = axes(word);
    if axes.is_empty() { String::new() } else { format!("{axes:?}") }
}

/// Where an entry stands in an array with these labels.
fn position(word: &str, at: &dyn Fn(char) -> usize) -> usize {
    word.chars().fold(0, |position, label| position * size(label) + at(label))
}

/// Σ over the labels that the result does not have, term by term.
fn defined(factors: &[&str], values: &[Vec<f64>], out: &str) -> Vec<f64> {
    let used: Vec<(char, usize)> =
        LABELS.into_iter().filter(|(l, _)| factors.iter().any(|f| f.contains(*l))).collect();
    let mut sum = vec![0.0; axes(out).iter().product()];
    for k in 0..used.iter().map(|(_, n)| n).product::<usize>() {
        let at = |label: char| {
            let mut rest = k;
            for &(l, n) in &used {
                if l == label {
                    return rest % n;
                }
                rest /= n;
            }
            0
        };
        let term = factors.iter().zip(values).map(|(word, v)| v[position(word, &at)]);
        sum[position(out, &at)] += term.product::<f64>();
    }
    sum
}

/// All results at once: by the graph form as variables, and on the tape.
fn check(factors: &[&str], varies: usize) {
    let value = |k: usize| -> Vec<f64> {
        (0..axes(factors[k]).iter().product::<usize>()).map(|e| ((7 * e + 3 * k) % 5) as f64 - 1.5).collect()
    };
    let values: Vec<Vec<f64>> = (0..factors.len()).map(value).collect();
    let outs: Vec<String> = words(true)
        .into_iter()
        .filter(|out| out.chars().all(|c| factors.iter().any(|f| f.contains(c))))
        .filter(|out| out.len() < 2 || out.as_bytes()[0] != out.as_bytes()[1])
        .collect();
    let (mut text, mut held) = (String::new(), String::from("subject to\n"));
    let mut params = Params::new();
    for (k, word) in factors.iter().enumerate() {
        let _ = writeln!(text, "param p{k}{};", shape(word));
        params.set(format!("p{k}"), Array::dense(axes(word), values[k].clone()).expect("a fitting shape"));
    }
    let _ = writeln!(text, "var x{};", shape(factors[varies]));
    let _ = writeln!(held, "x == p{varies};");
    let names: Vec<String> =
        (0..factors.len()).map(|k| if k == varies { "x".to_owned() } else { format!("p{k}") }).collect();
    for (k, out) in outs.iter().enumerate() {
        let call = format!("einsum(\"{}->{out}\", {})", factors.join(","), names.join(", "));
        let _ = writeln!(text, "var t{k}{};\nlet v{k} = {call};", shape(out));
        let _ = writeln!(held, "t{k} == {call};");
    }
    text += "minimize sum_squares(x);\n";
    text += &held;
    let model = Model::from_text(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let layer = model.bind(&Data::new()).and_then(|b| b.layer(Settings::default()));
    let solution = layer.unwrap_or_else(|e| panic!("{e}\n{text}")).solve(&params).expect("good parameters");
    assert_eq!(solution.status, Status::Solved, "{text}");
    for (k, out) in outs.iter().enumerate() {
        let expected = defined(factors, &values, out);
        for (how, found) in [
            ("by the graph form", &solution.variables[format!("t{k}").as_str()]),
            ("on the tape", &solution.expressions[format!("v{k}").as_str()]),
        ] {
            assert_eq!(found.axes(), axes(out), "{out} {how}: {text}");
            let close = found.to_dense().iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-7);
            assert!(close, "->{out} {how}: {:?} is not {expected:?}\n{text}", found.to_dense());
        }
    }
}

#[test]
fn every_pattern_is_its_definition() {
    for a in &words(false) {
        check(&[a], 0);
        for b in &words(false) {
            check(&[a, b], usize::from(a < b));
        }
    }
    for factors in
        [["ij", "jk", "ki"], ["ij", "ik", "i"], ["i", "j", "k"], ["ij", "jk", "ij"], ["ii", "ij", "kk"]]
    {
        for varies in 0..3 {
            check(&factors, varies);
        }
    }
}
