"""The problems, one `.npz` each; `__main__` says what is in it."""

import numpy as np
import scipy.sparse as sp


class Writer:
    """Writes problems, those that are not there yet."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, name, *args, **extra):
        path = self.folder / f"{name}.npz"
        if not path.exists():
            np.savez(path, **arrays(*args, **extra))

    def each(self, name, samples):
        """A batch of problems with matrices of their own, given by their arguments."""
        path = self.folder / f"{name}.npz"
        if not path.exists():
            many = [arrays(*args) for args in samples]
            own = {key: np.stack([one[key] for one in many]) for key in OWN}
            np.savez(path, **many[0] | own, Q=np.stack([one["q"] for one in many]))


# What has a row per sample where samples have matrices of their own.
OWN = "P_data", "C_data", "cl", "cu"


def arrays(P, q, A=None, b=None, G=None, h=None, lower=None, upper=None, **extra):
    """What is in the file of a problem."""
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
    return data | extra


def dense(write, n, m, p):
    """The dense quadratic layer of Alt-Diff (Sun et al. 2023, §5), with a feasible point."""
    rng = np.random.default_rng(n)
    root = rng.standard_normal((n, n))
    A, G, x = rng.standard_normal((m, n)), rng.standard_normal((p, n)), rng.standard_normal(n)
    h = G @ x + 0.1 * np.abs(rng.standard_normal(p))
    write(f"dense-{n}-{m}-{p}", root.T @ root, rng.standard_normal(n), A, A @ x, G, h)


def bpqp(write, n, m):
    """Table 1 of BPQP (Pan et al. 2024): uniform entries; hardly an inequality is active."""
    rng = np.random.default_rng(1000 + n)
    root, A, G = rng.random((n, n)), rng.random((m, n)), rng.random((m, n))
    x, z = rng.random(n), rng.random(n)
    write(f"bpqp-{n}-{m}", root.T @ root + 1e-3 * np.eye(n), rng.random(n), A, A @ x, G, G @ z)


def lp(write, n, m):
    """The linear programs of BPQP, with the ½·1e-6‖x‖² that makes their solutions unique."""
    rng = np.random.default_rng(7000 + n)
    A, G, x, s = rng.random((m, n)), rng.random((m, n)), rng.random(n), rng.standard_normal(m)
    q = -G.T @ np.maximum(-s, 0)
    write(f"lp-{n}-{m}", 1e-6 * sp.eye(n), q, A, A @ x, G, G @ x + np.maximum(s, 0))


def active(write, n, m):
    """As many inequalities as variables, about half of them active."""
    rng = np.random.default_rng(2000 + n)
    root = rng.standard_normal((n, n)) / np.sqrt(n)
    A, G, x = rng.standard_normal((m, n)), rng.standard_normal((n, n)), rng.standard_normal(n)
    P = root.T @ root + 1e-2 * np.eye(n)
    write(f"active-{n}-{m}", P, rng.standard_normal(n), A, A @ x, G, G @ x + 0.1 * rng.random(n))


def batch(write, samples, n, m, p):
    """Shared matrices, one q per sample."""
    rng = np.random.default_rng(3000 + n)
    root = rng.standard_normal((n, n)) / np.sqrt(n)
    A, G, x = rng.standard_normal((m, n)), rng.standard_normal((p, n)), rng.standard_normal(n)
    Q = rng.standard_normal((samples, n))
    equalities = (A, A @ x) if m else (None, None)
    P = root.T @ root + 1e-2 * np.eye(n)
    write(f"batch-{samples}x{n}-{m}-{p}", P, Q[0], *equalities, G, G @ x + rng.random(p), Q=Q)


def own(write, samples, n, m, p):
    """Matrices of their own in every sample."""
    rng = np.random.default_rng(8000 + n)

    def sample():
        root = rng.standard_normal((n, n)) / np.sqrt(n)
        A, G, x = rng.standard_normal((m, n)), rng.standard_normal((p, n)), rng.standard_normal(n)
        return root.T @ root + 1e-2 * np.eye(n), rng.standard_normal(n), A, A @ x, G, G @ x + rng.random(p)

    write.each(f"own-{samples}x{n}-{m}-{p}", [sample() for _ in range(samples)])


def lasso(write, n):
    """Least squares with an l1 penalty: variables x, residuals y = Ax - b, and t ≥ |x|."""
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


DENSE = (1000, 400, 400), (1000, 500, 200), (1500, 200, 500), (3000, 1000, 500), (3000, 1000, 1000), (5000, 2000, 1000)
SMALL = (10, 5), (50, 10), (100, 20), (500, 100)

FAMILIES = {
    "dense": lambda w: [dense(w, *s) for s in DENSE],
    "bpqp": lambda w: [bpqp(w, *s) for s in SMALL],
    "active": lambda w: [active(w, *s) for s in SMALL],
    "lp": lambda w: [lp(w, *s) for s in SMALL],
    "batch": lambda w: [batch(w, *s) for s in ((128, 20, 5, 20), (128, 100, 20, 50), (128, 128, 0, 128), (64, 200, 50, 100))],
    "own": lambda w: [own(w, *s) for s in ((128, 20, 5, 20), (128, 100, 20, 50), (64, 200, 50, 100))],
    "lasso": lambda w: [lasso(w, n) for n in (200, 1000)],
    "portfolio": lambda w: [portfolio(w, k) for k in (20, 100)],
    "mpc": lambda w: [control(w, *s) for s in ((10, 20), (30, 50))],
}

BATCHES = "batch", "own"

NOTES = {"dense": dense.__doc__, "bpqp": bpqp.__doc__, "active": active.__doc__, "lp": lp.__doc__,
         "batch": batch.__doc__, "own": own.__doc__, "lasso": lasso.__doc__, "portfolio": portfolio.__doc__, "mpc": control.__doc__}


def load(path):
    """A problem; of a batch with matrices of their own, the first sample's beside all of them."""
    d = dict(np.load(path))
    if d["P_data"].ndim == 2:
        d["own"] = {key: d[key] for key in OWN}
        d |= {key: d[key][0] for key in OWN}
    return d | matrices(d)


def has_own(d):
    return "own" in d


def samples(d):
    """The problems of a batch."""
    for k, q in enumerate(d["Q"]):
        one = d | {"q": q} | {key: values[k] for key, values in d.get("own", {}).items()}
        yield one | matrices(one)


def matrices(d):
    rows, n = d["shape"]
    upper = sp.csc_matrix((d["P_data"], d["P_indices"], d["P_indptr"]), shape=(n, n))
    C = sp.csc_matrix((d["C_data"], d["C_indices"], d["C_indptr"]), shape=(rows, n))
    return {"upper": upper, "P": (upper + sp.triu(upper, 1).T).tocsc(), "C": C}


def is_dense(d):
    return d["P"].nnz > 0.3 * len(d["q"]) ** 2


def one_sided(d):
    """(A, b, G, h) with Ax = b and Gx ≤ h; bounds become rows."""
    bounded = np.isfinite(d["xl"]) | np.isfinite(d["xu"])
    C = sp.vstack([d["C"], sp.eye(len(d["q"]), format="csr")[bounded]]).tocsr()
    l, u = np.r_[d["cl"], d["xl"][bounded]], np.r_[d["cu"], d["xu"][bounded]]
    equal = l == u
    upper, lower = ~equal & np.isfinite(u), ~equal & np.isfinite(l)
    return C[equal].tocsc(), u[equal], sp.vstack([C[upper], -C[lower]]).tocsc(), np.r_[u[upper], -l[lower]]
