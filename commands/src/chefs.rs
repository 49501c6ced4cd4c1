//! Commands about chefs: add, update, and set days off.

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use domain::chefs::hours::WeeklyHours;
use domain::chefs::{Chef, ChefChanges, ChefCommand, ChefStanding, SLOT_SCOPE, slot_claim};
use domain::ids::ChefId;
use domain::refusal::{Problems, Refusal};
use domain::sealed::Pii;
use domain::slots::{DateRange, Slot, parse_date};
use domain::values::{MAX_NAME_CHARS, ServiceZone, bounded_text};
use domain::zones;
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::Date;

use crate::Result;
use crate::bookings::inputs::add_all;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Work};

/// The longest calendar id.
const MAX_CALENDAR_ID_CHARS: usize = 256;
/// How many bookings in the way of time off are listed.
const MAX_CONFLICTS: usize = 100;

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    vec![
        command!(
            "add-chef",
            add_chef,
            AddChef,
            Permission::ChefsWrite,
            Risk::Write
        ),
        command!(
            "update-chef",
            update_chef,
            UpdateChef,
            Permission::ChefsWrite,
            Risk::Write
        ),
        command!(
            "set-chef-time-off",
            set_chef_time_off,
            SetChefTimeOff,
            Permission::ChefsWrite,
            Risk::Write
        ),
    ]
}

/// # Add a chef
///
/// A chef who can be booked in the zones and hours given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddChef {
    /// The chef's name. At most 100 characters.
    pub name: Pii<String>,
    /// Zones of the tenant's settings that the chef serves.
    pub zones: Vec<String>,
    /// Working hours by day of the week, in the tenant's local time; a day that is not listed is free. A stretch that
    /// ends at or before its start runs past midnight.
    pub hours: WeeklyHours,
    /// The calendar that bookings are entered in.
    #[serde(default)]
    pub calendar_id: Option<Pii<String>>,
}

/// # Update a chef
///
/// Only what is given changes. Bookings that stand are kept.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateChef {
    pub chef_id: ChefId,
    /// The chef's name. At most 100 characters.
    #[serde(default)]
    pub name: Option<Pii<String>>,
    /// All zones that the chef serves from now on.
    #[serde(default)]
    pub zones: Option<Vec<String>>,
    /// All working hours from now on.
    #[serde(default)]
    pub hours: Option<WeeklyHours>,
    /// `null` forgets the calendar.
    #[serde(default, deserialize_with = "crate::customers::nullable")]
    pub calendar_id: Option<Option<Pii<String>>>,
    /// An inactive chef gets no new bookings.
    #[serde(default)]
    pub active: Option<bool>,
}

/// # Set a chef's days off
///
/// All days off from today on, as they shall be; days that are not listed are worked again. Where a booking is in the
/// way, nothing changes and the conflicts are listed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetChefTimeOff {
    pub chef_id: ChefId,
    /// Ranges of days; both ends are off.
    pub days_off: Vec<DaysOff>,
}

/// Days from one date to another.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DaysOff {
    /// The first day, `YYYY-MM-DD`.
    #[schemars(extend("format" = "date"))]
    pub from: String,
    /// The last day, `YYYY-MM-DD`.
    #[schemars(extend("format" = "date"))]
    pub to: String,
}

#[derive(Serialize)]
pub struct ChefSummary {
    pub chef_id: String,
}

#[derive(Serialize)]
pub struct TimeOffSummary {
    pub chef_id: String,
    pub days_off: Vec<DateRange>,
}

impl Input for AddChef {
    fn wanted(&self, _: &Facts) -> Load {
        Load::default()
    }
}

impl Input for UpdateChef {
    fn wanted(&self, _: &Facts) -> Load {
        let subjects = vec![self.chef_id.to_string()];
        Load {
            streams: vec![(Chef::TYPE, self.chef_id.to_string(), 0)],
            subjects,
            ..Load::default()
        }
    }
}

impl Input for SetChefTimeOff {
    fn wanted(&self, _: &Facts) -> Load {
        Load {
            streams: vec![(Chef::TYPE, self.chef_id.to_string(), 0)],
            ..Load::default()
        }
    }
}

pub async fn add_chef(work: &mut Work, input: AddChef) -> Result<ChefSummary> {
    work.tenant().require()?;
    let mut problems = Problems::default();
    let name = problems
        .check("/name", bounded_text(input.name.expose(), MAX_NAME_CHARS))
        .unwrap_or_default();
    let calendar_id = input.calendar_id.as_ref();
    let calendar_id = calendar_id.and_then(|id| {
        problems.check(
            "/calendar_id",
            bounded_text(id.expose(), MAX_CALENDAR_ID_CHARS),
        )
    });
    let zones = parse_zones(work, &mut problems, &input.zones);
    check_hours(&mut problems, &input.hours);
    problems.finish()?;
    let chef_id = work.new_id();
    let key = work.new_subject(&chef_id)?;
    let name = key.seal("ChefAdded", "name", &name)?;
    let calendar_id = calendar_id
        .map(|id| key.seal("ChefAdded", "calendar_id", &id))
        .transpose()?;
    let mut chef = work.create::<Chef>(&chef_id);
    work.execute(
        &mut chef,
        ChefCommand::Add {
            name,
            zones,
            hours: input.hours,
            calendar_id,
        },
    )
    .await?;
    Ok(ChefSummary { chef_id })
}

