//! What Twilio posts to us: messages from people, and how far messages of ours have come. Both are forms that name a
//! message's sid. <https://www.twilio.com/docs/messaging/guides/webhook-request>

use std::collections::BTreeMap;

use crate::form;
use crate::texts::{ReceivedText, StateOfText, TextNews, TextState};

/// Parameters of a status callback that are read.
const CONTEXT_LIMIT: usize = 10;
/// Pictures and files of one message that are read; Twilio sends ten at most.
const MEDIA_LIMIT: usize = 10;

/// A webhook, read after its signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The same for every delivery of the same news.
    pub key: String,
    /// `None` for news that changes nothing for us.
    pub news: Option<TextNews>,
}

/// Reads a webhook's form; `query` is the query of the URL it came to.
///
/// # Errors
/// When it names no message.
pub fn parse(body: &[u8], query: &str) -> Result<Webhook, &'static str> {
    let body = String::from_utf8_lossy(body);
    let mut fields: BTreeMap<String, String> = form::decode(&body).into_iter().collect();
    let sid = fields
        .remove("MessageSid")
        .or_else(|| fields.remove("SmsSid"))
        .filter(|sid| !sid.is_empty())
        .ok_or("a Twilio webhook names a MessageSid")?;
    let status = fields
        .remove("MessageStatus")
        .or_else(|| fields.remove("SmsStatus"))
        .unwrap_or_default();
    let key = format!("{sid}:{status}");
    let news = match state(&status) {
        None if matches!(status.as_str(), "received" | "receiving") => received(sid, fields),
        None => None,
        Some(state) => Some(TextNews::State(StateOfText {
            provider_message_id: sid,
            context: form::decode(query)
                .into_iter()
                .take(CONTEXT_LIMIT)
                .collect(),
            state,
            error_code: fields.remove("ErrorCode").filter(|code| !code.is_empty()),
        })),
    };
    Ok(Webhook { key, news })
}

fn received(sid: String, mut fields: BTreeMap<String, String>) -> Option<TextNews> {
    let media = (0..MEDIA_LIMIT)
        .map_while(|index| fields.remove(&format!("MediaUrl{index}")))
        .collect();
    Some(TextNews::Received(ReceivedText {
        provider_message_id: sid,
        from: fields.remove("From")?,
        to: fields.remove("To")?,
        body: fields.remove("Body").unwrap_or_default(),
        media,
        sent_at: None,
    }))
}

/// `accepted < queued < sending < sent < delivered < read`, and the final `undelivered`, `failed` and `canceled`.
fn state(status: &str) -> Option<TextState> {
    match status {
        "accepted" | "scheduled" | "queued" | "sending" => Some(TextState::Queued),
        "sent" => Some(TextState::Sent),
        "delivered" => Some(TextState::Delivered),
        "read" => Some(TextState::Read),
        "undelivered" | "failed" | "canceled" => Some(TextState::Failed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::texts::{TextNews, TextState};

    #[test]
    fn a_message_from_a_person_is_read() {
        let body = b"MessageSid=SM1&SmsStatus=received&From=%2B15551230001&To=%2B15550000001&Body=Hi%20%F0%9F%94%A5\
            &NumMedia=1&MediaUrl0=https%3A%2F%2Fapi.twilio.com%2Fm1";
        let webhook = parse(body, "").unwrap();
        assert_eq!(webhook.key, "SM1:received");
        let Some(TextNews::Received(text)) = webhook.news else {
            panic!("{webhook:?}");
        };
        assert_eq!(
            (text.from.as_str(), text.body.as_str()),
            ("+15551230001", "Hi 🔥")
        );
        assert_eq!(text.media, ["https://api.twilio.com/m1"]);
    }

    #[test]
    fn a_status_names_the_message_twice() {
        let body = b"MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003";
        let webhook = parse(body, "message=m1").unwrap();
        let Some(TextNews::State(state)) = webhook.news else {
            panic!("{webhook:?}");
        };
        assert_eq!(state.state, TextState::Failed);
        assert_eq!(state.context["message"], "m1");
        assert_eq!(state.error_code.as_deref(), Some("30003"));
    }

    #[test]
    fn an_unknown_status_is_kept_without_news() {
        let webhook = parse(b"MessageSid=SM1&MessageStatus=partially_delivered", "").unwrap();
        assert_eq!(
            (webhook.key.as_str(), webhook.news),
            ("SM1:partially_delivered", None)
        );
        assert!(parse(b"From=x", "").is_err());
    }
}
