//! A log as it is handed out, for `rapport-verify`: a first line with the signed head, then an entry a line. What is
//! personal stays sealed.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::error::Error;
use event_store::notary::entries::micros;
use event_store::notary::logs::{self, Entry, StoredCheckpoint};
use event_store::notary::tree::Hash;
use event_store::notary::{ANCHOR, proofs};
use event_store::store::Store;
use identity::acts::{self, Act};
use serde::Serialize;
use serde_json::json;

/// What such an export is called; another shape gets another name.
const FORMAT: &str = "rapport-audit-1";

/// Who has taken a log, in the log that it is taken of; the anchor's holds checkpoints alone.
pub async fn note(store: &Store, log: &str, principal: &str) -> Result<()> {
    let tenant_id = match log {
        ANCHOR => acts::installation(),
        _ => TenantId::new(log),
    };
    let act = Act {
        tenant_id: &tenant_id,
        principal,
        action: "export-audit-log",
        subject: log,
        reason: None,
        details: &json!({}),
    };
    acts::record(&store.pools.engine.get().await?, act).await?;
    store.wake.committed_unknown();
    Ok(())
}

/// Refused with 404 `audit-log-empty` where there is nothing to hand out yet.
pub async fn require_signed(store: &Store, log: &str) -> Result<StoredCheckpoint> {
    newest_signed(&store.pools.engine.get().await?, log).await
}

async fn newest_signed(client: &impl GenericClient, log: &str) -> Result<StoredCheckpoint> {
    let newest = logs::newest(client, log, None).await?;
    Ok(newest.ok_or_else(|| {
        let detail = "nothing of this log was signed yet";
        Refusal::not_found("audit-log-empty", detail)
    })?)
}

/// An entry's line.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Exported<'a> {
    Event(Box<EventLine<'a>>),
    Checkpoint(CheckpointLine<'a>),
}

/// Of a tenant's log: an event as it is stored.
#[derive(Serialize)]
pub struct EventLine<'a> {
    index: i64,
    prev_hash: String,
    entry_hash: String,
    tenant_id: &'a str,
    aggregate_type: &'a str,
    aggregate_id: &'a str,
    sequence: i64,
    event_type: &'a str,
    event_version: &'a str,
    payload: &'a str,
    metadata: &'a str,
    position: i64,
    /// Microseconds since 1970.
    occurred_at: i128,
    recorded_at: i128,
    command_id: &'a str,
    correlation_id: &'a str,
    causation_id: &'a str,
    actor: &'a str,
}

/// Of the anchor's log: a signed checkpoint.
#[derive(Serialize)]
pub struct CheckpointLine<'a> {
    index: i64,
    prev_hash: String,
    entry_hash: String,
    note: &'a str,
}

impl<'a> Exported<'a> {
    /// The line of an entry, which for the anchor's log is a note.
    pub fn of(entry: &'a Entry, note: Option<&'a str>) -> Result<Self> {
        let (prev_hash, entry_hash) = (base64(&entry.previous), base64(&entry.hash));
        if let Some(note) = note {
            return Ok(Self::Checkpoint(CheckpointLine {
                index: entry.index,
                prev_hash,
                entry_hash,
                note,
            }));
        }
        let event = entry.event.as_ref().ok_or_else(|| {
            Error::internal(format!(
                "the event of audit entry {} is gone; see `rapport audit verify`",
                entry.index
            ))
        })?;
        Ok(Self::Event(Box::new(EventLine {
            index: entry.index,
            prev_hash,
            entry_hash,
            tenant_id: event.tenant_id.as_str(),
            aggregate_type: &event.aggregate_type,
            aggregate_id: &event.aggregate_id,
            sequence: event.sequence,
            event_type: &event.event_type,
            event_version: &event.event_version,
            payload: &event.payload.0,
            metadata: &event.metadata.0,
            position: event.position,
            occurred_at: micros(event.occurred_at),
            recorded_at: micros(event.recorded_at),
            command_id: &event.command_id,
            correlation_id: &event.correlation_id,
            causation_id: &event.causation_id,
            actor: &event.actor,
        })))
    }
}

/// Writes a log up to its newest signed head; `told` hears how many entries are written. Answers the head.
pub async fn write(
    store: &Store,
    log: &str,
    out: &mut impl Write,
    mut told: impl FnMut(i64),
) -> Result<StoredCheckpoint> {
    let client = store.pools.engine.get().await?;
    let identity = super::identity(&client).await?;
    let head = newest_signed(&client, log).await?;
    let anchor = match head.anchor_index {
        Some(index) => logs::newest(&client, ANCHOR, None)
            .await?
            .map(|anchor| (index, anchor)),
        None => None,
    };
    let anchor = match anchor {
        Some((index, anchor)) => {
            let place = (index.unsigned_abs(), anchor.tree_size.unsigned_abs());
            let proof = proofs::inclusion(&client, ANCHOR, place).await?;
            let proof: Vec<String> = proof.iter().map(base64).collect();
            Some(json!({ "checkpoint": anchor.note, "index": index, "proof": proof }))
        }
        None => None,
    };
    line(
        out,
        &json!({
            "format": FORMAT, "public_key": identity.verifier_key(log), "checkpoint": head.note, "anchor": anchor,
        }),
    )?;
    let mut next = 0;
    while next < head.tree_size {
        let page = logs::entries(&client, log, (next, head.tree_size)).await?;
        let notes = match log {
            ANCHOR => logs::anchored_notes(&client, (next, head.tree_size)).await?,
            _ => Vec::new(),
        };
        if page.is_empty() {
            return Err(Error::internal(
                "entries of the audit log are missing; see `rapport audit verify`",
            ));
        }
        for (place, entry) in page.iter().enumerate() {
            line(
                out,
                &Exported::of(entry, notes.get(place).map(String::as_str))?,
            )?;
            next = entry.index + 1;
        }
        told(next);
    }
    out.flush().map_err(failed)?;
    Ok(head)
}

/// A hash as text.
pub fn base64(hash: &Hash) -> String {
    BASE64.encode(hash)
}

fn line(out: &mut impl Write, value: &impl Serialize) -> Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n").map_err(failed)
}

fn failed(error: std::io::Error) -> Error {
    Error::Internal(Box::new(error))
}
