//! How a call to the outside can fail. The kind decides what may be done next (send again, look first, give up, stop the
//! destination), so every provider's classifier answers with one of these five and nothing else.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is known about the effect after a call that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Surely no effect, and nothing was judged: name not resolved, connection refused, TLS failed, rate limited.
    NotSent,
    /// The provider says that the same call may succeed later.
    Transient,
    /// The provider refuses this call for good.
    Refused,
    /// The credentials are refused: no other call to this destination will do better.
    Auth,
    /// The call left and no verdict came back: the effect may or may not have happened.
    Unknown,
}

impl FailureKind {
    /// All kinds, for tables of metrics and for parsing.
    pub const ALL: [FailureKind; 5] = [
        FailureKind::NotSent,
        FailureKind::Transient,
        FailureKind::Refused,
        FailureKind::Auth,
        FailureKind::Unknown,
    ];

    /// The stable name, the same as on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureKind::NotSent => "not_sent",
            FailureKind::Transient => "transient",
            FailureKind::Refused => "refused",
            FailureKind::Auth => "auth",
            FailureKind::Unknown => "unknown",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A failed call. `detail` is written for operators and logs, and holds neither personal data nor secrets: providers'
/// own messages, which repeat what they were sent, never get in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    pub detail: String,
    /// The provider's own floor for the next attempt.
    pub retry_after: Option<Duration>,
    /// Whom the provider wants left alone until then.
    pub pause: Pause,
}

/// What a provider's wish to be asked later is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pause {
    /// The whole account: nothing goes there meanwhile.
    #[default]
    Account,
    /// The one who was written to: others may be.
    Recipient,
}

impl Failure {
    pub fn new(kind: FailureKind, detail: impl Into<String>) -> Failure {
        Failure {
            kind,
            detail: detail.into(),
            retry_after: None,
            pause: Pause::default(),
        }
    }

    pub fn with_retry_after(mut self, retry_after: Option<Duration>) -> Failure {
        self.retry_after = retry_after;
        self
    }

    /// The same, where only this recipient is written to too often.
    pub fn about_recipient(mut self) -> Failure {
        self.pause = Pause::Recipient;
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.kind, self.detail)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::FailureKind;

    #[test]
    fn the_name_of_a_kind_is_its_wire_form() {
        for kind in FailureKind::ALL {
            let wire = serde_json::to_value(kind).unwrap();
            assert_eq!(wire, kind.as_str());
            assert_eq!(serde_json::from_value::<FailureKind>(wire).unwrap(), kind);
        }
    }
}
