//! `/auth/*` as the OpenAPI document tells of it.

use serde_json::{Map, Value, json};

use crate::http::openapi::responses;

/// Path, method, its operation's name, what it does, who may (a right, or one of the words below), its body's fields with
/// those that may be left out behind a `?`, and the status of its answer.
type Entry = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

/// Anybody, without a credential.
const ANYBODY: &str = "anybody";
/// Whoever has signed in, by cookie; the second factor may be outstanding.
const SESSION: &str = "session";

pub(super) const ENTRIES: &[Entry] = &[
    (
        "/auth/sign-in",
        "post",
        "sign_in",
        "Sign in by e-mail and password; `second_factor` says what comes next",
        ANYBODY,
        &["email", "password", "tenant?"],
        "SignedIn",
    ),
    (
        "/auth/sign-out",
        "post",
        "sign_out",
        "End this session, and forget its cookie",
        ANYBODY,
        &[],
        "204",
    ),
    (
        "/auth/session",
        "get",
        "find_session",
        "Who is signed in, and what they may do",
        SESSION,
        &[],
        "Session",
    ),
    (
        "/auth/sessions",
        "get",
        "list_sessions",
        "One's own sessions, the newest first",
        SESSION,
        &[],
        "Sessions",
    ),
    (
        "/auth/sessions/{id}",
        "delete",
        "end_session",
        "End one of one's own sessions",
        SESSION,
        &[],
        "204",
    ),
    (
        "/auth/second-factor",
        "post",
        "give_second_factor",
        "Give a code of the app, or a recovery code",
        SESSION,
        &["code"],
        "SignedIn",
    ),
    (
        "/auth/second-factor/enrol",
        "post",
        "enrol_second_factor",
        "Make a secret for an app; it counts once it is confirmed",
        SESSION,
        &[],
        "Enrolment",
    ),
    (
        "/auth/second-factor/confirm",
        "post",
        "confirm_second_factor",
        "Confirm a new secret by its first code; the answer \
        shows the recovery codes, this once",
        SESSION,
        &["code"],
        "Confirmed",
    ),
    (
        "/auth/password",
        "post",
        "change_password",
        "Choose another password; other sessions end",
        SESSION,
        &["current", "new"],
        "204",
    ),
    (
        "/auth/reset",
        "post",
        "ask_for_reset",
        "Have a letter sent with a link to choose a new password",
        ANYBODY,
        &["email"],
        "202",
    ),
    (
        "/auth/reset/confirm",
        "post",
        "reset_password",
        "Choose a new password by such a link; all sessions end",
        ANYBODY,
        &["token", "password"],
        "204",
    ),
    (
        "/auth/invitations",
        "post",
        "invite_person",
        "Invite somebody by letter, with a role that holds no more than one's own",
        "people:write",
        &["email", "name", "role"],
        "Invited",
    ),
    (
        "/auth/invitations/accept",
        "post",
        "accept_invitation",
        "Come in by an invitation, with a password of one's own",
        ANYBODY,
        &["token", "name?", "password"],
        "SignedIn",
    ),
    (
        "/auth/set-up",
        "post",
        "set_up",
        "Come in as the first person, by the link that the server has printed",
        ANYBODY,
        &["token", "email", "name", "password", "tenant?", "business?"],
        "SignedIn",
    ),
    (
        "/auth/people",
        "get",
        "list_people",
        "Everybody who may sign in, or could",
        "people:read",
        &[],
        "People",
    ),
    (
        "/auth/people/{id}/role",
        "post",
        "change_role",
        "Give somebody another role; it holds at once",
        "people:write",
        &["role"],
        "Person",
    ),
    (
        "/auth/people/{id}/deactivate",
        "post",
        "deactivate_person",
        "Turn somebody away: sessions, links and keys end",
        "people:write",
        &[],
        "204",
    ),
    (
        "/auth/people/{id}/unlink",
        "post",
        "unlink_person",
        "End the links of somebody's accounts at providers: the next account that shows their address is theirs",
        "people:write",
        &[],
        "204",
    ),
    (
        "/auth/roles",
        "get",
        "list_roles",
        "What people can be given: roles, and the tenant's own sets of permissions within them",
        "people:read",
        &[],
        "Roles",
    ),
    (
        "/auth/roles/{name}",
        "put",
        "define_role",
        "Make a set of permissions within a role, or change it for all who hold it",
        "people:write",
        &["within", "permissions"],
        "Role",
    ),
    (
        "/auth/roles/{name}",
        "delete",
        "remove_role",
        "Take a set of permissions away that nobody holds",
        "people:write",
        &[],
        "204",
    ),
    (
        "/auth/keys",
        "get",
        "list_keys",
        "API keys without their secrets",
        "keys:manage",
        &[],
        "Keys",
    ),
    (
        "/auth/keys",
        "post",
        "create_key",
        "Make an API key; the answer shows it, this once",
        "keys:manage",
        &[
            "kind",
            "label",
            "role",
            "permissions?",
            "model?",
            "expires_at?",
            "address_ranges?",
            "requests_per_minute?",
        ],
        "NewKey",
    ),
    (
        "/auth/keys/{id}",
        "delete",
        "revoke_key",
        "End an API key",
        "keys:manage",
        &[],
        "Key",
    ),
];

