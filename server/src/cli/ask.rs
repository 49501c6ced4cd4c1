//! `rapport ask`: any query of the registry, asked as Rapport itself within a tenant. It reads what the projections have
//! and says so when they are behind.

use clap::Args;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::checkpoints;
use event_store::store::Store;
use identity::principals::Principal;
use queries::ask::{Answer, Found};
use queries::params::from_pairs;
use queries::registry::{self, Query, Shape};
use serde_json::{Map, Value, json};

use super::attached::attached;
use super::output::{self, Format};
use super::send::schemas;
use super::tenant_choice::TenantChoice;
use super::{Outcome, Reason};
use crate::config::DatabaseSettings;

/// Items of one page when all are fetched; the most that a query gives.
const PAGE_ITEMS: u64 = 200;
/// The most items that --all gathers before it prints them.
const MAX_ALL_ITEMS: usize = 100_000;

/// Ask a query.
///
/// Parameters are name=value pairs; --schema shows them. Answers are as fresh as the projections that the query reads: a
/// remark on standard error says when they are behind, which they are while no server or worker runs.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  rapport ask --list\n  rapport ask bookings --schema\n  \
    rapport ask bookings --tenant fire-and-rice status=confirmed --all --json"
)]
pub struct AskArgs {
    /// The query's name; see --list.
    #[arg(required_unless_present = "list")]
    query: Option<String>,
    /// Its parameters.
    #[arg(value_name = "NAME=VALUE")]
    params: Vec<String>,
    #[command(flatten)]
    tenant: TenantChoice,
    /// Follow the pages to the end.
    #[arg(long)]
    all: bool,
    /// Wait until this position, which a command's answer gave, can be read.
    #[arg(long, value_name = "POSITION")]
    read_after: Option<i64>,
    /// The columns to show, in this order. [default: as many as fit]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    columns: Vec<String>,
    /// List the queries.
    #[arg(long)]
    list: bool,
    /// Show the query's parameters; with --json their JSON Schema.
    #[arg(long)]
    schema: bool,
}

pub async fn ask(settings: &DatabaseSettings, args: &AskArgs, format: Format) -> Outcome {
    let name = match &args.query {
        Some(name) if !args.list => name,
        _ => return list(format),
    };
    let query = registry::find(name).ok_or_else(|| {
        Refusal::not_found(
            "query-not-found",
            format!("there is no query {name}; see `rapport ask --list`"),
        )
    })?;
    if args.schema {
        return schemas::show(
            query.entry.name,
            query.entry.description,
            &query.params_schema,
            format,
        );
    }
    let params = from_pairs(pairs(&args.params)?)?;
    attached(settings, async |store| {
        let tenant_id = args.tenant.require(store).await?;
        let answer = fetch(store, tenant_id, query, params, args).await?;
        remark_lag(store, query).await?;
        match (format, &answer.found) {
            (Format::Json, _) => output::document(&answer),
            (Format::Table, Found::One(item)) => print_one(item),
            (Format::Table, Found::List { items, next_cursor }) => {
                print_list(items, &args.columns)?;
                if let Some(cursor) = next_cursor {
                    output::remark(&format!("There is more: add --all, or cursor={cursor}"));
                }
                Ok(())
            }
        }
    })
    .await
}

/// One page, or all of them as one list that is as fresh as its first page.
async fn fetch(
    store: &Store,
    tenant_id: TenantId,
    query: &Query,
    mut params: Map<String, Value>,
    args: &AskArgs,
) -> Result<Answer, Reason> {
    let principal = Principal::system(tenant_id);
    if args.all && query.params_schema["properties"].get("limit").is_some() {
        params.entry("limit").or_insert(json!(PAGE_ITEMS));
    }
    let mut answer = queries::ask::ask(
        store,
        &principal,
        query.entry.name,
        params.clone(),
        args.read_after,
    )
    .await?;
    while let Found::List { items, next_cursor } = &mut answer.found
        && let Some(cursor) = next_cursor.take_if(|_| args.all)
    {
        if items.len() >= MAX_ALL_ITEMS {
            let detail = format!(
                "there are more than {MAX_ALL_ITEMS} items; narrow the query by its parameters"
            );
            return Err(Refusal::malformed("answer-too-long", detail).into());
        }
        params.insert("cursor".to_owned(), json!(cursor));
        let next =
            queries::ask::ask(store, &principal, query.entry.name, params.clone(), None).await?;
        if let Found::List {
            items: more,
            next_cursor: behind,
        } = next.found
        {
            items.extend(more);
            *next_cursor = behind;
        }
    }
    Ok(answer)
}

