//! When a chef may be added and changed, and what days off are.

use std::collections::BTreeSet;

use time::Date;

use super::hours::WeeklyHours;
use super::{
    Chef, ChefChanges, ChefCommand, ChefEvent, ChefStanding, MAX_DAYS_OFF, MAX_TIMES_OFF, MAX_ZONES,
};
use crate::refusal::{Problems, Refusal};
use crate::slots::{DateRange, Slot};
use crate::values::ServiceZone;

impl Chef {
    /// The events that `command` leads to; none when all is as asked already.
    pub fn decide(&self, command: ChefCommand) -> Result<Vec<ChefEvent>, Refusal> {
        match command {
            ChefCommand::Add {
                name,
                zones,
                hours,
                calendar_id,
            } => {
                if self.standing != ChefStanding::Unknown {
                    return Err(Refusal::conflict("chef-exists", "the chef exists already"));
                }
                check(Some(&zones), Some(&hours))?;
                Ok(vec![ChefEvent::ChefAdded {
                    name,
                    zones,
                    hours,
                    calendar_id,
                }])
            }
            ChefCommand::Update(changes) => self.update(*changes),
            ChefCommand::SetTimeOff {
                days_off,
                slots,
                today,
            } => self.set_time_off(days_off, slots, today),
        }
    }

    fn update(&self, changes: ChefChanges) -> Result<Vec<ChefEvent>, Refusal> {
        self.require()?;
        let ChefChanges {
            name,
            zones,
            hours,
            calendar_id,
            standing,
        } = changes;
        check(zones.as_ref(), hours.as_ref())?;
        let mut events = Vec::new();
        events.extend(name.map(|name| ChefEvent::ChefRenamed { name }));
        let zones = zones.filter(|zones| *zones != self.zones);
        events.extend(zones.map(|zones| ChefEvent::ChefZonesChanged { zones }));
        let hours = hours.filter(|hours| *hours != self.hours);
        events.extend(hours.map(|hours| ChefEvent::ChefHoursChanged { hours }));
        let calendar_id = calendar_id.filter(|calendar_id| *calendar_id != self.calendar_id);
        events
            .extend(calendar_id.map(|calendar_id| ChefEvent::ChefCalendarChanged { calendar_id }));
        match standing {
            Some(standing) if standing == self.standing => {}
            Some(ChefStanding::Active) => events.push(ChefEvent::ChefActivated {}),
            Some(ChefStanding::Inactive) => events.push(ChefEvent::ChefDeactivated {}),
            Some(ChefStanding::Unknown) | None => {}
        }
        Ok(events)
    }

    fn set_time_off(
        &self,
        days_off: Vec<DateRange>,
        slots: Vec<Slot>,
        today: Date,
    ) -> Result<Vec<ChefEvent>, Refusal> {
        self.require()?;
        let days_off = from_today(days_off, today);
        let days: i64 = days_off.iter().map(DateRange::day_count).sum();
        if days_off.len() > MAX_TIMES_OFF || days > MAX_DAYS_OFF {
            let detail =
                format!("at most {MAX_TIMES_OFF} times off and {MAX_DAYS_OFF} days in all");
            return Err(Refusal::field("/days_off", "time-off-too-long", detail));
        }
        if days_off == from_today(self.days_off.clone(), today) && slots == self.slots_off {
            return Ok(Vec::new());
        }
        Ok(vec![ChefEvent::ChefTimeOffSet { days_off, slots }])
    }
}

/// Sorted, joined where they overlap or touch, and without what is past: claims on past days would only pile up.
fn from_today(days_off: Vec<DateRange>, today: Date) -> Vec<DateRange> {
    let mut coming: Vec<DateRange> = days_off
        .into_iter()
        .filter(|range| range.to >= today)
        .map(|range| DateRange {
            from: range.from.max(today),
            to: range.to,
        })
        .collect();
    coming.sort_unstable();
    let mut joined: Vec<DateRange> = Vec::with_capacity(coming.len());
    for range in coming {
        match joined.last_mut() {
            Some(last) if range.from <= last.to || last.to.next_day() == Some(range.from) => {
                last.to = last.to.max(range.to);
            }
            _ => joined.push(range),
        }
    }
    joined
}

