//! WhatsApp Business Cloud over `reqwest`. Sending knows neither a key nor a look-up, so what became of a lost call is
//! told by the status webhooks alone: they repeat what was sent along as `biz_opaque_callback_data`.
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages>

use std::time::Duration;

use reqwest::Client;
use reqwest::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::calls::{self, base, segment};
use crate::outcome::{Failure, FailureKind};
use crate::secret::Secret;
use crate::texts::{NewText, Sent};

mod answers;
pub mod signatures;
pub mod webhooks;

/// Where the Graph API lives; the sandbox lives at `http://<sandbox>/whatsapp`.
pub const BASE_URL: &str = "https://graph.facebook.com";
/// The version of the API that these wire types were written for.
pub const API_VERSION: &str = "v23.0";
/// Longest whole call.
pub const TIMEOUT: Duration = Duration::from_secs(20);
/// WhatsApp's limit on the length of a text.
pub const BODY_LIMIT_CHARS: usize = 4_096;
/// WhatsApp's limit on what is sent along.
pub const CALLBACK_DATA_LIMIT_CHARS: usize = 512;

/// One business number. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct WhatsApp {
    http: Client,
    base_url: String,
    phone_number_id: String,
    access_token: Secret,
}

/// A message that WhatsApp has approved beforehand: the only kind that may open a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    pub name: String,
    /// Such as `en_US`.
    pub language: String,
    /// What stands for `{{1}}`, `{{2}}`, … in its body.
    pub parameters: Vec<String>,
}

#[derive(Deserialize)]
struct Accepted {
    messages: Vec<AcceptedMessage>,
}

#[derive(Deserialize)]
struct AcceptedMessage {
    id: String,
}

impl WhatsApp {
    /// `base_url` is [`BASE_URL`] or the sandbox's.
    pub fn new(
        http: Client,
        base_url: impl Into<String>,
        phone_number_id: impl Into<String>,
        access_token: Secret,
    ) -> WhatsApp {
        WhatsApp {
            http,
            base_url: base(base_url),
            phone_number_id: phone_number_id.into(),
            access_token,
        }
    }

    /// A text, within 24 hours of the person's last message; later it is refused with 131047 and takes a template.
    ///
    /// # Errors
    /// As classified; after `Unknown` wait for the status webhook.
    pub async fn send_text(&self, new: &NewText) -> Result<Sent, Failure> {
        let content = json!({"type": "text", "text": {"body": new.body, "preview_url": false}});
        self.send(new, content).await
    }

    /// A template, whenever.
    ///
    /// # Errors
    /// As [`WhatsApp::send_text`].
    pub async fn send_template(&self, new: &NewText, template: &Template) -> Result<Sent, Failure> {
        let parameters: Vec<Value> = template
            .parameters
            .iter()
            .map(|text| json!({"type": "text", "text": text}))
            .collect();
        let mut body = json!({"name": template.name, "language": {"code": template.language}});
        if !parameters.is_empty() {
            body["components"] = json!([{"type": "body", "parameters": parameters}]);
        }
        self.send(new, json!({"type": "template", "template": body}))
            .await
    }

    async fn send(&self, new: &NewText, mut body: Value) -> Result<Sent, Failure> {
        let data = new.callback_data();
        if data.len() > CALLBACK_DATA_LIMIT_CHARS {
            let detail = "what is sent along is too long for WhatsApp";
            return Err(Failure::new(FailureKind::Refused, detail));
        }
        body["messaging_product"] = "whatsapp".into();
        body["recipient_type"] = "individual".into();
        body["to"] = new.to.trim_start_matches('+').into();
        body["biz_opaque_callback_data"] = data.into();
        let number = segment(&self.phone_number_id);
        let request = self
            .http
            .post(format!("{}/{API_VERSION}/{number}/messages", self.base_url))
            .header(
                AUTHORIZATION,
                calls::sensitive("Bearer", &self.access_token)?,
            )
            .json(&body);
        let answered = calls::call(request, TIMEOUT).await?;
        if !answered.is_success() {
            return Err(answers::classify(
                answered.status,
                answered.retry_after(),
                &answered.body,
            ));
        }
        let accepted: Accepted = answered.json("whatsapp")?;
        let message = accepted.messages.into_iter().next().ok_or_else(|| {
            Failure::new(
                FailureKind::Unknown,
                "whatsapp answered without a message's id",
            )
        })?;
        Ok(Sent {
            provider_message_id: message.id,
        })
    }
}
