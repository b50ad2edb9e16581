"""Program size and compile time of cvxlayer beside CVXPY's canonicalization, on the same models and data.

    python benches/canonicalization.py [--cvx target/release/cvx] [--write benches/canonicalization.md]

Needs `pip install cvxpy`. CVXPY's time is the first `get_problem_data` of a problem built afresh, with the data as
parameters where cvxlayer's are; ours is `seconds.compile` of the command, which includes parsing and checking. CVXPY's
size is that of the data it hands to Clarabel: variables, and rows that are not plain bounds of one variable.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

rng = np.random.default_rng(7)


def normal(*shape):
    return rng.standard_normal(shape)


def lasso():
    text = """
    dim m, n;
    param X[m, n]; param y[m]; param lam nonneg;
    var b[n];
    minimize sum_squares(X @ b - y) + lam * norm1(b);
    """
    data = dict(X=normal(150, 40), y=normal(150), lam=np.array(2.0))

    def build(p):
        b = cp.Variable(40)
        # The residual is a variable of its own: a weight times squares of parameters is not DPP.
        return cp.Problem(cp.Minimize(cp.sum_squares(p["X"] @ b - p["y"]) + p["lam"] * cp.norm1(b)))

    return text, data, build, ["lam"]


def portfolio():
    text = """
    dim n, k;
    param mu[n]; param F[n, k]; param d[n] nonneg; param gamma nonneg; param old[n];
    var w[n] in [0, 0.1]; var f[k];
    maximize mu @ w - gamma * (sum_squares(f) + d @ square(w)) - 0.002 * norm1(w - old);
    subject to
      sum(w) == 1;
      f == F.T @ w;
    """
    n, k = 200, 15
    data = dict(mu=normal(n), F=normal(n, k), d=rng.uniform(0.1, 1, n), gamma=np.array(2.0), old=rng.dirichlet(np.ones(n)))

    def build(p):
        w, f = cp.Variable(n), cp.Variable(k)
        # `gamma * d` would not be DPP, so CVXPY's model takes gamma as a number.
        risk = cp.sum_squares(f) + p["d"] @ cp.square(w)
        goal = p["mu"] @ w - 2.0 * risk - 0.002 * cp.norm1(w - p["old"])
        return cp.Problem(cp.Maximize(goal), [cp.sum(w) == 1, f == p["F"].T @ w, w >= 0, w <= 0.1])

    return text, data, build, ["d"]


def mpc():
    text = """
    dim n, m, T;
    param A[n, n]; param B[n, m]; param start[n]; param target[n];
    var x[n, T + 1]; var u[m, T] in [-1, 1];
    minimize sum(sum_squares(x[:, t + 1] - target) + 0.1 * sum_squares(u[:, t]) for t in 0..T)
      + 0.05 * sum(norm1(u[:, t + 1] - u[:, t]) for t in 0..T - 1);
    subject to
      x[:, 0] == start;
      x[:, t + 1] == A @ x[:, t] + B @ u[:, t] for t in 0..T;
      -5 <= x[:, t + 1] <= 5 for t in 0..T;
    """
    n, m, T = 8, 3, 50
    A = np.eye(n) + 0.1 * normal(n, n)
    A /= max(1.0, np.abs(np.linalg.eigvals(A)).max())
    data = dict(A=A, B=normal(n, m), start=normal(n), target=np.zeros(n), T=np.array(T))

    def build(p):
        x, u = cp.Variable((n, T + 1)), cp.Variable((m, T))
        cost, rows = 0, [x[:, 0] == p["start"], u >= -1, u <= 1]
        for t in range(T):
            cost += cp.sum_squares(x[:, t + 1] - p["target"]) + 0.1 * cp.sum_squares(u[:, t])
            rows += [x[:, t + 1] == p["A"] @ x[:, t] + p["B"] @ u[:, t], x[:, t + 1] <= 5, x[:, t + 1] >= -5]
            if t + 1 < T:
                cost += 0.05 * cp.norm1(u[:, t + 1] - u[:, t])
        return cp.Problem(cp.Minimize(cost), rows)

    return text, data, build, []


def svm():
    text = """
    dim m, n;
    const X[m, n]; const label[m];
    param C nonneg;
    var w[n]; var b;
    minimize sum_squares(w) / 2 + C * sum(pos(1 - label * (X @ w + b)));
    """
    m, n = 2000, 20
    data = dict(X=normal(m, n), label=np.sign(normal(m)), C=np.array(1.0))

    def build(p):
        w, b = cp.Variable(n), cp.Variable()
        loss = cp.sum(cp.pos(1 - cp.multiply(data["label"], data["X"] @ w + b)))
        return cp.Problem(cp.Minimize(cp.sum_squares(w) / 2 + p["C"] * loss))

    return text, data, build, ["C"]


def network_flow():
    text = """
    dim nodes, edges;
    const incidence[nodes, edges] sparse;
    param cost[edges] nonneg; param capacity[edges] nonneg; param supply[nodes];
    var flow[edges] in [0, capacity];
    minimize cost @ flow + 0.01 * sum_squares(flow);
    subject to
      conservation: incidence @ flow == supply;
    """
    nodes, edges = 400, 3000
    tail, head = rng.integers(0, nodes, edges), rng.integers(0, nodes - 1, edges)
    head = np.where(head >= tail, head + 1, head)
    e = np.arange(edges)
    incidence = sp.coo_matrix((np.r_[np.ones(edges), -np.ones(edges)], (np.r_[tail, head], np.r_[e, e])))
    data = dict(incidence=incidence, cost=rng.uniform(0, 1, edges), capacity=rng.uniform(1, 2, edges), supply=np.zeros(nodes))

    def build(p):
        flow = cp.Variable(edges)
        goal = p["cost"] @ flow + 0.01 * cp.sum_squares(flow)
        return cp.Problem(cp.Minimize(goal), [incidence.tocsc() @ flow == p["supply"], flow >= 0, flow <= p["capacity"]])

    return text, data, build, ["cost"]


def total_variation():
    text = """
    dim n;
    param y[n]; param lam nonneg;
    var x[n];
    minimize sum_squares(x - y) / 2 + lam * norm1(diff(x));
    """
    n = 20_000
    data = dict(y=normal(n), lam=np.array(1.0))

    def build(p):
        x = cp.Variable(n)
        return cp.Problem(cp.Minimize(cp.sum_squares(x - p["y"]) / 2 + p["lam"] * cp.norm1(cp.diff(x))))

    return text, data, build, ["lam"]


def robust_regression():
    text = """
    dim m, n;
    const X[m, n];
    param y[m];
    var b[n];
    minimize sum(huber(X @ b - y, 1));
    """
    m, n = 1000, 20
    data = dict(X=normal(m, n), y=normal(m))

    def build(p):
        b = cp.Variable(n)
        return cp.Problem(cp.Minimize(cp.sum(cp.huber(data["X"] @ b - p["y"], 1))))

    return text, data, build, []


def quantile_regression():
    text = """
    dim m, n;
    const X[m, n];
    param y[m]; param tau in [0, 1];
    var b[n];
    minimize sum(tau * pos(y - X @ b) + (1 - tau) * pos(X @ b - y));
    """
    m, n = 1500, 10
    data = dict(X=normal(m, n), y=normal(m), tau=np.array(0.3))

    def build(p):
        b = cp.Variable(n)
        r = p["y"] - data["X"] @ b
        return cp.Problem(cp.Minimize(cp.sum(0.3 * cp.pos(r) + 0.7 * cp.pos(-r))))

    return text, data, build, []


def isotonic():
    text = """
    dim n;
    param y[n]; param w[n] nonneg;
    var x[n];
    minimize w @ square(x - y);
    subject to
      diff(x) >= 0;
    """
    n = 5000
    data = dict(y=normal(n), w=rng.uniform(0.5, 2, n))

    def build(p):
        x = cp.Variable(n)
        return cp.Problem(cp.Minimize(data["w"] @ cp.square(x - p["y"])), [cp.diff(x) >= 0])

    return text, data, build, []


def least_squares():
    text = """
    dim m, n;
    const X[m, n];
    param y[m]; param ridge nonneg;
    var b[n] nonneg;
    minimize sum_squares(X @ b - y) + ridge * sum_squares(b);
    """
    m, n = 3000, 50
    data = dict(X=normal(m, n), y=normal(m), ridge=np.array(0.1))

    def build(p):
        b = cp.Variable(n)
        goal = cp.sum_squares(data["X"] @ b - p["y"]) + p["ridge"] * cp.sum_squares(b)
        return cp.Problem(cp.Minimize(goal), [b >= 0])

    return text, data, build, ["ridge"]


def battery():
    text = """
    dim T;
    param price[T]; param load[T] nonneg; param peak nonneg;
    var charge[T] in [0, 1]; var discharge[T] in [0, 1]; var energy[T] in [0, 4];
    let draw = load + charge - discharge;
    minimize price @ draw + peak * max(draw) + 0.5 * sum_squares(charge) + 0.5 * sum_squares(discharge);
    subject to
      energy[0] == 2 + 0.95 * charge[0] - discharge[0] / 0.95;
      energy[t] == energy[t - 1] + 0.95 * charge[t] - discharge[t] / 0.95 for t in 1..T;
    """
    T = 200
    data = dict(price=rng.uniform(10, 90, T), load=rng.uniform(0, 3, T), peak=np.array(20.0))

    def build(p):
        c, d, e = cp.Variable(T), cp.Variable(T), cp.Variable(T)
        draw = p["load"] + c - d
        goal = p["price"] @ (c - d) + p["peak"] * cp.max(draw) + 0.5 * cp.sum_squares(c) + 0.5 * cp.sum_squares(d)
        rows = [c >= 0, c <= 1, d >= 0, d <= 1, e >= 0, e <= 4, e[0] == 2 + 0.95 * c[0] - d[0] / 0.95]
        rows += [e[t] == e[t - 1] + 0.95 * c[t] - d[t] / 0.95 for t in range(1, T)]
        return cp.Problem(cp.Minimize(goal), rows)

    return text, data, build, ["peak"]


def chebyshev():
    text = """
    dim m, n;
    param A[m, n]; param b[m];
    var x[n];
    minimize norm_inf(A @ x - b);
    """
    m, n = 300, 30
    data = dict(A=normal(m, n), b=normal(m))

    def build(p):
        x = cp.Variable(n)
        return cp.Problem(cp.Minimize(cp.norm_inf(p["A"] @ x - p["b"])))

    return text, data, build, []


MODELS = [
    lasso, portfolio, mpc, svm, network_flow, total_variation, robust_regression, quantile_regression,
    isotonic, least_squares, battery, chebyshev,
]


def nested(value):
    if sp.issparse(value):
        c = value.tocoo()
        return dict(shape=list(c.shape), row=c.row.tolist(), col=c.col.tolist(), value=c.data.tolist())
    return value.tolist()


def ours(command, text, data):
    """Seconds to compile (the least of five), columns, rows and nonzeros."""
    with tempfile.TemporaryDirectory() as folder:
        model, values = pathlib.Path(folder, "model.cvx"), pathlib.Path(folder, "data.json")
        model.write_text(text)
        values.write_text(json.dumps({k: nested(v) for k, v in data.items()}))
        seconds = []
        run = subprocess.run([command, "canon", model, "--data", values, "--json"], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        size = json.loads(run.stdout)["size"]
        for _ in range(5):
            # The time is printed whatever becomes of the solve, which the limits keep short.
            limits = ["--max-iterations", "1", "--time-limit", "1"]
            run = subprocess.run([command, "solve", model, "--data", values, "--json", *limits], capture_output=True, text=True)
            assert run.returncode in (0, 5), run.stderr
            seconds.append(json.loads(run.stdout)["seconds"]["compile"])
    return min(seconds), size["variables"], size["rows"], size["nonzeros"]


def theirs(data, build, nonneg):
    """The same for CVXPY's data for Clarabel."""
    parameters = {k: cp.Parameter(v.shape, nonneg=k in nonneg, value=v) for k, v in data.items() if not sp.issparse(v)}
    problem = build(parameters)
    start = time.perf_counter()
    out, _, _ = problem.get_problem_data(cp.CLARABEL)
    seconds = time.perf_counter() - start
    A, P = out["A"].tocsr(), out.get("P")
    # Upper and lower bounds are rows for Clarabel; for us they are not, so that they count on neither side.
    rows = int(np.sum(np.diff(A.indptr) > 1))
    nonzeros = int(np.sum(np.diff(A.indptr)[np.diff(A.indptr) > 1])) + (sp.triu(P).nnz if P is not None else 0)
    return seconds, A.shape[1], rows, nonzeros


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--cvx", default="target/release/cvx")
    arguments.add_argument("--write", type=pathlib.Path)
    arguments = arguments.parse_args()
    lines = [
        "| model | cvxlayer | CVXPY | times faster | columns | rows | nonzeros | CVXPY's |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for model in MODELS:
        text, data, build, nonneg = model()
        a, b = ours(arguments.cvx, text, data), theirs(data, build, nonneg)
        lines.append(
            f"| {model.__name__.replace('_', ' ')} | {a[0] * 1e3:.2f} ms | {b[0] * 1e3:.0f} ms | {b[0] / a[0]:.0f} "
            f"| {a[1]} | {a[2]} | {a[3]} | {b[1]} × {b[2]}, {b[3]} |"
        )
        print(lines[-1], flush=True)
    if arguments.write:
        note = f"CVXPY {cp.__version__}. Rows and nonzeros leave out bounds of single variables on both sides.\n\n"
        arguments.write.write_text("# Canonicalization beside CVXPY\n\n" + note + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
