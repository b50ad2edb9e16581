"""Times cvxlayer beside the peers a user would install with pip, on the same problems in one run.

    python3 benches/peers                          everything: environment, problems, runs, report.md, the README's table
    python3 benches/peers --only dense active      some families only (the report keeps the other ones' rows)
    python3 benches/peers --folder DIR             where problems, the environment and results.csv are kept
    python3 benches/peers --only problem-sets      the Maros–Mészáros set, from the folder that CVXLAYER_QP_DATA names
    python3 benches/peers --limit 60               end a peer that takes longer, in seconds, on a problem

Problems are `minimize ½xᵀPx + qᵀx + r  subject to  cl ≤ Cx ≤ cu, xl ≤ x ≤ xu`, one `.npz` each: P (upper triangle) and C
by columns as `P_data`, `P_indices`, `P_indptr`, `C_…`, the vectors by name, `shape` = (rows, variables); batches add `Q`,
one q per sample, and `P_data`, `C_data`, `cl`, `cu` have a row per sample where it has matrices of its own.

Work: set up and solve to 1e-8, then the vector-Jacobian product of sum(x) with respect to all data; of a batch, all
samples and d sum(x) / dq of each. Times are medians of repeats. The reference is a solve of the KKT system on the active
set found by the tightest solver at hand, refined to machine precision.
"""

import argparse
import csv
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SINGLE = "numpy scipy osqp piqp proxsuite clarabel moreau".split()
BATCH = "torch cvxpy cvxpylayers".split()
COLUMNS = "instance peer forward_s backward_s status x_error gradient_error".split()


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


def rows(text):
    return [dict(zip(COLUMNS, row)) for row in csv.reader(text.splitlines()) if len(row) == len(COLUMNS) and row[0] != "instance"]


def finished(call, instance, peer, limit):
    """The rows that a process prints, which a peer may bring down; one row says so if it takes too long."""
    try:
        done = subprocess.run(call, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return [dict(zip(COLUMNS, [instance, peer, "", "", f"over {limit:g} s", "", ""]))]
    sys.stderr.write(done.stderr)
    return rows(done.stdout)


def run(folder, families, cvx, limit):
    """Runs the peers and cvx on each problem in turn, and returns all rows known."""
    from batches import BATCH_PEERS
    from problems import BATCHES
    from exact import exact
    from single import PEERS

    known = results(folder)
    for family in families:
        for path in sorted(folder.glob(f"{family}-*.npz")):
            if path.name.endswith(".exact.npz"):
                continue
            exact(folder, path.stem)
            peers = BATCH_PEERS if family in BATCHES else PEERS
            calls = {peer: [sys.executable, HERE, "--folder", folder, "--measure", path.stem, peer] for peer in peers}
            for peer, call in {"cvxlayer": [cvx, "qp", "--warm", path], **calls}.items():
                for row in finished(call, path.stem, peer, limit):
                    known[row["instance"], row["peer"]] = row
                    print(",".join(row.values()), flush=True)
            save(folder, known)
    return list(known.values())


def results(folder):
    """What is known from earlier runs."""
    path = folder / "results.csv"
    return {(r["instance"], r["peer"]): r for r in rows(path.read_text())} if path.exists() else {}


def save(folder, known):
    with open(folder / "results.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(known.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "target" / "peers")
    parser.add_argument("--only", nargs="+", default=[], metavar="FAMILY")
    parser.add_argument("--cvx", type=Path, help="the command, where it is built already")
    parser.add_argument("--report", action="store_true", help="write the report of earlier results again, run nothing")
    parser.add_argument("--limit", type=float, default=120, help="seconds that a peer may take on a problem [default: 120]")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--set", help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    python = environment(folder)
    if Path(sys.prefix) != python.parent.parent:
        # The rest imports what only the environment has.
        os.execv(python, [str(python), str(HERE), *sys.argv[1:]])
    from problems import FAMILIES, Writer

    import sets

    every = [*FAMILIES, sets.FAMILY]
    if unknown := set(options.only) - set(every):
        parser.error(f"no such family: {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    if options.set:
        return sets.solve(sets.data(), options.set)
    if options.measure:
        from measure import measure

        return measure(folder, *options.measure)
    from report import report, summary

    asked = [] if options.report else options.only or every
    families = [family for family in asked if family in FAMILIES]
    for family in families:
        FAMILIES[family](Writer(folder))
    known = run(folder, families, (options.cvx or build()) if families else None, options.limit)
    if sets.FAMILY in asked:
        found = results(folder)
        for row in sets.run_sets(HERE, folder, options.limit):
            found[row["instance"], row["peer"]] = row
            print(",".join(row.values()), flush=True)
        save(folder, found)
        known = list(found.values())
    report(known, ROOT / "benches" / "report.md", options.limit)
    summary(known, ROOT / "README.md")


if __name__ == "__main__":
    main()
