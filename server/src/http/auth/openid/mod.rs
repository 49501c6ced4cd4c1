//! `/auth/openid/*`: signing in by a tenant's OpenID Connect provider. A browser is sent there with a state, a nonce and a
//! PKCE challenge that a cookie of its own holds it to, and comes back with a code that is good once. Refusals are shown by
//! the sign-in page to browsers, and as problems to everybody else.

pub mod described;

use actix_web::http::header::{ACCEPT, CACHE_CONTROL, HeaderValue, LOCATION, SET_COOKIE};
use actix_web::web::{self, ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};
use event_store::Result;
use event_store::error::Error;
use identity::accounts::openid::Arrival;
use identity::accounts::sign_in::SignedIn;
use identity::second_factors::USUAL_AGE;
use integrations::catalogue::{self, Configured};
use integrations::openid::claims::{Fault, Vouched};
use integrations::openid::{Once, PROVIDER, Registration, Return};
use integrations::outcome::{Failure, FailureKind};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::Duration;

use super::{agent_of, answer, cookies, now};
use crate::app::App;
use crate::http::principals::header_text;
use crate::http::{only, problems};

const CALLBACK: &str = "/auth/openid/callback";
/// The longest parameter that a provider sends along.
const MAX_PARAMETER_BYTES: usize = 4 * 1024;
/// When to try again while a provider cannot be reached.
const RETRY_AFTER: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    /// The slug of a tenant; the only one of the installation when absent.
    #[serde(default)]
    tenant: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    tenant: String,
    #[serde(default)]
    return_to: Option<String>,
}

/// What a provider sends a browser back with (OpenID Connect Core 1.0, 3.1.2.5); others are let pass.
#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(only("/auth/openid", get().to(list_providers)))
        .service(only("/auth/openid/start", get().to(start)))
        .service(only(CALLBACK, get().to(callback)));
}

/// `GET /auth/openid`: by which provider people of a tenant sign in. A tenant without one and one that is unknown are alike.
async fn list_providers(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let which: Which = read(&request)?;
    let slug = which.tenant.as_deref();
    app.tries.take_token(&request, "openid")?;
    let mut items = Vec::new();
    if let Some((tenant_id, slug)) = find_tenant(&app, slug).await?
        && let Some(registration) = registration_of(&app, &tenant_id).await?
    {
        let registration = registration.map_err(unusable)?;
        items.push(json!({ "tenant": slug, "title": registration.title }));
    }
    Ok(answer(json!({ "items": items })))
}

/// `GET /auth/openid/start`: to the provider.
async fn start(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let start: Start = read(&request)?;
    let begun = begin(&app, &request, &start).await;
    let (url, cookie) = match begun {
        Ok(begun) => begun,
        Err(error) => return refuse(&app, &request, Some(start.tenant.as_str()), error),
    };
    let mut response = redirect(&url)?;
    add_cookie(&mut response, &cookie);
    Ok(response)
}

/// `GET /auth/openid/callback`: from the provider.
async fn callback(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let back: Back = read(&request)?;
    let mut response = match arrive(&app, &request, &back).await {
        Ok((signed_in, return_to)) => {
            let session = &signed_in.session;
            crate::http::principals::note_asker(
                &request,
                &session.tenant_id,
                &session.principal_id(),
            );
            super::sign_in::with_cookie(&app, redirect(&return_to)?, &signed_in)
        }
        Err((slug, error)) => refuse(&app, &request, slug.as_deref(), error)?,
    };
    add_cookie(&mut response, &cookies::clear(&app, cookies::Kind::Away));
    Ok(response)
}

async fn begin(app: &App, request: &HttpRequest, start: &Start) -> Result<(String, String)> {
    app.tries.take_token(request, &start.tenant)?;
    let found = find_tenant(app, Some(&start.tenant)).await?;
    let (tenant_id, _) = found.ok_or_else(unknown)?;
    app.store.directory.require_active(&tenant_id)?;
    let registration = registration_of(app, &tenant_id).await?;
    let registration = registration.ok_or_else(unknown)?.map_err(unusable)?;
    let return_to = start.return_to.as_deref().unwrap_or("/");
    let target = (registration.issuer.as_str(), return_to);
    let (state, browser) = app
        .accounts
        .begin_attempt(&tenant_id, target, now())
        .await?;
    let bound = Bound::to(browser.expose());
    let once = bound.once(state.expose());
    let redirect_url = redirect_url(app);
    let url = app
        .openid
        .authorization_url(&registration, once, back_to(&redirect_url))
        .await
        .map_err(unusable)?;
    Ok((url, cookies::set_away(app, &browser)))
}

