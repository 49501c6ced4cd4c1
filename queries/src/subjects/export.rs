//! Everything about one person, from the log itself: the streams of the customer, of all that were merged into them, of their
//! bookings, threads and payments, of what was read in those threads, of the assistant's runs in them, and of the journeys that
//! they are or were on, with every field opened; and what imported files say, which lies beside the log. The
//! proof lists the streams with their lengths, and a digest of every event as it is stored.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cqrs_es::Aggregate;
use domain::assistant_runs::AssistantRun;
use domain::bookings::Booking;
use domain::bookings::events::BookingEvent;
use domain::conversations::Conversation;
use domain::customers::Customer;
use domain::facts::FactSheet;
use domain::journey_runs::JourneyRun;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::error::Error;
use event_store::recorded::Recorded;
use event_store::vault::SubjectKey;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::format_description::well_known::Rfc3339;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::{EXPORT_READABLE, imported, opening, page};
use crate::ask::{Ctx, Found};
use crate::customers::find_family;
use crate::params;
use crate::past::Past;
use crate::registry::{Entry, Shape, schema_of};

/// The most streams and events of one export; nobody's life with a business comes near it.
const MAX_STREAMS: i64 = 5_000;
const MAX_EVENTS: usize = 100_000;

pub(crate) const SUBJECT_EXPORT: Entry = Entry {
    name: "subject-export",
    title: "Everything about a person",
    description: "All that is held about one person, with the proof that it is whole. For a day after export-subject; every read \
        is on record.",
    shape: Shape::One,
    permission: Permission::PrivacyManage,
    projections: &[
        "customers",
        "conversations",
        "timelines",
        "imports",
        "facts",
        "assistant_runs",
        "journey_runs",
    ],
    params: schema_of::<ExportParams>,
    item: schema_of::<ExportItem>,
    run: |ctx, params| Box::pin(subject_export(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExportParams {
    /// The customer's id.
    #[schemars(length(min = 1, max = 64))]
    id: String,
    /// With `html` the answer has a readable page as well.
    #[serde(default)]
    format: ExportFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ExportFormat {
    #[default]
    Json,
    Html,
}

#[derive(Serialize, JsonSchema)]
struct ExportItem {
    customer_id: String,
    export_id: String,
    /// Every stream with its events, the rows of imported files, and the proof.
    document: Value,
    /// The same as a page, when asked for.
    html: Option<String>,
}

const LIST_OWNED: &str = "
    select o.aggregate_type, o.aggregate_id from timeline_owners o
    where o.tenant_id = $1 and o.customer_id = any ($2::text[])
    order by o.aggregate_type, o.aggregate_id limit $3";

/// What else there is of these threads, each with the thread whose key it is sealed under.
const LIST_OF_THREADS: &str = "
    select $3::text as aggregate_type, f.conversation_id as aggregate_id, f.conversation_id
    from fact_sheets f where f.tenant_id = $1 and f.conversation_id = any ($2::text[])
    union all
    select $4::text, r.run_id, r.conversation_id
    from assistant_runs r where r.tenant_id = $1 and r.conversation_id = any ($2::text[])
    order by aggregate_type, aggregate_id limit $5";

const LIST_JOURNEY_RUNS: &str = "
    select r.run_id from journey_runs r
    where r.tenant_id = $1 and r.customer_id = any ($2::text[])
    order by r.run_id limit $3";

async fn subject_export(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: ExportParams = params::parse(params)?;
    let customer = Past::newest(ctx).find::<Customer>(&params.id).await?;
    let customer = customer.ok_or_else(|| {
        let detail = format!("there is no customer with the id {}", params.id);
        Refusal::not_found("customer-not-found", detail)
    })?;
    customer.state.require_subject()?;
    let order = customer.state.privacy.export.as_ref();
    let order = order.filter(|order| order.at + EXPORT_READABLE > ctx.now);
    let order = order.ok_or_else(|| {
        let detail = "nobody has ordered an export of late; send export-subject first";
        Refusal::conflict("export-not-ordered", detail)
    })?;
    let export = Export::read(ctx, &params.id).await?;
    let document = json!({
        "export": {
            "customer_id": params.id, "export_id": order.export_id, "tenant_id": ctx.tenant(),
            "made_at": ctx.now.format(&Rfc3339).unwrap_or_default(),
        },
        "proof": export.proof(),
        "streams": export.streams,
        "imported_rows": export.imported,
    });
    let html = (params.format == ExportFormat::Html).then(|| page::write(&document));
    Found::one(&ExportItem {
        customer_id: params.id,
        export_id: order.export_id.clone(),
        document,
        html,
    })
}

/// The streams as they are shown, and what proves them.
struct Export {
    streams: Vec<Value>,
    imported: Vec<Value>,
    lengths: Vec<Value>,
    events: usize,
    digest: Sha256,
}

impl Export {
    async fn read(ctx: &Ctx<'_>, customer_id: &str) -> Result<Self> {
        let family = find_family(ctx, customer_id).await?;
        let streams = list_streams(ctx, &family).await?;
        let keys = keys_of(ctx, &streams).await?;
        let mut export = Self {
            streams: Vec::with_capacity(streams.len()),
            imported: imported::list_imported(ctx, &family).await?,
            lengths: Vec::with_capacity(streams.len()),
            events: 0,
            digest: Sha256::new(),
        };
        for ((kind, id), subject) in &streams {
            let tenant_id = &ctx.principal.tenant_id;
            let events = ctx.store.read_stream(tenant_id, (kind, id), 0).await?;
            let key = subject.as_ref().and_then(|subject| keys.get(subject));
            export.add((kind, id), &events, (key, &keys))?;
        }
        Ok(export)
    }

    fn add(
        &mut self,
        (kind, id): (&str, &str),
        events: &[Recorded],
        (mut key, keys): (Option<&SubjectKey>, &HashMap<String, SubjectKey>),
    ) -> Result<()> {
        self.events += events.len();
        if self.events > MAX_EVENTS {
            return Err(too_large().into());
        }
        let mut shown = Vec::with_capacity(events.len());
        for (expected, event) in (1_i64..).zip(events) {
            if event.sequence != expected {
                let gap = format!("the stream {kind}/{id} lacks its event {expected}");
                return Err(Error::internal(gap));
            }
            // What is in a booking is sealed under its customer's key, which the booking itself names.
            if kind == Booking::TYPE
                && let BookingEvent::BookingCreated(created) = event.decode()?
            {
                key = keys.get(created.customer_id.as_str());
            }
            self.digest_event(event);
            let payload: Value = serde_json::from_str(&event.payload.0)?;
            let fields = payload.get(&event.event_type).cloned();
            shown.push(json!({
                "sequence": event.sequence, "type": event.event_type, "actor": event.actor,
                "occurred_at": event.occurred_at.format(&Rfc3339).unwrap_or_default(),
                "data": opening::open(fields.unwrap_or(payload), key),
            }));
        }
        self.lengths.push(json!({
            "aggregate_type": kind, "aggregate_id": id, "events": events.len(),
        }));
        self.streams.push(json!({
            "aggregate_type": kind, "aggregate_id": id, "events": shown,
        }));
        Ok(())
    }

    /// Each part with its length before it, so that no two lists of events read alike.
    fn digest_event(&mut self, event: &Recorded) {
        let sequence = event.sequence.to_string();
        for part in [
            &event.aggregate_type,
            &event.aggregate_id,
            &sequence,
            &event.event_type,
            &event.payload.0,
        ] {
            self.digest
                .update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            self.digest.update(part.as_bytes());
        }
    }

    fn proof(&self) -> Value {
        let digest = self.digest.clone().finalize();
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({
            "streams": self.lengths,
            "events": self.events,
            "sha256": digest,
            "over": "for each stream in this order and each event from sequence 1 on, without a gap: aggregate type, aggregate id, \
                sequence, event type and payload as stored, each behind its length in 8 bytes",
        })
    }
}

/// Streams by type and id, each with the subject whose key seals it, as far as one does and it is known beforehand.
type Streams = BTreeMap<(String, String), Option<String>>;

/// Refused with 409 `export-too-large` where there are more than `MAX_STREAMS` of a kind.
async fn list_streams(ctx: &Ctx<'_>, family: &[String]) -> Result<Streams> {
    let own = |id: &String| ((Customer::TYPE.to_owned(), id.clone()), Some(id.clone()));
    let mut streams: Streams = family.iter().map(own).collect();
    let statement = ctx.tx.prepare_cached(LIST_OWNED).await?;
    let scope: [&(dyn ToSql + Sync); 3] = [&ctx.tenant(), &family, &MAX_STREAMS];
    for row in not_too_many(ctx.tx.query(&statement, &scope).await?)? {
        let (kind, id): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let subject = (kind != Booking::TYPE).then(|| id.clone());
        streams.insert((kind, id), subject);
    }
    let statement = ctx.tx.prepare_cached(LIST_JOURNEY_RUNS).await?;
    for row in not_too_many(ctx.tx.query(&statement, &scope).await?)? {
        streams.insert((JourneyRun::TYPE.to_owned(), row.try_get(0)?), None);
    }
    let is_thread = |kind: &str| kind == Conversation::TYPE;
    let threads = streams.keys().filter(|(kind, _)| is_thread(kind));
    let threads: Vec<String> = threads.map(|(_, id)| id.clone()).collect();
    let statement = ctx.tx.prepare_cached(LIST_OF_THREADS).await?;
    let (facts, runs) = (FactSheet::TYPE, AssistantRun::TYPE);
    let scope: [&(dyn ToSql + Sync); 5] = [&ctx.tenant(), &threads, &facts, &runs, &MAX_STREAMS];
    for row in not_too_many(ctx.tx.query(&statement, &scope).await?)? {
        streams.insert((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?);
    }
    Ok(streams)
}

fn not_too_many(rows: Vec<Row>) -> std::result::Result<Vec<Row>, Refusal> {
    match i64::try_from(rows.len()).is_ok_and(|rows| rows < MAX_STREAMS) {
        true => Ok(rows),
        false => Err(too_large()),
    }
}

/// The keys of all subjects of the streams, of those that rest too.
async fn keys_of(ctx: &Ctx<'_>, streams: &Streams) -> Result<HashMap<String, SubjectKey>> {
    let subjects: BTreeSet<&str> = streams.values().flatten().map(String::as_str).collect();
    let subjects: Vec<&str> = subjects.into_iter().collect();
    let tenant_id = &ctx.principal.tenant_id;
    let keys = ctx.store.kept_subject_keys(tenant_id, &subjects).await?;
    Ok(keys.into_iter().collect())
}

fn too_large() -> Refusal {
    let detail = format!("the person has more than {MAX_STREAMS} streams or {MAX_EVENTS} events");
    Refusal::conflict("export-too-large", detail)
}
