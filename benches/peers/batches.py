"""Peers on a batch: each makes a layer from Q to X."""

import numpy as np
from problems import one_sided
from single import timed


def batch_qpth(d, A, b, G, h, torch):
    from qpth.qp import QPFunction

    empty, tensor = torch.Tensor().double(), torch.from_numpy
    P = tensor(d["P"].toarray())
    return lambda Q: QPFunction(verbose=-1)(
        P, Q, tensor(G), tensor(h), tensor(A) if len(b) else empty, tensor(b) if len(b) else empty)


def batch_qplayer(d, A, b, G, h, torch):
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
