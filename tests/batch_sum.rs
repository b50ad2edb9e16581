//! Batches whose shared parameters are given once: samples are what they are alone, and gradients by what is shared are
//! sums.
#![cfg(feature = "lang")]

use cvxlayer::{Array, Error, Layer, Method, Named, Params, Settings, Solution, Status, vjp_batch_sum};

fn close(a: &Array, b: &Array, what: &str) {
    for (a, b) in a.to_dense().iter().zip(b.to_dense()) {
        assert!((a - b).abs() <= 1e-11 * b.abs().max(1.0), "{what}: {a} {b}");
    }
}

/// A layer whose matrices are parameters, with several kinds of constraints, for samples that have a `q` of their own.
fn quadratic() -> Layer {
    let text = "
        param P[4, 4] psd; param q[4]; param G[3, 4]; param h[3]; param lam nonneg;
        var x[4] in [-2, 2];
        minimize quad_form(x, P) / 2 + q @ x + lam * norm1(x);
        subject to
          rows: G @ x <= h;
          total: sum(x) == 1;
    ";
    let model = cvxlayer::Model::from_text(text).unwrap();
    model.bind(&cvxlayer::Data::new()).unwrap().layer(Settings::default()).unwrap()
}

fn matrices() -> Params {
    let mut shared = Params::new();
    let p = vec![2.0, 0.3, 0.0, 0.1, 0.3, 1.5, 0.2, 0.0, 0.0, 0.2, 1.0, 0.4, 0.1, 0.0, 0.4, 1.2];
    let g = vec![1.0, 0.5, -0.3, 0.2, -0.7, 1.0, 0.4, 0.0, 0.2, -0.2, 1.0, 1.0];
    shared.set("P", Array::dense(vec![4, 4], p).unwrap()).set("G", Array::dense(vec![3, 4], g).unwrap());
    shared.set("h", vec![0.6, 0.5, 0.4]).set("lam", 0.05);
    shared
}

fn own(samples: usize) -> Vec<Params> {
    let sample = |k: usize| {
        let mut params = Params::new();
        let angle = |i: usize| (0.7 * k as f64 + 1.9 * i as f64).sin();
        params.set("q", (0..4).map(|i| 1.5 * angle(i)).collect::<Vec<f64>>());
        params
    };
    (0..samples).map(sample).collect()
}

fn merged(shared: &Params, own: &Params) -> Params {
    let mut out = Params::new();
    for (name, value) in shared.iter().chain(own.iter()) {
        out.set(name, value.clone());
    }
    out
}

#[test]
fn shared_parameters_are_given_once_and_get_the_sum() {
    let (layer, shared, own) = (quadratic(), matrices(), own(21));
    let solutions = layer.solve_batch_of(&shared, &own, &[]);
    let compared = layer.solve_batch(&own.iter().map(|o| merged(&shared, o)).collect::<Vec<_>>());
    let cotangent = |k: usize| {
        let mut out: Named<Array> = Named::default();
        out.insert("x", vec![1.0, -0.5, k as f64, 0.3]).insert("dual(rows)", vec![0.2, -1.0, 0.4]);
        // What goes by the objective is differentiated sample by sample.
        if k % 7 == 3 {
            out.insert("objective", 0.5);
        }
        out
    };
    let cotangents: Vec<_> = (0..own.len()).map(cotangent).collect();
    let gradients = vjp_batch_sum(&solutions, &cotangents, &["P", "G", "h", "lam"]).unwrap();
    assert_eq!(gradients.shared.names().collect::<Vec<_>>(), ["P", "G", "h", "lam"]);
    let mut sums: Vec<Vec<f64>> = vec![Vec::new(); 4];
    for k in 0..own.len() {
        let (s, alone) = (solutions[k].as_ref().unwrap(), layer.solve(&merged(&shared, &own[k])).unwrap());
        assert_eq!(s.status, Status::Solved);
        close(&s.variables["x"], &alone.variables["x"], "x");
        close(&s.duals["rows"], &alone.duals["rows"], "rows");
        close(&compared[k].as_ref().unwrap().variables["x"], &s.variables["x"], "x");
        assert!((s.objective - alone.objective).abs() < 1e-12);
        let (g, expected) = (gradients.samples[k].as_ref().unwrap(), alone.vjp(&cotangents[k]).unwrap());
        assert_eq!((g.well_defined, &g.notes), (expected.well_defined, &expected.notes), "{k}");
        assert_eq!(g.by.names().collect::<Vec<_>>(), ["q"]);
        close(&g["q"], &expected["q"], "q");
        close(&s.vjp(&cotangents[k]).unwrap()["P"], &expected["P"], "P of the sample itself");
        for (sum, name) in sums.iter_mut().zip(["P", "G", "h", "lam"]) {
            let part = expected[name].to_dense();
            sum.resize(part.len(), 0.0);
            sum.iter_mut().zip(part).for_each(|(s, v)| *s += v);
        }
    }
    for (name, sum) in ["P", "G", "h", "lam"].into_iter().zip(sums) {
        let size = sum.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
        for (a, b) in gradients.shared[name].to_dense().iter().zip(sum) {
            assert!((a - b).abs() <= 1e-10 * size, "{name}: {a} {b}");
        }
    }
}

