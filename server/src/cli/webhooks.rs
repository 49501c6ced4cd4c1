//! `rapport webhooks`: a tenant's endpoints, what came of what was sent to them, and what to do about it.

use clap::{Args, Subcommand};
use commands::dispatch::Dispatcher;
use domain::refusal::Refusal;
use event_store::store::Store;
use identity::principals::Principal;
use queries::ask::{Found, ask};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::attached::attached;
use super::output::{self, Format};
use super::send::{print_answer, system_request};
use super::tenant_choice::TenantChoice;
use super::{Outcome, Reason};
use crate::config::DatabaseSettings;

/// Attempts that `show` lists.
const ATTEMPTS_SHOWN: u64 = 20;
/// Endpoints that `list` shows: more than a tenant may have.
const ENDPOINTS_SHOWN: u64 = 200;

#[derive(Subcommand, Debug)]
pub enum WebhooksCommand {
    List(ListArgs),
    Show(ShowArgs),
    Ping(PingArgs),
    Replay(ReplayArgs),
    Disable(DisableArgs),
    Enable(EnableArgs),
}

/// List a tenant's webhook endpoints and how they fare.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport webhooks list --tenant fire-and-rice")]
pub struct ListArgs {
    #[command(flatten)]
    tenant: TenantChoice,
}

/// Which endpoint.
#[derive(Args, Debug)]
pub struct Chosen {
    /// The endpoint's id; see `rapport webhooks list`.
    endpoint_id: String,
    #[command(flatten)]
    tenant: TenantChoice,
}

/// Show one endpoint, and the newest attempts at it.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport webhooks show 0195d1f0-6c3e-7000-8000-000000000001")]
pub struct ShowArgs {
    #[command(flatten)]
    chosen: Chosen,
}

/// Send a test to an endpoint, enabled or not. `show` tells what came of it.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport webhooks ping 0195d1f0-6c3e-7000-8000-000000000001")]
pub struct PingArgs {
    #[command(flatten)]
    chosen: Chosen,
}

/// Send past events again, under the ids that they had before.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport webhooks replay 0195d1f0-6c3e-7000-8000-000000000001 \
    --from 2026-05-01T00:00:00Z --dry-run"
)]
pub struct ReplayArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// Events that were written down from this time on.
    #[arg(long, value_name = "TIME")]
    from: String,
    /// And before this time. [default: now]
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many to queue in a second. [default: 20]
    #[arg(long)]
    per_second: Option<u32>,
    /// Only count them.
    #[arg(long)]
    dry_run: bool,
}

/// Send an endpoint nothing until it is enabled again.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport webhooks disable 0195d1f0-6c3e-7000-8000-000000000001")]
pub struct DisableArgs {
    #[command(flatten)]
    chosen: Chosen,
}

/// Send an endpoint what happens from now on.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport webhooks enable 0195d1f0-6c3e-7000-8000-000000000001")]
pub struct EnableArgs {
    #[command(flatten)]
    chosen: Chosen,
}

pub async fn run(
    settings: &DatabaseSettings,
    command: &WebhooksCommand,
    format: Format,
) -> Outcome {
    attached(settings, async |store| match command {
        WebhooksCommand::List(args) => list(store, args, format).await,
        WebhooksCommand::Show(args) => show(store, &args.chosen, format).await,
        WebhooksCommand::Ping(args) => {
            send(
                store,
                &args.chosen,
                ("ping-webhook-endpoint", json!({})),
                format,
            )
            .await
        }
        WebhooksCommand::Replay(args) => replay(store, args, format).await,
        WebhooksCommand::Disable(args) => {
            send(
                store,
                &args.chosen,
                ("disable-webhook-endpoint", json!({})),
                format,
            )
            .await
        }
        WebhooksCommand::Enable(args) => {
            send(
                store,
                &args.chosen,
                ("enable-webhook-endpoint", json!({})),
                format,
            )
            .await
        }
    })
    .await
}

