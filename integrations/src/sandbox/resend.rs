//! Our stand-in for Resend's e-mail API under `/resend`: keys remembered for a day, errors and webhooks as Resend has
//! them. What it sends lies in the mailbox. Resend's own client libraries can be pointed at it.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::resend::{IDEMPOTENCY_KEY_LIMIT_CHARS, KEY_LIFE};
use crate::sandbox::entries::{Answer, Entry, Event, Mail};
use crate::sandbox::mailbox;
use crate::sandbox::providers::Provider;
use crate::sandbox::smtp::BOOKING_HEADER;
use crate::sandbox::state::State;
use crate::sandbox::store::{Shared, Store, new_id, now_unix};
use crate::sandbox::trials::Trial;
use crate::smtp::mails::{self, Mail as NewMail};

/// Addresses that do what they say, after Resend's own.
const BOUNCED: &str = "bounced@resend.dev";
const COMPLAINED: &str = "complained@resend.dev";
/// Recipients of one mail, as at Resend.
const RECIPIENTS_LIMIT: usize = 50;

/// One authenticated call.
struct Call {
    account: String,
    key: Option<String>,
    body: Vec<u8>,
}

/// A refusal in Resend's own shape.
struct ResendError(u16, &'static str, String);

#[derive(Deserialize)]
struct NewEmail {
    from: String,
    to: OneOrMore,
    subject: String,
    text: Option<String>,
    html: Option<String>,
    #[serde(alias = "replyTo")]
    reply_to: Option<OneOrMore>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn into_vec(self) -> Vec<String> {
        match self {
            OneOrMore::One(one) => vec![one],
            OneOrMore::More(more) => more,
        }
    }
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/resend")
            .route("/emails", web::post().to(send_email))
            .route("/emails/{id}", web::get().to(find_email))
            .default_service(web::to(no_such_path)),
    );
}

async fn no_such_path() -> HttpResponse {
    refuse(&ResendError(
        404,
        "not_found",
        "The requested endpoint does not exist.".to_owned(),
    ))
}

async fn send_email(
    request: HttpRequest,
    shared: web::Data<Shared>,
    body: web::Bytes,
) -> HttpResponse {
    let shared = shared.into_inner();
    let call = match read_call(&request, body.to_vec()) {
        Ok(call) => call,
        Err(error) => return refuse(&error),
    };
    let in_flight = match &call.key {
        Some(key) => match shared.enter(&call.account, key) {
            Some(in_flight) => Some(in_flight),
            None => return refuse(&concurrent()),
        },
        None => None,
    };
    let trial = Trial::take(&shared, Provider::Resend, &call.account, "emails");
    if let Some(response) = trial.before(&request).await {
        return response;
    }
    let response = respond(&shared, move |store| answer(store, &call)).await;
    // The answer is kept, so whoever asks again gets it, also when this caller does not.
    drop(in_flight);
    trial.after(&request, response).await
}

async fn find_email(
    request: HttpRequest,
    shared: web::Data<Shared>,
    id: web::Path<String>,
) -> HttpResponse {
    if let Err(error) = read_call(&request, Vec::new()) {
        return refuse(&error);
    }
    respond(&shared.into_inner(), move |store| {
        let mut mails = store.state().mails.iter();
        let found = mails.find(|mail| mail.id.as_deref() == Some(id.as_str()));
        Ok(match found {
            Some(mail) => Ok(
                json!({"object": "email", "id": mail.id, "from": mail.from, "to": mail.to,
                "subject": mail.subject, "created_at": date(mail.at), "last_event": "delivered"})
                .to_string(),
            ),
            None => Err(ResendError(404, "not_found", "Email not found".to_owned())),
        })
    })
    .await
}

async fn respond(
    shared: &Arc<Shared>,
    work: impl FnOnce(&mut Store) -> io::Result<Result<String, ResendError>> + Send + 'static,
) -> HttpResponse {
    match shared.transact(work).await {
        Ok(Ok(body)) => HttpResponse::Ok()
            .content_type("application/json")
            .body(body),
        Ok(Err(error)) => refuse(&error),
        Err(error) => {
            tracing::error!(%error, "the sandbox cannot write its ledger");
            refuse(&ResendError(
                500,
                "internal_server_error",
                "The ledger cannot be written.".to_owned(),
            ))
        }
    }
}

fn read_call(request: &HttpRequest, body: Vec<u8>) -> Result<Call, ResendError> {
    let text = |name: &str| {
        let value = request.headers().get(name)?.to_str().ok()?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    let api_key = text("authorization")
        .and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned))
        .ok_or_else(|| ResendError(401, "missing_api_key", "Missing API Key".to_owned()))?;
    if !api_key.starts_with("re_") {
        return Err(ResendError(
            403,
            "invalid_api_key",
            "API key is invalid".to_owned(),
        ));
    }
    let key = text("idempotency-key");
    if key
        .as_ref()
        .is_some_and(|key| key.len() > IDEMPOTENCY_KEY_LIMIT_CHARS)
    {
        let message = "Idempotency key must be between 1-256 characters.".to_owned();
        return Err(ResendError(400, "invalid_idempotency_key", message));
    }
    Ok(Call {
        account: Provider::Resend.account_id(&api_key),
        key,
        body,
    })
}

