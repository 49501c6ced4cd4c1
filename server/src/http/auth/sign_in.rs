//! Signing in and out.

use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse, web};
use identity::accounts::sign_in::{SignIn, SignedIn};
use serde::Deserialize;

use super::{agent_of, answer, body_of, cookies, done, now, origins, session_of, views};
use crate::app::App;
use crate::http::problems;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    email: String,
    password: String,
    /// The slug of the only tenant that is meant.
    #[serde(default)]
    tenant: Option<String>,
}

/// `POST /auth/sign-in`
pub async fn sign_in(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> problems::Answer {
    origins::check(&app, &request, origins::Rider::Body)?;
    let body: Credentials = body_of(&request, payload).await?;
    app.tries.take(&request, &body.email)?;
    let tenant_id = match &body.tenant {
        Some(slug) => match app.store.directory.find_by_slug(slug).await? {
            Some(tenant_id) => Some(tenant_id),
            // Whether there is such a tenant is nobody's business before they are in.
            None => Some(domain::ids::TenantId::new("")),
        },
        None => None,
    };
    let sign_in = SignIn {
        email: body.email,
        password: body.password,
        tenant_id,
        agent: agent_of(&request).map(str::to_owned),
    };
    let signed_in = app.accounts.sign_in(sign_in, now()).await?;
    welcome(&app, &request, &signed_in).await
}

/// `POST /auth/sign-out`: safe to repeat, and without a session as well.
pub async fn sign_out(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    if let Ok(session) = session_of(&app, &request).await {
        app.accounts.sign_out(&session).await?;
    }
    let mut response = done();
    if let Ok(cookie) = cookies::clear(&app, cookies::Kind::Session).parse() {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The answer to whoever has come in, with their cookie.
pub(super) async fn welcome(
    app: &App,
    request: &HttpRequest,
    signed_in: &SignedIn,
) -> problems::Answer {
    let session = &signed_in.session;
    crate::http::principals::note_asker(request, &session.tenant_id, &session.principal_id());
    app.store.directory.require_active(&session.tenant_id)?;
    let body = views::signed_in(app, signed_in).await?;
    Ok(with_cookie(app, answer(body), signed_in))
}

pub(super) fn with_cookie(
    app: &App,
    mut response: HttpResponse,
    signed_in: &SignedIn,
) -> HttpResponse {
    if let Ok(cookie) = cookies::set(app, &signed_in.token).parse() {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}
