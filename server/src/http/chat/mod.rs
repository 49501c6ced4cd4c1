//! The web chat: what a visitor's browser may do. It writes, reads its own thread, hears of answers and says that they were
//! seen; every write is one of the same commands that any other channel leads to.

mod callers;
pub mod described;
pub mod limits;
pub mod pages;
pub mod sessions;
pub mod stream;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse, Resource};
use commands::context::{Context, Mode};
use commands::dispatch::{Request, Run};
use domain::refusal::Refusal;
use identity::principals::Principal;
use queries::visitors;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use self::callers::Caller;
use self::sessions::{Session, message_key};
use super::commands::read_json;
use super::problems;
use crate::app::App;

/// The largest body that a visitor may send, in bytes.
pub const CHAT_LIMIT_BYTES: usize = 32 * 1024;
/// The longest message of a visitor.
pub const MAX_MESSAGE_CHARS: usize = 4_000;
/// As whom visitors are recorded; as which provider their messages come.
const PRINCIPAL: &str = "web-chat";

/// The routes of the chat.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(super::only("/chat/widget.js", get().to(pages::get_widget)))
        .service(
            shared("/chat/{tenant}/messages")
                .route(post().to(post_message))
                .route(get().to(get_messages)),
        )
        .service(shared("/chat/{tenant}/read").route(post().to(post_read)))
        .service(shared("/chat/{tenant}/stream").route(get().to(stream::get_stream)))
        .service(super::only("/chat/{tenant}", get().to(pages::get_page)));
}

/// A path that pages of other origins call.
fn shared(path: &str) -> Resource {
    web::resource(path)
        .route(web::method(Method::OPTIONS).to(preflight))
        .default_service(web::to(problems::wrong_method))
}

/// A visitor's message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Random (version 4), made by the sender, and the same for every attempt.
    id: Uuid,
    content: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    email: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    message_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Older {
    before: Option<String>,
}

/// `OPTIONS /chat/{tenant}/…`
async fn preflight(
    app: web::Data<App>,
    request: HttpRequest,
    slug: web::Path<String>,
) -> problems::Answer {
    Ok(Caller::admit(&app, &request, &slug).await?.preflight())
}

/// `POST /chat/{tenant}/messages`
async fn post_message(
    app: web::Data<App>,
    request: HttpRequest,
    slug: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    let caller = Caller::admit(&app, &request, &slug).await?;
    let answer = receive(&app, &caller, &request, body).await;
    caller.answer(answer)
}

async fn receive(
    app: &App,
    caller: &Caller,
    request: &HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    caller.count(app)?;
    let written: Written = parse(&read_json(request, body, CHAT_LIMIT_BYTES).await?)?;
    check(&written)?;
    let now = caller.now.unix_timestamp();
    let session = match caller.find_session()? {
        Some(session) => session.renewed(now),
        None => {
            app.chat.take(limits::SESSIONS, &caller.address)?;
            Session::open(&caller.keys, written.id, now)
        }
    };
    app.chat.take(limits::MESSAGES, &session.visitor)?;
    let key = message_key(&caller.keys, &session.visitor, written.id);
    let mut body = json!({
        "channel": "web_chat", "from": session.visitor, "content": written.content,
        "provider": PRINCIPAL, "provider_message_id": key,
    });
    for (field, given) in [("name", written.name), ("email", written.email)] {
        if let Some(given) = given.filter(|given| !given.trim().is_empty()) {
            body[field] = given.into();
        }
    }
    let key = format!("{PRINCIPAL}:{key}");
    let answer = dispatch(app, caller, ("receive-message", body), key).await?;
    let expires_at = OffsetDateTime::from_unix_timestamp(session.expires_at).ok();
    // Nothing of whom we take the visitor for: that is not theirs to know.
    Ok(HttpResponse::Ok().json(json!({
        "message_id": answer["result"]["message_id"],
        "session": session.token(&caller.keys),
        "session_expires_at": expires_at.and_then(|at| at.format(&Rfc3339).ok()),
    })))
}

/// `GET /chat/{tenant}/messages`
async fn get_messages(
    app: web::Data<App>,
    request: HttpRequest,
    slug: web::Path<String>,
) -> problems::Answer {
    let caller = Caller::admit(&app, &request, &slug).await?;
    let answer = history(&app, &caller, &request).await;
    caller.answer(answer)
}

async fn history(app: &App, caller: &Caller, request: &HttpRequest) -> problems::Answer {
    caller.count(app)?;
    let older = web::Query::<Older>::from_query(request.query_string())
        .map_err(|error| Refusal::malformed("parameters-malformed", error.to_string()))?;
    let visitor = caller.visitor(&caller.session()?);
    let found = visitors::history(&app.store, &visitor, older.before.as_deref()).await?;
    Ok(HttpResponse::Ok().json(json!({
        "messages": found.messages, "has_older": found.has_older,
        "last_event_id": commands::answer::position_token(found.position),
    })))
}

/// `POST /chat/{tenant}/read`
async fn post_read(
    app: web::Data<App>,
    request: HttpRequest,
    slug: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    let caller = Caller::admit(&app, &request, &slug).await?;
    let answer = see(&app, &caller, &request, body).await;
    caller.answer(answer)
}

async fn see(
    app: &App,
    caller: &Caller,
    request: &HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    caller.count(app)?;
    let visitor = caller.visitor(&caller.session()?);
    let seen: Seen = parse(&read_json(request, body, CHAT_LIMIT_BYTES).await?)?;
    let message_id = seen.message_id.as_str();
    let thread_id = visitors::find_answer(&app.store, &visitor, message_id).await?;
    let unknown =
        || Refusal::not_found("message-unknown", "there is no such answer in this thread");
    let thread_id = thread_id.ok_or_else(unknown)?;
    let body = json!({ "thread_id": thread_id, "message_id": message_id, "status": "read" });
    let key = format!("{PRINCIPAL}:read:{message_id}");
    dispatch(app, caller, ("record-message-status", body), key).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn check(written: &Written) -> Result<(), Refusal> {
    if written.id.get_version_num() != 4 {
        let detail =
            "make a random UUID (version 4) for each message, and keep it for every attempt";
        return Err(Refusal::field("/id", "message-id-not-random", detail));
    }
    if written.content.chars().count() > MAX_MESSAGE_CHARS {
        let detail = format!("a message has at most {MAX_MESSAGE_CHARS} characters");
        return Err(Refusal::field("/content", "text-too-long", detail));
    }
    Ok(())
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let detail = format!("the body is not what is asked for here: {error}");
        Refusal::malformed("json-malformed", detail)
    })
}

async fn dispatch(
    app: &App,
    caller: &Caller,
    (name, body): (&str, Value),
    key: String,
) -> Result<Value, problems::Problem> {
    let command_id = Uuid::now_v7().to_string();
    let request = Request {
        ctx: Context {
            principal: Principal::service(caller.tenant_id.clone(), PRINCIPAL),
            now: Context::clock(),
            mode: Mode::Live,
            correlation_id: command_id.clone(),
            causation_id: command_id.clone(),
            command_id,
            if_match: None,
            source_address: Some(caller.address.clone()),
        },
        name: name.to_owned(),
        body,
        key: Some(key),
        run: Run::Real,
    };
    let answer = app.dispatcher.dispatch(&request).await?;
    Ok(serde_json::from_str(&answer.body)?)
}
