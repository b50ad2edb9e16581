"""What is written of the results: a table per family, and the README's."""

import os

import sets
from problems import FAMILIES, NOTES

# Where a problem counts as solved; the families of sparse problems, and the shifts of their means in seconds.
RIGHT = 1e-4
SPARSE = "lasso", "portfolio", "mpc"
SHIFTS = (1e-2, 1e-3)

START, END = "<!-- Written by `python3 benches/peers`. -->", "<!-- End of what is written. -->"


def seconds(text):
    if text == "":
        return "–"
    t = float(text)
    return f"{t * 1e6:.3g} µs" if t < 1e-3 else f"{t * 1e3:.3g} ms" if t < 1 else f"{t:.3g} s"


def total(row):
    return sum(float(row[k]) for k in ("forward_s", "backward_s") if row[k])


def size(instance):
    return [int(part) if part.isdigit() else 0 for part in instance.replace("x", "-").split("-")]


def instances(results, family):
    """(instance, its rows), smallest first."""
    of = [r for r in results if r["instance"].startswith(family + "-")]
    return [(name, [r for r in of if r["instance"] == name]) for name in sorted({r["instance"] for r in of}, key=size)]


def cvxlayer(rows):
    return next((r for r in rows if r["peer"] == "cvxlayer" and r["forward_s"]), None)


def machine():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "an unknown processor")
    return f"{os.cpu_count()} cores of {model}"


def report(results, path, limit):
    """A table per family: times, errors, and how many times longer each peer takes than cvxlayer for the same work."""
    lines = ["# Benchmarks", "",
             f"Written by `python3 benches/peers` on {machine()}. Work: set up, solve to 1e-8, then the",
             "vector-Jacobian product of sum(x) by all data; batches: all samples, and d sum(x)/dq of each. Errors are against a",
             "refined KKT solve: the largest of x relative to max(1, |x|), and the relative error of the gradient by q. Forward is",
             "set-up and solve; backward of `cvxlayer` is all of the gradient, P's included. `cvxlayer warm` solves again from the",
             "last solution after every entry of q has changed by 1 %. Times are medians of at least three runs in one process,",
             "fewer where these take over 10 s; cvxlayer then has the memory of the run before at hand. The last column is",
             "a solver's time over that of cvxlayer for the same work: solvers without a gradient are compared with the forward",
             "time alone.", ""]
    for family in FAMILIES:
        groups = instances(results, family)
        if not groups:
            continue
        lines += [f"## {family}", "", NOTES[family], "",
                  "| problem | solver | forward | backward | error of x | of gradient | × |", "|---|---|---|---|---|---|---|"]
        for instance, group in groups:
            ours = cvxlayer(group)
            for row in sorted(group, key=lambda r: (not r["peer"].startswith("cvxlayer"), total(r) if r["forward_s"] else 1e9)):
                ratio = "–"
                if row["forward_s"] and ours:
                    base = total(ours) if row["gradient_error"] or not row["x_error"] else float(ours["forward_s"])
                    ratio = f"{total(row) / base:.3g}"
                cells = [instance, row["peer"], *(seconds(row[k]) for k in ("forward_s", "backward_s"))]
                lines.append("| " + " | ".join([*cells, row["x_error"] or row["status"][:40], row["gradient_error"] or "–", ratio]) + " |")
        lines.append("")
    lines += sparse(results, limit)
    lines += sets.section(results, limit)
    path.write_text("\n".join(lines))


def sparse(results, limit):
    """The sparse families as one table: means of the forward pass over all their problems, and our backward pass."""
    groups = [rows for family in SPARSE for _, rows in instances(results, family) if cvxlayer(rows)]
    if not groups:
        return []
    lines = ["## sparse families together", "",
             f"Of {', '.join(SPARSE)}: shifted geometric means of set-up and solve over {len(groups)} problems; what is not right to",
             f"{RIGHT:g} counts {limit:g} s. Backward: as part of the forward time, in total.", "",
             "| solver | right | " + " | ".join(f"mean, shift {1e3 * s:g} ms" for s in SHIFTS) + " | × | backward |",
             "|---|---|" + "---|" * len(SHIFTS) + "---|---|"]
    first = None
    for peer in ["cvxlayer", *sets.SOLVERS]:
        of = [next((r for r in rows if r["peer"] == peer and solved(r)), None) for rows in groups]
        times = [float(r["forward_s"]) if r else limit for r in of]
        means = [sets.mean(times, s) for s in SHIFTS]
        first = first or means
        backward = sum(float(r["backward_s"] or 0) for r in of if r) / sum(times)
        share = f"{100 * backward:.2g} %" if peer == "cvxlayer" else "–"
        ratios = ", ".join(f"{m / o:.2g}" for m, o in zip(means, first))
        cells = [peer, sum(r is not None for r in of), *(seconds(str(m)) for m in means), ratios, share]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return [*lines, ""]


def solved(row):
    """Whether x is right."""
    return row["forward_s"] and row["x_error"] and float(row["x_error"]) <= RIGHT


def fastest(rows, time, right):
    """(peer, times longer than ours) of the fastest peer that is right, as a cell."""
    ours = cvxlayer(rows)
    peers = [r for r in rows if not r["peer"].startswith("cvxlayer") and r["forward_s"] and right(r)]
    if not peers:
        return "–"
    best = min(peers, key=time)
    return f"{best['peer']}, {time(best) / time(ours):.2g}×"


def summary(results, path):
    """The README's table: our times and errors, and how many times longer the fastest right peers take."""
    lines = [START, "",
             "| problem | forward | backward | error of x | of gradient | fastest peer, forward | fastest peer, with gradient |",
             "|---|---|---|---|---|---|---|"]
    for family in FAMILIES:
        for instance, rows in instances(results, family):
            if not (ours := cvxlayer(rows)):
                continue
            solves = fastest(rows, lambda r: float(r["forward_s"]), solved)
            both = fastest(rows, total, lambda r: r["gradient_error"] and float(r["gradient_error"]) <= 1e-3)
            cells = [instance, seconds(ours["forward_s"]), seconds(ours["backward_s"]), ours["x_error"], ours["gradient_error"], solves, both]
            lines.append("| " + " | ".join(cells) + " |")
    lines += ["", f"On {machine()}, times in one run on the same files. A peer counts where x is right to 1e-4 (forward) or the",
              "gradient to 1e-3 (both); `×` is its time over ours.", "", END]
    text = path.read_text()
    before, rest = text.split(START)
    path.write_text(before + "\n".join(lines) + rest.split(END)[1])
