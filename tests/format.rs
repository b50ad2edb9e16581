//! The serialized form of programs: what was once written must always load and mean the same.

use cvxlayer::{Data, Layer, Params, Settings};

/// The model is beside the program, for whoever wants to know what it says; it is not needed to run it.
#[test]
fn format_1_still_loads_solves_and_differentiates() {
    let program = cvxlayer::read_program(include_str!("fixtures/program-format-1.json")).expect("format 1");
    let mut data = Data::new();
    data.read_json(include_str!("fixtures/program-format-1.data.json"), "data").expect("values");
    let params = Params::from_data(&data, &program);
    let layer = Layer::new(program, Settings::default()).expect("a layer");
    let solution = layer.solve(&params).expect("good values");
    assert!(solution.is_solved());
    assert!((solution.objective + OBJECTIVE).abs() < 1e-9, "{}", solution.objective);
    assert!((solution.expressions["risk"].scalar().unwrap() - 0.237_75).abs() < 1e-9);
    let gradients = solution.vjp(&[("objective", 1.0)].into_iter().collect()).expect("a solved problem");
    // The optimal value rises with a return by what is held of the asset.
    for (by, held) in gradients["mu"].values().iter().zip(solution.variables["w"].values()) {
        assert!((by - held).abs() < 1e-9);
    }
}

const OBJECTIVE: f64 = 0.355_629_441_171_442_3;
