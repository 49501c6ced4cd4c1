//! `/operations/*` as the OpenAPI document tells of it.

mod audit;
mod outbox;
mod retention;
mod tenants;

use ::outbox::redrives::FAILURE_KINDS;
use serde_json::{Map, Value, json};

use super::projections::ACTS;
use crate::http::openapi::responses;

/// Path, its operation's name, what it does, the right it needs, and its parameters behind the `?`.
type Read = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

const SEE: &str = "operations:read";
const SEE_ALL: &str = "installation:read";

const READS: &[Read] = &[
    (
        "/operations/acts",
        "list_acts",
        "What operators have done, the newest first",
        SEE,
        &["tenant", "cursor", "limit"],
    ),
    (
        "/operations/acts/{id}",
        "find_act",
        "One act, and how it stands",
        SEE,
        &[],
    ),
    (
        "/operations/doctor",
        "examine_installation",
        "What the installation rests on, and what to do about what is not well",
        SEE_ALL,
        &[],
    ),
    (
        "/operations/events",
        "list_events",
        "Events, the newest first; a page may be short and still have a next",
        SEE,
        &[
            "tenant",
            "aggregate_type",
            "event_type",
            "correlation_id",
            "as_of",
            "cursor",
            "limit",
        ],
    ),
    (
        "/operations/events/stats",
        "count_events",
        "How much lies in the log",
        SEE,
        &["tenant"],
    ),
    (
        "/operations/events/{position}",
        "find_event",
        "One event with everything beside it",
        SEE,
        &[],
    ),
    (
        "/operations/streams/{id}",
        "find_stream",
        "All events of an aggregate, and what they come to",
        SEE,
        &["tenant", "as_of"],
    ),
    (
        "/operations/store/holes",
        "list_holes",
        "Positions that are missing from the log",
        SEE_ALL,
        &["after"],
    ),
    (
        "/operations/store/vacuum-report",
        "report_vacuum",
        "Dead rows, and who keeps them",
        SEE_ALL,
        &[],
    ),
    (
        "/operations/store/snapshots",
        "list_snapshots",
        "Snapshots of long streams",
        SEE,
        &["tenant", "aggregate_type", "aggregate_id"],
    ),
    (
        "/operations/outbox",
        "list_messages",
        "Messages to the world, the newest first",
        SEE,
        &["tenant", "state", "aggregate_id", "limit"],
    ),
    (
        "/operations/outbox/{id}",
        "find_message",
        "One message, and every attempt at it",
        SEE,
        &[],
    ),
    (
        "/operations/outbox/{id}/attempts",
        "list_attempts",
        "The attempts at a message",
        SEE,
        &[],
    ),
    (
        "/operations/webhooks",
        "list_webhooks",
        "Webhooks received, the newest first, without what they say",
        SEE,
        &["tenant", "provider", "state", "cursor", "limit"],
    ),
    (
        "/operations/parked",
        "list_parked_keys",
        "Keys that wait because an event cannot be applied, the oldest first",
        SEE,
        &["tenant", "projection", "key"],
    ),
    (
        "/operations/projections",
        "list_projections",
        "How every projection stands",
        SEE_ALL,
        &[],
    ),
    (
        "/operations/projections/{name}",
        "find_projection",
        "All that is known of one projection",
        SEE_ALL,
        &[],
    ),
];

/// Path, its operation's name, what it does, the right it needs, its body's fields, and the status it answers with.
type Write = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

const TOUCH: &str = "operations:write";
const STEER: &str = "installation:operate";

const WRITES: &[Write] = &[
    (
        "/operations/outbox/{id}/retry",
        "retry_message",
        "Try a dead or waiting message again, now",
        TOUCH,
        &["reason"],
        "200",
    ),
    (
        "/operations/outbox/{id}/discard",
        "discard_message",
        "Give a dead message up; a reason is needed",
        TOUCH,
        &["reason"],
        "200",
    ),
    (
        "/operations/parked/retry",
        "retry_parked_keys",
        "Apply what waits again, in order",
        TOUCH,
        &["projection", "key", "reason"],
        "200",
    ),
    (
        "/operations/parked/drop",
        "drop_parked_events",
        "Give failed events up; projection and reason are needed",
        TOUCH,
        &["projection", "key", "reason"],
        "200",
    ),
    (
        "/operations/projections/{name}/pause",
        "pause_projection",
        "Stop it until it is resumed; a reason is needed",
        STEER,
        &["reason"],
        "200",
    ),
    (
        "/operations/projections/{name}/resume",
        "resume_projection",
        "Let it go on from where it stands",
        STEER,
        &["reason"],
        "200",
    ),
    (
        "/operations/projections/{name}/policy",
        "set_projection_policy",
        "What it does with events that fail: park, pause or skip",
        STEER,
        &["policy", "reason"],
        "200",
    ),
    (
        "/operations/projections/{name}/rewind",
        "rewind_projection",
        "Read the log again after a position",
        STEER,
        &["to", "reason"],
        "200",
    ),
    (
        "/operations/projections/{name}/rebuild",
        "rebuild_projection",
        "Build its tables anew, compare, and switch",
        STEER,
        &["compare", "reason"],
        "202",
    ),
    (
        "/operations/projections/{name}/compare",
        "compare_projection",
        "Build its tables anew and compare; nothing is switched",
        STEER,
        &["reason"],
        "202",
    ),
    (
        "/operations/projections/{name}/rollback",
        "roll_back_projection",
        "Go back to the tables before the last rebuild",
        STEER,
        &["reason"],
        "202",
    ),
];

