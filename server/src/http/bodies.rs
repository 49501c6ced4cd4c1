//! Requests as far as they may go: how large a head, and how large and how slow a body.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, web};
use domain::refusal::Refusal;

use crate::app::App;
use crate::connections::ClientLimits;

/// The largest head of a request, in bytes: its line, and its headers with what stands between them.
pub const HEAD_LIMIT_BYTES: usize = 16 * 1024;
/// Colon, space and line's end of each header.
const BETWEEN_BYTES: usize = 4;

/// Reads a body whole. Refused with 413 `body-too-large`, 408 `body-too-slow`, 400 `body-unreadable`.
pub async fn read(
    request: &HttpRequest,
    body: web::Payload,
    limit: usize,
) -> Result<web::Bytes, Refusal> {
    let app = request.app_data::<web::Data<App>>();
    let patience = app.map_or(ClientLimits::default().body, |app| app.limits.body);
    let reading = body.to_bytes_limited(limit);
    let Ok(read) = tokio::time::timeout(patience, reading).await else {
        let seconds = patience.as_secs();
        let detail = format!("the body did not come within {seconds} seconds");
        return Err(Refusal::malformed("body-too-slow", detail));
    };
    match read {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let detail = format!("the body could not be read: {error}");
            Err(Refusal::malformed("body-unreadable", detail))
        }
        Err(_) => {
            let detail = format!("the body is larger than {limit} bytes");
            Err(Refusal::malformed("body-too-large", detail))
        }
    }
}

/// Refused with 431 `headers-too-large`.
pub fn check_head(request: &ServiceRequest) -> Result<(), Refusal> {
    let line = request.uri().to_string().len();
    match line + size(request.headers()) > HEAD_LIMIT_BYTES {
        false => Ok(()),
        true => {
            let detail =
                format!("the request's line and headers have more than {HEAD_LIMIT_BYTES} bytes");
            Err(Refusal::malformed("headers-too-large", detail))
        }
    }
}

fn size(headers: &HeaderMap) -> usize {
    let sizes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + BETWEEN_BYTES);
    sizes.sum()
}
