//! One line per request, with ids and no personal data: method, route (not path, which may hold ids of people), status,
//! time, tenant and principal.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use uuid::Uuid;

use super::oauth::challenges;
use super::problems::Problem;
use super::{bodies, headers};
use crate::access;
use crate::app::App;
use crate::connections::{Answer, Place};

tokio::task_local! {
    static REQUEST_ID: String;
}

/// Who was found to be asking; handlers put it into the request for the log.
#[derive(Clone, Default)]
pub struct Asker {
    pub tenant_id: String,
    pub principal: String,
}

/// The instance of a problem: the request it came from.
pub fn current_instance() -> Option<String> {
    REQUEST_ID.try_with(|id| format!("urn:uuid:{id}")).ok()
}

/// Wraps every request: gives it an id, answers with it, writes the line.
pub async fn log_request<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Answer>, Error> {
    let id = Uuid::now_v7().to_string();
    let started = Instant::now();
    let method = request.method().clone();
    let answering = request.conn_data::<Place>().map(Place::answering);
    let mut response = REQUEST_ID.scope(id.clone(), answer(request, next)).await?;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("x-request-id"), value);
    }
    let path = response.request().path().to_owned();
    let public_url = response
        .request()
        .app_data::<web::Data<App>>()
        .map(|app| app.public_url.clone())
        .unwrap_or_default();
    challenges::challenge(&mut response);
    headers::harden(response.headers_mut(), &path, &public_url);
    let route = response
        .request()
        .match_pattern()
        .unwrap_or_else(|| "unknown".to_owned());
    access::note_answer(&response, &route);
    let status = response.status().as_u16();
    let asker = response
        .request()
        .extensions()
        .get::<Asker>()
        .cloned()
        .unwrap_or_default();
    let elapsed = started.elapsed();
    metrics::histogram!("rapport_http_request_seconds", "route" => route.clone(), "status" => status.to_string())
        .record(elapsed.as_secs_f64());
    let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let Asker {
        tenant_id,
        principal,
    } = asker;
    tracing::info!(target: "rapport::request", request_id = id, %method, route, status, elapsed_us, tenant_id, principal, "request");
    Ok(response.map_body(|_, body| Answer::new(body, answering)))
}

/// The handler's answer, or the refusal of a head that is too large for any.
async fn answer<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match bodies::check_head(&request) {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(refusal) => {
            let problem = Problem(refusal.into());
            Ok(request.into_response(HttpResponse::from_error(problem)))
        }
    }
}
