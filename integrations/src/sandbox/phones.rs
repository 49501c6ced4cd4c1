//! The phones: every number that wrote or was written to, as pages on which a newcomer plays the customer, and as JSON
//! for tests.

use std::collections::BTreeMap;
use std::io;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::sandbox::control::refuse;
use crate::sandbox::entries::{Direction, Endpoint, Entry, Text};
use crate::sandbox::pages;
use crate::sandbox::providers::Provider;
use crate::sandbox::ringcentral;
use crate::sandbox::state::{State, TextRow};
use crate::sandbox::store::{Shared, Store, new_id, now_unix};
use crate::sandbox::twilio;
use crate::sandbox::whatsapp;

/// Phones on the first page, and texts on one phone; the newest are kept.
const PHONES_LIMIT: usize = 200;
const TEXTS_LIMIT: usize = 500;
/// Longest text that a person writes.
const BODY_LIMIT_CHARS: usize = 1_600;
/// What the first page suggests as a number of one's own.
const OWN_NUMBER: &str = "+15551230001";

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/phones", web::get().to(show_phones))
        .route("/phones/{number}", web::get().to(show_phone))
        .route("/phones/{number}/texts", web::post().to(write_text))
        .route("/sandbox/texts", web::get().to(list_texts))
        .route("/sandbox/texts", web::post().to(receive_text));
}

/// A business that can be written to.
#[derive(Serialize)]
struct Business {
    name: String,
    number: String,
    provider: String,
}

#[derive(Serialize)]
struct ShownText {
    id: String,
    provider: String,
    direction: Direction,
    from: String,
    to: String,
    body: String,
    at: i64,
    state: String,
    error_code: Option<u32>,
    message: Option<String>,
}

impl From<&TextRow> for ShownText {
    fn from(row: &TextRow) -> ShownText {
        let text = &row.text;
        ShownText {
            id: text.id.clone(),
            provider: text.provider.clone(),
            direction: text.direction,
            from: text.from.clone(),
            to: text.to.clone(),
            body: text.body.clone(),
            at: text.created,
            state: row.state.clone(),
            error_code: row.error_code,
            message: text.message.clone(),
        }
    }
}

/// The last thing that was said on a phone.
#[derive(Serialize)]
struct Phone {
    number: String,
    at: i64,
    last: String,
    count: usize,
}

async fn show_phones(shared: web::Data<Shared>) -> HttpResponse {
    let found = shared
        .transact(|store| Ok((phones(store.state()), businesses(store.state()))))
        .await;
    match found {
        Ok((phones, businesses)) => {
            let values = context! {
                title => "Phones",
                own => OWN_NUMBER,
                phones => Value::from(Serde(phones)),
                businesses => Value::from(Serde(businesses)),
            };
            pages::respond(&shared.pages, StatusCode::OK, "phones.html", values)
        }
        Err(error) => pages::failed(&error),
    }
}

async fn show_phone(shared: web::Data<Shared>, number: web::Path<String>) -> HttpResponse {
    let number = number.into_inner();
    let wanted = number.clone();
    let found = shared
        .transact(move |store| {
            let query = TextQuery {
                number: Some(wanted),
                ..TextQuery::default()
            };
            Ok((texts(store.state(), &query), businesses(store.state())))
        })
        .await;
    match found {
        Ok((texts, businesses)) => {
            let last_from = texts
                .iter()
                .rev()
                .map(|text| {
                    if text.from == number {
                        &text.to
                    } else {
                        &text.from
                    }
                })
                .next()
                .cloned();
            let values = context! {
                title => number.as_str(),
                number => number.as_str(),
                texts => Value::from(Serde(texts)),
                businesses => Value::from(Serde(businesses)),
                chosen => last_from.unwrap_or_default(),
            };
            pages::respond(&shared.pages, StatusCode::OK, "phone.html", values)
        }
        Err(error) => pages::failed(&error),
    }
}

#[derive(Deserialize)]
struct Written {
    to: String,
    body: String,
}

/// The form of a phone's page.
async fn write_text(
    shared: web::Data<Shared>,
    number: web::Path<String>,
    written: web::Form<Written>,
) -> HttpResponse {
    let written = written.into_inner();
    let order = TextOrder {
        from: number.into_inner(),
        to: written.to,
        body: written.body,
    };
    let back = format!("/phones/{}", order.from);
    match receive(&shared, order).await {
        Ok(Ok(_)) => HttpResponse::SeeOther()
            .insert_header((LOCATION, back))
            .finish(),
        Ok(Err(detail)) => {
            pages::notice(&shared.pages, StatusCode::BAD_REQUEST, "Not sent", &detail)
        }
        Err(error) => pages::failed(&error),
    }
}

#[derive(Default, Deserialize)]
struct TextQuery {
    /// Of a person or of a business.
    number: Option<String>,
    message: Option<String>,
}

