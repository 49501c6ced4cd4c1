//! One command for many in the background: the ids of a list's filter are gathered here, as whoever asks may see them; the
//! rest is `start-bulk-run`. A repetition under the same key finds the run that there is, whatever the filter shows by now.

use actix_web::{HttpRequest, HttpResponse, web};
use commands::answer::position_token;
use commands::bulk_runs::{ALLOWED, Allowed, find};
use commands::context::Context;
use commands::dispatch::{MAX_KEY_LENGTH, Request, Run};
use cqrs_es::Aggregate;
use domain::bulk_runs::{BulkRun, MAX_RECORDS};
use domain::refusal::Refusal;
use event_store::error::Error;
use identity::permissions::Permission;
use queries::ask::{Found, ask};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::bulk::key_of;
use super::commands::{context_of, parse_json, read_json, send};
use super::principals::authenticate;
use super::{COMMAND_LIMIT_BYTES, problems};
use crate::app::App;

/// Records of one page while a filter's are gathered.
const PAGE: u16 = 200;
/// The namespace of runs' ids; it must never change.
const RUN_NAMESPACE: Uuid = Uuid::from_u128(0x7261_7070_6f72_745f_6275_6c6b_0000_0002);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunRequest {
    command: String,
    /// What the command has beside the id.
    #[serde(default)]
    body: Map<String, Value>,
    /// Parameters of the list that shows them.
    #[serde(default)]
    filter: Map<String, Value>,
}

/// `POST /bulk-runs`
pub async fn post_bulk_run(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    principal.require(Permission::CustomersRead)?;
    let body = read_json(&request, body, COMMAND_LIMIT_BYTES).await?;
    let asked: RunRequest = serde_json::from_value(parse_json(&body)?).map_err(|error| {
        let detail = format!("{{command, body, filter}} is asked for: {error}");
        Refusal::malformed("bulk-malformed", detail)
    })?;
    let key = key_of(&request)?.to_owned();
    let allowed = find(&asked.command)?;
    let ctx = context_of(&request, principal)?;
    let run_id = run_id(&ctx, &key);
    let stream = (BulkRun::TYPE, run_id.as_str());
    let known = app.store.read_stream(ctx.tenant_id(), stream, 0).await?;
    if !known.is_empty() {
        return Ok(HttpResponse::Ok().json(json!({ "run_id": run_id, "position": null })));
    }
    let ids = gather(&app, &ctx, allowed, asked.filter).await?;
    let start = Request {
        ctx,
        name: "start-bulk-run".to_owned(),
        body: json!({ "run_id": run_id, "command": asked.command, "body": asked.body, "ids": ids }),
        key: Some(format!("bulk-run:{run_id}")),
        run: Run::Real,
    };
    let answer = send(&app, &start).await?;
    let position = answer.position.map(position_token);
    Ok(HttpResponse::Ok().json(json!({ "run_id": run_id, "position": position })))
}

/// The run that this key of this principal's began, or would.
fn run_id(ctx: &Context, key: &str) -> String {
    let name = format!("{}\n{}\n{key}", ctx.tenant_id(), ctx.principal.id);
    Uuid::new_v5(&RUN_NAMESPACE, name.as_bytes()).to_string()
}

/// All that match, page by page; refused where there are too many for one run.
async fn gather(
    app: &App,
    ctx: &Context,
    allowed: &Allowed,
    mut filter: Map<String, Value>,
) -> Result<Vec<String>, Error> {
    filter.insert("limit".to_owned(), PAGE.into());
    let mut ids: Vec<String> = Vec::new();
    loop {
        let answer = ask(
            &app.store,
            &ctx.principal,
            allowed.list,
            filter.clone(),
            None,
        )
        .await?;
        let Found::List { items, next_cursor } = answer.found else {
            return Err(Error::internal("a list that is none"));
        };
        let id = |item: &Value| item[allowed.field].as_str().map(str::to_owned);
        ids.extend(items.iter().filter_map(id));
        if ids.len() > MAX_RECORDS {
            let detail = format!("more than {MAX_RECORDS} match; narrow the filter");
            return Err(Refusal::invalid("bulk-size-invalid", detail).into());
        }
        match next_cursor {
            Some(cursor) => filter.insert("cursor".to_owned(), cursor.into()),
            None => return Ok(ids),
        };
    }
}

/// The path's part of the API's description.
pub fn paths() -> Map<String, Value> {
    let problem = || json!({ "$ref": "#/components/responses/Problem" });
    let names: Vec<&str> = ALLOWED.iter().map(|one| one.command).collect();
    let any = json!({ "type": "object", "additionalProperties": true });
    let asked = json!({
        "type": "object", "additionalProperties": false, "required": ["command"],
        "properties": { "command": { "type": "string", "enum": names }, "body": any, "filter": any },
    });
    let answer = json!({
        "type": "object", "required": ["run_id", "position"],
        "properties": { "run_id": { "type": "string" }, "position": { "type": ["string", "null"] } },
    });
    let key = json!({
        "name": "Idempotency-Key", "in": "header", "required": true,
        "schema": { "type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH },
    });
    let operation = json!({
        "operationId": "start_bulk_run_by_filter", "summary": "Start a bulk run for all that match", "tags": ["commands"],
        "x-risk": "bulk",
        "description": "Begins a run in the background for all of a list that match a filter, 5,000 at most. The same key \
            again answers the same run. The query bulk-run shows how far it is. For ids, send start-bulk-run.",
        "parameters": [key],
        "requestBody": { "required": true, "content": { "application/json": { "schema": asked } } },
        "responses": {
            "200": { "description": "The run", "content": { "application/json": { "schema": answer } } },
            "400": problem(), "401": problem(), "403": problem(), "409": problem(), "413": problem(), "415": problem(),
            "422": problem(), "429": problem(),
        },
    });
    Map::from_iter([("/bulk-runs".to_owned(), json!({ "post": operation }))])
}