/// Every path below `/operations`, with its operation.
pub fn paths() -> Map<String, Value> {
    let reads = READS.iter().chain(audit::READS).chain(retention::READS).chain(tenants::READS).chain(outbox::READS).map(|(path, name, summary, permission, parameters)| {
        let has_terms = parameters.iter().any(|name| retention::class(name).is_some());
        let refused: &[&str] = match has_terms {
            true => &["400", "401", "403", "404", "422", "429", "500", "503"],
            false => &["400", "401", "403", "404", "429", "500", "503"],
        };
        let operation = json!({
            "operationId": name, "summary": summary, "tags": ["operations"], "x-permission": permission,
            "parameters": parameters_of(path, parameters),
            "responses": responses(json!({ "type": "object" }), refused),
        });
        (*path, "get", operation)
    });
    let writes = WRITES.iter().chain(retention::WRITES).chain(tenants::WRITES).chain(outbox::WRITES).map(|(path, name, summary, permission, fields, status)| {
        let mut answers = responses(
            json!({ "type": "object", "required": ["dry_run", "result"] }),
            &["400", "401", "403", "404", "409", "415", "422", "429", "500", "503"],
        );
        if *status == "202" {
            answers["202"] = json!({
                "description": "Begun; `watch` says where to see how it ends", "content": { "application/json": { "schema": {
                    "type": "object", "required": ["operation_id", "watch", "progress", "result"] } } } });
        }
        let operation = json!({
            "operationId": name, "summary": summary, "tags": ["operations"], "x-permission": permission,
            "parameters": parameters_of(path, &["tenant", "dry_run"]),
            "requestBody": { "required": false, "content": { "application/json": { "schema": body(fields) } } },
            "responses": answers,
        });
        (*path, "post", operation)
    });
    debug_assert!(
        ACTS.iter()
            .all(|act| WRITES.iter().any(|write| write.0.ends_with(act)))
    );
    let mut paths = Map::new();
    for (path, method, operation) in reads.chain(writes) {
        paths.entry(path).or_insert_with(|| json!({}))[method] = operation;
    }
    paths
}

fn parameters_of(path: &str, names: &[&str]) -> Vec<Value> {
    let placed = path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        Some(
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }),
        )
    });
    let asked = names.iter().map(|name| {
        json!({ "name": name, "in": "query", "schema": schema(name), "description": description(name) })
    });
    placed.chain(asked).collect()
}

fn body(fields: &[&str]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|name| ((*name).to_owned(), schema(name)))
        .collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn schema(name: &str) -> Value {
    if let Some(class) = retention::class(name) {
        let days = class.range();
        return json!({ "type": "integer", "minimum": days.start(), "maximum": days.end() });
    }
    match name {
        "limit" => json!({ "type": "integer", "minimum": 1, "maximum": super::MAX_PAGE }),
        "after" | "from" | "to" => json!({ "type": "integer", "minimum": 0 }),
        "compare" | "now" => json!({ "type": "boolean" }),
        "dry_run" => json!({ "type": "string", "enum": ["true", "false"] }),
        "policy" => json!({ "type": "string", "enum": ["park", "pause", "skip"] }),
        "died_after" | "until" => json!({ "type": "string", "format": "date-time" }),
        "rate_per_second" => json!({ "type": "number", "exclusiveMinimum": 0 }),
        "max_messages" | "seconds" | "burst" | "max_in_flight" => {
            json!({ "type": "integer", "minimum": 1 })
        }
        "failure_kind" => json!({ "type": "string", "enum": FAILURE_KINDS }),
        "outcome" => json!({ "type": "string", "enum": ["delivered", "failed"] }),
        _ => json!({ "type": "string" }),
    }
}

fn description(name: &str) -> &'static str {
    match name {
        "tenant" => {
            "The slug of the only tenant that is meant; for operators of the installation all when absent"
        }
        "cursor" => "The next_cursor of the page before",
        "as_of" => "Look back: to a position, or a time (RFC 3339)",
        "dry_run" => "Only say what would be done",
        "after" => "Look behind this position; two million before the newest when absent",
        "limit" => "How many, 50 unless given",
        "messages" | "files" | "leads" | "approvals" | "webhook_bodies" | "outbox_history"
        | "audited_reads" => "A term to try, in days",
        _ => "Only what has this",
    }
}
