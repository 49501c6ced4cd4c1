//! The classifier of SMTP replies. Whether a lost connection is harmless depends on the stage: until the final dot the
//! server has promised nothing and will drop what it has (RFC 5321, 4.2.5 and 6.1).

use std::error::Error as _;

use lettre::transport::smtp::Error;

use crate::outcome::{Failure, FailureKind};

/// How far the dialogue had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Connect,
    Login,
    Envelope,
    /// From the first byte of the message on: the final dot may have gone out.
    Content,
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Stage::Connect => "connecting",
            Stage::Login => "login",
            Stage::Envelope => "envelope",
            Stage::Content => "content",
        }
    }
}

/// Classifies lettre's error; the server's text stays out, for it repeats addresses.
pub(super) fn classify(stage: Stage, error: &Error) -> Failure {
    if let Some(code) = error.status() {
        let text = error.source().map(ToString::to_string).unwrap_or_default();
        return reply(stage, u16::from(code), &text);
    }
    if error.is_client() {
        return Failure::new(
            FailureKind::Refused,
            format!("{}: the mail server lacks an extension", stage.as_str()),
        );
    }
    if is_untrusted(error) {
        let detail = "no TLS could be agreed on; see host, tls and ca_certificate";
        return lost(stage, detail);
    }
    lost(stage, "the connection broke")
}

/// Whether the bytes that came were no TLS, or its certificate is not trusted for this name.
fn is_untrusted(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(one) = cause {
        let io = one.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::InvalidData) {
            return true;
        }
        cause = one.source();
    }
    false
}

/// A connection that went away, or an answer that never came.
pub(super) fn lost(stage: Stage, what: &str) -> Failure {
    let kind = match stage {
        Stage::Connect | Stage::Login | Stage::Envelope => FailureKind::NotSent,
        Stage::Content => FailureKind::Unknown,
    };
    Failure::new(kind, format!("{}: {what}", stage.as_str()))
}

fn reply(stage: Stage, code: u16, text: &str) -> Failure {
    let kind = match (stage, code) {
        (_, 400..=499) => FailureKind::Transient,
        (Stage::Login, _) | (_, 530 | 534 | 535 | 538) => FailureKind::Auth,
        _ => FailureKind::Refused,
    };
    let mut detail = format!("{}: the mail server answered {code}", stage.as_str());
    if let Some(enhanced) = enhanced_code(text) {
        detail.push(' ');
        detail.push_str(enhanced);
    }
    Failure::new(kind, detail)
}

/// The enhanced status code (RFC 3463) at the start of a reply's text, such as `5.1.1`.
fn enhanced_code(text: &str) -> Option<&str> {
    let word = text.split_whitespace().next()?;
    let mut parts = word.split('.');
    let class = parts.next()?;
    let is_number =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    (matches!(class, "2" | "4" | "5")
        && parts.next().is_some_and(is_number)
        && parts.next().is_some_and(is_number)
        && parts.next().is_none())
    .then_some(word)
}

#[cfg(test)]
mod tests {
    use super::{Stage, enhanced_code, lost, reply};
    use crate::outcome::FailureKind::{self, Auth, NotSent, Refused, Transient, Unknown};

    fn assert_reply(stage: Stage, code: u16, expected: FailureKind) {
        assert_eq!(reply(stage, code, "").kind, expected, "{stage:?} {code}");
    }

    #[test]
    fn a_busy_server_is_transient() {
        assert_reply(Stage::Connect, 421, Transient);
    }

    #[test]
    fn a_server_that_takes_no_mail_refuses() {
        assert_reply(Stage::Connect, 554, Refused);
    }

    #[test]
    fn a_wrong_password_is_an_auth_failure() {
        assert_reply(Stage::Login, 535, Auth);
        assert_reply(Stage::Login, 504, Auth);
    }

    #[test]
    fn a_login_that_cannot_be_checked_now_is_transient() {
        assert_reply(Stage::Login, 454, Transient);
    }

    #[test]
    fn a_missing_login_is_an_auth_failure() {
        assert_reply(Stage::Envelope, 530, Auth);
    }

    #[test]
    fn greylisting_and_a_full_mailbox_are_transient() {
        for code in [450, 451, 452] {
            assert_reply(Stage::Envelope, code, Transient);
            assert_reply(Stage::Content, code, Transient);
        }
    }

    #[test]
    fn an_unknown_mailbox_refuses() {
        for code in [550, 551, 552, 553, 554] {
            assert_reply(Stage::Envelope, code, Refused);
            assert_reply(Stage::Content, code, Refused);
        }
    }

    #[test]
    fn a_connection_lost_before_the_content_was_not_sent() {
        for stage in [Stage::Connect, Stage::Login, Stage::Envelope] {
            assert_eq!(lost(stage, "x").kind, NotSent);
        }
    }

    #[test]
    fn a_connection_lost_after_the_content_is_unknown() {
        assert_eq!(lost(Stage::Content, "x").kind, Unknown);
    }

    #[test]
    fn the_detail_names_codes_and_no_address() {
        let failure = reply(Stage::Envelope, 550, "5.1.1 <ada@example.test>: unknown");
        assert_eq!(
            failure.detail,
            "envelope: the mail server answered 550 5.1.1"
        );
        assert_eq!(enhanced_code("ada@5.1.1 x"), None);
        assert_eq!(enhanced_code("1.2.3.4 x"), None);
    }
}
