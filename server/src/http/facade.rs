//! The paths that existing clients call (`/api/…`, and webhooks that name no tenant): the same commands and queries, with their manners. Unknown fields are
//! ignored, a missing idempotency key is made up, answers are bare. They hold no rules of their own.

use actix_web::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use commands::answer::position_token;
use commands::dispatch::{Request, Run};
use domain::refusal::{Kind, Refusal};
use domain::tenants::openings;
use identity::factors::Factor;
use identity::permissions::{Permission, PermissionSet};
use identity::principals::{Principal, PrincipalKind};
use identity::rates::Rate;
use identity::roles::Role;
use queries::ask::{Found, ask};
use queries::{bound, registry as query_registry};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::commands::{context_of, parse_json, read_json, send};
use super::principals::{authenticate, authenticate_key, header_text};
use super::queries::parameters;
use super::{COMMAND_LIMIT_BYTES, problems, webhooks};
use crate::app::App;

/// The table of routes.
pub(super) const COMMANDS: [&str; 2] = ["create-booking", "send-message"];
pub(super) const QUERIES: [&str; 1] = ["availability"];
pub(super) const WEBHOOKS: [&str; 2] = ["stripe", "ringcentral"];

/// What a caller without a credential may do, where the tenant lets such callers in.
const OPEN: PermissionSet =
    PermissionSet::of(&[Permission::BookingsRead, Permission::BookingsWrite]);
/// As whom such a caller is recorded.
const OPEN_ID: &str = "facade:open";
/// What says that the peer's address is not the caller's.
const FORWARDED: [&str; 2] = ["forwarded", "x-forwarded-for"];
const ALLOWED_HEADERS: &str = "authorization, content-type, idempotency-key, x-api-key";
const PREFLIGHT_SECONDS: &str = "600";

/// `POST /api/commands/{name}`
pub async fn post_command(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    if !COMMANDS.contains(&name.as_str()) {
        return problems::unknown_path(request).await;
    }
    let caller = sign_in(&app, &request).await?;
    let body = parse_json(&read_json(&request, body, COMMAND_LIMIT_BYTES).await?)?;
    let body = match commands::registry::find(&name) {
        Some(command) => {
            let schema = command.json_schema()?;
            known_fields(schema, schema, body)
        }
        None => body,
    };
    let key = header_text(&request, "idempotency-key").map(str::to_owned);
    let command = Request {
        ctx: context_of(&request, caller.principal)?,
        name: name.into_inner(),
        body,
        key: key.or_else(|| Some(Uuid::now_v7().to_string())),
        run: Run::Real,
    };
    let answer = send(&app, &command).await?;
    let body: Value = serde_json::from_str(&answer.body)?;
    let mut response = respond(caller.origin);
    if let Some(position) = answer.position {
        response.insert_header(("X-Position", position_token(position)));
    }
    Ok(response.body(with_result_on_top(body).to_string()))
}

/// `GET /api/queries/{name}`
pub async fn get_query(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
) -> problems::Answer {
    let query = query_registry::find(&name).filter(|_| QUERIES.contains(&name.as_str()));
    let Some(query) = query else {
        return problems::unknown_path(request).await;
    };
    let caller = sign_in(&app, &request).await?;
    let mut params = parameters(&request)?;
    params.retain(|name, _| query.params_schema["properties"].get(name).is_some());
    let answer = ask(&app.store, &caller.principal, &name, params, None).await?;
    let body = match answer.found {
        Found::List { items, .. } => Value::Array(items),
        Found::One(item) => item,
    };
    Ok(respond(caller.origin).body(body.to_string()))
}

/// `POST /webhooks/{provider}`: for the tenant that the host is bound to.
pub async fn post_webhook(
    app: web::Data<App>,
    request: HttpRequest,
    provider: web::Path<String>,
    body: web::Payload,
) -> problems::Answer {
    if !WEBHOOKS.contains(&provider.as_str()) {
        return problems::unknown_path(request).await;
    }
    let host = header_text(&request, HOST.as_str()).unwrap_or_default();
    let bound = bound::find(&app.store, host).await?.ok_or_else(|| {
        let detail = "no tenant is bound to this path; set its webhook_alias, or name it: /webhooks/{tenant}/{provider}";
        Refusal::not_found("webhook-unbound", detail)
    })?;
    webhooks::take_in(&app, &request, (&bound.slug, provider.into_inner()), body).await
}

/// `OPTIONS /api/…`: what a browser asks before it calls from another origin.
pub async fn preflight(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let origin = match bound_to(&app, &request).await? {
        Some((_, openings)) => listed_origin(&request, &openings),
        None => None,
    };
    let mut response = HttpResponse::NoContent();
    if let Some(origin) = origin {
        response
            .insert_header(("access-control-allow-origin", origin))
            .insert_header(("access-control-allow-methods", "GET, POST"))
            .insert_header(("access-control-allow-headers", ALLOWED_HEADERS))
            .insert_header(("access-control-max-age", PREFLIGHT_SECONDS));
    }
    Ok(response.insert_header(("vary", "origin")).finish())
}

/// Who calls, and the origin that may read the answer.
struct Caller {
    principal: Principal,
    origin: Option<String>,
}

