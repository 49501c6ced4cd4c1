//! The published schemas of commands and queries. Listing them needs no credential: they describe the product, not a
//! tenant.

use actix_web::{HttpResponse, web};
use commands::registry::{self, Command, Risk, Visibility};
use domain::refusal::Refusal;
use queries::registry as query_registry;
use serde_json::{Value, json};

use super::problems;

/// `GET /schemas/commands`
pub async fn list_commands() -> problems::Answer {
    let commands: Vec<Value> = registry::public().map(summary).collect();
    Ok(HttpResponse::Ok().json(json!({ "commands": commands })))
}

/// `GET /schemas/commands/{name}`
pub async fn find_command(name: web::Path<String>) -> problems::Answer {
    let command = registry::find(&name)
        .filter(|command| command.visibility == Visibility::Public)
        .ok_or_else(|| {
            Refusal::not_found("command-unknown", format!("there is no command {name}"))
        })?;
    Ok(HttpResponse::Ok()
        .content_type("application/schema+json")
        .body(command.json_schema()?.to_string()))
}

/// `GET /schemas/queries`
pub async fn list_queries() -> problems::Answer {
    let queries: Vec<Value> = query_registry::list()
        .map(|query| {
            json!({
                "name": query.entry.name, "title": query.entry.title, "description": query.entry.description,
                "permission": query.entry.permission, "list": query.entry.shape == query_registry::Shape::List,
                "schema": format!("/schemas/queries/{}", query.entry.name),
            })
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "queries": queries })))
}

/// `GET /schemas/queries/{name}`
pub async fn find_query(name: web::Path<String>) -> problems::Answer {
    let query = query_registry::find(&name).ok_or_else(|| {
        Refusal::not_found("query-not-found", format!("there is no query {name}"))
    })?;
    Ok(HttpResponse::Ok()
        .content_type("application/schema+json")
        .body(query.params_schema.to_string()))
}

fn summary(command: &Command) -> Value {
    json!({
        "name": command.name, "title": command.title(), "description": command.description(),
        "permission": command.permission, "risk": command.risk, "destructive": command.risk == Risk::Destructive,
        "schema": format!("/schemas/commands/{}", command.name),
    })
}
