"""Program size and compile time of cvxlayer beside CVXPY's canonicalization, on the same models and data.

    cargo bench --no-run --bench canonicalization
    python benches/canonicalization.py --bench PATH [--only MODEL ...] [--kinds constants parameters]

Needs `pip install cvxpy`. Each model is measured twice: with its data as constants, and with its data as parameters, as a
layer has them. CVXPY's time is the first `get_problem_data` of a problem built afresh, in CPU seconds, so that other work on
the machine does not count; building the expression tree is not in it, and neither are reading and checking in ours. Our time
is from values to the program (`bind` and `program`). Both are the least of repeats in one process. CVXPY's size is that of
the data it hands to Clarabel: variables, and rows that are not plain bounds of one variable.
"""

import argparse
import json
import multiprocessing
import pathlib
import re
import subprocess
import tempfile
import time

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

rng = np.random.default_rng(7)


def normal(*shape):
    return rng.standard_normal(shape)


def number(value):
    """What CVXPY's model has where a parameter times parameters would not be DPP."""
    return value.value if isinstance(value, cp.Parameter) else value


def lasso():
    text = """
    dim m, n;
    data X[m, n]; data y[m]; data lam nonneg;
    var b[n];
    minimize sum_squares(X @ b - y) + lam * norm1(b);
    """
    data = dict(X=normal(150, 40), y=normal(150), lam=np.array(2.0))

    def build(p):
        b = cp.Variable(40)
        return cp.Problem(cp.Minimize(cp.sum_squares(p["X"] @ b - p["y"]) + p["lam"] * cp.norm1(b)))

    return text, data, build, ["lam"]


def portfolio():
    text = """
    dim n, k;
    data mu[n]; data F[n, k]; data d[n] nonneg; data gamma nonneg; data old[n];
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
        risk = cp.sum_squares(f) + p["d"] @ cp.square(w)
        goal = p["mu"] @ w - number(p["gamma"]) * risk - 0.002 * cp.norm1(w - p["old"])
        return cp.Problem(cp.Maximize(goal), [cp.sum(w) == 1, f == p["F"].T @ w, w >= 0, w <= 0.1])

    return text, data, build, ["d"]


def mpc():
    text = """
    dim n, m, T;
    data A[n, n]; data B[n, m]; data start[n]; data target[n];
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
    data X[m, n]; data label[m];
    data C nonneg;
    var w[n]; var b;
    minimize sum_squares(w) / 2 + C * sum(pos(1 - label * (X @ w + b)));
    """
    m, n = 2000, 20
    data = dict(X=normal(m, n), label=np.sign(normal(m)), C=np.array(1.0))

    def build(p):
        w, b = cp.Variable(n), cp.Variable()
        # `label * X` is not DPP, so CVXPY's parameter is the product.
        signed = data["label"][:, None] * data["X"]
        if isinstance(p["X"], cp.Parameter):
            signed = cp.Parameter(signed.shape, value=signed)
        loss = cp.sum(cp.pos(1 - (signed @ w + p["label"] * b)))
        return cp.Problem(cp.Minimize(cp.sum_squares(w) / 2 + number(p["C"]) * loss))

    return text, data, build, ["C"]


def network_flow():
    text = """
    dim nodes, edges;
    const incidence[nodes, edges] sparse;
    data cost[edges] nonneg; data capacity[edges] nonneg; data supply[nodes];
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
    data y[n]; data lam nonneg;
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
    data X[m, n];
    data y[m];
    var b[n];
    minimize sum(huber(X @ b - y, 1));
    """
    m, n = 1000, 20
    data = dict(X=normal(m, n), y=normal(m))

    def build(p):
        b = cp.Variable(n)
        return cp.Problem(cp.Minimize(cp.sum(cp.huber(p["X"] @ b - p["y"], 1))))

    return text, data, build, []


def quantile_regression():
    text = """
    dim m, n;
    data X[m, n];
    data y[m]; data tau in [0, 1];
    var b[n];
    minimize sum(tau * pos(y - X @ b) + (1 - tau) * pos(X @ b - y));
    """
    m, n = 1500, 10
    data = dict(X=normal(m, n), y=normal(m), tau=np.array(0.3))

    def build(p):
        b = cp.Variable(n)
        r = p["y"] - p["X"] @ b
        return cp.Problem(cp.Minimize(cp.sum(number(p["tau"]) * cp.pos(r) + (1 - number(p["tau"])) * cp.pos(-r))))

    return text, data, build, []


def isotonic():
    text = """
    dim n;
    data y[n]; data w[n] nonneg;
    var x[n];
    minimize w @ square(x - y);
    subject to
      diff(x) >= 0;
    """
    n = 5000
    data = dict(y=normal(n), w=rng.uniform(0.5, 2, n))

    def build(p):
        x = cp.Variable(n)
        return cp.Problem(cp.Minimize(number(p["w"]) @ cp.square(x - p["y"])), [cp.diff(x) >= 0])

    return text, data, build, []


def least_squares():
    text = """
    dim m, n;
    data X[m, n];
    data y[m]; data ridge nonneg;
    var b[n] nonneg;
    minimize sum_squares(X @ b - y) + ridge * sum_squares(b);
    """
    m, n = 3000, 50
    data = dict(X=normal(m, n), y=normal(m), ridge=np.array(0.1))

    def build(p):
        b = cp.Variable(n)
        goal = cp.sum_squares(p["X"] @ b - p["y"]) + p["ridge"] * cp.sum_squares(b)
        return cp.Problem(cp.Minimize(goal), [b >= 0])

    return text, data, build, ["ridge"]


def battery():
    text = """
    dim T;
    data price[T]; data load[T] nonneg; data peak nonneg;
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
        goal = p["price"] @ (c - d) + number(p["peak"]) * cp.max(draw) + 0.5 * cp.sum_squares(c) + 0.5 * cp.sum_squares(d)
        rows = [c >= 0, c <= 1, d >= 0, d <= 1, e >= 0, e <= 4, e[0] == 2 + 0.95 * c[0] - d[0] / 0.95]
        rows += [e[t] == e[t - 1] + 0.95 * c[t] - d[t] / 0.95 for t in range(1, T)]
        return cp.Problem(cp.Minimize(goal), rows)

    return text, data, build, ["peak"]


