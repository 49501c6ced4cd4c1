//! One command for many: over a list of ids, or over a page of all that match a filter. Each is a command of its own under a
//! key of its own, so the same request again changes nothing twice, and the answer tells of each that did not go.

use actix_web::{HttpRequest, HttpResponse, web};
use commands::approvals::bulk::{self, Bulk};
use commands::bulk_runs::{ALLOWED, Allowed, find};
use commands::context::Context;
use commands::dispatch::{MAX_KEY_LENGTH, Request, Run};
use commands::registry;
use domain::refusal::{Kind, Refusal};
use event_store::error::Error;
use futures_util::stream::{self, StreamExt};
use queries::ask::{Found, ask};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::commands::{context_of, parse_json, read_json, send};
use super::principals::{authenticate, header_text};
use super::rates::Class;
use super::{COMMAND_LIMIT_BYTES, problems};
use crate::app::App;

/// The most ids of one request.
pub const MAX_IDS: usize = 1_000;
/// Commands under way at once.
const AT_ONCE: usize = 8;
/// The most that one request takes of a filter; the answer's `next_cursor` leads on.
const MAX_MATCHES: u16 = 200;
/// The namespace of the keys of items; it must never change.
const KEY_NAMESPACE: Uuid = Uuid::from_u128(0x7261_7070_6f72_745f_6275_6c6b_0000_0001);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BulkRequest {
    command: String,
    /// What the command has beside the id.
    #[serde(default)]
    body: Map<String, Value>,
    #[serde(default)]
    ids: Option<Vec<String>>,
    /// Parameters of the list that shows them.
    #[serde(default)]
    filter: Option<Map<String, Value>>,
    /// The `next_cursor` of the answer before.
    #[serde(default)]
    cursor: Option<String>,
}

/// What became of all of them.
#[derive(Serialize)]
struct BulkAnswer {
    done: usize,
    /// All was as asked already.
    skipped: usize,
    failed: Vec<Failed>,
    /// There are more that match: send the same with this cursor.
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Failed {
    id: String,
    code: String,
    detail: String,
    /// Whether the same may well go another time.
    retry: bool,
}

/// One allowed command, as the request has it.
struct Order<'r> {
    name: &'static str,
    field: &'static str,
    list: &'static str,
    key: &'r str,
    body: Map<String, Value>,
}

enum Went {
    Done,
    Skipped,
    Failed(Failed),
}

/// An answer, as far as it is of interest here.
#[derive(Deserialize)]
struct Appended {
    events: Vec<Value>,
}

/// `POST /bulk`
pub async fn post_bulk(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    let body = read_json(&request, body, COMMAND_LIMIT_BYTES).await?;
    let asked: BulkRequest = serde_json::from_value(parse_json(&body)?).map_err(|error| {
        let detail = format!("{{command, body, ids or filter, cursor}} is asked for: {error}");
        Refusal::malformed("bulk-malformed", detail)
    })?;
    let key = key_of(&request)?;
    let order = order_of(&asked, key)?;
    let command = registry::find(order.name).ok_or_else(|| Error::internal("no such command"))?;
    principal.require(command.permission)?;
    let ctx = context_of(&request, principal)?;
    let (ids, next_cursor) = match (asked.ids, asked.filter) {
        (Some(ids), None) if asked.cursor.is_none() => (ids, None),
        (None, Some(filter)) => matching(&app, &ctx, &order, (filter, asked.cursor)).await?,
        _ => {
            let detail = "name either ids or a filter; a cursor goes with a filter";
            return Err(Refusal::malformed("bulk-malformed", detail).into());
        }
    };
    if ids.len() > MAX_IDS {
        let detail = format!("at most {MAX_IDS} ids at once");
        return Err(Refusal::malformed("bulk-too-long", detail).into());
    }
    let approval_id = header_text(&request, "x-approval-id");
    require_leave(&app, &ctx, (&order, &ids, approval_id)).await?;
    // The first was counted with the request.
    let others = u32::try_from(ids.len().saturating_sub(1)).unwrap_or(u32::MAX);
    app.rates.take(&ctx.principal, Class::Write, others)?;
    let mut answer = BulkAnswer {
        done: 0,
        skipped: 0,
        failed: Vec::new(),
        next_cursor,
    };
    let (app, ctx, order) = (&app, &ctx, &order);
    let mut went = stream::iter(ids)
        .map(async |id| run(app, ctx, order, id).await)
        .buffered(AT_ONCE);
    while let Some(went) = went.next().await {
        match went {
            Went::Done => answer.done += 1,
            Went::Skipped => answer.skipped += 1,
            Went::Failed(failed) => answer.failed.push(failed),
        }
    }
    Ok(HttpResponse::Ok().json(answer))
}

pub(super) fn key_of(request: &HttpRequest) -> Result<&str, Refusal> {
    let key = header_text(request, "idempotency-key").unwrap_or_default();
    if key.is_empty() {
        let detail = "send an Idempotency-Key, so that a repetition changes nothing twice";
        return Err(Refusal::malformed("idempotency-key-missing", detail));
    }
    if key.len() > MAX_KEY_LENGTH {
        let detail = format!("a key has at most {MAX_KEY_LENGTH} visible ASCII characters");
        return Err(Refusal::malformed("idempotency-key-invalid", detail));
    }
    Ok(key)
}

