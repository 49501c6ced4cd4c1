//! The one way in which a call of any provider's API goes wrong: before its effect, after it, or while its answer is on
//! the way, byte by byte.

use std::io;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Value, json};

use crate::sandbox::connections;
use crate::sandbox::faults::{CallFault, CallFaultKind, ConnectionFault};
use crate::sandbox::limits::Left;
use crate::sandbox::providers::Provider;
use crate::sandbox::store::Shared;

/// Bytes of one piece of a dripping answer.
const DRIP_BYTES: usize = 16;
/// Between the half of a torn answer and its end, so that the half is on its way.
const TEAR_PAUSE: Duration = Duration::from_millis(50);

/// What one call has to go through; nothing, as a rule.
pub(super) struct Trial {
    provider: Provider,
    fault: Option<CallFault>,
    left: Option<Left>,
}

impl Trial {
    /// Takes the order that fits this call, if there is one.
    pub(super) fn take(shared: &Shared, provider: Provider, account: &str, path: &str) -> Trial {
        Trial {
            provider,
            fault: shared.faults().take_call(provider, account, path),
            left: shared.limits().count(provider, account, Instant::now()),
        }
    }

    /// What goes wrong before the effect: the answer of a call that is over, or `None` when it goes on.
    pub(super) async fn before(&self, request: &HttpRequest) -> Option<HttpResponse> {
        if self.left.is_some_and(|left| left.remaining.is_none()) {
            let response = HttpResponse::TooManyRequests().json(error_body(self.provider, 429));
            return Some(self.with_limits(response));
        }
        let fault = self.fault.as_ref()?;
        if fault.is_after_effect() {
            return None;
        }
        self.suffer(request, fault).await
    }

    /// What goes wrong after the effect.
    pub(super) async fn after(self, request: &HttpRequest, response: HttpResponse) -> HttpResponse {
        let response = self.with_limits(response);
        let Some(fault) = self.fault.as_ref().filter(|fault| fault.is_after_effect()) else {
            return response;
        };
        match fault.status {
            CallFaultKind::Connection(ConnectionFault::Truncate) => torn(response),
            CallFaultKind::Connection(ConnectionFault::Drip) => {
                dripping(response, Duration::from_millis(fault.hang_ms))
            }
            _ => self.suffer(request, fault).await.unwrap_or(response),
        }
    }

