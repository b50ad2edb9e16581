"""The solution and gradient that errors are measured against."""

import sys

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from problems import is_dense, load, one_sided, samples
from scipy.sparse.linalg import splu
from single import augmented_lagrangian, interior


# Nonzeros from which on residuals are taken in double precision.
LARGE = 2e7


def factored(K, n):
    """Solves with K, whose first n rows are positive semidefinite, refined to machine precision."""
    if K.nnz > 0.1 * K.shape[0] ** 2:
        full = K.toarray()
        factor = scipy.linalg.lu_factor(full)
        return lambda v: scipy.linalg.lu_solve(factor, v)
    shift = sp.diags(np.r_[np.full(n, 1e-10), np.full(K.shape[0] - n, -1e-10)])
    return splu((K + shift).tocsc()).solve


def reference(d):
    """x and d sum(x) / dq on the active set of a tight solve, by a refined KKT solve."""
    A, b, G, h = one_sided(d)
    n = len(d["q"])
    if is_dense(d):
        qp = augmented_lagrangian(d, 1e-10)
        qp.solve()
        dual, slack = qp.results.z, h - G @ qp.results.x
    else:
        result, _, _ = interior(d, 1e-11)
        dual, slack = np.array(result.z)[len(b):], np.array(result.s)[len(b):]
    held, G = dual > slack, G.tocsr()
    # Such a solver can misjudge a constraint: exchange until every sign is right.
    for _ in range(50):
        rows = sp.vstack([A, G[held]]).tocsr()
        K = sp.bmat([[d["P"], rows.T], [rows, None]]).tocsc()
        inverse = factored(K, n)
        # Ill-conditioned systems need residuals of more digits than their solutions; the largest ones here are not.
        precise = K.astype(np.longdouble) if K.nnz < LARGE else K

        def solve(v):
            w = inverse(v).astype(precise.dtype)
            for _ in range(8):
                w += inverse((v - precise @ w).astype(float))
            return w.astype(float)

        w = solve(np.r_[-d["q"], b, h[held]])
        x, multipliers = w[:n], np.zeros(len(h))
        multipliers[held] = w[n + len(b):]
        violated = ~held & (G @ x - h > 1e-11 * (1 + np.abs(h)))
        wrong = held & (multipliers < -1e-11 * (1 + np.abs(multipliers).max(initial=0)))
        if not (violated | wrong).any():
            break
        held = held ^ violated ^ wrong
    else:
        print("# the reference's active set is in doubt", file=sys.stderr)
    return x, solve(np.r_[-np.ones(n), np.zeros(rows.shape[0])])[:n]


def exact(folder, name):
    """The reference of a problem (one per sample of a batch), kept beside it in `NAME.exact.npz`."""
    path = folder / f"{name}.exact.npz"
    if not path.exists():
        d = load(folder / f"{name}.npz")
        found = [reference(one) for one in samples(d)] if "Q" in d else [reference(d)]
        x, dq = (np.array([one[k] for one in found]) for k in (0, 1))
        np.savez(path, x=x if "Q" in d else x[0], dq=dq if "Q" in d else dq[0])
    with np.load(path) as known:
        return known["x"], known["dq"]
