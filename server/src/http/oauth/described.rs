//! The authorization server as the OpenAPI document tells of it. Its pages and forms follow their RFCs.

use serde_json::{Map, Value, json};

use crate::http::openapi::responses;

/// Path, method, the operation's name, what it does, and who may: a right, or nobody in particular.
type Entry = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    Kind,
);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// JSON for everybody.
    Metadata,
    /// A page for a person's browser.
    Page,
    /// A form in; a redirect, or a page, out.
    PageForm,
    /// A form in, JSON out (RFC 6749).
    Form(&'static [&'static str]),
    /// JSON in and out, for whoever has the right.
    Json(&'static [&'static str], &'static str),
    /// For a session, whatever its rights.
    Own(&'static str),
}

const ENTRIES: &[Entry] = &[
    (
        "/.well-known/oauth-authorization-server",
        "get",
        "get_authorization_server",
        "How tokens are issued (RFC 8414)",
        None,
        Kind::Metadata,
    ),
    (
        "/.well-known/oauth-protected-resource",
        "get",
        "get_protected_resource",
        "Who issues tokens for the API (RFC 9728)",
        None,
        Kind::Metadata,
    ),
    (
        "/.well-known/oauth-protected-resource/mcp",
        "get",
        "get_protected_resource_mcp",
        "Who issues tokens for `/mcp`",
        None,
        Kind::Metadata,
    ),
    (
        "/auth/oauth/jwks",
        "get",
        "get_signing_keys",
        "The keys that access tokens are signed by (RFC 7517)",
        None,
        Kind::Metadata,
    ),
    (
        "/auth/oauth/keys",
        "post",
        "rotate_signing_keys",
        "Make a new signing key; `when` is `planned` or `at-once`",
        Some("installation:operate"),
        Kind::Json(&["when?"], "201"),
    ),
    (
        "/auth/oauth/authorize",
        "get",
        "authorize",
        "Ask a person what a program may do (OAuth 2.1, PKCE S256)",
        None,
        Kind::Page,
    ),
    (
        "/auth/oauth/sign-in",
        "post",
        "sign_in_to_authorize",
        "Sign in on the way there",
        None,
        Kind::PageForm,
    ),
    (
        "/auth/oauth/consent",
        "post",
        "consent",
        "Say yes or no, and go back to the program",
        None,
        Kind::PageForm,
    ),
    (
        "/auth/oauth/token",
        "post",
        "issue_token",
        "An access token for a code, a refresh token, or a client's own credentials",
        None,
        Kind::Form(&[
            "grant_type",
            "code",
            "code_verifier",
            "redirect_uri",
            "refresh_token",
            "scope",
            "resource",
            "client_id",
            "client_secret",
        ]),
    ),
    (
        "/auth/oauth/revoke",
        "post",
        "revoke_token",
        "End what a token rests on (RFC 7009)",
        None,
        Kind::Form(&["token", "token_type_hint", "client_id", "client_secret"]),
    ),
    (
        "/auth/clients",
        "get",
        "list_clients",
        "The tenant's clients, the newest first",
        Some("keys:manage"),
        Kind::Json(&[], "200"),
    ),
    (
        "/auth/clients",
        "post",
        "register_client",
        "Register a client; the answer shows its secret, this once",
        Some("keys:manage"),
        Kind::Json(
            &[
                "name",
                "kind",
                "role",
                "permissions?",
                "proof",
                "redirect_uris?",
            ],
            "201",
        ),
    ),
    (
        "/auth/clients/{id}",
        "delete",
        "revoke_client",
        "End a client, and what was granted to it",
        Some("keys:manage"),
        Kind::Json(&[], "200"),
    ),
    (
        "/auth/grants",
        "get",
        "list_grants",
        "What one has let programs do",
        None,
        Kind::Own("200"),
    ),
    (
        "/auth/grants/{id}",
        "delete",
        "end_grant",
        "End one of them",
        None,
        Kind::Own("204"),
    ),
];

