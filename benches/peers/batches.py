"""Peers on a batch: each makes a layer from Q to X.

`parts` are P, A, b, G, h as tensors, with a leading axis over the samples where these have their own.
"""

import numpy as np
from problems import has_own, one_sided, samples
from single import timed


def batch_qpth(d, parts, torch):
    from qpth.qp import QPFunction

    P, A, b, G, h = parts
    if not A.shape[-2]:
        A = b = torch.Tensor().double()
    cut = cutter(d)
    return lambda Q: QPFunction(verbose=-1)(cut(P, Q), Q, cut(G, Q), cut(h, Q), cut(A, Q), cut(b, Q))


def batch_qplayer(d, parts, torch):
    from proxsuite.torch.qplayer import QPFunction

    cut = cutter(d)

    def run(Q):
        many = (lambda M: cut(M, Q)) if has_own(d) else (lambda M: M.expand(len(Q), *M.shape).contiguous())
        P, A, b, G, h = map(many, parts)
        if not A.shape[-2]:
            A = b = torch.Tensor()
        layer = QPFunction(structural_feasibility=True, omp_parallel=True, eps=1e-8)
        return layer(P, Q, A, b, G, torch.full_like(h, -1e20), h)[0]
    return run


def batch_cvxpylayers(solver):
    def make(d, parts, torch):
        import cvxpy as cp
        from cvxpylayers.torch import CvxpyLayer

        n, own = len(d["q"]), has_own(d)
        q, x = cp.Parameter(n), cp.Variable(n)
        P, A, b, G, h = parts
        # Factors of P: a matrix that is a parameter cannot be told to be definite, and the standard back end knows no
        # quadratic objective.
        root = torch.linalg.cholesky(P).mT
        shown = [cp.Parameter(M.shape[1:]) if own else M.numpy() for M in (root, A, b, G, h)]
        R, A, b, G, h = shown
        square = cp.sum_squares(R @ x) if own or not solver else cp.quad_form(x, cp.psd_wrap(P.numpy()))
        rows = [G @ x <= h] + ([A @ x == b] if parts[1].shape[-2] else [])
        problem = cp.Problem(cp.Minimize(0.5 * square + q @ x), rows)
        used = {id(p) for p in problem.parameters()}
        given = [(p, M) for p, M in zip(shown, (root, *parts[1:])) if id(p) in used]
        options = {"solver": solver} if solver else {}
        layer = CvxpyLayer(problem, parameters=[q, *(p for p, _ in given)], variables=[x], **options)
        return lambda Q: layer(Q, *(M[: len(Q)] for _, M in given))[0]
    return make


def cutter(d):
    """As many samples of a tensor as Q has, where each has its own."""
    own = has_own(d)
    return lambda M, Q: M[: len(Q)] if own and M.numel() else M


BATCH_PEERS = {"qpth": batch_qpth, "qplayer": batch_qplayer, "cvxpylayers": batch_cvxpylayers(None),
               "cvxpylayers+moreau": batch_cvxpylayers("MOREAU")}


def run_batch(make, d):
    import torch

    torch.set_default_dtype(torch.float64)
    parts = []
    for one in samples(d) if has_own(d) else [d]:
        A, b, G, h = one_sided(one)
        parts.append((one["P"].toarray(), A.toarray(), b, G.toarray(), h))
    parts = [torch.from_numpy(np.stack(M) if has_own(d) else M[0]) for M in zip(*parts)]
    layer, t0 = timed(lambda: make(d, parts, torch))
    layer(torch.from_numpy(d["Q"][:2].copy()).requires_grad_())
    Q = torch.from_numpy(d["Q"].copy()).requires_grad_()
    x, t1 = timed(lambda: layer(Q))
    _, t2 = timed(lambda: x.sum().backward())
    return x.detach().numpy(), Q.grad.numpy(), t0, t1, t2, "?"
