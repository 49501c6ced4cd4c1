//! A mail as we hand it in, and its form on the wire: text and HTML as alternatives, and a Message-ID that stays the same
//! over retries, so that receivers and bounces can tell a repetition from a new mail.

use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use crate::outcome::{Failure, FailureKind};

/// Headers that we write ourselves and that an extra header must not repeat.
const OWN_HEADERS: [&str; 11] = [
    "from",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

/// One mail to one person.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Mail {
    /// With or without angle brackets; the same for every attempt.
    pub message_id: String,
    /// `Name <address>` or an address alone, as in `reply_to` and `to`.
    pub from: String,
    pub reply_to: Option<String>,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Further headers, such as `List-Unsubscribe`.
    pub headers: Vec<(String, String)>,
}

/// Nothing but the identity: the rest is personal.
impl std::fmt::Debug for Mail {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Mail")
            .field("message_id", &self.message_id)
            .finish_non_exhaustive()
    }
}

pub(crate) fn compose(mail: &Mail) -> Result<Message, Failure> {
    let mut builder = Message::builder()
        .message_id(Some(bracketed(&mail.message_id)?))
        .from(mailbox(&mail.from, "sender")?)
        .to(mailbox(&mail.to, "recipient")?)
        .subject(single_line(&mail.subject, "subject")?);
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(mailbox(reply_to, "reply address")?);
    }
    for (name, value) in &mail.headers {
        builder = builder.raw_header(header(name, value)?);
    }
    builder
        .multipart(MultiPart::alternative_plain_html(
            mail.text.clone(),
            mail.html.clone(),
        ))
        .map_err(|_| refused("the mail cannot be composed"))
}

fn mailbox(text: &str, role: &str) -> Result<Mailbox, Failure> {
    text.parse()
        .map_err(|_| refused(format!("the {role} is not an address")))
}

fn bracketed(id: &str) -> Result<String, Failure> {
    let bare = id.trim_start_matches('<').trim_end_matches('>');
    if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refused("the Message-ID is not printable"));
    }
    Ok(format!("<{bare}>"))
}

fn header(name: &str, value: &str) -> Result<HeaderValue, Failure> {
    let is_own = OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str());
    let parsed = HeaderName::new_from_ascii(name.to_owned()).ok();
    match parsed.filter(|_| !is_own) {
        Some(parsed) => Ok(HeaderValue::new(parsed, single_line(value, "header")?)),
        None => Err(refused("an extra header has a name that is not allowed")),
    }
}

/// A line break would begin another header.
fn single_line(text: &str, role: &str) -> Result<String, Failure> {
    if text.chars().any(char::is_control) {
        return Err(refused(format!("the {role} holds control characters")));
    }
    Ok(text.to_owned())
}

fn refused(detail: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Refused, detail)
}

#[cfg(test)]
mod tests {
    use super::{Mail, compose};
    use crate::outcome::FailureKind;

    fn mail() -> Mail {
        Mail {
            message_id: "m1@rapport.example".into(),
            from: "Hibachi <hello@rapport.example>".into(),
            to: "Ada <ada@example.test>".into(),
            subject: "Your booking — paid".into(),
            text: "Paid.".into(),
            html: "<p>Paid.</p>".into(),
            headers: vec![("X-Rapport-Booking".into(), "b1".into())],
            ..Mail::default()
        }
    }

    #[test]
    fn the_message_id_is_kept_and_both_forms_are_there() {
        let wire = String::from_utf8(compose(&mail()).unwrap().formatted()).unwrap();
        assert!(
            wire.contains("Message-ID: <m1@rapport.example>\r\n"),
            "{wire}"
        );
        assert!(wire.contains("X-Rapport-Booking: b1\r\n"));
        assert!(wire.contains("multipart/alternative"));
        assert!(wire.contains("text/plain") && wire.contains("text/html"));
    }

    #[test]
    fn a_line_break_cannot_begin_a_header() {
        for broken in [
            Mail {
                subject: "a\r\nBcc: x@example.test".into(),
                ..mail()
            },
            Mail {
                headers: vec![("X-A".into(), "b\nc".into())],
                ..mail()
            },
            Mail {
                headers: vec![("Bcc".into(), "x@example.test".into())],
                ..mail()
            },
            Mail {
                message_id: "a b".into(),
                ..mail()
            },
        ] {
            assert_eq!(compose(&broken).unwrap_err().kind, FailureKind::Refused);
        }
    }

    #[test]
    fn a_bad_address_is_refused_without_being_named() {
        let failure = compose(&Mail {
            to: "not an address".into(),
            ..mail()
        })
        .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused);
        assert!(!failure.detail.contains("not an address@"));
        assert_eq!(failure.detail, "the recipient is not an address");
        assert!(!format!("{:?}", mail()).contains("ada"));
    }
}