def chebyshev():
    text = """
    dim m, n;
    data A[m, n]; data b[m];
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


def ours(command, text, data, parametric):
    """What the bench prints: seconds, columns, rows and nonzeros."""
    # Sizes and what shapes a graph stay constants.
    text = re.sub(r"\bdata (?=\w)", "param " if parametric else "const ", text)
    with tempfile.TemporaryDirectory() as folder:
        model, values = pathlib.Path(folder, "model.cvx"), pathlib.Path(folder, "data.json")
        model.write_text(text)
        values.write_text(json.dumps({k: nested(v) for k, v in data.items()}))
        run = subprocess.run([command, model, values, "20"], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)


def theirs(data, build, signs, parametric):
    """The same for CVXPY's data for Clarabel."""
    values = data
    if parametric:
        parameter = lambda k, v: cp.Parameter(v.shape, nonneg=k in signs, value=v)
        values = {k: v if sp.issparse(v) else parameter(k, v) for k, v in data.items()}
    start = time.process_time()
    problem = build(values)
    built = time.process_time()
    out, _, _ = problem.get_problem_data(cp.CLARABEL)
    seconds = time.process_time() - built
    A, P = out["A"].tocsr(), out.get("P")
    # Upper and lower bounds are rows for Clarabel; for us they are not, so that they count on neither side.
    rows = int(np.sum(np.diff(A.indptr) > 1))
    nonzeros = int(np.sum(np.diff(A.indptr)[np.diff(A.indptr) > 1])) + (sp.triu(P).nnz if P is not None else 0)
    return dict(check=built - start, compile=seconds, variables=A.shape[1], rows=rows, nonzeros=nonzeros)


def instance(model):
    """A model with the same data whenever it is asked for."""
    global rng
    rng = np.random.default_rng(7)
    return model()


def limited(queue, model, parametric):
    # What CVXPY loads when it is first used is not its canonicalization.
    cp.Problem(cp.Minimize(cp.sum_squares(cp.Variable(2)))).get_problem_data(cp.CLARABEL)
    best = None
    for _ in range(3):
        _, data, build, signs = instance(model)
        out = theirs(data, build, signs, parametric)
        best = out if best is None or out["compile"] < best["compile"] else best
        if out["compile"] > 5:
            break
    queue.put(best)


def peer(model, parametric, limit):
    """`theirs` in a process of its own, the least of three; nothing if that takes longer than the limit."""
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=limited, args=(queue, model, parametric))
    process.start()
    try:
        return queue.get(timeout=limit)
    except Exception:
        return None
    finally:
        process.kill()


def line(name, own, other, limit):
    seconds = own["bind"] + own["compile"]
    size = lambda s: f"{s['variables']} × {s['rows']}, {s['nonzeros']}"
    if other is None:
        return f"| {name} | {seconds * 1e3:.2f} ms | > {limit} s | > {limit / seconds:.0f} | {size(own)} | |"
    ratio = other["compile"] / seconds
    return (
        f"| {name} | {seconds * 1e3:.2f} ms | {other['compile'] * 1e3:.1f} ms | {ratio:.0f} | {size(own)} | {size(other)} |"
    )


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--bench", help="the program that `cargo bench --no-run` names")
    arguments.add_argument("--only", nargs="*", help="these models")
    arguments.add_argument("--kinds", nargs="*", default=["constants", "parameters"])
    arguments.add_argument("--limit", type=float, default=100, help="seconds for CVXPY")
    arguments.add_argument("--instances", type=pathlib.Path, help="write the models and their data there, and stop")
    arguments = arguments.parse_args()
    models = [m for m in MODELS if not arguments.only or m.__name__ in arguments.only]
    if arguments.instances:
        arguments.instances.mkdir(exist_ok=True)
        for model in models:
            text, data, _, _ = instance(model)
            name = model.__name__
            (arguments.instances / f"{name}.json").write_text(json.dumps({k: nested(v) for k, v in data.items()}))
            for kind in ("param", "const"):
                path = arguments.instances / f"{name}.{kind}.cvx"
                path.write_text(re.sub(r"\bdata (?=\w)", kind + " ", text))
        return
    for kind in arguments.kinds:
        print(f"\nData as {kind}:\n")
        print("| model | cvxlayer | CVXPY | times faster | columns × rows, nonzeros | CVXPY's |")
        print("|---|---:|---:|---:|---|---|")
        for model in models:
            text, data, _, _ = instance(model)
            own = ours(arguments.bench, text, data, kind == "parameters")
            other = peer(model, kind == "parameters", arguments.limit)
            print(line(model.__name__.replace("_", " "), own, other, arguments.limit), flush=True)


if __name__ == "__main__":
    main()
