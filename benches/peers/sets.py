"""The Maros–Mészáros set, read from the folder that CVXLAYER_QP_DATA names: who solves how much of it, how fast, and whose
claims hold."""

import csv
import math
import os
import select
import subprocess
import sys
from pathlib import Path

FAMILY = "problem-sets"
SOLVERS = "piqp clarabel osqp".split()

# A claim is right where the objective and the largest violation of a constraint are within this, relative to max(1, ·).
RIGHT = 1e-6
# Repeats of a short run; the least time counts.
RUNS, SHORT = 3, 0.5
# Shifts of the geometric means, in seconds.
SHIFTS = (10, 0.01)


def data():
    """The folder with the set, or none."""
    root = Path(os.environ.get("CVXLAYER_QP_DATA", ""))
    folders = [f for f in (root, root / "maros_meszaros") if (f / "optima.csv").exists()]
    return folders[0] if os.environ.get("CVXLAYER_QP_DATA") and folders else None


def published(folder):
    with open(folder / "optima.csv") as file:
        out = {row["name"]: float(row["optimum"]) for row in csv.DictReader(file)}
    # Its file holds coefficients of six digits: the optimum is that of the file.
    return out | ({"HUESTIS": 348_244_638_733.458_9} if "HUESTIS" in out else {})


def solve(folder, peer):
    """For each name on the standard input: prints name, seconds, backward seconds, verdict, error of the objective."""
    import numpy as np
    from problems import load
    from single import PEERS

    optimum = published(folder)
    options = {} if peer == "clarabel" else {"relative": 1e-8}
    for name in map(str.strip, sys.stdin):
        d = load(folder / f"{name}.npz")
        try:
            best, total, runs = math.inf, 0, 0
            while runs < RUNS and total < SHORT:
                x, _, *times, status = PEERS[peer](d, **options)
                best, total, runs = min(best, sum(times[:2])), total + sum(times[:2]), runs + 1
            value = 0.5 * x @ (d["P"] @ x) + d["q"] @ x + d["r"][0]
            error = abs(value - optimum[name]) / max(1, abs(optimum[name]))
            rows = d["C"] @ x
            apart = np.r_[d["cl"] - rows, rows - d["cu"], d["xl"] - x, x - d["xu"]].max(initial=0)
            fits = error <= RIGHT and apart <= RIGHT * max(1, np.abs(np.r_[rows, x]).max(initial=0))
            verdict = "undecided" if status.lower() != "solved" else "right" if fits else "wrong"
            row = [name, f"{best:.3e}", "", verdict, f"{error:.1e}"]
        except Exception as problem:  # a peer that fails is a result
            print(f"{peer}, {name}: {problem}", file=sys.stderr)
            row = [name, "", "", "undecided", ""]
        print(",".join(row), flush=True)


class Worker:
    """A process that answers for one problem after another, started again after one on which it takes too long or dies."""

    def __init__(self, command):
        self.command, self.process = command, None

    def ask(self, name, limit):
        if self.process is None:
            pipe = subprocess.PIPE
            self.process = subprocess.Popen(self.command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        print(name, file=self.process.stdin, flush=True)
        ready, _, _ = select.select([self.process.stdout], [], [], limit)
        if ready and (line := self.process.stdout.readline()):
            return next(csv.reader([line]))
        self.end()
        return [name, "", "", "undecided", ""]

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = None


class Ours:
    """The example that solves the problems in a folder and checks its claims."""

    def __init__(self, root, folder):
        subprocess.run(["cargo", "build", "--release", "-p", "altdiff", "--example", "problem_set"], cwd=root, check=True)
        target = Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
        self.command, self.folder = target / "release" / "examples" / "problem_set", folder

    def ask(self, name, limit):
        environment = os.environ | {"CVXLAYER_QP_DATA": str(self.folder), "CVXLAYER_QP_SECONDS": str(limit)}
        done = subprocess.run([self.command, name], env=environment, capture_output=True, text=True)
        for row in csv.DictReader(line for line in done.stdout.splitlines() if line.count(",") > 10):
            if row["name"] == name:
                verdict = row["right"].split("(")[0].split(" ")[0].lower()
                return [name, row["seconds"], row["backward"].replace("NaN", ""), verdict, row["objective_error"]]
        return [name, "", "", "undecided", ""]

    def end(self):
        pass


def run_sets(here, workspace, limit):
    """All solvers on the set, in turn on each problem, as rows of results."""
    folder = data()
    if folder is None:
        print(f"{FAMILY}: skipped, CVXLAYER_QP_DATA names no folder with the Maros–Mészáros set", file=sys.stderr)
        return
    command = [sys.executable, here, "--folder", workspace, "--set"]
    solvers = {"cvxlayer": Ours(here.parent.parent, folder), **{peer: Worker([*command, peer]) for peer in SOLVERS}}
    for name in sorted(path.stem for path in folder.glob("*.npz")):
        for peer, solver in solvers.items():
            _, forward, backward, verdict, error = solver.ask(name, limit)
            row = dict(instance=f"{FAMILY}-{name}", peer=peer, forward_s=forward, backward_s=backward, status=verdict)
            yield row | dict(x_error=error, gradient_error="")
    for solver in solvers.values():
        solver.end()


def mean(times, shift):
    """The shifted geometric mean."""
    return math.exp(sum(math.log(t + shift) for t in times) / len(times)) - shift


def section(results, limit):
    """The report's lines."""
    of = [r for r in results if r["instance"].startswith(FAMILY + "-")]
    if not of:
        return []
    lines = [f"## {FAMILY}", "",
             "The Maros–Mészáros problems of the folder given, each solver to 1e-8 (absolute and relative). A claim is right where",
             f"objective and constraints hold to {RIGHT:g} relative to max(1, their size). Times are shifted geometric means of set-up and",
             f"solve; what is not solved rightly counts {limit:g} s. Backward: the vector-Jacobian product of sum(x) by all data, as part",
             "of the forward time, in total.", "",
             "| solver | right | wrong claims | undecided | " + " | ".join(f"mean, shift {s:g} s" for s in SHIFTS) + " | backward |",
             "|---|---|---|---|" + "---|" * len(SHIFTS) + "---|"]
    for peer in ["cvxlayer", *SOLVERS]:
        group = [r for r in of if r["peer"] == peer]
        if not group:
            continue
        count = lambda verdict: sum(r["status"] == verdict for r in group)
        times = [min(float(r["forward_s"]), limit) if r["status"] == "right" else limit for r in group]
        both = [r for r in group if r["backward_s"] and r["forward_s"]]
        share = sum(float(r["backward_s"]) for r in both) / sum(float(r["forward_s"]) for r in both) if both else None
        cells = [peer, count("right"), count("wrong"), count("undecided"), *(f"{mean(times, s):.3g} s" for s in SHIFTS),
                 "–" if share is None else f"{100 * share:.2g} %"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    for peer in ["cvxlayer", *SOLVERS]:
        wrong = [r["instance"].removeprefix(FAMILY + "-") for r in of if r["peer"] == peer and r["status"] == "wrong"]
        if wrong:
            lines += ["", f"Wrong claims of {peer}: {', '.join(wrong)}."]
    return [*lines, ""]
