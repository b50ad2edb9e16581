//! Positions in arithmetic progression, or in a progression of such.

/// Positions `start + i·by₀ + j·by₁`, where `j` is the faster index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// The first position.
    pub start: usize,
    outer: (usize, i64),
    inner: (usize, i64),
}

impl Walk {
    /// The positions `start`, `start + by`, ….
    pub fn line(start: usize, len: usize, by: i64) -> Self {
        Self { start, outer: (1, 0), inner: (len, by) }
    }

    /// The positions of a grid, of which each side has a length and a step.
    pub fn grid(start: usize, outer: (usize, i64), inner: (usize, i64)) -> Self {
        Self { start, outer, inner }
    }

    /// The walk that a list of positions is.
    pub fn of(list: &[usize]) -> Option<Self> {
        let [start, rest @ ..] = list else { return Some(Self::line(0, 0, 0)) };
        let at = |k: usize| list[k] as i64 - *start as i64;
        let Some(_) = rest.first() else { return Some(Self::line(*start, 1, 0)) };
        let by = at(1);
        let Some(len) = (2..list.len()).find(|&k| at(k) - at(k - 1) != by) else {
            return Some(Self::line(*start, list.len(), by));
        };
        let outer = at(len);
        let fits = |k: usize| at(k) == (k / len) as i64 * outer + (k % len) as i64 * by;
        (list.len().is_multiple_of(len) && (len..list.len()).all(fits))
            .then(|| Self::grid(*start, (list.len() / len, outer), (len, by)))
    }

    /// The positions in order.
    pub fn positions(&self) -> impl Iterator<Item = usize> + use<> {
        let Self { start, outer, inner } = *self;
        (0..outer.0 as i64).flat_map(move |i| {
            (0..inner.0 as i64).map(move |j| (start as i64 + i * outer.1 + j * inner.1) as usize)
        })
    }

    /// Each side that has more than one position: its length, its step, and the step among the positions themselves.
    pub fn steps(&self) -> impl Iterator<Item = (usize, i64, i64)> + use<> {
        let sides = [(self.outer.0, self.outer.1, self.inner.0 as i64), (self.inner.0, self.inner.1, 1)];
        sides.into_iter().filter(|(len, ..)| *len != 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_is_its_list() {
        for list in [
            &[][..],
            &[4],
            &[4, 4, 4],
            &[7, 5, 3],
            &[0, 1, 2, 0, 1, 2],
            &[0, 3, 1, 4, 2, 5],
            &[1, 1, 2, 2],
            &[5, 6, 9, 10, 13, 14],
        ] {
            let walk = Walk::of(list).unwrap();
            assert_eq!(walk.positions().collect::<Vec<_>>(), list);
        }
        for list in [&[0, 1, 3][..], &[0, 1, 2, 0, 1], &[0, 1, 0, 2, 0, 1]] {
            assert_eq!(Walk::of(list), None, "{list:?}");
        }
    }
}
