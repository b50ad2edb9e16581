#!/usr/bin/env python3
"""Times smooth layers beside CVXPY with Clarabel, in one run, and writes benches/smooth.md.

    python3 benches/smooth.py [--cvx PATH] [--repeats N] [--limit SECONDS] [--only NAME …]

needs numpy and cvxpy; the backward pass of the peer also diffcp. Ours are the seconds that `cvx grad --json` gives:
solve, and the gradient of one entry of the solution, away from its bounds, by all parameters. Compiling and reading data are left out on our side, and
CVXPY's canonicalization on the other: the peer's forward time is Clarabel's own, and `all` is that of `Problem.solve`.
Runs of both take turns. `ratio` is Clarabel's time over that of our solve, `of all` the whole of CVXPY's call and diffcp's
backward pass (where it has one) over our solve and gradient. `residual` is ours, of the KKT conditions; differences of x
are relative to its largest entry, against Clarabel's solution; errors of gradients are along a random direction of one
parameter, against central differences of our solves.

The last table is the published recursion of Alt-Diff for an entropy objective (ρ = 0.1, 50 outer steps, Newton steps of
half length within, their last Hessian for the tangent), with one tangent instead of n, factorizations instead of inverses,
and steps that keep x positive, which it does not ensure; errors are against ours, relative to the largest entry.
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


def published(data, entry, outer=50, rho=0.1):
    """x and the tangent of x by q[entry], by the recursion as published."""
    from scipy.linalg import cho_factor, cho_solve

    q, A, b, G, h = (data[k] for k in "qAbGh")
    x = np.ones(len(q))
    lam, nu, s = np.zeros(len(b)), np.zeros(len(h)), np.zeros(len(h))
    dx, dlam, dnu, ds = np.zeros(len(q)), np.zeros(len(b)), np.zeros(len(h)), np.zeros(len(h))
    penalty = rho * (A.T @ A + G.T @ G)
    seed = np.zeros(len(q))
    seed[entry] = 1.0
    for _ in range(outer):
        for _ in range(100):
            hessian = penalty.copy()
            hessian[np.diag_indices(len(q))] += 1 / x
            factor = cho_factor(hessian, lower=True, overwrite_a=True, check_finite=False)
            slope = q + 1 + np.log(x) + A.T @ (lam + rho * (A @ x - b)) + G.T @ (nu + rho * (G @ x + s - h))
            step = 0.5 * cho_solve(factor, slope, check_finite=False)
            new = np.maximum(x - step, 0.01 * x)
            change = np.linalg.norm(new - x) / np.linalg.norm(x)
            x = new
            if change <= 1e-5:
                break
        dx = -cho_solve(factor, seed + A.T @ dlam + G.T @ (dnu + rho * ds), check_finite=False)
        s = np.maximum(0, -nu / rho - (G @ x - h))
        ds = np.where(s > 0, -(dnu + rho * (G @ dx)) / rho, 0.0)
        lam, dlam = lam + rho * (A @ x - b), dlam + rho * (A @ dx)
        nu, dnu = nu + rho * (G @ x + s - h), dnu + rho * (G @ dx + ds)
    return x, dx


def measure(name, options):
    text, data, of, parameter = INSTANCES[name]()
    row = {"instance": name}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        x, row["residual"] = point(options.cvx, folder, text, data, of, options.limit)
        between = np.where(x < data.get("u", np.inf) - 1e-9, np.abs(x), 0.0)
        entry = int(between.argmax())
        runs, peers = [], []
        for _ in range(options.repeats):
            runs.append(ours(options.cvx, folder, text, data, of, entry, options.limit))
            if options.peer:
                peers.append(peer(name, data, False))
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
        row["peer"], row["whole"] = (statistics.median(p[k] for p in peers) for k in (0, 1))
        other = peers[0][2]
        row["x_error"] = np.abs(x - other).max() / np.abs(x).max()
        signal.alarm(int(options.backward_limit))
        try:
            row["backward"] = peer(name, data, True)[3]
        except Exception as error:  # no diffcp, a problem that it does not solve, or no time left
            row["note"] = f"diffcp: {type(error).__name__}: {str(error)[:200]}"
        finally:
            signal.alarm(0)
    if name in options.published:
        start = time.perf_counter()
        other, tangent = published(data, entry)
        row["published"] = time.perf_counter() - start
        row["published_x"] = np.abs(other - x).max() / np.abs(x).max()
        gradient = np.array(runs[0]["gradients"]["q"])
        row["published_gradient"] = np.abs(tangent - gradient).max() / np.abs(gradient).max()
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
    parser.add_argument("--published", nargs="*", default=["softmax (1000, 300, 100)"], help="for the published recursion")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, expired)
    columns = ["instance", "solve", "gradient", "Clarabel", "all of CVXPY", "diffcp backward", "ratio", "of all", "residual", "x", "gradient error"]
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    recursion = ["| instance | published recursion | ratio | x | gradient |", "|---|---|---|---|---|"]
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
        both = (row["whole"] + (row.get("backward") or 0)) / (row["solve"] + row["derivative"]) if "whole" in row else None
        cells += [cell(row.get("backward")), cell(ratio, "{:.1f}"), cell(both, "{:.1f}"), cell(row["residual"], "{:.0e}"), cell(row.get("x_error"), "{:.1e}")]
        cells.append(cell(row["gradient_error"], "{:.1e}"))
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], row.get("note", ""), flush=True)
        if "published" in row:
            ahead = row["published"] / (row["solve"] + row["derivative"])
            cells = [name, cell(row["published"]), cell(ahead, "{:.1f}"), cell(row["published_x"], "{:.1e}"), cell(row["published_gradient"], "{:.1e}")]
            recursion.append("| " + " | ".join(cells) + " |")
            print(recursion[-1], flush=True)
    head = """# Smooth layers beside CVXPY with Clarabel

Written by `benches/smooth.py`, which says what is timed. Seconds, medians. `ratio` is Clarabel's own time over that of our
solve; `of all` that of CVXPY's call and of diffcp's backward pass over our solve and gradient.

"""
    between = """
The published recursion, 50 outer steps, beside our solve and gradient; its errors are against ours.

"""
    tables = [head, "\n".join(lines), "\n"]
    if len(recursion) > 2:
        tables += [between, "\n".join(recursion), "\n"]
    options.report.write_text("".join(tables))


if __name__ == "__main__":
    main()
