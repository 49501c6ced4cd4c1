//! Errors on the wire: RFC 9457 problems. The one place that maps an error to a status, and the one that logs an internal
//! one, with the request's id and nothing of it shown.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use domain::refusal::{Kind, Refusal};
use event_store::error::Error;
use serde_json::{Value, json};

/// How long to wait where too many are served already.
const TOO_MANY_RETRY_SECONDS: u64 = 5;

/// A problem as a handler's error. The request log fills in `instance`.
#[derive(Debug)]
pub struct Problem(pub Error);

pub type Answer = Result<HttpResponse, Problem>;

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: Into<Error>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        status(&self.0)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(seconds) = retry_after_seconds(&self.0) {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if let Error::Internal(source) = &self.0 {
            tracing::error!(error = %source, "internal error");
        }
        if self.status_code() == StatusCode::UNAUTHORIZED {
            response.insert_header(("www-authenticate", "Bearer"));
        }
        response
            .insert_header((CONTENT_TYPE, "application/problem+json"))
            .body(body(&self.0).to_string())
    }
}

/// When to come back, where that may help.
fn retry_after_seconds(error: &Error) -> Option<u64> {
    match error {
        Error::Busy { retry_after, .. } => Some(retry_after.as_secs().max(1)),
        Error::Refused(refusal) if refusal.kind == Kind::TooMany => Some(
            refusal
                .retry_after_seconds
                .unwrap_or(TOO_MANY_RETRY_SECONDS),
        ),
        _ => None,
    }
}

/// The status of an error.
pub fn status(error: &Error) -> StatusCode {
    match error {
        Error::Refused(refusal) if refusal.code == "body-too-large" => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        Error::Refused(refusal) if refusal.code == "headers-too-large" => {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        }
        Error::Refused(refusal) if refusal.code == "body-too-slow" => StatusCode::REQUEST_TIMEOUT,
        Error::Refused(refusal) if refusal.code == "method-not-allowed" => {
            StatusCode::METHOD_NOT_ALLOWED
        }
        Error::Refused(refusal) if refusal.code == "not-acceptable" => StatusCode::NOT_ACCEPTABLE,
        Error::Refused(refusal) if refusal.code == "content-type-unsupported" => {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        }
        Error::Refused(refusal) => match refusal.kind {
            Kind::Malformed => StatusCode::BAD_REQUEST,
            Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::Stale => StatusCode::PRECONDITION_FAILED,
            Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        },
        Error::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The problem's body; an internal error says only that it is one.
pub fn body(error: &Error) -> Value {
    let status = status(error);
    let title = status.canonical_reason().unwrap_or("Error");
    match error {
        Error::Refused(refusal) => {
            let mut problem = problem(&refusal.code, title, status, &refusal.detail);
            if !refusal.errors.is_empty() {
                problem["errors"] = json!(refusal.errors);
            }
            if !refusal.alternatives.is_empty() {
                problem["alternatives"] = json!(refusal.alternatives);
            }
            problem
        }
        Error::Busy { code, detail, .. } => problem(code, title, status, detail),
        Error::Internal(_) => problem(
            "internal-error",
            title,
            status,
            "something went wrong on our side; it has been noted under this instance",
        ),
    }
}

fn problem(code: &str, title: &str, status: StatusCode, detail: &str) -> Value {
    let instance = super::request_log::current_instance();
    json!({
        "type": format!("/problems/{code}"), "title": title, "status": status.as_u16(), "detail": detail,
        "instance": instance, "code": code,
    })
}

/// For paths that are no route.
pub async fn unknown_path(request: HttpRequest) -> Answer {
    let detail = format!(
        "there is nothing at {} {}; see /docs",
        request.method(),
        request.path()
    );
    Err(Refusal::not_found("path-unknown", detail).into())
}

/// For routes asked with another method than theirs.
pub async fn wrong_method(request: HttpRequest) -> Answer {
    let detail = format!(
        "{} is not a method of this path; see /docs",
        request.method()
    );
    Err(Refusal::malformed("method-not-allowed", detail).into())
}
