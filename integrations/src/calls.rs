//! One call to a provider, the same way for all of them: a deadline, an answer read up to a limit, and what a classifier
//! wants to know about it. Details never repeat what a provider wrote in words, for it repeats what it was sent.

use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::RequestBuilder;
use reqwest::header::{HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;

use crate::http;
use crate::outcome::{Failure, FailureKind};
use crate::secret::Secret;

/// Most characters taken from one field of an error.
const FIELD_LIMIT_CHARS: usize = 64;
/// Ids of providers consist of these; anything else must not leave its place in a path.
const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');

/// An answer of any status, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// From sending until the head of the answer was there.
    pub first_byte: Duration,
}

/// Sends a request and reads its answer, within `timeout` altogether.
pub(crate) async fn call(request: RequestBuilder, timeout: Duration) -> Result<Answered, Failure> {
    let begun = Instant::now();
    let response = request
        .timeout(timeout)
        .send()
        .await
        .map_err(|error| http::lost_call(&error))?;
    let first_byte = begun.elapsed();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = http::read_answer(response).await?;
    Ok(Answered {
        status,
        headers,
        body,
        first_byte,
    })
}

impl Answered {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The wait that the provider asks for.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        http::retry_after(&self.headers)
    }

    /// The answer's JSON.
    ///
    /// # Errors
    /// `Unknown`: the provider said yes, but to what cannot be read.
    pub(crate) fn json<T: DeserializeOwned>(&self, provider: &str) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // The category alone: serde's message may quote a value.
            let category = error.classify();
            let detail = format!(
                "{provider} answered {} with a body that cannot be read: {category:?}",
                self.status
            );
            Failure::new(FailureKind::Unknown, detail)
        })
    }
}

/// `twilio answered 400, code 21211`: names and numbers only.
pub(crate) fn describe(provider: &str, status: u16, fields: &[(&str, Option<&str>)]) -> String {
    let mut detail = format!("{provider} answered {status}");
    for (label, value) in fields {
        if let Some(value) = value {
            detail.push_str(", ");
            detail.push_str(label);
            detail.push(' ');
            detail.extend(value.chars().filter(is_plain).take(FIELD_LIMIT_CHARS));
        }
    }
    detail
}

/// Names and codes consist of these; an address or a phone number does not get through whole.
fn is_plain(character: &char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '[' | ']')
}

/// A header that carries a credential and is not printed.
pub(crate) fn sensitive(scheme: &str, secret: &Secret) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::try_from(format!("{scheme} {}", secret.expose()))
        .map_err(|_| Failure::new(FailureKind::Auth, "the credential is not a header value"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// An id as one segment of a path.
pub(crate) fn segment(id: &str) -> String {
    utf8_percent_encode(id, PATH_SEGMENT).to_string()
}

/// A base address without a trailing slash.
pub(crate) fn base(url: impl Into<String>) -> String {
    let mut url = url.into();
    url.truncate(url.trim_end_matches('/').len());
    url
}

#[cfg(test)]
mod tests {
    use super::{base, describe, segment};

    #[test]
    fn an_id_cannot_leave_its_place_in_the_path() {
        assert_eq!(segment("SM0a-1_b"), "SM0a-1_b");
        assert_eq!(segment("../x?y"), "%2E%2E%2Fx%3Fy");
        assert_eq!(base("http://127.0.0.1/twilio/"), "http://127.0.0.1/twilio");
    }

    #[test]
    fn a_detail_holds_names_and_numbers_only() {
        let fields = [
            ("code", Some("21211")),
            ("type", Some("a b@c.example")),
            ("at", None),
        ];
        assert_eq!(
            describe("twilio", 400, &fields),
            "twilio answered 400, code 21211, type abcexample"
        );
    }
}
