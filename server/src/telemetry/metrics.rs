//! What `/metrics` tells: every name with its meaning in one list, the recorder, and the gauges that are read from the
//! database whenever somebody asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use event_store::store::Store;
use event_store::{Result, ages, holes, steering};
use metrics::Label;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// The upper ends of every histogram's buckets, in seconds: from a commit on a quiet machine to a request given up.
const BUCKETS_SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

use Kind::{Counter, Gauge, Histogram};

/// Every metric there is; dashboards and alert rules may name these and no others.
pub const METRICS: &[(&str, Kind, &str)] = &[
    (
        "rapport_http_request_seconds",
        Histogram,
        "Time to answer a request, by route and status.",
    ),
    (
        "rapport_connections_refused_total",
        Counter,
        "Connections ended at once because their address had too many.",
    ),
    (
        "rapport_connections_cut_total",
        Counter,
        "Connections cut because they neither asked anything nor were answered.",
    ),
    (
        "rapport_rate_refusals_total",
        Counter,
        "Requests beyond a principal's rate, by class: read, write.",
    ),
    (
        "rapport_sign_ins_total",
        Counter,
        "Attempts to sign in by password, by outcome: accepted, refused.",
    ),
    (
        "rapport_commands_total",
        Counter,
        "Commands by outcome: accepted, replayed (an idempotent repetition), refused, failed.",
    ),
    (
        "rapport_command_conflicts_total",
        Counter,
        "Attempts at a command that met another writer's events or claims and were tried again or given up.",
    ),
    (
        "rapport_commit_batch_size",
        Histogram,
        "Commands that were written by one statement.",
    ),
    (
        "rapport_tenants_deleted_total",
        Counter,
        "Tenants whose deletion is over.",
    ),
    (
        "rapport_snapshots_taken_total",
        Counter,
        "States of long streams that were kept, so that they need not be folded from their beginning.",
    ),
    (
        "rapport_load_seconds",
        Histogram,
        "Time to load what the commands of one batch decide by.",
    ),
    (
        "rapport_commit_seconds",
        Histogram,
        "Time to write the events of one batch of commands, and all that goes with them.",
    ),
    (
        "rapport_log_pages_total",
        Counter,
        "Batches that subscribers were handed, by where they came from: memory of what this process has just written, its hashes alone, or the log.",
    ),
    (
        "rapport_log_holes_seen_total",
        Counter,
        "Stretches of positions that were missing when a reader came to them.",
    ),
    (
        "rapport_log_holes_filled_total",
        Counter,
        "Holes that were filled, by their late writer or by tombstones.",
    ),
    (
        "rapport_log_holes_skipped_total",
        Counter,
        "Holes that were stepped over because their writer was certainly gone.",
    ),
    (
        "rapport_log_tombstones_total",
        Counter,
        "Positions that were given up and filled with a tombstone.",
    ),
    (
        "rapport_log_holes_open",
        Gauge,
        "Stretches of positions that are missing behind the safe end of the log.",
    ),
    (
        "rapport_log_oldest_hole_seconds",
        Gauge,
        "Age of the oldest open hole; 0 when there is none.",
    ),
    (
        "rapport_log_holder_seconds",
        Gauge,
        "Age of the oldest transaction that may write, which holds back the judgement of holes; 0 when there is none.",
    ),
    (
        "rapport_log_holder_pid",
        Gauge,
        "Process id of the session with that transaction; 0 when there is none or it is a prepared one.",
    ),
    (
        "rapport_projection_lag_events",
        Gauge,
        "Positions that a projection is behind the newest.",
    ),
    (
        "rapport_projection_lag_seconds",
        Gauge,
        "Age of the oldest event that a projection has not seen; 0 at the end of the log.",
    ),
    (
        "rapport_projection_still_seconds",
        Gauge,
        "Time since a projection moved last; with lag it means that it is stuck.",
    ),
    (
        "rapport_projection_parked_keys",
        Gauge,
        "Keys of a projection that wait behind an event that cannot be applied.",
    ),
    (
        "rapport_projection_dropped_events_total",
        Counter,
        "Events that a projection gave up because its policy is to skip what cannot be applied.",
    ),
    (
        "rapport_audit_checkpoints_total",
        Counter,
        "Heads of audit logs that were signed.",
    ),
    (
        "rapport_audit_entries_lost_total",
        Counter,
        "Refused accesses and audited reads beyond what can be told apart in one second; their number is in the log.",
    ),
    (
        "rapport_audit_witness_tellings_total",
        Counter,
        "Tellings of checkpoints to witnesses, by outcome: told, failed.",
    ),
    (
        "rapport_outbox_due_messages",
        Gauge,
        "Messages that are due and that nobody is sending, by target; counted up to 1,000 of each destination.",
    ),
    (
        "rapport_outbox_oldest_due_seconds",
        Gauge,
        "How long the oldest of them has been due, by target; 0 when there is none.",
    ),
    (
        "rapport_outbox_dead_messages",
        Gauge,
        "Messages that could not be sent and wait for an operator, by target; counted up to 10,000.",
    ),
    (
        "rapport_outbox_unknown_messages",
        Gauge,
        "Messages of which nobody knows whether they had their effect, by target; they wait for an operator.",
    ),
    (
        "rapport_outbox_open_breakers",
        Gauge,
        "Destinations whose breaker is open or probing, by target.",
    ),
    (
        "rapport_outbox_held_destinations",
        Gauge,
        "Destinations that are paused or asked to be left alone for a while, by target.",
    ),
    (
        "rapport_outbox_breaker_opened_total",
        Counter,
        "Times that a destination's breaker opened, by target.",
    ),
    (
        "rapport_outbox_late_seconds",
        Histogram,
        "Time from when a message was due until a worker leased it, by target.",
    ),
    (
        "rapport_assistant_runs_total",
        Counter,
        "Runs of the assistant by how they ended: answer, suggest, hand_over, end.",
    ),
    (
        "rapport_assistant_calls_total",
        Counter,
        "Calls to language models, by outcome: answered, failed.",
    ),
    (
        "rapport_assistant_tokens_total",
        Counter,
        "Tokens of language models, by direction: in, out.",
    ),
    (
        "rapport_assistant_cost_micros_total",
        Counter,
        "Cost of calls to language models in millionths of a US dollar, where the price is known.",
    ),
    (
        "rapport_assistant_budget_refusals_total",
        Counter,
        "Calls to language models that were not made because the tenant's day is used up.",
    ),
    (
        "rapport_outbox_delivery_seconds",
        Histogram,
        "Time from a message's lease until what came of it was written back, by target.",
    ),
    (
        "rapport_outbox_attempts_total",
        Counter,
        "Attempts to send, by target and outcome.",
    ),
    (
        "rapport_outbox_stale_write_backs_total",
        Counter,
        "Results of attempts that came after the message's lease had gone to another worker.",
    ),
    (
        "rapport_webhooks_total",
        Counter,
        "Webhooks by provider and outcome.",
    ),
    (
        "rapport_webhooks_oldest_seconds",
        Gauge,
        "Age of the oldest webhook that was not handled; 0 when there is none.",
    ),
    (
        "rapport_webhook_bad_signatures_total",
        Counter,
        "Webhooks that were turned away for their signature, by provider.",
    ),
    (
        "rapport_webhook_conflicting_bodies_total",
        Counter,
        "Webhooks that came again under the same id with another body.",
    ),
];