#[test]
fn a_sample_with_a_fault_of_its_own_leaves_the_sum() {
    let (layer, shared, mut own) = (quadratic(), matrices(), own(10));
    own[0].set("q", vec![f64::NAN; 4]);
    own[3].set("h", vec![-9.0, -9.0, -9.0]);
    own[5].set("nothing", 1.0);
    own[6].set("q", vec![1.0; 3]);
    let solutions = layer.solve_batch_of(&shared, &own, &[]);
    let cotangents = vec![[("x", vec![1.0, 2.0, 3.0, 4.0])].into_iter().collect::<Named<Array>>(); 10];
    let gradients = vjp_batch_sum(&solutions, &cotangents, &["G"]).unwrap();
    let mut sum = [0.0; 12];
    for k in 0..10 {
        let alone = layer.solve(&merged(&shared, &own[k]));
        match (&solutions[k], &alone) {
            (Ok(s), Ok(alone)) => assert_eq!(s.status, alone.status),
            (Err(a), Err(b)) => assert_eq!(a.to_string(), b.to_string()),
            (s, alone) => panic!("{k}: {s:?} {alone:?}"),
        }
        match alone.and_then(|s| s.vjp(&cotangents[k])) {
            Ok(g) => {
                assert!(gradients.samples[k].is_ok());
                sum.iter_mut().zip(g["G"].to_dense()).for_each(|(s, v)| *s += v);
            }
            Err(_) => assert!(gradients.samples[k].is_err(), "{k}"),
        }
    }
    let failed: Vec<usize> = (0..10).filter(|&k| gradients.samples[k].is_err()).collect();
    assert_eq!(failed, [0, 3, 5, 6]);
    close(&gradients.shared["G"], &Array::dense(vec![3, 4], sum.to_vec()).unwrap(), "G");
    let unknown = vjp_batch_sum(&solutions, &cotangents, &["Q"]);
    assert!(matches!(unknown, Err(Error::Unknown { kind: "parameter", .. })));
    assert!(matches!(vjp_batch_sum(&solutions, &cotangents[1..], &[]), Err(Error::Length { .. })));
    assert!(vjp_batch_sum(&[], &[], &["G"]).unwrap().samples.is_empty());
    // A fault in what is shared is every sample's.
    let mut bad = shared.clone();
    bad.set("P", Array::dense(vec![4, 4], vec![-1.0; 16]).unwrap());
    assert!(layer.solve_batch_of(&bad, &own, &[]).iter().all(Result::is_err));
}

#[test]
fn lifted_parameters_and_lets_are_summed_too() {
    let text = "
        param A[3, 3]; param y[3]; param s pos;
        var x[3] nonneg;
        let fit = A @ x;
        minimize s ** 2 * sum_squares(A @ x - y) + sum_squares(x);
    ";
    let model = cvxlayer::Model::from_text(text).unwrap();
    let layer = model.bind(&cvxlayer::Data::new()).unwrap().layer(Settings::default()).unwrap();
    let mut shared = Params::new();
    let a = vec![1.0, 0.2, 0.0, -0.3, 0.8, 0.1, 0.5, 0.0, 1.1];
    shared.set("A", Array::dense(vec![3, 3], a).unwrap()).set("s", 1.3);
    let own: Vec<Params> = (0..9)
        .map(|k| {
            let mut params = Params::new();
            params.set("y", vec![0.4 + 0.1 * f64::from(k), 0.9, 0.7]);
            if k % 2 == 0 {
                params.set("s", 1.0 + 0.1 * f64::from(k));
            }
            params
        })
        .collect();
    let solutions = layer.solve_batch_of(&shared, &own, &[]);
    let cotangent: Named<Array> =
        [("fit", vec![1.0, 0.5, -1.0]), ("x", vec![0.1, 0.2, 0.3])].into_iter().collect();
    let cotangents = vec![cotangent; 9];
    let gradients = vjp_batch_sum(&solutions, &cotangents, &["A"]).unwrap();
    let mut sum = [0.0; 9];
    for k in 0..9 {
        let alone = layer.solve(&merged(&shared, &own[k])).unwrap();
        let (s, expected) = (solutions[k].as_ref().unwrap(), alone.vjp(&cotangents[k]).unwrap());
        close(&s.expressions["fit"], &alone.expressions["fit"], "fit");
        close(&gradients.samples[k].as_ref().unwrap()["s"], &expected["s"], "s");
        sum.iter_mut().zip(expected["A"].to_dense()).for_each(|(s, v)| *s += v);
    }
    close(&gradients.shared["A"], &Array::dense(vec![3, 3], sum.to_vec()).unwrap(), "A");
}

#[test]
fn samples_of_shared_parameters_start_warm() {
    let (layer, shared, own) = (quadratic(), matrices(), own(12));
    let cold: Vec<Solution> =
        layer.solve_batch_of(&shared, &own, &[]).into_iter().map(Result::unwrap).collect();
    let starts: Vec<Option<&Solution>> = cold.iter().map(Some).collect();
    for (warm, cold) in layer.solve_batch_of(&shared, &own, &starts).iter().zip(&cold) {
        let warm = warm.as_ref().unwrap();
        close(&warm.variables["x"], &cold.variables["x"], "x");
        if cold.info.method == Method::ActiveSet {
            assert_eq!(warm.info.iterations, 1);
        }
    }
}