async fn list_texts(shared: web::Data<Shared>, query: web::Query<TextQuery>) -> HttpResponse {
    let found = shared
        .transact(move |store| Ok(texts(store.state(), &query)))
        .await;
    match found {
        Ok(texts) => HttpResponse::Ok().json(json!({ "texts": texts })),
        Err(error) => pages::failed(&error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextOrder {
    from: String,
    to: String,
    body: String,
}

/// A person writes, ordered by a test.
async fn receive_text(shared: web::Data<Shared>, order: web::Json<TextOrder>) -> HttpResponse {
    match receive(&shared, order.into_inner()).await {
        Ok(Ok(id)) => HttpResponse::Ok().json(json!({ "id": id })),
        Ok(Err(detail)) => refuse(&detail),
        Err(error) => pages::failed(&error),
    }
}

async fn receive(
    shared: &web::Data<Shared>,
    order: TextOrder,
) -> io::Result<Result<String, String>> {
    if order.body.trim().is_empty() || order.body.chars().count() > BODY_LIMIT_CHARS {
        return Ok(Err(format!(
            "a text has 1 to {BODY_LIMIT_CHARS} characters"
        )));
    }
    shared.transact(move |store| write_down(store, order)).await
}

fn write_down(store: &mut Store, order: TextOrder) -> io::Result<Result<String, String>> {
    let endpoint = store
        .state()
        .endpoints
        .values()
        .find(|endpoint| endpoint.number.as_deref() == Some(order.to.as_str()))
        .cloned();
    let Some(endpoint) = endpoint else {
        return Ok(Err("no business has this number".to_owned()));
    };
    let Some(provider) = Provider::find(&endpoint.provider) else {
        return Ok(Err(
            "the sandbox does not carry texts for this provider".to_owned()
        ));
    };
    let text = Text {
        id: text_id(provider),
        provider: endpoint.provider.clone(),
        account: endpoint.account.clone(),
        direction: Direction::In,
        from: order.from,
        to: order.to,
        body: order.body,
        service: None,
        created: now_unix(),
        message: None,
        callback: None,
    };
    let Some(event) = inbound_event(provider, &text, &endpoint) else {
        return Ok(Err(
            "the sandbox does not carry texts for this provider".to_owned()
        ));
    };
    let id = text.id.clone();
    let state = Entry::TextState {
        text: id.clone(),
        state: "received".to_owned(),
        error_code: None,
    };
    store.commit(vec![Entry::Text(text), state, event])?;
    Ok(Ok(id))
}

fn text_id(provider: Provider) -> String {
    match provider {
        Provider::Twilio => new_id("SM").replacen('_', "", 1),
        Provider::WhatsApp => whatsapp::message_id(),
        _ => new_id("text"),
    }
}

fn inbound_event(provider: Provider, text: &Text, endpoint: &Endpoint) -> Option<Entry> {
    match provider {
        Provider::Twilio => Some(twilio::wire::inbound_event(text, endpoint)),
        Provider::RingCentral => Some(ringcentral::inbound_event(text, endpoint)),
        Provider::WhatsApp => Some(whatsapp::inbound_event(text, endpoint)),
        Provider::Stripe
        | Provider::Resend
        | Provider::Email
        | Provider::OpenAi
        | Provider::Anthropic => None,
    }
}

fn businesses(state: &State) -> Vec<Business> {
    state
        .endpoints
        .values()
        .filter_map(|endpoint| {
            let number = endpoint.number.clone()?;
            Some(Business {
                name: endpoint.merchant.clone().unwrap_or_else(|| number.clone()),
                number,
                provider: endpoint.provider.clone(),
            })
        })
        .collect()
}

/// People's numbers, the one that was used last first.
fn phones(state: &State) -> Vec<Phone> {
    let mut found: BTreeMap<&str, Phone> = BTreeMap::new();
    for row in &state.texts {
        let number = match row.text.direction {
            Direction::Out => &row.text.to,
            Direction::In => &row.text.from,
        };
        let phone = found.entry(number).or_insert_with(|| Phone {
            number: number.clone(),
            at: 0,
            last: String::new(),
            count: 0,
        });
        phone.at = row.text.created;
        phone.last.clone_from(&row.text.body);
        phone.count += 1;
    }
    let mut phones: Vec<Phone> = found.into_values().collect();
    phones.sort_by_key(|phone| std::cmp::Reverse(phone.at));
    phones.truncate(PHONES_LIMIT);
    phones
}

/// Oldest first, as on a phone.
fn texts(state: &State, query: &TextQuery) -> Vec<ShownText> {
    let mut found: Vec<ShownText> = state
        .texts
        .iter()
        .rev()
        .filter(|row| {
            let is_of_number = query
                .number
                .as_ref()
                .is_none_or(|number| row.text.to == *number || row.text.from == *number);
            is_of_number && (query.message.is_none() || row.text.message == query.message)
        })
        .take(TEXTS_LIMIT)
        .map(ShownText::from)
        .collect();
    found.reverse();
    found
}
