//! Customers as they are read. This is where names come to stand in plain text, with the words they are searched by, and
//! where e-mails and phones get the keyed hashes by which they are found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::customers::events::CustomerEvent;
use domain::customers::{Customer, CustomerStanding, EMAIL_SCOPE, PHONE_SCOPE};
use domain::sealed::{Sealed, SealedKey};
use domain::search;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use event_store::store::Store;
use event_store::vault::TenantKeys;
use serde_json::Value;
use time::OffsetDateTime;

use crate::columns::rows;
use crate::fold::{Folded, Fresh, fold, wire};
use crate::subjects::SubjectKeys;
use crate::{Projection, Table};

/// The name of the checkpoint.
pub const NAME: &str = "customers";
/// Words of one name that can be searched for.
const MAX_TERMS: usize = 16;

const LOCK: &str = "lock table public.customers in share row exclusive mode";
const CLEAR_TWIN: &str = "delete from twin.customers";
const CLEAR: &str = "delete from public.customers";
const FILL: &str = "insert into public.customers select * from twin.customers";
const LOCK_TERMS: &str = "lock table public.customer_terms in share row exclusive mode";
const CLEAR_TWIN_TERMS: &str = "delete from twin.customer_terms";
const CLEAR_TERMS: &str = "delete from public.customer_terms";
const FILL_TERMS: &str = "insert into public.customer_terms select * from twin.customer_terms";
const LOCK_CONSENTS: &str = "lock table public.customer_consents in share row exclusive mode";
const CLEAR_TWIN_CONSENTS: &str = "delete from twin.customer_consents";
const CLEAR_CONSENTS: &str = "delete from public.customer_consents";
const FILL_CONSENTS: &str =
    "insert into public.customer_consents select * from twin.customer_consents";
const LOCK_NOTES: &str = "lock table public.customer_notes in share row exclusive mode";
const CLEAR_TWIN_NOTES: &str = "delete from twin.customer_notes";
const CLEAR_NOTES: &str = "delete from public.customer_notes";
const FILL_NOTES: &str = "insert into public.customer_notes select * from twin.customer_notes";

struct Customers {
    store: Store,
}

pub(crate) fn projection(store: Store) -> Projection {
    Projection {
        subscriber: Arc::new(Customers { store }),
        tables: &[
            Table {
                lock: LOCK,
                clear_twin: CLEAR_TWIN,
                clear: CLEAR,
                fill: FILL,
            },
            Table {
                lock: LOCK_TERMS,
                clear_twin: CLEAR_TWIN_TERMS,
                clear: CLEAR_TERMS,
                fill: FILL_TERMS,
            },
            Table {
                lock: LOCK_CONSENTS,
                clear_twin: CLEAR_TWIN_CONSENTS,
                clear: CLEAR_CONSENTS,
                fill: FILL_CONSENTS,
            },
            Table {
                lock: LOCK_NOTES,
                clear_twin: CLEAR_TWIN_NOTES,
                clear: CLEAR_NOTES,
                fill: FILL_NOTES,
            },
        ],
    }
}