/// The slug goes with the refusal, so that the page can offer to begin again.
async fn arrive(
    app: &App,
    request: &HttpRequest,
    back: &Back,
) -> std::result::Result<(SignedIn, String), (Option<String>, Error)> {
    let early = |error: Error| (None, error);
    app.tries
        .take_token(request, "openid-callback")
        .map_err(|refusal| early(refusal.into()))?;
    let browser = cookies::find(app, request, cookies::Kind::Away).unwrap_or_default();
    let attempt = app.accounts.redeem_attempt(&back.state, &browser).await;
    let attempt = attempt.map_err(early)?;
    let tenant = app.dispatcher.find_tenant(&attempt.tenant_id).await;
    let slug = tenant.map_err(early)?.slug.clone();
    let late = |error: Error| (Some(slug.clone()), error);
    let registration = async {
        app.store.directory.require_active(&attempt.tenant_id)?;
        let found = registration_of(app, &attempt.tenant_id).await?;
        let registration = found.ok_or_else(unknown)?.map_err(unusable)?;
        match registration.issuer == attempt.issuer {
            true => Ok(registration),
            false => Err(doubtful("the provider was configured anew meanwhile")),
        }
    };
    let registration = registration.await.map_err(late)?;
    let vouched = vouched(app, &registration, back, &browser).await;
    let vouched = vouched.map_err(late)?;
    let arrival = Arrival {
        tenant_id: &attempt.tenant_id,
        issuer: &registration.issuer,
        subject: &vouched.subject,
        email: vouched.email.as_deref(),
        name: vouched.name.as_deref(),
        second_factor_at: vouched.second_factor_at,
        email_domains: &registration.email_domains,
        new_people_role: registration.new_people_role.as_deref(),
        agent: agent_of(request),
    };
    let signed_in = app.accounts.sign_in_by_provider(arrival, now()).await;
    Ok((signed_in.map_err(late)?, attempt.return_to))
}

async fn vouched(
    app: &App,
    registration: &Registration,
    back: &Back,
    browser: &str,
) -> Result<Vouched> {
    if let Some(error) = &back.error {
        tracing::info!(error = %known_error(error), "a provider has signed nobody in");
        let detail = "the provider has signed nobody in; begin again, and say yes there";
        return Err(Refusal::new(Kind::Unauthenticated, "provider-refused", detail).into());
    }
    let code = back.code.as_deref().filter(|code| !code.is_empty());
    let code = code.ok_or_else(|| {
        Refusal::malformed("code-missing", "the provider has sent no code; begin again")
    })?;
    let bound = Bound::to(browser);
    let redirect_url = redirect_url(app);
    let redeemed = app
        .openid
        .redeem(
            registration,
            (code, back.iss.as_deref()),
            bound.once(""),
            back_to(&redirect_url),
        )
        .await;
    redeemed.map_err(|fault| match fault {
        Fault::Provider(failure) => unusable(failure),
        Fault::Code => doubtful("the provider does not take its code: it was used, or is too old"),
        Fault::Token(why) => doubtful(&why),
    })
}

/// What a sign-in is bound to its browser by: made of the cookie, so that nothing secret is kept here.
struct Bound {
    nonce: String,
    verifier: String,
}

impl Bound {
    fn to(browser: &str) -> Self {
        let made = |what: &str| {
            let hash = Sha256::new()
                .chain_update(what)
                .chain_update([0])
                .chain_update(browser)
                .finalize();
            URL_SAFE_NO_PAD.encode(hash)
        };
        Self {
            nonce: made("openid nonce"),
            verifier: made("openid verifier"),
        }
    }

    fn once<'a>(&'a self, state: &'a str) -> Once<'a> {
        Once {
            state,
            nonce: &self.nonce,
            verifier: &self.verifier,
        }
    }
}

/// The tenant of this slug, or the only one there is.
async fn find_tenant(app: &App, slug: Option<&str>) -> Result<Option<(TenantId, String)>> {
    let directory = &app.store.directory;
    match slug {
        Some(slug) => {
            let found = directory.find_by_slug(slug).await?;
            Ok(found.map(|tenant_id| (tenant_id, slug.to_owned())))
        }
        None => directory.find_only().await,
    }
}

