//! Customer 360 as it was: the customer and all that were merged into it then, with their bookings, conversations, facts,
//! journeys and payments, each folded from its own stream. Which aggregates those are, the timeline tells, which forgets nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cqrs_es::Aggregate;
use domain::bookings::Booking;
use domain::conversations::Conversation;
use domain::customers::Customer;
use domain::customers::events::CustomerEvent;
use domain::money::{Currency, Money};
use domain::payments::Payment;
use domain::refusal::Refusal;
use event_store::Result;
use identity::permissions::Permission;
use serde::Serialize;

use super::{ConsentProof, Customer360Item, MAX_SHOWN, NoteItem, TimelineItem};
use crate::ask::{Ctx, Found};
use crate::past::{Lived, Past};
use crate::plain::Plain;
use crate::{bookings, conversations, customers, facts, journey_runs, payments};

/// Bookings and payments of one customer that are folded for one answer.
const MAX_FOLDED: i64 = 1_000;
/// How deep merges are followed: a merge of merges of merges, and so on.
const MAX_DEPTH: usize = 16;

const LIST_TIMELINE: &str = "
    select e.position, e.occurred_at, e.event_type, e.aggregate_type, e.aggregate_id, e.summary, e.actor
    from timeline_entries e
    where e.tenant_id = $1 and e.customer_id = any ($2::text[]) and ($3::bigint is null or e.position <= $3)
      and ($4::timestamptz is null or exists (
        select from events l where l.position = e.position and l.tenant_id = $1 and l.recorded_at <= $4))
    order by e.position desc
    limit $5";

const LIST_OWNED: &str = "
    select e.aggregate_id from timeline_entries e
    where e.tenant_id = $1 and e.customer_id = any ($2::text[]) and e.aggregate_type = $3
      and ($4::bigint is null or e.position <= $4)
    group by e.aggregate_id order by max(e.position) desc
    limit $5";

pub(super) async fn customer_360(ctx: &Ctx<'_>, past: &Past<'_, '_>, id: &str) -> Result<Found> {
    let family = Family::find(past, id).await?;
    let bookings = match ctx.principal.may(Permission::BookingsRead) {
        true => Some(family.bookings(ctx, past).await?),
        false => None,
    };
    let (conversations, facts) = match ctx.principal.may(Permission::ConversationsRead) {
        true => {
            let threads = family.threads(ctx, past).await?;
            let mut facts = facts::past_facts_of(ctx, past, &owners_of(&threads)).await?;
            facts.truncate(shown_at_most());
            (
                Some(conversations::past_threads(ctx, threads).await?),
                Some(facts),
            )
        }
        false => (None, None),
    };
    let members: Vec<String> = family.ids().collect();
    let mut journeys = journey_runs::past_runs_of(ctx, past, &members, MAX_FOLDED).await?;
    journeys.truncate(shown_at_most());
    let (payments, lifetime_value) = match ctx.principal.may(Permission::PaymentsRead) {
        true => {
            let lived = family.payments(ctx, past).await?;
            let value = lifetime_value(&lived)?;
            let named = lived.into_iter().map(|payment| {
                let name = family.name_of_payer(&payment);
                (payment, name)
            });
            let mut shown = payments::past_payments(ctx, named.collect()).await?;
            shown.truncate(shown_at_most());
            (Some(shown), Some(value))
        }
        false => (None, None),
    };
    let consents = family.consents()?;
    let notes = family.notes(ctx).await?;
    let timeline = family.timeline(ctx, past).await?;
    let merged: Vec<String> = members.into_iter().filter(|member| member != id).collect();
    let profile = family.profile(ctx, past, id).await?;
    Found::one(&Customer360Item {
        customer_id: id.to_owned(),
        merged,
        consents,
        tags: profile.tags.clone(),
        notes,
        bookings,
        conversations,
        facts,
        journeys,
        payments,
        lifetime_value,
        timeline,
        profile,
    })
}

/// The customer and all that were merged into it then.
struct Family {
    members: Vec<Lived<Customer>>,
    names: HashMap<String, String>,
}