fn order_of<'r>(asked: &BulkRequest, key: &'r str) -> Result<Order<'r>, Refusal> {
    let &Allowed {
        command: name,
        field,
        list,
        ..
    } = find(&asked.command)?;
    if asked.body.contains_key(field) {
        let detail = format!("{field} is filled in for each; leave it out of body");
        return Err(Refusal::malformed("bulk-malformed", detail));
    }
    Ok(Order {
        name,
        field,
        list,
        key,
        body: asked.body.clone(),
    })
}

/// What agents may do to many at once, their tenant says. Where a person has to agree, it is to these very ids, never to a
/// list that changes meanwhile.
async fn require_leave(
    app: &App,
    ctx: &Context,
    (order, ids, approval_id): (&Order<'_>, &[String], Option<&str>),
) -> Result<(), Error> {
    let body = Value::Object(order.body.clone());
    let bulk = Bulk {
        command: order.name,
        body: &body,
        ids,
        key: order.key,
        approval_id,
    };
    bulk::require_leave(&app.dispatcher, ctx, bulk).await
}

/// One page of those that match, as whoever asks may see them.
async fn matching(
    app: &App,
    ctx: &Context,
    order: &Order<'_>,
    (mut filter, cursor): (Map<String, Value>, Option<String>),
) -> Result<(Vec<String>, Option<String>), Error> {
    filter.insert("limit".to_owned(), MAX_MATCHES.into());
    if let Some(cursor) = cursor {
        filter.insert("cursor".to_owned(), cursor.into());
    }
    let answer = ask(&app.store, &ctx.principal, order.list, filter, None).await?;
    let Found::List { items, next_cursor } = answer.found else {
        return Err(Error::internal("a list that is none"));
    };
    let id = |item: &Value| item[order.field].as_str().map(str::to_owned);
    Ok((items.iter().filter_map(id).collect(), next_cursor))
}

async fn run(app: &App, ctx: &Context, order: &Order<'_>, id: String) -> Went {
    let mut body = order.body.clone();
    body.insert(order.field.to_owned(), id.clone().into());
    let key = format!("{}\n{id}", order.key);
    let request = Request {
        ctx: Context {
            command_id: Uuid::now_v7().to_string(),
            if_match: None,
            ..ctx.clone()
        },
        name: order.name.to_owned(),
        body: body.into(),
        key: Some(format!(
            "bulk:{}",
            Uuid::new_v5(&KEY_NAMESPACE, key.as_bytes())
        )),
        run: Run::Real,
    };
    match send(app, &request).await {
        Ok(answer) => match serde_json::from_str::<Appended>(&answer.body) {
            Ok(appended) if appended.events.is_empty() => Went::Skipped,
            _ => Went::Done,
        },
        Err(error) => {
            let principal = &ctx.principal;
            let asker = (principal.tenant_id.as_str(), principal.id.as_str());
            app.access.note_refused(asker, order.name, &error);
            Went::Failed(Failed::of(id, &error))
        }
    }
}

impl Failed {
    fn of(id: String, error: &Error) -> Self {
        let problem = problems::body(error);
        let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        let retry = match error {
            Error::Refused(refusal) => refusal.kind == Kind::TooMany,
            _ => true,
        };
        Self {
            id,
            code: text("code"),
            detail: text("detail"),
            retry,
        }
    }
}

/// The path's part of the API's description.
pub fn paths() -> Map<String, Value> {
    let problem = || json!({ "$ref": "#/components/responses/Problem" });
    let names: Vec<&str> = ALLOWED.iter().map(|one| one.command).collect();
    let any = json!({ "type": "object", "additionalProperties": true });
    let text = json!({ "type": "string" });
    let cursor = json!({ "type": ["string", "null"] });
    let count = json!({ "type": "integer", "minimum": 0 });
    let asked = json!({
        "type": "object", "additionalProperties": false, "required": ["command"],
        "properties": {
            "command": { "type": "string", "enum": names },
            "body": any, "filter": any, "cursor": text,
            "ids": { "type": "array", "items": text, "maxItems": MAX_IDS },
        },
    });
    let failed = json!({
        "type": "object", "required": ["id", "code", "detail", "retry"],
        "properties": { "id": text, "code": text, "detail": text, "retry": { "type": "boolean" } },
    });
    let answer = json!({
        "type": "object", "required": ["done", "skipped", "failed", "next_cursor"],
        "properties": { "done": count, "skipped": count, "failed": { "type": "array", "items": failed }, "next_cursor": cursor },
    });
    let key = json!({
        "name": "Idempotency-Key", "in": "header", "required": true,
        "schema": { "type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH },
    });
    let approval = json!({
        "name": "X-Approval-Id", "in": "header", "required": false, "schema": text,
        "description": "The approval that a person has given to exactly this: for agents, where their business wants one.",
    });
    let operation = json!({
        "operationId": "bulk", "summary": "Send one command for many", "tags": ["commands"], "x-risk": "bulk",
        "description": "For up to 1,000 ids, or for all that match a filter, 200 at a time: send the same again with the \
            next_cursor of the answer. Each is a command of its own; one that does not go keeps none of the others from going.",
        "parameters": [key, approval],
        "requestBody": { "required": true, "content": { "application/json": { "schema": asked } } },
        "responses": {
            "200": { "description": "What became of them", "content": { "application/json": { "schema": answer } } },
            "400": problem(), "401": problem(), "403": problem(), "413": problem(), "415": problem(), "422": problem(),
            "429": problem(),
        },
    });
    Map::from_iter([("/bulk".to_owned(), json!({ "post": operation }))])
}
