//! Our side of the ground: a tenant, made by its command, and its customers, each a stream of five events with real
//! ciphertext in them. They are written in bulk, one event of each of some thousand streams after the other, so that the
//! events of a stream lie on pages of their own, as the peers' do.

use commands::dispatch::{Dispatcher, Request};
use commands::system;
use cqrs_es::{Aggregate, DomainEvent};
use domain::customers::consents::Source;
use domain::customers::events::CustomerEvent;
use domain::customers::{Customer, CustomerDetails, Duplicate};
use domain::ids::{NoteId, TenantId};
use domain::sealed::SealedKey;
use event_store::pg::{JsonText, begin_write};
use event_store::store::Store;
use event_store::vault::SubjectKey;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Result;
use crate::streams::{self, NOTE, STREAMS};

/// How many rows one statement writes.
const CHUNK: usize = 2_500;
/// Events of each stream.
const SEQUENCES: i64 = 5;
const SLUG: &str = "bench";

const INSERT_KEYS: &str = "
    insert into subject_keys (tenant_id, subject_id, wrapped_key)
    select $1, k.subject, k.wrapped from unnest($2::text[], $3::bytea[]) as k (subject, wrapped)";
const INSERT_EVENTS: &str = "
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, command_id, correlation_id, causation_id, actor)
    select $1, $2, e.id, $3, $4, $5, e.payload, '{}', clock_timestamp(), 'fill', 'fill', 'fill', 'system'
    from unnest($6::text[], $7::json[]) as e (id, payload)";

/// Makes the tenant by its command.
pub async fn make(dispatcher: &Dispatcher) -> Result<TenantId> {
    let tenant_id = TenantId::from(Uuid::now_v7());
    let body = json!({"slug": SLUG, "name": "Bench", "modules": ["catering"], "settings": {}});
    dispatcher
        .dispatch(&request(&tenant_id, "create-tenant", body))
        .await?;
    Ok(tenant_id)
}

/// Makes the tenant and fills its customers' streams.
pub async fn fill(dispatcher: &Dispatcher) -> Result<TenantId> {
    let tenant_id = make(dispatcher).await?;
    let subjects = make_subjects(&dispatcher.store, &tenant_id).await?;
    for chunk in subjects.chunks(CHUNK) {
        for sequence in 1..=SEQUENCES {
            write(&dispatcher.store, &tenant_id, sequence, chunk).await?;
        }
    }
    Ok(tenant_id)
}

/// A command of the system, under a key of its own.
pub fn request(tenant_id: &TenantId, name: &str, body: Value) -> Request {
    Request {
        body,
        ..system::request(tenant_id, name)
    }
}

async fn make_subjects(store: &Store, tenant_id: &TenantId) -> Result<Vec<(String, SubjectKey)>> {
    let mut subjects = Vec::with_capacity(usize::try_from(STREAMS)?);
    let ids: Vec<String> = (1..=STREAMS).map(streams::id).collect();
    for chunk in ids.chunks(CHUNK) {
        let mut wrapped = Vec::with_capacity(chunk.len());
        for id in chunk {
            let (key, new) = store.new_subject(tenant_id, id).await?;
            subjects.push((id.clone(), key));
            wrapped.push(new.wrapped_key);
        }
        let mut client = store.pools.request.get().await?;
        let tx = begin_write(&mut client, tenant_id.as_str()).await?;
        tx.execute(INSERT_KEYS, &[&tenant_id.as_str(), &chunk, &wrapped])
            .await?;
        tx.commit().await?;
    }
    Ok(subjects)
}

async fn write(
    store: &Store,
    tenant_id: &TenantId,
    sequence: i64,
    subjects: &[(String, SubjectKey)],
) -> Result<()> {
    let mut payloads = Vec::with_capacity(subjects.len());
    let mut named = None;
    for (id, key) in subjects {
        let event = event(sequence, id, key)?;
        payloads.push(serde_json::to_string(&event)?);
        named.get_or_insert((event.event_type(), event.event_version()));
    }
    let (event_type, event_version) = named.unwrap_or_default();
    let ids: Vec<&str> = subjects.iter().map(|(id, _)| id.as_str()).collect();
    let payloads: Vec<JsonText<'_>> = payloads.iter().map(|text| JsonText(text)).collect();
    let mut client = store.pools.request.get().await?;
    let tx = begin_write(&mut client, tenant_id.as_str()).await?;
    let statement = tx.prepare_cached(INSERT_EVENTS).await?;
    tx.execute(
        &statement,
        &[
            &tenant_id.as_str(),
            &Customer::TYPE,
            &sequence,
            &event_type,
            &event_version,
            &ids,
            &payloads,
        ],
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// What happens to every customer here: first seen, noted, tagged, noted again, corrected.
fn event(sequence: i64, id: &str, key: &SubjectKey) -> Result<CustomerEvent> {
    Ok(match sequence {
        1 => CustomerEvent::LeadCreated {
            source: Source::Web,
            channel: "form".to_owned(),
            details: details(id, key)?,
            possible_duplicate: Duplicate::Unlikely,
        },
        3 => CustomerEvent::CustomerTagged {
            tag: "regular".to_owned(),
        },
        5 => CustomerEvent::CustomerCorrected {
            details: CustomerDetails {
                address: Some(key.seal(
                    "CustomerCorrected",
                    "address",
                    "1 Example Street, 94110 Example",
                )?),
                ..CustomerDetails::default()
            },
            cleared: std::collections::BTreeSet::new(),
        },
        _ => CustomerEvent::NoteAdded {
            note_id: NoteId::from(Uuid::now_v7()),
            text: key.seal("NoteAdded", "text", NOTE)?,
            author: "system".to_owned(),
        },
    })
}

fn details(id: &str, key: &SubjectKey) -> Result<CustomerDetails> {
    let seal = |field: &str, plain: &str| key.seal("LeadCreated", field, plain);
    let email = seal("email", &format!("{id}@example.org"))?;
    Ok(CustomerDetails {
        first_name: Some(seal("first_name", "Example")?),
        last_name: Some(seal(
            "last_name",
            &format!("Person{}", id.rsplit('-').next().unwrap_or_default()),
        )?),
        email: Some(SealedKey {
            sealed: email,
            ..SealedKey::default()
        }),
        ..CustomerDetails::default()
    })
}
