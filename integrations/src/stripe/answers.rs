//! The classifier of Stripe's answers. Stripe's own verdict (`Stripe-Should-Retry`) goes before the status, as in its own
//! libraries; see <https://docs.stripe.com/error-low-level>.

use std::time::Duration;

use serde::Deserialize;

use crate::outcome::{Failure, FailureKind};

/// Most characters taken from one field of an error.
const FIELD_LIMIT_CHARS: usize = 64;

/// What an answer says beside its body.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub status: u16,
    /// The header `Stripe-Should-Retry`, as sent.
    pub should_retry: Option<&'a str>,
    pub retry_after: Option<Duration>,
    /// The header `Request-Id`, with which Stripe's support finds the call.
    pub request_id: Option<&'a str>,
    pub body: &'a [u8],
}

/// Turns an answer other than 2xx into a failure. Stripe's message is left out, for it repeats what it was sent.
pub fn classify(answer: &Answer<'_>) -> Failure {
    let error = serde_json::from_slice::<ErrorBody>(answer.body)
        .map(|body| body.error)
        .unwrap_or_default();
    let kind = kind(answer.status, answer.should_retry, error.code.as_deref());
    Failure::new(kind, describe(answer, &error)).with_retry_after(answer.retry_after)
}

fn kind(status: u16, should_retry: Option<&str>, code: Option<&str>) -> FailureKind {
    match (status, should_retry) {
        (401 | 403, _) => FailureKind::Auth,
        // A lock was held while the call was under way: unlike a rate limit it counts as an attempt.
        (429, verdict) if verdict != Some("false") && code != Some("lock_timeout") => {
            FailureKind::NotSent
        }
        (_, Some("true")) => FailureKind::Transient,
        // The stored answer would only be repeated, while the effect may stand: look before deciding.
        (500.., Some("false")) => FailureKind::Unknown,
        (_, Some("false")) => FailureKind::Refused,
        (408 | 409 | 425 | 429 | 500.., _) => FailureKind::Transient,
        _ => FailureKind::Refused,
    }
}

fn describe(answer: &Answer<'_>, error: &ErrorFields) -> String {
    let mut detail = format!("stripe answered {}", answer.status);
    let fields = [
        ("", &error.kind),
        ("", &error.code),
        ("at ", &error.param),
        ("request ", &answer.request_id.map(str::to_owned)),
    ];
    for (label, value) in fields {
        if let Some(value) = value {
            detail.push(' ');
            detail.push_str(label);
            detail.extend(value.chars().filter(is_plain).take(FIELD_LIMIT_CHARS));
        }
    }
    detail
}

/// Names and codes consist of these; an address or a phone number does not get through whole.
fn is_plain(character: &char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '[' | ']')
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorFields,
}

#[derive(Default, Deserialize)]
struct ErrorFields {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    param: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::{Answer, classify};
    use crate::outcome::FailureKind::{self, Auth, NotSent, Refused, Transient, Unknown};

    fn failure_of(status: u16, should_retry: Option<&str>, body: &str) -> crate::outcome::Failure {
        classify(&Answer {
            status,
            should_retry,
            retry_after: None,
            request_id: Some("req_1"),
            body: body.as_bytes(),
        })
    }

    fn assert_kind(status: u16, should_retry: Option<&str>, code: &str, expected: FailureKind) {
        let body = format!(r#"{{"error":{{"code":"{code}"}}}}"#);
        assert_eq!(
            failure_of(status, should_retry, &body).kind,
            expected,
            "{status} {should_retry:?}"
        );
    }

    #[test]
    fn a_malformed_request_is_refused() {
        assert_kind(400, None, "parameter_missing", Refused);
    }

    #[test]
    fn a_wrong_key_is_an_auth_failure() {
        assert_kind(401, None, "", Auth);
    }

    #[test]
    fn a_failed_payment_is_refused() {
        assert_kind(402, None, "card_declined", Refused);
    }

    #[test]
    fn a_missing_permission_is_an_auth_failure() {
        assert_kind(403, Some("true"), "", Auth);
    }

    #[test]
    fn a_missing_object_is_refused() {
        assert_kind(404, None, "resource_missing", Refused);
    }

    #[test]
    fn a_redirect_is_refused() {
        assert_kind(302, None, "", Refused);
    }

    #[test]
    fn a_request_timeout_is_transient() {
        assert_kind(408, None, "", Transient);
    }

    #[test]
    fn a_key_in_use_is_transient() {
        assert_kind(409, None, "idempotency_key_in_use", Transient);
    }

    #[test]
    fn a_conflict_not_to_be_retried_is_refused() {
        assert_kind(409, Some("false"), "", Refused);
    }

    #[test]
    fn a_rate_limit_was_not_sent() {
        assert_kind(429, None, "rate_limit", NotSent);
        assert_kind(429, Some("true"), "rate_limit", NotSent);
    }

    #[test]
    fn a_lock_timeout_is_transient() {
        assert_kind(429, Some("true"), "lock_timeout", Transient);
        assert_kind(429, None, "lock_timeout", Transient);
    }

    #[test]
    fn a_client_error_to_be_retried_is_transient() {
        assert_kind(400, Some("true"), "", Transient);
    }

    #[test]
    fn a_server_error_is_transient() {
        for status in [500, 502, 503, 504] {
            assert_kind(status, None, "", Transient);
        }
    }

    #[test]
    fn a_server_error_not_to_be_retried_is_unknown() {
        assert_kind(500, Some("false"), "", Unknown);
    }

    #[test]
    fn the_detail_names_the_error_and_never_repeats_the_message() {
        let failure = failure_of(
            400,
            None,
            r#"{"error":{"type":"invalid_request_error","code":"email_invalid","param":"customer_email",
                "message":"Invalid email address: ada@example.test"}}"#,
        );
        assert_eq!(
            failure.detail,
            "stripe answered 400 invalid_request_error email_invalid at customer_email request req_1"
        );
    }

    #[test]
    fn an_answer_that_is_no_json_is_classified_by_its_status() {
        assert_eq!(
            failure_of(502, None, "<html>bad gateway</html>").kind,
            Transient
        );
    }
}
