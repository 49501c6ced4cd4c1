//! Which streams tell of a person: their own and those of all who were merged into them, their bookings, threads, payments,
//! the assistant's runs in those threads, the journeys that they are or were on, and threads of somebody who can only be them.

use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::assistant_runs::AssistantRun;
use domain::conversations::Conversation;
use domain::customers::Customer;
use domain::ids::TenantId;
use domain::journey_runs::JourneyRun;
use domain::payments::Payment;
use tokio_postgres::types::ToSql;

use crate::Result;

const LIST_OWNED: &str = "
    select aggregate_type, aggregate_id from timeline_owners
    where tenant_id = $1 and customer_id = any ($2::text[]) order by aggregate_type, aggregate_id";
const LIST_PAST_THREADS: &str = "
    select conversation_id from conversations
    where tenant_id = $1 and customer_id = any ($2::text[]) order by conversation_id";
/// A visitor of the chat, or a sender, who can be nobody else.
const LIST_CLAIMED_THREADS: &str = "
    select c.conversation_id from conversations c
    where c.tenant_id = $1 and c.customer_id is null and c.candidate_count > 0 and not exists (
        select from json_array_elements_text(c.state->'candidates') as candidate (id)
        where not (candidate.id = any ($2::text[])))
    order by c.conversation_id";
const LIST_RUNS: &str = "
    select run_id from assistant_runs
    where tenant_id = $1 and (conversation_id = any ($2::text[]) or customer_id = any ($3::text[])) order by run_id";
const LIST_JOURNEY_RUNS: &str = "
    select run_id from journey_runs where tenant_id = $1 and customer_id = any ($2::text[]) order by run_id";

/// Streams by type and id.
#[derive(Default)]
pub(crate) struct Streams {
    pub kinds: Vec<String>,
    pub ids: Vec<String>,
}

/// What was found of a person.
#[derive(Default)]
pub(crate) struct Found {
    pub streams: Streams,
    /// Those of the streams whose keys `erase-subject` cannot find by itself.
    pub payments: Vec<String>,
    pub claimed_threads: Vec<String>,
}

/// Every stream that tells of these customers, by what the read tables know.
pub(crate) async fn list(
    tx: &Transaction<'_>,
    tenant_id: &TenantId,
    family: &[String],
) -> Result<Found> {
    let mut found = Found::default();
    for customer_id in family {
        found.streams.add(Customer::TYPE, customer_id.clone());
    }
    let scope: [&(dyn ToSql + Sync); 2] = [&tenant_id.as_str(), &family];
    let statement = tx.prepare_cached(LIST_OWNED).await?;
    for row in tx.query(&statement, &scope).await? {
        let (kind, id): (String, String) = (row.get("aggregate_type"), row.get("aggregate_id"));
        if kind == Payment::TYPE {
            found.payments.push(id.clone());
        }
        found.streams.add(&kind, id);
    }
    let statement = tx.prepare_cached(LIST_PAST_THREADS).await?;
    for row in tx.query(&statement, &scope).await? {
        found
            .streams
            .add_once(Conversation::TYPE, row.get("conversation_id"));
    }
    let statement = tx.prepare_cached(LIST_CLAIMED_THREADS).await?;
    for row in tx.query(&statement, &scope).await? {
        let id: String = row.get("conversation_id");
        found.claimed_threads.push(id.clone());
        found.streams.add_once(Conversation::TYPE, id);
    }
    found.streams.add_runs(tx, tenant_id, family).await?;
    let statement = tx.prepare_cached(LIST_JOURNEY_RUNS).await?;
    for row in tx.query(&statement, &scope).await? {
        found.streams.add(JourneyRun::TYPE, row.get("run_id"));
    }
    Ok(found)
}

impl Streams {
    /// These threads, and the assistant's runs in them.
    pub(crate) async fn of_threads(
        tx: &Transaction<'_>,
        tenant_id: &TenantId,
        threads: &[String],
    ) -> Result<Self> {
        let mut streams = Self::default();
        for id in threads {
            streams.add(Conversation::TYPE, id.clone());
        }
        streams.add_runs(tx, tenant_id, &[]).await?;
        Ok(streams)
    }

    async fn add_runs(
        &mut self,
        tx: &Transaction<'_>,
        tenant_id: &TenantId,
        family: &[String],
    ) -> Result<()> {
        let threads = self.threads();
        let statement = tx.prepare_cached(LIST_RUNS).await?;
        let rows = tx
            .query(&statement, &[&tenant_id.as_str(), &threads, &family])
            .await?;
        for row in rows {
            self.add_once(AssistantRun::TYPE, row.get("run_id"));
        }
        Ok(())
    }

    fn add(&mut self, kind: &str, id: String) {
        self.kinds.push(kind.to_owned());
        self.ids.push(id);
    }

    fn add_once(&mut self, kind: &str, id: String) {
        let mut known = self.kinds.iter().zip(&self.ids);
        if !known.any(|(known_kind, known_id)| known_kind == kind && *known_id == id) {
            self.add(kind, id);
        }
    }

    pub(crate) fn threads(&self) -> Vec<String> {
        let streams = self.kinds.iter().zip(&self.ids);
        let threads = streams.filter(|(kind, _)| kind.as_str() == Conversation::TYPE);
        threads.map(|(_, id)| id.clone()).collect()
    }

    /// Those that have keys of their own: bookings and runs have none.
    pub(crate) fn subjects(&self) -> Vec<String> {
        let streams = self.kinds.iter().zip(&self.ids);
        let keyed = streams.filter(|(kind, _)| {
            [Customer::TYPE, Conversation::TYPE, Payment::TYPE].contains(&kind.as_str())
        });
        keyed.map(|(_, id)| id.clone()).collect()
    }
}
