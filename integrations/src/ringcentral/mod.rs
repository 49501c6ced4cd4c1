//! RingCentral's SMS over `reqwest`, signed in by the JWT grant. Sending knows no key, so a message whose answer was lost
//! is looked for in the message store before it is sent again. <https://developers.ringcentral.com/api-reference/SMS>

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::Mutex;

use crate::calls::{self, Answered, base, segment};
use crate::form::Form;
use crate::outcome::{Failure, FailureKind};
use crate::secret::Secret;
use crate::texts::{NewText, Sent};

mod answers;
pub mod webhooks;

/// Where RingCentral lives; the sandbox lives at `http://<sandbox>/ringcentral`.
pub const BASE_URL: &str = "https://platform.ringcentral.com";
/// Longest whole call.
pub const TIMEOUT: Duration = Duration::from_secs(20);
/// RingCentral's limit on the length of a text.
pub const BODY_LIMIT_CHARS: usize = 1_000;

/// The extension that signed in.
const EXTENSION: &str = "/restapi/v1.0/account/~/extension/~";
/// The life that is asked for a subscription of webhooks; it is renewed at half of it.
pub const SUBSCRIPTION_SECONDS: u64 = 7 * 24 * 60 * 60;
/// What a subscription listens to: texts that come in, how far sent ones have come, and calls.
const EVENT_FILTERS: [&str; 3] = [
    "/restapi/v1.0/account/~/extension/~/message-store/instant?type=SMS",
    "/restapi/v1.0/account/~/extension/~/message-store",
    "/restapi/v1.0/account/~/extension/~/telephony/sessions",
];
/// Messages in one page of a look-up, and pages that are read.
const PAGE_SIZE: usize = 100;
const PAGES_LIMIT: usize = 10;
/// Clocks of ours and of RingCentral's may differ by this much.
const CLOCK_SKEW: time::Duration = time::Duration::minutes(2);
/// A token is renewed this long before it ends.
const TOKEN_MARGIN: Duration = Duration::from_secs(60);

/// The app's credentials and the JWT of the user it acts for.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub client_id: String,
    pub client_secret: Secret,
    pub jwt: Secret,
}

/// One extension with a number. Cloning shares the connections and the token.
#[derive(Clone, Debug)]
pub struct RingCentral {
    http: Client,
    base_url: String,
    credentials: Credentials,
    /// E.164.
    from: String,
    token: Arc<Mutex<Option<Token>>>,
}

#[derive(Clone, Debug)]
struct Token {
    access_token: Secret,
    good_until: Instant,
}

/// A subscription of webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    pub id: String,
    /// RFC 3339.
    pub expiration_time: String,
    /// `Active`, `Suspended` or `Blacklisted`.
    pub status: String,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: Value,
    subject: Option<String>,
    creation_time: Option<String>,
    from: Option<Party>,
    #[serde(default)]
    to: Vec<Party>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Party {
    phone_number: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    records: Vec<Message>,
}

impl RingCentral {
    /// `base_url` is [`BASE_URL`] or the sandbox's.
    pub fn new(
        http: Client,
        base_url: impl Into<String>,
        credentials: Credentials,
        from: impl Into<String>,
    ) -> RingCentral {
        RingCentral {
            http,
            base_url: base(base_url),
            credentials,
            from: from.into(),
            token: Arc::default(),
        }
    }

    /// `POST …/sms`.
    ///
    /// # Errors
    /// As classified. After `Unknown` ask [`RingCentral::find_sent`] before sending again.
    pub async fn send_text(&self, new: &NewText) -> Result<Sent, Failure> {
        let body = json!({"from": {"phoneNumber": self.from}, "to": [{"phoneNumber": new.to}], "text": new.body});
        let request = self.http.post(format!("{}{EXTENSION}/sms", self.base_url));
        let message: Message = self.send(request.json(&body)).await?.json("ringcentral")?;
        Ok(Sent {
            provider_message_id: id_text(&message.id),
        })
    }

