//! The token endpoint (RFC 6749, 3.2) and the revocation endpoint (RFC 7009): forms in, JSON out, errors as the RFC has them.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::refusal::{Kind, Refusal};
use event_store::error::Error;
use identity::acts::{self, Act};
use identity::oauth::clients::{self, Client};
use identity::oauth::documents;
use identity::oauth::scopes::Scopes;
use identity::oauth::tokens::{self, ShownCode, ShownRefresh};
use serde_json::json;

use super::check_ours;
use crate::app::App;
use crate::http::bodies;
use crate::http::principals::{header_text, note_asker};
use crate::http::problems::{self, Answer, Problem};

/// The largest form, in bytes.
const FORM_LIMIT_BYTES: usize = 16 * 1024;

/// A form, each field at most once.
pub struct Form(Vec<(String, String)>);

impl Form {
    pub fn find(&self, name: &str) -> Option<&str> {
        let mut fields = self.0.iter();
        let field = fields.find(|(field, _)| field == name);
        field
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Refused with 400 `invalid-request` where it is missing.
    pub fn one(&self, name: &str) -> Result<&str, Refusal> {
        self.find(name)
            .ok_or_else(|| Refusal::malformed("invalid-request", format!("{name} is missing")))
    }
}

/// Who asks for a token, once they have shown who they are.
enum Asker {
    Registered(Client),
    /// One that describes itself at this address, and proves itself by PKCE alone.
    Described(String),
}

impl Asker {
    fn client_id(&self) -> &str {
        match self {
            Self::Registered(client) => &client.client_id,
            Self::Described(address) => address,
        }
    }
}

/// `POST /auth/oauth/token`
pub async fn post_token(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    check_ours(&app, &request)?;
    match issue(&app, &request, payload).await {
        Ok(issued) => Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(issued)),
        Err(error) => refused(&request, error),
    }
}

/// `POST /auth/oauth/revoke`: ends what a token rests on; an unknown token is as good as ended.
pub async fn post_revoke(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    check_ours(&app, &request)?;
    match revoke(&app, &request, payload).await {
        Ok(()) => Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish()),
        Err(error) => refused(&request, error),
    }
}

async fn issue(
    app: &App,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<tokens::Issued, Error> {
    let form = read_form(request, payload).await?;
    let asker = find_asker(app, request, &form).await?;
    let issuer = &app.oauth.issuer;
    let scopes = match form.find("scope") {
        None => None,
        Some(text) => Some(Scopes::parse(text).ok_or_else(|| {
            Refusal::malformed(
                "invalid-scope",
                "a scope is none of ours; see scopes_supported",
            )
        })?),
    };
    let resource = form.find("resource");
    match (form.one("grant_type")?, &asker) {
        ("authorization_code", _) => {
            let shown = ShownCode {
                code: form.one("code")?,
                verifier: form.one("code_verifier")?,
                redirect_uri: form.find("redirect_uri"),
                resource,
            };
            issuer.redeem(asker.client_id(), shown).await
        }
        ("refresh_token", _) => {
            let shown = ShownRefresh {
                token: form.one("refresh_token")?,
                scopes: scopes.as_ref(),
                resource,
            };
            issuer.refresh(asker.client_id(), shown).await
        }
        ("client_credentials", Asker::Registered(client)) if client.acts_for_itself() => {
            let most = Scopes::of(identity::oauth::scopes::Scope::ALL.iter().copied());
            let asked = scopes.unwrap_or(most).within(client.permissions);
            if asked.is_empty() {
                let detail = "nothing of this may be done by this client";
                return Err(Refusal::malformed("invalid-scope", detail).into());
            }
            let resource = app.oauth.resource_named(resource)?;
            issuer.issue_to(client, &asked, &resource).await
        }
        ("client_credentials", _) => {
            let detail = "this client acts for people: send them to the authorization endpoint";
            Err(Refusal::malformed("unauthorized-client", detail).into())
        }
        _ => {
            let detail = "grant_type is authorization_code, refresh_token or client_credentials";
            Err(Refusal::malformed("unsupported-grant-type", detail).into())
        }
    }
}

async fn revoke(app: &App, request: &HttpRequest, payload: web::Payload) -> Result<(), Error> {
    let form = read_form(request, payload).await?;
    let asker = find_asker(app, request, &form).await?;
    let resources = app.oauth.resources();
    let audiences = resources.each_ref().map(String::as_str);
    let issuer = &app.oauth.issuer;
    let ended = issuer
        .revoke(asker.client_id(), form.one("token")?, &audiences)
        .await?;
    if let Some(grant_id) = ended {
        app.oauth.bearers.forget(&grant_id);
    }
    Ok(())
}

/// Who asks. Refused with 401 `invalid-client`, 429 `auth-rate-exceeded`.
async fn find_asker(app: &App, request: &HttpRequest, form: &Form) -> Result<Asker, Error> {
    let wrong = |detail: &str| Refusal::new(Kind::Unauthenticated, "invalid-client", detail);
    let basic = match header_text(request, AUTHORIZATION.as_str()) {
        Some(text) => Some(
            read_basic(text).ok_or_else(|| wrong("the header is not as RFC 6749, 2.3.1 has it"))?,
        ),
        None => None,
    };
    let (client_id, secret) = match (&basic, form.find("client_secret")) {
        (Some(_), Some(_)) => {
            let detail = "a client proves itself in one way at a time";
            return Err(Refusal::malformed("invalid-request", detail).into());
        }
        (Some((client_id, secret)), None) => (client_id.as_str(), Some(secret.as_str())),
        (None, secret) => (form.one("client_id")?, secret),
    };
    app.tries.take_token(request, client_id)?;
    if documents::is_address(client_id) {
        return match secret.is_none_or(str::is_empty) {
            true => Ok(Asker::Described(client_id.to_owned())),
            false => Err(wrong("a client that describes itself has no secret").into()),
        };
    }
    let found = clients::find(&app.store.pools.engine.get().await?, client_id).await?;
    match found.filter(|client| client.is_good() && client.is_proven_by(secret)) {
        Some(client) => {
            note_asker(request, &client.tenant_id, &client.principal_id());
            Ok(Asker::Registered(client))
        }
        None => Err(wrong("the client is not known, was ended, or its secret is wrong").into()),
    }
}

/// Id and secret, each encoded as in a form.
fn read_basic(text: &str) -> Option<(String, String)> {
    let (scheme, encoded) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, secret) = text.split_once(':')?;
    let pair = format!("id={client_id}&secret={secret}");
    let fields = web::Query::<Vec<(String, String)>>::from_query(&pair).ok()?;
    let mut values = fields.into_inner().into_iter().map(|(_, value)| value);
    Some((values.next()?, values.next()?))
}

