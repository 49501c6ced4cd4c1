//! The session's cookie. Over https its name begins with `__Host-`, which browsers take from this very host alone; over
//! plain http, which is for this machine only, they would not take such a name.

use actix_web::HttpRequest;
use actix_web::http::header::COOKIE;
use domain::refusal::{Kind, Refusal};
use identity::sessions::LASTS;
use identity::tokens::Token;

use crate::app::App;

const SECURE: &str = "__Host-rapport";
const PLAIN: &str = "rapport";
/// The longest header of cookies that is looked at, in bytes.
const MAX_HEADER_BYTES: usize = 8 * 1024;

/// The token that came with the request.
pub fn token_of(app: &App, request: &HttpRequest) -> Option<String> {
    let name = name(app);
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
    written(app, token.expose(), LASTS.whole_seconds())
}

/// `Set-Cookie` of one that is over.
pub fn clear(app: &App) -> String {
    written(app, "", 0)
}

/// The refusal of whoever brings no session.
pub fn missing() -> Refusal {
    Refusal::new(
        Kind::Unauthenticated,
        "session-missing",
        "sign in first: POST /auth/sign-in",
    )
}

fn written(app: &App, value: &str, max_age_seconds: i64) -> String {
    let secure = if is_secure(app) { "; Secure" } else { "" };
    format!(
        "{}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{secure}",
        name(app)
    )
}

fn name(app: &App) -> &'static str {
    if is_secure(app) { SECURE } else { PLAIN }
}

fn is_secure(app: &App) -> bool {
    app.public_url.starts_with("https://")
}
