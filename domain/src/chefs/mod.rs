//! Chefs: bookable persons, with the zones they serve, the hours they work and the days they are off.

pub mod hours;
mod rules;

use std::collections::BTreeSet;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use time::Date;

use self::hours::WeeklyHours;
use crate::effects::Effect;
use crate::evolution;
use crate::ids::ChefId;
use crate::noun::{ClaimChanges, Key, Noun};
use crate::refusal::Refusal;
use crate::sealed::Sealed;
use crate::slots::{DateRange, Slot};
use crate::values::ServiceZone;

/// Handle: a zone that an active chef serves.
pub const ZONE_SCOPE: &str = "chef-zone";
/// Claim: one chef, one date, one slot; held by a booking, or by the chef as time off.
pub const SLOT_SCOPE: &str = "chef-slot";
pub const MAX_ZONES: usize = 50;
pub const MAX_TIMES_OFF: usize = 50;
/// The most days off that are planned at one time; each takes a claim for each slot.
pub const MAX_DAYS_OFF: i64 = 366;

/// A chef as its events tell it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chef {
    pub standing: ChefStanding,
    pub name: Sealed,
    pub zones: BTreeSet<ServiceZone>,
    pub hours: WeeklyHours,
    pub days_off: Vec<DateRange>,
    /// The slots that days off were claimed for.
    pub slots_off: Vec<Slot>,
    pub calendar_id: Option<Sealed>,
}

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChefStanding {
    /// Never heard of.
    #[default]
    Unknown,
    Active,
    /// Keeps the bookings that stand, gets no new ones.
    Inactive,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ChefCommand {
    Add {
        name: Sealed,
        zones: BTreeSet<ServiceZone>,
        hours: WeeklyHours,
        calendar_id: Option<Sealed>,
    },
    /// Only what is given changes.
    Update(Box<ChefChanges>),
    /// All days off from `today` on, as they shall be, and the tenant's slots, which they close.
    SetTimeOff {
        days_off: Vec<DateRange>,
        slots: Vec<Slot>,
        today: Date,
    },
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChefChanges {
    pub name: Option<Sealed>,
    pub zones: Option<BTreeSet<ServiceZone>>,
    pub hours: Option<WeeklyHours>,
    /// `Some(None)` forgets the calendar.
    pub calendar_id: Option<Option<Sealed>>,
    /// `Active` or `Inactive`.
    pub standing: Option<ChefStanding>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ChefEvent {
    ChefAdded {
        name: Sealed,
        zones: BTreeSet<ServiceZone>,
        hours: WeeklyHours,
        #[serde(default)]
        calendar_id: Option<Sealed>,
    },
    ChefRenamed {
        name: Sealed,
    },
    ChefZonesChanged {
        zones: BTreeSet<ServiceZone>,
    },
    ChefHoursChanged {
        hours: WeeklyHours,
    },
    ChefCalendarChanged {
        #[serde(default)]
        calendar_id: Option<Sealed>,
    },
    ChefActivated {},
    ChefDeactivated {},
    /// All days off from now on, and the slots that they close.
    ChefTimeOffSet {
        days_off: Vec<DateRange>,
        slots: Vec<Slot>,
    },
}

impl DomainEvent for ChefEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::ChefAdded { .. } => "ChefAdded",
            Self::ChefRenamed { .. } => "ChefRenamed",
            Self::ChefZonesChanged { .. } => "ChefZonesChanged",
            Self::ChefHoursChanged { .. } => "ChefHoursChanged",
            Self::ChefCalendarChanged { .. } => "ChefCalendarChanged",
            Self::ChefActivated {} => "ChefActivated",
            Self::ChefDeactivated {} => "ChefDeactivated",
            Self::ChefTimeOffSet { .. } => "ChefTimeOffSet",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(Chef::TYPE, &self.event_type())
    }
}

/// The value of a claim on `SLOT_SCOPE`: `{chef}|2026-03-14|18:00`.
pub fn slot_claim(chef_id: &ChefId, date: Date, slot: Slot) -> String {
    format!("{chef_id}|{date}|{slot}")
}

impl Chef {
    /// Refuses a chef that was never added.
    pub fn require(&self) -> Result<&Self, Refusal> {
        match self.standing {
            ChefStanding::Unknown => Err(Refusal::not_found(
                "chef-not-found",
                "there is no such chef",
            )),
            ChefStanding::Active | ChefStanding::Inactive => Ok(self),
        }
    }

    pub fn serves(&self, zone: &ServiceZone) -> bool {
        self.zones.contains(zone)
    }

    /// Whether the chef could cook then: active, at work for the whole party, and not off.
    pub fn works(&self, date: Date, slot: Slot, party_minutes: u16) -> bool {
        self.standing == ChefStanding::Active
            && !self.is_off(date)
            && self.hours.cover(date, slot, party_minutes)
    }

    pub fn is_off(&self, date: Date) -> bool {
        self.days_off.iter().any(|range| range.contains(date))
    }

    fn zone_handles(&self) -> Vec<Key> {
        if self.standing != ChefStanding::Active {
            return Vec::new();
        }
        self.zones
            .iter()
            .map(|zone| Key::new(ZONE_SCOPE, zone.as_str()))
            .collect()
    }
}

impl Aggregate for Chef {
    const TYPE: &'static str = "chef";
    type Command = ChefCommand;
    type Event = ChefEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: ChefCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: ChefEvent) {
        match event {
            ChefEvent::ChefAdded {
                name,
                zones,
                hours,
                calendar_id,
            } => {
                *self = Self {
                    standing: ChefStanding::Active,
                    name,
                    zones,
                    hours,
                    calendar_id,
                    ..Self::default()
                };
            }
            ChefEvent::ChefRenamed { name } => self.name = name,
            ChefEvent::ChefZonesChanged { zones } => self.zones = zones,
            ChefEvent::ChefHoursChanged { hours } => self.hours = hours,
            ChefEvent::ChefCalendarChanged { calendar_id } => self.calendar_id = calendar_id,
            ChefEvent::ChefActivated {} => self.standing = ChefStanding::Active,
            ChefEvent::ChefDeactivated {} => self.standing = ChefStanding::Inactive,
            ChefEvent::ChefTimeOffSet { days_off, slots } => {
                self.days_off = days_off;
                self.slots_off = slots;
            }
        }
    }
}

