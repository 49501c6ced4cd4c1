//! Messages as a thread remembers them: which they are and what became of them. What they say stands in their events and
//! in the read tables alone, so that a thread of many years stays small.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::customers::consents::Purpose;
use crate::ids::MessageId;

/// How many messages a thread remembers; what became of older ones is settled.
pub const MAX_RECENT: usize = 100;
/// How many messages of one thread may wait to be sent.
pub const MAX_QUEUED: usize = 50;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the customer.
    In,
    /// To the customer.
    Out,
}

/// Who speaks for the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SenderType {
    Ai,
    Human,
    /// Rapport itself, answering a keyword.
    System,
}

/// What became of a call from the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    Answered,
    Missed,
    /// Missed, and the caller has left a voice mail.
    Voicemail,
}

/// What became of a message. The order is what is known for sure: a message that was reported as failed and as delivered
/// has arrived. Reports may come in any order and any number; the greatest stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// From the customer: it is here.
    Received,
    Queued,
    /// The provider has taken it.
    Sent,
    Failed,
    Delivered,
    Read,
}

/// Why a message failed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct MessageFailure {
    pub reason: FailureReason,
    /// The provider's code, or ours.
    pub code: String,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// We did not send it: at delivery it was not allowed any more.
    Withheld,
    /// The provider would not take it.
    Refused,
    /// The provider took it and could not deliver it.
    Undelivered,
}

/// What is known about a message's way: a join semilattice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Progress {
    pub status: MessageStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<MessageFailure>,
}

/// One remembered message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecentMessage {
    pub message_id: MessageId,
    pub direction: Direction,
    /// Of the event that says what it says.
    pub sequence: i64,
    pub progress: Progress,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_type: Option<SenderType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_message_id: Option<String>,
    /// Quiet hours hold it back until then.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub held_until: Option<OffsetDateTime>,
    /// An answer to a keyword is owed and asks for no consent.
    #[serde(default)]
    pub owed: bool,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

impl MessageStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }

    /// Its place in the order of what is known for sure, for tables that keep the greatest.
    pub fn rank(self) -> i64 {
        match self {
            Self::Received => 0,
            Self::Queued => 1,
            Self::Sent => 2,
            Self::Failed => 3,
            Self::Delivered => 4,
            Self::Read => 5,
        }
    }
}

impl Progress {
    pub fn of(status: MessageStatus) -> Self {
        Self {
            status,
            failure: None,
        }
    }

    pub fn failed(failure: MessageFailure) -> Self {
        Self {
            status: MessageStatus::Failed,
            failure: Some(failure),
        }
    }

    /// Takes in a report; whether that has changed anything.
    pub fn join(&mut self, report: Self) -> Joined {
        if report > *self {
            *self = report;
            return Joined::News;
        }
        Joined::Known
    }
}

/// What a report has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    News,
    Known,
}

/// Keeps `recent` within its limit. Messages that wait are kept longest: what is sent must still be found.
pub(super) fn forget_oldest(recent: &mut Vec<RecentMessage>) {
    while recent.len() > MAX_RECENT {
        let settled = |message: &RecentMessage| message.progress.status != MessageStatus::Queued;
        let oldest = recent.iter().position(settled).unwrap_or_default();
        recent.remove(oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports() -> Vec<Progress> {
        let failed = |reason, code: &str| {
            Progress::failed(MessageFailure {
                reason,
                code: code.to_owned(),
            })
        };
        vec![
            Progress::of(MessageStatus::Sent),
            failed(FailureReason::Refused, "21610"),
            failed(FailureReason::Undelivered, "30003"),
            failed(FailureReason::Undelivered, "30006"),
            Progress::of(MessageStatus::Delivered),
            Progress::of(MessageStatus::Read),
        ]
    }

    fn joined<'a>(reports: impl IntoIterator<Item = &'a Progress>) -> Progress {
        let mut progress = Progress::of(MessageStatus::Queued);
        for report in reports {
            progress.join(report.clone());
        }
        progress
    }

    /// Every order of every selection, with repetitions: six of six reports drawn from six, exhaustively.
    #[test]
    fn reports_in_any_order_and_number_come_to_the_same() {
        let reports = reports();
        let count = reports.len();
        for drawn in 0..count.pow(6) {
            let picks: Vec<&Progress> = (0..6)
                .map(|place| &reports[drawn / count.pow(place) % count])
                .collect();
            let mut ordered = picks.clone();
            ordered.sort();
            ordered.dedup();
            assert_eq!(joined(picks.iter().copied()), joined(ordered), "{picks:?}");
        }
    }

    #[test]
    fn what_has_arrived_has_not_failed() {
        let all = reports();
        assert_eq!(joined(&all[..5]).status, MessageStatus::Delivered);
        assert_eq!(joined(&all[..2]).status, MessageStatus::Failed);
        assert_eq!(joined(&[]).status, MessageStatus::Queued);
    }

    #[test]
    fn the_rank_is_the_order() {
        let all = [
            MessageStatus::Received,
            MessageStatus::Queued,
            MessageStatus::Sent,
            MessageStatus::Failed,
            MessageStatus::Delivered,
            MessageStatus::Read,
        ];
        assert!(
            all.windows(2)
                .all(|two| two[0] < two[1] && two[0].rank() < two[1].rank())
        );
    }
}
