//! An owner takes the whole business away, as one archive. Of people who have signed in only: a key that was lost is not to
//! carry a business off.

use std::io;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use commands::context::Context;
use domain::refusal::Refusal;
use futures_util::stream;
use identity::factors::Factor;
use identity::permissions::Permission;
use identity::principals::{Principal, PrincipalKind};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::principals::authenticate;
use super::problems;
use crate::app::App;
use crate::operations::audit::exports::require_signed;
use crate::operations::tenant_exports::Order;
use crate::operations::tenant_exports::archive::Piece;

/// What may stand behind the `?`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    #[serde(default)]
    dry_run: Option<Trial>,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Trial {
    True,
    False,
}

/// `POST /tenant-exports`
pub async fn post_tenant_export(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    principal.require(Permission::TenantsExport)?;
    require_person(&principal)?;
    principal.factor.require_fresh(Context::clock())?;
    let parameters = web::Query::<Parameters>::from_query(request.query_string())
        .map_err(|error| Refusal::malformed("parameters-invalid", error.to_string()))?;
    let place = app.tenant_exports.take_place()?;
    require_signed(&app.store, principal.tenant_id.as_str()).await?;
    let slug = app.dispatcher.find_tenant(&principal.tenant_id).await?;
    let slug = slug.slug.clone();
    let name = format!("{slug}-{}.tar", Context::clock().date());
    if parameters.dry_run == Some(Trial::True) {
        return Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(json!({ "file_name": name })));
    }
    let order = Order {
        tenant_id: principal.tenant_id,
        slug,
        principal: principal.id,
        patience: app.limits.body,
    };
    let store = app.store.clone();
    let pieces = app.tenant_exports.start(store, order, place).await?;
    // What ends before its end is broken off, so that nobody takes half of it for the whole.
    let body = stream::unfold(Some(pieces), |pieces| async move {
        let mut pieces = pieces?;
        match pieces.recv().await {
            Some(Piece::Bytes(bytes)) => Some((Ok(bytes), Some(pieces))),
            Some(Piece::End) => None,
            None => Some((Err(io::Error::from(io::ErrorKind::UnexpectedEof)), None)),
        }
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/x-tar"))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(body))
}

/// Refused with 403 `person-required`: a key, also a person's, is no one who could be asked.
fn require_person(principal: &Principal) -> Result<(), Refusal> {
    match (principal.kind, principal.factor) {
        (PrincipalKind::Person, Factor::Session { .. }) => Ok(()),
        _ => {
            let detail = "only a person who has signed in may take the business away";
            Err(Refusal::forbidden("person-required", detail))
        }
    }
}

/// The path's part of the API's description.
pub fn paths() -> Map<String, Value> {
    let problem = || json!({ "$ref": "#/components/responses/Problem" });
    let dry_run = json!({
        "name": "dry_run", "in": "query", "schema": { "type": "string", "enum": ["true", "false"] },
        "description": "Check whether it would be written, and answer its name",
    });
    let trial = json!({
        "type": "object", "required": ["file_name"], "properties": { "file_name": { "type": "string" } },
    });
    let operation = json!({
        "operationId": "export_tenant", "summary": "Take the whole business away", "tags": ["operations"],
        "x-permission": Permission::TenantsExport, "x-risk": "bulk", "x-fresh-factor": true,
        "description": "For an owner who has signed in, with a second factor from the last ten minutes; keys are refused. One \
            tar archive: in `events` every event with a manifest and the wrapped keys, as `rapport events import` reads them, \
            and `audit.ndjson`, which `rapport-verify` checks. What is personal stays sealed, and opens only in an installation \
            with the same root key. One at a time is written by a server; it is on record.",
        "parameters": [dry_run],
        "responses": {
            "200": { "description": "The archive; with dry_run its name", "content": {
                "application/x-tar": {}, "application/json": { "schema": trial } } },
            "400": problem(), "401": problem(), "403": problem(), "404": problem(), "409": problem(), "429": problem(),
            "503": problem(),
        },
    });
    Map::from_iter([("/tenant-exports".to_owned(), json!({ "post": operation }))])
}
