//! One webhook ready to be sent: where to, what, and the headers by which its provider makes itself known.

use crate::ringcentral::webhooks::VERIFICATION_HEADER;
use crate::sandbox::entries::{Endpoint, Event};
use crate::sandbox::providers::Provider;
use crate::standard_webhooks::{self, SVIX};
use crate::stripe;
use crate::twilio::signatures::{self as twilio, Algorithm, Content, Signed};
use crate::whatsapp::signatures as whatsapp;

const JSON: &str = "application/json; charset=utf-8";
const MAIL: &str = "message/rfc822";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

pub(super) struct Parcel {
    provider: Option<Provider>,
    id: String,
    pub url: String,
    secret: String,
    pub body: String,
}

impl Parcel {
    pub(super) fn new(endpoint: &Endpoint, event: &Event) -> Parcel {
        Parcel {
            provider: Provider::find(&endpoint.provider),
            id: event.id.clone(),
            url: event.url.clone().unwrap_or_else(|| endpoint.url.clone()),
            secret: endpoint.secret.clone(),
            body: event.body.clone(),
        }
    }

    /// The headers of a delivery at this time.
    pub(super) fn headers(&self, now_unix: i64) -> Vec<(&'static str, String)> {
        let body = self.body.as_bytes();
        let (content_type, mut headers) = match self.provider {
            Some(Provider::Stripe) => {
                let signature = stripe::signatures::sign(body, &self.secret, now_unix);
                (JSON, vec![(stripe::signatures::HEADER, signature)])
            }
            Some(Provider::Twilio) => {
                let signed = Signed {
                    url: &self.url,
                    body,
                    content: Content::Form,
                };
                let signature = twilio::sign(signed, Algorithm::Sha1, &self.secret);
                (FORM, vec![(twilio::HEADER, signature)])
            }
            Some(Provider::RingCentral) => (JSON, vec![(VERIFICATION_HEADER, self.secret.clone())]),
            Some(Provider::WhatsApp) => {
                let signature = whatsapp::sign(body, &self.secret);
                (JSON, vec![(whatsapp::HEADER, signature)])
            }
            Some(Provider::Resend) => {
                let secrets = [self.secret.as_str()];
                let signature = standard_webhooks::sign(body, &self.id, now_unix, &secrets);
                let headers = vec![
                    (SVIX.id, self.id.clone()),
                    (SVIX.timestamp, now_unix.to_string()),
                    (SVIX.signature, signature),
                ];
                (JSON, headers)
            }
            Some(Provider::Email) => {
                let authorization = format!("Bearer {}", self.secret);
                (MAIL, vec![("authorization", authorization)])
            }
            Some(Provider::OpenAi | Provider::Anthropic) | None => (JSON, Vec::new()),
        };
        headers.push(("content-type", content_type.to_owned()));
        headers
    }
}
