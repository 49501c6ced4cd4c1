//! The classifier of Twilio's answers: its error code goes before the status.
//! <https://www.twilio.com/docs/api/errors>

use std::time::Duration;

use serde::Deserialize;

use crate::calls::describe;
use crate::outcome::Failure;
use crate::outcome::FailureKind::{self, Auth, NotSent, Refused, Transient, Unknown};

/// Codes whose meaning the status alone does not tell.
const CODES: [(u32, FailureKind); 11] = [
    // Replies to one number in a loop; the message was not taken on.
    (14_107, NotSent),
    (20_003, Auth),
    // The account is suspended or closed.
    (20_005, Auth),
    (20_429, NotSent),
    // The number may not be written to from this account's plan or region: the next message fares alike.
    (21_408, Refused),
    // The number has said STOP.
    (21_610, Refused),
    // The sender's queue is full.
    (21_611, NotSent),
    (21_614, Refused),
    (21_617, Refused),
    (30_001, NotSent),
    (30_002, Auth),
];

/// Turns an answer other than 2xx into a failure. A server error leaves open whether the message was made, because no key
/// tells a repetition from a new one.
pub(super) fn classify(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Failure {
    let code = serde_json::from_slice::<ErrorBody>(body)
        .ok()
        .and_then(|error| error.code);
    let text = code.map(|code| code.to_string());
    let detail = describe("twilio", status, &[("code", text.as_deref())]);
    Failure::new(kind(status, code), detail).with_retry_after(retry_after)
}

fn kind(status: u16, code: Option<u32>) -> FailureKind {
    let known = CODES.iter().find(|(known, _)| Some(*known) == code);
    if let Some((_, kind)) = known {
        return *kind;
    }
    match status {
        401 | 403 => Auth,
        429 => NotSent,
        408 | 409 | 425 => Transient,
        500.. => Unknown,
        _ => Refused,
    }
}

#[derive(Deserialize)]
struct ErrorBody {
    code: Option<u32>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::classify;
    use crate::outcome::FailureKind::{self, Auth, NotSent, Refused, Transient, Unknown};

    /// One row for every kind of answer that Twilio documents for making a message.
    const GOLDEN: [(u16, u32, FailureKind); 22] = [
        (400, 21_211, Refused),
        (400, 21_212, Refused),
        (400, 21_408, Refused),
        (400, 21_602, Refused),
        (400, 21_606, Refused),
        (400, 21_610, Refused),
        (400, 21_611, NotSent),
        (400, 21_614, Refused),
        (400, 21_617, Refused),
        (400, 14_107, NotSent),
        (400, 30_001, NotSent),
        (401, 20_003, Auth),
        (403, 20_005, Auth),
        (403, 20_003, Auth),
        (404, 20_404, Refused),
        (408, 0, Transient),
        (409, 0, Transient),
        (429, 20_429, NotSent),
        (429, 0, NotSent),
        (500, 20_500, Unknown),
        (502, 0, Unknown),
        (503, 20_503, Unknown),
    ];

    #[test]
    fn every_row_of_the_table_is_classified_so() {
        for (status, code, expected) in GOLDEN {
            let body = format!(r#"{{"code":{code},"message":"x","status":{status}}}"#);
            let failure = classify(status, None, body.as_bytes());
            assert_eq!(failure.kind, expected, "{status} {code}");
        }
    }

    #[test]
    fn the_detail_never_repeats_the_message() {
        let body = br#"{"code":21211,"message":"The 'To' number +15551230001 is not valid.","status":400}"#;
        let failure = classify(400, Some(Duration::from_secs(3)), body);
        assert_eq!(failure.detail, "twilio answered 400, code 21211");
        assert_eq!(failure.retry_after, Some(Duration::from_secs(3)));
        assert_eq!(classify(502, None, b"<html>").kind, Unknown);
    }
}