/// The paths of `/auth`.
pub fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    for (path, method, name, summary, who, fields, answer) in ENTRIES {
        let mut operation = json!({
            "operationId": name, "summary": summary, "tags": ["auth"], "parameters": parameters_of(path),
            "responses": answers(answer),
        });
        match *who {
            ANYBODY => operation["security"] = json!([]),
            SESSION => operation["security"] = json!([{ "session": [] }]),
            permission => operation["x-permission"] = json!(permission),
        }
        if !fields.is_empty() {
            operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": body(fields) } } });
        }
        paths.entry(*path).or_insert_with(|| json!({}))[*method] = operation;
    }
    #[cfg(feature = "oidc")]
    paths.extend(super::openid::described::paths());
    paths
}

fn parameters_of(path: &str) -> Vec<Value> {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect()
}

fn answers(answer: &str) -> Value {
    let problems = [
        "400", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503",
    ];
    let mut responses = responses(schema_of(answer), &problems);
    let status = match answer {
        "204" => json!(["204", { "description": "Done" }]),
        "202" => {
            json!(["202", { "description": "Taken, whether or not anybody has this address" }])
        }
        "Invited" | "NewKey" => {
            json!(["201", { "description": "Made", "content": { "application/json": { "schema": schema_of(answer) } } }])
        }
        _ => return responses,
    };
    if let (Value::Object(responses), Some(code)) = (&mut responses, status[0].as_str()) {
        responses.remove("200");
        responses.insert(code.to_owned(), status[1].clone());
    }
    responses
}

fn body(fields: &[&str]) -> Value {
    let names = fields.iter().map(|name| name.trim_end_matches('?'));
    let properties: Map<String, Value> = names.map(|name| (name.to_owned(), field(name))).collect();
    let required: Vec<&&str> = fields.iter().filter(|name| !name.ends_with('?')).collect();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

fn field(name: &str) -> Value {
    match name {
        "email" => json!({ "type": "string", "format": "email" }),
        "password" | "current" | "new" => json!({ "type": "string", "format": "password" }),
        "kind" => json!({ "type": "string", "enum": ["person", "agent", "service"] }),
        "requests_per_minute" => json!({ "type": ["integer", "null"], "minimum": 0 }),
        "permissions" | "address_ranges" => {
            json!({ "type": ["array", "null"], "items": { "type": "string" } })
        }
        "expires_at" => json!({ "type": ["string", "null"], "format": "date-time" }),
        "model" | "tenant" | "business" => json!({ "type": ["string", "null"] }),
        "code" => json!({ "type": "string", "description": "Six digits, or a recovery code" }),
        _ => json!({ "type": "string" }),
    }
}

fn schema_of(answer: &str) -> Value {
    let step = json!({ "type": "string", "enum": ["none", "required", "enrolment-required"] });
    match answer {
        "SignedIn" => object(&[("second_factor", step), ("session", session())]),
        "Confirmed" => object(&[
            ("second_factor", step),
            ("session", session()),
            ("recovery_codes", list(text())),
        ]),
        "Session" => session(),
        "Sessions" => items(object(&[
            ("id", text()),
            ("is_current", flag()),
            ("agent", optional()),
            ("created_at", instant()),
            ("last_used_at", instant()),
            ("second_factor_at", optional()),
            ("expires_at", instant()),
        ])),
        "Enrolment" => object(&[("secret", text()), ("otpauth_url", text())]),
        "Invited" => object(&[("person_id", text()), ("expires_at", instant())]),
        "People" => items(person()),
        "Person" => object(&[("item", person())]),
        "Roles" => items(role()),
        "Role" => object(&[("item", role())]),
        "Keys" => items(key()),
        "Key" => object(&[("item", key())]),
        "NewKey" => object(&[("key", text()), ("item", key())]),
        _ => json!({ "type": "object" }),
    }
}

fn session() -> Value {
    object(&[
        ("session_id", text()),
        (
            "person",
            object(&[("id", text()), ("name", text()), ("email", text())]),
        ),
        (
            "tenant",
            object(&[("id", text()), ("slug", text()), ("name", text())]),
        ),
        ("role", text()),
        ("is_operator", flag()),
        ("permissions", list(text())),
        (
            "second_factor",
            json!({ "type": "string", "enum": ["none", "required", "enrolment-required"] }),
        ),
        ("is_enrolled", flag()),
        ("second_factor_at", optional()),
        ("second_factor_fresh_until", optional()),
        ("expires_at", instant()),
    ])
}

fn person() -> Value {
    object(&[
        ("id", text()),
        ("name", text()),
        ("email", text()),
        ("role", text()),
        ("is_operator", flag()),
        (
            "standing",
            json!({ "type": "string", "enum": ["invited", "active", "deactivated"] }),
        ),
        ("second_factor", flag()),
        ("created_at", instant()),
        ("signed_in_at", optional()),
    ])
}

fn role() -> Value {
    object(&[
        ("name", text()),
        ("within", text()),
        ("permissions", list(text())),
        ("is_own", flag()),
    ])
}

fn key() -> Value {
    object(&[
        ("tenant_id", text()),
        ("key_id", text()),
        ("kind", text()),
        ("label", text()),
        ("role", text()),
        ("permissions", list(text())),
        ("model", optional()),
        ("created_at", instant()),
        ("expires_at", optional()),
        ("revoked_at", optional()),
        ("last_used_at", optional()),
        ("owner_id", optional()),
        ("address_ranges", list(text())),
        (
            "requests_per_minute",
            json!({ "type": ["integer", "null"] }),
        ),
    ])
}

fn items(item: Value) -> Value {
    object(&[("items", list(item))])
}

fn object(fields: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> = fields
        .iter()
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn list(item: Value) -> Value {
    json!({ "type": "array", "items": item })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn instant() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn optional() -> Value {
    json!({ "type": ["string", "null"] })
}
