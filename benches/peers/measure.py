"""Runs one peer on one problem."""

import csv
import sys

import numpy as np
from batches import BATCH_PEERS, run_batch
from exact import exact
from problems import load
from single import PEERS


def measure(folder, name, peer):
    """Prints the peer's row: medians of repeats where they are cheap."""
    d = load(folder / f"{name}.npz")
    run = (lambda d: run_batch(BATCH_PEERS[peer], d)) if "Q" in d else PEERS[peer]
    x_exact, dq_exact = exact(folder, name)
    try:
        x, dq, *times, status = run(d)
        runs = [times]
        # As `cvx qp` does.
        while (spent := sum(map(sum, runs))) < 0.5 and len(runs) < 1000 or spent < 10 and len(runs) < 3:
            runs.append(run(d)[2:5])
        setup, solve, backward = np.median(runs, axis=0)
        error = np.abs(x - x_exact).max() / max(1.0, np.abs(x_exact).max())
        wrong = "" if dq is None else f"{np.linalg.norm(dq - dq_exact) / max(np.linalg.norm(dq_exact), 1e-6):.1e}"
        row = [name, peer, f"{setup + solve:.3e}", f"{backward:.3e}", status, f"{error:.1e}", wrong]
    except Exception as error:  # a peer that fails is a result
        row = [name, peer, "", "", f"{type(error).__name__}: {str(error)[:60]}", "", ""]
    csv.writer(sys.stdout).writerow(row)
