//! Sorting networks: comparators on wires that sort whatever comes in.

use crate::atoms::prelude::*;

/// Batcher's merge exchange network on some wires, largest first (Knuth, The Art of Computer Programming, volume 3,
/// algorithm 5.2.2M): layers of comparators, no two of a layer on one wire.
#[derive(Debug)]
pub struct Network {
    wires: usize,
    layers: Vec<(Vec<usize>, Vec<usize>)>,
}

impl Network {
    /// About how many comparators sort some wires.
    pub fn comparators(wires: usize) -> f64 {
        let depth = (wires.max(1) as f64).log2().ceil();
        wires as f64 * (depth * depth - depth + 4.0) / 4.0
    }

    /// The network on some wires.
    pub fn new(wires: usize) -> Self {
        let mut layers = Vec::new();
        let top = wires.next_power_of_two() / 2;
        let mut p = top;
        while p > 0 {
            let (mut q, mut r, mut d) = (top, 0, p);
            loop {
                let upper: Vec<usize> = (0..wires.saturating_sub(d)).filter(|i| i & p == r).collect();
                let lower = upper.iter().map(|i| i + d).collect();
                layers.push((upper, lower));
                if q == p {
                    break;
                }
                (d, q, r) = (q - p, q / 2, p);
            }
            p /= 2;
        }
        Self { wires, layers }
    }

    /// Where each wire goes on after a layer: into the larger and then the smaller ends, which come after all wires.
    fn routes(&self, (upper, lower): &(Vec<usize>, Vec<usize>)) -> Vec<usize> {
        let mut routes: Vec<usize> = (0..self.wires).collect();
        for (k, &wire) in upper.iter().chain(lower).enumerate() {
            routes[wire] = self.wires + k;
        }
        routes
    }

    /// The entries of a node in descending order.
    pub fn sort(&self, node: u32, tape: &mut TapeBuilder<'_>) -> u32 {
        let all = Shape::Vector(self.wires);
        let mut now = node;
        for layer in &self.layers {
            let (upper, lower) = layer;
            let ends = Shape::Vector(upper.len());
            let a = tape.gather(now, ends, upper.iter().copied());
            let b = tape.gather(now, ends, lower.iter().copied());
            let (large, small) = (tape.binary(Binary::Max, a, b, ends), tape.binary(Binary::Min, a, b, ends));
            let joined = Shape::Vector(self.wires + 2 * upper.len());
            let joined = tape.push(Op::Concat(vec![now, large, small].into()), joined);
            now = tape.gather(joined, all, self.routes(layer));
        }
        now
    }

    /// Auxiliaries that any sequence of the comparators' outputs may be: each pair keeps its sum, and the smaller one is at
    /// most either of what came in. The least value of `Σ wₖ outputₖ`, for w in descending order, is `⟨sort(x), w⟩`
    /// (the dual of the extended formulation of the permutahedron: Goemans, Smallest compact formulation for the
    /// permutahedron, Mathematical Programming 153, 2015).
    ///
    /// # Errors
    /// If the program grows too large.
    pub fn outputs(&self, x: &Affine, name: &'static str, lower: &mut Lower<'_>) -> Lowered<Affine> {
        let all = Shape::Vector(self.wires);
        let mut now = x.clone().with_shape(all);
        for layer in &self.layers {
            let ends = Shape::Vector(layer.0.len());
            let a = now.gather(ends, layer.0.iter().copied());
            let b = now.gather(ends, layer.1.iter().copied());
            let large = lower.auxiliary(name, ends, None)?;
            let small = lower.auxiliary(name, ends, None)?;
            let sum = large.add(&small).add(&a.clone().scale(-1.0)).add(&b.clone().scale(-1.0));
            lower.equal_zero(&sum, name)?;
            for came in [a, b] {
                lower.at_most_zero(&small.add(&came.scale(-1.0)), name)?;
            }
            let joined = Affine::concat(Shape::Vector(self.wires + 2 * ends.len()), &[now, large, small]);
            now = joined.gather(all, self.routes(layer));
        }
        Ok(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A network sorts everything if it sorts every sequence of zeros and ones.
    #[test]
    fn every_network_sorts() {
        for wires in 0..=12 {
            let network = Network::new(wires);
            for bits in 0..1_u32 << wires {
                let mut now: Vec<u32> = (0..wires).map(|k| bits >> k & 1).collect();
                for (upper, lower) in &network.layers {
                    for (&i, &j) in upper.iter().zip(lower) {
                        (now[i], now[j]) = (now[i].max(now[j]), now[i].min(now[j]));
                    }
                }
                assert!(now.is_sorted_by(|a, b| a >= b), "{wires} wires, {bits:b}");
            }
        }
        for wires in [16, 100, 2500] {
            let count: usize = Network::new(wires).layers.iter().map(|(upper, _)| upper.len()).sum();
            let bound = Network::comparators(wires);
            assert!(count as f64 <= bound && bound <= 2.0 * count as f64, "{count} of {bound}");
        }
    }
}
