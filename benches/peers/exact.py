"""The solution and gradient that errors are measured against."""

import sys

import numpy as np
import scipy.sparse as sp
from problems import one_sided
from scipy.sparse.linalg import splu
from single import interior


def reference(d):
    """x and d sum(x) / dq on the active set of a tight solve, by a refined KKT solve."""
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
