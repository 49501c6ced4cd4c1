//! What can still be booked on a day. Slots that are taken are read from the claims, which are what a booking will be
//! decided by, so an answer is never staler than the store itself.

use std::collections::HashSet;

use domain::chefs::{SLOT_SCOPE, slot_claim};
use domain::ids::ChefId;
use domain::slots::{SlotTime, iso_date, parse_date, slots_on};
use domain::tenants::settings::Settings;
use domain::values::ServiceZone;
use event_store::Result;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Date, OffsetDateTime};

use crate::ask::{Ctx, Found};
use crate::chefs::{self, KnownChef};
use crate::registry::{Entry, Shape, schema_of};
use crate::{params, tenants};

/// Chefs looked at for one answer.
const MAX_CHEFS: i64 = 500;

pub(crate) const AVAILABILITY: Entry = Entry {
    name: "availability",
    title: "Availability",
    description: "The slots of one day that can be booked in a zone, each with the chefs who are free. Ask it before \
        create-booking; slots that are full, past or outside working hours are left out.",
    shape: Shape::List,
    permission: Permission::BookingsRead,
    projections: &[chefs::PROJECTION, tenants::PROJECTION],
    params: schema_of::<AvailabilityParams>,
    item: schema_of::<AvailabilityItem>,
    run: |ctx, params| Box::pin(availability(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AvailabilityParams {
    /// The day, in the tenant's calendar (YYYY-MM-DD).
    date: String,
    /// A zone of the tenant; chefs of every zone when absent.
    zone: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct AvailabilityItem {
    #[serde(with = "iso_date")]
    #[schemars(with = "String")]
    date: Date,
    slot: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    starts_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    ends_at: OffsetDateTime,
    /// The zone asked for, or null.
    zone: Option<String>,
    free_chefs: usize,
    chefs: Vec<FreeChef>,
}

#[derive(Serialize, JsonSchema)]
struct FreeChef {
    chef_id: String,
    name: String,
}

async fn availability(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: AvailabilityParams = params::parse(params)?;
    let date = parse_date(&params.date)
        .map_err(|refusal| params::refuse_one("date", "date-invalid", &refusal.detail))?;
    let settings = tenants::find_settings(ctx).await?;
    let zone = params
        .zone
        .as_deref()
        .map(|zone| known_zone(&settings, zone))
        .transpose()?;
    let slots = open_slots(ctx, &settings, date);
    let chefs =
        chefs::list_chefs_of_zone(ctx, zone.as_ref().map(ServiceZone::as_str), MAX_CHEFS).await?;
    let taken = find_taken(ctx, date, &slots, &chefs).await?;
    let items: Vec<AvailabilityItem> = slots
        .iter()
        .map(|slot| AvailabilityItem {
            date,
            slot: slot.slot.to_string(),
            starts_at: slot.starts_at,
            ends_at: slot.ends_at,
            zone: zone.as_ref().map(ToString::to_string),
            free_chefs: 0,
            chefs: free_chefs(&chefs, date, slot, settings.party_minutes, &taken),
        })
        .map(|item| AvailabilityItem {
            free_chefs: item.chefs.len(),
            ..item
        })
        .filter(|item| item.free_chefs > 0)
        .collect();
    Found::all(&items)
}

/// The day's slots that have not begun yet.
fn open_slots(ctx: &Ctx<'_>, settings: &Settings, date: Date) -> Vec<SlotTime> {
    let mut slots = slots_on(
        &settings.time_zone,
        &settings.slots,
        settings.party_minutes,
        date,
    );
    slots.retain(|slot| slot.starts_at > ctx.now);
    slots
}

fn free_chefs(
    chefs: &[KnownChef],
    date: Date,
    slot: &SlotTime,
    party_minutes: u16,
    taken: &HashSet<String>,
) -> Vec<FreeChef> {
    let is_free = |chef: &&KnownChef| {
        chef.state.works(date, slot.slot, party_minutes)
            && !taken.contains(&slot_claim(
                &ChefId::new(chef.chef_id.as_str()),
                date,
                slot.slot,
            ))
    };
    let free = chefs.iter().filter(is_free);
    free.map(|chef| FreeChef {
        chef_id: chef.chef_id.clone(),
        name: chef.name.clone(),
    })
    .collect()
}

const FIND_TAKEN: &str = "
    select c.value from claims c
    where c.tenant_id = $1 and c.scope = $2 and c.value = any ($3::text[])";

/// Which of these chefs' slots are claimed, by claim.
async fn find_taken(
    ctx: &Ctx<'_>,
    date: Date,
    slots: &[SlotTime],
    chefs: &[KnownChef],
) -> Result<HashSet<String>> {
    let claims: Vec<String> = chefs
        .iter()
        .map(|chef| ChefId::new(chef.chef_id.as_str()))
        .flat_map(|chef_id| {
            slots
                .iter()
                .map(move |slot| slot_claim(&chef_id, date, slot.slot))
        })
        .collect();
    let statement = ctx.tx.prepare_cached(FIND_TAKEN).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &SLOT_SCOPE, &claims])
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

fn known_zone(settings: &Settings, zone: &str) -> Result<ServiceZone> {
    let known = ServiceZone::parse(zone)
        .ok()
        .filter(|zone| settings.has_zone(zone));
    Ok(known.ok_or_else(|| {
        let names: Vec<&str> = settings
            .zones
            .iter()
            .map(|area| area.zone.as_str())
            .collect();
        params::refuse_one(
            "zone",
            "zone-unknown",
            &format!("the tenant's zones are: {}", names.join(", ")),
        )
    })?)
}