fn check(
    zones: Option<&BTreeSet<ServiceZone>>,
    hours: Option<&WeeklyHours>,
) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    if let Some(zones) = zones {
        if zones.is_empty() {
            problems.add("/zones", "zone-missing", "a chef serves at least one zone");
        }
        if zones.len() > MAX_ZONES {
            problems.add(
                "/zones",
                "list-too-long",
                format!("at most {MAX_ZONES} zones"),
            );
        }
    }
    if let Some(Err(refusal)) = hours.map(WeeklyHours::check) {
        for error in refusal.errors {
            problems.add(
                &format!("/hours{}", error.pointer),
                &error.code,
                error.message,
            );
        }
    }
    problems.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chefs::hours::{Stretch, Weekday};
    use crate::chefs::{SLOT_SCOPE, ZONE_SCOPE};
    use crate::noun::{Key, Noun};
    use crate::sealed::Sealed;
    use cqrs_es::Aggregate;
    use std::collections::BTreeMap;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 03 - 01);

    fn given(events: &[ChefEvent]) -> Chef {
        let mut chef = Chef::default();
        events.iter().cloned().for_each(|event| chef.apply(event));
        chef
    }

    fn slot(text: &str) -> Slot {
        Slot::parse(text).unwrap()
    }

    fn zones(names: &[&str]) -> BTreeSet<ServiceZone> {
        names
            .iter()
            .map(|name| ServiceZone::parse(name).unwrap())
            .collect()
    }

    fn hours() -> WeeklyHours {
        let stretch = Stretch {
            from: slot("12:00"),
            to: slot("20:00"),
        };
        WeeklyHours::new(BTreeMap::from([(Weekday::Saturday, vec![stretch])])).unwrap()
    }

    fn added() -> ChefEvent {
        let name = Sealed::new("sealed".to_owned());
        ChefEvent::ChefAdded {
            name,
            zones: zones(&["north", "south"]),
            hours: hours(),
            calendar_id: None,
        }
    }

    fn off(from: Date, to: Date) -> DateRange {
        DateRange::new(from, to).unwrap()
    }

    fn set_time_off(days_off: &[DateRange]) -> ChefCommand {
        ChefCommand::SetTimeOff {
            days_off: days_off.to_vec(),
            slots: vec![slot("18:00")],
            today: TODAY,
        }
    }

    fn then(chef: &mut Chef, command: ChefCommand) -> Vec<ChefEvent> {
        let events = chef.decide(command).unwrap();
        events.iter().cloned().for_each(|event| chef.apply(event));
        events
    }

    #[test]
    fn an_active_chef_is_found_by_every_zone_and_an_inactive_one_by_none() {
        let mut chef = given(&[added()]);
        let keys = |chef: &Chef, event: &ChefEvent| chef.claims("chef-1", event).handles;
        assert_eq!(
            keys(&chef, &added()),
            [Key::new(ZONE_SCOPE, "north"), Key::new(ZONE_SCOPE, "south")]
        );
        let stop = ChefChanges {
            standing: Some(ChefStanding::Inactive),
            ..ChefChanges::default()
        };
        let events = then(&mut chef, ChefCommand::Update(Box::new(stop)));
        assert_eq!(events, [ChefEvent::ChefDeactivated {}]);
        assert_eq!(chef.claims("chef-1", &events[0]).drop_handles, [ZONE_SCOPE]);
        assert_eq!(keys(&chef, &events[0]), []);
    }

    #[test]
    fn a_chef_works_within_hours_and_not_on_days_off() {
        let mut chef = given(&[added()]);
        let saturday = date!(2026 - 03 - 14);
        assert!(chef.works(saturday, slot("18:00"), 120));
        assert!(!chef.works(saturday, slot("19:00"), 120));
        then(&mut chef, set_time_off(&[off(saturday, saturday)]));
        assert!(!chef.works(saturday, slot("18:00"), 120));
        assert!(chef.works(date!(2026 - 03 - 21), slot("18:00"), 120));
    }

    #[test]
    fn days_off_claim_the_slots_they_close_and_free_them_again() {
        let mut chef = given(&[added()]);
        let events = then(
            &mut chef,
            set_time_off(&[off(date!(2026 - 03 - 14), date!(2026 - 03 - 15))]),
        );
        let changes = chef.claims("chef-1", &events[0]);
        assert_eq!(changes.release, [SLOT_SCOPE]);
        let values: Vec<_> = changes.take.into_iter().map(|key| key.value).collect();
        assert_eq!(
            values,
            ["chef-1|2026-03-14|18:00", "chef-1|2026-03-15|18:00"]
        );
        let events = then(&mut chef, set_time_off(&[]));
        assert_eq!(chef.claims("chef-1", &events[0]).take, []);
    }

    #[test]
    fn days_off_are_joined_and_the_past_is_left_out() {
        let chef = given(&[added()]);
        let events = chef
            .decide(set_time_off(&[
                off(date!(2026 - 03 - 05), date!(2026 - 03 - 06)),
                off(date!(2026 - 02 - 20), date!(2026 - 03 - 02)),
                off(date!(2026 - 03 - 03), date!(2026 - 03 - 05)),
                off(date!(2026 - 01 - 01), date!(2026 - 01 - 02)),
            ]))
            .unwrap();
        let ChefEvent::ChefTimeOffSet { days_off, .. } = &events[0] else {
            panic!("{events:?}")
        };
        assert_eq!(*days_off, [off(TODAY, date!(2026 - 03 - 06))]);
    }

    #[test]
    fn setting_the_same_time_off_again_changes_nothing() {
        let mut chef = given(&[added()]);
        let vacation = [off(date!(2026 - 03 - 14), date!(2026 - 03 - 15))];
        assert_eq!(then(&mut chef, set_time_off(&vacation)).len(), 1);
        assert_eq!(then(&mut chef, set_time_off(&vacation)), []);
    }

    #[test]
    fn a_year_off_is_the_most() {
        let years = [
            off(date!(2026 - 04 - 01), date!(2026 - 12 - 31)),
            off(date!(2027 - 02 - 01), date!(2027 - 12 - 31)),
        ];
        assert_eq!(
            given(&[added()])
                .decide(set_time_off(&years))
                .unwrap_err()
                .errors[0]
                .code,
            "time-off-too-long"
        );
    }

    #[test]
    fn updating_to_what_is_already_so_changes_nothing() {
        let same = ChefChanges {
            zones: Some(zones(&["north", "south"])),
            hours: Some(hours()),
            calendar_id: Some(None),
            standing: Some(ChefStanding::Active),
            ..ChefChanges::default()
        };
        assert_eq!(
            given(&[added()])
                .decide(ChefCommand::Update(Box::new(same)))
                .unwrap(),
            []
        );
    }

    #[test]
    fn each_change_is_an_event_of_its_own() {
        let changes = ChefChanges {
            name: Some(Sealed::new("other".to_owned())),
            zones: Some(zones(&["north"])),
            ..ChefChanges::default()
        };
        let events = given(&[added()])
            .decide(ChefCommand::Update(Box::new(changes)))
            .unwrap();
        assert!(matches!(
            events[..],
            [
                ChefEvent::ChefRenamed { .. },
                ChefEvent::ChefZonesChanged { .. }
            ]
        ));
    }

    #[test]
    fn a_chef_without_a_zone_is_refused() {
        let refusal = given(&[]).decide(ChefCommand::Add {
            name: Sealed::default(),
            zones: BTreeSet::new(),
            hours: hours(),
            calendar_id: None,
        });
        assert_eq!(refusal.unwrap_err().errors[0].pointer, "/zones");
    }

    #[test]
    fn nothing_changes_on_a_chef_that_was_never_added() {
        assert_eq!(
            given(&[]).decide(set_time_off(&[])).unwrap_err().code,
            "chef-not-found"
        );
    }
}
