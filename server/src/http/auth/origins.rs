//! Against forged requests: a browser sends the cookie along with whatever a foreign page makes it send, but it also says
//! which page that was. Keys are never sent by themselves, so they are exempt.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{HOST, ORIGIN};
use domain::refusal::Refusal;

use crate::app::App;
use crate::http::principals::header_text;

const FETCH_SITE: &str = "sec-fetch-site";

/// What the request rides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rider {
    /// A cookie that the browser adds by itself: where the request comes from must be said.
    Cookie,
    /// What is in the body: where the request comes from must not be foreign, if it is said.
    Body,
}

/// Refused with 403 `origin-foreign` where the request would change something and does not come from our own pages.
pub fn check(app: &App, request: &HttpRequest, rider: Rider) -> Result<(), Refusal> {
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method()) {
        return Ok(());
    }
    let site = header_text(request, FETCH_SITE);
    let origin = header_text(request, ORIGIN.as_str());
    let is_ours = match (site, origin) {
        (Some(site), _) => ["same-origin", "none"].contains(&site),
        (None, Some(origin)) => is_own(app, request, origin),
        (None, None) => rider == Rider::Body,
    };
    if is_ours {
        return Ok(());
    }
    let detail = "a session can be used for this only from our own pages: send `Origin` or `Sec-Fetch-Site`, as browsers do; \
                  programs use an API key";
    Err(Refusal::forbidden("origin-foreign", detail))
}

/// The public address, or the one by which we were called.
fn is_own(app: &App, request: &HttpRequest, origin: &str) -> bool {
    let is_called = || {
        let called = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        called.is_some() && called == header_text(request, HOST.as_str())
    };
    origin == app.public_url || is_called()
}
