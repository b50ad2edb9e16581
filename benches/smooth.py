#!/usr/bin/env python3
"""Times smooth layers beside CVXPY with Clarabel, in one run, and writes benches/smooth.md.

    python3 benches/smooth.py [--cvx PATH] [--repeats N] [--limit SECONDS] [--only NAME …]

needs numpy and cvxpy; the backward pass of the peer also diffcp. Ours are the seconds that `cvx grad --json` gives:
solve, and the gradient of one entry of the solution, away from its bounds, by all parameters. Compiling and reading data are left out on our side, and
CVXPY's canonicalization on the other: the peer's forward time is Clarabel's own, and `all` is that of `Problem.solve`.
`residual` is ours, of the KKT conditions; differences of x are
relative to its largest entry, against Clarabel's solution; errors of gradients are along a random
direction of one parameter, against central differences of our solves.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
TIGHT = dict(solver="CLARABEL", tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9)

SOFTMAX = """dim n, m, k;
param q[n]; param A[m, n]; param b[m]; param G[k, n]; param h[k];
var x[n];
minimize q @ x - sum(entr(x));
subject to
  equal: A @ x == b;
  below: G @ x <= h;
"""
SPARSEMAX = """dim n;
param q[n]; param u[n];
var x[n] nonneg;
minimize sum_squares(x - q);
subject to
  total: sum(x) == 1;
  caps: x <= u;
