//! What is parsed as what: expressions and statements written out with all their parentheses.

use cvxlayer_lang::syntax::ast::{
    Ast, AttributeKind, Expr, ExprId, IndexItem, Init, Ranges, StatementKind, UnaryOp,
};
use cvxlayer_lang::syntax::{parse, parse_expression};

fn list(ast: &Ast, ids: &[ExprId]) -> String {
    ids.iter().map(|id| show(ast, *id)).collect::<Vec<_>>().join(", ")
}

fn optional(ast: &Ast, id: Option<ExprId>) -> String {
    id.map_or(String::new(), |id| show(ast, id))
}

fn ranges(ast: &Ast, ranges: &Ranges) -> String {
    let loops = ranges
        .loops
        .iter()
        .map(|it| format!("{} in {}..{}", it.name.text, show(ast, it.from), show(ast, it.to)));
    let condition = ranges.condition.map_or(String::new(), |id| format!(" if {}", show(ast, id)));
    format!("for {}{condition}", loops.collect::<Vec<_>>().join(", "))
}

fn show(ast: &Ast, id: ExprId) -> String {
    let show = |id: ExprId| show(ast, id);
    match &ast.exprs[id] {
        Expr::Number(value) => value.to_string(),
        Expr::Infinity => "inf".to_owned(),
        Expr::Text(text) => format!("{text:?}"),
        Expr::Name(name) => name.clone(),
        Expr::Unary { op: UnaryOp::Not, operand } => format!("(not {})", show(*operand)),
        Expr::Unary { op, operand } => format!("({}{})", op.symbol(), show(*operand)),
        Expr::Binary { op, lhs, rhs, .. } => format!("({} {} {})", show(*lhs), op.symbol(), show(*rhs)),
        Expr::Compare { first, rest } => {
            let rest = rest.iter().map(|it| format!(" {} {}", it.0.symbol(), show(it.2)));
            format!("({}{})", show(*first), rest.collect::<Vec<_>>().concat())
        }
        Expr::Call { function, arguments, options } => {
            let options = options.iter().map(|(name, value)| format!("{}={}", name.text, show(*value)));
            let all: Vec<_> = arguments.iter().map(|id| show(*id)).chain(options).collect();
            format!("{}({})", function.text, all.join(", "))
        }
        Expr::Comprehension { function, body, ranges: over, options } => {
            let options = options.iter().map(|it| format!(", {}={}", it.0.text, show(it.1)));
            let options = options.collect::<Vec<_>>().concat();
            format!("{}({} {}{options})", function.text, show(*body), ranges(ast, over))
        }
        Expr::Index { base, items } => {
            let items: Vec<_> = items
                .iter()
                .map(|item| match item {
                    IndexItem::At(id) => show(*id),
                    IndexItem::Slice { start, stop, step, .. } => {
                        format!("{}:{}:{}", optional(ast, *start), optional(ast, *stop), optional(ast, *step))
                    }
                })
                .collect();
            format!("{}[{}]", show(*base), items.join(", "))
        }
        Expr::Transpose(id) => format!("{}.T", show(*id)),
        Expr::Array(entries) => format!("[{}]", list(ast, entries)),
        Expr::Error => "?".to_owned(),
    }
}

fn statement(ast: &Ast, kind: &StatementKind) -> String {
    match kind {
        StatementKind::Dim(sizes) => {
            let sizes = sizes.iter().map(|it| format!("{}={}", it.name.text, optional(ast, it.value)));
            format!("dim {}", sizes.collect::<Vec<_>>().join(" "))
        }
        StatementKind::Declare(it) => {
            let attributes: String = it
                .attributes
                .iter()
                .map(|it| match &it.kind {
                    AttributeKind::In { lo, hi } => format!(" in[{}, {}]", show(ast, *lo), show(ast, *hi)),
                    kind => format!(" {kind:?}"),
                })
                .collect();
            let init = match &it.init {
                None => String::new(),
                Some(Init::Value(id)) => format!(" = {}", show(ast, *id)),
                Some(Init::File { path, .. }) => format!(" from {path:?}"),
            };
            format!("{} {}[{}]{attributes}{init}", it.kind.keyword(), it.name.text, list(ast, &it.shape))
        }
        StatementKind::Let { name, value } => format!("let {} = {}", name.text, show(ast, *value)),
        StatementKind::Fn { name, arguments, body } => {
            let arguments: Vec<_> = arguments.iter().map(|it| &*it.text).collect();
            format!("fn {}({}) = {}", name.text, arguments.join(", "), show(ast, *body))
        }
        StatementKind::Objective { sense, value } => format!("{sense:?} {}", show(ast, *value)),
        StatementKind::SubjectTo => "subject to".to_owned(),
        StatementKind::Constraint(it) => {
            let label = it.label.as_ref().map_or(String::new(), |label| format!("{}: ", label.text));
            let rest = it.rest.iter().map(|it| format!(" {} {}", it.0.symbol(), show(ast, it.2)));
            let rest = rest.collect::<Vec<_>>().concat();
            let over = it.ranges.as_ref().map_or(String::new(), |it| format!(" {}", ranges(ast, it)));
            format!("{label}{}{rest}{over}", show(ast, it.first))
        }
    }
}