/// How the tenant is registered with its provider, if it has one; a failure says what is wrong with the configuration.
async fn registration_of(
    app: &App,
    tenant_id: &TenantId,
) -> Result<Option<std::result::Result<Registration, Failure>>> {
    let tenant = app.dispatcher.find_tenant(tenant_id).await?;
    let found = catalogue::find(PROVIDER).zip(tenant.providers.get(PROVIDER));
    let Some((entry, provider)) = found else {
        return Ok(None);
    };
    let keys = app.store.keys(tenant_id).await?;
    Ok(Some(Registration::of(&Configured {
        entry,
        settings: &provider.settings,
        secrets: outbox::senders::secrets_of(PROVIDER, provider, &keys),
    })))
}

fn redirect_url(app: &App) -> String {
    format!("{}{CALLBACK}", app.public_url)
}

fn back_to(url: &str) -> Return<'_> {
    Return {
        url,
        max_age_seconds: USUAL_AGE.whole_seconds().unsigned_abs(),
    }
}

/// The parameters. Refused with 400 `parameters-malformed`.
fn read<P: for<'de> Deserialize<'de>>(request: &HttpRequest) -> std::result::Result<P, Refusal> {
    let query = request.query_string();
    let parsed = web::Query::<P>::from_query(query);
    match parsed {
        Ok(parsed) if query.len() <= MAX_PARAMETER_BYTES => Ok(parsed.into_inner()),
        _ => Err(Refusal::malformed(
            "parameters-malformed",
            "the parameters cannot be read, are unknown or too long, or one of them came twice",
        )),
    }
}

fn redirect(url: &str) -> std::result::Result<HttpResponse, Refusal> {
    let location = HeaderValue::from_str(url).map_err(|_| {
        Refusal::malformed(
            "address-invalid",
            "the address to go on to cannot be written",
        )
    })?;
    Ok(HttpResponse::SeeOther()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((LOCATION, location))
        .finish())
}

fn add_cookie(response: &mut HttpResponse, cookie: &str) {
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// A browser goes to the sign-in page, which knows the code; everybody else gets the problem.
fn refuse(app: &App, request: &HttpRequest, slug: Option<&str>, error: Error) -> problems::Answer {
    let is_browser =
        header_text(request, ACCEPT.as_str()).is_some_and(|types| types.contains("text/html"));
    if !is_browser {
        return Err(error.into());
    }
    if let Error::Internal(source) = &error {
        tracing::error!(error = %source, "internal error");
    }
    let code = match &error {
        Error::Refused(refusal) => refusal.code.as_str(),
        Error::Busy { code, .. } => code,
        Error::Internal(_) => "internal-error",
    };
    app.access.note_shown("", request.path(), &error);
    // Codes and slugs are of letters, digits and dashes; what a stranger has made up is not repeated.
    let slug = slug.filter(|slug| domain::tenants::settings::is_alias(slug));
    let tenant = slug.map(|slug| format!("&tenant={slug}"));
    Ok(redirect(&format!(
        "/?sign-in={code}{}",
        tenant.unwrap_or_default()
    ))?)
}

/// One answer for all that is not there, so that nobody learns which tenants are.
fn unknown() -> Error {
    let detail = "no such tenant, or its people sign in with a password";
    Refusal::not_found("sign-in-provider-unknown", detail).into()
}

fn unusable(failure: Failure) -> Error {
    tracing::warn!(why = %failure, "a provider that people sign in by cannot be used");
    match failure.kind {
        FailureKind::Auth | FailureKind::Refused => {
            let detail = format!(
                "signing in by this provider is not set up rightly: {}",
                failure.detail
            );
            Refusal::conflict("provider-misconfigured", detail).into()
        }
        FailureKind::NotSent | FailureKind::Transient | FailureKind::Unknown => Error::Busy {
            code: "provider-unreachable",
            detail: format!("the provider cannot be asked right now: {}", failure.detail),
            retry_after: RETRY_AFTER,
        },
    }
}

/// What a provider says does not hold. The reason is for logs: it may repeat what somebody has forged.
fn doubtful(why: &str) -> Error {
    let why: String = why
        .chars()
        .filter(|letter| !letter.is_control())
        .take(300)
        .collect();
    tracing::warn!(why, "what a provider vouches for does not hold");
    let detail = "what the provider says does not hold; begin again, and tell whoever runs this installation if it stays";
    Refusal::new(Kind::Unauthenticated, "provider-answer-invalid", detail).into()
}

/// Codes of errors are of a few characters (RFC 6749, 4.1.2.1); anything else is not repeated.
fn known_error(error: &str) -> &str {
    let is_code = error.len() <= 64
        && error
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_code { error } else { "unreadable" }
}