async fn remark_lag(store: &Store, query: &Query) -> Outcome {
    let standings = checkpoints::list(&store.pools.engine).await?;
    let (mut late, mut least) = (Vec::new(), None);
    for name in query.entry.projections {
        let behind = standings
            .iter()
            .filter(|standing| standing.projection == *name)
            .map(|standing| standing.newest - standing.position)
            .max();
        if behind != Some(0) {
            late.push(*name);
            least = least.max(behind);
        }
    }
    let how_far = match (late.len(), least) {
        (0, _) => return Ok(()),
        (_, Some(1)) => "one event".to_owned(),
        (_, Some(events)) => format!("up to {events} events"),
        (_, None) => "the whole log".to_owned(),
    };
    let names = late.join(", ");
    output::remark(&format!(
        "Behind by {how_far}: {names}. Is `rapport serve` running?"
    ));
    Ok(())
}

fn pairs(params: &[String]) -> Result<Vec<(&str, &str)>, Refusal> {
    params
        .iter()
        .map(|pair| {
            let detail = || format!("a parameter is name=value, not {pair:?}");
            pair.split_once('=')
                .ok_or_else(|| Refusal::malformed("parameter-malformed", detail()))
        })
        .collect()
}

fn list(format: Format) -> Outcome {
    if format == Format::Json {
        let summary = |query: &Query| {
            json!({ "name": query.entry.name, "title": query.entry.title, "description": query.entry.description,
                "permission": query.entry.permission, "list": query.entry.shape == Shape::List })
        };
        return output::document(
            &json!({ "queries": registry::list().map(summary).collect::<Vec<_>>() }),
        );
    }
    let row = |query: &Query| {
        let shape = match query.entry.shape {
            Shape::List => "list",
            Shape::One => "one",
        };
        vec![
            query.entry.name.to_owned(),
            shape.to_owned(),
            query.entry.permission.to_string(),
            query.entry.title.to_owned(),
        ]
    };
    let rows = registry::list().map(row).collect();
    Ok(output::table(
        &["query", "answers", "permission", "what it shows"],
        rows,
        "There are no queries.",
    )?)
}

fn print_one(item: &Value) -> Outcome {
    let leaves = output::leaves(item);
    let pairs: Vec<(&str, String)> = leaves
        .iter()
        .map(|(name, text)| (name.as_str(), text.clone()))
        .collect();
    Ok(output::record(&pairs)?)
}

fn print_list(items: &[Value], chosen: &[String]) -> Outcome {
    let columns = match chosen {
        [] => columns_of(items),
        chosen => chosen.iter().map(String::as_str).collect(),
    };
    let cells = |item: &Value| {
        columns
            .iter()
            .map(|column| output::cell(item.get(column)))
            .collect::<Vec<_>>()
    };
    let mut rows: Vec<Vec<String>> = items.iter().map(cells).collect();
    let mut shown = columns.len();
    if chosen.is_empty()
        && let Some(width) = output::terminal_columns()
    {
        shown = output::columns_that_fit(&columns, &rows, width);
        rows.iter_mut().for_each(|row| row.truncate(shown));
    }
    output::table(&columns[..shown], rows, "Nothing was found.")?;
    if shown < columns.len() {
        output::remark(&format!(
            "Not shown: {} (see --columns and --json)",
            columns[shown..].join(", ")
        ));
    }
    Ok(())
}

/// The fields of the items in the order in which they come, without those that no item has anything in.
fn columns_of(items: &[Value]) -> Vec<&str> {
    let mut columns: Vec<&str> = Vec::new();
    for (name, value) in items.iter().filter_map(Value::as_object).flatten() {
        if !value.is_null() && !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_is_empty_everywhere_is_left_out() {
        let items = [
            json!({"id": "a", "zone": null, "memo": null}),
            json!({"id": "b", "zone": "north", "memo": null}),
        ];
        assert_eq!(columns_of(&items), ["id", "zone"]);
    }

    #[test]
    fn a_parameter_without_a_value_is_refused() {
        assert_eq!(
            pairs(&["status".to_owned()]).unwrap_err().code,
            "parameter-malformed"
        );
        assert_eq!(pairs(&["q=a=b".to_owned()]).unwrap(), [("q", "a=b")]);
    }
}
