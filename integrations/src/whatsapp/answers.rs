//! The classifier of the Graph API's answers: its error code goes before the status.
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes>

use std::time::Duration;

use serde::Deserialize;

use crate::calls::describe;
use crate::outcome::Failure;
use crate::outcome::FailureKind::{self, Auth, NotSent, Refused, Transient, Unknown};

/// Too many messages to one person in a short time; others may be written to.
const PAIR_CODE: i64 = 131_056;
/// To one person one message in six seconds; the wait after that where none is named.
const PAIR_WAIT: Duration = Duration::from_secs(6);
/// Codes whose meaning the status alone does not tell.
const CODES: [(i64, FailureKind); 17] = [
    (0, Auth),
    (3, Auth),
    (10, Auth),
    (190, Auth),
    (368, Auth),
    (131_005, Auth),
    (131_031, Auth),
    (131_042, Auth),
    (4, NotSent),
    (80_007, NotSent),
    (130_429, NotSent),
    (131_048, NotSent),
    (PAIR_CODE, NotSent),
    (131_026, Refused),
    // The 24 hours are over: only a template may go out.
    (131_047, Refused),
    (131_016, Transient),
    (131_000, Unknown),
];

/// Turns an answer other than 2xx into a failure. A server error leaves open whether the message was sent.
pub(super) fn classify(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Failure {
    let code = serde_json::from_slice::<ErrorBody>(body)
        .ok()
        .and_then(|body| body.error.code);
    let text = code.map(|code| code.to_string());
    let detail = describe("whatsapp", status, &[("code", text.as_deref())]);
    let failure = Failure::new(kind(status, code), detail);
    match code == Some(PAIR_CODE) {
        true => failure
            .with_retry_after(retry_after.or(Some(PAIR_WAIT)))
            .about_recipient(),
        false => failure.with_retry_after(retry_after),
    }
}

fn kind(status: u16, code: Option<i64>) -> FailureKind {
    let known = CODES.iter().find(|(known, _)| Some(*known) == code);
    if let Some((_, kind)) = known {
        return *kind;
    }
    match (status, code) {
        (401 | 403, _) | (_, Some(200..=299)) => Auth,
        (429, _) => NotSent,
        (408 | 409 | 425, _) => Transient,
        (500.., _) => Unknown,
        _ => Refused,
    }
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorFields,
}

#[derive(Deserialize)]
struct ErrorFields {
    code: Option<i64>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::classify;
    use crate::outcome::FailureKind::{self, Auth, NotSent, Refused, Transient, Unknown};
    use crate::outcome::Pause;

    const GOLDEN: [(u16, i64, FailureKind); 20] = [
        (400, 100, Refused),
        (400, 131_008, Refused),
        (400, 131_009, Refused),
        (400, 131_026, Refused),
        (400, 131_047, Refused),
        (400, 131_051, Refused),
        (400, 132_000, Refused),
        (404, 132_001, Refused),
        (401, 0, Auth),
        (401, 190, Auth),
        (403, 10, Auth),
        (403, 200, Auth),
        (403, 131_031, Auth),
        (400, 130_429, NotSent),
        (429, 4, NotSent),
        (400, 131_048, NotSent),
        (400, 131_056, NotSent),
        (500, 131_016, Transient),
        (500, 131_000, Unknown),
        (503, 2, Unknown),
    ];

    #[test]
    fn every_row_of_the_table_is_classified_so() {
        for (status, code, expected) in GOLDEN {
            let body =
                format!(r#"{{"error":{{"message":"(#{code}) +15551230001","code":{code}}}}}"#);
            let failure = classify(status, None, body.as_bytes());
            assert_eq!(failure.kind, expected, "{status} {code}");
            assert!(!failure.detail.contains("555123"), "{}", failure.detail);
        }
    }

    #[test]
    fn a_pair_that_is_too_fast_waits() {
        let failure = classify(400, None, br#"{"error":{"code":131056}}"#);
        assert_eq!(failure.retry_after, Some(Duration::from_secs(6)));
        assert_eq!(failure.pause, Pause::Recipient);
        let whole = classify(400, None, br#"{"error":{"code":130429}}"#);
        assert_eq!(whole.pause, Pause::Account);
    }
}
