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

/// Whatever can be folded into an aggregate.
pub(crate) trait Foldable {
    fn tenant_id(&self) -> &TenantId;
    fn aggregate_id(&self) -> &str;
    fn sequence(&self) -> i64;
    fn occurred_at(&self) -> OffsetDateTime;
    fn stored(&self) -> Stored<'_>;

    /// The event as the noun's own type, whatever version of it was written.
    fn decode<E: DeserializeOwned>(&self) -> Result<E> {
        Upcasters::domain().decode(&self.stored())
    }
}

impl Foldable for Occurrence {
    fn tenant_id(&self) -> &TenantId {
        &self.tenant_id
    }

    fn aggregate_id(&self) -> &str {
        &self.aggregate_id
    }

    fn sequence(&self) -> i64 {
        self.sequence
    }

    fn occurred_at(&self) -> OffsetDateTime {
        self.occurred_at
    }

    fn stored(&self) -> Stored<'_> {
        Stored {
            aggregate_type: self.aggregate_type,
            event_type: &self.event_type,
            event_version: &self.event_version,
            payload: &self.payload.0,
            position: self.position,
        }
    }
}

impl Foldable for Recorded {
    fn tenant_id(&self) -> &TenantId {
        &self.tenant_id
    }

    fn aggregate_id(&self) -> &str {
        &self.aggregate_id
    }

    fn sequence(&self) -> i64 {
        self.sequence
    }

    fn occurred_at(&self) -> OffsetDateTime {
        self.occurred_at
    }

    fn stored(&self) -> Stored<'_> {
        Recorded::stored(self)
    }
}
