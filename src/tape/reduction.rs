//! Values and slopes of reductions of a group of numbers to one.

use cvxlayer_program::Reduction;

/// The value of a reduction of `group`.
pub(super) fn value(reduction: Reduction, group: &[f64]) -> f64 {
    match reduction {
        Reduction::Sum => group.iter().sum(),
        Reduction::Product => group.iter().product(),
        Reduction::Max => {
            group.iter().fold(f64::NEG_INFINITY, |m, &a| if a > m || a.is_nan() { a } else { m })
        }
        Reduction::Min => group.iter().fold(f64::INFINITY, |m, &a| if a < m || a.is_nan() { a } else { m }),
        Reduction::SumLargest(_) => {
            group.iter().zip(slopes(reduction, group)).map(|(a, s)| weighted(*a, s)).sum()
        }
        Reduction::Norm2 => norm(group),
        Reduction::LogSumExp => {
            let top = value(Reduction::Max, group);
            if top.is_finite() { top + group.iter().map(|a| (a - top).exp()).sum::<f64>().ln() } else { top }
        }
        _ => f64::NAN,
    }
}

/// The slope of a reduction by each member of `group`; shared equally at ties.
pub(super) fn slopes(reduction: Reduction, group: &[f64]) -> Vec<f64> {
    match reduction {
        Reduction::Sum => vec![1.0; group.len()],
        Reduction::Product => others_product(group),
        Reduction::Max | Reduction::Min => share(group, value(reduction, group), 0.0, 1.0),
        Reduction::SumLargest(k) => match threshold(group, k) {
            None => vec![1.0; group.len()],
            Some((at, rest)) => {
                let mut out = share(group, at, 0.0, rest);
                for (s, &a) in out.iter_mut().zip(group) {
                    if a > at {
                        *s = 1.0;
                    }
                }
                out
            }
        },
        Reduction::Norm2 => {
            let norm = norm(group);
            group.iter().map(|a| if norm == 0.0 { 0.0 } else { a / norm }).collect()
        }
        Reduction::LogSumExp => {
            let total = value(reduction, group);
            group.iter().map(|a| (a - total).exp()).collect()
        }
        _ => vec![f64::NAN; group.len()],
    }
}

/// The members of `group` between which the slope is undecided, if there is no derivative.
///
/// Moving all of them alike is harmless, except for the norm, which has no derivative at zero in any direction.
pub(super) fn undecided(reduction: Reduction, group: &[f64], tolerance: f64) -> Option<Vec<usize>> {
    let tied = |at: f64| -> Vec<usize> {
        let margin = tolerance * at.abs().max(1.0);
        (0..group.len()).filter(|&i| (group[i] - at).abs() <= margin).collect()
    };
    match reduction {
        Reduction::Max | Reduction::Min => Some(tied(value(reduction, group))).filter(|t| t.len() > 1),
        Reduction::SumLargest(k) => {
            let (at, _) = threshold(group, k)?;
            let members = tied(at);
            let above = group.iter().enumerate().filter(|(i, a)| **a > at && !members.contains(i)).count();
            let rest = k - above as f64;
            (members.len() > 1 && rest < members.len() as f64).then_some(members)
        }
        Reduction::Norm2 if !group.is_empty() && norm(group) <= tolerance => Some((0..group.len()).collect()),
        _ => None,
    }
}

/// The value at which a sum of the `k` largest stops, and the weight left for the members there; `None`: all count.
fn threshold(group: &[f64], k: f64) -> Option<(f64, f64)> {
    if k >= group.len() as f64 || group.is_empty() {
        return None;
    }
    let mut sorted = group.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    // With a whole k the k-th largest decides; with a fraction the next one takes the fraction.
    let last = (k.ceil().max(1.0) as usize - 1).min(group.len() - 1);
    let at = sorted[last];
    let above = group.iter().filter(|&&a| a > at).count();
    Some((at, k - above as f64))
}

/// `weight`, shared equally by the members of `group` that are `at`; `other` for the rest.
fn share(group: &[f64], at: f64, other: f64, weight: f64) -> Vec<f64> {
    let count = group.iter().filter(|&&a| a == at).count() as f64;
    group.iter().map(|&a| if a == at { weight / count } else { other }).collect()
}

/// The product of all members but one, for each.
fn others_product(group: &[f64]) -> Vec<f64> {
    let mut out = vec![1.0; group.len()];
    let mut before = 1.0;
    for (slot, &a) in out.iter_mut().zip(group) {
        *slot = before;
        before *= a;
    }
    let mut after = 1.0;
    for (slot, &a) in out.iter_mut().zip(group).rev() {
        *slot *= after;
        after *= a;
    }
    out
}