async fn list(store: &Store, args: &ListArgs, format: Format) -> Outcome {
    let params = json!({ "limit": ENDPOINTS_SHOWN });
    let items = items(find(store, &args.tenant, "webhook-endpoints", params).await?);
    if format == Format::Json {
        return output::document(&json!({ "endpoints": items }));
    }
    let columns = [
        "endpoint_id",
        "url",
        "event_types",
        "standing",
        "disabled_reason",
        "failing_since",
    ];
    print(&columns, &items, "There are no webhook endpoints.")
}

async fn show(store: &Store, chosen: &Chosen, format: Format) -> Outcome {
    let id = json!({ "endpoint_id": chosen.endpoint_id });
    let mut endpoints = items(find(store, &chosen.tenant, "webhook-endpoints", id.clone()).await?);
    let endpoint = endpoints.pop().ok_or_else(|| {
        let detail = format!("there is no webhook endpoint {}", chosen.endpoint_id);
        Refusal::not_found("webhook-endpoint-not-found", detail)
    })?;
    let mut params = id;
    params["limit"] = json!(ATTEMPTS_SHOWN);
    let attempts = items(find(store, &chosen.tenant, "webhook-deliveries", params).await?);
    if format == Format::Json {
        return output::document(&json!({ "endpoint": endpoint, "deliveries": attempts }));
    }
    let leaves = output::leaves(&endpoint);
    let leaves: Vec<(&str, String)> = leaves
        .iter()
        .map(|(name, text)| (name.as_str(), text.clone()))
        .collect();
    output::record(&leaves)?;
    let columns = [
        "attempted_at",
        "event_type",
        "attempt",
        "outcome",
        "status",
        "latency_ms",
        "error",
    ];
    print(&columns, &attempts, "Nothing was sent there yet.")
}

async fn replay(store: &Store, args: &ReplayArgs, format: Format) -> Outcome {
    if args.dry_run {
        let mut params = json!({ "id": args.chosen.endpoint_id, "from": args.from });
        if let Some(until) = &args.until {
            params["until"] = json!(until);
        }
        let found = find(store, &args.chosen.tenant, "webhook-replay-preview", params).await?;
        let Found::One(item) = found else {
            return Ok(());
        };
        if format == Format::Json {
            return output::document(&json!({ "dry_run": true, "preview": item }));
        }
        let events = output::cell(item.get("events"));
        return Ok(output::line(&format!(
            "{events} events would be sent again."
        ))?);
    }
    let mut body = json!({ "from": args.from });
    if let Some(until) = &args.until {
        body["until"] = json!(until);
    }
    if let Some(rate) = args.per_second {
        body["messages_per_second"] = json!(rate);
    }
    send(store, &args.chosen, ("replay-webhooks", body), format).await
}

/// Sends a command about the endpoint, and prints its answer.
async fn send(
    store: &Store,
    chosen: &Chosen,
    (name, mut body): (&str, Value),
    format: Format,
) -> Outcome {
    let tenant_id = chosen.tenant.require(store).await?;
    body["endpoint_id"] = json!(chosen.endpoint_id);
    let request = system_request(tenant_id, name, body, &Uuid::new_v4().to_string());
    let answer = Dispatcher::new(store.clone()).dispatch(&request).await?;
    print_answer(&answer, format)
}

async fn find(
    store: &Store,
    tenant: &TenantChoice,
    query: &str,
    params: Value,
) -> Result<Found, Reason> {
    let principal = Principal::system(tenant.require(store).await?);
    let params: Map<String, Value> = serde_json::from_value(params)?;
    let answer = ask(store, &principal, query, params, None).await?;
    Ok(answer.found)
}

fn items(found: Found) -> Vec<Value> {
    match found {
        Found::List { items, .. } => items,
        Found::One(item) => vec![item],
    }
}

fn print(columns: &[&str], items: &[Value], nothing: &str) -> Outcome {
    let row = |item: &Value| {
        let cells = columns.iter().map(|name| output::cell(item.get(*name)));
        cells.collect()
    };
    Ok(output::table(
        columns,
        items.iter().map(row).collect(),
        nothing,
    )?)
}
