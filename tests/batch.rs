//! Batches of a layer: what each sample is alone, derivatives and failures per sample, factors shared where they may be.

mod support;

use cvxlayer::{Array, Error, Layer, Method, Named, Params, Settings, Solution, Status, vjp_batch};
use support::{N, portfolio};

const SAMPLES: usize = 9;

fn layer() -> Layer {
    Layer::new(portfolio(), Settings::default()).expect("a valid program")
}

/// Samples that differ in `mu`, and in the matrix too where asked.
fn params(matrix: bool) -> Vec<Params> {
    let sample = |k: usize| {
        let (t, mut params) = (k as f64 / SAMPLES as f64, Params::new());
        let d = if matrix { 0.1 * t } else { 0.0 };
        let s = vec![0.4 + d, 0.1, 0.0, 0.1, 0.3, 0.05, 0.0, 0.05, 0.6 + d];
        params.set("S", Array::dense(vec![N, N], s).unwrap());
        params.set("mu", vec![0.1 + t, 0.3 - t, 0.2]).set("cap", 0.6).set("gamma", 1.5);
        params
    };
    (0..SAMPLES).map(sample).collect()
}

fn seed(k: usize) -> Named<Array> {
    let mut out = Named::default();
    out.insert("w", vec![1.0, -0.5, k as f64]).insert("dual(budget)", 0.25).insert("objective", 1.0);
    out
}

fn close(a: &Array, b: &Array, what: &str) {
    for (a, b) in a.to_dense().iter().zip(b.to_dense()) {
        assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{what}: {a} {b}");
    }
}

#[test]
fn samples_and_their_gradients_are_what_they_are_alone() {
    let layer = layer();
    for matrix in [false, true] {
        let params = params(matrix);
        let together = layer.solve_batch(&params);
        let seeds: Vec<_> = (0..SAMPLES).map(seed).collect();
        let gradients = vjp_batch(&together, &seeds).unwrap();
        assert_eq!((together.len(), gradients.len()), (SAMPLES, SAMPLES));
        for k in 0..SAMPLES {
            let (s, alone) = (together[k].as_ref().unwrap(), layer.solve(&params[k]).unwrap());
            assert_eq!((s.status, s.info.method), (Status::Solved, alone.info.method));
            close(&s.variables["w"], &alone.variables["w"], "w");
            let (g, expected) = (gradients[k].as_ref().unwrap(), alone.vjp(&seeds[k]).unwrap());
            for name in ["mu", "S", "cap", "gamma"] {
                close(&g[name], &expected[name], name);
            }
            assert_eq!(g.well_defined, expected.well_defined);
        }
    }
}

#[test]
fn a_bad_sample_is_its_own_error() {
    let layer = layer();
    let mut params = params(false);
    params[2].set("mu", vec![0.1, f64::NAN, 0.2]);
    params[4].set("cap", -1.0);
    let samples = layer.solve_batch(&params);
    for (k, sample) in samples.iter().enumerate() {
        let alone = layer.solve(&params[k]);
        match (sample, &alone) {
            (Ok(s), Ok(alone)) => assert_eq!(s.status, alone.status, "{k}"),
            (Err(a), Err(b)) => assert_eq!(a.to_string(), b.to_string(), "{k}"),
            _ => panic!("{k}: {sample:?} {alone:?}"),
        }
    }
    assert!(samples[2].is_err());
    assert_eq!(samples[0].as_ref().unwrap().status, Status::Solved);
    let seeds: Vec<_> = (0..SAMPLES).map(seed).collect();
    let gradients = vjp_batch(&samples, &seeds).unwrap();
    assert!(matches!(gradients[2], Err(Error::Sample(_))));
    assert!(gradients[0].is_ok());
    assert!(matches!(vjp_batch(&samples, &seeds[1..]), Err(Error::Length { .. })));
    assert!(layer.solve_batch(&[]).is_empty());
}

#[test]
fn samples_start_warm_each_from_its_own() {
    let layer = layer();
    let params = params(false);
    let cold: Vec<Solution> = layer.solve_batch(&params).into_iter().map(Result::unwrap).collect();
    let starts: Vec<Option<&Solution>> = cold.iter().map(Some).collect();
    for (warm, cold) in layer.solve_batch_warm(&params, &starts).iter().zip(&cold) {
        let warm = warm.as_ref().unwrap();
        close(&warm.variables["w"], &cold.variables["w"], "w");
        if cold.info.method == Method::ActiveSet {
            assert_eq!(warm.info.iterations, 1);
        }
    }
}
