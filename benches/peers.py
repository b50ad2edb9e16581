#!/usr/bin/env python3
"""Times cvxlayer beside the peers a user would install with pip, on the same problems in one run.

    python3 benches/peers.py                      everything: environment, problems, runs, benches/report.md
    python3 benches/peers.py --only dense active  some families only (the report keeps the other ones' rows)
    python3 benches/peers.py --folder DIR         where problems, the environment and results.csv are kept

Problems are `minimize ½xᵀPx + qᵀx + r  subject to  cl ≤ Cx ≤ cu, xl ≤ x ≤ xu`, one `.npz` each: P (upper triangle) and C
by columns as `P_data`, `P_indices`, `P_indptr`, `C_…`, the vectors by name, `shape` = (rows, variables); batches add `Q`,
one q per sample.

Work: set up and solve to 1e-8, then the vector-Jacobian product of sum(x) with respect to all data; of a batch, all
samples and d sum(x) / dq of each. Times are medians of repeats. The reference is a solve of the KKT system on the active
set found by the tightest solver at hand, refined to machine precision.
"""

import argparse
import csv
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SINGLE = "numpy scipy osqp piqp proxsuite clarabel moreau".split()
BATCH = "torch cvxpy cvxpylayers".split()
COLUMNS = "instance peer forward_s backward_s status x_error gradient_error".split()


# ------------------------------------------------------------------------------------------------ environment
def environment(folder):
    """A virtual environment with every peer that installs here; those that do not are skipped."""
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        pip = [python, "-m", "pip", "install", "--quiet"]
        for package in SINGLE + BATCH:
            if subprocess.run(pip + [package]).returncode:
                print(f"{package} does not install here", file=sys.stderr)
        subprocess.run(pip + ["--no-deps", "--no-build-isolation", "qpth"])
    return python


