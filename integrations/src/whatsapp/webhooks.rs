//! What WhatsApp posts to us: a batch of messages from people and of news of messages of ours.
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples>

use serde::Deserialize;
use serde_json::Value;

use crate::form;
use crate::texts::{ReceivedText, StateOfText, TextNews, TextState};

/// Pieces of news in one batch that are read; the body's size bounds them in any case.
const NEWS_LIMIT: usize = 10_000;
/// Parameters of what was sent along that are read.
const CONTEXT_LIMIT: usize = 10;

#[derive(Deserialize)]
struct Batch {
    object: String,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    value: Changed,
}

#[derive(Default, Deserialize)]
struct Changed {
    metadata: Option<Metadata>,
    #[serde(default)]
    messages: Vec<Message>,
    #[serde(default)]
    statuses: Vec<Status>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    display_phone_number: String,
}

#[derive(Deserialize)]
struct Message {
    id: String,
    from: String,
    timestamp: Option<String>,
    #[serde(rename = "type", default)]
    kind: String,
    text: Option<Text>,
    button: Option<Text>,
    interactive: Option<Value>,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
struct Text {
    #[serde(alias = "text")]
    body: String,
}

#[derive(Deserialize)]
struct Status {
    id: String,
    status: String,
    biz_opaque_callback_data: Option<String>,
    #[serde(default)]
    errors: Vec<StatusError>,
}

#[derive(Deserialize)]
struct StatusError {
    code: Option<i64>,
}

/// Reads a batch.
///
/// # Errors
/// When it is no webhook of WhatsApp's.
pub fn parse(body: &[u8]) -> Result<Vec<TextNews>, &'static str> {
    let batch: Batch = serde_json::from_slice(body).map_err(|_| "not a webhook of WhatsApp's")?;
    if batch.object != "whatsapp_business_account" {
        return Err("not a webhook of WhatsApp's");
    }
    let changes = batch.entry.into_iter().flat_map(|entry| entry.changes);
    Ok(changes
        .flat_map(|change| news_of(change.value))
        .take(NEWS_LIMIT)
        .collect())
}

fn news_of(changed: Changed) -> Vec<TextNews> {
    let to = changed
        .metadata
        .map(|metadata| e164(&metadata.display_phone_number))
        .unwrap_or_default();
    let received = changed
        .messages
        .into_iter()
        .filter_map(|message| received(message, &to));
    let states = changed.statuses.into_iter().filter_map(state);
    received.chain(states).collect()
}

fn received(message: Message, to: &str) -> Option<TextNews> {
    let said = message
        .text
        .or(message.button)
        .map(|text| text.body)
        .or_else(|| {
            let interactive = message.interactive.as_ref()?;
            let reply = interactive
                .get("button_reply")
                .or_else(|| interactive.get("list_reply"))?;
            reply.get("title")?.as_str().map(str::to_owned)
        });
    // Of pictures, voices and places only the caption can be said here; a reaction or a system note says nothing.
    let caption = || {
        let caption = message.rest.get(&message.kind)?.get("caption")?;
        caption.as_str().map(str::to_owned)
    };
    let placeholder = || match message.kind.as_str() {
        kind @ ("image" | "video" | "audio" | "document" | "sticker" | "location" | "contacts") => {
            Some(format!("[{kind}]"))
        }
        _ => None,
    };
    Some(TextNews::Received(ReceivedText {
        body: said.or_else(caption).or_else(placeholder)?,
        provider_message_id: message.id,
        from: e164(&message.from),
        to: to.to_owned(),
        media: Vec::new(),
        sent_at: message.timestamp.and_then(|at| at.parse().ok()),
    }))
}

fn state(status: Status) -> Option<TextNews> {
    let state = match status.status.as_str() {
        "sent" => TextState::Sent,
        "delivered" => TextState::Delivered,
        "read" | "played" => TextState::Read,
        "failed" => TextState::Failed,
        _ => return None,
    };
    let data = status.biz_opaque_callback_data.unwrap_or_default();
    let code = status.errors.first().and_then(|error| error.code);
    Some(TextNews::State(StateOfText {
        provider_message_id: status.id,
        context: form::decode(&data)
            .into_iter()
            .take(CONTEXT_LIMIT)
            .collect(),
        state,
        error_code: code.map(|code| code.to_string()),
    }))
}

/// WhatsApp writes numbers without their plus, and shows them with spaces and dashes.
fn e164(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    format!("+{digits}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;
    use crate::texts::{TextNews, TextState};

    #[test]
    fn a_batch_holds_messages_and_news() {
        let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages",
            "value": {"messaging_product": "whatsapp",
                "metadata": {"display_phone_number": "1 555-000-0001", "phone_number_id": "p1"},
                "contacts": [{"profile": {"name": "Ada"}, "wa_id": "15551230001"}],
                "messages": [
                    {"id": "wamid.1", "from": "15551230001", "timestamp": "1773511200", "type": "text", "text": {"body": "Hi"}},
                    {"id": "wamid.2", "from": "15551230001", "type": "image", "image": {"id": "i", "caption": "Here"}},
                    {"id": "wamid.3", "from": "15551230001", "type": "reaction", "reaction": {"emoji": "x"}},
                    {"id": "wamid.4", "from": "15551230001", "type": "audio", "audio": {"id": "a"}},
                    {"id": "wamid.5", "from": "15551230001", "type": "interactive",
                        "interactive": {"type": "button_reply", "button_reply": {"id": "y", "title": "Yes"}}}],
                "statuses": [{"id": "wamid.9", "status": "failed", "biz_opaque_callback_data": "message=m1",
                    "errors": [{"code": 131047, "title": "Re-engagement message"}]}]}}]}]});
        let news = parse(body.to_string().as_bytes()).unwrap();
        let said: Vec<&str> = news
            .iter()
            .filter_map(|news| match news {
                TextNews::Received(text) => {
                    assert_eq!(
                        (text.from.as_str(), text.to.as_str()),
                        ("+15551230001", "+15550000001")
                    );
                    Some(text.body.as_str())
                }
                TextNews::State(_) => None,
            })
            .collect();
        assert_eq!(said, ["Hi", "Here", "[audio]", "Yes"]);
        let Some(TextNews::State(state)) = news.last() else {
            panic!("{news:?}");
        };
        assert_eq!(
            (state.state, state.context["message"].as_str()),
            (TextState::Failed, "m1")
        );
        assert_eq!(state.error_code.as_deref(), Some("131047"));
    }

    #[test]
    fn other_objects_are_refused() {
        assert!(parse(br#"{"object":"page","entry":[]}"#).is_err());
        assert!(parse(b"{").is_err());
    }
}
