//! The whole history of a business, planned before any of it is told: who asks, who books, what becomes of it. It
//! depends on the business and the moment of the first fill alone.

use domain::tenants::price_book::PriceBook;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::bookings::{self, Telling};
use super::businesses::Business;
use super::calendars::Calendar;
use super::conversations::{self, Acquaintance};
use super::deeds::{Deed, Story, reference};
use super::names::{REMARKS, TAGS};
use super::people::Person;
use super::rotas::{Held, Place, Rota};
use super::seeds::Seeds;
use super::{inquiries, journeys};
use crate::database::Reason;

/// Nothing but setting up happens on the first days.
const SETTING_UP_DAYS: i64 = 2;
/// How many days before the first fill are busier than others.
const RUSH_DAYS: i64 = 2;
/// When people write and call, in minutes of the day.
const AWAKE_MINUTES: (i64, i64) = (8 * 60, 21 * 60);
/// How often a date is looked for before somebody gives up.
const DATE_ATTEMPTS: usize = 12;
/// How many of a hundred bookings come from somebody who is known already.
const KNOWN_PERCENT: usize = 45;
/// Nobody books twice within so many days.
const REST_DAYS: i64 = 9;
const MARKETING_WORDING: &str =
    "Yes, send me seasonal offers by e-mail. I can unsubscribe at any time.";

/// Somebody's story and where it stands.
struct Customer {
    person: Person,
    story: Story,
    /// The day of the last booking or question.
    last_day: i64,
}

struct Historian<'a> {
    business: &'static Business,
    calendar: &'a Calendar,
    price_book: PriceBook,
    seeds: Seeds,
    rota: Rota,
    customers: Vec<Customer>,
    bookings: usize,
}

/// Everything that has happened by the calendar's anchor, in order; setting up included, the tenant itself apart.
pub(super) fn plan(business: &'static Business, calendar: &Calendar) -> Result<Vec<Deed>, Reason> {
    let mut historian = Historian {
        business,
        calendar,
        price_book: business.price_book(),
        seeds: Seeds::new(business.seed),
        rota: Rota::new(business, calendar)?,
        customers: Vec::new(),
        bookings: 0,
    };
    for day in SETTING_UP_DAYS - business.history_days..=0 {
        historian.live(day);
    }
    let talks = historian.talks();
    let told = historian
        .customers
        .into_iter()
        .flat_map(|customer| customer.story.deeds);
    let mut deeds: Vec<Deed> = told
        .chain(setting_up(business, calendar)?)
        .chain(talks)
        .chain(inquiries::plan(business, calendar))
        .collect();
    deeds.retain(|deed| calendar.has_been(deed.at));
    deeds.sort_by_key(|deed| deed.at);
    Ok(deeds)
}

/// Prices and chefs, on the first day.
fn setting_up(business: &Business, calendar: &Calendar) -> Result<Vec<Deed>, Reason> {
    let day = -business.history_days;
    let mut story = Story::new("business");
    let at = |minutes: i64| calendar.moment(day, 10 * 60 + minutes);
    story.then(
        at(0),
        "set-price-book",
        serde_json::to_value(business.price_book())?,
    );
    for (index, cook) in business.chefs.iter().enumerate() {
        let minutes = 10 * (i64::try_from(index)? + 1);
        let name = format!("chef-{index}");
        story.then_naming(
            at(minutes),
            "add-chef",
            cook.joining(),
            &[("/chef_id", &name)],
        );
        if !cook.days_off.is_empty() {
            let range = |(from, to): &(i64, i64)| json!({ "from": calendar.date(*from).to_string(), "to": calendar.date(*to).to_string() });
            let days_off: Vec<_> = cook.days_off.iter().map(range).collect();
            let body = json!({ "chef_id": reference(&name), "days_off": days_off });
            story.then(at(minutes + 5), "set-chef-time-off", body);
        }
    }
    let mut deeds = story.deeds;
    deeds.extend(journeys::writing(at(120)).deeds);
    Ok(deeds)
}

