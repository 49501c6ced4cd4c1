//! Which command a text, or the news of one, becomes.

use std::collections::BTreeMap;

use event_store::error::Error;
use integrations::ringcentral::webhooks::{CallOutcome, ReceivedCall};
use integrations::texts::{ReceivedText, StateOfText, TextNews, TextState};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Asked;
use crate::Result;

/// Parameters of a status callback by which a message of a conversation names itself.
pub const THREAD_PARAMETER: &str = "thread_id";
pub const MESSAGE_PARAMETER: &str = "message_id";
/// What is said of a picture whose kind the provider does not name.
const UNKNOWN_CONTENT_TYPE: &str = "application/octet-stream";
/// What stands for a text that is nothing but pictures.
const MEDIA_ONLY: &str = "";

/// A webhook of Twilio's.
pub(super) fn of_twilio(body: &[u8], query: &str) -> Result<Vec<Asked>> {
    let webhook = integrations::twilio::webhooks::parse(body, query).map_err(Error::internal)?;
    Ok(webhook
        .news
        .and_then(|news| command_of("twilio", "sms", news))
        .into_iter()
        .collect())
}

/// A webhook of RingCentral's.
pub(super) fn of_ringcentral(body: &[u8]) -> Result<Vec<Asked>> {
    let webhook = integrations::ringcentral::webhooks::parse(body).map_err(Error::internal)?;
    let text = webhook
        .news
        .and_then(|news| command_of("ringcentral", "sms", news));
    Ok(text
        .into_iter()
        .chain(webhook.call.as_ref().map(called))
        .collect())
}

/// A call is an entry of the caller's thread, once: whatever else is told of it carries the same id.
fn called(call: &ReceivedCall) -> Asked {
    let words = match call.outcome {
        CallOutcome::Answered => "Answered call",
        CallOutcome::Missed => "Missed call",
        CallOutcome::Voicemail => "Missed call, with a voice mail",
    };
    let mut body = json!({
        "channel": "phone", "from": call.from, "content": words, "call": call.outcome.as_str(),
        "provider": "ringcentral", "provider_message_id": format!("call:{}", call.session_id),
    });
    if let Some(at) = call.at.and_then(rfc3339) {
        body["at"] = at.into();
    }
    Asked::new("receive-message", body)
}

/// A batch of WhatsApp's. Its pieces have ids of their own, by which a repetition of one in another batch is known.
pub(super) fn of_whatsapp(body: &[u8]) -> Result<Vec<Asked>> {
    let news = integrations::whatsapp::webhooks::parse(body).map_err(Error::internal)?;
    let commands = news
        .into_iter()
        .filter_map(|news| command_of("whatsapp", "whatsapp", news));
    Ok(commands.collect())
}

/// The command for one piece of news; `None` where it changes nothing for us.
fn command_of(provider: &str, channel: &str, news: TextNews) -> Option<Asked> {
    match news {
        TextNews::Received(text) => Some(Asked::new(
            "receive-message",
            received(provider, channel, &text),
        )),
        TextNews::State(state) => status(provider, &state),
    }
}

fn received(provider: &str, channel: &str, text: &ReceivedText) -> Value {
    let attachments: Vec<Value> = text
        .media
        .iter()
        .filter(|url| url.starts_with("https://"))
        .map(|url| json!({ "url": url, "content_type": UNKNOWN_CONTENT_TYPE }))
        .collect();
    let content = if text.body.is_empty() {
        MEDIA_ONLY
    } else {
        &text.body
    };
    let mut body = json!({
        "channel": channel, "from": text.from, "content": content, "attachments": attachments,
        "provider": provider, "provider_message_id": text.provider_message_id,
    });
    if let Some(at) = text.sent_at.and_then(rfc3339) {
        body["at"] = at.into();
    }
    body
}

fn status(provider: &str, state: &StateOfText) -> Option<Asked> {
    let word = match state.state {
        // That it waits at the provider is what we knew when we handed it over.
        TextState::Queued => return None,
        known => known.as_str(),
    };
    let mut body = message_named(provider, &state.provider_message_id, &state.context);
    body["status"] = word.into();
    if state.state == TextState::Failed {
        body["reason"] = "undelivered".into();
        body["code"] = code(state.error_code.as_deref()).into();
    }
    Some(Asked::about_a_message("record-message-status", body))
}

/// By its own ids where the provider repeats them, for then it is known even before we have heard the provider's own.
pub(super) fn message_named(
    provider: &str,
    provider_message_id: &str,
    context: &BTreeMap<String, String>,
) -> Value {
    let mut body = json!({ "provider": provider, "provider_message_id": provider_message_id });
    if let (Some(thread_id), Some(message_id)) = (
        context.get(THREAD_PARAMETER),
        context.get(MESSAGE_PARAMETER),
    ) {
        body["thread_id"] = thread_id.as_str().into();
        body["message_id"] = message_id.as_str().into();
    }
    body
}

/// A provider's code in the form that codes have here.
pub(super) fn code(given: Option<&str>) -> String {
    const LIMIT_CHARS: usize = 64;
    let code: String = given
        .unwrap_or_default()
        .chars()
        .filter(|character| {
            character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '/' | '.')
        })
        .take(LIMIT_CHARS)
        .collect();
    if code.is_empty() {
        return "unknown".to_owned();
    }
    code
}

pub(super) fn rfc3339(unix: i64) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(unix).ok()?;
    at.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of_twilio;

    #[test]
    fn a_text_becomes_a_message_of_its_channel() {
        let body = b"MessageSid=SM1&SmsStatus=received&From=%2B15551230001&To=%2B15550000001&Body=Hi&MediaUrl0=https%3A%2F%2Fx.example%2F1";
        let asked = of_twilio(body, "").unwrap();
        assert_eq!(asked[0].name, "receive-message");
        assert_eq!(
            asked[0].body,
            json!({
                "channel": "sms", "from": "+15551230001", "content": "Hi",
                "attachments": [{ "url": "https://x.example/1", "content_type": "application/octet-stream" }],
                "provider": "twilio", "provider_message_id": "SM1",
            })
        );
    }

    #[test]
    fn a_status_names_the_message_as_well_as_it_can() {
        let body = b"MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003";
        let asked = of_twilio(body, "message=x&thread_id=t1&message_id=m1").unwrap();
        assert_eq!(
            asked[0].body,
            json!({
                "provider": "twilio", "provider_message_id": "SM1", "thread_id": "t1", "message_id": "m1",
                "status": "failed", "reason": "undelivered", "code": "30003",
            })
        );
        assert!(
            of_twilio(b"MessageSid=SM1&MessageStatus=queued", "")
                .unwrap()
                .is_empty()
        );
    }
}
