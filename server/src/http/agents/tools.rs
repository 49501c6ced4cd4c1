//! The tools that agents may call: every public command and query under its own name with `_` for `-`, and a few that are
//! made for how models work. One catalogue feeds MCP and function calling alike.

use std::collections::HashMap;
use std::sync::LazyLock;

use commands::registry::{self as command_registry, Command, Risk};
use identity::permissions::Permission;
use identity::principals::Principal;
use queries::registry::{self as query_registry, Query, Shape};
use serde_json::{Value, json};

use super::own::{self, Own};
use super::schemas::{self, Approval};
use super::words;

/// One tool.
pub struct Tool {
    /// `[a-z0-9_]`, at most 128 characters.
    pub name: String,
    pub title: String,
    /// At most `words::MAX_CHARS`; says when to use it.
    pub description: String,
    /// JSON Schemas, both of type `object`.
    pub input: Value,
    pub output: Value,
    pub risk: Risk,
    pub permission: Permission,
    pub does: Does,
}

/// What calling a tool comes to.
#[derive(Clone, Copy)]
pub enum Does {
    Command(&'static Command),
    Query(&'static Query),
    Own(Own),
}

impl Tool {
    /// Whether this caller may call it at all.
    pub fn is_for(&self, principal: &Principal) -> bool {
        principal.may(self.permission)
    }

    /// Whether it changes anything; if so it takes an `idempotency_key`.
    pub fn writes(&self) -> bool {
        self.risk != Risk::Read
    }

    /// Whether it may take away, or spend, what cannot be had back by another call.
    pub fn is_destructive(&self) -> bool {
        matches!(
            self.risk,
            Risk::Destructive | Risk::Money | Risk::Bulk | Risk::Key
        )
    }

    /// Whether it reaches somebody or something outside.
    pub fn is_open_world(&self) -> bool {
        matches!(self.risk, Risk::Outward | Risk::Money | Risk::Bulk)
    }

    /// The four hints of MCP. Every tool is idempotent: a read by nature, a write by its key.
    pub fn hints(&self) -> Value {
        json!({ "readOnlyHint": !self.writes(), "destructiveHint": self.is_destructive(),
            "idempotentHint": true, "openWorldHint": self.is_open_world() })
    }
}

static ALL: LazyLock<Vec<Tool>> = LazyLock::new(|| {
    let mut all: Vec<Tool> = own::tools();
    let is_free = |all: &[Tool], name: &str| all.iter().all(|tool| tool.name != name);
    for command in command_registry::public() {
        let tool = of_command(command);
        if is_free(&all, &tool.name) {
            all.push(tool);
        }
    }
    for query in query_registry::list() {
        let tool = of_query(query);
        if is_free(&all, &tool.name) {
            all.push(tool);
        }
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
});

static BY_NAME: LazyLock<HashMap<&'static str, &'static Tool>> =
    LazyLock::new(|| ALL.iter().map(|tool| (tool.name.as_str(), tool)).collect());

/// Every tool, in alphabetical order.
pub fn all() -> &'static [Tool] {
    &ALL
}

/// The tool of this name, if this caller may call it.
pub fn find(name: &str, principal: &Principal) -> Option<&'static Tool> {
    BY_NAME
        .get(name)
        .copied()
        .filter(|tool| tool.is_for(principal))
}

/// `create-booking` as tools are called.
pub fn tool_name(name: &str) -> String {
    name.replace('-', "_")
}

fn of_command(command: &'static Command) -> Tool {
    let schema = command.json_schema().cloned().unwrap_or_default();
    Tool {
        name: tool_name(command.name),
        title: command.title(),
        description: words::when(command.name, &command.description()),
        input: schemas::of_command(&schema, approval_of(command.risk)),
        output: schemas::command_answer(),
        risk: command.risk,
        permission: command.permission,
        does: Does::Command(command),
    }
}

fn approval_of(risk: Risk) -> Approval {
    match risk {
        Risk::Read | Risk::Write => Approval::Never,
        Risk::Outward | Risk::Destructive | Risk::Money | Risk::Bulk | Risk::Key => {
            Approval::Possible
        }
    }
}

fn of_query(query: &'static Query) -> Tool {
    Tool {
        name: tool_name(query.entry.name),
        title: query.entry.title.to_owned(),
        description: words::when(query.entry.name, query.entry.description),
        input: schemas::of_query(&query.params_schema),
        output: match query.entry.shape {
            Shape::List => schemas::list_answer(),
            Shape::One => schemas::item_answer(),
        },
        risk: Risk::Read,
        permission: query.entry.permission,
        does: Does::Query(query),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_can_be_listed_by_every_host() {
        for tool in all() {
            let name = tool.name.as_str();
            let is_letter =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            assert!(name.len() <= 128 && name.bytes().all(is_letter), "{name}");
            assert!(!tool.description.is_empty(), "{name}");
            assert!(
                tool.description.chars().count() <= words::MAX_CHARS,
                "{name}: {}",
                tool.description
            );
            for schema in [&tool.input, &tool.output] {
                assert_eq!(schema["type"], "object", "{name}");
                assert!(schema["properties"].is_object(), "{name}");
                for word in ["oneOf", "anyOf", "allOf", "if", "not"] {
                    assert!(schema.get(word).is_none(), "{name} begins with {word}");
                }
                let text = schema.to_string();
                let local = text.matches("\"$ref\":\"#/$defs/").count();
                assert_eq!(
                    text.matches("\"$ref\":").count(),
                    local,
                    "{name} refers elsewhere"
                );
                assert!(jsonschema::draft202012::new(schema).is_ok(), "{name}");
            }
            let required = tool.input["required"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            assert_eq!(
                required.contains(&json!("idempotency_key")),
                tool.writes(),
                "{name}"
            );
        }
    }

    #[test]
    fn names_are_unique_and_in_order() {
        assert!(all().windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
