//! What RingCentral posts to us: texts that come in, and calls once they have ended. It signs nothing; a header carries the token that the subscription
//! was made with. <https://developers.ringcentral.com/guide/notifications/webhooks/receiving>

use std::fmt;

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
    /// A call that came in and is over, or has gone to the voice mail.
    pub call: Option<ReceivedCall>,
}

/// A call that came in.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceivedCall {
    /// The same for all news of one call.
    pub session_id: String,
    /// The caller's number, E.164.
    pub from: String,
    pub outcome: CallOutcome,
    /// Unix seconds.
    pub at: Option<i64>,
}

/// The number is personal.
impl fmt::Debug for ReceivedCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ReceivedCall")
            .field("session_id", &self.session_id)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    Answered,
    Missed,
    Voicemail,
}

impl CallOutcome {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            CallOutcome::Answered => "answered",
            CallOutcome::Missed => "missed",
            CallOutcome::Voicemail => "voicemail",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    telephony_session_id: String,
    event_time: Option<String>,
    parties: Vec<CallParty>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallParty {
    direction: String,
    from: Caller,
    status: CallStatus,
    #[serde(default)]
    missed_call: bool,
}

/// Callers may keep their number to themselves.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Caller {
    phone_number: Option<String>,
}

#[derive(Deserialize)]
struct CallStatus {
    code: String,
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
    let is_call = envelope.event.contains("/telephony/sessions");
    let call = is_call.then(|| ended(&envelope.body)).flatten();
    let news = if envelope.event.contains("/message-store/instant") {
        received(envelope.body)
    } else {
        None
    };
    Ok(Webhook {
        key: envelope.uuid,
        news,
        call,
    })
}

/// A call while it rings or is spoken is no news yet. One that is forwarded to the voice mail says so before it ends.
/// <https://developers.ringcentral.com/guide/voice/call-log/telephony-sessions>
fn ended(body: &Value) -> Option<ReceivedCall> {
    let session = Session::deserialize(body).ok()?;
    let mut parties = session.parties.into_iter();
    let party = parties.find(|party| party.direction == "Inbound")?;
    let outcome = match party.status.code.as_str() {
        "VoiceMail" => CallOutcome::Voicemail,
        "Disconnected" if party.missed_call => CallOutcome::Missed,
        "Disconnected" => CallOutcome::Answered,
        _ => return None,
    };
    let at = session
        .event_time
        .and_then(|at| OffsetDateTime::parse(&at, &Rfc3339).ok());
    Some(ReceivedCall {
        session_id: session.telephony_session_id,
        from: party.from.phone_number?,
        outcome,
        at: at.map(OffsetDateTime::unix_timestamp),
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

    use super::{CallOutcome, parse};
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
    fn a_call_is_news_once_it_is_over_or_goes_to_the_voice_mail() {
        let call = |code: &str, missed: bool, direction: &str| {
            let party = json!({"id": "p1", "direction": direction, "from": {"phoneNumber": "+15551230001"},
                "to": {"phoneNumber": "+15550000003"}, "status": {"code": code, "rcc": false}, "missedCall": missed});
            let body = json!({"uuid": "u1", "event": "/restapi/v1.0/account/1/extension/2/telephony/sessions",
                "body": {"sequence": 3, "sessionId": "1", "telephonySessionId": "s-1", "eventTime": "2026-03-14T18:00:00.123Z",
                    "parties": [party]}});
            parse(body.to_string().as_bytes()).unwrap().call
        };
        for (code, missed, outcome) in [
            ("Disconnected", true, CallOutcome::Missed),
            ("Disconnected", false, CallOutcome::Answered),
            ("VoiceMail", false, CallOutcome::Voicemail),
        ] {
            let found = call(code, missed, "Inbound").unwrap();
            assert_eq!((found.outcome, found.session_id.as_str()), (outcome, "s-1"));
            assert_eq!(found.at, Some(1_773_511_200));
        }
        assert_eq!(call("Proceeding", false, "Inbound"), None);
        assert_eq!(call("Disconnected", true, "Outbound"), None);
    }

    #[test]
    fn other_news_is_kept_without_meaning() {
        let body = json!({"uuid": "u1", "event": "/restapi/v1.0/account/1/presence", "body": {}});
        assert_eq!(parse(body.to_string().as_bytes()).unwrap().news, None);
        assert!(parse(b"{}").is_err());
    }
}
