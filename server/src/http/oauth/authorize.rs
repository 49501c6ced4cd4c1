//! The authorization endpoint: a person's browser comes from a program, the person signs in if need be and says what it may
//! do, and the browser goes back with a code. Nothing is kept between the steps; each looks everything through again.

use actix_web::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use domain::refusal::Refusal;
use event_store::error::Error;
use identity::accounts::sign_in::SignIn;
use identity::acts::{self, Act};
use identity::oauth::grants::{self, NewGrant};
use identity::oauth::scopes::{Scope, Scopes};
use identity::roles::GUARDED;
use identity::sessions::{Session, Step};
use serde_json::json;
use time::OffsetDateTime;

use super::asked::{Asked, Parameters, Stop};
use super::token::read_form;
use super::{check_ours, pages};
use crate::app::App;
use crate::http::auth::{cookies, origins};
use crate::http::problems::{self, Answer, Problem};

/// `GET /auth/oauth/authorize`
pub async fn get_authorize(app: web::Data<App>, request: HttpRequest) -> Answer {
    check_ours(&app, &request)?;
    let query = request.query_string();
    let Ok(parameters) = web::Query::<Parameters>::from_query(query) else {
        let detail = "the parameters cannot be read, or one of them came twice";
        return Ok(shown(
            &Refusal::malformed("parameters-malformed", detail).into(),
        ));
    };
    // Strangers cause neither look-ups nor fetches.
    let Some(session) = find_session(&app, &request).await? else {
        return Ok(pages::sign_in(query, None));
    };
    match parameters.check(&app, &session).await {
        Ok(asked) => ask(&app, &asked, &parameters, &session).await,
        Err(stop) => stopped(stop),
    }
}

/// `POST /auth/oauth/sign-in`: a form; then back to where it was.
pub async fn sign_in(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> Answer {
    check_ours(&app, &request)?;
    origins::check(&app, &request, origins::Rider::Body)?;
    let form = read_form(&request, payload).await?;
    let (asked, email) = (form.one("asked")?, form.one("email")?);
    app.tries.take(&request, email)?;
    let sign_in = SignIn {
        email: email.to_owned(),
        password: form.one("password")?.to_owned(),
        tenant_id: None,
        agent: None,
    };
    let now = OffsetDateTime::now_utc();
    let signed_in = match app.accounts.sign_in(sign_in, now).await {
        Ok(signed_in) => signed_in,
        Err(error) => return said(asked, error),
    };
    let signed_in = match signed_in.session.step() {
        Step::None => signed_in,
        Step::EnrolmentRequired => {
            app.accounts.sign_out(&signed_in.session).await?;
            let said =
                "Your role needs a second factor. Open Rapport, set it up there, and come back.";
            return Ok(pages::sign_in(asked, Some(said)));
        }
        Step::Required => {
            let code = form.find("code").unwrap_or_default();
            let given = app
                .accounts
                .give_factor(&signed_in.session, code, now)
                .await;
            match given {
                Ok(Some(renewed)) => renewed,
                Ok(None) => signed_in,
                Err(error) => {
                    app.accounts.sign_out(&signed_in.session).await?;
                    return said(asked, error);
                }
            }
        }
    };
    let mut response = HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("/auth/oauth/authorize?{asked}")))
        .insert_header(("cache-control", "no-store"))
        .finish();
    if let Ok(cookie) = HeaderValue::from_str(&cookies::set(&app, &signed_in.token)) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `POST /auth/oauth/consent`: the form of the page that asked.
