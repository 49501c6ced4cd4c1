//! Calling a tool: arguments into a command or query, the answer into what models read. Whoever may do what is decided by
//! `dispatch` and `ask`, as for every other door.

use actix_web::web;
use commands::answer::parse_position;
use commands::context::Context;
use commands::dispatch::{Request, Run};
use commands::registry as command_registry;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::error::Error;
use queries::ask::ask;
use queries::registry as query_registry;
use queries::untrusted;
use serde_json::{Map, Value, json};

use super::figures;
use super::own::Own;
use super::tools::{Does, Tool, tool_name};
use super::{flat, schemas};
use crate::app::App;
use crate::http::commands::send;

/// How many bookings, threads, notes and payments a summary shows of each.
const SUMMARY_ITEMS: usize = 5;
/// Beside a query's own parameters: wait until this position can be read.
const READ_AFTER: &str = "read_after";

/// Who calls, and in what connection.
#[derive(Clone)]
pub struct Caller {
    pub app: web::Data<App>,
    pub ctx: Context,
    /// From a header; an argument of the same name goes before it.
    pub idempotency_key: Option<String>,
}

impl Caller {
    /// Calls a tool.
    pub async fn call(&self, tool: &Tool, arguments: Map<String, Value>) -> Result<Value> {
        match tool.does {
            Does::Command(command) => {
                let spread = schemas::is_spread(command.json_schema()?);
                self.command(command.name, arguments, |mut fields| {
                    Ok(match spread {
                        true => Value::Object(fields),
                        false => fields.remove(schemas::BODY).unwrap_or_default(),
                    })
                })
                .await
            }
            Does::Query(query) => self.query(query.entry.name, arguments).await,
            Does::Own(own) => self.own(own, arguments).await,
        }
    }

    async fn own(&self, own: Own, mut arguments: Map<String, Value>) -> Result<Value> {
        match own {
            Own::CreateBooking if flat::is_nested(&arguments) => {
                self.command("create-booking", arguments, |fields| {
                    Ok(Value::Object(fields))
                })
                .await
            }
            Own::CreateBooking => self
                .command("create-booking", arguments, flat::body)
                .await
                .map_err(flat::explain),
            Own::CheckAvailability => self.query("availability", arguments).await,
            Own::FindCustomer => {
                if !["email", "phone"]
                    .iter()
                    .any(|name| arguments.contains_key(*name))
                {
                    let message = "give an e-mail address or a phone number";
                    return Err(Refusal::field("/email", "field-missing", message).into());
                }
                self.query("customers", arguments).await
            }
            Own::SearchCustomers => {
                arguments.entry("limit").or_insert_with(|| 10.into());
                self.query("customers", arguments).await
            }
            Own::GetCustomer360 => self.customer(arguments).await,
            Own::CustomerSummary => Ok(summary(self.customer(arguments).await?)),
            Own::DescribeSchema => self.describe(&arguments),
            Own::Aggregate => figures::aggregate(self, arguments).await,
        }
    }

    async fn customer(&self, mut arguments: Map<String, Value>) -> Result<Value> {
        if let Some(id) = arguments.remove("customer_id") {
            arguments.insert("id".to_owned(), id);
        }
        self.query("customer-360", arguments).await
    }

    /// Sends a command; `body_of` makes its body of what the caller gave.
    async fn command(
        &self,
        name: &str,
        mut arguments: Map<String, Value>,
        body_of: impl FnOnce(Map<String, Value>) -> std::result::Result<Value, Refusal>,
    ) -> Result<Value> {
        let key = text_argument(&mut arguments, "idempotency_key")?
            .or_else(|| self.idempotency_key.clone());
        if key.is_none() {
            let detail =
                "give idempotency_key, made new for each intent and the same when you retry it";
            return Err(Refusal::malformed("idempotency-key-missing", detail).into());
        }
        let approval_id = text_argument(&mut arguments, "approval_id")?;
        let request = Request {
            ctx: self.ctx.clone(),
            name: name.to_owned(),
            body: body_of(arguments)?,
            key,
            run: approval_id.map_or(Run::Real, Run::Approved),
        };
        let answer = send(&self.app, &request).await?;
        let mut value: Value = serde_json::from_str(&answer.body)?;
        value["idempotency_replayed"] = answer.replayed.into();
        Ok(value)
    }

    /// Asks a query and marks what customers wrote.
    pub(super) async fn query(
        &self,
        name: &str,
        mut arguments: Map<String, Value>,
    ) -> Result<Value> {
        let read_after = text_argument(&mut arguments, READ_AFTER)?;
        let read_after = read_after.as_deref().map(position).transpose()?;
        arguments.retain(|_, value| !value.is_null());
        let answer = ask(
            &self.app.store,
            &self.ctx.principal,
            name,
            arguments,
            read_after,
        )
        .await?;
        let mut value = serde_json::to_value(&answer)?;
        if untrusted::mark(&mut value) {
            value["untrusted"] = untrusted::notice();
        }
        Ok(value)
    }

    /// Everything about one command or query; all names without one.
    fn describe(&self, arguments: &Map<String, Value>) -> Result<Value> {
        let principal = &self.ctx.principal;
        let Some(name) = arguments.get("name").and_then(Value::as_str) else {
            let commands =
                command_registry::public().filter(|command| principal.may(command.permission));
            let queries =
                query_registry::list().filter(|query| principal.may(query.entry.permission));
            return Ok(json!({ "item": {
                "commands": commands.map(|command| tool_name(command.name)).collect::<Vec<_>>(),
                "queries": queries.map(|query| tool_name(query.entry.name)).collect::<Vec<_>>(),
            } }));
        };
        let kebab = name.replace('_', "-");
        if let Some(command) = command_registry::public().find(|command| command.name == kebab) {
            return Ok(
                json!({ "item": { "name": tool_name(command.name), "kind": "command", "title": command.title(),
                "description": command.description(), "permission": command.permission, "risk": command.risk,
                "input": command.json_schema()? } }),
            );
        }
        if let Some(query) = query_registry::find(&kebab) {
            let entry = query.entry;
            return Ok(
                json!({ "item": { "name": tool_name(entry.name), "kind": "query", "title": entry.title,
                "description": entry.description, "permission": entry.permission,
                "input": query.params_schema, "one_item": (entry.item)() } }),
            );
        }
        let detail = format!(
            "there is no command or query {name:?}; call describe_schema without a name for all of them"
        );
        Err(Refusal::not_found("schema-unknown", detail).into())
    }
}

/// The newest few of everything.
fn summary(mut answer: Value) -> Value {
    if let Some(item) = answer["item"].as_object_mut() {
        for name in ["consents", "merged", "timeline"] {
            item.remove(name);
        }
        for list in item.values_mut().filter_map(Value::as_array_mut) {
            list.truncate(SUMMARY_ITEMS);
        }
    }
    answer
}

fn text_argument(arguments: &mut Map<String, Value>, name: &str) -> Result<Option<String>> {
    match arguments.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::field(&format!("/{name}"), "type-wrong", "this is a text").into()),
    }
}

fn position(token: &str) -> Result<i64> {
    parse_position(token).ok_or_else(|| {
        let message = "a position as a command's answer gave it";
        Error::from(Refusal::field("/read_after", "position-invalid", message))
    })
}