fn answer(store: &mut Store, call: &Call) -> io::Result<Result<String, ResendError>> {
    let state = store.state();
    let fingerprint = BASE64_STANDARD.encode(Sha256::digest(&call.body));
    let now = now_unix() + state.clock_offset_seconds;
    if let Some(key) = &call.key
        && let Some(stored) = state.answers.get(&(call.account.clone(), key.clone()))
        && now - stored.stored_at < KEY_LIFE.as_secs().cast_signed()
    {
        return Ok(if stored.fingerprint == fingerprint {
            Ok(stored.body.clone())
        } else {
            let message = "Same idempotency key used with a different request payload.".to_owned();
            Err(ResendError(409, "invalid_idempotent_request", message))
        });
    }
    let (id, mut entries) = match accept(state, call) {
        Ok(accepted) => accepted,
        Err(error) => return Ok(Err(error)),
    };
    let body = json!({ "id": id }).to_string();
    if let Some(key) = &call.key {
        entries.push(Entry::Answer(Answer {
            account: call.account.clone(),
            key: key.clone(),
            fingerprint,
            stored_at: now,
            body: body.clone(),
        }));
    }
    store.commit(entries)?;
    Ok(Ok(body))
}

fn accept(state: &State, call: &Call) -> Result<(String, Vec<Entry>), ResendError> {
    let new: NewEmail = serde_json::from_slice(&call.body)
        .map_err(|error| ResendError(422, "missing_required_field", error.to_string()))?;
    let to = new.to.into_vec();
    if to.is_empty()
        || to.len() > RECIPIENTS_LIMIT
        || to.iter().any(|address| !address.contains('@'))
    {
        return Err(invalid("Invalid `to` field."));
    }
    let id = uuid::Uuid::new_v4().to_string();
    let given_id = new
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("message-id"))
        .map(|(_, value)| value.clone());
    let further = new
        .headers
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("message-id"));
    let composed = mails::compose(&NewMail {
        message_id: given_id.unwrap_or_else(|| format!("{id}@resend.sandbox")),
        from: new.from.clone(),
        reply_to: new.reply_to.and_then(|to| to.into_vec().into_iter().next()),
        to: to.first().cloned().unwrap_or_default(),
        subject: new.subject,
        text: new.text.unwrap_or_default(),
        html: new.html.unwrap_or_default(),
        headers: further
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    })
    .map_err(|failure| invalid(&failure.detail))?;
    let raw = composed.formatted();
    let (message_id, subject, booking) = mailbox::summary(&raw, BOOKING_HEADER);
    let mail = Mail {
        number: state.mail_count + 1,
        at: now_unix(),
        from: new.from,
        to,
        message_id,
        subject,
        booking,
        raw: BASE64_STANDARD.encode(&raw),
        id: Some(id.clone()),
    };
    let is_to = |address: &str| mail.to.iter().any(|to| to.contains(address));
    let kinds: &[&str] = if is_to(BOUNCED) {
        &["email.sent", "email.bounced"]
    } else if is_to(COMPLAINED) {
        &["email.sent", "email.delivered", "email.complained"]
    } else {
        &["email.sent", "email.delivered"]
    };
    let events: Vec<Entry> = kinds
        .iter()
        .map(|kind| event(state, call, &mail, kind))
        .collect();
    let mut entries = vec![Entry::Mail(mail)];
    entries.extend(events);
    Ok((id, entries))
}

fn event(state: &State, call: &Call, mail: &Mail, kind: &str) -> Entry {
    let mut data = json!({
        "created_at": date(mail.at),
        "email_id": mail.id,
        "from": mail.from,
        "to": mail.to,
        "subject": mail.subject,
        "headers": [{"name": "Message-ID", "value": mail.message_id}],
    });
    if kind == "email.bounced" {
        data["bounce"] = json!({"type": "Permanent", "subType": "General",
            "message": "The recipient's mail server has refused the address."});
    }
    let body = json!({"type": kind, "created_at": date(mail.at), "data": data});
    Entry::Event(Event {
        id: new_id("msg"),
        account: call.account.clone(),
        event_type: kind.to_owned(),
        booking: mail.booking.clone(),
        body: body.to_string(),
        endpoints: state.endpoints_of(Provider::Resend.name(), &call.account),
        url: None,
    })
}

fn date(unix: i64) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(unix).ok()?;
    at.format(&Rfc3339).ok()
}

fn invalid(message: &str) -> ResendError {
    ResendError(422, "validation_error", message.to_owned())
}

fn concurrent() -> ResendError {
    let message = "Another request with this idempotency key is being processed.".to_owned();
    ResendError(409, "concurrent_idempotent_requests", message)
}

fn refuse(error: &ResendError) -> HttpResponse {
    let ResendError(status, name, message) = error;
    let code = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST);
    HttpResponse::build(code).json(json!({"statusCode": status, "name": name, "message": message}))
}