rows! {
    struct CustomerRow {
        tenant_id: String,
        customer_id: String,
        first_name: String,
        last_name: String,
        email_index: Option<String>,
        phone_index: Option<String>,
        source: String,
        status: String,
        merged_into: Option<String>,
        possible_duplicate: bool,
        tags: Value,
        state: Value,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

rows! {
    struct TermRow {
        tenant_id: String,
        term: String,
        customer_id: String,
    }
}

rows! {
    struct CustomerKey {
        tenant_id: String,
        customer_id: String,
    }
}

rows! {
    struct ConsentRow {
        tenant_id: String,
        customer_id: String,
        channel: String,
        purpose: String,
        granted: bool,
        source: String,
        wording: String,
        changed_at: OffsetDateTime,
    }
}

rows! {
    struct NoteRow {
        tenant_id: String,
        customer_id: String,
        note_id: String,
        text_sealed: String,
        author: String,
        noted_at: OffsetDateTime,
    }
}

const LOAD_CUSTOMERS: &str = "
    select c.tenant_id, c.customer_id as id, c.state, c.created_at, c.updated_at, c.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join customers c on c.tenant_id = k.tenant_id and c.customer_id = k.id";

const UPSERT_CUSTOMERS: &str = "
    insert into customers (tenant_id, customer_id, first_name, last_name, email_index, phone_index, source, status,
        merged_into, possible_duplicate, tags, state, created_at, updated_at, sequence)
    select r.tenant_id, r.customer_id, r.first_name, r.last_name, r.email_index, r.phone_index, r.source, r.status,
        r.merged_into, r.possible_duplicate, array(select json_array_elements_text(r.tags)), r.state, r.created_at,
        r.updated_at, r.sequence
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::boolean[], $11::json[], $12::json[], $13::timestamptz[], $14::timestamptz[], $15::bigint[])
        as r (tenant_id, customer_id, first_name, last_name, email_index, phone_index, source, status, merged_into,
            possible_duplicate, tags, state, created_at, updated_at, sequence)
    on conflict (tenant_id, customer_id) do update set first_name = excluded.first_name,
        last_name = excluded.last_name, email_index = excluded.email_index, phone_index = excluded.phone_index,
        source = excluded.source, status = excluded.status, merged_into = excluded.merged_into,
        possible_duplicate = excluded.possible_duplicate, tags = excluded.tags, state = excluded.state,
        updated_at = excluded.updated_at, sequence = excluded.sequence";

const DELETE_TERMS: &str = "
    delete from customer_terms t using unnest($1::text[], $2::text[]) as k (tenant_id, customer_id)
    where t.tenant_id = k.tenant_id and t.customer_id = k.customer_id";

const INSERT_TERMS: &str = "
    insert into customer_terms (tenant_id, term, customer_id)
    select * from unnest($1::text[], $2::text[], $3::text[])
    on conflict do nothing";

const UPSERT_CONSENTS: &str = "
    insert into customer_consents (tenant_id, customer_id, channel, purpose, granted, source, wording, changed_at)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[],
        $8::timestamptz[])
    on conflict (tenant_id, customer_id, channel, purpose) do update set granted = excluded.granted,
        source = excluded.source, wording = excluded.wording, changed_at = excluded.changed_at";

const INSERT_NOTES: &str = "
    insert into customer_notes (tenant_id, customer_id, note_id, text_sealed, author, noted_at)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
    on conflict do nothing";

#[async_trait]
impl Subscriber for Customers {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[Customer::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold::<Customer>(tx, LOAD_CUSTOMERS, batch).await?;
        let rows = self.rows(&folded).await?;
        let renamed = || {
            let pairs = folded.iter().zip(&rows);
            pairs
                .filter(|(customer, _)| changes_terms(customer))
                .map(|(_, row)| row)
        };
        let named: Vec<CustomerKey> = renamed().map(CustomerKey::of).collect();
        let terms: Vec<TermRow> = renamed().flat_map(terms).collect();
        let notes = folded.iter().flat_map(notes).collect::<Vec<_>>();
        CustomerRow::write(tx, UPSERT_CUSTOMERS, &rows).await?;
        CustomerKey::write(tx, DELETE_TERMS, &named).await?;
        TermRow::write(tx, INSERT_TERMS, &terms).await?;
        ConsentRow::write(tx, UPSERT_CONSENTS, &consents(&folded)?).await?;
        NoteRow::write(tx, INSERT_NOTES, &notes).await
    }
}