"""
LOGISTIC = """dim m, n;
param X[m, n]; param label[m]; param lambda nonneg;
var w[n];
minimize sum(logistic(-label * (X @ w))) + lambda * norm1(w);
"""


def softmax(n, m, k):
    """Made feasible: the right sides are those of a positive point, a tenth of the inequalities tight there."""
    rng = np.random.default_rng(n)
    x = rng.random(n) + 0.1
    A, G = rng.standard_normal((m, n)), rng.standard_normal((k, n))
    slack = rng.random(k) * (rng.random(k) > 0.1)
    return SOFTMAX, dict(q=rng.standard_normal(n), A=A, b=A @ x, G=G, h=G @ x + slack), "x", "q"


def sparsemax(n):
    rng = np.random.default_rng(n)
    return SPARSEMAX, dict(q=rng.standard_normal(n), u=0.01 + 0.09 * rng.random(n)), "x", "u"


def logistic(m, n):
    rng = np.random.default_rng(m)
    X = rng.standard_normal((m, n))
    w = rng.standard_normal(n) * (rng.random(n) < 0.3)
    label = np.sign(X @ w + rng.standard_normal(m))
    return LOGISTIC, {"X": X, "label": label, "lambda": np.array(0.05 * m**0.5)}, "w", "X"


INSTANCES = {
    "softmax (1000, 300, 100)": lambda: softmax(1000, 300, 100),
    "softmax (3000, 1000, 500)": lambda: softmax(3000, 1000, 500),
    "sparsemax 1000": lambda: sparsemax(1000),
    "sparsemax 10000": lambda: sparsemax(10000),
    "logistic (1000, 100)": lambda: logistic(1000, 100),
}


def ours(cvx, folder, text, data, of, entry, limit):
    (folder / "model.cvx").write_text(text)
    np.savez(folder / "data.npz", **data)
    command = [cvx, "grad", "model.cvx", "--data", "data.npz", "--of", f"{of}[{entry}]", "--json"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=limit)
    if run.returncode:
        raise RuntimeError(run.stderr[-500:] or f"exit status {run.returncode}")
    return json.loads(run.stdout)


def point(cvx, folder, text, data, of, limit):
    (folder / "model.cvx").write_text(text)
    np.savez(folder / "data.npz", **data)
    command = [cvx, "solve", "model.cvx", "--data", "data.npz", "--json"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=limit)
    out = json.loads(run.stdout)
    return np.array(out["variables"][of]), max(out["residuals"].values())


def peer(name, data, backward):
    """The problem in CVXPY: seconds of the solver, of the whole call, x, and where diffcp serves seconds backward."""
    import cvxpy as cp

    if backward:
        # Vectors and numbers only: diffcp differentiates by all data in any case, and parametric matrices would be
        # timed in CVXPY's canonicalization.
        p = {k: cp.Parameter(v.shape, value=v, nonneg=k == "lambda") if v.ndim < 2 else v for k, v in data.items()}
    else:
        p = data
    if name.startswith("softmax"):
        x = cp.Variable(len(data["q"]))
        objective = p["q"] @ x - cp.sum(cp.entr(x))
        constraints = [p["A"] @ x == p["b"], p["G"] @ x <= p["h"]]
    elif name.startswith("sparsemax"):
        x = cp.Variable(len(data["q"]), nonneg=True)
        objective, constraints = cp.sum_squares(x - p["q"]), [cp.sum(x) == 1, x <= p["u"]]
    else:
        x = cp.Variable(data["X"].shape[1])
        scores = cp.multiply(-data["label"], p["X"] @ x)
        objective, constraints = cp.sum(cp.logistic(scores)) + p["lambda"] * cp.norm1(x), []
    problem = cp.Problem(cp.Minimize(objective), constraints)
    start = time.perf_counter()
    if backward:
        problem.solve(solver=cp.DIFFCP, requires_grad=True, solve_method="CLARABEL")
    else:
        problem.solve(**TIGHT)
    whole = time.perf_counter() - start
    seconds = None
    if backward:
        x.gradient = np.eye(1, x.size).ravel()
        start = time.perf_counter()
        problem.backward()
        seconds = time.perf_counter() - start
    return problem.solver_stats.solve_time, whole, x.value, seconds


def measure(name, options):
    text, data, of, parameter = INSTANCES[name]()
    row = {"instance": name}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        x, row["residual"] = point(options.cvx, folder, text, data, of, options.limit)
        between = np.where(x < data.get("u", np.inf) - 1e-9, np.abs(x), 0.0)
        entry = int(between.argmax())
        runs = [ours(options.cvx, folder, text, data, of, entry, options.limit) for _ in range(options.repeats)]
        for stage in ("solve", "derivative"):
            row[stage] = statistics.median(run["seconds"][stage] for run in runs)
        along = np.random.default_rng(1).standard_normal(data[parameter].shape)
        step = 1e-5
        ends = []
        for sign in (1, -1):
            moved = {**data, parameter: data[parameter] + sign * step * along}
            ends.append(point(options.cvx, folder, text, moved, of, options.limit)[0][entry])
        slope = np.sum(along * np.array(runs[0]["gradients"][parameter]))
        difference = (ends[0] - ends[1]) / (2 * step)
        row["gradient_error"] = abs(slope - difference) / max(1.0, abs(difference))
    if options.peer:
        row["peer"], row["whole"], other, _ = peer(name, data, False)
        row["x_error"] = np.abs(x - other).max() / np.abs(x).max()
        signal.alarm(int(options.backward_limit))
        try:
            row["backward"] = peer(name, data, True)[3]
        except Exception as error:  # no diffcp, a problem that it does not solve, or no time left
            row["note"] = f"diffcp: {type(error).__name__}: {str(error)[:200]}"
        finally:
            signal.alarm(0)
    return row


def expired(_signal, _frame):
    raise TimeoutError("no time left")


def cell(value, form="{:.3g}"):
    return "–" if value is None else form.format(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--cvx", default=target / "release" / "cvx", type=Path)
    parser.add_argument("--repeats", default=5, type=int)
    parser.add_argument("--limit", default=600, type=float, help="seconds for one run of ours")
    parser.add_argument("--backward-limit", default=120, type=float, help="seconds for diffcp, forward and backward")
    parser.add_argument("--only", nargs="*", help="instances whose names start so")
    parser.add_argument("--no-peer", dest="peer", action="store_false")
    parser.add_argument("--report", default=ROOT / "benches" / "smooth.md", type=Path)
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, expired)
    columns = ["instance", "solve", "gradient", "Clarabel", "all of CVXPY", "diffcp backward", "ratio", "residual", "x", "gradient error"]
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for name in INSTANCES:
        if options.only and not any(name.startswith(o) for o in options.only):
            continue
        try:
            row = measure(name, options)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            lines.append(f"| {name} | failed: {str(error).strip().splitlines()[-1][:120]}" + " | –" * (len(columns) - 2) + " |")
            print(lines[-1], flush=True)
            continue
        ratio = row["peer"] / row["solve"] if "peer" in row else None
        cells = [name, cell(row["solve"]), cell(row["derivative"]), cell(row.get("peer")), cell(row.get("whole"))]
        cells += [cell(row.get("backward")), cell(ratio, "{:.1f}"), cell(row["residual"], "{:.0e}"), cell(row.get("x_error"), "{:.1e}")]
        cells.append(cell(row["gradient_error"], "{:.1e}"))
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], row.get("note", ""), flush=True)
    head = """# Smooth layers beside CVXPY with Clarabel

Written by `benches/smooth.py`, which says what is timed. Seconds, medians; `ratio` is Clarabel's own time over that of our
solve, `residual` ours, `x` the difference of the two solutions, `gradient error` that of ours from central differences.

"""
    options.report.write_text(head + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
