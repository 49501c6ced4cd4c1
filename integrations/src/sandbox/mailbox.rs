//! The mailbox: every mail that the SMTP stand-in took in, as a page for people and as JSON for tests.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mailparse::{MailHeaderMap, ParsedMail, parse_mail};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::sandbox::entries::Mail;
use crate::sandbox::pages;
use crate::sandbox::state::State;
use crate::sandbox::store::Shared;

/// Mails in one answer, at most and without `limit`.
const LIST_LIMIT: usize = 1_000;
const LIST_DEFAULT: usize = 100;
/// How deep MIME parts may nest before the rest is not looked at.
const PART_DEPTH_LIMIT: usize = 8;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/mailbox", web::get().to(show_mailbox))
        .route("/mailbox/{number}", web::get().to(show_mail))
        .route("/sandbox/mails", web::get().to(list_mails));
}

#[derive(Deserialize)]
struct MailQuery {
    /// Part of a recipient's address.
    #[serde(default)]
    to: String,
    limit: Option<usize>,
}

/// A mail taken apart.
#[derive(Debug, Serialize)]
struct OpenedMail {
    number: u64,
    at: i64,
    from: String,
    to: Vec<String>,
    subject: String,
    message_id: Option<String>,
    booking: Option<String>,
    headers: BTreeMap<String, String>,
    text: String,
    html: String,
}

async fn show_mailbox(shared: web::Data<Shared>, query: web::Query<MailQuery>) -> HttpResponse {
    let to = query.to.clone();
    match listed(&shared, query.into_inner()).await {
        Ok(mails) => {
            let values = context! { title => "Mailbox", mails => Value::from(Serde(mails)), to };
            pages::respond(&shared.pages, StatusCode::OK, "mailbox.html", values)
        }
        Err(error) => pages::failed(&error),
    }
}

async fn show_mail(shared: web::Data<Shared>, number: web::Path<u64>) -> HttpResponse {
    let found = shared
        .transact(move |store| {
            let mut mails = store.state().mails.iter();
            Ok(mails.find(|mail| mail.number == *number).map(open))
        })
        .await;
    match found {
        Ok(Some(mail)) => {
            let values =
                context! { title => mail.subject.as_str(), mail => Value::from(Serde(&mail)) };
            pages::respond(&shared.pages, StatusCode::OK, "mail.html", values)
        }
        Ok(None) => pages::notice(
            &shared.pages,
            StatusCode::NOT_FOUND,
            "No such mail",
            "The mailbox holds no mail of this number.",
        ),
        Err(error) => pages::failed(&error),
    }
}

async fn list_mails(shared: web::Data<Shared>, query: web::Query<MailQuery>) -> HttpResponse {
    match listed(&shared, query.into_inner()).await {
        Ok(mails) => HttpResponse::Ok().json(json!({ "mails": mails })),
        Err(error) => pages::failed(&error),
    }
}

async fn listed(shared: &web::Data<Shared>, query: MailQuery) -> std::io::Result<Vec<OpenedMail>> {
    shared
        .transact(move |store| Ok(select(store.state(), &query)))
        .await
}

/// Newest first.
fn select(state: &State, query: &MailQuery) -> Vec<OpenedMail> {
    let wanted = query.to.trim().to_lowercase();
    state
        .mails
        .iter()
        .rev()
        .filter(|mail| mail.to.iter().any(|to| to.to_lowercase().contains(&wanted)))
        .take(query.limit.unwrap_or(LIST_DEFAULT).min(LIST_LIMIT))
        .map(open)
        .collect()
}

/// Reads the headers that the ledger keeps beside the message: Message-ID, subject and booking.
pub(super) fn summary(
    raw: &[u8],
    booking_header: &str,
) -> (Option<String>, String, Option<String>) {
    let Ok((headers, _)) = mailparse::parse_headers(raw) else {
        return (None, String::new(), None);
    };
    (
        headers.get_first_value("Message-ID"),
        headers.get_first_value("Subject").unwrap_or_default(),
        headers.get_first_value(booking_header),
    )
}

/// Where an answer goes: as the mail says, or to its sender.
pub(super) fn answer_address(mail: &Mail) -> String {
    let raw = BASE64_STANDARD.decode(&mail.raw).unwrap_or_default();
    mailparse::parse_headers(&raw)
        .ok()
        .and_then(|(headers, _)| headers.get_first_value("Reply-To"))
        .unwrap_or_else(|| mail.from.clone())
}

fn open(mail: &Mail) -> OpenedMail {
    let raw = BASE64_STANDARD.decode(&mail.raw).unwrap_or_default();
    let mut opened = OpenedMail {
        number: mail.number,
        at: mail.at,
        from: mail.from.clone(),
        to: mail.to.clone(),
        subject: mail.subject.clone(),
        message_id: mail.message_id.clone(),
        booking: mail.booking.clone(),
        headers: BTreeMap::new(),
        text: String::new(),
        html: String::new(),
    };
    if let Ok(parsed) = parse_mail(&raw) {
        for header in &parsed.headers {
            opened.headers.insert(header.get_key(), header.get_value());
        }
        collect_bodies(&parsed, &mut opened, 0);
    }
    opened
}

/// The first part of each kind is the one that is shown.
fn collect_bodies(part: &ParsedMail<'_>, opened: &mut OpenedMail, depth: usize) {
    if depth >= PART_DEPTH_LIMIT {
        return;
    }
    let place = match part.ctype.mimetype.as_str() {
        "text/plain" => &mut opened.text,
        "text/html" => &mut opened.html,
        _ => {
            for inner in &part.subparts {
                collect_bodies(inner, opened, depth + 1);
            }
            return;
        }
    };
    if place.is_empty() {
        *place = part.get_body().unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::{open, summary};
    use crate::sandbox::entries::Mail;

    const RAW: &[u8] = b"Message-ID: <m1@x>\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nX-Rapport-Booking: b1\r\n\
MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9t=C3=A9\r\n\
--b\r\nContent-Type: text/html\r\n\r\n<p>hi</p>\r\n--b--\r\n";

    #[test]
    fn both_forms_of_a_mail_are_read() {
        let opened = open(&Mail {
            number: 1,
            at: 0,
            from: String::new(),
            to: Vec::new(),
            message_id: None,
            subject: String::new(),
            booking: None,
            raw: BASE64_STANDARD.encode(RAW),
            id: None,
        });
        assert_eq!(opened.text.trim(), "été");
        assert_eq!(opened.html.trim(), "<p>hi</p>");
        assert_eq!(opened.headers["X-Rapport-Booking"], "b1");
    }

    #[test]
    fn the_summary_names_id_subject_and_booking() {
        assert_eq!(
            summary(RAW, "X-Rapport-Booking"),
            (
                Some("<m1@x>".to_owned()),
                "Grüße".to_owned(),
                Some("b1".to_owned())
            )
        );
        assert_eq!(summary(b"", "X-Rapport-Booking").1, "");
    }
}
