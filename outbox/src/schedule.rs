//! When a failed delivery is tried again, per target. Jitter only shortens a wait (by up to a fifth), so that the last
//! attempt still falls within the provider's window for repeating a call safely.

use std::time::Duration;

use crate::rules::kind;

const SECOND: u64 = 1;
const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

/// When a failed message is tried again, and when no more.
#[derive(Debug)]
pub struct Schedule {
    /// Seconds before the second attempt, the third, and so on.
    pub waits: &'static [u64],
    /// Seconds after the first attempt within which another may begin.
    pub life: u64,
}

/// How long providers surely remember a key, counted from the first attempt: they forget it after a day.
pub const KEY_LIFE: Duration = Duration::from_secs(23 * HOUR);

/// Stripe keeps idempotency keys for about a day: all attempts fall within 21.7 hours of the first.
pub const STRIPE: Schedule = Schedule {
    waits: &[
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
    ],
    life: 23 * HOUR,
};
/// Greylisting wants minutes; after a day a letter about a booking is no use.
pub const EMAIL: Schedule = Schedule {
    waits: &[
        MINUTE,
        5 * MINUTE,
        15 * MINUTE,
        30 * MINUTE,
        HOUR,
        2 * HOUR,
        4 * HOUR,
        8 * HOUR,
        8 * HOUR,
    ],
    life: 24 * HOUR,
};
/// A text message is read at once or not at all.
pub const MESSAGING: Schedule = Schedule {
    waits: &[
        5 * SECOND,
        30 * SECOND,
        2 * MINUTE,
        10 * MINUTE,
        30 * MINUTE,
        HOUR,
    ],
    life: 4 * HOUR,
};
/// Other people's servers may be away over a weekend.
pub const WEBHOOK: Schedule = Schedule {
    waits: &[
        5 * SECOND,
        5 * MINUTE,
        30 * MINUTE,
        2 * HOUR,
        5 * HOUR,
        10 * HOUR,
        14 * HOUR,
        20 * HOUR,
        24 * HOUR,
    ],
    life: 76 * HOUR,
};
/// Our own commands: only a database that is away makes them fail.
pub const TIMER: Schedule = Schedule {
    waits: &[
        SECOND,
        5 * SECOND,
        30 * SECOND,
        2 * MINUTE,
        10 * MINUTE,
        30 * MINUTE,
        HOUR,
    ],
    life: 24 * HOUR,
};

/// Nobody waits long for an answer: after five minutes a person has to give it.
pub const ASSISTANT: Schedule = Schedule {
    waits: &[SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE],
    life: 5 * MINUTE,
};

/// The shortest and the longest wait before a call that was surely not sent is tried again.
const UNSENT_WAITS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(300));
/// The share of a wait that jitter may take off.
const JITTER: f64 = 0.2;

impl Schedule {
    /// That of a target.
    pub fn of(target: &str) -> &'static Self {
        match kind(target) {
            "stripe" => &STRIPE,
            "email" => &EMAIL,
            "sms" | "whatsapp" | "web_chat" => &MESSAGING,
            "webhook" => &WEBHOOK,
            "assistant" => &ASSISTANT,
            _ => &TIMER,
        }
    }

    /// The wait before the attempt after `attempt` (1 is the first), or `None` when there is to be no other: the waits
    /// are used up, or its life would be over. The provider's own floor is kept.
    pub fn wait_after(
        &self,
        attempt: i32,
        age: Duration,
        floor: Option<Duration>,
    ) -> Option<Duration> {
        let index = usize::try_from(attempt - 1).ok()?;
        let wait = Duration::from_secs(*self.waits.get(index)?);
        self.within_life(shortened(wait), age, floor)
    }

    /// The wait before a call that was surely not sent is tried again: it costs no attempt, so it grows with the time
    /// that has passed. `None` when its life would be over.
    pub fn wait_unsent(&self, age: Duration, floor: Option<Duration>) -> Option<Duration> {
        let (shortest, longest) = UNSENT_WAITS;
        self.within_life(shortened(age.clamp(shortest, longest)), age, floor)
    }

    fn within_life(
        &self,
        wait: Duration,
        age: Duration,
        floor: Option<Duration>,
    ) -> Option<Duration> {
        let wait = floor.map_or(wait, |floor| wait.max(floor));
        let is_alive = age.saturating_add(wait) <= Duration::from_secs(self.life);
        is_alive.then_some(wait)
    }
}

fn shortened(wait: Duration) -> Duration {
    wait.mul_f64(1.0 - JITTER * random_share())
}

fn random_share() -> f64 {
    let mut random = [0_u8; 2];
    // Without randomness the wait is merely not spread.
    getrandom::fill(&mut random).map_or(0.0, |()| f64::from(u16::from_be_bytes(random)) / 65_536.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&Schedule; 6] = [&STRIPE, &EMAIL, &MESSAGING, &WEBHOOK, &ASSISTANT, &TIMER];

    #[test]
    fn the_last_attempt_falls_within_the_life_of_a_message() {
        for schedule in ALL {
            assert!(
                schedule.waits.iter().sum::<u64>() <= schedule.life,
                "{schedule:?}"
            );
        }
        assert!(Duration::from_secs(STRIPE.life) <= KEY_LIFE);
    }

    #[test]
    fn jitter_only_shortens() {
        for _ in 0..100 {
            let wait = STRIPE.wait_after(4, Duration::ZERO, None).unwrap();
            assert!(
                wait <= Duration::from_secs(120) && wait >= Duration::from_secs(96),
                "{wait:?}"
            );
        }
        assert_eq!(STRIPE.wait_after(12, Duration::ZERO, None), None);
    }

    #[test]
    fn a_provider_may_ask_for_longer_and_not_for_more_than_a_life() {
        let minutes = |count: u64| Duration::from_secs(count * MINUTE);
        assert_eq!(
            MESSAGING.wait_after(1, minutes(1), Some(minutes(9))),
            Some(minutes(9))
        );
        assert_eq!(
            MESSAGING.wait_after(1, minutes(1), Some(minutes(240))),
            None
        );
    }

    #[test]
    fn what_cannot_be_sent_is_tried_ever_more_seldom_until_its_life_is_over() {
        let wait = |seconds: u64| EMAIL.wait_unsent(Duration::from_secs(seconds), None);
        assert!(wait(0).unwrap() <= Duration::from_secs(2));
        assert!(wait(100).unwrap() >= Duration::from_secs(80));
        assert!(wait(HOUR).unwrap() <= Duration::from_secs(300));
        assert_eq!(wait(24 * HOUR), None);
    }
}
