//! A mail as it came over the wire (MIME), read into what a conversation needs: who wrote, what was written anew, and
//! which mail of ours it answers. Strangers write these: every size and depth has a limit, and nothing here fails loudly.

use mailparse::{
    DispositionType, MailAddr, MailHeaderMap, ParsedMail, addrparse_header, parse_mail,
};

use crate::forwarded;
use crate::mail_news::{MailFile, ReceivedMail};
use crate::plain_text::{from_html, without_quote};

/// How deep parts may nest before the rest is not looked at.
const PART_DEPTH_LIMIT: usize = 8;
/// Most characters of text and of a subject that are kept.
const TEXT_LIMIT_CHARS: usize = 64 * 1024;
const SUBJECT_LIMIT_CHARS: usize = 500;
/// Recipients and references that are kept.
const LIST_LIMIT: usize = 50;
/// Files that are kept of one mail, and the longest of their names. Their size is bounded by the mail's.
const FILES_LIMIT: usize = 10;
const FILE_NAME_LIMIT_CHARS: usize = 255;
const CONTENT_TYPE_LIMIT_CHARS: usize = 127;
const UNKNOWN_CONTENT_TYPE: &str = "application/octet-stream";
/// Longest Message-ID or address.
const ID_LIMIT_CHARS: usize = 998;

/// Reads a mail.
///
/// # Errors
/// When it is no mail, or names no sender.
pub fn parse(raw: &[u8]) -> Result<ReceivedMail, &'static str> {
    let parsed = parse_mail(raw).map_err(|_| "the body is no mail (RFC 5322)")?;
    let headers = &parsed.headers;
    let (from, from_name) = addresses(&parsed, "From")
        .into_iter()
        .next()
        .ok_or("the mail names no sender")?;
    let mut to: Vec<String> = ["Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"]
        .iter()
        .flat_map(|name| addresses(&parsed, name))
        .map(|(address, _)| address)
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    to.retain(|address| seen.insert(address.clone()));
    to.truncate(LIST_LIMIT);
    let whole = text_of(&parsed);
    let subject = headers.get_first_value("Subject").unwrap_or_default();
    let sent_at = headers
        .get_first_value("Date")
        .and_then(|date| mailparse::dateparse(&date).ok());
    Ok(ReceivedMail {
        message_id: ids(&parsed, "Message-ID")
            .into_iter()
            .next()
            .unwrap_or_default(),
        from,
        from_name,
        to,
        subject: subject.chars().take(SUBJECT_LIMIT_CHARS).collect(),
        text: without_quote(&whole),
        forwarded: forwarded::parse(&whole),
        files: files_of(&parsed),
        in_reply_to: ids(&parsed, "In-Reply-To").into_iter().next(),
        references: ids(&parsed, "References"),
        sent_at,
        is_automatic: is_automatic(&parsed),
    })
}

/// What a person wrote: the plain part, or the HTML part as text.
fn text_of(parsed: &ParsedMail<'_>) -> String {
    let mut found = Bodies::default();
    collect(parsed, &mut found, 0);
    let whole = match (found.plain, found.html) {
        (Some(plain), _) if !plain.trim().is_empty() => plain,
        (_, Some(html)) => from_html(&html),
        (plain, None) => plain.unwrap_or_default(),
    };
    whole.chars().take(TEXT_LIMIT_CHARS).collect()
}

#[derive(Default)]
struct Bodies {
    plain: Option<String>,
    html: Option<String>,
}

/// The first part of each kind counts; attachments do not.
fn collect(part: &ParsedMail<'_>, found: &mut Bodies, depth: usize) {
    if depth >= PART_DEPTH_LIMIT
        || part.get_content_disposition().disposition == DispositionType::Attachment
    {
        return;
    }
    let place = match part.ctype.mimetype.as_str() {
        "text/plain" => &mut found.plain,
        "text/html" => &mut found.html,
        _ => {
            for inner in &part.subparts {
                collect(inner, found, depth + 1);
            }
            return;
        }
    };
    if place.is_none() {
        *place = body_of(part);
    }
}

/// What was attached, and what is shown within the text but has a name of its own.
fn files_of(parsed: &ParsedMail<'_>) -> Vec<MailFile> {
    let mut files = Vec::new();
    gather(parsed, &mut files, 0);
    files
}