fn expression(text: &str) -> String {
    let (ast, id, diagnostics) = parse_expression(text);
    assert_eq!(diagnostics, [], "{text}");
    show(&ast, id)
}

fn model(text: &str) -> Vec<String> {
    let parsed = parse(text);
    assert_eq!(parsed.diagnostics, [], "{text}");
    parsed.ast.statements.iter().map(|it| statement(&parsed.ast, &it.kind)).collect()
}

#[test]
fn precedence_is_pythons() {
    for (text, tree) in [
        ("-x**2", "(-(x ** 2))"),
        ("2**-1", "(2 ** (-1))"),
        ("2**-x**3", "(2 ** (-(x ** 3)))"),
        ("a**b**c", "(a ** (b ** c))"),
        ("a @ b * c", "((a @ b) * c)"),
        ("a * b @ c / d", "(((a * b) @ c) / d)"),
        ("a - b - c", "((a - b) - c)"),
        ("a + b * c", "(a + (b * c))"),
        ("-a * b", "((-a) * b)"),
        ("a * -b", "(a * (-b))"),
        ("- -a", "(-(-a))"),
        ("+a - +b", "((+a) - (+b))"),
        ("-x.T", "(-x.T)"),
        ("x.T @ P @ x", "((x.T @ P) @ x)"),
        ("x . T [ 0 ] ** 2", "(x.T[0] ** 2)"),
        ("(a + b) * c", "((a + b) * c)"),
        ("x[0]**2", "(x[0] ** 2)"),
    ] {
        assert_eq!(expression(text), tree, "{text}");
    }
}

#[test]
fn operands() {
    for (text, tree) in [
        ("1_000.5e-1", "100.05"),
        ("-inf", "(-inf)"),
        ("[1, 2, 3]", "[1, 2, 3]"),
        ("[[1, 2], [3, 4],]", "[[1, 2], [3, 4]]"),
        ("f()", "f()"),
        ("sum(x, axis=1, keepdims=0)", "sum(x, axis=1, keepdims=0)"),
        ("vec(X, order=\"F\")", "vec(X, order=\"F\")"),
        ("reshape(x, [m, n], order=\"F\",)", "reshape(x, [m, n], order=\"F\")"),
        ("f(x).T[0][1:]", "f(x).T[0][1::]"),
        ("x[:, t+1]", "x[::, (t + 1)]"),
        ("x[a:b:c]", "x[a:b:c]"),
        ("x[::2]", "x[::2]"),
        ("x[:-1]", "x[:(-1):]"),
        ("x[src[e]]", "x[src[e]]"),
        ("[1, 2][0]", "[1, 2][0]"),
        ("diag", "diag"),
        ("λ_max + π2", "(λ_max + π2)"),
    ] {
        assert_eq!(expression(text), tree, "{text}");
    }
}

#[test]
fn comprehensions_and_conditions() {
    for (text, tree) in [
        ("sum(x[t] for t in 0..T)", "sum(x[t] for t in 0..T)"),
        ("sum(x[t] for t in 0..T, axis=0)", "sum(x[t] for t in 0..T, axis=0)"),
        (
            "sum(x for i in 0..n, j in i+1..n if i + j < k)",
            "sum(x for i in 0..n, j in (i + 1)..n if ((i + j) < k))",
        ),
        ("sum(x for i in 0..n if 0 <= i < 3 != k)", "sum(x for i in 0..n if (0 <= i < 3 != k))"),
        (
            "sum(x for i in 0..n if not i == 1 and i < 2 or (i > 3))",
            "sum(x for i in 0..n if (((not (i == 1)) and (i < 2)) or (i > 3)))",
        ),
        ("sum(x for i in 0..n if (i + 1) * 2 <= 3)", "sum(x for i in 0..n if (((i + 1) * 2) <= 3))"),
        ("sum(sum(x for j in 0..i) for i in 0..n)", "sum(sum(x for j in 0..i) for i in 0..n)"),
    ] {
        assert_eq!(expression(text), tree, "{text}");
    }
}

