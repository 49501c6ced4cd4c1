//! An event as it lies in the log.

use domain::ids::TenantId;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::Result;
use crate::notary::entries::Form;
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

    /// What is sealed of it: all of it.
    pub fn form(&self) -> Form<'_> {
        Form {
            tenant_id: self.tenant_id.as_str(),
            aggregate_type: &self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            sequence: self.sequence,
            event_type: &self.event_type,
            event_version: &self.event_version,
            payload: &self.payload.0,
            metadata: &self.metadata.0,
            position: self.position,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            command_id: &self.command_id,
            correlation_id: &self.correlation_id,
            causation_id: &self.causation_id,
            actor: &self.actor,
        }
    }

    /// An event that has just been written, as it lies in the log.
    pub fn from_form(form: &Form<'_>) -> Self {
        Self {
            position: form.position,
            tenant_id: TenantId::new(form.tenant_id),
            aggregate_type: form.aggregate_type.to_owned(),
            aggregate_id: form.aggregate_id.to_owned(),
            sequence: form.sequence,
            event_type: form.event_type.to_owned(),
            event_version: form.event_version.to_owned(),
            payload: Payload(form.payload.to_owned()),
            metadata: Payload(form.metadata.to_owned()),
            occurred_at: form.occurred_at,
            recorded_at: form.recorded_at,
            command_id: form.command_id.to_owned(),
            correlation_id: form.correlation_id.to_owned(),
            causation_id: form.causation_id.to_owned(),
            actor: form.actor.to_owned(),
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
