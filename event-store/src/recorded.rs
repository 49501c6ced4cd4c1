//! An event as it lies in the log.

use domain::ids::TenantId;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::Result;
use crate::upcast::{Stored, Upcasters};

/// The payload as text, byte for byte as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Payload(pub String);

impl<'a> tokio_postgres::types::FromSql<'a> for Payload {
    fn from_sql(
        _: &tokio_postgres::types::Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(std::str::from_utf8(raw)?.to_owned()))
    }

    fn accepts(kind: &tokio_postgres::types::Type) -> bool {
        *kind == tokio_postgres::types::Type::JSON
    }
}

/// One event with everything that was written beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub position: i64,
    pub tenant_id: TenantId,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub sequence: i64,
    pub event_type: String,
    pub event_version: String,
    pub payload: Payload,
    pub metadata: Payload,
    /// When it happened, by the clock of whoever said so.
    pub occurred_at: OffsetDateTime,
    /// When it was written down, by the database's clock.
    pub recorded_at: OffsetDateTime,
    pub command_id: String,
    pub correlation_id: String,
    pub causation_id: String,
    pub actor: String,
}

impl Recorded {
    pub fn from_row(row: &Row) -> Self {
        Self {
            position: row.get("position"),
            tenant_id: TenantId::new(row.get::<_, String>("tenant_id")),
            aggregate_type: row.get("aggregate_type"),
            aggregate_id: row.get("aggregate_id"),
            sequence: row.get("sequence"),
            event_type: row.get("event_type"),
            event_version: row.get("event_version"),
            payload: row.get("payload"),
            metadata: row.get("metadata"),
            occurred_at: row.get("occurred_at"),
            recorded_at: row.get("recorded_at"),
            command_id: row.get("command_id"),
            correlation_id: row.get("correlation_id"),
            causation_id: row.get("causation_id"),
            actor: row.get("actor"),
        }
    }

    /// The event as the noun's own type, whatever version of it was written.
    pub fn decode<E: DeserializeOwned>(&self) -> Result<E> {
        Upcasters::domain().decode(&self.stored())
    }

    /// What decoding needs of it.
    pub fn stored(&self) -> Stored<'_> {
        Stored {
            aggregate_type: &self.aggregate_type,
            event_type: &self.event_type,
            event_version: &self.event_version,
            payload: &self.payload.0,
            position: self.position,
        }
    }
}
