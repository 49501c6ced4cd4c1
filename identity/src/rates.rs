//! How much a principal may ask in a minute, as its credential says.

use std::num::NonZeroU32;

/// A limit for reads and one as high for writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rate {
    /// As the server has it for everybody.
    #[default]
    Usual,
    PerMinute(NonZeroU32),
    Unlimited,
}

impl Rate {
    /// From what is stored with a key: nothing is as usual, and nought is without a limit.
    pub fn of(per_minute: Option<u32>) -> Self {
        match per_minute.map(NonZeroU32::new) {
            None => Self::Usual,
            Some(None) => Self::Unlimited,
            Some(Some(per_minute)) => Self::PerMinute(per_minute),
        }
    }
}