impl Family {
    /// Refused with 404 `customer-not-found` where there was no such customer.
    async fn find(past: &Past<'_, '_>, id: &str) -> Result<Self> {
        let mut members: Vec<Lived<Customer>> = Vec::new();
        let mut known: BTreeSet<String> = BTreeSet::from([id.to_owned()]);
        let mut wanted = vec![id.to_owned()];
        for _ in 0..MAX_DEPTH {
            let found = past.find_all::<Customer>(&wanted).await?;
            let merged = found.iter().flat_map(|lived| &lived.then.state.merged);
            wanted = merged
                .map(ToString::to_string)
                .filter(|merged| known.insert(merged.clone()))
                .collect();
            members.extend(found);
            if wanted.is_empty() {
                break;
            }
        }
        if !members.iter().any(|lived| lived.id == id) {
            let detail = "there was no such customer then";
            return Err(Refusal::not_found("customer-not-found", detail).into());
        }
        let mut names = HashMap::new();
        for lived in &members {
            let (first, last) = past.names(&lived.id, &lived.then.state).await?;
            names.insert(lived.id.clone(), bookings::item::full_name(&first, &last));
        }
        Ok(Self { members, names })
    }

    fn ids(&self) -> impl Iterator<Item = String> + '_ {
        self.members.iter().map(|lived| lived.id.clone())
    }

    async fn profile(
        self,
        ctx: &Ctx<'_>,
        past: &Past<'_, '_>,
        id: &str,
    ) -> Result<customers::item::CustomerItem> {
        let own = self.members.into_iter().find(|lived| lived.id == id);
        let missing =
            || Refusal::not_found("customer-not-found", "there was no such customer then");
        let own = own.ok_or_else(missing)?;
        customers::past_customer(ctx, past, (id, own.then)).await
    }

    /// Ids of the aggregates of this kind that concerned the family, the latest first.
    async fn owned<A: Aggregate>(&self, ctx: &Ctx<'_>, past: &Past<'_, '_>) -> Result<Vec<String>> {
        let ids: Vec<String> = self.ids().collect();
        let statement = ctx.tx.prepare_cached(LIST_OWNED).await?;
        let position = past.as_of().position();
        let rows = ctx
            .tx
            .query(
                &statement,
                &[&ctx.tenant(), &ids, &A::TYPE, &position, &MAX_FOLDED],
            )
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    async fn bookings(
        &self,
        ctx: &Ctx<'_>,
        past: &Past<'_, '_>,
    ) -> Result<Vec<bookings::item::BookingItem>> {
        let owned = self.owned::<Booking>(ctx, past).await?;
        let mut chefs: BTreeMap<String, Option<String>> = BTreeMap::new();
        let mut named = Vec::new();
        for lived in past.find_all::<Booking>(&owned).await? {
            let Some(record) = lived.then.state.record.as_deref() else {
                continue;
            };
            let chef_name = match &record.chef_id {
                None => None,
                Some(chef_id) => match chefs.get(chef_id.as_str()) {
                    Some(known) => known.clone(),
                    None => {
                        let name = past.chef_name(chef_id.as_str()).await?;
                        chefs.insert(chef_id.to_string(), name.clone());
                        name
                    }
                },
            };
            let customer_name = self.names.get(record.customer_id.as_str());
            let customer_name = customer_name.cloned().unwrap_or_default();
            named.push((lived, (customer_name, chef_name)));
        }
        let mut shown = bookings::past_bookings(ctx, named).await?;
        shown.truncate(shown_at_most());
        Ok(shown)
    }

    /// Threads that were the family's then, each with the customer's name.
    async fn threads(
        &self,
        ctx: &Ctx<'_>,
        past: &Past<'_, '_>,
    ) -> Result<Vec<(Lived<Conversation>, String)>> {
        let mut owned = self.owned::<Conversation>(ctx, past).await?;
        owned.truncate(shown_at_most());
        let mut named = Vec::new();
        // One by one: threads are longer than other streams.
        for id in owned {
            for lived in past.find_all::<Conversation>(&[id]).await? {
                let thread = lived.then.state.thread.as_deref();
                let owner = thread.and_then(|thread| thread.customer_id.as_ref());
                let name = owner.and_then(|owner| self.names.get(owner.as_str()));
                if let Some(name) = name.cloned() {
                    named.push((lived, name));
                }
            }
        }
        Ok(named)
    }

    /// Payments that were matched to the family then.
    async fn payments(&self, ctx: &Ctx<'_>, past: &Past<'_, '_>) -> Result<Vec<Lived<Payment>>> {
        let owned = self.owned::<Payment>(ctx, past).await?;
        let mut lived = past.find_all::<Payment>(&owned).await?;
        lived.retain(|payment| {
            let record = payment.then.state.record.as_deref();
            let owner = record.and_then(|record| record.customer_id.as_ref());
            owner.is_some_and(|owner| self.names.contains_key(owner.as_str()))
        });
        Ok(lived)
    }

    fn name_of_payer(&self, payment: &Lived<Payment>) -> Option<String> {
        let record = payment.then.state.record.as_deref()?;
        self.names
            .get(record.customer_id.as_ref()?.as_str())
            .cloned()
    }

    /// The last word on each channel and purpose, the newest first.
    fn consents(&self) -> Result<Vec<ConsentProof>> {
        let mut latest: BTreeMap<(String, String, String), ConsentProof> = BTreeMap::new();
        for lived in &self.members {
            for (event, _) in &lived.events {
                let Some(proof) = consent(&lived.id, event)? else {
                    continue;
                };
                let key = (
                    proof.customer_id.clone(),
                    proof.channel.clone(),
                    proof.purpose.clone(),
                );
                latest.insert(key, proof);
            }
        }
        let mut proofs: Vec<ConsentProof> = latest.into_values().collect();
        proofs.sort_by_key(|proof| std::cmp::Reverse(proof.changed_at));
        proofs.truncate(shown_at_most());
        Ok(proofs)
    }

    async fn notes(&self, ctx: &Ctx<'_>) -> Result<Vec<NoteItem>> {
        let plain = Plain::of(ctx, self.members.iter().map(|lived| lived.id.as_str())).await?;
        let mut notes: Vec<NoteItem> = Vec::new();
        for lived in &self.members {
            for (event, at) in &lived.events {
                if let CustomerEvent::NoteAdded {
                    note_id,
                    text,
                    author,
                } = event
                {
                    notes.push(NoteItem {
                        note_id: note_id.to_string(),
                        text: plain.open(&lived.id, "text", Some(text)),
                        author: author.clone(),
                        noted_at: *at,
                    });
                }
            }
        }
        notes.sort_by(|one, other| {
            let key = |note: &NoteItem| (note.noted_at, note.note_id.clone());
            key(other).cmp(&key(one))
        });
        notes.truncate(shown_at_most());
        Ok(notes)
    }

    async fn timeline(&self, ctx: &Ctx<'_>, past: &Past<'_, '_>) -> Result<Vec<TimelineItem>> {
        let ids: Vec<String> = self.ids().collect();
        let (position, time) = (past.as_of().position(), past.as_of().time());
        let statement = ctx.tx.prepare_cached(LIST_TIMELINE).await?;
        let rows = ctx
            .tx
            .query(
                &statement,
                &[&ctx.tenant(), &ids, &position, &time, &MAX_SHOWN],
            )
            .await?;
        rows.iter().map(TimelineItem::from_row).collect()
    }
}