    /// Says what is left, in the words of the provider and in those of everybody (RateLimit headers of the IETF's draft).
    fn with_limits(&self, mut response: HttpResponse) -> HttpResponse {
        let Some(left) = self.left else {
            return response;
        };
        let remaining = left.remaining.unwrap_or(0);
        let mut texts = vec![
            ("ratelimit-limit", left.requests.to_string()),
            ("ratelimit-remaining", remaining.to_string()),
            ("ratelimit-reset", left.reset_seconds().to_string()),
        ];
        match self.provider {
            Provider::OpenAi => {
                texts.push(("x-ratelimit-remaining-requests", remaining.to_string()));
                texts.push((
                    "x-ratelimit-reset-requests",
                    format!("{}ms", left.reset.as_millis()),
                ));
            }
            Provider::Anthropic => {
                texts.push((
                    "anthropic-ratelimit-requests-remaining",
                    remaining.to_string(),
                ));
            }
            _ => {}
        }
        if left.remaining.is_none() {
            texts.push(("retry-after", left.reset_seconds().to_string()));
        }
        for (name, text) in texts {
            if let Ok(value) = HeaderValue::from_str(&text) {
                response
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
        }
        response
    }

    async fn suffer(&self, request: &HttpRequest, fault: &CallFault) -> Option<HttpResponse> {
        match fault.status {
            CallFaultKind::Connection(ConnectionFault::Hang) => {
                tokio::time::sleep(Duration::from_millis(fault.hang_ms)).await;
                None
            }
            CallFaultKind::Connection(_) => {
                connections::shut(request);
                Some(HttpResponse::BadGateway().finish())
            }
            CallFaultKind::Status(status) => {
                let code =
                    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = HttpResponse::build(code);
                if let Some(seconds) = fault.retry_after_seconds {
                    response.insert_header((RETRY_AFTER, seconds));
                }
                if let Some(verdict) = fault.should_retry {
                    let name = match self.provider {
                        Provider::Stripe => "Stripe-Should-Retry",
                        _ => "x-should-retry",
                    };
                    response.insert_header((name, verdict.to_string()));
                }
                Some(response.json(error_body(self.provider, status)))
            }
        }
    }
}

/// An ordered failure in the provider's own shape.
fn error_body(provider: Provider, status: u16) -> Value {
    const MESSAGE: &str = "Ordered from the sandbox.";
    match provider {
        Provider::Stripe => {
            let (kind, code) = match status {
                429 => ("invalid_request_error", "rate_limit"),
                _ => ("api_error", "sandbox_fault"),
            };
            json!({"error": {"type": kind, "code": code, "message": MESSAGE}})
        }
        Provider::Twilio => {
            json!({"code": 20_000 + u32::from(status), "message": MESSAGE, "status": status,
            "more_info": "https://www.twilio.com/docs/errors"})
        }
        Provider::RingCentral => {
            let code = match status {
                401 => "OAU-213",
                403 => "CMN-401",
                429 => "CMN-301",
                500.. => "CMN-201",
                _ => "CMN-101",
            };
            json!({"errorCode": code, "message": MESSAGE, "errors": []})
        }
        Provider::WhatsApp => {
            let code = match status {
                401 => 190,
                429 => 130_429,
                _ => 131_000,
            };
            json!({"error": {"message": MESSAGE, "type": "OAuthException", "code": code, "fbtrace_id": "sandbox"}})
        }
        Provider::Email => json!({"error": MESSAGE}),
        Provider::Resend => {
            let name = match status {
                401 => "missing_api_key",
                429 => "rate_limit_exceeded",
                500.. => "internal_server_error",
                _ => "validation_error",
            };
            json!({"statusCode": status, "name": name, "message": MESSAGE})
        }
        Provider::OpenAi => {
            let kind = match status {
                401 => "authentication_error",
                429 => "rate_limit_exceeded",
                500.. => "server_error",
                _ => "invalid_request_error",
            };
            json!({"error": {"message": MESSAGE, "type": kind, "param": null, "code": null}})
        }
        Provider::Anthropic => {
            let kind = match status {
                401 => "authentication_error",
                403 => "permission_error",
                429 => "rate_limit_error",
                529 => "overloaded_error",
                500.. => "api_error",
                _ => "invalid_request_error",
            };
            json!({"type": "error", "error": {"type": kind, "message": MESSAGE}})
        }
    }
}

/// The head of an answer with its whole length, half of its body, and then the end of the connection.
fn torn(response: HttpResponse) -> HttpResponse {
    rebuilt(response, |body| {
        let half = body.slice(..body.len() / 2);
        stream::once(async move { Ok(half) }).chain(stream::once(async {
            tokio::time::sleep(TEAR_PAUSE).await;
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        }))
    })
}

fn dripping(response: HttpResponse, pause: Duration) -> HttpResponse {
    rebuilt(response, move |body| {
        let pieces = (0..body.len()).step_by(DRIP_BYTES);
        let pieces: Vec<Bytes> = pieces
            .map(|start| body.slice(start..body.len().min(start + DRIP_BYTES)))
            .collect();
        stream::iter(pieces).then(move |piece| async move {
            tokio::time::sleep(pause).await;
            Ok(piece)
        })
    })
}

fn rebuilt<S>(response: HttpResponse, make: impl FnOnce(Bytes) -> S) -> HttpResponse
where
    S: Stream<Item = Result<Bytes, io::Error>> + 'static,
{
    let (head, body) = response.into_parts();
    let Ok(body) = body.try_into_bytes() else {
        return HttpResponse::InternalServerError().body("The answer cannot be taken apart.");
    };
    let mut again = HttpResponse::build(head.status());
    for (name, value) in head.headers() {
        again.append_header((name.clone(), value.clone()));
    }
    let length = body.len() as u64;
    again.no_chunking(length).streaming(make(body))
}