/// Installs the process's recorder and tells it what its metrics mean.
pub fn install() -> std::result::Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS_SECONDS)?
        .install_recorder()?;
    for (name, kind, meaning) in METRICS {
        match kind {
            Counter => metrics::describe_counter!(*name, *meaning),
            Gauge => metrics::describe_gauge!(*name, *meaning),
            Histogram => metrics::describe_histogram!(*name, *meaning),
        }
    }
    Ok(handle)
}

mod outbox_gauges;

/// Reads the gauges anew. What cannot be read keeps its old value: the figures of the process are told all the same.
pub async fn sample(store: &Store) {
    let (projections, log, waiting, outbox) = futures_util::future::join4(
        sample_projections(store),
        sample_log(store),
        sample_waiting(store),
        outbox_gauges::sample(store),
    )
    .await;
    for outcome in [projections, log, waiting, outbox] {
        if let Err(error) = outcome {
            tracing::warn!(%error, "some metrics could not be read");
        }
    }
}

async fn sample_projections(store: &Store) -> Result<()> {
    let conditions = steering::list(&store.pools.engine.get().await?).await?;
    let mut told = Movements::new();
    for found in conditions {
        metrics::gauge!("rapport_projection_parked_keys", "projection" => found.subscriber.clone())
            .set(found.parked_keys as f64);
        let name = found.subscriber;
        if found.shards.is_empty() {
            let figures = (
                found.behind_events,
                found.behind_seconds,
                found.still_seconds,
            );
            told.insert(vec![Label::new("projection", name)], figures);
            continue;
        }
        for shard in found.shards {
            let figures = (
                shard.behind_events,
                shard.behind_seconds,
                shard.still_seconds,
            );
            let labels = vec![
                Label::new("projection", name.clone()),
                Label::new("shard", shard.shard),
            ];
            told.insert(labels, figures);
        }
    }
    tell_movements(told);
    Ok(())
}

