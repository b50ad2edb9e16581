//! The rules of every atom, as tables in `tests/atoms` state them: shape, sign and curvature of expressions, and errors.

use cvxlayer_lang::atoms::{ATOMS, Group, page};
use cvxlayer_lang::diagnostics::render;
use cvxlayer_lang::{Checked, Source, check};

const NAMES: &str = include_str!("atoms/names.txt");
const TABLES: [&str; 5] = [
    include_str!("atoms/affine.txt"),
    include_str!("atoms/piecewise.txt"),
    include_str!("atoms/quadratic.txt"),
    include_str!("atoms/smooth.txt"),
    include_str!("atoms/data.txt"),
];

/// A line of a table: the atom it is about, an expression and what is said of it.
fn lines() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let mut atom = "";
    TABLES.iter().flat_map(|table| table.lines()).filter_map(move |line| {
        if let Some(heading) = line.strip_prefix("# ") {
            atom = heading;
            return None;
        }
        let (expression, facts) = line.rsplit_once(" : ")?;
        Some((atom, expression.trim(), facts.trim()))
    })
}

fn shown(text: &str, checked: &Checked) -> String {
    render::render_all(&Source::new("model", text), &checked.diagnostics, render::Style::Plain)
}

/// What the checker finds out about an expression.
fn facts(expression: &str) -> String {
    let text = format!("{NAMES}let probe = {expression};\n");
    let checked = check(&text);
    if let Some(error) = checked.diagnostics.iter().find(|d| d.is_error()) {
        return error.code.id.to_owned();
    }
    let Some(probe) = checked.model.lets.first() else { return "nothing".into() };
    let tree = &checked.model.tree;
    let shape = tree.show_shape(tree.shape(probe.node)).replace("a scalar", "scalar");
    let facts = tree.facts(probe.node);
    let word = |text: &str| text.split(' ').next_back().unwrap_or(text).to_owned();
    let sign = facts.interval.sign().replace("unknown sign", "unknown");
    let curvature = facts.curvature.name().replace("of unknown curvature", "unknown");
    format!("{shape}, {sign}, {}", word(&curvature))
}

#[test]
fn expressions_have_the_stated_shape_sign_and_curvature() {
    let mut wrong = Vec::new();
    for (atom, expression, stated) in lines() {
        let found = facts(expression);
        if found != stated {
            wrong.push(format!("{atom}: {expression}: stated {stated}, found {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lines().count() > 250, "the tables are read");
}

#[test]
fn examples_are_right_and_use_their_atom() {
    for atom in ATOMS {
        let row = atom.row();
        if row.example.is_empty() {
            continue;
        }
        let checked = check(row.example);
        assert!(!checked.has_errors(), "{}:\n{}", row.name, shown(row.example, &checked));
        let operator =
            matches!(row.name, "add" | "negative" | "multiply" | "divide" | "matmul" | "transpose" | "power");
        let written = row.example.contains(&format!("{}(", row.name)) || row.example.contains("norm(");
        assert!(operator || written, "{}: {}", row.name, row.example);
    }
}

/// The first expression of an atom's section with this curvature.
fn curved(name: &str, curvature: &str) -> Option<&'static str> {
    lines().find(|(atom, _, facts)| *atom == name && facts.ends_with(curvature)).map(|(_, e, _)| e)
}

#[test]
fn atoms_outside_the_class_name_their_cone_and_offer_what_is_inside() {
    let mut count = 0;
    for atom in ATOMS {
        let row = atom.row();
        let text = match row.group {
            Group::Quadratic => curved(row.name, "convex").map(|e| format!("subject to cap: sum({e}) <= 1;")),
            Group::Smooth => curved(row.name, "convex")
                .map(|e| format!("subject to cap: sum({e}) <= 1;"))
                .or_else(|| curved(row.name, "concave").map(|e| format!("subject to cap: sum({e}) >= 1;"))),
            Group::Cone => curved(row.name, "convex")
                .map(|e| format!("minimize sum({e});"))
                .or_else(|| curved(row.name, "concave").map(|e| format!("maximize sum({e});"))),
            _ => None,
        };
        let Some(text) = text.filter(|text| !text.contains(" * ")) else { continue };
        let text = format!("{NAMES}{text}");
        let checked = check(&text);
        let error =
            checked.diagnostics.iter().find(|d| d.is_error()).unwrap_or_else(|| panic!("no error: {text}"));
        assert_eq!(error.code.id, "E0401", "{}", shown(&text, &checked));
        let cone = if row.group == Group::Quadratic { "second-order cone" } else { row.cone };
        assert!(error.message.contains(cone), "{}", shown(&text, &checked));
        if !row.instead.is_empty() {
            // Some have a rewrite of their own in a constraint.
            let own = ["square", "power", "norm2", "exp", "log", "log1p", "sqrt", "inv_pos"]
                .contains(&row.name)
                && !error.help.is_empty();
            assert!(own || error.help.iter().any(|help| help == row.instead), "{}", shown(&text, &checked));
        }
        count += 1;
    }
    assert!(count >= 20, "{count}");
}

#[test]
fn smooth_atoms_outside_the_objective_itself_name_their_cone() {
    let cases = [
        "subject to exp(x) <= 1;",
        "subject to log(u) >= v;",
        "subject to s <= sum(entr(u));",
        "subject to logistic(x) <= u;",
        "subject to log_sum_exp(x) <= 1;",
        "subject to log_normcdf(x) >= -1;",
        "subject to sqrt(u) >= 1;",
        "subject to inv_pos(u) <= 1;",
        "subject to x**4 <= 1;",
        "subject to power(u, 0.3) >= 1;",
        "minimize square(exp(s));",
        "minimize max(exp(x));",
        "minimize exp(square(s));",
        "maximize log(sum(sqrt(u)));",
        "minimize log_sum_exp(exp(x));",
        "minimize sum(rel_entr(u, x + 2));",
        "minimize sum(kl_div(u, x + 2));",
    ];
    let shown: Vec<_> =
        cases.iter().map(|case| format!("{case}\n  {}", error(&format!("{NAMES}{case}")))).collect();
    insta::assert_snapshot!("smooth_outside", shown.join("\n"));
}

#[test]
fn every_name_finds_its_page() {
    for atom in ATOMS {
        let row = atom.row();
        for name in std::iter::once(&row.name).chain(row.aliases) {
            let found = page::find(name);
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].row().name, row.name);
        }
    }
    assert_eq!(page::find("norm").len(), 7);
    assert!(page::find("nrom").is_empty());
    insta::assert_snapshot!("page_of_sum_largest", page::page(page::find("sum_largest")[0]));
    insta::assert_snapshot!("table", page::table());
}

/// What is said of a model with an error: its code, message, notes and help.
fn error(text: &str) -> String {
    let checked = check(text);
    let error = checked.diagnostics.iter().find(|d| d.is_error());
    error.map_or_else(
        || "no error".into(),
        |e| {
            let labels = e.labels.iter().map(|l| l.message.as_str());
            let all =
                std::iter::once(e.message.as_str()).chain(labels).chain(e.help.iter().map(String::as_str));
            format!("{} {}", e.code.id, all.filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" | "))
        },
    )
}