/// The body as a form. Refused with 400 `invalid-request`, 413, 415 or 408.
pub async fn read_form(request: &HttpRequest, payload: web::Payload) -> Result<Form, Refusal> {
    let content_type = header_text(request, CONTENT_TYPE.as_str()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let detail = "send the body as application/x-www-form-urlencoded";
        return Err(Refusal::malformed("content-type-unsupported", detail));
    }
    let bytes = bodies::read(request, payload, FORM_LIMIT_BYTES).await?;
    let unreadable = || Refusal::malformed("invalid-request", "the form cannot be read");
    let text = std::str::from_utf8(&bytes).map_err(|_| unreadable())?;
    let fields = web::Query::<Vec<(String, String)>>::from_query(text);
    let fields = fields.map_err(|_| unreadable())?.into_inner();
    let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Refusal::malformed("invalid-request", "a field came twice"));
    }
    Ok(Form(fields))
}

/// An error as RFC 6749, 5.2 has it; ours where it is our own.
fn refused(request: &HttpRequest, error: Error) -> Answer {
    let status = problems::status(&error);
    let (Some(code), Error::Refused(refusal)) = (tokens::code_of(&error), &error) else {
        return Err(Problem(error));
    };
    // What is neither the client's request nor its credential, the RFC has no words for.
    if ![StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED].contains(&status) {
        return Err(Problem(error));
    }
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store"));
    if let Some(seconds) = refusal.retry_after_seconds {
        response.insert_header((RETRY_AFTER, seconds));
    }
    if status == StatusCode::UNAUTHORIZED && request.headers().contains_key(AUTHORIZATION) {
        response.insert_header((WWW_AUTHENTICATE, "Basic realm=\"oauth\""));
    }
    Ok(response.json(json!({ "error": code, "error_description": refusal.detail })))
}

/// Writes an act of registering or ending down, by whoever may.
pub async fn note(
    app: &App,
    by: &identity::principals::Principal,
    action: &'static str,
    (subject, details): (&str, &serde_json::Value),
) -> Result<(), Problem> {
    let client = app.store.pools.engine.get().await?;
    let act = Act {
        tenant_id: &by.tenant_id,
        principal: &by.id,
        action,
        subject,
        reason: None,
        details,
    };
    Ok(acts::record(&client, act).await?)
}
