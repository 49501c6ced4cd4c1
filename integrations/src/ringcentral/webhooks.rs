//! What RingCentral posts to us: texts that come in. It signs nothing; a header carries the token that the subscription
//! was made with. <https://developers.ringcentral.com/guide/notifications/webhooks/receiving>

use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::texts::{ReceivedText, TextNews};

/// Asks whether the address agrees; to be sent back as it came.
pub const VALIDATION_HEADER: &str = "Validation-Token";
/// Carries the subscription's token.
pub const VERIFICATION_HEADER: &str = "Verification-Token";
/// Longest token that is sent back: the whole answer has at most 1,024 bytes.
pub const VALIDATION_LIMIT_CHARS: usize = 256;

/// A webhook, read after its token was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The same for every delivery of the same news.
    pub key: String,
    /// `None` for news that changes nothing for us.
    pub news: Option<TextNews>,
}

#[derive(Deserialize)]
struct Envelope {
    uuid: String,
    #[serde(default)]
    event: String,
    #[serde(default)]
    body: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: Value,
    #[serde(rename = "type")]
    kind: String,
    direction: String,
    #[serde(default)]
    subject: String,
    creation_time: Option<String>,
    from: Party,
    to: Vec<Party>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Party {
    phone_number: String,
}

/// Reads a webhook's body.
///
/// # Errors
/// When it is no webhook of RingCentral's.
pub fn parse(body: &[u8]) -> Result<Webhook, &'static str> {
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|_| "not a webhook of RingCentral's")?;
    let news = if envelope.event.contains("/message-store/instant") {
        received(envelope.body)
    } else {
        None
    };
    Ok(Webhook {
        key: envelope.uuid,
        news,
    })
}

fn received(body: Value) -> Option<TextNews> {
    let message: Message = serde_json::from_value(body).ok()?;
    if message.kind != "SMS" || message.direction != "Inbound" {
        return None;
    }
    let sent_at = message
        .creation_time
        .and_then(|at| OffsetDateTime::parse(&at, &Rfc3339).ok());
    Some(TextNews::Received(ReceivedText {
        provider_message_id: super::id_text(&message.id),
        from: message.from.phone_number,
        to: message.to.into_iter().next()?.phone_number,
        body: message.subject,
        media: Vec::new(),
        sent_at: sent_at.map(OffsetDateTime::unix_timestamp),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;
    use crate::texts::TextNews;

    #[test]
    fn an_instant_message_is_read() {
        let body = json!({"uuid": "u1", "event": "/restapi/v1.0/account/1/extension/2/message-store/instant?type=SMS",
            "timestamp": "2026-03-14T18:00:01Z", "subscriptionId": "s1",
            "body": {"id": "100", "to": [{"phoneNumber": "+15550000003"}], "from": {"phoneNumber": "+15551230001"},
                "type": "SMS", "creationTime": "2026-03-14T18:00:00.000Z", "direction": "Inbound", "subject": "Hi"}});
        let webhook = parse(body.to_string().as_bytes()).unwrap();
        let Some(TextNews::Received(text)) = webhook.news else {
            panic!("{webhook:?}");
        };
        assert_eq!(
            (text.from.as_str(), text.body.as_str()),
            ("+15551230001", "Hi")
        );
        assert_eq!(text.sent_at, Some(1_773_511_200));
    }

    #[test]
    fn other_news_is_kept_without_meaning() {
        let body = json!({"uuid": "u1", "event": "/restapi/v1.0/account/1/presence", "body": {}});
        assert_eq!(parse(body.to_string().as_bytes()).unwrap().news, None);
        assert!(parse(b"{}").is_err());
    }
}
