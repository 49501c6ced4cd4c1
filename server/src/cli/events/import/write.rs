//! Writes an export's lines, a batch a transaction. Events are guarded as every append is: by the primary key, and here
//! by looking that no stream has a gap.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use deadpool_postgres::Transaction;
use domain::refusal::Refusal;
use event_store::pg::JsonText;
use event_store::recorded::Recorded;
use event_store::store::Store;

use super::Parcel;
use super::lines::Lines;
use super::progress::{Kind, advance};
use crate::cli::{Outcome, Reason, output};
use crate::operations::events::exports::keys::{Held, KeyLine};
use crate::operations::events::exports::manifest::invalid;

/// Lines of one transaction. While it lasts readers wait before its positions, so it is kept short.
const BATCH_LINES: usize = 500;

const OPEN_TENANT: &str = "insert into tenants (tenant_id, slug, wrapped_key) values ($1, $2, $3)";
const INSERT_SUBJECT_KEY: &str = "
    insert into subject_keys (tenant_id, subject_id, wrapped_key, created_at, restricted_at, destroyed_at)
    values ($1, $2, $3, $4, $5, $6)";
const INSERT_WRAP: &str =
    "insert into tenant_wrap_keys (tenant_id, wrap_id, wrapped_key) values ($1, $2, $3)";
const INSERT_CLAIM: &str = "
    insert into claims (tenant_id, scope, value, aggregate_type, aggregate_id) values ($1, $2, $3, $4, $5)";
const INSERT_HANDLE: &str = "
    insert into handles (tenant_id, scope, value, aggregate_type, aggregate_id) values ($1, $2, $3, $4, $5)";

/// The log's fence rests on a transaction having its id before it draws a position.
const TAKE_TRANSACTION_ID: &str = "select pg_current_xact_id()::text";
const LIST_TAILS: &str = "
    select k.aggregate_type, k.aggregate_id, coalesce(max(e.sequence), 0) as newest
    from unnest($2::text[], $3::text[]) as k (aggregate_type, aggregate_id)
    left join events e on e.tenant_id = $1 and e.aggregate_type = k.aggregate_type and e.aggregate_id = k.aggregate_id
    group by k.aggregate_type, k.aggregate_id";
const INSERT_EVENTS: &str = "
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor)
    select $1::text, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version, e.payload, e.metadata,
        e.occurred_at, e.recorded_at, e.command_id, e.correlation_id, e.causation_id, e.actor
    from unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::json[], $8::json[], $9::timestamptz[],
        $10::timestamptz[], $11::text[], $12::text[], $13::text[], $14::text[])
        with ordinality as e (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
            occurred_at, recorded_at, command_id, correlation_id, causation_id, actor, ordinal)
    order by e.ordinal";

/// Writes the tenant, its subjects' keys, claims and handles, behind the first `done` lines.
pub async fn write_keys(store: &Store, parcel: &Parcel, done: u64) -> Outcome {
    let Some(piece) = &parcel.manifest.keys else {
        return Ok(());
    };
    let bar = output::progress("importing keys", piece.lines);
    let mut lines = Lines::open(&parcel.directory, piece)?;
    let mut client = store.pools.engine.get().await?;
    let mut read = 0_u64;
    loop {
        let mut batch: Vec<KeyLine> = Vec::new();
        let from = read.max(done);
        while batch.len() < BATCH_LINES {
            let Some(line) = lines.next()? else { break };
            read += 1;
            if read > done {
                batch.push(serde_json::from_slice(line)?);
            }
        }
        if batch.is_empty() {
            break;
        }
        let tx = client.transaction().await?;
        for line in &batch {
            write_key(&tx, store, parcel, line).await?;
        }
        advance(&tx, parcel, Kind::Keys, (from, read)).await?;
        tx.commit().await?;
        bar.set_position(read);
    }
    bar.finish_and_clear();
    Ok(())
}

async fn write_key(
    tx: &Transaction<'_>,
    store: &Store,
    parcel: &Parcel,
    line: &KeyLine,
) -> Outcome {
    let tenant_id = parcel.tenant_id.as_str();
    match line {
        KeyLine::Tenant { slug, wrapped_key } => {
            let wrapped_key = key(wrapped_key)?;
            // A key that does not open here would make everything that is sealed under it useless.
            store.vault.unwrap_tenant(&parcel.tenant_id, &wrapped_key)?;
            tx.execute(OPEN_TENANT, &[&tenant_id, slug, &wrapped_key])
                .await?;
        }
        KeyLine::WrapKey {
            wrap_id,
            wrapped_key,
        } => {
            let wrapped_key = key(wrapped_key)?;
            tx.execute(INSERT_WRAP, &[&tenant_id, wrap_id, &wrapped_key])
                .await?;
        }
        KeyLine::SubjectKey {
            subject_id,
            wrapped_key,
            created_at,
            restricted_at,
            destroyed_at,
        } => {
            let wrapped_key = wrapped_key.as_deref().map(key).transpose()?;
            let statement = tx.prepare_cached(INSERT_SUBJECT_KEY).await?;
            tx.execute(
                &statement,
                &[
                    &tenant_id,
                    subject_id,
                    &wrapped_key,
                    created_at,
                    restricted_at,
                    destroyed_at,
                ],
            )
            .await?;
        }
        KeyLine::Claim(held) => write_held(tx, tenant_id, INSERT_CLAIM, held).await?,
        KeyLine::Handle(held) => write_held(tx, tenant_id, INSERT_HANDLE, held).await?,
    }
    Ok(())
}

