//! A message as it comes in, parsed once.

use domain::conversations::messages::CallOutcome;
use domain::customers::consents::Channel;
use domain::refusal::Problems;
use domain::sealed::Pii;
use domain::values::{EmailAddress, MAX_NAME_CHARS, PhoneNumber, bounded_text, free_text};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::addresses::Address;
use super::attachments::{self, Attachment, ReceivedFile};
use super::receiving::ReceiveMessage;
use super::sending::MAX_SUBJECT_CHARS;
use crate::Result;
use crate::customers::people::not_after_now;
use crate::work::Work;

/// The longest message that is taken in; e-mails quote one another.
pub const MAX_INCOMING_CHARS: usize = 100_000;
const MAX_PROVIDER_ID_CHARS: usize = 255;
const MAX_PROVIDER_CHARS: usize = 64;

/// A message from a customer.
pub struct Incoming {
    pub channel: Channel,
    pub address: Address,
    pub content: String,
    pub subject: Option<String>,
    pub attachments: Vec<Attachment>,
    pub files: Vec<ReceivedFile>,
    pub call: Option<CallOutcome>,
    pub name: Option<String>,
    pub contact_email: Option<EmailAddress>,
    pub contact_phone: Option<PhoneNumber>,
    /// Provider and its id of the message.
    pub provider_message: Option<(String, String)>,
    pub at: OffsetDateTime,
}

/// Reads all of it; everything wrong is told at once. What only describes (name, subject) is cut to size, for a message
/// of a customer's is not turned away over it.
pub fn parse(work: &Work, input: &ReceiveMessage) -> Result<Incoming> {
    let region = &work.tenant().settings.region;
    let mut problems = Problems::default();
    let from = input.from.expose();
    let address = problems.check("/from", Address::parse(input.channel, from, region));
    let content = content(&mut problems, input);
    attachments::check(&mut problems, &input.attachments);
    attachments::check_files(&mut problems, &input.files);
    if input.call.is_some() && input.channel != Channel::Phone {
        let message = "a call comes in on the channel phone";
        problems.add("/call", "call-invalid", message);
    }
    let email = input.email.as_ref();
    let contact_email =
        email.and_then(|email| problems.check("/email", EmailAddress::parse(email.expose())));
    let phone = input.phone.as_ref();
    let contact_phone = phone
        .and_then(|phone| problems.check("/phone", PhoneNumber::parse(phone.expose(), region)));
    let provider_message = provider_message(&mut problems, input);
    let at = at(&mut problems, input.at.as_deref(), work.ctx.now);
    problems.finish()?;
    let address = address.ok_or_else(|| {
        event_store::error::Error::internal("an address was neither read nor refused")
    })?;
    Ok(Incoming {
        channel: input.channel,
        address,
        content,
        subject: line(input.subject.as_ref(), MAX_SUBJECT_CHARS),
        attachments: input.attachments.clone(),
        files: input.files.clone(),
        call: input.call,
        name: line(input.name.as_ref(), MAX_NAME_CHARS),
        contact_email,
        contact_phone,
        provider_message,
        at,
    })
}

fn content(problems: &mut Problems, input: &ReceiveMessage) -> String {
    let content = input.content.expose();
    let has_files = !input.attachments.is_empty() || !input.files.is_empty();
    if content.trim().is_empty() && has_files {
        return String::new();
    }
    // Letters that no screen shows come with some phones and mail programs.
    let shown: String = content
        .chars()
        .filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t'))
        .collect();
    problems
        .check("/content", free_text(&shown, MAX_INCOMING_CHARS))
        .unwrap_or_default()
}

fn line(text: Option<&Pii<String>>, max_chars: usize) -> Option<String> {
    let words: Vec<&str> = text?.expose().split_whitespace().collect();
    let line: String = words
        .join(" ")
        .chars()
        .filter(|letter| !letter.is_control())
        .take(max_chars)
        .collect();
    (!line.trim().is_empty()).then(|| line.trim().to_owned())
}

fn provider_message(problems: &mut Problems, input: &ReceiveMessage) -> Option<(String, String)> {
    let id = input.provider_message_id.as_ref()?;
    let is_id = (1..=MAX_PROVIDER_ID_CHARS).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_id {
        let message = format!("1 to {MAX_PROVIDER_ID_CHARS} visible ASCII characters");
        problems.add("/provider_message_id", "provider-id-invalid", message);
    }
    let Some(provider) = &input.provider else {
        let message = "name the provider whose id it is";
        problems.add("/provider", "provider-missing", message);
        return None;
    };
    let provider = problems.check("/provider", bounded_text(provider, MAX_PROVIDER_CHARS))?;
    Some((provider, id.clone()))
}

/// A clock that runs ahead is not a reason to lose a message: it was written now, then.
fn at(problems: &mut Problems, at: Option<&str>, now: OffsetDateTime) -> OffsetDateTime {
    let Some(at) = at else { return now };
    match OffsetDateTime::parse(at, &Rfc3339) {
        Ok(at) if not_after_now(at, now) => at,
        Ok(_) => now,
        Err(_) => {
            let message = "a time is RFC 3339, such as 2026-03-14T18:00:00Z";
            problems.add("/at", "time-invalid", message);
            now
        }
    }
}