    /// Looks for a message with this recipient and text that was sent since `since`, and that is not one of `others`. The
    /// earliest wins.
    ///
    /// # Errors
    /// As classified; and `Unknown` when there are more messages than are looked through.
    pub async fn find_sent(
        &self,
        new: &NewText,
        since: OffsetDateTime,
        others: &[String],
    ) -> Result<Option<Sent>, Failure> {
        let since = since - CLOCK_SKEW;
        let from_date = since
            .format(&Rfc3339)
            .map_err(|_| Failure::new(FailureKind::Refused, "the time has no date"))?;
        let mut found: Option<(OffsetDateTime, String)> = None;
        for page in 1..=PAGES_LIMIT {
            let mut query = Form::default();
            query.add("messageType", "SMS");
            query.add("direction", "Outbound");
            query.add("phoneNumber", &new.to);
            query.add("dateFrom", &from_date);
            query.add("perPage", PAGE_SIZE.to_string());
            query.add("page", page.to_string());
            let url = format!(
                "{}{EXTENSION}/message-store?{}",
                self.base_url,
                query.encode()
            );
            let listed: Listed = self.send(self.http.get(url)).await?.json("ringcentral")?;
            let is_last = listed.records.len() < PAGE_SIZE;
            for message in listed.records {
                let Some(created) = self.matches(&message, new, since) else {
                    continue;
                };
                let id = id_text(&message.id);
                let is_earlier = found.as_ref().is_none_or(|(known, _)| created < *known);
                if is_earlier && !others.contains(&id) {
                    found = Some((created, id));
                }
            }
            if is_last {
                return Ok(found.map(|(_, provider_message_id)| Sent {
                    provider_message_id,
                }));
            }
        }
        Err(Failure::new(
            FailureKind::Unknown,
            "ringcentral lists more messages than are looked through",
        ))
    }

    /// Asks for webhooks at `address`; every one of them carries `verification_token`. RingCentral first asks the address
    /// whether it agrees.
    ///
    /// # Errors
    /// As classified.
    pub async fn subscribe(
        &self,
        address: &str,
        verification_token: &Secret,
    ) -> Result<Subscription, Failure> {
        let body = json!({
            "eventFilters": EVENT_FILTERS,
            "expiresIn": SUBSCRIPTION_SECONDS,
            "deliveryMode": {"transportType": "WebHook", "address": address,
                "verificationToken": verification_token.expose()},
        });
        let url = format!("{}/restapi/v1.0/subscription", self.base_url);
        self.send(self.http.post(url).json(&body))
            .await?
            .json("ringcentral")
    }

    /// Gives a subscription its whole life again.
    ///
    /// # Errors
    /// As classified; `Refused` when it is over or was blacklisted, and a new one must be made.
    pub async fn renew(&self, subscription_id: &str) -> Result<Subscription, Failure> {
        let id = segment(subscription_id);
        let url = format!("{}/restapi/v1.0/subscription/{id}/renew", self.base_url);
        self.send(self.http.post(url)).await?.json("ringcentral")
    }

    fn matches(
        &self,
        message: &Message,
        new: &NewText,
        since: OffsetDateTime,
    ) -> Option<OffsetDateTime> {
        let number = |party: &Party| party.phone_number.clone();
        let is_from_here = message.from.as_ref().and_then(number).as_ref() == Some(&self.from);
        let is_to = message
            .to
            .iter()
            .any(|to| number(to).as_ref() == Some(&new.to));
        let is_same = message.subject.as_ref() == Some(&new.body);
        let created = OffsetDateTime::parse(message.creation_time.as_deref()?, &Rfc3339).ok()?;
        (is_from_here && is_to && is_same && created >= since).then_some(created)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answered, Failure> {
        let token = self.token().await?;
        let request = request.header("authorization", calls::sensitive("Bearer", &token)?);
        let answered = calls::call(request, TIMEOUT).await?;
        if answered.is_success() {
            return Ok(answered);
        }
        if answered.status == 401 {
            // It ended early: the next attempt signs in anew.
            *self.token.lock().await = None;
        }
        Err(answers::classify(&answered))
    }

    /// One sign-in at a time: RingCentral allows five a minute.
    async fn token(&self) -> Result<Secret, Failure> {
        let mut known = self.token.lock().await;
        if let Some(token) = known
            .as_ref()
            .filter(|token| token.good_until > Instant::now())
        {
            return Ok(token.access_token.clone());
        }
        let mut form = Form::default();
        form.add("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
        form.add("assertion", self.credentials.jwt.expose());
        let request = self
            .http
            .post(format!("{}/restapi/oauth/token", self.base_url))
            .basic_auth(
                &self.credentials.client_id,
                Some(self.credentials.client_secret.expose()),
            )
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.encode());
        let answered = calls::call(request, TIMEOUT)
            .await
            .map_err(before_sending)?;
        if !answered.is_success() {
            return Err(before_sending(answers::classify_sign_in(&answered)));
        }
        let granted: Granted = answered.json("ringcentral").map_err(before_sending)?;
        let access_token = Secret::new(granted.access_token);
        let life = Duration::from_secs(granted.expires_in).saturating_sub(TOKEN_MARGIN);
        *known = Some(Token {
            access_token: access_token.clone(),
            good_until: Instant::now() + life,
        });
        Ok(access_token)
    }
}

/// Whatever goes wrong while signing in, the message has not left.
fn before_sending(failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::Unknown | FailureKind::Transient => Failure {
            kind: FailureKind::NotSent,
            ..failure
        },
        _ => failure,
    }
}

/// Ids are numbers in some answers and text in others.
fn id_text(id: &Value) -> String {
    match id {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