/// The paths of the authorization server.
pub fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    for (path, method, name, summary, permission, kind) in ENTRIES {
        let mut operation = json!({
            "operationId": name, "summary": summary, "tags": ["oauth"], "parameters": parameters_of(path),
            "responses": answers(*kind),
        });
        match (permission, kind) {
            (Some(permission), _) => operation["x-permission"] = json!(permission),
            (None, Kind::Own(_)) => operation["security"] = json!([{ "session": [] }]),
            (None, _) => operation["security"] = json!([]),
        }
        if let Some(body) = body(*kind) {
            operation["requestBody"] = body;
        }
        paths.entry(*path).or_insert_with(|| json!({}))[*method] = operation;
    }
    paths
}

fn parameters_of(path: &str) -> Vec<Value> {
    if path.ends_with("/authorize") {
        let names = [
            "response_type",
            "client_id",
            "redirect_uri",
            "state",
            "scope",
            "resource",
            "code_challenge",
            "code_challenge_method",
        ];
        let parameter =
            |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "string" } });
        return names.into_iter().map(parameter).collect();
    }
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect()
}

fn body(kind: Kind) -> Option<Value> {
    let (media_type, fields) = match kind {
        Kind::Form(fields) => ("application/x-www-form-urlencoded", fields),
        Kind::PageForm => ("application/x-www-form-urlencoded", &[] as &[&str]),
        Kind::Json(fields, _) if !fields.is_empty() => ("application/json", fields),
        _ => return None,
    };
    let properties: Map<String, Value> = fields
        .iter()
        .map(|name| name.trim_end_matches('?'))
        .map(|name| (name.to_owned(), field(name)))
        .collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if media_type == "application/json" {
        let required: Vec<&&str> = fields.iter().filter(|name| !name.ends_with('?')).collect();
        schema["required"] = json!(required);
        schema["additionalProperties"] = json!(false);
    }
    Some(json!({ "required": true, "content": { media_type: { "schema": schema } } }))
}

fn field(name: &str) -> Value {
    match name {
        "kind" => json!({ "type": "string", "enum": ["agent", "service"] }),
        "proof" => json!({ "type": "string", "enum": ["secret", "none"] }),
        "when" => json!({ "type": "string", "enum": ["planned", "at-once"] }),
        "permissions" => json!({ "type": ["array", "null"], "items": { "type": "string" } }),
        "redirect_uris" => json!({ "type": "array", "items": { "type": "string" } }),
        _ => json!({ "type": "string" }),
    }
}

fn answers(kind: Kind) -> Value {
    let problems = [
        "400", "401", "403", "404", "405", "408", "409", "413", "415", "422", "429", "431", "500",
        "503",
    ];
    let mut all = responses(json!({ "type": "object" }), &problems);
    let Value::Object(answers) = &mut all else {
        return all;
    };
    match kind {
        Kind::Metadata | Kind::Json(_, "200") | Kind::Own("200") => {}
        Kind::Json(_, status) => {
            if let Some(answer) = answers.remove("200") {
                answers.insert(status.to_owned(), answer);
            }
        }
        Kind::Own(_) => {
            answers.remove("200");
            answers.insert("204".to_owned(), json!({ "description": "Done" }));
        }
        Kind::Page | Kind::PageForm => {
            let html = json!({ "text/html": { "schema": { "type": "string" } } });
            answers.insert(
                "200".to_owned(),
                json!({ "description": "A page", "content": html }),
            );
            answers.insert(
                "303".to_owned(),
                json!({ "description": "On to the next page, or back to the program" }),
            );
            let page = json!({ "description": "A page that says why", "content": {
                "text/html": { "schema": { "type": "string" } },
                "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } },
            } });
            answers.insert("400".to_owned(), page);
        }
        Kind::Form(_) => {
            let error = json!({ "application/json": { "schema": {
                "type": "object", "required": ["error"],
                "properties": { "error": { "type": "string" }, "error_description": { "type": "string" } },
            } } });
            for status in ["400", "401"] {
                answers.insert(
                    status.to_owned(),
                    json!({ "description": "An error as RFC 6749, 5.2 has it", "content": error }),
                );
            }
        }
    }
    all
}
