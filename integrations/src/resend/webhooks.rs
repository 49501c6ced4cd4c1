//! What Resend posts to us, signed by Svix: how far a mail has come, and that one has come in.
//! <https://resend.com/docs/dashboard/webhooks/event-types>

use serde::Deserialize;

use crate::mail_news::{MailNews, MailStanding, StateOfMail};

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    email_id: String,
    message_id: Option<String>,
    bounce: Option<Reason>,
    failed: Option<Failed>,
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "subType")]
    sub_kind: Option<String>,
}

#[derive(Deserialize)]
struct Failed {
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

/// Reads a webhook's body; `None` for a type that changes nothing for us.
///
/// # Errors
/// When it is no event of Resend's.
pub fn parse(body: &[u8]) -> Result<Option<MailNews>, serde_json::Error> {
    let envelope: Envelope = serde_json::from_slice(body)?;
    let data = envelope.data;
    if envelope.kind == "email.received" {
        // Its text does not come with the news of it.
        return Ok((!data.email_id.is_empty()).then_some(MailNews::Arrived(data.email_id)));
    }
    let standing = match envelope.kind.as_str() {
        "email.sent" => MailStanding::Sent,
        "email.delivered" => MailStanding::Delivered,
        "email.delivery_delayed" => MailStanding::Delayed,
        "email.opened" | "email.clicked" => MailStanding::Opened,
        "email.bounced" => match data
            .bounce
            .as_ref()
            .and_then(|bounce| bounce.kind.as_deref())
        {
            // The mailbox is full or away: Resend goes on trying.
            Some("Transient") => MailStanding::Delayed,
            _ => MailStanding::Bounced,
        },
        "email.complained" => MailStanding::Complained,
        "email.failed" | "email.suppressed" => MailStanding::Failed,
        _ => return Ok(None),
    };
    let reason = match (data.bounce, data.failed) {
        (Some(bounce), _) => [bounce.kind, bounce.sub_kind]
            .into_iter()
            .flatten()
            .reduce(|kind, sub_kind| format!("{kind}/{sub_kind}")),
        (None, Some(failed)) => failed.reason,
        (None, None) => None,
    };
    let from_headers = data
        .headers
        .into_iter()
        .find(|header| header.name.eq_ignore_ascii_case("message-id"))
        .map(|header| header.value);
    Ok(Some(MailNews::State(StateOfMail {
        provider_message_id: data.email_id,
        message_id: data
            .message_id
            .or(from_headers)
            .map(|id| id.trim_matches(['<', '>']).to_owned()),
        standing,
        reason,
    })))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::parse;
    use crate::mail_news::{MailNews, MailStanding};

    fn standing(kind: &str, more: &Value) -> Option<MailStanding> {
        let mut data = json!({"email_id": "e1", "from": "a@b.example", "to": ["c@d.example"], "subject": "x",
            "headers": [{"name": "Message-ID", "value": "<m1@rapport>"}]});
        for (name, value) in more.as_object().unwrap() {
            data[name] = value.clone();
        }
        let body = json!({"type": kind, "created_at": "2026-03-14T18:00:00Z", "data": data});
        match parse(body.to_string().as_bytes()).unwrap()? {
            MailNews::State(state) => {
                assert_eq!(state.provider_message_id, "e1");
                assert_eq!(state.message_id.as_deref(), Some("m1@rapport"));
                Some(state.standing)
            }
            MailNews::Arrived(id) => panic!("{id} has come in"),
        }
    }

    #[test]
    fn every_type_means_one_standing() {
        let nothing = json!({});
        for (kind, expected) in [
            ("email.sent", Some(MailStanding::Sent)),
            ("email.delivered", Some(MailStanding::Delivered)),
            ("email.delivery_delayed", Some(MailStanding::Delayed)),
            ("email.opened", Some(MailStanding::Opened)),
            ("email.complained", Some(MailStanding::Complained)),
            ("email.bounced", Some(MailStanding::Bounced)),
            ("email.failed", Some(MailStanding::Failed)),
            ("email.scheduled", None),
            ("contact.created", None),
        ] {
            assert_eq!(standing(kind, &nothing), expected, "{kind}");
        }
        let soft = json!({"bounce": {"type": "Transient", "subType": "MailboxFull", "message": "c@d.example"}});
        assert_eq!(
            standing("email.bounced", &soft),
            Some(MailStanding::Delayed)
        );
    }

    #[test]
    fn a_mail_that_came_in_is_named() {
        let body = json!({"type": "email.received", "data": {"email_id": "e7", "from": "a@b.example", "to": ["c@d.example"]}});
        let news = parse(body.to_string().as_bytes()).unwrap();
        assert_eq!(news, Some(MailNews::Arrived("e7".to_owned())));
        let unnamed = json!({"type": "email.received", "data": {}});
        assert_eq!(parse(unnamed.to_string().as_bytes()).unwrap(), None);
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        assert!(parse(b"[]").is_err());
    }
}
