//! The hash of an entry, from the fields that it shows.

use crate::documents::{CheckpointEntry, EventEntry, hash, parse};
use crate::tree::{Fields, Hash};
use crate::{Failure, Fault};

const EVENT_LABEL: &str = "rapport-audit-entry-v1";
const CHECKPOINT_LABEL: &str = "rapport-audit-anchor-v1";

/// What kind of entries a log has.
#[derive(Clone, Copy)]
pub enum Kind<'a> {
    /// Events of this tenant.
    Events(&'a str),
    Checkpoints,
}

/// An entry with its hash computed.
pub struct Entry {
    pub index: u64,
    pub previous: Hash,
    pub hash: Hash,
}

/// Reads an entry's line. Fails with `Altered` when its hash is not that of its fields.
pub fn read(line: &[u8], kind: Kind<'_>) -> Result<Entry, Failure> {
    let (entry, stated) = match kind {
        Kind::Events(tenant_id) => {
            let event: EventEntry<'_> = parse(line)?;
            (of_event(&event, tenant_id)?, hash(&event.entry_hash)?)
        }
        Kind::Checkpoints => {
            let entry: CheckpointEntry = parse(line)?;
            let mut fields = Fields::new(CHECKPOINT_LABEL);
            fields.add(&entry.note);
            let computed = Entry {
                index: entry.index,
                previous: hash(&entry.prev_hash)?,
                hash: fields.hash(),
            };
            (computed, hash(&entry.entry_hash)?)
        }
    };
    if entry.hash == stated {
        return Ok(entry);
    }
    let detail = format!("entry {} is not what was sealed", entry.index);
    Err(Failure::new(Fault::Altered, detail))
}

/// The entry of an event, with its hash as it is, whatever it states.
pub fn of_event(event: &EventEntry<'_>, tenant_id: &str) -> Result<Entry, Failure> {
    if event.tenant_id != tenant_id {
        let detail = format!("entry {} is of another tenant", event.index);
        return Err(Failure::new(Fault::Altered, detail));
    }
    let mut fields = Fields::new(EVENT_LABEL);
    fields.add(&event.tenant_id);
    fields.add(&event.aggregate_type);
    fields.add(&event.aggregate_id);
    fields.add(&event.sequence.to_string());
    fields.add(&event.event_type);
    fields.add(&event.event_version);
    fields.add(&event.payload);
    fields.add(&event.metadata);
    fields.add(&event.position.to_string());
    fields.add(&event.occurred_at.to_string());
    fields.add(&event.recorded_at.to_string());
    fields.add(&event.command_id);
    fields.add(&event.correlation_id);
    fields.add(&event.causation_id);
    fields.add(&event.actor);
    Ok(Entry {
        index: event.index,
        previous: hash(&event.prev_hash)?,
        hash: fields.hash(),
    })
}