pub async fn update_chef(work: &mut Work, input: UpdateChef) -> Result<ChefSummary> {
    let mut chef = work.find::<Chef>(input.chef_id.as_str()).await?;
    let key = work.subject(input.chef_id.as_str()).await?;
    let mut problems = Problems::default();
    let name = input.name.as_ref();
    let name =
        name.and_then(|name| problems.check("/name", bounded_text(name.expose(), MAX_NAME_CHARS)));
    let zones = input
        .zones
        .as_ref()
        .map(|zones| parse_zones(work, &mut problems, zones));
    let mut calendar = |id: &Pii<String>| {
        problems.check(
            "/calendar_id",
            bounded_text(id.expose(), MAX_CALENDAR_ID_CHARS),
        )
    };
    let calendar_id = input
        .calendar_id
        .as_ref()
        .map(|id| id.as_ref().and_then(&mut calendar));
    if let Some(hours) = &input.hours {
        check_hours(&mut problems, hours);
    }
    problems.finish()?;
    let name = name.filter(|name| key.open("name", &chef.state.name).as_ref() != Some(name));
    let name = name
        .map(|name| key.seal("ChefRenamed", "name", &name))
        .transpose()?;
    let known = chef
        .state
        .calendar_id
        .as_ref()
        .and_then(|id| key.open("calendar_id", id));
    let calendar_id = match calendar_id.filter(|id| *id != known) {
        Some(Some(id)) => Some(Some(key.seal("ChefCalendarChanged", "calendar_id", &id)?)),
        Some(None) => Some(None),
        None => None,
    };
    let standing = input.active.map(|active| {
        if active {
            ChefStanding::Active
        } else {
            ChefStanding::Inactive
        }
    });
    let changes = ChefChanges {
        name,
        zones,
        hours: input.hours,
        calendar_id,
        standing,
    };
    work.execute(&mut chef, ChefCommand::Update(Box::new(changes)))
        .await?;
    Ok(ChefSummary { chef_id: chef.id })
}

pub async fn set_chef_time_off(work: &mut Work, input: SetChefTimeOff) -> Result<TimeOffSummary> {
    let mut chef = work.find::<Chef>(input.chef_id.as_str()).await?;
    let mut problems = Problems::default();
    let mut days_off = Vec::with_capacity(input.days_off.len());
    for (index, range) in input.days_off.iter().enumerate() {
        let from = problems.check(&format!("/days_off/{index}/from"), parse_date(&range.from));
        let to = problems.check(&format!("/days_off/{index}/to"), parse_date(&range.to));
        let range = from.zip(to).map(|(from, to)| DateRange::new(from, to));
        days_off
            .extend(range.and_then(|range| problems.check(&format!("/days_off/{index}"), range)));
    }
    problems.finish()?;
    let settings = &work.tenant().settings;
    let (slots, today) = (
        settings.slots.clone(),
        zones::local_date(&settings.time_zone, work.ctx.now),
    );
    // The rules first: they bound how many days are looked up.
    let decided = chef.state.decide(ChefCommand::SetTimeOff {
        days_off: days_off.clone(),
        slots: slots.clone(),
        today,
    })?;
    if !decided.is_empty() {
        let coming = days_off
            .iter()
            .flat_map(|range| range.days())
            .filter(|date| *date >= today);
        refuse_over_bookings(work, &input.chef_id, coming.collect(), &slots).await?;
    }
    work.execute(
        &mut chef,
        ChefCommand::SetTimeOff {
            days_off,
            slots,
            today,
        },
    )
    .await?;
    Ok(TimeOffSummary {
        chef_id: chef.id,
        days_off: chef.state.days_off,
    })
}

/// Refuses days on which somebody has booked the chef, listing who.
async fn refuse_over_bookings(
    work: &mut Work,
    chef_id: &ChefId,
    days: BTreeSet<Date>,
    slots: &[Slot],
) -> Result<()> {
    let claim = |date: Date| {
        slots
            .iter()
            .map(move |slot| (SLOT_SCOPE, slot_claim(chef_id, date, *slot)))
    };
    let wanted: Vec<_> = days.into_iter().flat_map(claim).collect();
    let held = work.find_claims(&wanted).await?;
    let conflicts: Vec<_> = held
        .iter()
        .filter(|held| held.aggregate_id != chef_id.as_str())
        .take(MAX_CONFLICTS)
        .map(|held| {
            let mut parts = held.value.split('|').skip(1);
            json!({ "booking_id": held.aggregate_id, "date": parts.next(), "slot": parts.next() })
        })
        .collect();
    if conflicts.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "{} bookings are in the way; move or reassign them first",
        conflicts.len()
    );
    Err(Refusal::conflict("chef-time-off-conflicts", detail)
        .with_alternatives(conflicts)
        .into())
}

fn check_hours(problems: &mut Problems, hours: &WeeklyHours) {
    if let Err(refusal) = hours.check() {
        add_all(problems, "/hours", refusal);
    }
}

fn parse_zones(work: &Work, problems: &mut Problems, zones: &[String]) -> BTreeSet<ServiceZone> {
    let mut known = BTreeSet::new();
    for (index, name) in zones.iter().enumerate() {
        let pointer = format!("/zones/{index}");
        let Some(zone) = problems.check(&pointer, ServiceZone::parse(name)) else {
            continue;
        };
        if work.tenant().settings.has_zone(&zone) {
            known.insert(zone);
        } else {
            problems.add(
                &pointer,
                "zone-unknown",
                "the tenant's settings have no such zone",
            );
        }
    }
    known
}
