//! When to look before writing. A violated key costs more than a look, so whoever has just met somebody else looks for a while;
//! but two of this process meet by chance now and then, and a look costs every batch a sixth of its statement. So the while
//! is short the first time, and doubles when the next meeting follows soon.

use std::sync::{Mutex, PoisonError};

/// How many batches look after a meeting that came out of the blue.
const LEAST: u32 = 2;
/// How many look at most.
const MOST: u32 = 64;
/// How many that went well without a look make a meeting forgotten: where meetings are rarer, all those looks cost more than
/// the meetings do.
const FORGOTTEN: u32 = 8;

/// How much this process trusts what it knows.
#[derive(Default)]
pub(crate) struct Caution(Mutex<State>);

#[derive(Default)]
struct State {
    /// How many of the next batches look first.
    left: u32,
    /// How many looked after the last meeting; 0 when it is forgotten.
    last: u32,
    /// How many have gone without a look since then.
    unseen: u32,
}

impl Caution {
    /// Whether the next batch looks before it writes.
    pub fn looks_first(&self) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.left > 0 {
            state.left -= 1;
            return true;
        }
        state.unseen = state.unseen.saturating_add(1);
        if state.unseen > FORGOTTEN {
            state.last = 0;
        }
        false
    }

    /// Somebody else was first with what a batch wrote without a look.
    pub fn met_somebody(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let looks = match state.last {
            0 => LEAST,
            last => last.saturating_mul(2).min(MOST),
        };
        *state = State {
            left: looks,
            last: looks,
            unseen: 0,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::{Caution, FORGOTTEN, LEAST, MOST};

    /// How many look in a row.
    fn looks(caution: &Caution) -> u32 {
        (0..)
            .take_while(|_| caution.looks_first())
            .last()
            .map_or(0, |last| last + 1)
    }

    #[test]
    fn meetings_that_follow_each_other_make_it_look_longer_until_they_stop() {
        let caution = Caution::default();
        assert_eq!(looks(&caution), 0);
        let mut expected = LEAST;
        while expected < MOST {
            caution.met_somebody();
            assert_eq!(looks(&caution), expected);
            expected *= 2;
        }
        caution.met_somebody();
        assert_eq!(looks(&caution), MOST);
        caution.met_somebody();
        assert_eq!(looks(&caution), MOST);
        for _ in 0..FORGOTTEN {
            assert!(!caution.looks_first());
        }
        caution.met_somebody();
        assert_eq!(looks(&caution), LEAST);
    }
}
