//! The classifier of answers in Anthropic's style: the error's type goes before the status.
//! <https://docs.anthropic.com/en/api/errors>

use std::time::Duration;

use serde::Deserialize;

use crate::calls::describe;
use crate::outcome::Failure;
use crate::outcome::FailureKind::{self, Auth, NotSent, Refused, Transient};

/// What an answer says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    pub status: u16,
    pub should_retry: Option<&'a str>,
    pub retry_after: Option<Duration>,
    pub request_id: Option<&'a str>,
    pub body: &'a [u8],
}

/// Turns an answer other than 2xx into a failure.
pub(super) fn classify(answer: &Answer<'_>) -> Failure {
    let error = serde_json::from_slice::<ErrorBody>(answer.body)
        .map(|body| body.error)
        .unwrap_or_default();
    let name = error.kind.as_deref();
    let detail = describe(
        "anthropic",
        answer.status,
        &[("type", name), ("request", answer.request_id)],
    );
    Failure::new(kind(answer.status, answer.should_retry, name), detail)
        .with_retry_after(answer.retry_after)
}

fn kind(status: u16, should_retry: Option<&str>, name: Option<&str>) -> FailureKind {
    match (status, should_retry) {
        (401..=403, _) => Auth,
        _ if name == Some("billing_error") => Auth,
        (429, Some("false")) => Refused,
        (429, _) => NotSent,
        // Everybody's load, not ours: no model was asked.
        (529, _) => NotSent,
        (_, Some("true")) => Transient,
        (_, Some("false")) => Refused,
        (408 | 409 | 425 | 500.., _) => Transient,
        _ => Refused,
    }
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorFields,
}

#[derive(Default, Deserialize)]
struct ErrorFields {
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::{Answer, classify};
    use crate::outcome::FailureKind::{self, Auth, NotSent, Refused, Transient};

    const GOLDEN: [(u16, Option<&str>, &str, FailureKind); 14] = [
        (400, None, "invalid_request_error", Refused),
        (400, None, "billing_error", Auth),
        (401, None, "authentication_error", Auth),
        (402, None, "billing_error", Auth),
        (403, None, "permission_error", Auth),
        (404, None, "not_found_error", Refused),
        (413, None, "request_too_large", Refused),
        (429, None, "rate_limit_error", NotSent),
        (429, Some("false"), "rate_limit_error", Refused),
        (500, None, "api_error", Transient),
        (500, Some("false"), "api_error", Refused),
        (504, None, "timeout_error", Transient),
        (529, None, "overloaded_error", NotSent),
        (409, None, "", Transient),
    ];

    #[test]
    fn every_row_of_the_table_is_classified_so() {
        for (status, should_retry, name, expected) in GOLDEN {
            let body =
                format!(r#"{{"type":"error","error":{{"type":"{name}","message":"sk-ant-1"}}}}"#);
            let failure = classify(&Answer {
                status,
                should_retry,
                retry_after: None,
                request_id: Some("req_1"),
                body: body.as_bytes(),
            });
            assert_eq!(failure.kind, expected, "{status} {should_retry:?} {name}");
            assert!(!failure.detail.contains("sk-ant"), "{}", failure.detail);
        }
    }
}
