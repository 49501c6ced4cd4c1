//! The classifier of Resend's answers: the error's name goes before the status.
//! <https://resend.com/docs/api-reference/errors>

use std::time::Duration;

use serde::Deserialize;

use crate::calls::describe;
use crate::outcome::Failure;
use crate::outcome::FailureKind::{self, Auth, NotSent, Refused, Transient};

/// Names whose meaning the status alone does not tell.
const NAMES: [(&str, FailureKind); 9] = [
    // The first call with this key is under way: its answer is waited for.
    ("concurrent_idempotent_requests", Transient),
    // The key belongs to another mail, for good.
    ("invalid_idempotent_request", Refused),
    ("invalid_idempotency_key", Refused),
    ("missing_api_key", Auth),
    ("invalid_api_key", Auth),
    ("restricted_api_key", Auth),
    ("rate_limit_exceeded", NotSent),
    ("daily_quota_exceeded", NotSent),
    ("monthly_quota_exceeded", NotSent),
];

/// Turns an answer other than 2xx into a failure. A server error is worth another try, for the key tells a repetition.
pub(super) fn classify(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Failure {
    let name = serde_json::from_slice::<ErrorBody>(body)
        .ok()
        .and_then(|error| error.name);
    let detail = describe("resend", status, &[("name", name.as_deref())]);
    Failure::new(kind(status, name.as_deref()), detail).with_retry_after(retry_after)
}

fn kind(status: u16, name: Option<&str>) -> FailureKind {
    let known = NAMES.iter().find(|(known, _)| Some(*known) == name);
    if let Some((_, kind)) = known {
        return *kind;
    }
    match status {
        401 | 403 => Auth,
        429 => NotSent,
        408 | 425 | 500.. => Transient,
        // Without a name it cannot be told whether the call may be repeated as it is.
        409 => Transient,
        _ => Refused,
    }
}

#[derive(Deserialize)]
struct ErrorBody {
    name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::classify;
    use crate::outcome::FailureKind::{self, Auth, NotSent, Refused, Transient};

    const GOLDEN: [(u16, &str, FailureKind); 18] = [
        (400, "validation_error", Refused),
        (400, "invalid_idempotency_key", Refused),
        (401, "missing_api_key", Auth),
        (401, "restricted_api_key", Auth),
        (403, "invalid_api_key", Auth),
        (403, "validation_error", Auth),
        (404, "not_found", Refused),
        (405, "method_not_allowed", Refused),
        (409, "invalid_idempotent_request", Refused),
        (409, "concurrent_idempotent_requests", Transient),
        (422, "missing_required_field", Refused),
        (422, "invalid_attachment", Refused),
        (429, "rate_limit_exceeded", NotSent),
        (429, "daily_quota_exceeded", NotSent),
        (451, "security_error", Refused),
        (500, "application_error", Transient),
        (500, "internal_server_error", Transient),
        (503, "", Transient),
    ];

    #[test]
    fn every_row_of_the_table_is_classified_so() {
        for (status, name, expected) in GOLDEN {
            let body =
                format!(r#"{{"statusCode":{status},"name":"{name}","message":"a@b.example"}}"#);
            let failure = classify(status, None, body.as_bytes());
            assert_eq!(failure.kind, expected, "{status} {name}");
            assert!(!failure.detail.contains('@'), "{}", failure.detail);
        }
    }
}
