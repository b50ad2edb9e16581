"""Peers on one problem."""

import time

import numpy as np
import scipy.sparse as sp
from problems import is_dense, one_sided


# Each returns (x, dq or None, setup seconds, forward seconds, backward seconds, status).
def timed(*calls):
    out = []
    for call in calls:
        start = time.perf_counter()
        out.append(call())
        out.append(time.perf_counter() - start)
    return out


def augmented_lagrangian(d, tolerance, seconds=None):
    """ProxQP with the problem in it; `seconds` receives what that took once the matrices are dense."""
    from proxsuite import proxqp

    A, b, G, h = one_sided(d)
    A, G, P = A.toarray(), G.toarray(), d["P"].toarray()

    def setup():
        qp = proxqp.dense.QP(len(d["q"]), len(b), len(h))
        qp.settings.eps_abs = tolerance
        qp.init(P, d["q"], A, b, G, None, h)
        return qp

    qp, t0 = timed(setup)
    if seconds is not None:
        seconds.append(t0)
    return qp


def run_proxqp(d):
    from proxsuite import proxqp

    n = len(d["q"])
    if n > 5000:
        raise ValueError("too large to be dense")
    seconds = []
    qp = augmented_lagrangian(d, 1e-8, seconds)
    t0 = seconds[0]
    _, t1 = timed(qp.solve)
    seed = np.r_[np.ones(n), np.zeros(len(qp.results.y) + len(qp.results.z))]
    _, t2 = timed(lambda: proxqp.dense.compute_backward(qp, seed, 1e-9, 1e-7, 1e-7))
    return qp.results.x, np.array(qp.model.backward_data.dL_dg), t0, t1, t2, str(qp.results.info.status).split(".")[-1]


def run_piqp(d, relative=0):
    import piqp

    equal = d["cl"] == d["cu"]
    full = is_dense(d)
    shape = (lambda M: M.toarray()) if full else (lambda M: M.tocsc())
    C = d["C"].tocsr()
    P, A, G = shape(d["P"]), shape(C[equal]), shape(C[~equal])
    solver = (piqp.DenseSolver if full else piqp.SparseSolver)()
    solver.settings.eps_abs, solver.settings.eps_rel = 1e-8, relative
    _, t0 = timed(lambda: solver.setup(P, d["q"], A, d["cu"][equal], G, d["cl"][~equal], d["cu"][~equal], d["xl"], d["xu"]))
    status, t1 = timed(solver.solve)
    return np.array(solver.result.x), None, t0, t1, 0.0, str(status).split("_")[-1]


def run_osqp(d, relative=0):
    import osqp

    n = len(d["q"])
    bounded = np.isfinite(d["xl"]) | np.isfinite(d["xu"])
    C = sp.vstack([d["C"], sp.eye(n, format="csr")[bounded]]).tocsc()
    l, u = np.r_[d["cl"], d["xl"][bounded]], np.r_[d["cu"], d["xu"][bounded]]
    solver = osqp.OSQP()
    options = {"verbose": False, "eps_abs": 1e-8, "eps_rel": relative, "max_iter": 50000, "time_limit": 60}
    _, t0 = timed(lambda: solver.setup(d["upper"], d["q"], C, l, u, **options))
    result, t1 = timed(solver.solve)
    if n > 1500 or relative:
        return result.x, None, t0, t1, 0.0, result.info.status
    _, t2 = timed(lambda: solver.adjoint_derivative_compute(dx=np.ones(n)))
    return result.x, solver.adjoint_derivative_get_vec()[0], t0, t1, t2, result.info.status


def interior(d, tolerance):
    import clarabel

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
    result, t0, t1 = interior(d, 1e-8)
    return np.array(result.x), None, t0, t1, 0.0, str(result.status)


def run_moreau(d):
    import moreau

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
