//! What every answer tells browsers: to take nothing from elsewhere, to show us in no frame, to guess no types, and to say
//! to nobody where they came from. An answer that must be used elsewhere, as the chat, says so itself.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY};

const OPENER: &str = "cross-origin-opener-policy";
const RESOURCE: &str = "cross-origin-resource-policy";
/// Where pages of other hosts take things from us.
const SHARED: &[&str] = &["/chat/"];

const USUAL: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
    ),
    (OPENER, "same-origin"),
    (RESOURCE, "same-origin"),
];
const ALWAYS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
];
/// Two years, as browsers' lists want it.
const TRANSPORT: &str = "max-age=63072000; includeSubDomains";

/// Adds what the handler has not said itself.
pub fn harden(headers: &mut HeaderMap, path: &str, public_url: &str) {
    let is_shared = SHARED.iter().any(|prefix| path.starts_with(prefix));
    let usual = USUAL.iter().filter(|_| !is_shared);
    for (name, value) in usual.chain(ALWAYS) {
        if !headers.contains_key(*name) {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
    }
    if public_url.starts_with("https://") {
        headers.insert(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(TRANSPORT),
        );
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};

    use super::*;

    fn hardened(path: &str, public_url: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        harden(&mut headers, path, public_url);
        headers
    }

    #[test]
    fn what_a_handler_has_said_stands() {
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'"),
        );
        harden(&mut headers, "/docs", "http://127.0.0.1:8080");
        assert_eq!(
            headers.get(CONTENT_SECURITY_POLICY).unwrap(),
            "default-src 'none'"
        );
        assert_eq!(headers.get(OPENER).unwrap(), "same-origin");
    }

    #[test]
    fn only_https_is_made_to_last_and_only_the_chat_is_shared() {
        let plain = hardened("/", "http://127.0.0.1:8080");
        assert!(!plain.contains_key(STRICT_TRANSPORT_SECURITY));
        assert!(plain.contains_key(RESOURCE) && plain.contains_key(REFERRER_POLICY));
        let chat = hardened("/chat/widget.js", "https://crm.example");
        assert!(chat.contains_key(STRICT_TRANSPORT_SECURITY) && !chat.contains_key(RESOURCE));
    }
}
