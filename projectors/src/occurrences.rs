//! What a fold needs of an event. A rebuild reads millions of them, so it leaves out the circumstances that the log keeps
//! beside each: who, by which command, and why.

use domain::ids::TenantId;
use event_store::Result;
use event_store::recorded::{Payload, Recorded};
use event_store::upcast::{Stored, Upcasters};
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use tokio_postgres::Row;

/// One event, without its circumstances.
#[derive(Clone, Debug, PartialEq)]
pub struct Occurrence {
    pub position: i64,
    pub tenant_id: TenantId,
    pub aggregate_type: &'static str,
    pub aggregate_id: String,
    pub sequence: i64,
    pub event_type: String,
    pub event_version: String,
    pub payload: Payload,
    pub occurred_at: OffsetDateTime,
}

impl Occurrence {
    /// Of a row with the columns `position, tenant_id, aggregate_id, sequence, event_type, event_version, payload,
    /// occurred_at`.
    pub(crate) fn from_row(aggregate_type: &'static str, row: &Row) -> Self {
        Self {
            position: row.get(0),
            tenant_id: TenantId::new(row.get::<_, String>(1)),
            aggregate_type,
            aggregate_id: row.get(2),
            sequence: row.get(3),
            event_type: row.get(4),
            event_version: row.get(5),
            payload: row.get(6),
            occurred_at: row.get(7),
        }
    }

    pub(crate) fn is_of_stream(&self, other: &Self) -> bool {
        self.tenant_id == other.tenant_id && self.aggregate_id == other.aggregate_id
    }
}

/// What is folded into an aggregate, whatever the event was read as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    pub tenant_id: &'a TenantId,
    pub aggregate_id: &'a str,
    pub sequence: i64,
    pub occurred_at: OffsetDateTime,
    stored: Stored<'a>,
}

impl Step<'_> {
    /// The event as the noun's own type, whatever version of it was written.
    pub fn decode<E: DeserializeOwned>(&self) -> Result<E> {
        Upcasters::domain().decode(&self.stored)
    }
}

impl<'a> From<&'a Occurrence> for Step<'a> {
    fn from(event: &'a Occurrence) -> Self {
        let stored = Stored {
            aggregate_type: event.aggregate_type,
            event_type: &event.event_type,
            event_version: &event.event_version,
            payload: &event.payload.0,
            position: event.position,
        };
        Self {
            tenant_id: &event.tenant_id,
            aggregate_id: &event.aggregate_id,
            sequence: event.sequence,
            occurred_at: event.occurred_at,
            stored,
        }
    }
}

impl<'a> From<&'a Recorded> for Step<'a> {
    fn from(event: &'a Recorded) -> Self {
        Self {
            tenant_id: &event.tenant_id,
            aggregate_id: &event.aggregate_id,
            sequence: event.sequence,
            occurred_at: event.occurred_at,
            stored: event.stored(),
        }
    }
}
