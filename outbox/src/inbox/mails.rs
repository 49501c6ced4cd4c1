//! Which command a mail from a person, or the news of a mail of ours, becomes.

use std::collections::BTreeMap;

use deadpool_postgres::Pool;
use domain::effects::Call;
use domain::ids::TenantId;
use event_store::error::Error;
use event_store::recorded::Payload;
use integrations::mail_news::{MailNews, MailStanding, ReceivedMail, StateOfMail};
use integrations::texts::TextState;
use serde_json::json;

use super::texts::{code, message_named, rfc3339};
use super::{Asked, File};
use crate::Result;

/// What ends the Message-ID of every mail of ours; what stands before it is the id of the outbox's message.
const OUR_DOMAIN: &str = "@rapport";

const FIND_MAIL: &str = "select call from outbox_messages where tenant_id = $1 and message_id = $2";

/// What Resend tells.
#[derive(Debug)]
pub(super) enum Told {
    News(Vec<Asked>),
    /// A mail lies there under this id; it becomes what `read` makes of it.
    Arrival(String),
}

/// A webhook of Resend's.
pub(super) fn of_resend(body: &[u8]) -> Result<Told> {
    let told = integrations::resend::webhooks::parse(body).map_err(Error::from)?;
    Ok(match told {
        Some(MailNews::State(state)) => Told::News(news("resend", &state)),
        Some(MailNews::Arrived(id)) => Told::Arrival(id),
        None => Told::News(Vec::new()),
    })
}

/// A mail as it came over the wire.
pub(super) enum Read {
    /// It reports of a mail of ours, which went out by SMTP under its Message-ID.
    Report(Vec<Asked>),
    Letter(Box<ReceivedMail>),
}

pub(super) fn read(body: &[u8]) -> Result<Read> {
    if let Some(state) = integrations::bounces::parse(body) {
        return Ok(Read::Report(news("smtp", &state)));
    }
    let mail = integrations::inbound_mail::parse(body).map_err(Error::internal)?;
    Ok(Read::Letter(Box::new(mail)))
}

/// What a machine wrote (an absence note, a bounce, a list) is no message of the customer's.
pub(super) fn received(provider: &str, mail: ReceivedMail, webhook_id: &str) -> Option<Asked> {
    if mail.is_automatic {
        return None;
    }
    let mut body = json!({
        "channel": "email", "from": mail.from, "content": mail.text, "subject": mail.subject, "provider": provider,
    });
    if !mail.message_id.is_empty() {
        body["provider_message_id"] = provider_id(&mail.message_id).into();
    }
    if let Some(name) = &mail.from_name {
        body["name"] = name.as_str().into();
    }
    if let Some(at) = mail.sent_at.and_then(rfc3339) {
        body["at"] = at.into();
    }
    let files: Vec<(Option<String>, File)> = mail
        .files
        .into_iter()
        .enumerate()
        .map(|(number, file)| {
            let kept = File {
                file_id: format!("{webhook_id}-{number}"),
                content_type: file.content_type,
                content: file.content,
            };
            (file.name, kept)
        })
        .collect();
    if !files.is_empty() {
        let told = files.iter().map(|(name, file)| {
            json!({ "file_id": file.file_id, "content_type": file.content_type, "name": name,
                "size_bytes": file.content.len() })
        });
        body["files"] = told.collect();
    }
    Some(Asked {
        files: files.into_iter().map(|(_, file)| file).collect(),
        ..Asked::new("receive-message", body)
    })
}

/// What the news of a mail of ours means for it, and for whoever it went to.
fn news(provider: &str, state: &StateOfMail) -> Vec<Asked> {
    let report = match state.standing {
        MailStanding::Bounced => Some("bounced"),
        MailStanding::Complained => Some("complained"),
        _ => None,
    };
    let report = report.map(|report| {
        let mut body = message_named(provider, &state.provider_message_id, &BTreeMap::new());
        body["report"] = report.into();
        body["code"] = code(state.reason.as_deref()).into();
        let ours = state.message_id.as_deref();
        Asked {
            about_mail: ours
                .and_then(|id| id.strip_suffix(OUR_DOMAIN))
                .map(str::to_owned),
            ..Asked::about_a_message("record-mail-report", body)
        }
    });
    status(provider, state).into_iter().chain(report).collect()
}

