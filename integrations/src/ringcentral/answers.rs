//! The classifier of RingCentral's answers: its error code goes before the status.
//! <https://developers.ringcentral.com/guide/basics/errors>

use serde::Deserialize;

use crate::calls::{Answered, describe};
use crate::outcome::Failure;
use crate::outcome::FailureKind::{self, Auth, NotSent, Refused, Transient, Unknown};

/// Codes whose meaning the status alone does not tell: rate limits, which cost a penalty of a minute, and rights.
const CODES: [(&str, FailureKind); 6] = [
    ("CMN-301", NotSent),
    ("CMN-303", NotSent),
    ("CMN-401", Auth),
    ("CMN-405", Auth),
    ("OAU-213", Auth),
    ("FeatureNotAvailable", Auth),
];

/// Turns an answer other than 2xx into a failure. A server error leaves open whether the message was sent.
pub(super) fn classify(answered: &Answered) -> Failure {
    let error = serde_json::from_slice::<ErrorBody>(&answered.body).unwrap_or_default();
    let code = error.error_code.or(error.error);
    let detail = describe("ringcentral", answered.status, &[("code", code.as_deref())]);
    Failure::new(kind(answered.status, code.as_deref()), detail)
        .with_retry_after(answered.retry_after())
}

/// An answer to signing in: 400 means a bad JWT or app there.
pub(super) fn classify_sign_in(answered: &Answered) -> Failure {
    let failure = classify(answered);
    match failure.kind {
        Refused => Failure {
            kind: Auth,
            ..failure
        },
        _ => failure,
    }
}

fn kind(status: u16, code: Option<&str>) -> FailureKind {
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

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody {
    error_code: Option<String>,
    /// OAuth's own.
    error: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::HeaderMap;

    use super::{classify, classify_sign_in};
    use crate::calls::Answered;
    use crate::outcome::FailureKind::{self, Auth, NotSent, Refused, Transient, Unknown};

    const GOLDEN: [(u16, &str, FailureKind); 12] = [
        (400, "CMN-101", Refused),
        (400, "MSG-242", Refused),
        (401, "OAU-213", Auth),
        (403, "CMN-401", Auth),
        (403, "FeatureNotAvailable", Auth),
        (404, "CMN-102", Refused),
        (408, "", Transient),
        (429, "CMN-301", NotSent),
        (503, "CMN-301", NotSent),
        (500, "CMN-201", Unknown),
        (502, "", Unknown),
        (503, "CMN-211", Unknown),
    ];

    fn answered(status: u16, code: &str) -> Answered {
        Answered {
            status,
            headers: HeaderMap::from_iter([(
                reqwest::header::RETRY_AFTER,
                reqwest::header::HeaderValue::from_static("60"),
            )]),
            body: format!(r#"{{"errorCode":"{code}","message":"+15551230001"}}"#).into_bytes(),
            first_byte: Duration::ZERO,
        }
    }

    #[test]
    fn every_row_of_the_table_is_classified_so() {
        for (status, code, expected) in GOLDEN {
            let failure = classify(&answered(status, code));
            assert_eq!(failure.kind, expected, "{status} {code}");
            assert_eq!(failure.retry_after, Some(Duration::from_secs(60)));
            assert!(!failure.detail.contains("555123"), "{}", failure.detail);
        }
        assert_eq!(classify_sign_in(&answered(400, "OAU-251")).kind, Auth);
    }
}
