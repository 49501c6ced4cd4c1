//! The schedule board: chefs by slots for a range of days, with what stands in each cell.

use std::collections::{BTreeSet, HashMap};

use domain::bookings::{Booking, Status};
use domain::slots::{DateRange, Slot, SlotTime, iso_date, slots_on};
use domain::tenants::settings::Settings;
use event_store::Result;
use event_store::recorded::Payload;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Date, OffsetDateTime};

use crate::ask::{Ctx, Found};
use crate::bookings::{self, date, item::full_name};
use crate::chefs::{self, KnownChef};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::registry::{Entry, Shape, schema_of};
use crate::{customers, params, tenants};

/// Days on one board.
const MAX_DAYS: i64 = 31;
/// Bookings on one board; chefs × slots × days bounds them as well.
const MAX_BOOKINGS: i64 = 20_000;

pub(crate) const SCHEDULE_BOARD: Entry = Entry {
    name: "schedule-board",
    title: "Schedule board",
    description: "For each chef, by name, every slot of a range of days: free, off, not working, held or booked. A held \
        slot has a booking whose chef is not assigned yet.",
    shape: Shape::List,
    permission: Permission::BookingsRead,
    projections: &[
        bookings::PROJECTION,
        chefs::PROJECTION,
        customers::PROJECTION,
        tenants::PROJECTION,
    ],
    params: schema_of::<BoardParams>,
    item: schema_of::<BoardItem>,
    run: |ctx, params| Box::pin(schedule_board(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BoardParams {
    /// The first day (YYYY-MM-DD).
    from: String,
    /// The last day (YYYY-MM-DD), at most 31 days in all; the first day when absent.
    to: Option<String>,
    /// Only chefs who serve this zone.
    zone: Option<String>,
    /// How many chefs to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct BoardItem {
    chef_id: String,
    name: String,
    zones: Vec<String>,
    active: bool,
    days: Vec<DayItem>,
}

#[derive(Serialize, JsonSchema)]
struct DayItem {
    #[serde(with = "iso_date")]
    #[schemars(with = "String")]
    date: Date,
    slots: Vec<SlotItem>,
}

#[derive(Serialize, JsonSchema)]
struct SlotItem {
    slot: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    starts_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    ends_at: OffsetDateTime,
    state: CellState,
    booking: Option<CellBooking>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum CellState {
    Free,
    /// A day off.
    Off,
    /// Outside working hours, or the chef takes no bookings.
    NotWorking,
    /// A booking keeps the slot, its chef is not assigned yet.
    Held,
    /// A booking that this chef is assigned to.
    Booked,
}

#[derive(Clone, Serialize, JsonSchema)]
struct CellBooking {
    booking_id: String,
    customer_id: String,
    customer_name: String,
    status: Status,
    zone: String,
    guests: u32,
    total_minor: i64,
    currency: String,
}

async fn schedule_board(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: BoardParams = params::parse(params)?;
    let range = range(&params)?;
    let page = Page::open(
        ctx,
        (SCHEDULE_BOARD.name, "name"),
        params.limit,
        params.cursor.as_deref(),
    )
    .await?;
    let settings = tenants::find_settings(ctx).await?;
    let mut chefs = chefs::list_chefs_of_board(ctx, params.zone.as_deref(), &page).await?;
    let next_cursor = page.close(&mut chefs, |last| {
        Ok(Cursor {
            sort: "name".to_owned(),
            keys: vec![last.name.clone()],
            id: last.chef_id.clone(),
        })
    })?;
    let board = Board {
        settings: &settings,
        bookings: list_cells(ctx, range, &chefs).await?,
    };
    let items: Vec<BoardItem> = chefs.iter().map(|chef| board.item(chef, range)).collect();
    Found::page(&items, next_cursor)
}

fn range(params: &BoardParams) -> Result<DateRange> {
    let from = date("from", Some(&params.from))?.unwrap_or(Date::MIN);
    let to = date("to", params.to.as_deref())?.unwrap_or(from);
    let range = DateRange::new(from, to)
        .ok()
        .filter(|range| range.day_count() <= MAX_DAYS);
    let message = format!("`to` is `from` or later, at most {MAX_DAYS} days in all");
    Ok(range.ok_or_else(|| params::refuse_one("to", "date-range-invalid", &message))?)
}

/// By chef, day and slot: the booking that keeps the slot, and whether its chef is assigned.
type Cells = HashMap<(String, Date, Slot), Cell>;

struct Cell {
    state: CellState,
    time: SlotTime,
    booking: CellBooking,
}

const LIST_CELLS: &str = "
    select b.booking_id, b.customer_id, b.chef_id, b.held_chef_id, b.state, c.first_name, c.last_name
    from bookings b
    left join customers c on c.tenant_id = b.tenant_id and c.customer_id = b.customer_id
    where b.tenant_id = $1 and b.date between $2 and $3 and b.held_chef_id = any ($4::text[])
    order by b.date, b.slot, b.booking_id
    limit $5";

async fn list_cells(ctx: &Ctx<'_>, range: DateRange, chefs: &[KnownChef]) -> Result<Cells> {
    let ids: Vec<&str> = chefs.iter().map(|chef| chef.chef_id.as_str()).collect();
    let statement = ctx.tx.prepare_cached(LIST_CELLS).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[&ctx.tenant(), &range.from, &range.to, &ids, &MAX_BOOKINGS],
        )
        .await?;
    let mut cells = Cells::new();
    for row in rows {
        let state: Booking = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
        let Some(booking) = state.record else {
            continue;
        };
        let first: Option<String> = row.try_get("first_name")?;
        let last: Option<String> = row.try_get("last_name")?;
        let assigned: Option<String> = row.try_get("chef_id")?;
        let cell = Cell {
            state: if assigned.is_some() {
                CellState::Booked
            } else {
                CellState::Held
            },
            time: SlotTime {
                slot: booking.slot,
                starts_at: booking.starts_at,
                ends_at: booking.ends_at,
            },
            booking: CellBooking {
                booking_id: row.try_get("booking_id")?,
                customer_id: row.try_get("customer_id")?,
                customer_name: full_name(&first.unwrap_or_default(), &last.unwrap_or_default()),
                status: booking.status,
                zone: booking.zone.as_str().to_owned(),
                guests: booking.party.guests(),
                total_minor: booking.total.amount_minor,
                currency: booking.total.currency.as_str().to_owned(),
            },
        };
        cells.insert(
            (row.try_get("held_chef_id")?, booking.date, booking.slot),
            cell,
        );
    }
    Ok(cells)
}

struct Board<'b> {
    settings: &'b Settings,
    bookings: Cells,
}

impl Board<'_> {
    fn item(&self, chef: &KnownChef, range: DateRange) -> BoardItem {
        BoardItem {
            chef_id: chef.chef_id.clone(),
            name: chef.name.clone(),
            zones: chef.state.zones.iter().map(ToString::to_string).collect(),
            active: chef.active,
            days: range
                .days()
                .map(|date| DayItem {
                    date,
                    slots: self.slots(chef, date),
                })
                .collect(),
        }
    }

    fn slots(&self, chef: &KnownChef, date: Date) -> Vec<SlotItem> {
        self.times(chef, date)
            .into_iter()
            .map(|time| {
                let cell = self.bookings.get(&(chef.chef_id.clone(), date, time.slot));
                SlotItem {
                    slot: time.slot.to_string(),
                    starts_at: time.starts_at,
                    ends_at: time.ends_at,
                    state: cell
                        .map_or_else(|| self.empty(chef, date, time.slot), |cell| cell.state),
                    booking: cell.map(|cell| cell.booking.clone()),
                }
            })
            .collect()
    }

    /// The tenant's slots of the day, and those of bookings made before the slots were changed.
    fn times(&self, chef: &KnownChef, date: Date) -> Vec<SlotTime> {
        let Settings {
            time_zone,
            slots,
            party_minutes,
            ..
        } = self.settings;
        let mut times = slots_on(time_zone, slots, *party_minutes, date);
        let known: BTreeSet<Slot> = times.iter().map(|time| time.slot).collect();
        let older = self.bookings.iter().filter(|((chef_id, day, slot), _)| {
            *chef_id == chef.chef_id && *day == date && !known.contains(slot)
        });
        times.extend(older.map(|(_, cell)| cell.time));
        times.sort_by_key(|time| time.starts_at);
        times
    }

    fn empty(&self, chef: &KnownChef, date: Date, slot: Slot) -> CellState {
        if chef.state.is_off(date) {
            return CellState::Off;
        }
        match chef.state.works(date, slot, self.settings.party_minutes) {
            true => CellState::Free,
            false => CellState::NotWorking,
        }
    }
}
