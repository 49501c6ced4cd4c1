//! Webhooks to addresses that somebody else has chosen: signed by Standard Webhooks, and sent without letting them choose
//! a machine of ours. Addresses are judged after names are resolved, by the very list that is then connected to.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Method, Response, StatusCode, Url};

use crate::http::{build, builder, lost_call, retry_after};
use crate::outcome::{Failure, FailureKind};
use crate::standard_webhooks::{STANDARD, sign};

/// The longest whole call, its answer included.
pub const TIMEOUT: Duration = Duration::from_secs(20);
/// Most of an answer that is read; what it says does not matter.
pub const ANSWER_LIMIT_BYTES: usize = 8 * 1024;
/// Unused connections kept for each endpoint.
const IDLE_CONNECTIONS: usize = 4;
/// How long a busy endpoint is left alone when it does not say how long.
const DEFAULT_HOLD: Duration = Duration::from_secs(30);

/// How long an endpoint that does not allow us is left alone before it is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(300);
const REQUEST_ORIGIN: &str = "webhook-request-origin";
const ALLOWED_ORIGIN: &str = "webhook-allowed-origin";
const ALLOWED_RATE: &str = "webhook-allowed-rate";

/// Says which addresses may be connected to.
pub type MayReach = fn(IpAddr) -> bool;

/// Sends webhooks.
#[derive(Clone)]
pub struct WebhookSender {
    client: Client,
    may_reach: MayReach,
}

/// One webhook.
#[derive(Clone, Copy, Debug)]
pub struct Webhook<'a> {
    pub url: &'a str,
    /// The same for every attempt.
    pub id: &'a str,
    /// Of this attempt.
    pub timestamp_unix: i64,
    pub content_type: &'a str,
    pub body: &'a str,
    /// Each signs; the newest first.
    pub secrets: &'a [&'a str],
}

/// What came of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// None when there was no answer.
    pub status: Option<u16>,
    pub latency: Duration,
    pub outcome: Result<(), Failure>,
}

/// What came of asking an endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// None when there was no answer.
    pub status: Option<u16>,
    pub latency: Duration,
    /// Deliveries a minute that it allows; none when it names no number.
    pub outcome: Result<Option<f64>, Failure>,
}

impl Sent {
    /// Whether the endpoint wants nothing any more.
    pub fn is_gone(&self) -> bool {
        self.status == Some(StatusCode::GONE.as_u16())
    }
}

impl WebhookSender {
    /// # Errors
    /// When no TLS set-up can be built.
    pub fn new(may_reach: MayReach) -> Result<Self, Failure> {
        let client = build(|| {
            builder()
                .timeout(TIMEOUT)
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .dns_resolver(Guarded { may_reach })
        })?;
        Ok(Self { client, may_reach })
    }

    /// Sends one webhook and judges the answer: 2xx is success, a 4xx that no repetition can change is final, and
    /// everything else is worth another attempt.
    pub async fn send(&self, webhook: Webhook<'_>) -> Sent {
        let started = Instant::now();
        let (status, outcome) = match self.post(webhook).await {
            Ok(answer) => {
                let (status, headers) = (answer.status(), answer.headers().clone());
                drain(answer).await;
                (Some(status.as_u16()), judge(status, &headers))
            }
            Err(failure) => (None, Err(failure)),
        };
        Sent {
            status,
            latency: started.elapsed(),
            outcome,
        }
    }

    /// Asks an endpoint whether it wants to hear from `origin`, our own name (CloudEvents, HTTP 1.1 Web Hooks, 4.1). What
    /// it allows in a minute is kept to where it says so; we ask for no rate.
    pub async fn ask(&self, url: &str, origin: &str) -> Asked {
        let started = Instant::now();
        let (status, outcome) = match self.options(url, origin).await {
            Ok(answer) => {
                let (status, headers) = (answer.status(), answer.headers().clone());
                drain(answer).await;
                (Some(status.as_u16()), allowed(status, &headers, origin))
            }
            Err(failure) => (None, Err(failure)),
        };
        Asked {
            status,
            latency: started.elapsed(),
            outcome,
        }
    }