/// By bearer key, by `x-api-key`, or by where the call comes from.
async fn sign_in(app: &App, request: &HttpRequest) -> Result<Caller, problems::Problem> {
    let bound = bound_to(app, request).await?;
    let listed = |openings: &[String]| listed_origin(request, openings);
    let origin = bound.as_ref().and_then(|(_, openings)| listed(openings));
    if let Some(key) = header_text(request, "x-api-key") {
        let principal = authenticate_key(app, request, key).await?;
        return Ok(Caller { principal, origin });
    }
    if header_text(request, "authorization").is_none()
        && let Some((tenant, openings)) = bound
        && (origin.is_some() || comes_from_open_address(request, &openings))
    {
        app.store.directory.require_active(&tenant.tenant_id)?;
        let principal = Principal {
            tenant_id: tenant.tenant_id,
            id: OPEN_ID.to_owned(),
            kind: PrincipalKind::Service,
            label: "open façade".to_owned(),
            role: Role::AiAgent,
            permissions: Role::AiAgent.permissions().intersection(OPEN),
            withheld: PermissionSet::EMPTY,
            factor: Factor::NotAsked,
            rate: Rate::Usual,
            model: None,
            run_id: None,
        };
        return Ok(Caller { principal, origin });
    }
    if header_text(request, "authorization").is_none() {
        let detail = "send an API key as `Authorization: Bearer …` or as `x-api-key`; without one, only where the \
            tenant's setting open_to lets you in";
        return Err(Refusal::new(Kind::Unauthenticated, "credential-missing", detail).into());
    }
    let principal = authenticate(app, request).await?;
    Ok(Caller { principal, origin })
}

/// The tenant that the host is bound to, and to whom it is open.
async fn bound_to(
    app: &App,
    request: &HttpRequest,
) -> Result<Option<(bound::Bound, Vec<String>)>, problems::Problem> {
    let host = header_text(request, HOST.as_str()).unwrap_or_default();
    let Some(bound) = bound::find(&app.store, host).await? else {
        return Ok(None);
    };
    let tenant = app.dispatcher.find_tenant(&bound.tenant_id).await?;
    Ok(Some((bound, tenant.settings.open_to.clone())))
}

fn listed_origin(request: &HttpRequest, openings: &[String]) -> Option<String> {
    let origin = header_text(request, ORIGIN.as_str())?;
    openings::admit_origin(openings, origin).then(|| origin.to_owned())
}

/// Not for browsers: a page of anybody's could make one at an open address call. Behind a proxy the peer is the proxy.
fn comes_from_open_address(request: &HttpRequest, openings: &[String]) -> bool {
    let is_direct = !FORWARDED
        .iter()
        .any(|name| request.headers().contains_key(*name));
    is_direct
        && header_text(request, ORIGIN.as_str()).is_none()
        && request
            .peer_addr()
            .is_some_and(|peer| openings::admit_address(openings, peer.ip()))
}

fn respond(origin: Option<String>) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header(("vary", "origin"));
    if let Some(origin) = origin {
        response.insert_header(("access-control-allow-origin", origin));
    }
    response
}

/// The fields of `result` also stand beside it; those of the answer itself win.
fn with_result_on_top(answer: Value) -> Value {
    let Value::Object(answer) = answer else {
        return answer;
    };
    let mut whole = match answer.get("result") {
        Some(Value::Object(result)) => result.clone(),
        _ => Map::new(),
    };
    whole.extend(answer);
    Value::Object(whole)
}

/// The value without the fields that a closed schema does not know.
fn known_fields(root: &Value, schema: &Value, value: Value) -> Value {
    let schema = resolved(root, schema);
    match value {
        Value::Object(members) => {
            let is_closed = schema["additionalProperties"] == Value::Bool(false);
            let known = |name: &String| schema["properties"].get(name);
            let kept = members
                .into_iter()
                .filter_map(|(name, member)| match known(&name) {
                    Some(known) => {
                        let member = known_fields(root, known, member);
                        Some((name, member))
                    }
                    None if is_closed => None,
                    None => Some((name, member)),
                });
            Value::Object(kept.collect())
        }
        Value::Array(items) => {
            let of = &schema["items"];
            let items = items.into_iter().map(|item| known_fields(root, of, item));
            Value::Array(items.collect())
        }
        scalar => scalar,
    }
}

/// The schema behind references, and behind the choice between a thing and null.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.strip_prefix("#/$defs/").unwrap_or_default();
        return &root["$defs"][name];
    }
    let choices = schema["anyOf"].as_array();
    let thing = choices.and_then(|choices| {
        let mut things = choices.iter().filter(|choice| choice["type"] != "null");
        things.next().filter(|_| things.next().is_none())
    });
    match thing {
        Some(thing) => resolved(root, thing),
        None => schema,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_fields_that_a_closed_schema_knows_are_kept() {
        let schema = json!({
            "additionalProperties": false,
            "properties": {
                "a": { "$ref": "#/$defs/A" }, "b": { "anyOf": [{ "$ref": "#/$defs/A" }, { "type": "null" }] },
                "list": { "items": { "$ref": "#/$defs/A" } }, "open": { "type": "object" },
            },
            "$defs": { "A": { "additionalProperties": false, "properties": { "x": {} } } },
        });
        let body = json!({
            "a": { "x": 1, "y": 2 }, "b": { "x": 1, "z": 3 }, "list": [{ "x": 1, "y": 2 }], "open": { "any": 1 }, "utm": "?",
        });
        assert_eq!(
            known_fields(&schema, &schema, body),
            json!({ "a": { "x": 1 }, "b": { "x": 1 }, "list": [{ "x": 1 }], "open": { "any": 1 } })
        );
    }

    #[test]
    fn the_answers_own_fields_win_over_those_of_its_result() {
        let answer = json!({ "sequence": 3, "result": { "booking_id": "b", "sequence": 9 } });
        let whole = with_result_on_top(answer);
        assert_eq!(
            (&whole["booking_id"], &whole["sequence"]),
            (&json!("b"), &json!(3))
        );
        assert_eq!(whole["result"]["sequence"], 9);
    }
}
