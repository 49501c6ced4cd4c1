//! Resend's e-mail API over `reqwest`. Every call carries an idempotency key, so a call whose answer was lost may be sent
//! again with the same key for 24 hours. <https://resend.com/docs/api-reference/emails/send-email>

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};

use crate::calls::{self, base};
use crate::outcome::{Failure, FailureKind};
use crate::secret::Secret;
use crate::smtp::mails::Mail;
use crate::texts::Sent;

mod answers;
mod received;
pub mod webhooks;

/// Where Resend lives; the sandbox lives at `http://<sandbox>/resend`.
pub const BASE_URL: &str = "https://api.resend.com";
/// Longest whole call.
pub const TIMEOUT: Duration = Duration::from_secs(20);
/// Resend's limit on the length of an idempotency key.
pub const IDEMPOTENCY_KEY_LIMIT_CHARS: usize = 256;
/// How long Resend remembers a key.
pub const KEY_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// One Resend team. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct Resend {
    http: Client,
    base_url: String,
    api_key: Secret,
}

#[derive(Serialize)]
struct NewEmail<'a> {
    from: &'a str,
    to: [&'a str; 1],
    subject: &'a str,
    text: &'a str,
    html: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a str>,
    headers: BTreeMap<&'a str, &'a str>,
}

#[derive(Deserialize)]
struct Created {
    id: String,
}

impl Resend {
    /// `base_url` is [`BASE_URL`] or the sandbox's.
    pub fn new(http: Client, base_url: impl Into<String>, api_key: Secret) -> Resend {
        Resend {
            http,
            base_url: base(base_url),
            api_key,
        }
    }

    /// `POST /emails`. The mail's Message-ID goes along as a header, so that answers and bounces can be told by it.
    ///
    /// # Errors
    /// As classified; `Unknown` and `Transient` may be sent again with the same key.
    pub async fn send_email(&self, mail: &Mail, idempotency_key: &str) -> Result<Sent, Failure> {
        if idempotency_key.is_empty() || idempotency_key.len() > IDEMPOTENCY_KEY_LIMIT_CHARS {
            return Err(Failure::new(
                FailureKind::Refused,
                "the idempotency key is empty or too long",
            ));
        }
        let message_id = format!(
            "<{}>",
            mail.message_id
                .trim_start_matches('<')
                .trim_end_matches('>')
        );
        let mut headers: BTreeMap<&str, &str> = mail
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        headers.insert("Message-ID", &message_id);
        let body = NewEmail {
            from: &mail.from,
            to: [&mail.to],
            subject: &mail.subject,
            text: &mail.text,
            html: &mail.html,
            reply_to: mail.reply_to.as_deref(),
            headers,
        };
        let request = self
            .http
            .post(format!("{}/emails", self.base_url))
            .header(AUTHORIZATION, calls::sensitive("Bearer", &self.api_key)?)
            .header("Idempotency-Key", idempotency_key)
            .json(&body);
        let answered = calls::call(request, TIMEOUT).await?;
        if !answered.is_success() {
            return Err(answers::classify(
                answered.status,
                answered.retry_after(),
                &answered.body,
            ));
        }
        let created: Created = answered.json("resend")?;
        Ok(Sent {
            provider_message_id: created.id,
        })
    }
}
