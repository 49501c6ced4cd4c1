//! `rapport send`: any command of the registry, sent as Rapport itself within a tenant. What the command wants done in
//! the world is left in the outbox for the server to do.

mod bodies;
mod fields;
pub mod schemas;

use clap::Args;
use commands::answer::Answer;
use commands::context::{Context, Mode};
use commands::dispatch::{Dispatcher, Request, Run};
use commands::registry::{self, Command, Visibility};
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::Result;
use identity::principals::Principal;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Outcome;
use super::attached::attached;
use super::output::{self, Format};
use super::tenant_choice::TenantChoice;
use crate::config::DatabaseSettings;

/// The only command that needs no tenant: it makes one.
const CREATE_TENANT: &str = "create-tenant";

/// Send a command.
///
/// The body is JSON, `@file` for a file, `-` for standard input, or made of --field name=value pairs, where dots reach
/// into objects (`party.adults=12`) and lists are JSON. Give secrets by file or standard input: other processes can
/// see arguments. The idempotency key makes repeating safe: send the same one again when in doubt.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  rapport send --list\n  rapport send add-note --schema\n  \
    rapport send add-note --tenant fire-and-rice --field customer_id=0199a5b0-6c1f-7d5e-9d5a-0d9a6c1f7d5e \
    --field text=\"Prefers the patio\"\n  \
    rapport send create-booking --tenant fire-and-rice --key call-4711 @booking.json"
)]
pub struct SendArgs {
    /// The command's name; see --list.
    #[arg(required_unless_present = "list")]
    command: Option<String>,
    /// The body: JSON, `@file`, or `-` for standard input.
    body: Option<String>,
    /// One field of the body; may be given several times.
    #[arg(long = "field", value_name = "NAME=VALUE", conflicts_with = "body")]
    fields: Vec<String>,
    #[command(flatten)]
    tenant: TenantChoice,
    /// The idempotency key. [default: a new one, which is printed]
    #[arg(long)]
    key: Option<String>,
    /// Refuse unless the aggregate is at this sequence.
    #[arg(long, value_name = "SEQUENCE")]
    if_match: Option<i64>,
    /// Check and decide, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// List the commands.
    #[arg(long)]
    list: bool,
    /// Show the command's fields; with --json its JSON Schema.
    #[arg(long)]
    schema: bool,
}

pub async fn send(settings: &DatabaseSettings, args: &SendArgs, format: Format) -> Outcome {
    let name = match &args.command {
        Some(name) if !args.list => name,
        _ => return list(format),
    };
    let command = find(name)?;
    if args.schema {
        return schemas::show(
            command.name,
            &command.description(),
            command.json_schema()?,
            format,
        );
    }
    let body = bodies::read(args.body.as_deref(), &args.fields, command.json_schema()?)?;
    let key = args
        .key
        .clone()
        .unwrap_or_else(|| Uuid::new_v4().to_string());
    attached(settings, async |store| {
        let tenant_id = match &args.tenant.tenant {
            None if command.name == CREATE_TENANT => TenantId::from(Uuid::now_v7()),
            _ => args.tenant.require(store).await?,
        };
        let mut request = system_request(tenant_id, command.name, body, &key);
        request.ctx.if_match = args.if_match;
        if args.dry_run {
            request.run = Run::Dry;
        } else if args.key.is_none() {
            // Before it is sent: whoever is interrupted needs it to ask again.
            output::remark(&format!("idempotency key: {key}"));
        }
        print_answer(
            &Dispatcher::new(store.clone()).dispatch(&request).await?,
            format,
        )
    })
    .await
}

/// A command sent by Rapport itself, now.
pub fn system_request(tenant_id: TenantId, name: &str, body: Value, key: &str) -> Request {
    let command_id = Uuid::now_v7().to_string();
    Request {
        ctx: Context {
            principal: Principal::system(tenant_id),
            now: OffsetDateTime::now_utc(),
            mode: Mode::Live,
            correlation_id: command_id.clone(),
            causation_id: command_id.clone(),
            command_id,
            if_match: None,
            source_address: None,
        },
        name: name.to_owned(),
        body,
        key: Some(key.to_owned()),
        run: Run::Real,
    }
}

/// Prints an answer as the API gives it, or its fields below each other.
pub fn print_answer(answer: &Answer, format: Format) -> Outcome {
    if format == Format::Json {
        return Ok(output::line(&answer.body)?);
    }
    if answer.replayed {
        output::remark("This key was used before; what follows is the answer of that time.");
    }
    let mut body: Value = serde_json::from_str(&answer.body)?;
    let events = body.get_mut("events").map(Value::take).unwrap_or_default();
    let mut pairs: Vec<(String, String)> = output::leaves(&body);
    pairs.retain(|(name, _)| name != "events");
    for event in events.as_array().into_iter().flatten() {
        let [kind, id, sequence] = ["aggregate_type", "aggregate_id", "sequence"]
            .map(|name| output::cell(event.get(name)));
        let event_type = output::cell(event.get("type"));
        pairs.push((
            "event".to_owned(),
            format!("{event_type} in {kind}/{id} #{sequence}"),
        ));
    }
    let pairs: Vec<(&str, String)> = pairs
        .iter()
        .map(|(name, text)| (name.as_str(), text.clone()))
        .collect();
    Ok(output::record(&pairs)?)
}

/// Internal commands are sent by webhooks, timers and the relay only; an operator cannot know what they presume.
fn find(name: &str) -> Result<&'static Command> {
    let found = registry::find(name).filter(|command| command.visibility == Visibility::Public);
    found.ok_or_else(|| {
        Refusal::not_found(
            "command-unknown",
            format!("there is no command {name}; see `rapport send --list`"),
        )
        .into()
    })
}

fn list(format: Format) -> Outcome {
    if format == Format::Json {
        let summary = |command: &Command| {
            json!({ "name": command.name, "title": command.title(), "description": command.description(),
                "permission": command.permission, "risk": command.risk })
        };
        return output::document(
            &json!({ "commands": registry::public().map(summary).collect::<Vec<_>>() }),
        );
    }
    let row = |command: &Command| {
        vec![
            command.name.to_owned(),
            output::cell(Some(&json!(command.risk))),
            command.permission.to_string(),
            command.title(),
        ]
    };
    let rows = registry::public().map(row).collect();
    Ok(output::table(
        &["command", "risk", "permission", "what it does"],
        rows,
        "There are no commands.",
    )?)
}