def build():
    subprocess.run(["cargo", "build", "--release", "--bin", "cvx"], cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "cvx"


# ---------------------------------------------------------------------------------------------------- problems
class Writer:
    """Writes problems in the format above."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, name, P, q, A=None, b=None, G=None, h=None, lower=None, upper=None, **extra):
        import numpy as np
        import scipy.sparse as sp

        path = self.folder / f"{name}.npz"
        if path.exists():
            return
        n = len(q)
        blocks = [(A, b, b), (G, None if h is None else np.full(len(h), -np.inf), h)]
        blocks = [(sp.csc_matrix(M), l, u) for M, l, u in blocks if M is not None]
        C = sp.vstack([M for M, _, _ in blocks]).tocsc() if blocks else sp.csc_matrix((0, n))
        ends = [np.concatenate([block[k] for block in blocks] or [np.zeros(0)]) for k in (1, 2)]
        data = {"q": q, "r": np.zeros(1), "cl": ends[0], "cu": ends[1], "shape": np.array(C.shape)}
        data["xl"] = np.full(n, -np.inf) if lower is None else lower
        data["xu"] = np.full(n, np.inf) if upper is None else upper
        for key, M in (("P", sp.triu(sp.csc_matrix(P)).tocsc()), ("C", C)):
            M.sort_indices()
            data |= {f"{key}_data": M.data, f"{key}_indices": M.indices.astype(np.int64)}
            data[f"{key}_indptr"] = M.indptr.astype(np.int64)
        np.savez(path, **data, **extra)


def dense(write, n, m, p):
    """The dense quadratic layer of Alt-Diff (Sun et al. 2023, §5), with a feasible point."""
    import numpy as np

    rng = np.random.default_rng(n)
    root = rng.standard_normal((n, n))
    A, G, x = rng.standard_normal((m, n)), rng.standard_normal((p, n)), rng.standard_normal(n)
    h = G @ x + 0.1 * np.abs(rng.standard_normal(p))
    write(f"dense-{n}-{m}-{p}", root.T @ root, rng.standard_normal(n), A, A @ x, G, h)


def bpqp(write, n, m):
    """Table 1 of BPQP (Pan et al. 2024): uniform entries; hardly an inequality is active."""
    import numpy as np

    rng = np.random.default_rng(1000 + n)
    root, A, G = rng.random((n, n)), rng.random((m, n)), rng.random((m, n))
    x, z = rng.random(n), rng.random(n)
    write(f"bpqp-{n}-{m}", root.T @ root + 1e-3 * np.eye(n), rng.random(n), A, A @ x, G, G @ z)


def active(write, n, m):
    """As many inequalities as variables, about half of them active."""
    import numpy as np

    rng = np.random.default_rng(2000 + n)
    root = rng.standard_normal((n, n)) / np.sqrt(n)
    A, G, x = rng.standard_normal((m, n)), rng.standard_normal((n, n)), rng.standard_normal(n)
    P = root.T @ root + 1e-2 * np.eye(n)
    write(f"active-{n}-{m}", P, rng.standard_normal(n), A, A @ x, G, G @ x + 0.1 * rng.random(n))


def batch(write, samples, n, m, p):
    """Shared matrices, one q per sample."""
    import numpy as np

    rng = np.random.default_rng(3000 + n)
    root = rng.standard_normal((n, n)) / np.sqrt(n)
    A, G, x = rng.standard_normal((m, n)), rng.standard_normal((p, n)), rng.standard_normal(n)
    Q = rng.standard_normal((samples, n))
    equalities = (A, A @ x) if m else (None, None)
    P = root.T @ root + 1e-2 * np.eye(n)
    write(f"batch-{samples}x{n}-{m}-{p}", P, Q[0], *equalities, G, G @ x + rng.random(p), Q=Q)


def lasso(write, n):
    """Least squares with an l1 penalty: variables x, residuals y = Ax - b, and t ≥ |x|."""
    import numpy as np
    import scipy.sparse as sp

    rng = np.random.default_rng(4000 + n)
    rows = 5 * n
    A = sp.random(rows, n, 0.15, random_state=rng, data_rvs=rng.standard_normal)
    truth = (rng.random(n) > 0.5) * rng.standard_normal(n) / np.sqrt(n)
    b = A @ truth + rng.standard_normal(rows)
    weight = 0.2 * np.abs(A.T @ b).max()
    P = sp.block_diag([sp.csc_matrix((n, n)), 2 * sp.eye(rows), sp.csc_matrix((n, n))])
    one, none = sp.eye(n), sp.csc_matrix((n, rows))
    G = sp.vstack([sp.hstack([one, none, -one]), sp.hstack([-one, none, -one])])
    E = sp.hstack([A, -sp.eye(rows), sp.csc_matrix((rows, n))])
    write(f"lasso-{n}", P, np.r_[np.zeros(n + rows), np.full(n, weight)], E, b, G, np.zeros(2 * n))


def portfolio(write, factors):
    """Markowitz with a factor model, 100 assets per factor."""
    import numpy as np
    import scipy.sparse as sp

    rng = np.random.default_rng(5000 + factors)
    n = 100 * factors
    F = sp.random(n, factors, 0.5, random_state=rng, data_rvs=rng.standard_normal)
    P = sp.block_diag([sp.diags(rng.random(n) * np.sqrt(factors)), sp.eye(factors)])
    budget = sp.hstack([np.ones((1, n)), sp.csc_matrix((1, factors))])
    A = sp.vstack([budget, sp.hstack([F.T, -sp.eye(factors)])])
    q = np.r_[-rng.standard_normal(n), np.zeros(factors)]
    lower = np.r_[np.zeros(n), np.full(factors, -np.inf)]
    write(f"portfolio-{factors}", P, q, A, np.r_[1.0, np.zeros(factors)], lower=lower)


def control(write, states, horizon):
    """Linear model predictive control with bounds on states and inputs."""
    import numpy as np
    import scipy.sparse as sp

    rng = np.random.default_rng(6000 + states)
    inputs = states // 2
    D = np.eye(states) + 0.05 * rng.standard_normal((states, states))
    D /= max(1.0, np.abs(np.linalg.eigvals(D)).max())
    B = rng.standard_normal((states, inputs))
    cost = 10 * rng.random(states) * (rng.random(states) > 0.3)
    P = sp.diags(np.r_[np.tile(cost, horizon + 1), np.full(inputs * horizon, 0.1)])
    steps = horizon + 1
    chain = sp.kron(sp.eye(steps), -np.eye(states)) + sp.kron(sp.eye(steps, k=-1), D)
    push = sp.vstack([sp.csc_matrix((states, inputs * horizon)), sp.kron(sp.eye(horizon), B)])
    start = np.r_[-0.5 * rng.standard_normal(states), np.zeros(states * horizon)]
    limit = np.r_[np.full(states * steps, 5.0), np.full(inputs * horizon, 0.2)]
    write(f"mpc-{states}x{horizon}", P, np.zeros(len(limit)), sp.hstack([chain, push]), start,
          lower=-limit, upper=limit)


FAMILIES = {
    "dense": lambda w: [dense(w, *s) for s in ((1000, 500, 200), (1500, 200, 500), (3000, 1000, 500))],
    "bpqp": lambda w: [bpqp(w, *s) for s in ((10, 5), (50, 10), (100, 20), (500, 100))],
    "active": lambda w: [active(w, *s) for s in ((10, 5), (50, 10), (100, 20), (500, 100))],
    "batch": lambda w: [batch(w, *s) for s in ((128, 20, 5, 20), (128, 100, 20, 50), (128, 128, 0, 128), (64, 200, 50, 100))],
    "lasso": lambda w: [lasso(w, n) for n in (200, 1000)],
    "portfolio": lambda w: [portfolio(w, k) for k in (20, 100)],
    "mpc": lambda w: [control(w, *s) for s in ((10, 20), (30, 50))],
}


def load(path):
    import numpy as np
    import scipy.sparse as sp

    d = dict(np.load(path))
    rows, n = d["shape"]
    upper = sp.csc_matrix((d["P_data"], d["P_indices"], d["P_indptr"]), shape=(n, n))
    d["upper"] = upper
    d["P"] = (upper + sp.triu(upper, 1).T).tocsc()
    d["C"] = sp.csc_matrix((d["C_data"], d["C_indices"], d["C_indptr"]), shape=(rows, n))
    return d


def one_sided(d):
    """(A, b, G, h) with Ax = b and Gx ≤ h; bounds become rows."""
    import numpy as np
    import scipy.sparse as sp

    bounded = np.isfinite(d["xl"]) | np.isfinite(d["xu"])
    C = sp.vstack([d["C"], sp.eye(len(d["q"]), format="csr")[bounded]]).tocsr()
    l, u = np.r_[d["cl"], d["xl"][bounded]], np.r_[d["cu"], d["xu"][bounded]]
    equal = l == u
    upper, lower = ~equal & np.isfinite(u), ~equal & np.isfinite(l)
    return C[equal].tocsc(), u[equal], sp.vstack([C[upper], -C[lower]]).tocsc(), np.r_[u[upper], -l[lower]]


# ------------------------------------------------------------------------------------------- peers, one problem
# Each returns (x, dq or None, setup seconds, forward seconds, backward seconds, status).
def timed(*calls):
    out = []
    for call in calls:
        start = time.perf_counter()
        out.append(call())
        out.append(time.perf_counter() - start)
    return out


def run_proxqp(d):
    import numpy as np
    from proxsuite import proxqp

    n = len(d["q"])
    if n > 4000:
        raise ValueError("too large to be dense")
    A, b, G, h = one_sided(d)
    A, G, P = A.toarray(), G.toarray(), d["P"].toarray()

    def setup():
        qp = proxqp.dense.QP(n, len(b), len(h))
        qp.settings.eps_abs = 1e-8
        qp.init(P, d["q"], A, b, G, None, h)
        return qp

    qp, t0 = timed(setup)
    _, t1 = timed(qp.solve)
    seed = np.r_[np.ones(n), np.zeros(len(b) + len(h))]
    _, t2 = timed(lambda: proxqp.dense.compute_backward(qp, seed, 1e-9, 1e-7, 1e-7))
    return qp.results.x, np.array(qp.model.backward_data.dL_dg), t0, t1, t2, str(qp.results.info.status).split(".")[-1]


def run_piqp(d):
    import numpy as np
    import piqp

    equal = d["cl"] == d["cu"]
    full = d["P"].nnz > 0.3 * len(d["q"]) ** 2
    shape = (lambda M: M.toarray()) if full else (lambda M: M.tocsc())
    C = d["C"].tocsr()
    P, A, G = shape(d["P"]), shape(C[equal]), shape(C[~equal])
    solver = (piqp.DenseSolver if full else piqp.SparseSolver)()
    solver.settings.eps_abs, solver.settings.eps_rel = 1e-8, 0
    _, t0 = timed(lambda: solver.setup(P, d["q"], A, d["cu"][equal], G, d["cl"][~equal], d["cu"][~equal], d["xl"], d["xu"]))
    status, t1 = timed(solver.solve)
    return np.array(solver.result.x), None, t0, t1, 0.0, str(status).split("_")[-1]


def run_osqp(d):
    import numpy as np
    import osqp
    import scipy.sparse as sp

    n = len(d["q"])
    bounded = np.isfinite(d["xl"]) | np.isfinite(d["xu"])
    C = sp.vstack([d["C"], sp.eye(n, format="csr")[bounded]]).tocsc()
    l, u = np.r_[d["cl"], d["xl"][bounded]], np.r_[d["cu"], d["xu"][bounded]]
    solver = osqp.OSQP()
    options = {"verbose": False, "eps_abs": 1e-8, "eps_rel": 0, "max_iter": 50000, "time_limit": 60}
    _, t0 = timed(lambda: solver.setup(d["upper"], d["q"], C, l, u, **options))
    result, t1 = timed(solver.solve)
    if n > 1500:
        return result.x, None, t0, t1, 0.0, result.info.status
    _, t2 = timed(lambda: solver.adjoint_derivative_compute(dx=np.ones(n)))
    return result.x, solver.adjoint_derivative_get_vec()[0], t0, t1, t2, result.info.status


def interior(d, tolerance):
    import clarabel
    import numpy as np
    import scipy.sparse as sp

    A, b, G, h = one_sided(d)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    cones = [clarabel.ZeroConeT(len(b)), clarabel.NonnegativeConeT(len(h))]
    C = sp.vstack([A, G]).tocsc()
    solver, t0 = timed(lambda: clarabel.DefaultSolver(d["upper"], d["q"], C, np.r_[b, h], cones, settings))
    result, t1 = timed(solver.solve)
    return result, t0, t1


def run_clarabel(d):
    import numpy as np

    result, t0, t1 = interior(d, 1e-8)
    return np.array(result.x), None, t0, t1, 0.0, str(result.status)


def run_moreau(d):
    import moreau
    import numpy as np
    import scipy.sparse as sp

    A, b, G, h = one_sided(d)
    C, P = sp.vstack([A, G]).tocsr(), d["P"].tocsr()
    cones = moreau.Cones(num_zero_cones=len(b), num_nonneg_cones=len(h))
    solver, t0 = timed(lambda: moreau.Solver(P, d["q"], C, np.r_[b, h], cones, moreau.Settings(enable_grad=True)))
    result, t1 = timed(solver.solve)
    gradient, t2 = timed(lambda: solver.backward(np.ones(len(d["q"]))))
    return np.array(result.x), gradient["dq"], t0, t1, t2, str(getattr(solver.info, "status", "?"))


def run_altdiff(d):
    """The recursion as published: penalty 1, dense inverse, stops when the objective changes by less than 1e-3; the
    tangent along q is carried along."""
    import numpy as np

    n = len(d["q"])
    if n > 4000:
        raise ValueError("too large to be inverted")
    A, b, G, h = one_sided(d)
    A, G, P, q = A.toarray(), G.toarray(), d["P"].toarray(), d["q"]
    inverse, t0 = timed(lambda: -np.linalg.inv(P + A.T @ A + G.T @ G))

    def iterate():
        s, ds = np.zeros(len(h)), np.zeros(len(h))
        dual, ddual = np.zeros(len(b)), np.zeros(len(b))
        nu, dnu = np.zeros(len(h)), np.zeros(len(h))
        before, now, steps = 1e3, -100.0, 0
        while abs((now - before) / before) > 1e-3 and steps < 20000:
            x = inverse @ (q + A.T @ (dual - b) + G.T @ (nu + s - h))
            dx = inverse @ (np.ones(n) + A.T @ ddual + G.T @ (dnu + ds))
            s = np.maximum(0.0, -nu - (G @ x - h))
            ds = np.where(s > 0, -(dnu + G @ dx), 0.0)
            dual, ddual = dual + A @ x - b, ddual + A @ dx
            nu, dnu = nu + G @ x + s - h, dnu + G @ dx + ds
            before, now, steps = now, 0.5 * x @ P @ x + q @ x, steps + 1
        return x, dx, steps

    (x, dx, steps), t1 = timed(iterate)
    return x, dx, t0, t1, 0.0, f"{steps} steps"


PEERS = {"proxqp": run_proxqp, "piqp": run_piqp, "osqp": run_osqp, "clarabel": run_clarabel, "moreau": run_moreau,
         "alt-diff (published)": run_altdiff}


# -------------------------------------------------------------------------------------------------- the reference
def reference(d):
    """x and d sum(x) / dq on the active set of a tight solve, by a refined KKT solve."""
    import numpy as np
    import scipy.sparse as sp
    from scipy.sparse.linalg import splu

    A, b, G, h = one_sided(d)
    result, _, _ = interior(d, 1e-11)
    dual, slack = np.array(result.z)[len(b):], np.array(result.s)[len(b):]
    held, n, G = dual > slack, len(d["q"]), G.tocsr()
    # An interior point can misjudge a constraint: exchange until every sign is right.
    for _ in range(50):
        rows = sp.vstack([A, G[held]]).tocsr()
        K = sp.bmat([[d["P"], rows.T], [rows, None]]).tocsc()
        shift = sp.diags(np.r_[np.full(n, 1e-10), np.full(rows.shape[0], -1e-10)])
        factor = splu((K + shift).tocsc())

        def solve(v):
            w = factor.solve(v)
            for _ in range(8):
                w += factor.solve(v - K @ w)
            return w

        w = solve(np.r_[-d["q"], b, h[held]])
        x, multipliers = w[:n], np.zeros(len(h))
        multipliers[held] = w[n + len(b):]
        violated = ~held & (G @ x - h > 1e-9 * (1 + np.abs(h)))
        wrong = held & (multipliers < -1e-9 * (1 + np.abs(multipliers).max(initial=0)))
        if not (violated | wrong).any():
            break
        held = held ^ violated ^ wrong
    else:
        print("# the reference's active set is in doubt", file=sys.stderr)
    return x, solve(np.r_[-np.ones(n), np.zeros(rows.shape[0])])[:n]


# -------------------------------------------------------------------------------------------------- peers, batches
def batch_qpth(d, A, b, G, h, torch):
    from qpth.qp import QPFunction

    empty, tensor = torch.Tensor().double(), torch.from_numpy
    P = tensor(d["P"].toarray())
    return lambda Q: QPFunction(verbose=-1)(
        P, Q, tensor(G), tensor(h), tensor(A) if len(b) else empty, tensor(b) if len(b) else empty)


def batch_qplayer(d, A, b, G, h, torch):
    import numpy as np
    from proxsuite.torch.qplayer import QPFunction

    def run(Q):
        many = lambda v: torch.from_numpy(np.broadcast_to(v, (len(Q),) + v.shape).copy())
        none = torch.Tensor()
        layer = QPFunction(structural_feasibility=True, omp_parallel=True, eps=1e-8)
        return layer(many(d["P"].toarray()), Q, many(A) if len(b) else none, many(b) if len(b) else none,
                     many(G), many(np.full(len(h), -1e20)), many(h))[0]
    return run


def batch_cvxpylayers(solver):
    def make(d, A, b, G, h, torch):
        import cvxpy as cp
        import numpy as np
        from cvxpylayers.torch import CvxpyLayer

        n = len(d["q"])
        q, x, P = cp.Parameter(n), cp.Variable(n), d["P"].toarray()
        # The standard back end knows no quadratic objective.
        square = cp.quad_form(x, cp.psd_wrap(P)) if solver else cp.sum_squares(np.linalg.cholesky(P).T @ x)
        rows = [G @ x <= h] + ([A @ x == b] if len(b) else [])
        problem = cp.Problem(cp.Minimize(0.5 * square + q @ x), rows)
        options = {"solver": solver} if solver else {}
        layer = CvxpyLayer(problem, parameters=[q], variables=[x], **options)
        return lambda Q: layer(Q)[0]
    return make


BATCH_PEERS = {"qpth": batch_qpth, "qplayer": batch_qplayer, "cvxpylayers": batch_cvxpylayers(None),
               "cvxpylayers+moreau": batch_cvxpylayers("MOREAU")}


def run_batch(make, d):
    import torch

    torch.set_default_dtype(torch.float64)
    A, b, G, h = one_sided(d)
    layer, t0 = timed(lambda: make(d, A.toarray(), b, G.toarray(), h, torch))
    layer(torch.from_numpy(d["Q"][:2].copy()).requires_grad_())
    Q = torch.from_numpy(d["Q"].copy()).requires_grad_()
    x, t1 = timed(lambda: layer(Q))
    _, t2 = timed(lambda: x.sum().backward())
    return x.detach().numpy(), Q.grad.numpy(), t0, t1, t2, "?"


# ------------------------------------------------------------------------------------------------------- the runs
def measure(folder, names):
    """Runs every peer on the named problems (in the environment's interpreter) and prints rows."""
    import numpy as np

    for name in names:
        d = load(folder / f"{name}.npz")
        if "Q" in d:
            exact = [reference({**d, "q": q}) for q in d["Q"]]
            exact = tuple(np.array([e[k] for e in exact]) for k in (0, 1))
            peers = {key: (lambda d, make=make: run_batch(make, d)) for key, make in BATCH_PEERS.items()}
        else:
            exact, peers = reference(d), PEERS
        np.savez(folder / f"{name}.exact", x=exact[0], dq=exact[1])
        for peer, run in peers.items():
            try:
                x, dq, *times, status = run(d)
                runs = [times]
                while sum(map(sum, runs)) < 0.5 and len(runs) < 20:
                    runs.append(run(d)[2:5])
                setup, solve, backward = np.median(runs, axis=0)
                forward = setup + solve
                error = np.abs(x - exact[0]).max() / max(1.0, np.abs(exact[0]).max())
                wrong = "" if dq is None else f"{np.linalg.norm(dq - exact[1]) / max(np.linalg.norm(exact[1]), 1e-6):.1e}"
                row = [name, peer, f"{forward:.3e}", f"{backward:.3e}", status, f"{error:.1e}", wrong]
            except Exception as error:  # a peer that fails is a result
                row = [name, peer, "", "", f"{type(error).__name__}: {str(error)[:60]}", "", ""]
            csv.writer(sys.stdout).writerow(row)
            sys.stdout.flush()


def rows(text):
    return [dict(zip(COLUMNS, row)) for row in csv.reader(text.splitlines()) if len(row) == len(COLUMNS) and row[0] != "instance"]


def run(folder, families, cvx):
    """Generates, runs the peers and cvx on each problem in turn, and returns all rows."""
    python, cvx = environment(folder), cvx or build()
    here = Path(__file__).resolve()
    subprocess.run([python, here, "--folder", folder, "--generate", *families], check=True)
    known = {}
    if (folder / "results.csv").exists():
        known = {(r["instance"], r["peer"]): r for r in rows((folder / "results.csv").read_text())}
    for family in families:
        for path in sorted(folder.glob(f"{family}-*.npz")):
            if path.name.endswith(".exact.npz"):
                continue
            peers = subprocess.run([python, here, "--folder", folder, "--measure", path.stem], capture_output=True, text=True)
            sys.stderr.write(peers.stderr)
            ours = subprocess.run([cvx, "qp", "--warm", path], capture_output=True, text=True)
            sys.stderr.write(ours.stderr)
            for row in rows(peers.stdout) + rows(ours.stdout):
                known[row["instance"], row["peer"]] = row
                print(",".join(row.values()), flush=True)
            with open(folder / "results.csv", "w", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows(known.values())
    return list(known.values())


# ---------------------------------------------------------------------------------------------------- the report
def seconds(text):
    if not text:
        return "–"
    t = float(text)
    return f"{t * 1e6:.3g} µs" if t < 1e-3 else f"{t * 1e3:.3g} ms" if t < 1 else f"{t:.3g} s"


def total(row):
    return sum(float(row[k]) for k in ("forward_s", "backward_s") if row[k])


def report(results, path):
    """A table per family: times, errors, and how many times longer each peer takes than cvxlayer for the same work."""
    machine = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    lines = ["# Benchmarks", "",
             f"Written by `python3 benches/peers.py` on {os.cpu_count()} cores of {machine}. Work: set up, solve to 1e-8, then the",
             "vector-Jacobian product of sum(x) by all data; batches: all samples, and d sum(x)/dq of each. Errors are against a",
             "refined KKT solve: the largest of x relative to max(1, |x|), and the relative error of the gradient by q. Forward is",
             "set-up and solve; backward of `cvxlayer` is all of the gradient, P's included. `cvxlayer warm` solves again from the",
             "last solution after every entry of q has changed by 1 %. The last column is a solver's time over that of cvxlayer for",
             "the same work: solvers without a gradient are compared with the forward time alone.", ""]
    for family in FAMILIES:
        of = [r for r in results if r["instance"].startswith(family + "-")]
        if not of:
            continue
        lines += [f"## {family}", "", (FAMILY_NOTES[family] or "").strip(), "",
                  "| problem | solver | forward | backward | error of x | of gradient | × |", "|---|---|---|---|---|---|---|"]
        for instance in sorted({r["instance"] for r in of}, key=size):
            group = [r for r in of if r["instance"] == instance]
            ours = next((r for r in group if r["peer"] == "cvxlayer" and r["forward_s"]), None)
            for row in sorted(group, key=lambda r: (not r["peer"].startswith("cvxlayer"), total(r) if r["forward_s"] else 1e9)):
                ratio = "–"
                if row["forward_s"] and ours:
                    base = total(ours) if row["gradient_error"] or not row["x_error"] else float(ours["forward_s"])
                    ratio = f"{total(row) / base:.3g}"
                cells = [instance, row["peer"], *(seconds(row[k]) for k in ("forward_s", "backward_s"))]
                lines.append("| " + " | ".join([*cells, row["x_error"] or row["status"][:40], row["gradient_error"] or "–", ratio]) + " |")
        lines.append("")
    path.write_text("\n".join(lines))


def size(instance):
    return [int(part) if part.isdigit() else 0 for part in instance.replace("x", "-").split("-")]


FAMILY_NOTES = {"dense": dense.__doc__, "bpqp": bpqp.__doc__, "active": active.__doc__, "batch": batch.__doc__,
                "lasso": lasso.__doc__, "portfolio": portfolio.__doc__, "mpc": control.__doc__}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "target" / "peers")
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--cvx", type=Path, help="the command, where it is built already")
    parser.add_argument("--generate", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if options.generate:
        for family in options.generate:
            FAMILIES[family](Writer(folder))
    elif options.measure:
        measure(folder, options.measure)
    else:
        report(run(folder, options.only, options.cvx), ROOT / "benches" / "report.md")


if __name__ == "__main__":
    main()
