//! A person with all whose data is theirs: the customers that were merged into them, and the threads of them all.

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use domain::conversations::commands::ConversationCommand;
use domain::conversations::{CUSTOMER_SCOPE, Conversation};
use domain::customers::Customer;
use domain::customers::privacy::PrivacyCommand;
use domain::refusal::Refusal;
use event_store::commit::KeyChange;
use event_store::load::Load;

use super::decide;
use crate::Result;
use crate::work::{Loaded, Work};

/// The most threads that change together. A person has one for each of their addresses.
const MAX_THREADS: usize = 900;

pub(super) struct Family {
    pub customer: Loaded<Customer>,
    pub merged: Vec<Loaded<Customer>>,
    pub threads: Vec<Loaded<Conversation>>,
}

impl Family {
    /// All of them with their keys, in two waits.
    pub async fn of(work: &mut Work, customer: Loaded<Customer>) -> Result<Self> {
        let merged_ids = customer.state.merged.iter().map(ToString::to_string);
        let merged_ids: Vec<String> = merged_ids.collect();
        let mut ids = merged_ids.clone();
        ids.push(customer.id.clone());
        let streams = merged_ids.iter().map(|id| (Customer::TYPE, id.clone(), 0));
        let handles = ids.iter().map(|id| (CUSTOMER_SCOPE, id.clone()));
        work.fetch(Load {
            streams: streams.collect(),
            handles: handles.collect(),
            subjects: ids.clone(),
            ..Load::default()
        })
        .await?;
        let handles = ids
            .iter()
            .flat_map(|id| work.wanted_handles(CUSTOMER_SCOPE, id));
        let thread_ids: BTreeSet<String> = handles.collect();
        if thread_ids.len() > MAX_THREADS {
            let detail =
                format!("the person has more than {MAX_THREADS} threads; merge some first");
            return Err(Refusal::conflict("subject-too-large", detail).into());
        }
        let streams = thread_ids
            .iter()
            .map(|id| (Conversation::TYPE, id.clone(), 0));
        work.fetch(Load {
            streams: streams.collect(),
            subjects: thread_ids.iter().cloned().collect(),
            ..Load::default()
        })
        .await?;
        let (mut merged, mut threads) = (Vec::new(), Vec::new());
        for id in &merged_ids {
            merged.push(work.load::<Customer>(id).await?);
        }
        for id in &thread_ids {
            threads.push(work.load::<Conversation>(id).await?);
        }
        Ok(Self {
            customer,
            merged,
            threads,
        })
    }

    /// Lets everything rest, keys included.
    pub async fn restrict(&mut self, work: &mut Work) -> Result<()> {
        let at = work.ctx.now;
        for customer in std::iter::once(&mut self.customer).chain(&mut self.merged) {
            decide(work, customer, PrivacyCommand::Restrict { at }).await?;
        }
        for thread in &mut self.threads {
            work.execute(thread, ConversationCommand::Restrict).await?;
        }
        for subject in self.subjects() {
            work.change_key(KeyChange::Restrict(subject));
        }
        Ok(())
    }

    /// Whether this customer is the person.
    pub fn has(&self, customer_id: &str) -> bool {
        let mut customers = std::iter::once(&self.customer).chain(&self.merged);
        customers.any(|customer| customer.id == customer_id)
    }

    /// Everybody and everything that has a key.
    pub fn subjects(&self) -> Vec<String> {
        let customers = std::iter::once(&self.customer).chain(&self.merged);
        let customers = customers.map(|customer| customer.id.clone());
        let threads = self.threads.iter().map(|thread| thread.id.clone());
        customers.chain(threads).collect()
    }
}
