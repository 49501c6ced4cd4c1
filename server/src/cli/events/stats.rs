//! `rapport events stats`: how much lies in the log, by tenant, by aggregate and by type of event.

use std::collections::BTreeMap;

use clap::Args;
use event_store::store::Store;

use crate::cli::Outcome;
use crate::cli::output::{self, Format};
use crate::cli::tenant_choice::TenantChoice;
use crate::operations::events::stats::{Figures, Patience, TypeFigures, count};

/// Count what lies in the log.
///
/// Events and streams, bytes, first and last position and time: for each tenant, each kind of aggregate and each type and
/// version of event. The whole log is read for it; writers do not wait.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport events stats --tenant fire-and-rice")]
pub struct StatsArgs {
    #[command(flatten)]
    tenant: TenantChoice,
}

pub async fn stats(store: &Store, args: &StatsArgs, format: Format) -> Outcome {
    let stats = count(store, &args.tenant.scope(store).await?, Patience::Endless).await?;
    if format == Format::Json {
        return output::document(&stats);
    }
    print_sums("tenant", &stats.tenants)?;
    print_sums("aggregate", &stats.aggregates)?;
    print_types(&stats.types)?;
    let events = stats.all.map_or(0, |all| all.events);
    output::line(&format!(
        "{events} events, {} tombstones, {} on disk with indexes",
        stats.tombstones,
        size(stats.bytes_on_disk)
    ))?;
    Ok(())
}

fn print_sums(what: &str, sums: &BTreeMap<String, Figures>) -> Outcome {
    let rows = sums
        .iter()
        .map(|(name, figures)| [vec![name.clone()], cells(figures)].concat());
    let heads = [
        what, "events", "streams", "bytes", "first", "last", "since", "until",
    ];
    output::table(&heads, rows.collect(), "There are no events.")?;
    Ok(output::line("")?)
}

fn print_types(types: &[TypeFigures]) -> Outcome {
    let row = |one: &TypeFigures| {
        let mut cells = cells(&one.figures);
        cells.remove(1);
        let named = vec![
            one.tenant.clone(),
            format!("{} {}", one.event_type, one.event_version),
        ];
        [named, cells].concat()
    };
    let heads = [
        "tenant", "event", "events", "bytes", "first", "last", "since", "until",
    ];
    output::table(
        &heads,
        types.iter().map(row).collect(),
        "There are no events.",
    )?;
    Ok(output::line("")?)
}

fn cells(figures: &Figures) -> Vec<String> {
    vec![
        figures.events.to_string(),
        figures.streams.to_string(),
        size(figures.bytes),
        figures.first_position.to_string(),
        figures.last_position.to_string(),
        output::instant(figures.first_recorded_at),
        output::instant(figures.last_recorded_at),
    ]
}

/// Bytes for people.
fn size(bytes: i64) -> String {
    indicatif::BinaryBytes(bytes.unsigned_abs()).to_string()
}
