//! The one HTTP client for every provider: TLS by rustls on ring, short connects, no redirects, no proxies, and answers
//! that are read only up to a limit.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response};
use rustls::{ClientConfig, RootCertStore};
use time::OffsetDateTime;
use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::outcome::{Failure, FailureKind};

/// Longest wait for a connection, name look-up and TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest whole call to Stripe.
pub const STRIPE_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest whole call that carries one webhook of the sandbox.
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(20);
/// How long an unused connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Unused connections kept per host: as many as a relay has calls under way. Each one less is a connection made anew for
/// every burst of calls.
const IDLE_CONNECTIONS_PER_HOST: usize = 128;
/// Most of an answer that is read.
const ANSWER_LIMIT_BYTES: usize = 1024 * 1024;
/// The date form of `Retry-After` (RFC 9110, 5.6.7).
const HTTP_DATE: &[BorrowedFormatItem<'static>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// The client that `client` makes, for those who carry it without speaking HTTP themselves.
pub type HttpClient = Client;

/// Makes the client; clone it freely, its connections are shared. Certificates are judged by the platform's store, and
/// by Mozilla's list where the platform has none.
///
/// # Errors
/// When neither TLS set-up can be built.
pub fn client() -> Result<Client, Failure> {
    build(builder)
}

/// Builds what `builder` makes.
pub(crate) fn build(builder: impl Fn() -> ClientBuilder) -> Result<Client, Failure> {
    // A second installation is refused and harmless: the first one is the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder().build().or_else(|_| {
        builder()
            .tls_backend_preconfigured(bundled_roots()?)
            .build()
            .map_err(|_| Failure::new(FailureKind::NotSent, "the HTTP client cannot be built"))
    })
}

/// Reads an answer's body up to the limit.
///
/// # Errors
/// `Unknown`: the provider has the request, and its verdict is lost.
pub async fn read_answer(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > ANSWER_LIMIT_BYTES => {
                return Err(Failure::new(FailureKind::Unknown, "the answer is too long"));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(lost_call(&error)),
        }
    }
}

/// Classifies a call that brought no answer at all. The address is left out of the detail.
pub fn lost_call(error: &reqwest::Error) -> Failure {
    if error.is_connect() {
        Failure::new(FailureKind::NotSent, "no connection")
    } else if error.is_builder() {
        Failure::new(FailureKind::Refused, "the request cannot be built")
    } else if error.is_timeout() {
        Failure::new(FailureKind::Unknown, "no answer in time")
    } else {
        Failure::new(FailureKind::Unknown, "the connection broke")
    }
}

/// The wait asked for by `Retry-After`, in seconds or as a date.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    parse_retry_after(value, OffsetDateTime::now_utc())
}

fn parse_retry_after(value: &str, now: OffsetDateTime) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = PrimitiveDateTime::parse(value.trim(), HTTP_DATE)
        .ok()?
        .assume_utc();
    Some(Duration::try_from(at - now).unwrap_or(Duration::ZERO))
}

/// What all clients have in common.
pub(crate) fn builder() -> ClientBuilder {
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST)
        .redirect(Policy::none())
        .no_proxy()
        .retry(reqwest::retry::never())
        .user_agent(concat!("rapport/", env!("CARGO_PKG_VERSION")))
}

fn bundled_roots() -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Failure::new(FailureKind::NotSent, "TLS cannot be set up"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use time::macros::datetime;

    use super::{builder, bundled_roots, client, lost_call, parse_retry_after};
    use crate::outcome::FailureKind;

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = datetime!(2026-03-14 18:00:00 UTC);
        let cases = [
            ("120", Some(Duration::from_secs(120))),
            (
                "Sat, 14 Mar 2026 18:00:30 GMT",
                Some(Duration::from_secs(30)),
            ),
            ("Sat, 14 Mar 2026 17:00:00 GMT", Some(Duration::ZERO)),
            ("soon", None),
        ];
        for (value, expected) in cases {
            assert_eq!(parse_retry_after(value, now), expected, "{value}");
        }
    }

    #[test]
    fn the_client_is_built_with_the_bundled_roots_where_the_platform_has_none() {
        assert!(
            builder()
                .tls_backend_preconfigured(bundled_roots().unwrap())
                .build()
                .is_ok()
        );
    }

    #[tokio::test]
    async fn a_refused_connection_was_surely_not_sent() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = client()
            .unwrap()
            .get(format!("http://{address}/"))
            .send()
            .await
            .unwrap_err();
        assert_eq!(lost_call(&error).kind, FailureKind::NotSent);
    }
}