fn gather(part: &ParsedMail<'_>, files: &mut Vec<MailFile>, depth: usize) {
    if depth >= PART_DEPTH_LIMIT || files.len() >= FILES_LIMIT {
        return;
    }
    if !part.subparts.is_empty() {
        for inner in &part.subparts {
            gather(inner, files, depth + 1);
        }
        return;
    }
    let disposition = part.get_content_disposition();
    let named = disposition.params.get("filename");
    let name = named.or_else(|| part.ctype.params.get("name"));
    if disposition.disposition != DispositionType::Attachment && name.is_none() {
        return;
    }
    let Ok(content) = part.get_body_raw() else {
        return;
    };
    if content.is_empty() {
        return;
    }
    files.push(MailFile {
        name: name.and_then(|name| file_name(name)),
        content_type: content_type(&part.ctype.mimetype),
        content,
    });
}

/// Where it lay on the sender's machine is nobody's business.
fn file_name(given: &str) -> Option<String> {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown = last.chars().filter(|character| !character.is_control());
    let name: String = shown.take(FILE_NAME_LIMIT_CHARS).collect();
    (!name.trim().is_empty()).then(|| name.trim().to_owned())
}

fn content_type(given: &str) -> String {
    let given = given.to_ascii_lowercase();
    let is_type = given.len() <= CONTENT_TYPE_LIMIT_CHARS
        && given.split('/').filter(|part| !part.is_empty()).count() == 2
        && given.bytes().all(|byte| byte.is_ascii_graphic());
    match is_type {
        true => given,
        false => UNKNOWN_CONTENT_TYPE.to_owned(),
    }
}

/// Text that does not say how it is encoded is UTF-8 where it can be.
fn body_of(part: &ParsedMail<'_>) -> Option<String> {
    if !part.ctype.params.contains_key("charset")
        && let Ok(text) = String::from_utf8(part.get_body_raw().ok()?)
    {
        return Some(text);
    }
    part.get_body().ok()
}

/// Addresses, lower-cased, each with the name before it.
fn addresses(parsed: &ParsedMail<'_>, name: &str) -> Vec<(String, Option<String>)> {
    let Some(header) = parsed.headers.get_first_header(name) else {
        return Vec::new();
    };
    let Ok(listed) = addrparse_header(header) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for address in listed.iter() {
        match address {
            MailAddr::Single(single) => found.push(single.clone()),
            MailAddr::Group(group) => found.extend(group.addrs.iter().cloned()),
        }
    }
    found
        .into_iter()
        .filter(|single| single.addr.contains('@') && single.addr.len() <= ID_LIMIT_CHARS)
        .take(LIST_LIMIT)
        .map(|single| (single.addr.to_lowercase(), single.display_name))
        .collect()
}

