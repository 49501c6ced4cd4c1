//! The dashboard: what web/ builds, embedded, and served at `/`. Assets carry their content's hash in their names, so
//! browsers keep them; the page is filled in for each request with the nonce that its policy lets in.

use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use actix_web::web::{self, ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::refusal::Refusal;

use super::principals::header_text;
use super::{docs, only, problems};

/// A file of the dashboard, as it is and compressed.
struct File {
    /// From the root of the dashboard: `assets/index-CC3M5Uei.js`.
    name: &'static str,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/web_files.rs"));

/// Where the pages are; each also has what lies below it. `web/src/router.tsx` has the same list.
pub const PAGES: &[&str] = &[
    "inbox",
    "customers",
    "facts",
    "bookings",
    "schedule",
    "payments",
    "approvals",
    "assistant",
    "figures",
    "system",
    "audit",
    "settings",
    "profile",
    "set-up",
    "invitation",
    "journeys",
    "reset",
];

const INDEX: &str = "index.html";
const NONCE: &str = "{nonce}";
const NONCE_BYTES: usize = 16;
const KEPT: &str = "public, max-age=31536000, immutable";
const ASKED_AGAIN: &str = "no-cache";
/// How long a hash in a name is, and what precedes it.
const HASH_CHARS: usize = 8;

/// The pages and their assets.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(only("/", get().to(get_page)))
        .service(only("/assets/{name:.*}", get().to(get_asset)));
    for page in PAGES {
        cfg.service(only(&format!("/{page}"), get().to(get_page)))
            .service(only(&format!("/{page}/{{tail:.*}}"), get().to(get_page)));
    }
}

/// `GET /` and every page: the same document, which shows what the address names.
async fn get_page() -> problems::Answer {
    let Some(index) = find(INDEX).and_then(|file| std::str::from_utf8(file.plain).ok()) else {
        return docs::get_index().await;
    };
    let nonce = nonce()?;
    // A letter's own style attributes show in its preview, where nothing can run.
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; \
         img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("content-security-policy", policy))
        .insert_header(("cache-control", "no-store"))
        // Links in letters carry tokens in their addresses.
        .insert_header(("referrer-policy", "no-referrer"))
        .insert_header(("cross-origin-opener-policy", "same-origin"))
        .body(index.replace(NONCE, &nonce)))
}

/// `GET /assets/{name}`
async fn get_asset(request: HttpRequest, name: web::Path<String>) -> problems::Answer {
    let path = format!("assets/{name}");
    let file = find(&path).ok_or_else(|| {
        let detail = "there is no such file; it may be of another version: load the page again";
        Refusal::not_found("asset-not-found", detail)
    })?;
    let accepted = header_text(&request, ACCEPT_ENCODING.as_str()).unwrap_or_default();
    let accepts = |coding: &str| {
        accepted
            .split(',')
            .any(|part| part.split(';').next().map(str::trim) == Some(coding))
    };
    let kept = if is_hashed(file.name) {
        KEPT
    } else {
        ASKED_AGAIN
    };
    let mut response = HttpResponse::Ok();
    response
        .content_type(content_type(file.name))
        .insert_header(("cache-control", kept))
        .insert_header(("cross-origin-resource-policy", "same-origin"))
        .insert_header(("vary", "accept-encoding"));
    let (coding, body) = match (file.brotli, file.gzip) {
        (Some(brotli), _) if accepts("br") => (Some("br"), brotli),
        (_, Some(gzip)) if accepts("gzip") => (Some("gzip"), gzip),
        _ => (None, file.plain),
    };
    if let Some(coding) = coding {
        response.insert_header((CONTENT_ENCODING, coding));
    }
    Ok(response.body(body))
}

fn find(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

/// Whether the name changes with the content: `index-CC3M5Uei.js`.
fn is_hashed(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let is_hash_char = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let Some(start) = stem.len().checked_sub(HASH_CHARS + 1) else {
        return false;
    };
    let bytes = stem.as_bytes();
    bytes[start] == b'-' && bytes[start + 1..].iter().copied().all(is_hash_char)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// New for each page; nobody can guess it.
fn nonce() -> event_store::Result<String> {
    let mut bytes = [0; NONCE_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| event_store::error::Error::internal(format!("no randomness: {error}")))?;
    Ok(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        assert!(is_hashed("assets/index-CC3M5Uei.js"));
        assert!(is_hashed("assets/Card-s_Q-3Trr.css"));
        assert!(!is_hashed("assets/scheme.js"));
        assert!(!is_hashed("a.js"));
    }
}