fn weighted(a: f64, weight: f64) -> f64 {
    if weight == 0.0 { 0.0 } else { a * weight }
}

/// √Σa², without overflow.
fn norm(group: &[f64]) -> f64 {
    let scale = group.iter().fold(0.0_f64, |m, a| m.max(a.abs()));
    if scale == 0.0 || !scale.is_finite() {
        return if group.iter().any(|a| a.is_nan()) { f64::NAN } else { scale };
    }
    scale * group.iter().map(|a| (a / scale).powi(2)).sum::<f64>().sqrt()
}

/// The running maximum of `group`: at each place the value and the members that attain it.
pub(super) fn running_maximum(group: &[f64], tolerance: f64) -> Vec<(f64, Vec<usize>)> {
    let mut out: Vec<(f64, Vec<usize>)> = Vec::with_capacity(group.len());
    for (i, &a) in group.iter().enumerate() {
        let next = match out.last() {
            Some((top, members)) if a <= *top => {
                let margin = tolerance * top.abs().max(1.0);
                let mut members = members.clone();
                if *top - a <= margin {
                    members.push(i);
                }
                (*top, members)
            }
            Some((top, members)) if a - *top <= tolerance * a.abs().max(1.0) => {
                let mut members = members.clone();
                members.push(i);
                (a, members)
            }
            _ => (a, vec![i]),
        };
        out.push(next);
    }
    out
}

/// The order that sorts `values` ascending; ties stay in their order.
pub(super) fn sorting(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    order
}

/// The slope of `⟨sort(a), sort(b)⟩` by each entry of `a`; entries of `a` that are equal share their partners equally.
pub(super) fn sorted_dot_slopes(a: &[f64], b: &[f64]) -> Vec<f64> {
    let (order, partners) = (sorting(a), sorting(b));
    let mut out = vec![0.0; a.len()];
    for run in runs(a, &order, 0.0) {
        let mean = run.clone().map(|i| b[partners[i]]).sum::<f64>() / run.len() as f64;
        for i in run {
            out[order[i]] = mean;
        }
    }
    out
}

/// The groups of equal entries of `a` whose partners in `b` differ.
pub(super) fn sorted_dot_undecided(a: &[f64], b: &[f64], tolerance: f64) -> Vec<Vec<usize>> {
    let (order, partners) = (sorting(a), sorting(b));
    runs(a, &order, tolerance)
        .into_iter()
        .filter(|run| run.clone().any(|i| b[partners[i]] != b[partners[run.start]]))
        .map(|run| run.map(|i| order[i]).collect())
        .collect()
}

/// Runs of equal values in sorted order.
fn runs(values: &[f64], order: &[usize], tolerance: f64) -> Vec<std::ops::Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    for i in 1..=order.len() {
        let ends = i == order.len() || {
            let (last, next) = (values[order[i - 1]], values[order[i]]);
            next - last > tolerance * next.abs().max(1.0)
        };
        if ends && i > start {
            out.push(start..i);
            start = i;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_the_largest() {
        let group = [3.0, 1.0, 2.0, 2.0];
        assert_eq!(value(Reduction::SumLargest(2.0), &group), 5.0);
        assert_eq!(value(Reduction::SumLargest(1.5), &group), 4.0);
        assert_eq!(value(Reduction::SumLargest(9.0), &group), 8.0);
        assert_eq!(value(Reduction::SumLargest(0.0), &group), 0.0);
        assert_eq!(slopes(Reduction::SumLargest(2.0), &group), [1.0, 0.0, 0.5, 0.5]);
        assert_eq!(undecided(Reduction::SumLargest(2.0), &group, 0.0), Some(vec![2, 3]));
        assert_eq!(undecided(Reduction::SumLargest(3.0), &group, 0.0), None);
        assert_eq!(undecided(Reduction::SumLargest(1.0), &group, 0.0), None);
    }

    #[test]
    fn products_with_zeros_have_slopes() {
        assert_eq!(slopes(Reduction::Product, &[2.0, 0.0, 3.0]), [0.0, 6.0, 0.0]);
    }

    #[test]
    fn sorted_products_share_at_ties() {
        assert_eq!(sorted_dot_slopes(&[2.0, 1.0, 2.0], &[0.0, 4.0, 10.0]), [7.0, 0.0, 7.0]);
        assert_eq!(sorted_dot_undecided(&[2.0, 1.0, 2.0], &[0.0, 4.0, 10.0], 0.0), vec![vec![0, 2]]);
    }
}
