//! Who can cook when, as the planned stories have it. It follows the product's own rule for choosing a chef (fewest
//! zones first, then the one who joined first), so that the chef whom a story names is the one who is held already.

use std::collections::{BTreeSet, HashSet};

use domain::chefs::hours::WeeklyHours;
use domain::slots::Slot;
use time::Date;

use super::businesses::{Business, Cook};
use super::calendars::Calendar;

/// One party's place: a date and a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub date: Date,
    pub slot: Slot,
}

/// The chefs' plan.
pub(super) struct Rota {
    cooks: Vec<Rostered>,
    party_minutes: u16,
    holds: Vec<Hold>,
    /// Days on which something is done about parties of a date. Things of one day may run side by side, so only one of
    /// them may move the chefs of that date.
    touched: HashSet<(i64, Date)>,
    closed: HashSet<Place>,
}

struct Rostered {
    zones: BTreeSet<&'static str>,
    hours: WeeklyHours,
    days_off: Vec<(Date, Date)>,
}

struct Hold {
    cook: usize,
    place: Place,
    /// The day on which it is given back.
    until_day: Option<i64>,
}

/// A hold that was made, to give it back with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub cook: usize,
    index: usize,
}

impl Rota {
    pub(super) fn new(business: &Business, calendar: &Calendar) -> Result<Self, serde_json::Error> {
        let rostered = |cook: &Cook| {
            let off = |(from, to): &(i64, i64)| (calendar.date(*from), calendar.date(*to));
            Ok(Rostered {
                zones: cook.zones.iter().copied().collect(),
                hours: serde_json::from_value(cook.hours())?,
                days_off: cook.days_off.iter().map(off).collect(),
            })
        };
        Ok(Self {
            cooks: business
                .chefs
                .iter()
                .map(rostered)
                .collect::<Result<_, serde_json::Error>>()?,
            party_minutes: business.party_minutes,
            holds: Vec::new(),
            touched: HashSet::new(),
            closed: HashSet::new(),
        })
    }

    /// Holds the chef that a booking made on `day` gets, or nobody where the story would have to be told otherwise.
    pub(super) fn hold(&mut self, day: i64, zone: &str, place: Place) -> Option<Held> {
        if self.closed.contains(&place) || self.touched.contains(&(day, place.date)) {
            return None;
        }
        let free = |cook: &usize| {
            self.cooks[*cook].works(zone, place, self.party_minutes)
                && !self.is_held(*cook, place, day)
        };
        let cook = (0..self.cooks.len())
            .filter(free)
            .min_by_key(|cook| (self.cooks[*cook].zones.len(), *cook))?;
        self.touched.insert((day, place.date));
        self.holds.push(Hold {
            cook,
            place,
            until_day: None,
        });
        Some(Held {
            cook,
            index: self.holds.len() - 1,
        })
    }

    /// Holds a chef for a party that moves to `place` on a later `day`, the same one where possible; nobody else is
    /// planned there.
    pub(super) fn move_to(
        &mut self,
        day: i64,
        zone: &str,
        place: Place,
        held: Held,
    ) -> Option<Held> {
        let is_planned = self.holds.iter().any(|hold| hold.place.date == place.date);
        if is_planned || self.touched.contains(&(day, place.date)) || !self.closed.insert(place) {
            return None;
        }
        let works = |cook: &usize| self.cooks[*cook].works(zone, place, self.party_minutes);
        let others = (0..self.cooks.len())
            .filter(works)
            .min_by_key(|cook| (self.cooks[*cook].zones.len(), *cook));
        let cook = Some(held.cook).filter(works).or(others)?;
        self.touched.insert((day, place.date));
        self.holds.push(Hold {
            cook,
            place,
            until_day: None,
        });
        Some(Held {
            cook,
            index: self.holds.len() - 1,
        })
    }

    /// Gives the hold back on `day`; nothing where something else happens to that date on that day.
    pub(super) fn release(&mut self, held: Held, day: i64) -> Option<()> {
        let hold = self.holds.get_mut(held.index)?;
        if !self.touched.insert((day, hold.place.date)) {
            return None;
        }
        hold.until_day = Some(day);
        Some(())
    }

    fn is_held(&self, cook: usize, place: Place, day: i64) -> bool {
        let stands = |hold: &Hold| hold.until_day.is_none_or(|until_day| until_day >= day);
        self.holds
            .iter()
            .any(|hold| hold.cook == cook && hold.place == place && stands(hold))
    }
}

impl Rostered {
    fn works(&self, zone: &str, place: Place, party_minutes: u16) -> bool {
        self.zones.contains(zone)
            && !self
                .days_off
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&place.date))
            && self.hours.cover(place.date, place.slot, party_minutes)
    }
}