    async fn options(&self, url: &str, origin: &str) -> Result<Response, Failure> {
        let url = self.reachable(url)?;
        let call = self.client.request(Method::OPTIONS, url);
        let call = call.header(REQUEST_ORIGIN, origin);
        call.send().await.map_err(|error| lost(&error))
    }

    fn reachable(&self, url: &str) -> Result<Url, Failure> {
        let url = Url::parse(url)
            .map_err(|_| Failure::new(FailureKind::Refused, "the URL cannot be read"))?;
        // An address that is written out is never resolved, so it is judged here.
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse();
        if literal.is_ok_and(|address: IpAddr| !(self.may_reach)(address)) {
            return Err(closed());
        }
        Ok(url)
    }

    async fn post(&self, webhook: Webhook<'_>) -> Result<Response, Failure> {
        let url = self.reachable(webhook.url)?;
        let signature = sign(
            webhook.body.as_bytes(),
            webhook.id,
            webhook.timestamp_unix,
            webhook.secrets,
        );
        if signature.is_empty() {
            let detail = "there is no secret to sign with";
            return Err(Failure::new(FailureKind::Refused, detail));
        }
        let call = self
            .client
            .post(url)
            .header(CONTENT_TYPE, webhook.content_type)
            .header(STANDARD.id, webhook.id)
            .header(STANDARD.timestamp, webhook.timestamp_unix.to_string())
            .header(STANDARD.signature, signature)
            .body(webhook.body.to_owned());
        call.send().await.map_err(|error| lost(&error))
    }
}

/// Reads what little may be read, so that the connection can be used again.
async fn drain(mut answer: Response) {
    let mut left = ANSWER_LIMIT_BYTES;
    while let Ok(Some(chunk)) = answer.chunk().await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// What an endpoint allows: deliveries a minute, where it names a number. One that does not allow us may do so later, when
/// its owner has seen to it.
fn allowed(status: StatusCode, headers: &HeaderMap, origin: &str) -> Result<Option<f64>, Failure> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let named = text(ALLOWED_ORIGIN).unwrap_or_default().trim();
    let is_named = named == "*" || named.eq_ignore_ascii_case(origin);
    if !status.is_success() || !is_named {
        let detail = format!(
            "OPTIONS {}: it has to answer with {ALLOWED_ORIGIN}: {origin}",
            status.as_u16()
        );
        let wait = retry_after(headers).unwrap_or(ASK_AGAIN);
        return Err(Failure::new(FailureKind::NotSent, detail).with_retry_after(Some(wait)));
    }
    let rate = text(ALLOWED_RATE).and_then(|rate| rate.trim().parse().ok());
    Ok(rate.filter(|rate: &f64| rate.is_finite() && *rate > 0.0))
}

fn judge(status: StatusCode, headers: &HeaderMap) -> Result<(), Failure> {
    let asked = retry_after(headers);
    let fail = |kind, detail: String| Err(Failure::new(kind, detail));
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::GONE => fail(FailureKind::Refused, "410: it wants no more".to_owned()),
        // It was asked too often: that is no attempt, and nothing else goes there for a while.
        StatusCode::TOO_MANY_REQUESTS => {
            let failure = Failure::new(FailureKind::NotSent, "429: too many at once");
            Err(failure.with_retry_after(Some(asked.unwrap_or(DEFAULT_HOLD))))
        }
        // Not now, rather than not ever.
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_EARLY => {
            let detail = format!("{}: not yet accepted", status.as_u16());
            Err(Failure::new(FailureKind::Transient, detail).with_retry_after(asked))
        }
        status if status.is_client_error() => fail(
            FailureKind::Refused,
            format!("{}: it will not take this one", status.as_u16()),
        ),
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
            let detail = format!("{}: it is overloaded", status.as_u16());
            let failure = Failure::new(FailureKind::Transient, detail);
            Err(failure.with_retry_after(Some(asked.unwrap_or(DEFAULT_HOLD))))
        }
        status if status.is_redirection() => fail(
            FailureKind::Transient,
            format!("{}: redirects are not followed", status.as_u16()),
        ),
        status => {
            let detail = format!("{}: not accepted", status.as_u16());
            Err(Failure::new(FailureKind::Transient, detail).with_retry_after(asked))
        }
    }
}

