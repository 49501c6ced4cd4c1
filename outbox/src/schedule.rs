//! When a failed delivery is tried again, per target. Jitter only shortens a wait (by up to a fifth), so that the last
//! attempt still falls within the provider's window for repeating a call safely.

use std::time::Duration;

const SECOND: u64 = 1;
const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

/// Stripe keeps idempotency keys for about a day: all attempts fall within 21.7 hours of the first.
const STRIPE_WAITS: &[u64] = &[
    SECOND,
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    6 * HOUR,
    8 * HOUR,
];
/// Greylisting wants minutes; after a day a letter about a booking is no use.
const EMAIL_WAITS: &[u64] = &[
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    8 * HOUR,
];
/// Our own commands: only a database that is away makes them fail.
const TIMER_WAITS: &[u64] = &[
    SECOND,
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
];

/// The share of a wait that jitter may take off.
const JITTER: f64 = 0.2;

/// The wait before the attempt after `attempt` (1 is the first), or `None` when there is to be no other.
pub fn wait_after(target: &str, attempt: i32) -> Option<Duration> {
    let waits = match target {
        "stripe" => STRIPE_WAITS,
        "email" => EMAIL_WAITS,
        _ => TIMER_WAITS,
    };
    let index = usize::try_from(attempt - 1).ok()?;
    waits
        .get(index)
        .map(|seconds| Duration::from_secs(*seconds).mul_f64(1.0 - JITTER * random_share()))
}

/// The wait before a call that was surely not sent is tried again: it costs no attempt, so it grows with time alone.
pub fn wait_unsent(attempt: i32) -> Duration {
    let seconds = 2_u64.saturating_pow(u32::try_from(attempt).unwrap_or(0).min(6));
    Duration::from_secs(seconds).mul_f64(1.0 - JITTER * random_share())
}

fn random_share() -> f64 {
    let mut random = [0_u8; 2];
    // Without randomness the wait is merely not spread.
    getrandom::fill(&mut random).map_or(0.0, |()| f64::from(u16::from_be_bytes(random)) / 65_536.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_attempt_falls_within_the_providers_window() {
        assert!(STRIPE_WAITS.iter().sum::<u64>() < 23 * HOUR);
        assert!(EMAIL_WAITS.iter().sum::<u64>() <= 24 * HOUR);
    }

    #[test]
    fn jitter_only_shortens() {
        for _ in 0..100 {
            let wait = wait_after("stripe", 4).unwrap();
            assert!(
                wait <= Duration::from_secs(120) && wait >= Duration::from_secs(96),
                "{wait:?}"
            );
        }
        assert_eq!(wait_after("stripe", 12), None);
    }
}
