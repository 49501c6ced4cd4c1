//! Changing a password, and choosing a new one by a link.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::{body_of, done, now, origins, session_of};
use crate::app::App;
use crate::http::problems;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    current: String,
    new: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forgotten {
    email: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {
    token: String,
    password: String,
}

/// `POST /auth/password`
pub async fn change(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> problems::Answer {
    let session = session_of(&app, &request).await?;
    // Whoever is half in must not choose what the other half rests on.
    session.principal(now())?;
    let body: Change = body_of(&request, payload).await?;
    app.tries.take(&request, &session.person_id)?;
    app.accounts
        .change_password(&session, body.current, body.new)
        .await?;
    Ok(done())
}

/// `POST /auth/reset`: always the same answer, whoever has the address.
pub async fn ask_for_reset(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> problems::Answer {
    origins::check(&app, &request, origins::Rider::Body)?;
    let body: Forgotten = body_of(&request, payload).await?;
    app.tries.take(&request, &body.email)?;
    app.accounts.ask_for_reset(&body.email, now()).await?;
    let detail = "if somebody here has this address, a letter is on its way";
    Ok(HttpResponse::Accepted()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "detail": detail })))
}

/// `POST /auth/reset/confirm`
pub async fn reset(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> problems::Answer {
    origins::check(&app, &request, origins::Rider::Body)?;
    let body: Reset = body_of(&request, payload).await?;
    app.tries.take(&request, "")?;
    app.accounts
        .reset_password(&body.token, body.password)
        .await?;
    Ok(done())
}
