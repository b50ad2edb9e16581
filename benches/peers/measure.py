"""Runs every peer on a problem."""

import csv
import sys

import numpy as np
from batches import BATCH_PEERS, run_batch
from exact import reference
from problems import load
from single import PEERS


def measure(folder, names):
    """Runs every peer on the named problems (in the environment's interpreter) and prints rows."""
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
