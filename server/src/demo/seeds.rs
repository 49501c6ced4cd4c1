//! A tiny deterministic generator, so that every demo tells the same stories. SplitMix64 (Steele, Lea and Flood, "Fast
//! splittable pseudorandom number generators", 2014); never for secrets.

/// The sequence's step: 2⁶⁴ divided by the golden ratio, made odd.
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of numbers that depends on its seed alone.
#[derive(Clone, Debug)]
pub(super) struct Seeds {
    state: u64,
}

impl Seeds {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// From 0 to `limit`, which it never reaches; 0 for a limit of 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        let limit = limit.max(1) as u128;
        // The high bits of the product are evenly spread to well within what a demo can notice.
        let scaled = (u128::from(self.next()) * limit) >> 64;
        usize::try_from(scaled).unwrap_or(0)
    }

    /// From `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = usize::try_from(high - low + 1).unwrap_or(1);
        low + i64::try_from(self.below(width)).unwrap_or(0)
    }

    /// Whether something happens that happens so often in a hundred.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of `items`, which must not be empty.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// One of `items` by their weights, which must not all be 0.
    pub(super) fn weighted<T: Copy>(&mut self, items: &[(usize, T)]) -> T {
        let total = items.iter().map(|(weight, _)| weight).sum();
        let mut left = self.below(total);
        for (weight, item) in items {
            if left < *weight {
                return *item;
            }
            left -= weight;
        }
        items[0].1
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let mut seeds = Seeds::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| seeds.next()).collect();
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn draws_stay_within_their_bounds_and_reach_both_ends() {
        let mut seeds = Seeds::new(1);
        let draws: Vec<i64> = (0..1_000).map(|_| seeds.between(-2, 2)).collect();
        for wanted in -2..=2 {
            assert!(draws.contains(&wanted), "{wanted}");
        }
        assert!(draws.iter().all(|draw| (-2..=2).contains(draw)));
    }

    #[test]
    fn what_weighs_nothing_is_never_drawn() {
        let mut seeds = Seeds::new(2);
        assert!((0..1_000).all(|_| seeds.weighted(&[(0, 'a'), (1, 'b'), (0, 'c')]) == 'b'));
    }
}
