//! Our store below the commands: one load (answer of the key, stream) and one append (event, answer, and a message in
//! the outbox), by the statement that can write everything.

use std::time::Duration;

use cqrs_es::Aggregate;
use domain::customers::Customer;
use domain::ids::TenantId;
use event_store::commit::{CommandRecord, Commit, NewEvent, OutboxMessage, Outcome, StreamEvents};
use event_store::era::Era;
use event_store::load::Load;
use event_store::store::Store;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Result;
use crate::drive::{Offered, Sample, drive};
use crate::streams;

/// Under whom these commits are recorded.
pub const PRINCIPAL: &str = "bench-store";
pub const NAME: &str = "bench-append";
/// Where the messages go: to nobody, and no relay runs here.
pub const TARGET: &str = "bench";

/// One run; answers the sample and how many commits were acknowledged.
pub async fn measure(
    store: &Store,
    tenant_id: &TenantId,
    clients: usize,
    measured: Duration,
) -> Result<(Sample, u64)> {
    let (store, tenant_id) = (store.clone(), tenant_id.clone());
    let operation = move |_| {
        let (store, tenant_id) = (store.clone(), tenant_id.clone());
        async move {
            let id = streams::id(streams::pick_quiet());
            while append_to(&store, &tenant_id, &id).await? != Written::Yes {}
            Ok(())
        }
    };
    drive(Offered::full(clients, measured), operation).await
}

#[derive(PartialEq, Eq)]
enum Written {
    Yes,
    No,
}

async fn append_to(store: &Store, tenant_id: &TenantId, id: &str) -> Result<Written> {
    let key = Uuid::now_v7().to_string();
    let read_in = store.pools.era();
    let wanted = Load {
        answered: Some((PRINCIPAL.to_owned(), key.clone())),
        streams: vec![(Customer::TYPE, id.to_owned(), 0)],
        ..Load::default()
    };
    let loaded = store.load(tenant_id, wanted).await?;
    let newest = loaded
        .streams
        .first()
        .and_then(|stream| stream.events.last());
    let sequence = newest.map_or(0, |event| event.sequence);
    let commit = commit(tenant_id, key, (id, sequence), read_in);
    Ok(match store.append(&[commit]).await?.first() {
        Some(Outcome::Committed { .. }) => Written::Yes,
        _ => Written::No,
    })
}

fn commit(
    tenant_id: &TenantId,
    key: String,
    (id, sequence): (&str, i64),
    read_in: Option<Era>,
) -> Commit {
    let command_id = Uuid::now_v7().to_string();
    let message = OutboxMessage {
        message_id: Uuid::now_v7().to_string(),
        name: "note".to_owned(),
        target: TARGET.to_owned(),
        call: serde_json::json!({"call": "note", "stream": id}).to_string(),
        order_key: None,
        due: None,
        expires_at: None,
        aggregate_type: Customer::TYPE.to_owned(),
        aggregate_id: id.to_owned(),
        sequence: sequence + 1,
    };
    Commit {
        tenant_id: tenant_id.clone(),
        command: CommandRecord {
            command_id: command_id.clone(),
            name: NAME.to_owned(),
            principal: PRINCIPAL.to_owned(),
            key,
            fingerprint: vec![7; 32],
            answer: serde_json::json!({"command_id": command_id, "sequence": sequence + 1})
                .to_string(),
            position_floor: 0,
            correlation_id: command_id.clone(),
            causation_id: command_id,
            occurred_at: OffsetDateTime::now_utc(),
            source_address: None,
            metadata: serde_json::json!({"actor_kind": "service"}).to_string(),
        },
        streams: vec![StreamEvents {
            aggregate_type: Customer::TYPE.to_owned(),
            aggregate_id: id.to_owned(),
            expected: sequence,
            events: vec![NewEvent {
                event_type: "NoteAdded".to_owned(),
                event_version: "1".to_owned(),
                payload: serde_json::json!({"NoteAdded": {
                    "note_id": Uuid::now_v7(), "text": streams::NOTE, "author": PRINCIPAL,
                }})
                .to_string(),
            }],
        }],
        take: Vec::new(),
        release: Vec::new(),
        handles: Vec::new(),
        drop_handles: Vec::new(),
        usage: Default::default(),
        read_in,
        effects: vec![message],
        subject_keys: Vec::new(),
        key_changes: Vec::new(),
    }
}
