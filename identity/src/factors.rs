//! The second factor as a principal carries it: a property of the session, not of the page on which it began.

use domain::refusal::Refusal;
use time::OffsetDateTime;

use crate::second_factors::{self, FRESH_AGE};

/// What a credential says about a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// Keys, and Rapport itself: nobody is there who could be asked.
    NotAsked,
    /// A person's session, and when its second factor was given last.
    Session { given_at: Option<OffsetDateTime> },
}

impl Factor {
    /// Until when it is fresh enough for what cannot be taken back; `None` when that is over, or was never asked.
    pub fn fresh_until(self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        match self {
            Self::Session {
                given_at: Some(given_at),
            } => Some(given_at + FRESH_AGE).filter(|until| *until > now),
            _ => None,
        }
    }

    /// Refused with 403 `mfa-required` to a person whose second factor is not fresh.
    pub fn require_fresh(self, now: OffsetDateTime) -> Result<(), Refusal> {
        if self == Self::NotAsked || self.fresh_until(now).is_some() {
            return Ok(());
        }
        let minutes = FRESH_AGE.whole_minutes();
        let detail = format!(
            "this needs a second factor from the last {minutes} minutes: POST /auth/second-factor with a code, then send \
             this again"
        );
        Err(second_factors::missing(&detail))
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn a_factor_is_fresh_for_ten_minutes_and_keys_are_not_asked() {
        let given = OffsetDateTime::UNIX_EPOCH;
        let factor = Factor::Session {
            given_at: Some(given),
        };
        assert_eq!(factor.require_fresh(given + Duration::minutes(9)), Ok(()));
        let late = factor.require_fresh(given + FRESH_AGE).unwrap_err();
        assert_eq!(late.code, "mfa-required");
        let never = Factor::Session { given_at: None };
        assert!(never.require_fresh(given).is_err());
        assert_eq!(Factor::NotAsked.require_fresh(given), Ok(()));
    }
}
