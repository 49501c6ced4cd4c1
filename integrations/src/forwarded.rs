//! A mail that somebody has forwarded: who wrote it, and what they wrote, out of the lines that mail programs put above it.

use mailparse::{MailAddr, addrparse};

/// How the line above a forwarded mail reads, in the mail programs' most frequent forms; dashes around it do not count.
const HEADS: [&str; 3] = [
    "Forwarded message",
    "Begin forwarded message:",
    "Original Message",
];
/// Lines that may stand between that line and the text: the fields, some of them broken into two.
const FIELD_LINES_LIMIT: usize = 20;

/// The mail that was forwarded. It has no `Debug`: all of it is personal.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// The address alone, lower-cased.
    pub from: String,
    pub from_name: Option<String>,
    pub subject: Option<String>,
    pub text: String,
}

/// Reads the text of a mail. `None` when nothing is forwarded in it, or it is not said who wrote that.
pub fn parse(text: &str) -> Option<Forwarded> {
    let text = text.replace("\r\n", "\n");
    let lines: Vec<&str> = text.lines().collect();
    let head = lines.iter().position(|line| is_head(line))?;
    let mut found = Forwarded::default();
    let mut at = head + 1;
    let last = (at + FIELD_LINES_LIMIT).min(lines.len());
    while at < last {
        let line = lines[at].trim().trim_matches('*');
        at += 1;
        if line.is_empty() {
            if found.from.is_empty() {
                continue;
            }
            break;
        }
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        match name.trim_matches('*').trim().to_ascii_lowercase().as_str() {
            "from" => (found.from, found.from_name) = address(value.trim_matches('*').trim())?,
            "subject" => found.subject = Some(value.trim_matches('*').trim().to_owned()),
            _ => {}
        }
    }
    found.text = lines.get(at..)?.join("\n").trim().to_owned();
    (!found.from.is_empty() && !found.text.is_empty()).then_some(found)
}

fn is_head(line: &str) -> bool {
    let line = line.trim().trim_matches('-').trim();
    HEADS.iter().any(|head| line.eq_ignore_ascii_case(head))
}

fn address(value: &str) -> Option<(String, Option<String>)> {
    // Some programs write `Ada [mailto:ada@example.test]`.
    let value = value.replace("[mailto:", "<").replace(']', ">");
    let parsed = addrparse(&value).ok()?;
    let MailAddr::Single(one) = parsed.first()? else {
        return None;
    };
    if !one.addr.contains('@') {
        return None;
    }
    let name = one.display_name.as_deref().map(str::trim);
    let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
    Some((one.addr.trim().to_lowercase(), name))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn what_was_forwarded_is_read_from_each_program() {
        for text in [
            "FYI\r\n\r\n---------- Forwarded message ---------\r\nFrom: Ada Byron <Ada@Example.test>\r\n\
                Date: Sat, 14 Mar 2026\r\nSubject: Friday\r\nTo: <kim@fire.example>\r\n\r\n\r\nIs it free?\r\n",
            "Begin forwarded message:\n\nFrom: Ada Byron <ada@example.test>\nSubject: Friday\nTo: kim@fire.example\n\n\
                Is it free?\n",
            "-----Original Message-----\nFrom: Ada Byron [mailto:ada@example.test]\nSent: Saturday\nSubject: Friday\n\n\
                Is it free?",
        ] {
            let Some(found) = parse(text) else {
                panic!("nothing was found in {text}");
            };
            assert_eq!(found.from, "ada@example.test");
            assert_eq!(found.from_name.as_deref(), Some("Ada Byron"));
            assert_eq!(found.subject.as_deref(), Some("Friday"));
            assert_eq!(found.text, "Is it free?");
        }
    }

    #[test]
    fn what_does_not_say_who_wrote_it_is_nothing() {
        for text in [
            "Is it free?",
            "---------- Forwarded message ---------\n\nIs it free?",
            "---------- Forwarded message ---------\nFrom: nobody at all\n\nIs it free?",
            "---------- Forwarded message ---------\nFrom: ada@example.test\n",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
