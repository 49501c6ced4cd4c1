//! The classifier of answers in OpenAI's style. The server's own verdict (`x-should-retry`) goes before the status, as in
//! OpenAI's libraries; a quota that is used up is no rate limit. <https://platform.openai.com/docs/guides/error-codes>

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

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
    // Some servers of this style write the code as a number.
    let code = error.code.as_ref().and_then(Value::as_str);
    let kind = kind(
        answer.status,
        answer.should_retry,
        code,
        error.kind.as_deref(),
    );
    let detail = describe(
        "openai",
        answer.status,
        &[
            ("type", error.kind.as_deref()),
            ("code", code),
            ("request", answer.request_id),
        ],
    );
    Failure::new(kind, detail).with_retry_after(answer.retry_after)
}

fn kind(
    status: u16,
    should_retry: Option<&str>,
    code: Option<&str>,
    kind: Option<&str>,
) -> FailureKind {
    let is_out_of_money = [code, kind].contains(&Some("insufficient_quota"));
    match (status, should_retry) {
        (401 | 403, _) => Auth,
        // Waiting does not help: somebody has to pay.
        (429, _) if is_out_of_money => Auth,
        (429, Some("false")) => Refused,
        (429, _) => NotSent,
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
    code: Option<Value>,
}

#[cfg(test)]
mod tests {
    use super::{Answer, classify};
    use crate::outcome::FailureKind::{self, Auth, NotSent, Refused, Transient};

    const GOLDEN: [(u16, Option<&str>, &str, FailureKind); 16] = [
        (400, None, "context_length_exceeded", Refused),
        (400, Some("true"), "", Transient),
        (401, None, "invalid_api_key", Auth),
        (403, None, "unsupported_country_region_territory", Auth),
        (404, None, "model_not_found", Refused),
        (408, None, "", Transient),
        (409, None, "", Transient),
        (413, None, "", Refused),
        (422, None, "", Refused),
        (429, None, "rate_limit_exceeded", NotSent),
        (429, Some("true"), "rate_limit_exceeded", NotSent),
        (429, None, "insufficient_quota", Auth),
        (429, Some("false"), "", Refused),
        (500, None, "", Transient),
        (500, Some("false"), "", Refused),
        (503, None, "", Transient),
    ];

    #[test]
    fn every_row_of_the_table_is_classified_so() {
        for (status, should_retry, code, expected) in GOLDEN {
            let body =
                format!(r#"{{"error":{{"message":"key sk-1","type":"t","code":"{code}"}}}}"#);
            let failure = classify(&Answer {
                status,
                should_retry,
                retry_after: None,
                request_id: Some("req_1"),
                body: body.as_bytes(),
            });
            assert_eq!(failure.kind, expected, "{status} {should_retry:?} {code}");
            assert!(!failure.detail.contains("sk-1"), "{}", failure.detail);
        }
    }
}