#[test]
fn wrong_arguments_are_explained() {
    let cases = [
        "sum_largest(x, a)",
        "sum_largest(x, -1)",
        "cvar(x, a)",
        "cvar(x, 1)",
        "quantile_loss(x, a)",
        "scalene(x, g, a)",
        "tv(Z)",
        "dotsort(x[0:2], v)",
        "dotsort(v, x)",
        "quad_over_lin(x, a)",
        "quad_over_lin(x, u[0])",
        "matrix_frac(x, S[0:2, 0:2])",
        "huber(x, -1)",
        "vec(Z)",
        "flatten(Z, order=\"K\")",
        "squeeze(Z, axis=0)",
        "upper_tri(Z)",
        "vec_to_upper_tri(x)",
        "broadcast_to(x, [4, 2])",
        "roll(x, s)",
        "fliplr(x)",
        "swapaxes(Z, 0, 2)",
        "concatenate(x, s)",
        "concatenate(X, Z)",
        "bmat([[X, x]])",
        "kron(x, X)",
        "conv(X, x)",
        "outer(X, x)",
        "einsum(\"ij,j\", X, x)",
        "einsum(\"ij->ijk\", X)",
        "einsum(X, x)",
        "norm(x, 3)",
        "norm(x, 0.5)",
        "norm(x, \"fro\")",
        "norm(x, 1, 2)",
        "norm(x, \"max\")",
        "mixed_norm(Z, 3, 1)",
        "mixed_norm(x, 1, 1)",
        "log_det(Z)",
        "max(x, s)",
        "huber(x, N=2)",
        "sin(x)",
        "hingee(x)",
        "outer(x, y)",
    ];
    let shown: Vec<_> = cases
        .iter()
        .map(|case| format!("{case}\n  {}", error(&format!("{NAMES}minimize sum({case});"))))
        .collect();
    insta::assert_snapshot!("wrong_arguments", shown.join("\n"));
}

#[test]
fn functions_that_nobody_calls_are_checked() {
    assert_eq!(
        error("var x; fn f(v) = sum(vv); minimize square(x);"),
        "E0201 unknown name `vv` | nothing of this name is declared"
    );
    let wrong = error("var x; fn f(v) = g(v); fn g(v, w) = v + w; minimize square(x);");
    assert!(wrong.starts_with("E0207 `g` takes 2 arguments"), "{wrong}");
    let recursive = error("var x; fn f(v) = f(v) + 1; minimize square(x);");
    assert!(recursive.starts_with("E0203"), "{recursive}");
    assert_eq!(error("var x[3]; fn f(v, k) = sum(abs(v[0:k]), axis=k) @ v; minimize norm1(x);"), "no error");
}