async fn write_held(
    tx: &Transaction<'_>,
    tenant_id: &str,
    statement: &str,
    held: &Held,
) -> Outcome {
    let statement = tx.prepare_cached(statement).await?;
    tx.execute(
        &statement,
        &[
            &tenant_id,
            &held.scope,
            &held.value,
            &held.aggregate_type,
            &held.aggregate_id,
        ],
    )
    .await?;
    Ok(())
}

fn key(base64: &str) -> Result<Vec<u8>, Reason> {
    let decoded = BASE64.decode(base64);
    decoded.map_err(|_| invalid("a key in it is damaged").into())
}

/// Writes the events behind the first `done`.
pub async fn write_events(store: &Store, parcel: &Parcel, done: u64) -> Outcome {
    let bar = output::progress("importing events", parcel.manifest.events);
    let mut client = store.pools.engine.get().await?;
    let (mut read, mut written) = (0_u64, done);
    for chunk in &parcel.manifest.chunks {
        if read + chunk.piece.lines <= done {
            read += chunk.piece.lines;
            continue;
        }
        let mut lines = Lines::open(&parcel.directory, &chunk.piece)?;
        loop {
            let mut batch = Vec::with_capacity(BATCH_LINES);
            while batch.len() < BATCH_LINES {
                let Some(event) = lines.next_event()? else {
                    break;
                };
                read += 1;
                if read > done {
                    batch.push(event);
                }
            }
            if batch.is_empty() {
                break;
            }
            let tx = client.transaction().await?;
            advance(&tx, parcel, Kind::Events, (written, read)).await?;
            insert(&tx, parcel, &batch).await?;
            tx.commit().await?;
            written = read;
            store.wake.committed_unknown();
            bar.set_position(written);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

async fn insert(tx: &Transaction<'_>, parcel: &Parcel, batch: &[Recorded]) -> Outcome {
    check_sequences(tx, parcel, batch).await?;
    tx.query_one(TAKE_TRANSACTION_ID, &[]).await?;
    let texts = |of: fn(&Recorded) -> &str| batch.iter().map(of).collect::<Vec<&str>>();
    let payloads: Vec<JsonText<'_>> = batch.iter().map(|e| JsonText(&e.payload.0)).collect();
    let metadata: Vec<JsonText<'_>> = batch.iter().map(|e| JsonText(&e.metadata.0)).collect();
    let statement = tx.prepare_cached(INSERT_EVENTS).await?;
    tx.execute(
        &statement,
        &[
            &parcel.tenant_id.as_str(),
            &texts(|e| &e.aggregate_type),
            &texts(|e| &e.aggregate_id),
            &batch.iter().map(|e| e.sequence).collect::<Vec<_>>(),
            &texts(|e| &e.event_type),
            &texts(|e| &e.event_version),
            &payloads,
            &metadata,
            &batch.iter().map(|e| e.occurred_at).collect::<Vec<_>>(),
            &batch.iter().map(|e| e.recorded_at).collect::<Vec<_>>(),
            &texts(|e| &e.command_id),
            &texts(|e| &e.correlation_id),
            &texts(|e| &e.causation_id),
            &texts(|e| &e.actor),
        ],
    )
    .await?;
    Ok(())
}

/// Every event must follow the one before it in its stream.
async fn check_sequences(tx: &Transaction<'_>, parcel: &Parcel, batch: &[Recorded]) -> Outcome {
    let mut streams: Vec<(&str, &str)> = batch
        .iter()
        .map(|event| (event.aggregate_type.as_str(), event.aggregate_id.as_str()))
        .collect();
    streams.sort_unstable();
    streams.dedup();
    let (types, ids): (Vec<&str>, Vec<&str>) = streams.into_iter().unzip();
    let statement = tx.prepare_cached(LIST_TAILS).await?;
    let rows = tx
        .query(&statement, &[&parcel.tenant_id.as_str(), &types, &ids])
        .await?;
    let mut tails: HashMap<(String, String), i64> = HashMap::with_capacity(rows.len());
    for row in &rows {
        let stream = (row.try_get("aggregate_type")?, row.try_get("aggregate_id")?);
        tails.insert(stream, row.try_get("newest")?);
    }
    for event in batch {
        let stream = (event.aggregate_type.clone(), event.aggregate_id.clone());
        let newest = tails.entry(stream).or_insert(0);
        if event.sequence != *newest + 1 {
            let detail = format!(
                "{}/{} has {newest} events, and the next to be imported is #{}",
                event.aggregate_type, event.aggregate_id, event.sequence
            );
            return Err(Refusal::conflict("stream-not-continuous", detail).into());
        }
        *newest = event.sequence;
    }
    Ok(())
}
