//! The documentation page: every command and query, rendered here from the registries; it loads nothing from elsewhere.

use std::fmt::Write;
use std::sync::LazyLock;

use actix_web::HttpResponse;
use commands::registry::{self, Risk};
use queries::registry as query_registry;
use serde_json::Value;

use super::problems;

const HEAD: &str = include_str!("docs_head.html");

/// `GET /docs`
pub async fn get_docs() -> problems::Answer {
    static PAGE: LazyLock<String> = LazyLock::new(page);
    Ok(html(&PAGE))
}

/// What stands at `/` in a binary that was built without the dashboard.
pub async fn get_index() -> problems::Answer {
    const BODY: &str = "<main><h1>Rapport</h1><p>This binary was built without its dashboard. <code>make run</code> builds both; \
        by hand: <code>scripts/web build</code>, then <code>cargo build -p server</code>.</p><ul><li><a href=\"/docs\">Every \
        command and query</a></li><li><a href=\"/openapi.json\">OpenAPI description</a></li><li><a href=\"/readyz\">Is it \
        ready?</a></li></ul></main>";
    Ok(html(&format!("{HEAD}{BODY}")))
}

/// `GET /paid`: where payers come back to, when the tenant names no page of its own.
pub async fn get_paid() -> problems::Answer {
    Ok(html(&format!(
        "{HEAD}<main><h1>Thank you</h1><p>Your payment was received. You can close this page.</p></main>"
    )))
}

/// `GET /payment-cancelled`
pub async fn get_payment_cancelled() -> problems::Answer {
    const BODY: &str = "<main><h1>Nothing was paid</h1><p>Your booking is still held for you; the link in your letter \
        stays good until the hold ends.</p></main>";
    Ok(html(&format!("{HEAD}{BODY}")))
}

fn html(page: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"))
        .body(page.to_owned())
}

fn page() -> String {
    let mut page = format!(
        "{HEAD}<main><h1>Rapport API</h1>{}",
        include_str!("docs_intro.html")
    );
    // Writing to a String cannot fail.
    let _ = write!(page, "<h2 id=\"commands\">Commands</h2>");
    for command in registry::public() {
        let risk = match command.risk {
            Risk::Read | Risk::Write => "",
            Risk::Outward => " <span class=\"tag\">reaches people</span>",
            Risk::Destructive => " <span class=\"tag warn\">destructive</span>",
            Risk::Money => " <span class=\"tag warn\">moves money</span>",
            Risk::Bulk => " <span class=\"tag warn\">reaches many</span>",
            Risk::Key => " <span class=\"tag warn\">touches secrets</span>",
        };
        let _ = write!(
            page,
            "<section id=\"{name}\"><h3><code>POST /commands/{name}</code>{risk}</h3><p>{}</p>\
             <p class=\"meta\">Permission <code>{}</code> · <a href=\"/schemas/commands/{name}\">schema</a></p>",
            escape(&command.description()),
            command.permission,
            name = command.name,
        );
        fields(&mut page, command.json_schema().unwrap_or(&Value::Null));
        page.push_str("</section>");
    }
    let _ = write!(page, "<h2 id=\"queries\">Queries</h2>");
    for query in query_registry::list() {
        let entry = query.entry;
        let _ = write!(
            page,
            "<section id=\"{name}\"><h3><code>GET /queries/{name}</code></h3><p>{}</p>\
             <p class=\"meta\">Permission <code>{}</code> · <a href=\"/schemas/queries/{name}\">schema</a></p>",
            escape(entry.description),
            entry.permission,
            name = entry.name,
        );
        fields(&mut page, &query.params_schema);
        page.push_str("</section>");
    }
    page.push_str("</main>");
    page
}

/// A table of a schema's top-level fields.
fn fields(page: &mut String, schema: &Value) {
    let Some(properties) = schema["properties"]
        .as_object()
        .filter(|properties| !properties.is_empty())
    else {
        return;
    };
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    page.push_str("<table><tr><th>Field</th><th>Type</th><th></th></tr>");
    for (name, field) in properties {
        let mark = if required.contains(&name.as_str()) {
            " <b title=\"required\">*</b>"
        } else {
            ""
        };
        let description = field["description"].as_str().unwrap_or_default();
        let kind = kind_of(schema, field, 0);
        let _ = write!(
            page,
            "<tr><td><code>{}</code>{mark}</td><td>{}</td><td>{}</td></tr>",
            escape(name),
            escape(&kind),
            escape(description)
        );
    }
    page.push_str("</table>");
}

/// How deep references are followed for a type's name.
const MAX_TYPE_DEPTH: usize = 4;

fn kind_of(root: &Value, field: &Value, depth: usize) -> String {
    if depth > MAX_TYPE_DEPTH {
        return "object".to_owned();
    }
    if let Some(reference) = field["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix("#/$defs/"))
    {
        return kind_of(root, &root["$defs"][reference], depth + 1);
    }
    if let Some(options) = field["enum"].as_array() {
        let options: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
        return options.join(" | ");
    }
    if let Some(options) = field["anyOf"].as_array().or(field["oneOf"].as_array()) {
        let mut kinds: Vec<String> = options
            .iter()
            .map(|option| kind_of(root, option, depth + 1))
            .collect();
        kinds.dedup();
        return kinds.join(" | ");
    }
    match &field["type"] {
        Value::String(kind) if kind == "array" => {
            format!("list of {}", kind_of(root, &field["items"], depth + 1))
        }
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" | "),
        _ => field["const"].as_str().unwrap_or("any").to_owned(),
    }
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