/// Names what a mail of ours was, by the message of the outbox that sent it: a letter to a customer, or a message of a
/// thread. One that is remembered no more keeps the provider's id.
pub(super) async fn name(pool: &Pool, tenant_id: &TenantId, asked: &mut Asked) -> Result<()> {
    let Some(message_id) = &asked.about_mail else {
        return Ok(());
    };
    let client = pool.get().await?;
    let statement = client.prepare_cached(FIND_MAIL).await?;
    let row = client
        .query_opt(&statement, &[&tenant_id.as_str(), message_id])
        .await?;
    let Some(row) = row else { return Ok(()) };
    match serde_json::from_str(&row.try_get::<_, Payload>("call")?.0)? {
        Call::SendEmail { customer_id, .. } => {
            asked.body["customer_id"] = customer_id.as_str().into();
        }
        Call::SendMessage {
            conversation_id,
            message_id,
            ..
        } => {
            asked.body["thread_id"] = conversation_id.as_str().into();
            asked.body["message_id"] = message_id.as_str().into();
        }
        _ => {}
    }
    Ok(())
}

fn status(provider: &str, state: &StateOfMail) -> Option<Asked> {
    let known = state.standing.text_state()?;
    let mut body = message_named(provider, &state.provider_message_id, &BTreeMap::new());
    body["status"] = known.as_str().into();
    if known == TextState::Failed {
        body["reason"] = "undelivered".into();
        body["code"] = code(state.reason.as_deref()).into();
    }
    Some(Asked::about_a_message("record-message-status", body))
}

/// A Message-ID may be longer than an id of a provider's may be here; its end, with the host, is the least telling part.
fn provider_id(message_id: &str) -> String {
    const LIMIT_CHARS: usize = 255;
    message_id.chars().take(LIMIT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Read, Told, read, received};
    use crate::inbox::Asked;

    fn of_mime(body: &[u8], webhook_id: &str) -> Vec<Asked> {
        match read(body).unwrap() {
            Read::Report(asked) => asked,
            Read::Letter(mail) => received("email", *mail, webhook_id).into_iter().collect(),
        }
    }

    fn of_resend(body: &[u8]) -> Vec<Asked> {
        match super::of_resend(body).unwrap() {
            Told::News(asked) => asked,
            Told::Arrival(id) => panic!("{id} has come in"),
        }
    }

    #[test]
    fn a_mail_from_a_person_becomes_a_message() {
        let raw = b"From: Ada <ada@example.test>\r\nMessage-ID: <a1@example.test>\r\nSubject: Friday\r\n\
            Date: Sat, 14 Mar 2026 18:00:00 +0000\r\n\r\nIs it free?\r\n\r\nOn Monday you wrote:\r\n> Yes\r\n";
        let asked = of_mime(raw, "w1");
        assert_eq!(
            asked[0].body,
            json!({
                "channel": "email", "from": "ada@example.test", "content": "Is it free?", "subject": "Friday",
                "provider": "email", "provider_message_id": "a1@example.test", "name": "Ada",
                "at": "2026-03-14T18:00:00Z",
            })
        );
        let bounce = b"From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; \
            report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
            Reporting-MTA: dns; mx\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\n\
            Content-Type: message/rfc822\r\n\r\nMessage-ID: <m1@rapport>\r\n\r\nHi\r\n--b--\r\n";
        assert_eq!(
            of_mime(bounce, "w1")[0].body,
            json!({ "provider": "smtp", "provider_message_id": "m1@rapport", "status": "failed",
                "reason": "undelivered", "code": "5.1.1" })
        );
        let note = b"From: ada@example.test\r\nAuto-Submitted: auto-replied\r\n\r\nAway";
        assert!(of_mime(note, "w1").is_empty());
    }

    #[test]
    fn a_bounce_is_a_failure_and_a_delay_is_no_news() {
        let event = |kind: &str| {
            json!({ "type": kind, "data": { "email_id": "e1",
                "bounce": { "type": "Permanent", "subType": "General", "message": "ada@example.test" } } })
            .to_string()
        };
        let bounced = of_resend(event("email.bounced").as_bytes());
        assert_eq!(
            bounced[0].body,
            json!({ "provider": "resend", "provider_message_id": "e1", "status": "failed", "reason": "undelivered",
                "code": "Permanent/General" })
        );
        assert_eq!(
            bounced[1].body,
            json!({ "provider": "resend", "provider_message_id": "e1", "report": "bounced", "code": "Permanent/General" })
        );
        let complained = of_resend(event("email.complained").as_bytes());
        let names: Vec<&str> = complained.iter().map(|asked| asked.name).collect();
        assert_eq!(names, ["record-mail-report"]);
        assert!(of_resend(event("email.delivery_delayed").as_bytes()).is_empty());
    }
}