/// The `<…>` of a header, without their brackets.
fn ids(parsed: &ParsedMail<'_>, name: &str) -> Vec<String> {
    let value = parsed.headers.get_first_value(name).unwrap_or_default();
    value
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .map(|(id, _)| id.trim())
        .filter(|id| {
            (1..=ID_LIMIT_CHARS).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .take(LIST_LIMIT)
        .map(str::to_owned)
        .collect()
}

/// RFC 3834, and the older headers of lists and absence notes.
fn is_automatic(parsed: &ParsedMail<'_>) -> bool {
    let value = |name: &str| {
        let value = parsed.headers.get_first_value(name).unwrap_or_default();
        value.trim().to_lowercase()
    };
    let submitted = value("Auto-Submitted");
    let is_submitted_by_machine = !submitted.is_empty() && submitted != "no";
    let is_bulk = ["bulk", "list", "junk"].contains(&value("Precedence").as_str());
    let is_report = parsed.ctype.mimetype == "multipart/report";
    let is_bounce = value("Return-Path") == "<>";
    is_submitted_by_machine
        || is_bulk
        || is_report
        || is_bounce
        || !value("List-Id").is_empty()
        || !value("X-Auto-Response-Suppress").is_empty()
}

#[cfg(test)]
mod tests {
    use super::parse;

    const REPLY: &[u8] = b"From: =?utf-8?Q?Ada_L=C3=B6we?= <Ada@Example.test>\r\n\
To: Hibachi <inbox@hibachi.example>, other@hibachi.example\r\nSubject: =?utf-8?Q?Re=3A_Gr=C3=BC=C3=9Fe?=\r\n\
Message-ID: <a1@example.test>\r\nIn-Reply-To: <m1@rapport>\r\nReferences: <m0@rapport> <m1@rapport>\r\n\
Date: Sat, 14 Mar 2026 18:00:00 +0000\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/alternative; boundary=b\r\n\r\n\
--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
Sch=F6n, at 6 please.\r\n\r\nOn Sat, 14 Mar 2026 Hibachi wrote:\r\n> When?\r\n\
--b\r\nContent-Type: text/html\r\n\r\n<p>no</p>\r\n--b--\r\n";

    #[test]
    fn a_reply_is_read_with_whom_and_what_it_answers() {
        let mail = parse(REPLY).unwrap();
        assert_eq!(
            (mail.from.as_str(), mail.from_name.as_deref()),
            ("ada@example.test", Some("Ada Löwe"))
        );
        assert_eq!(mail.to, ["inbox@hibachi.example", "other@hibachi.example"]);
        assert_eq!(mail.subject, "Re: Grüße");
        assert_eq!(mail.text, "Schön, at 6 please.");
        assert_eq!(mail.in_reply_to.as_deref(), Some("m1@rapport"));
        assert_eq!(mail.references, ["m0@rapport", "m1@rapport"]);
        assert_eq!(mail.sent_at, Some(1_773_511_200));
        assert!(!mail.is_automatic);
    }

    #[test]
    fn html_alone_is_read_as_text() {
        let raw = b"From: a@b.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
            <style>p{}</style><p>Six &amp; seven<br>please</p>";
        assert_eq!(parse(raw).unwrap().text, "Six & seven\nplease");
    }

    #[test]
    fn text_that_names_no_encoding_is_utf_8_where_it_can_be() {
        let text = |body: &[u8]| {
            let raw = [b"From: a@b.example\r\n\r\n", body].concat();
            parse(&raw).unwrap().text
        };
        assert_eq!(text("Schön – ja".as_bytes()), "Schön – ja");
        assert_eq!(text(b"Sch\xf6n"), "Schön");
    }

    #[test]
    fn files_are_kept_with_their_names_and_without_their_folders() {
        let raw = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
            Content-Type: text/plain\r\n\r\nSee there\r\n--b\r\nContent-Type: application/pdf; name=\"C:\\\\docs\\\\menu.pdf\"\r\n\
            Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\nTWVudQ==\r\n--b\r\n\
            Content-Type: image/png\r\nContent-Disposition: inline; filename=\"map.png\"\r\n\r\nPNG\r\n--b\r\n\
            Content-Type: nonsense\r\nContent-Disposition: attachment\r\n\r\n?\r\n--b--\r\n";
        let mail = parse(raw).unwrap();
        assert_eq!(mail.text, "See there");
        let told: Vec<_> = mail
            .files
            .iter()
            .map(|file| (file.name.as_deref(), file.content_type.as_str()))
            .collect();
        assert_eq!(told[0], (Some("menu.pdf"), "application/pdf"));
        assert_eq!(told[1], (Some("map.png"), "image/png"));
        assert_eq!(told[2].0, None);
        assert_eq!(mail.files[0].content, b"Menu");
        let many = |count: usize| {
            let part =
                "--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment\r\n\r\n1,2\r\n";
            let head = "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
            format!("{head}{}--b--\r\n", part.repeat(count))
        };
        assert_eq!(parse(many(12).as_bytes()).unwrap().files.len(), 10);
    }

    #[test]
    fn what_a_machine_wrote_is_told_apart() {
        for header in [
            "Auto-Submitted: auto-replied",
            "Precedence: bulk",
            "List-Id: <news.example>",
            "Return-Path: <>",
        ] {
            let raw = format!("From: a@b.example\r\n{header}\r\n\r\nAway.");
            assert!(parse(raw.as_bytes()).unwrap().is_automatic, "{header}");
        }
        assert!(
            !parse(b"From: a@b.example\r\nAuto-Submitted: no\r\n\r\nHi")
                .unwrap()
                .is_automatic
        );
    }

    #[test]
    fn nonsense_is_refused_and_never_panics() {
        for raw in [
            &b""[..],
            b"\xff\xfe",
            b"Subject: x\r\n\r\nno sender",
            b"From: nobody\r\n\r\n",
        ] {
            assert!(parse(raw).is_err());
        }
        let mut deep = b"From: a@b.example\r\n".to_vec();
        for _ in 0..50 {
            deep.extend_from_slice(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n");
        }
        assert_eq!(parse(&deep).map(|mail| mail.text), Ok(String::new()));
    }
}