/// A call that brought no answer. Somebody else's server being away is an attempt like any other: the schedule reckons
/// with it.
fn lost(error: &reqwest::Error) -> Failure {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(one) = cause {
        if one.is::<Closed>() {
            return closed();
        }
        cause = one.source();
    }
    let failure = lost_call(error);
    match failure.kind {
        FailureKind::NotSent => Failure::new(FailureKind::Transient, failure.detail),
        _ => failure,
    }
}

fn closed() -> Failure {
    Failure::new(FailureKind::Transient, Closed.to_string())
}

/// A name leads to addresses that may not be connected to, and to no others.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("its address is not public")
    }
}

impl std::error::Error for Closed {}

/// Resolves names as the system does, and keeps to itself what may not be reached.
pub(crate) struct Guarded {
    pub(crate) may_reach: MayReach,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let may_reach = self.may_reach;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let open: Vec<SocketAddr> = found.filter(|one| may_reach(one.ip())).collect();
            match open.is_empty() {
                true => Err(Closed.into()),
                false => Ok(Box::new(open.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    use super::{DEFAULT_HOLD, Webhook, WebhookSender, judge};
    use crate::outcome::FailureKind;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn answers_are_judged_by_the_table_of_standard_webhooks() {
        let none = HeaderMap::new();
        let mut later = HeaderMap::new();
        later.insert(RETRY_AFTER, HeaderValue::from_static("90"));
        let asked = Some(Duration::from_secs(90));
        let hold = Some(DEFAULT_HOLD);
        let table = [
            (200, &none, None),
            (204, &none, None),
            (301, &none, Some((FailureKind::Transient, None))),
            (400, &none, Some((FailureKind::Refused, None))),
            (401, &none, Some((FailureKind::Refused, None))),
            (404, &later, Some((FailureKind::Refused, None))),
            (408, &none, Some((FailureKind::Transient, None))),
            (409, &later, Some((FailureKind::Transient, asked))),
            (410, &none, Some((FailureKind::Refused, None))),
            (422, &none, Some((FailureKind::Refused, None))),
            (425, &none, Some((FailureKind::Transient, None))),
            (429, &none, Some((FailureKind::NotSent, hold))),
            (429, &later, Some((FailureKind::NotSent, asked))),
            (500, &none, Some((FailureKind::Transient, None))),
            (502, &none, Some((FailureKind::Transient, hold))),
            (503, &later, Some((FailureKind::Transient, asked))),
            (504, &none, Some((FailureKind::Transient, hold))),
        ];
        for (status, headers, expected) in table {
            let judged = judge(StatusCode::from_u16(status).unwrap(), headers);
            let told = judged
                .err()
                .map(|failure| (failure.kind, failure.retry_after));
            assert_eq!(told, expected, "{status}");
        }
    }

    /// Names are judged by what they lead to: no connection is made, so nobody need listen.
    #[tokio::test]
    async fn a_name_or_address_that_leads_to_this_machine_is_never_connected_to() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let sender = WebhookSender::new(|address| !address.to_canonical().is_loopback()).unwrap();
        for host in [
            "127.0.0.1",
            "localhost",
            "2130706433",
            "0x7f.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ] {
            let sent = sender
                .send(Webhook {
                    url: &format!("http://{host}:{port}/"),
                    id: "msg_1",
                    timestamp_unix: 1,
                    content_type: "application/json",
                    body: "{}",
                    secrets: &[SECRET],
                })
                .await;
            let detail = sent.outcome.unwrap_err().detail;
            assert_eq!(detail, "its address is not public", "{host}");
            assert!(listener.accept().is_err(), "{host}");
        }
    }
}