/// Whose each of these threads was.
fn owners_of(threads: &[(Lived<Conversation>, String)]) -> BTreeMap<String, String> {
    let owner = |(lived, _): &(Lived<Conversation>, String)| {
        let thread = lived.then.state.thread.as_deref()?;
        Some((lived.id.clone(), thread.customer_id.as_ref()?.to_string()))
    };
    threads.iter().filter_map(owner).collect()
}

fn consent(customer_id: &str, event: &CustomerEvent) -> Result<Option<ConsentProof>> {
    let (granted, channel, purpose, source, wording, at) = match event {
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
        _ => return Ok(None),
    };
    Ok(Some(ConsentProof {
        customer_id: customer_id.to_owned(),
        channel: word(channel)?,
        purpose: word(purpose)?,
        granted,
        source: word(source)?,
        wording: wording.clone(),
        changed_at: *at,
    }))
}

/// Paid and not given back, by currency.
fn lifetime_value(payments: &[Lived<Payment>]) -> Result<Vec<Money>> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for record in payments
        .iter()
        .filter_map(|lived| lived.then.state.record.as_deref())
    {
        let amount = &record.received.amount;
        let sum = sums.entry(amount.currency.as_str().to_owned()).or_default();
        *sum += amount.amount_minor - record.refunded_minor();
    }
    sums.into_iter()
        .map(|(currency, minor)| Ok(Money::new(minor, Currency::parse(&currency)?)))
        .collect()
}

fn shown_at_most() -> usize {
    usize::try_from(MAX_SHOWN).unwrap_or(usize::MAX)
}

/// A closed value as the wire names it.
fn word(value: &impl Serialize) -> Result<String> {
    let value = serde_json::to_value(value)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}
