//! Bookings as they are read.

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::bookings::{Booking, Status};
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::{Date, OffsetDateTime};

use crate::columns::{Json, copy, rows};
use crate::fold::{Folded, Poison, fold, fold_streams, wire};
use crate::occurrences::Occurrence;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "bookings";

struct Bookings;

pub(crate) fn projection() -> Projection {
    Projection::of_streams(Bookings, &["bookings"])
}

rows! {
    struct BookingRow {
        tenant_id: String,
        booking_id: String,
        customer_id: String,
        status: String,
        source: String,
        date: Date,
        slot: String,
        starts_at: OffsetDateTime,
        ends_at: OffsetDateTime,
        zone: String,
        chef_id: Option<String>,
        held_chef_id: Option<String>,
        flagged: bool,
        state: Json,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

const LOAD_BOOKINGS: &str = "
    select b.tenant_id, b.booking_id as id, b.state, b.created_at, b.updated_at, b.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join bookings b on b.tenant_id = k.tenant_id and b.booking_id = k.id";

const UPSERT_BOOKINGS: &str = "
    insert into bookings (tenant_id, booking_id, customer_id, status, source, date, slot, starts_at, ends_at, zone,
        chef_id, held_chef_id, flagged, state, created_at, updated_at, sequence)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::text[],
        $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[], $12::text[], $13::boolean[], $14::json[],
        $15::timestamptz[], $16::timestamptz[], $17::bigint[])
    on conflict (tenant_id, booking_id) do update set customer_id = excluded.customer_id, status = excluded.status,
        source = excluded.source, date = excluded.date, slot = excluded.slot, starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, zone = excluded.zone, chef_id = excluded.chef_id,
        held_chef_id = excluded.held_chef_id, flagged = excluded.flagged, state = excluded.state,
        updated_at = excluded.updated_at, sequence = excluded.sequence";

const COPY_BOOKINGS: &str = "
    copy twin.bookings (tenant_id, booking_id, customer_id, status, source, date, slot, starts_at, ends_at, zone, chef_id,
        held_chef_id, flagged, state, created_at, updated_at, sequence)
    from stdin (format binary)";

#[async_trait]
impl Subscriber for Bookings {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[Booking::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold::<Booking>(tx, LOAD_BOOKINGS, batch).await?;
        BookingRow::write(tx, UPSERT_BOOKINGS, &rows(&folded)?).await
    }
}

#[async_trait]
impl Streams for Bookings {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams::<Booking>(streams, &mut poisons);
        copy(tx, COPY_BOOKINGS, &rows(&folded)?).await?;
        Ok(poisons)
    }
}

fn rows(folded: &[Folded<Booking>]) -> Result<Vec<BookingRow>> {
    let shown = folded.iter().filter_map(|booking| row(booking).transpose());
    shown.collect()
}

/// None for a stream that does not begin with a booking's creation, of which there is nothing to show.
fn row(folded: &Folded<Booking>) -> Result<Option<BookingRow>> {
    let Some(booking) = folded.state.record.as_deref() else {
        return Ok(None);
    };
    let is_free = matches!(booking.status, Status::Cancelled | Status::Expired);
    Ok(Some(BookingRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        booking_id: folded.id.clone(),
        customer_id: booking.customer_id.as_str().to_owned(),
        status: booking.status.as_str().to_owned(),
        source: wire(&booking.source)?,
        date: booking.date,
        slot: booking.slot.to_string(),
        starts_at: booking.starts_at,
        ends_at: booking.ends_at,
        zone: booking.zone.as_str().to_owned(),
        chef_id: booking
            .chef_id
            .as_ref()
            .map(|chef_id| chef_id.as_str().to_owned()),
        held_chef_id: (!is_free).then(|| booking.held_chef_id.as_str().to_owned()),
        flagged: !booking.late_payments.is_empty(),
        state: folded.state_json()?,
        created_at: booking.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    }))
}
