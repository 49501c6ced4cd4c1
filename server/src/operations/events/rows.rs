//! One event on the wire: the columns of the log by their names, payload and metadata as the JSON that they are.

use std::collections::HashMap;

use event_store::Result;
use event_store::recorded::Recorded;
use event_store::store::Store;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use time::OffsetDateTime;

/// Slugs by tenant id, to show people what they know.
pub struct Slugs(HashMap<String, String>);

/// An event as it is printed and exported.
#[derive(Serialize)]
pub struct EventRow<'a> {
    position: i64,
    tenant_id: &'a str,
    aggregate_type: &'a str,
    aggregate_id: &'a str,
    sequence: i64,
    event_type: &'a str,
    event_version: &'a str,
    #[serde(with = "time::serde::rfc3339")]
    occurred_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    recorded_at: OffsetDateTime,
    command_id: &'a str,
    correlation_id: &'a str,
    causation_id: &'a str,
    actor: &'a str,
    metadata: Box<RawValue>,
    payload: Box<RawValue>,
}

impl<'a> EventRow<'a> {
    pub fn of(event: &'a Recorded) -> Result<Self> {
        Ok(Self {
            position: event.position,
            tenant_id: event.tenant_id.as_str(),
            aggregate_type: &event.aggregate_type,
            aggregate_id: &event.aggregate_id,
            sequence: event.sequence,
            event_type: &event.event_type,
            event_version: &event.event_version,
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
            command_id: &event.command_id,
            correlation_id: &event.correlation_id,
            causation_id: &event.causation_id,
            actor: &event.actor,
            metadata: raw(&event.metadata.0)?,
            payload: raw(&event.payload.0)?,
        })
    }
}

impl Slugs {
    pub async fn read(store: &Store) -> Result<Self> {
        let tenants = store.directory.list().await?;
        Ok(Self(
            tenants
                .into_iter()
                .map(|(tenant_id, slug)| (tenant_id.as_str().to_owned(), slug))
                .collect(),
        ))
    }

    /// The tenant's slug, or its id where it has come since.
    pub fn of<'a>(&'a self, tenant_id: &'a str) -> &'a str {
        self.0.get(tenant_id).map_or(tenant_id, String::as_str)
    }
}

/// Byte for byte as it was written, unless that would break a line in two.
fn raw(text: &str) -> Result<Box<RawValue>> {
    let on_one_line = match text.contains('\n') {
        true => serde_json::from_str::<Value>(text)?.to_string(),
        false => text.to_owned(),
    };
    Ok(RawValue::from_string(on_one_line)?)
}
