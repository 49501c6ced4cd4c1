//! Customers as they are read. This is where names come to stand in plain text, with the words they are searched by, and
//! where e-mails and phones get the keyed hashes by which they are found.

mod parts;

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::customers::{Customer, CustomerStanding, EMAIL_SCOPE, PHONE_SCOPE};
use domain::sealed::{Sealed, SealedKey};
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use event_store::store::Store;
use event_store::vault::TenantKeys;
use time::OffsetDateTime;

use self::parts::{Change, change, consents, merges, notes, terms};
use crate::columns::{Json, Words, copy, rows};
use crate::fold::{Folded, Poison, fold_streams_with_events, fold_with_events, wire};
use crate::occurrences::Occurrence;
use crate::subjects::SubjectKeys;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "customers";
struct Customers {
    store: Store,
}

pub(crate) fn projection(store: Store) -> Projection {
    let tables = &[
        "customers",
        "customer_terms",
        "customer_consents",
        "customer_notes",
    ];
    Projection::of_streams(Customers { store }, tables)
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
        tags: Words,
        state: Json,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

rows! {
    /// A row of which only the state and what follows from it has changed.
    struct StateRow {
        tenant_id: String,
        customer_id: String,
        possible_duplicate: bool,
        tags: Words,
        state: Json,
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

const UPDATE_STATES: &str = "
    update customers c set possible_duplicate = r.possible_duplicate,
        tags = array(select json_array_elements_text(r.tags)), state = r.state, updated_at = r.updated_at,
        sequence = r.sequence
    from unnest($1::text[], $2::text[], $3::boolean[], $4::json[], $5::json[], $6::timestamptz[], $7::bigint[])
        as r (tenant_id, customer_id, possible_duplicate, tags, state, updated_at, sequence)
    where c.tenant_id = r.tenant_id and c.customer_id = r.customer_id";

const DELETE_TERMS: &str = "
    delete from customer_terms t using unnest($1::text[], $2::text[]) as k (tenant_id, customer_id)
    where t.tenant_id = k.tenant_id and t.customer_id = k.customer_id";

const INSERT_TERMS: &str = "
    insert into customer_terms (tenant_id, term, customer_id)
    select * from unnest($1::text[], $2::text[], $3::text[])
    on conflict do nothing";

const DELETE_CONSENTS: &str = "
    delete from customer_consents t using unnest($1::text[], $2::text[]) as k (tenant_id, customer_id)
    where t.tenant_id = k.tenant_id and t.customer_id = k.customer_id";

const DELETE_NOTES: &str = "
    delete from customer_notes t using unnest($1::text[], $2::text[]) as k (tenant_id, customer_id)
    where t.tenant_id = k.tenant_id and t.customer_id = k.customer_id";

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

const COPY_CUSTOMERS: &str = "
    copy twin.customers (tenant_id, customer_id, first_name, last_name, email_index, phone_index, source, status,
        merged_into, possible_duplicate, tags, state, created_at, updated_at, sequence)
    from stdin (format binary)";

const COPY_TERMS: &str =
    "copy twin.customer_terms (tenant_id, term, customer_id) from stdin (format binary)";

const COPY_CONSENTS: &str = "
    copy twin.customer_consents (tenant_id, customer_id, channel, purpose, granted, source, wording, changed_at)
    from stdin (format binary)";

const COPY_NOTES: &str = "
    copy twin.customer_notes (tenant_id, customer_id, note_id, text_sealed, author, noted_at)
    from stdin (format binary)";

#[async_trait]
impl Subscriber for Customers {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[Customer::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold_with_events::<Customer>(tx, LOAD_CUSTOMERS, batch).await?;
        let consents = consents(&folded)?;
        let notes = folded.iter().flat_map(notes).collect::<Vec<_>>();
        let gone: Vec<CustomerKey> = folded
            .iter()
            .filter(|customer| customer.state.privacy.is_erased())
            .map(CustomerKey::of)
            .collect();
        let told_anew: Vec<CustomerKey> = folded
            .iter()
            .filter(|customer| customer.state.privacy.is_erased() || merges(customer))
            .map(CustomerKey::of)
            .collect();
        let (mut standing, mut changed) = (Vec::new(), Vec::new());
        for customer in folded {
            match change(&customer) {
                Change::State => standing.push(StateRow::of(&customer)?),
                change => changed.push((change, customer)),
            }
        }
        let (changes, changed): (Vec<Change>, Vec<_>) = changed.into_iter().unzip();
        let rows = self.rows(&changed).await?;
        let renamed = || {
            let pairs = changes.iter().zip(changed.iter().zip(&rows));
            pairs
                .filter(|(change, _)| **change == Change::Names)
                .map(|(_, pair)| pair)
        };
        let named: Vec<CustomerKey> = renamed()
            .map(|(customer, _)| CustomerKey::of(customer))
            .collect();
        let terms: Vec<TermRow> = renamed().flat_map(terms).collect();
        StateRow::write(tx, UPDATE_STATES, &standing).await?;
        CustomerRow::write(tx, UPSERT_CUSTOMERS, &rows).await?;
        CustomerKey::write(tx, DELETE_TERMS, &named).await?;
        TermRow::write(tx, INSERT_TERMS, &terms).await?;
        CustomerKey::write(tx, DELETE_CONSENTS, &told_anew).await?;
        CustomerKey::write(tx, DELETE_NOTES, &gone).await?;
        ConsentRow::write(tx, UPSERT_CONSENTS, &consents).await?;
        NoteRow::write(tx, INSERT_NOTES, &notes).await
    }
}

#[async_trait]
impl Streams for Customers {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams_with_events::<Customer>(streams, &mut poisons);
        let rows = self.rows(&folded).await?;
        let terms: Vec<TermRow> = folded.iter().zip(&rows).flat_map(terms).collect();
        let notes = folded.iter().flat_map(notes).collect::<Vec<_>>();
        copy(tx, COPY_CUSTOMERS, &rows).await?;
        copy(tx, COPY_TERMS, &terms).await?;
        copy(tx, COPY_CONSENTS, &consents(&folded)?).await?;
        copy(tx, COPY_NOTES, &notes).await?;
        Ok(poisons)
    }
}

impl Customers {
    /// The rows with their names opened and their keys hashed.
    async fn rows(&self, folded: &[Folded<Customer>]) -> Result<Vec<CustomerRow>> {
        let keys = SubjectKeys::of(&self.store, folded).await?;
        let mut rows = Vec::with_capacity(folded.len());
        for customer in folded {
            let tenant_keys = self.store.keys(&customer.tenant_id).await?;
            rows.push(row(customer, &tenant_keys, &keys)?);
        }
        Ok(rows)
    }
}

/// Whose data rests or is gone is shown as that, and found by nothing.
fn row(folded: &Folded<Customer>, tenant: &TenantKeys, keys: &SubjectKeys) -> Result<CustomerRow> {
    let state = &folded.state;
    let stand_in = stand_in(state);
    let name = |field, sealed: &Option<Sealed>| match stand_in {
        Some(_) => String::new(),
        None => keys
            .open(folded, field, sealed.as_ref())
            .unwrap_or_default(),
    };
    let index = |scope: &str, field: &str, value: &Option<SealedKey>| {
        if stand_in.is_some() {
            return None;
        }
        let plain = keys.open(folded, field, value.as_ref().map(|value| &value.sealed))?;
        Some(tenant.blind_index(scope, &plain).as_str().to_owned())
    };
    let status = match state.standing {
        _ if state.privacy.is_erased() => "erased",
        CustomerStanding::MergedInto(_) => "merged",
        CustomerStanding::Living | CustomerStanding::Unknown if state.is_archived() => "archived",
        CustomerStanding::Living | CustomerStanding::Unknown => "living",
    };
    Ok(CustomerRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        customer_id: folded.id.clone(),
        first_name: match stand_in {
            Some(word) => word.to_owned(),
            None => name("first_name", &state.first_name),
        },
        last_name: name("last_name", &state.last_name),
        email_index: index(EMAIL_SCOPE, "email", &state.email),
        phone_index: index(PHONE_SCOPE, "phone", &state.phone),
        source: wire(&state.source)?,
        status: status.to_owned(),
        merged_into: state
            .merged_into()
            .map(|survivor_id| survivor_id.as_str().to_owned()),
        possible_duplicate: state.possible_duplicate,
        tags: Words(state.tags.iter().cloned().collect()),
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    })
}

/// What stands in the place of a name that nobody may see.
fn stand_in(state: &Customer) -> Option<&'static str> {
    match &state.privacy {
        privacy if privacy.is_erased() => Some("erased"),
        privacy if privacy.is_restricted() => Some("restricted"),
        _ => None,
    }
}

impl StateRow {
    fn of(customer: &Folded<Customer>) -> Result<Self> {
        let state = &customer.state;
        Ok(Self {
            tenant_id: customer.tenant_id.as_str().to_owned(),
            customer_id: customer.id.clone(),
            possible_duplicate: state.possible_duplicate,
            tags: Words(state.tags.iter().cloned().collect()),
            state: customer.state_json()?,
            updated_at: customer.updated_at,
            sequence: customer.sequence,
        })
    }
}

impl CustomerKey {
    fn of(customer: &Folded<Customer>) -> Self {
        Self {
            tenant_id: customer.tenant_id.as_str().to_owned(),
            customer_id: customer.id.clone(),
        }
    }
}