impl Noun for Chef {
    fn claims(&self, id: &str, event: &ChefEvent) -> ClaimChanges {
        match event {
            ChefEvent::ChefAdded { .. } => ClaimChanges {
                handles: self.zone_handles(),
                ..ClaimChanges::default()
            },
            ChefEvent::ChefZonesChanged { .. }
            | ChefEvent::ChefActivated {}
            | ChefEvent::ChefDeactivated {} => ClaimChanges {
                drop_handles: vec![ZONE_SCOPE],
                handles: self.zone_handles(),
                ..ClaimChanges::default()
            },
            // Days off claim the slots themselves, so that a booking made at the same moment cannot slip in.
            ChefEvent::ChefTimeOffSet { days_off, slots } => {
                let chef_id = ChefId::new(id);
                let days: BTreeSet<Date> = days_off.iter().flat_map(|range| range.days()).collect();
                let claim = |date: Date| {
                    let chef_id = &chef_id;
                    slots
                        .iter()
                        .map(move |slot| Key::new(SLOT_SCOPE, slot_claim(chef_id, date, *slot)))
                };
                ClaimChanges {
                    release: vec![SLOT_SCOPE],
                    take: days.into_iter().flat_map(claim).collect(),
                    ..ClaimChanges::default()
                }
            }
            ChefEvent::ChefRenamed { .. }
            | ChefEvent::ChefHoursChanged { .. }
            | ChefEvent::ChefCalendarChanged { .. } => ClaimChanges::default(),
        }
    }

    fn effects(&self, _id: &str, _event: &ChefEvent) -> Vec<Effect> {
        Vec::new()
    }
}
