//! The session's cookie. Over https its name begins with `__Host-`, which browsers take from this very host alone; over
//! plain http, which is for this machine only, they would not take such a name.

use actix_web::HttpRequest;
use actix_web::http::header::COOKIE;
use domain::refusal::{self, Refusal};
use identity::sessions::LASTS;
use identity::tokens::Token;

use crate::app::App;

const SECURE: &str = "__Host-rapport";
const PLAIN: &str = "rapport";
/// The cookie of a browser that is at a provider to sign in.
const SECURE_AWAY: &str = "__Host-rapport-sign-in";
const PLAIN_AWAY: &str = "rapport-sign-in";
/// The longest header of cookies that is looked at, in bytes.
const MAX_HEADER_BYTES: usize = 8 * 1024;

/// Which of our cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Session,
    /// Of a sign-in that is under way at a provider.
    Away,
}

/// The token of the session that came with the request.
pub fn token_of(app: &App, request: &HttpRequest) -> Option<String> {
    find(app, request, Kind::Session)
}

/// What this cookie of the request's holds.
pub fn find(app: &App, request: &HttpRequest, kind: Kind) -> Option<String> {
    let name = name(app, kind);
    let headers = request.headers().get_all(COOKIE);
    let texts = headers.filter_map(|header| header.to_str().ok());
    texts
        .filter(|text| text.len() <= MAX_HEADER_BYTES)
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, token)| token.to_owned())
}

/// `Set-Cookie` of a session that begins.
pub fn set(app: &App, token: &Token) -> String {
    written(app, Kind::Session, (token.expose(), LASTS.whole_seconds()))
}

/// `Set-Cookie` of a browser that goes to a provider.
#[cfg(feature = "oidc")]
pub fn set_away(app: &App, token: &Token) -> String {
    let lasts = identity::openid::LASTS.whole_seconds();
    written(app, Kind::Away, (token.expose(), lasts))
}

/// `Set-Cookie` of one that is over.
pub fn clear(app: &App, kind: Kind) -> String {
    written(app, kind, ("", 0))
}

/// The refusal of whoever brings no session.
pub fn missing() -> Refusal {
    Refusal::new(
        refusal::Kind::Unauthenticated,
        "session-missing",
        "sign in first: POST /auth/sign-in",
    )
}

fn written(app: &App, kind: Kind, (value, max_age_seconds): (&str, i64)) -> String {
    let secure = if is_secure(app) { "; Secure" } else { "" };
    format!(
        "{}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{secure}",
        name(app, kind)
    )
}

fn name(app: &App, kind: Kind) -> &'static str {
    match (is_secure(app), kind) {
        (true, Kind::Session) => SECURE,
        (false, Kind::Session) => PLAIN,
        (true, Kind::Away) => SECURE_AWAY,
        (false, Kind::Away) => PLAIN_AWAY,
    }
}

fn is_secure(app: &App) -> bool {
    app.public_url.starts_with("https://")
}
