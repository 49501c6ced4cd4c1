//! Queries over HTTP: JSON or CSV, with entity tags, and waiting to read one's own writes.

use actix_web::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use commands::answer::{parse_position, position_token};
use domain::refusal::Refusal;
use queries::ask::{Found, ask};
use queries::params::from_pairs;
use serde_json::{Map, Value};

use super::principals::{authenticate, header_text};
use super::{etags, problems, tables};
use crate::access::Read;
use crate::app::App;

const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8";

/// `GET /queries/{name}`; 304 where the caller knows what was found already.
pub async fn get_query(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    let params = parameters(&request)?;
    let read_after = read_after(&request)?;
    let id = params.get("id").and_then(Value::as_str).map(str::to_owned);
    let answer = ask(&app.store, &principal, &name, params, read_after).await?;
    let wants_csv =
        header_text(&request, ACCEPT.as_str()).is_some_and(|accept| accept.contains("text/csv"));
    let content_type = match &answer.found {
        Found::List { .. } if wants_csv => CSV,
        _ => JSON,
    };
    let how = match content_type {
        CSV => Read::Export,
        _ => Read::Shown(id.as_deref()),
    };
    let asker = (principal.tenant_id.as_str(), principal.id.as_str());
    app.access.note_read(asker, &name, how);
    let tag = etags::tag(&name, &answer.found, content_type)?;
    let is_known = header_text(&request, IF_NONE_MATCH.as_str())
        .is_some_and(|known| etags::matches(known, &tag));
    let mut response = match is_known {
        true => HttpResponse::NotModified(),
        false => HttpResponse::Ok(),
    };
    response
        .insert_header((ETAG, tag))
        .insert_header(("cache-control", "private, no-cache"))
        .insert_header(("vary", "accept, authorization"))
        .insert_header(("x-position", position_token(answer.as_of)));
    if is_known {
        return Ok(response.finish());
    }
    let body = match &answer.found {
        Found::List { items, .. } if wants_csv => tables::to_csv(items)?,
        _ => serde_json::to_string(&answer)?,
    };
    response.insert_header((CONTENT_TYPE, content_type));
    if content_type == CSV {
        response.insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.csv\""),
        ));
        if let Found::List {
            next_cursor: Some(cursor),
            ..
        } = &answer.found
        {
            response.insert_header(("X-Next-Cursor", cursor.as_str()));
        }
    }
    Ok(response.body(body))
}

pub(super) fn parameters(request: &HttpRequest) -> Result<Map<String, Value>, Refusal> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string())
        .map_err(|error| Refusal::malformed("parameters-malformed", error.to_string()))?;
    from_pairs(
        pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    )
}

fn read_after(request: &HttpRequest) -> Result<Option<i64>, Refusal> {
    let Some(token) = header_text(request, "x-read-after") else {
        return Ok(None);
    };
    parse_position(token).map(Some).ok_or_else(|| {
        Refusal::malformed(
            "header-invalid",
            "X-Read-After is a position as a command's X-Position gave it",
        )
    })
}