/// Events and seconds behind, and seconds without a move, by projection and by shard where it is split.
type Movements = BTreeMap<Vec<Label>, (i64, f64, f64)>;

/// A projection that was split anew leaves the gauges of its old shards behind, which say nothing any more.
fn tell_movements(told: Movements) {
    static BEFORE: Mutex<BTreeSet<Vec<Label>>> = Mutex::new(BTreeSet::new());
    let mut before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    let gone = before.iter().filter(|labels| !told.contains_key(*labels));
    let none = gone.map(|labels| (labels, &(0, 0.0, 0.0)));
    for (labels, (events, seconds, still)) in told.iter().chain(none) {
        metrics::gauge!("rapport_projection_lag_events", labels.clone()).set(*events as f64);
        metrics::gauge!("rapport_projection_lag_seconds", labels.clone()).set(seconds.max(0.0));
        metrics::gauge!("rapport_projection_still_seconds", labels.clone()).set(still.max(0.0));
    }
    *before = told.into_keys().collect();
}

/// Only what lies behind the end that this process has seen is looked at, which is little unless something is wrong.
async fn sample_log(store: &Store) -> Result<()> {
    let pool = &store.pools.engine;
    let client = pool.get().await?;
    let (noted, newest) = holes::ends(&client).await?;
    let safe = noted.max(*store.tail.watch().borrow());
    let open = holes::list(&client, safe, newest).await?;
    drop(client);
    let oldest = open.iter().map(|hole| hole.seconds).fold(0.0, f64::max);
    metrics::gauge!("rapport_log_holes_open").set(open.len() as f64);
    metrics::gauge!("rapport_log_oldest_hole_seconds").set(oldest);
    let holder = holes::find_holder(pool).await?;
    let holder = holder.as_ref();
    let seconds = holder.and_then(|holder| holder.seconds).unwrap_or(0.0);
    let pid = holder.and_then(|holder| holder.pid).unwrap_or(0);
    metrics::gauge!("rapport_log_holder_seconds").set(seconds.max(0.0));
    metrics::gauge!("rapport_log_holder_pid").set(f64::from(pid));
    Ok(())
}

async fn sample_waiting(store: &Store) -> Result<()> {
    let found = ages::find(&store.pools.engine).await?;
    metrics::gauge!("rapport_webhooks_oldest_seconds").set(found.oldest_webhook_seconds);
    Ok(())
}