pub async fn consent(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> Answer {
    check_ours(&app, &request)?;
    origins::check(&app, &request, origins::Rider::Cookie)?;
    let form = read_form(&request, payload).await?;
    let text = |name: &str| form.find(name).map(str::to_owned);
    let parameters = Parameters {
        response_type: text("response_type"),
        client_id: text("client_id"),
        redirect_uri: text("redirect_uri"),
        state: text("state"),
        scope: text("scope"),
        resource: text("resource"),
        code_challenge: text("code_challenge"),
        code_challenge_method: text("code_challenge_method"),
    };
    let Some(session) = find_session(&app, &request).await? else {
        return Err(cookies::missing().into());
    };
    let asked = match parameters.check(&app, &session).await {
        Ok(asked) => asked,
        Err(stop) => return stopped(stop),
    };
    let chosen = asked
        .scopes
        .iter()
        .filter(|scope| form.find(&format!("grant.{scope}")) == Some("yes"));
    let scopes = Scopes::of(chosen);
    if form.find("decision") != Some("allow") || scopes.is_empty() {
        return asked.back.with(&[
            ("error", "access_denied"),
            ("error_description", "the person did not allow it"),
        ]);
    }
    grant(&app, &session, &asked, &scopes).await
}

async fn grant(app: &App, session: &Session, asked: &Asked, scopes: &Scopes) -> Answer {
    let now = OffsetDateTime::now_utc();
    let given = scopes
        .permissions()
        .intersection(asked.asker.at_most)
        .intersection(GUARDED);
    if !given.is_empty() {
        // Whoever lets a program administer is asked who they are first.
        session.factor().require_fresh(now)?;
    }
    let new = NewGrant {
        tenant_id: &session.tenant_id,
        person_id: &session.person_id,
        client_id: &asked.asker.client_id,
        client_name: &asked.asker.name,
        scopes,
        resource: &asked.resource,
        redirect_uri: &asked.back.redirect_uri,
        code_challenge: &asked.code_challenge,
    };
    let mut client = app.store.pools.engine.get().await?;
    let tx = client.transaction().await?;
    let (grant_id, code) = grants::begin(&tx, &new, now).await?;
    let act = Act {
        tenant_id: &session.tenant_id,
        principal: &session.principal_id(),
        action: "grant-access",
        subject: &grant_id,
        reason: None,
        details: &json!({ "client_id": asked.asker.client_id, "scopes": scopes.names(), "resource": asked.resource }),
    };
    acts::record(&tx, act).await?;
    tx.commit().await?;
    asked.back.with(&[("code", code.expose())])
}

async fn ask(app: &App, asked: &Asked, parameters: &Parameters, session: &Session) -> Answer {
    let card = app
        .accounts
        .find(&session.tenant_id, &session.person_id)
        .await?;
    let tenant = app.dispatcher.find_tenant(&session.tenant_id).await?;
    let shown = pages::Shown {
        name: &card.name,
        email: &card.email,
        business: &tenant.name,
    };
    let wants_to_administer = asked.scopes.iter().any(|scope| scope == Scope::Admin);
    let fresh = session.factor().require_fresh(OffsetDateTime::now_utc());
    if wants_to_administer && let Err(refusal) = fresh {
        let query = query_of(parameters);
        tracing::debug!(code = refusal.code, "asked to sign in again");
        let said = "It asks to administer: sign in once more, with a code of your app.";
        return Ok(pages::sign_in(&query, Some(said)));
    }
    Ok(pages::consent(asked, parameters, &shown))
}

/// Whoever has signed in, with all that their role asks of them.
async fn find_session(app: &App, request: &HttpRequest) -> Result<Option<Session>, Problem> {
    let Some(token) = cookies::token_of(app, request) else {
        return Ok(None);
    };
    let found = app
        .accounts
        .sessions
        .find(&app.store.pools.engine, &token)
        .await;
    match found {
        Ok(session) if session.step() == Step::None => {
            crate::http::principals::note_asker(
                request,
                &session.tenant_id,
                &session.principal_id(),
            );
            Ok(Some(session))
        }
        Ok(_) | Err(Error::Refused(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The parameters as they would stand behind a `?`.
fn query_of(parameters: &Parameters) -> String {
    let value = json!(parameters);
    let pairs = value.as_object().into_iter().flatten();
    let pairs: Vec<(&str, &str)> = pairs
        .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .collect();
    let written = identity::oauth::redirects::with("https://localhost/", &pairs);
    let query = written
        .as_deref()
        .and_then(|written| written.split_once('?'));
    query.map(|(_, query)| query.to_owned()).unwrap_or_default()
}

fn stopped(stop: Stop) -> Answer {
    match stop {
        Stop::Here(Problem(error @ Error::Refused(_))) => Ok(shown(&error)),
        Stop::Here(problem) => Err(problem),
        Stop::Back(back, error, why) => back.with(&[("error", error), ("error_description", &why)]),
    }
}

fn shown(error: &Error) -> HttpResponse {
    match error {
        Error::Refused(refusal) => pages::problem(problems::status(error), &refusal.detail),
        _ => pages::problem(problems::status(error), "something went wrong on our side"),
    }
}

/// The sign-in page once more, with what was wrong.
fn said(asked: &str, error: Error) -> Answer {
    match error {
        Error::Refused(refusal) => Ok(pages::sign_in(asked, Some(&refusal.detail))),
        error => Err(error.into()),
    }
}
