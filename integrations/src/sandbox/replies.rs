//! Answers to mails: what a newcomer, or a test, writes as the customer goes as a mail to whoever receives the business's.

use std::io;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use serde::Deserialize;

use crate::sandbox::entries::{Entry, Event, Mail};
use crate::sandbox::mailbox;
use crate::sandbox::pages;
use crate::sandbox::providers::Provider;
use crate::sandbox::store::{Shared, Store, new_id};

/// Longest mail that a person writes.
const BODY_LIMIT_CHARS: usize = 20_000;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.route("/mailbox/{number}/reply", web::post().to(reply));
}

#[derive(Deserialize)]
struct Written {
    body: String,
}

async fn reply(
    shared: web::Data<Shared>,
    number: web::Path<u64>,
    written: web::Form<Written>,
) -> HttpResponse {
    let number = number.into_inner();
    let body = written.into_inner().body;
    if body.trim().is_empty() || body.chars().count() > BODY_LIMIT_CHARS {
        let detail = format!("a mail has 1 to {BODY_LIMIT_CHARS} characters");
        return pages::notice(&shared.pages, StatusCode::BAD_REQUEST, "Not sent", &detail);
    }
    match shared
        .transact(move |store| write_down(store, number, &body))
        .await
    {
        Ok(Ok(())) => HttpResponse::SeeOther()
            .insert_header((LOCATION, format!("/mailbox/{number}")))
            .finish(),
        Ok(Err(detail)) => {
            pages::notice(&shared.pages, StatusCode::BAD_REQUEST, "Not sent", detail)
        }
        Err(error) => pages::failed(&error),
    }
}

fn write_down(store: &mut Store, number: u64, body: &str) -> io::Result<Result<(), &'static str>> {
    let state = store.state();
    let Some(mail) = state.mails.iter().find(|mail| mail.number == number) else {
        return Ok(Err("the mailbox holds no mail of this number"));
    };
    let Some((raw, business)) = compose(mail, body) else {
        return Ok(Err("the mail's addresses cannot be read"));
    };
    let endpoints = state.endpoints_of(Provider::Email.name(), &business);
    if endpoints.is_empty() {
        return Ok(Err(
            "nobody receives mail for the sender's address: register an endpoint of the provider email",
        ));
    }
    let event = Entry::Event(Event {
        id: new_id("mail"),
        account: business,
        event_type: "mail.received".to_owned(),
        booking: mail.booking.clone(),
        body: raw,
        endpoints,
        url: None,
    });
    store.commit(vec![event])?;
    Ok(Ok(()))
}

/// The answer as it goes over the wire, and the address it goes to.
fn compose(mail: &Mail, body: &str) -> Option<(String, String)> {
    let from: Mailbox = mail.to.first()?.parse().ok()?;
    let to: Mailbox = mailbox::answer_address(mail).parse().ok()?;
    let business = to.email.to_string().to_lowercase();
    let mut builder = lettre::Message::builder()
        .message_id(Some(format!("<{}@sandbox>", new_id("reply"))))
        .from(from)
        .to(to)
        .subject(format!("Re: {}", mail.subject))
        .header(ContentType::TEXT_PLAIN);
    if let Some(message_id) = &mail.message_id {
        builder = builder
            .in_reply_to(message_id.clone())
            .references(message_id.clone());
    }
    let message = builder.body(body.to_owned()).ok()?;
    Some((String::from_utf8(message.formatted()).ok()?, business))
}