impl Customers {
    /// The rows with their names opened and their keys hashed.
    async fn rows(&self, folded: &[Folded<'_, Customer>]) -> Result<Vec<CustomerRow>> {
        let keys = SubjectKeys::of(&self.store, folded).await?;
        let mut rows = Vec::with_capacity(folded.len());
        for customer in folded {
            let tenant_keys = self.store.keys(&customer.tenant_id).await?;
            rows.push(row(customer, &tenant_keys, &keys)?);
        }
        Ok(rows)
    }
}

/// Without a key (the customer was erased) names are empty and nothing can be found by e-mail or phone.
fn row(
    folded: &Folded<'_, Customer>,
    tenant: &TenantKeys,
    keys: &SubjectKeys,
) -> Result<CustomerRow> {
    let state = &folded.state;
    let name = |field, sealed: &Option<Sealed>| {
        keys.open(folded, field, sealed.as_ref())
            .unwrap_or_default()
    };
    let index = |scope: &str, field: &str, value: &Option<SealedKey>| {
        let plain = keys.open(folded, field, value.as_ref().map(|value| &value.sealed))?;
        Some(tenant.blind_index(scope, &plain).as_str().to_owned())
    };
    let status = match state.standing {
        CustomerStanding::MergedInto(_) => "merged",
        CustomerStanding::Living | CustomerStanding::Unknown => "living",
    };
    Ok(CustomerRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        customer_id: folded.id.clone(),
        first_name: name("first_name", &state.first_name),
        last_name: name("last_name", &state.last_name),
        email_index: index(EMAIL_SCOPE, "email", &state.email),
        phone_index: index(PHONE_SCOPE, "phone", &state.phone),
        source: wire(&state.source)?,
        status: status.to_owned(),
        merged_into: state
            .merged_into()
            .map(|survivor_id| survivor_id.as_str().to_owned()),
        possible_duplicate: state.possible_duplicate,
        tags: serde_json::to_value(&state.tags)?,
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    })
}

impl CustomerKey {
    fn of(row: &CustomerRow) -> Self {
        Self {
            tenant_id: row.tenant_id.clone(),
            customer_id: row.customer_id.clone(),
        }
    }
}

/// Whether the batch may have changed what the customer is found by; most events do not, and writing terms anew is dear.
fn changes_terms(customer: &Folded<'_, Customer>) -> bool {
    customer.fresh.iter().any(|fresh| {
        !matches!(
            fresh.event,
            CustomerEvent::ConsentGranted { .. }
                | CustomerEvent::ConsentWithdrawn { .. }
                | CustomerEvent::NoteAdded { .. }
                | CustomerEvent::CustomerTagged { .. }
                | CustomerEvent::CustomerUntagged { .. }
        )
    })
}

/// The words by which a customer is searched; none for one that was merged away.
fn terms(row: &CustomerRow) -> Vec<TermRow> {
    if row.merged_into.is_some() {
        return Vec::new();
    }
    let words: BTreeSet<String> = search::words(&row.first_name)
        .chain(search::words(&row.last_name))
        .take(MAX_TERMS)
        .collect();
    words
        .into_iter()
        .map(|term| TermRow {
            tenant_id: row.tenant_id.clone(),
            term,
            customer_id: row.customer_id.clone(),
        })
        .collect()
}

/// The last word of the batch on each channel and purpose: one statement may not touch a row twice.
fn consents(folded: &[Folded<'_, Customer>]) -> Result<Vec<ConsentRow>> {
    let mut latest = BTreeMap::new();
    for customer in folded {
        for fresh in &customer.fresh {
            let (granted, channel, purpose, source, wording, at) = match &fresh.event {
                CustomerEvent::ConsentGranted {
                    channel,
                    purpose,
                    source,
                    wording,
                    at,
                    ..
                } => (true, channel, purpose, source, wording, at),
                CustomerEvent::ConsentWithdrawn {
                    channel,
                    purpose,
                    source,
                    wording,
                    at,
                    ..
                } => (false, channel, purpose, source, wording, at),
                _ => continue,
            };
            let row = ConsentRow {
                tenant_id: customer.tenant_id.as_str().to_owned(),
                customer_id: customer.id.clone(),
                channel: wire(channel)?,
                purpose: wire(purpose)?,
                granted,
                source: wire(source)?,
                wording: wording.clone(),
                changed_at: *at,
            };
            latest.insert((&customer.tenant_id, &customer.id, *channel, *purpose), row);
        }
    }
    Ok(latest.into_values().collect())
}

fn notes(customer: &Folded<'_, Customer>) -> Vec<NoteRow> {
    let of_event = |fresh: &Fresh<'_, CustomerEvent>| match &fresh.event {
        CustomerEvent::NoteAdded {
            note_id,
            text,
            author,
        } => Some(NoteRow {
            tenant_id: customer.tenant_id.as_str().to_owned(),
            customer_id: customer.id.clone(),
            note_id: note_id.as_str().to_owned(),
            text_sealed: text.as_str().to_owned(),
            author: author.clone(),
            noted_at: fresh.recorded.occurred_at,
        }),
        _ => None,
    };
    customer.fresh.iter().filter_map(of_event).collect()
}