#[test]
fn statements() {
    let text = r#"
        dim n, T = 24;
        param F[n, T+1] sparse;
        param gamma nonneg = 1;
        const c[n] from "data/c.csv";
        const q = [10, 1];
        var w[n] nonneg in [-inf, cap];
        var b bool;
        let risk = sum_squares(f);
        fn tv(v, w) = sum(abs(diff(v)));
        maximize mu.T @ w - gamma * risk;
        subject to
        w: sum(w) == 1;
        0 <= w <= 1;
        dynamics: x[:, t+1] == A @ x[:, t] for t in 0..T if t != 3;
        x >= y;
    "#;
    assert_eq!(
        model(text),
        [
            "dim n= T=24",
            "param F[n, (T + 1)] Sparse",
            "param gamma[] Nonneg = 1",
            "const c[n] from \"data/c.csv\"",
            "const q[] = [10, 1]",
            "var w[n] Nonneg in[(-inf), cap]",
            "var b[] Unknown(\"bool\")",
            "let risk = sum_squares(f)",
            "fn tv(v, w) = sum(abs(diff(v)))",
            "Maximize ((mu.T @ w) - (gamma * risk))",
            "subject to",
            "w: sum(w) == 1",
            "0 <= w <= 1",
            "dynamics: x[::, (t + 1)] == (A @ x[::, t]) for t in 0..T if (t != 3)",
            "x >= y",
        ]
    );
}

#[test]
fn layout_carries_no_meaning() {
    let spread =
        "var\nx\n[\n3 // three\n]\nnonneg\n;minimize/**/x\n.\nT;subject\n/* a /* b */ */ to\nc\n:\nx\n<=\n1;";
    assert_eq!(model(spread), model("var x[3] nonneg; minimize x.T; subject to c: x <= 1;"));
    assert_eq!(model("\u{FEFF}var x;"), ["var x[]"]);
}

#[test]
fn documentation_belongs_to_the_next_statement() {
    let parsed = parse(
        "/// The weights.\n///\n///  Indented.\nvar w;\n// no\nvar f;\nsubject to\n/// Budget.\nw == 1;",
    );
    let docs: Vec<_> = parsed.ast.statements.iter().map(|it| it.doc.as_deref()).collect();
    assert_eq!(docs, [Some("The weights.\n\n Indented."), None, None, Some("Budget.")]);
    assert_eq!(parsed.diagnostics, []);
}

#[test]
fn spans_are_where_things_stand() {
    let text = "let e = (a + b) * f(c);";
    let parsed = parse(text);
    let spans: Vec<_> = parsed.ast.exprs.iter().map(|(id, _)| parsed.ast.exprs.span(id).text(text)).collect();
    assert_eq!(spans, ["a", "b", "a + b", "c", "f(c)", "(a + b) * f(c)"]);
}

#[test]
fn trees_survive_serialization_without_places() {
    let text = "minimize sum(x[t] for t in 0..T if t < 3 != k);\nx <= y;";
    let parsed = parse(text);
    let json = serde_json::to_string(&parsed.ast).unwrap();
    assert!(!json.contains("span"));
    let again: Ast = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), json);
    assert!(again.exprs.iter().all(|(id, _)| again.exprs.span(id).is_empty()));
}

#[test]
fn lone_expressions_are_single() {
    for text in ["", "x y", "x;y", "x <= 1", "minimize x", "x +", "subject to", "x; y", "x;;y", ";"] {
        let (ast, id, diagnostics) = parse_expression(text);
        assert!(!diagnostics.is_empty() && ast.exprs.is_error(id), "{text}");
    }
    assert!(!parse_expression("(x").2.is_empty());
    assert_eq!(expression("sum(w) + 2*risk;"), "(sum(w) + (2 * risk))");
    assert_eq!(expression("dual(budget)"), "dual(budget)");
}
