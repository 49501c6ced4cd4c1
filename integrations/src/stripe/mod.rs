//! Stripe over `reqwest`: hosted checkout sessions and refunds, nothing that ever touches a card (PCI SAQ-A). Every POST
//! carries an idempotency key, so a call whose answer was lost may be sent again with the same key for 24 hours.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, RequestBuilder};
use serde::de::DeserializeOwned;

use crate::form;
use crate::http::{self, STRIPE_TIMEOUT};
use crate::outcome::{Failure, FailureKind};
use crate::secret::Secret;
use crate::stripe::answers::Answer;
use crate::stripe::objects::{CheckoutSession, NewCheckoutSession, NewRefund, Refund};

pub mod answers;
pub mod events;
pub mod objects;
pub mod signatures;

/// Where Stripe lives; the sandbox lives at `http://<sandbox>/stripe`.
pub const BASE_URL: &str = "https://api.stripe.com";
/// The version of the API that these wire types were written for, sent with every call.
pub const API_VERSION: &str = "2025-09-30.clover";
/// Stripe's limit on the length of an idempotency key.
pub const IDEMPOTENCY_KEY_LIMIT_CHARS: usize = 255;

/// Stripe's ids consist of letters, digits and underscores; anything else must not leave its place in the path.
const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_');

/// One Stripe account. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct Stripe {
    http: Client,
    base_url: String,
    secret_key: Secret,
}

impl Stripe {
    /// `base_url` is [`BASE_URL`] or the sandbox's, without a trailing slash.
    pub fn new(http: Client, base_url: impl Into<String>, secret_key: Secret) -> Stripe {
        let mut base_url = base_url.into();
        base_url.truncate(base_url.trim_end_matches('/').len());
        Stripe {
            http,
            base_url,
            secret_key,
        }
    }

    /// `POST /v1/checkout/sessions`; the answer's `url` is where the payer goes.
    ///
    /// # Errors
    /// As classified; `Unknown` and `Transient` may be sent again with the same key.
    pub async fn create_checkout_session(
        &self,
        new: &NewCheckoutSession,
        idempotency_key: &str,
    ) -> Result<CheckoutSession, Failure> {
        self.post("/v1/checkout/sessions", &new.form(), idempotency_key)
            .await
    }

    /// `POST /v1/checkout/sessions/{id}/expire`; refused when the session is paid or expired already.
    ///
    /// # Errors
    /// As classified.
    pub async fn expire_checkout_session(
        &self,
        id: &str,
        idempotency_key: &str,
    ) -> Result<CheckoutSession, Failure> {
        let path = format!("/v1/checkout/sessions/{}/expire", escaped(id));
        self.post(&path, &form::Form::default(), idempotency_key)
            .await
    }

    /// `GET /v1/checkout/sessions/{id}`.
    ///
    /// # Errors
    /// As classified.
    pub async fn retrieve_checkout_session(&self, id: &str) -> Result<CheckoutSession, Failure> {
        let url = format!("{}/v1/checkout/sessions/{}", self.base_url, escaped(id));
        self.send(self.http.get(url)).await
    }

    /// `GET /v1/checkout/sessions?limit=1`: whether the key may work with checkout sessions. Nothing of it is kept.
    ///
    /// # Errors
    /// As classified.
    pub async fn try_key(&self) -> Result<(), Failure> {
        let url = format!("{}/v1/checkout/sessions?limit=1", self.base_url);
        let _: serde::de::IgnoredAny = self.send(self.http.get(url)).await?;
        Ok(())
    }

    /// `POST /v1/refunds`.
    ///
    /// # Errors
    /// As classified.
    pub async fn create_refund(
        &self,
        new: &NewRefund,
        idempotency_key: &str,
    ) -> Result<Refund, Failure> {
        self.post("/v1/refunds", &new.form(), idempotency_key).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &form::Form,
        idempotency_key: &str,
    ) -> Result<T, Failure> {
        if idempotency_key.is_empty() || idempotency_key.len() > IDEMPOTENCY_KEY_LIMIT_CHARS {
            return Err(Failure::new(
                FailureKind::Refused,
                "the idempotency key is empty or too long",
            ));
        }
        let request = self
            .http
            .post(format!("{}{path}", self.base_url))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("Idempotency-Key", idempotency_key)
            .body(form.encode());
        self.send(request).await
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        let response = request
            .timeout(STRIPE_TIMEOUT)
            .header(AUTHORIZATION, self.authorization()?)
            .header("Stripe-Version", API_VERSION)
            .send()
            .await
            .map_err(|error| http::lost_call(&error))?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = http::read_answer(response).await?;
        if !status.is_success() {
            return Err(answers::classify(&Answer {
                status: status.as_u16(),
                should_retry: text_of(&headers, "stripe-should-retry"),
                retry_after: http::retry_after(&headers),
                request_id: text_of(&headers, "request-id"),
                body: &body,
            }));
        }
        serde_json::from_slice(&body).map_err(|error| {
            let mut detail = String::from("stripe answered 200 with a body that cannot be read: ");
            // The category alone: serde's message may quote a value.
            let _ = write!(detail, "{:?}", error.classify());
            Failure::new(FailureKind::Unknown, detail)
        })
    }

    fn authorization(&self) -> Result<HeaderValue, Failure> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", self.secret_key.expose()))
            .map_err(|_| Failure::new(FailureKind::Auth, "the secret key is not a header value"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

fn escaped(id: &str) -> String {
    utf8_percent_encode(id, PATH_SEGMENT).to_string()
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::{Stripe, escaped};
    use crate::http::client;
    use crate::outcome::FailureKind;
    use crate::secret::Secret;
    use crate::stripe::objects::NewRefund;

    #[test]
    fn an_id_cannot_leave_its_place_in_the_path() {
        assert_eq!(escaped("cs_test_a1"), "cs_test_a1");
        assert_eq!(escaped("../refunds?x"), "%2E%2E%2Frefunds%3Fx");
    }

    #[test]
    fn the_key_is_not_printed() {
        let stripe = Stripe::new(
            client().unwrap(),
            "http://127.0.0.1/stripe/",
            Secret::new("sk_test_k"),
        );
        assert!(!format!("{stripe:?}").contains("sk_test_k"));
        assert_eq!(stripe.base_url, "http://127.0.0.1/stripe");
    }

    #[tokio::test]
    async fn a_call_without_a_key_never_leaves() {
        let stripe = Stripe::new(
            client().unwrap(),
            "http://127.0.0.1:9",
            Secret::new("sk_test_k"),
        );
        let failure = stripe
            .create_refund(&NewRefund::whole("pi_1"), "")
            .await
            .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused);
    }
}
