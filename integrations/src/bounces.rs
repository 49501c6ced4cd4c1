//! Reports of mail servers about mails of ours that did not arrive (RFC 3464), as they come back as mails themselves.

use mailparse::{MailHeaderMap, ParsedMail, parse_headers, parse_mail};

use crate::mail_news::{MailStanding, StateOfMail};

/// Parts of a report that are looked at.
const PARTS_LIMIT: usize = 8;
/// Longest Message-ID and longest status code.
const ID_LIMIT_CHARS: usize = 998;
const CODE_LIMIT_CHARS: usize = 32;

/// What a report says of the mail that it is about; `None` for any other mail, and for a report that does not name its
/// mail.
pub fn parse(raw: &[u8]) -> Option<StateOfMail> {
    let report = parse_mail(raw).ok()?;
    let is_report = report.ctype.mimetype == "multipart/report"
        && report
            .ctype
            .params
            .get("report-type")
            .is_some_and(|kind| kind.eq_ignore_ascii_case("delivery-status"));
    if !is_report {
        return None;
    }
    let part = |kinds: &[&str]| {
        let mut parts = report.subparts.iter().take(PARTS_LIMIT);
        parts.find(|part| kinds.contains(&part.ctype.mimetype.as_str()))
    };
    let fields = part(&["message/delivery-status", "message/global-delivery-status"])?;
    let (action, status) = recipient_fields(fields)?;
    let standing = match action.as_str() {
        "failed" => MailStanding::Bounced,
        "delayed" => MailStanding::Delayed,
        "delivered" => MailStanding::Delivered,
        // Handed on to where nobody reports any more: as far as can be known.
        "relayed" | "expanded" => MailStanding::Sent,
        _ => return None,
    };
    let message_id =
        part(&["message/rfc822", "text/rfc822-headers", "message/global"]).and_then(original_id)?;
    Some(StateOfMail {
        provider_message_id: message_id.clone(),
        message_id: Some(message_id),
        standing,
        reason: status,
    })
}

/// Action and status of the first recipient: our mails have one.
fn recipient_fields(part: &ParsedMail<'_>) -> Option<(String, Option<String>)> {
    let body = part.get_body_raw().ok()?;
    let text = String::from_utf8_lossy(&body).replace("\r\n", "\n");
    // The first block is about the report, each further one about a recipient.
    let block = text.split("\n\n").find(|block| {
        block
            .lines()
            .any(|line| line.to_ascii_lowercase().starts_with("action:"))
    })?;
    let field = |name: &str| {
        let mut lines = block.lines();
        let value = lines.find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.trim().eq_ignore_ascii_case(name).then_some(value)
        });
        value.map(|value| value.trim().to_owned())
    };
    let status = field("Status").map(|status| {
        status
            .chars()
            .take_while(|character| character.is_ascii_digit() || *character == '.')
            .take(CODE_LIMIT_CHARS)
            .collect()
    });
    Some((field("Action")?.to_ascii_lowercase(), status))
}

/// The Message-ID of the mail that came back, whole or its headers alone.
fn original_id(part: &ParsedMail<'_>) -> Option<String> {
    let body = part.get_body_raw().ok()?;
    let (headers, _) = parse_headers(&body).ok()?;
    let value = headers.get_first_value("Message-ID")?;
    let id = value.trim().trim_matches(['<', '>']).to_owned();
    let is_plain =
        (1..=ID_LIMIT_CHARS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::mail_news::MailStanding;

    fn report(action: &str, original: &str) -> Vec<u8> {
        format!(
            "From: MAILER-DAEMON@mx.example\r\nTo: hello@hibachi.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
             Final-Recipient: rfc822; ada@example.test\r\nAction: {action}\r\nStatus: 5.1.1 (no such user)\r\n\
             Diagnostic-Code: smtp; 550 5.1.1 ada@example.test\r\n\r\n\
             --b\r\nContent-Type: {original}\r\n\r\nMessage-ID: <m1@rapport>\r\nSubject: Hi\r\n\r\n--b--\r\n"
        )
        .into_bytes()
    }

    #[test]
    fn a_report_names_the_mail_and_what_became_of_it() {
        for (action, expected) in [
            ("failed", MailStanding::Bounced),
            ("Delayed", MailStanding::Delayed),
            ("relayed", MailStanding::Sent),
        ] {
            for original in ["message/rfc822", "text/rfc822-headers"] {
                let state = parse(&report(action, original)).unwrap();
                assert_eq!(
                    (state.standing, state.message_id.as_deref()),
                    (expected, Some("m1@rapport"))
                );
                assert_eq!(state.reason.as_deref(), Some("5.1.1"));
            }
        }
    }

    #[test]
    fn what_is_no_report_is_none() {
        let unnamed = String::from_utf8(report("failed", "message/rfc822")).unwrap();
        let unnamed = unnamed.replace("Message-ID: <m1@rapport>\r\n", "");
        for raw in [
            &b"From: a@b.example\r\n\r\nHi"[..],
            b"",
            unnamed.as_bytes(),
            &report("unknown", "message/rfc822"),
        ] {
            assert_eq!(parse(raw), None);
        }
    }
}