impl Historian<'_> {
    /// What the customers who are known by then write.
    fn talks(&self) -> Vec<Deed> {
        let known = |(number, customer): (usize, &Customer)| {
            let since = customer.story.deeds.first()?.at;
            Some((number, since))
        };
        let known = self.customers.iter().enumerate().filter_map(known);
        let acquaintances: Vec<_> = known
            .map(|(number, since)| Acquaintance {
                number,
                person: &self.customers[number].person,
                since,
            })
            .collect();
        conversations::plan(self.business, self.calendar, &acquaintances)
    }

    /// One day of the business.
    fn live(&mut self, day: i64) {
        if self.seeds.chance(self.business.lead_percent) {
            self.ask(day);
        }
        // The last days are busy, so that there is something to do.
        let rush = if day > -RUSH_DAYS { 2 } else { 1 };
        for _ in 0..rush * self.seeds.weighted(self.business.pace) {
            self.book(day);
        }
    }

    /// Somebody asks and does not book yet.
    fn ask(&mut self, day: i64) {
        let at = self.some_time(day);
        let index = self.meet(day);
        let (source, channel) = self.seeds.weighted(&[
            (5, ("web", "form")),
            (3, ("ai_chat", "chat")),
            (3, ("phone", "call")),
        ]);
        let customer = &mut self.customers[index];
        let body = json!({
            "source": source,
            "channel": channel,
            "first_name": customer.person.first_name,
            "last_name": customer.person.last_name,
            "email": customer.person.email,
            "phone": customer.person.phone,
            "time_zone": self.business.time_zone,
        });
        let name = name(index);
        customer
            .story
            .then_naming(at, "create-lead", body, &[("/customer_id", &name)]);
        self.remark(index, at, 60);
    }

    fn book(&mut self, day: i64) {
        let at = self.some_time(day);
        let index = match self.find_known(day) {
            Some(index) => index,
            None => self.meet(day),
        };
        let zone = self.customers[index].person.zone;
        let Some((place, held)) = self.find_place(day, zone) else {
            return;
        };
        self.bookings += 1;
        let customer = &mut self.customers[index];
        customer.last_day = day;
        let telling = Telling {
            business: self.business,
            calendar: self.calendar,
            price_book: &self.price_book,
            seeds: &mut self.seeds,
            rota: &mut self.rota,
            story: &mut customer.story,
            number: self.bookings,
            person: &customer.person,
        };
        let took_place = telling.tell(at, place, held);
        self.remark(index, at, 25);
        if let Some(took_place) = took_place {
            self.follow_up(index, took_place);
        }
    }

    /// A date ahead, mostly at the end of a week, and a slot, mostly in the evening, for which there is a chef.
    fn find_place(&mut self, day: i64, zone: &str) -> Option<(Place, Held)> {
        let slots = bookings::slots(self.business);
        let by_lateness: Vec<_> = slots
            .iter()
            .enumerate()
            .map(|(index, slot)| (2 * index + 1, *slot))
            .collect();
        for _ in 0..DATE_ATTEMPTS {
            let (soonest, latest) =
                self.seeds
                    .weighted(&[(3, (2, 4)), (7, (5, 10)), (7, (11, 18)), (4, (19, 40))]);
            let party_day = day + self.seeds.between(soonest, latest);
            let date = self.calendar.date(party_day);
            let days_into_week = date.weekday().number_days_from_monday();
            if party_day > self.business.days_ahead
                || (days_into_week < 4 && !self.seeds.chance(30))
            {
                continue;
            }
            let place = Place {
                date,
                slot: self.seeds.weighted(&by_lateness),
            };
            if let Some(held) = self.rota.hold(day, zone, place) {
                return Some((place, held));
            }
        }
        None
    }

    /// Somebody who is known already and may book again, at times.
    fn find_known(&mut self, day: i64) -> Option<usize> {
        if !self.seeds.chance(KNOWN_PERCENT) {
            return None;
        }
        let may_book = |index: &usize| self.customers[*index].last_day + REST_DAYS <= day;
        let known: Vec<usize> = (0..self.customers.len()).filter(may_book).collect();
        (!known.is_empty()).then(|| *self.seeds.pick(&known))
    }

    /// Somebody new.
    fn meet(&mut self, day: i64) -> usize {
        let index = self.customers.len();
        let person = Person::invent(&mut self.seeds, self.business, index);
        self.customers.push(Customer {
            person,
            story: Story::new(name(index)),
            last_day: day,
        });
        index
    }

    /// What our own people write down, at times.
    fn remark(&mut self, index: usize, at: OffsetDateTime, percent: usize) {
        if self.seeds.chance(percent) {
            let body = json!({ "customer_id": reference(&name(index)), "text": self.seeds.pick(&REMARKS) });
            let at = at + Duration::minutes(self.seeds.between(3, 90));
            self.customers[index].story.then(at, "add-note", body);
        }
        if self.seeds.chance(percent) {
            let body = json!({ "customer_id": reference(&name(index)), "tag": self.seeds.weighted(&TAGS) });
            let at = at + Duration::minutes(self.seeds.between(5, 200));
            self.customers[index].story.then(at, "tag-customer", body);
        }
    }

    /// After a good evening some want to hear from us, and a few of them think better of it.
    fn follow_up(&mut self, index: usize, after: OffsetDateTime) {
        if !self.seeds.chance(34) {
            return;
        }
        let said = |standing: &str, wording: &str| {
            json!({
                "customer_id": reference(&name(index)),
                "channel": "email",
                "purpose": "marketing",
                "standing": standing,
                "source": "web",
                "wording": wording,
            })
        };
        let granted_at = after + Duration::hours(self.seeds.between(12, 48));
        let story = &mut self.customers[index].story;
        story.then(
            granted_at,
            "update-consent",
            said("granted", MARKETING_WORDING),
        );
        if self.seeds.chance(12) {
            let withdrawn_at = granted_at + Duration::days(self.seeds.between(5, 15));
            let body = said("withdrawn", "Unsubscribed by the link in an e-mail.");
            self.customers[index]
                .story
                .then(withdrawn_at, "update-consent", body);
        }
    }

    fn some_time(&mut self, day: i64) -> OffsetDateTime {
        self.calendar
            .moment(day, self.seeds.between(AWAKE_MINUTES.0, AWAKE_MINUTES.1))
    }
}

fn name(index: usize) -> String {
    format!("customer-{index}")
}

#[cfg(test)]
mod tests;
