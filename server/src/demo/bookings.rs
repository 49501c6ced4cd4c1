//! How one booking of the demo goes: made, paid or not, moved, cancelled, cooked, forgotten.

use domain::slots::Slot;
use domain::tenants::price_book::{MenuChoice, PriceBook};
use domain::values::{Party, ServiceZone};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::businesses::Business;
use super::calendars::Calendar;
use super::deeds::{Story, reference};
use super::names::{REASONS, WISHES};
use super::payments::{Bill, Confirmed, Means};
use super::people::Person;
use super::rotas::{Held, Place, Rota};
use super::seeds::Seeds;

/// A hold of these businesses ends after a day.
pub(super) const HOLD: Duration = Duration::hours(24);
/// The notices of their refund policy, and what comes back, in percent.
const REFUNDS: [(Duration, i64); 2] = [(Duration::hours(168), 100), (Duration::hours(48), 50)];
/// Nothing of a booking changes later than so long before the party.
pub(super) const LAST_MINUTE: Duration = Duration::hours(3);

/// Everything that a booking's story is drawn from.
pub(super) struct Telling<'a> {
    pub business: &'static Business,
    pub calendar: &'a Calendar,
    pub price_book: &'a PriceBook,
    pub seeds: &'a mut Seeds,
    pub rota: &'a mut Rota,
    pub story: &'a mut Story,
    pub number: usize,
    pub person: &'a Person,
}

/// How the customer pays the deposit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Paying {
    ByCheckout,
    ByInvoice,
    InCash,
}

/// How it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Takes,
    IsCancelled,
    IsMoved,
    NobodyThere,
    NeverPaid,
}

impl Telling<'_> {
    /// Tells it all, from its making at `at` on; what has not been yet is cut off later. Answers when it is settled that
    /// the party took place.
    pub(super) fn tell(
        mut self,
        at: OffsetDateTime,
        place: Place,
        held: Held,
    ) -> Option<OffsetDateTime> {
        let paying = self.seeds.weighted(&[
            (82, Paying::ByCheckout),
            (10, Paying::ByInvoice),
            (8, Paying::InCash),
        ]);
        let fate = self.seeds.weighted(&[
            (73, Fate::Takes),
            (11, Fate::IsCancelled),
            (5, Fate::IsMoved),
            (3, Fate::NobodyThere),
            (8, Fate::NeverPaid),
        ]);
        let party = self.party();
        let menu = self.menu(party);
        let mut bill = self.price(party, &menu)?;
        self.create(at, place, paying, party, &menu);
        if fate == Fate::NeverPaid
            && paying == Paying::ByCheckout
            && self.expire(at, place, held).is_some()
        {
            return None;
        }
        let confirmed = self.confirm(at, place, paying, bill);
        let (mut place, mut held, mut settled_at) = (place, held, confirmed.at);
        if fate == Fate::IsMoved
            && let Some((moved_at, moved, moved_held)) = self.reschedule(confirmed.at, place, held)
        {
            (settled_at, place, held) = (moved_at, moved, moved_held);
        }
        if fate == Fate::IsCancelled && self.cancel(confirmed, place, held).is_some() {
            return None;
        }
        self.assign(settled_at, place, held);
        if self.seeds.chance(8) {
            bill = self.grow(settled_at, place, party, &menu).unwrap_or(bill);
        }
        self.end(fate, place, bill.total_minor - confirmed.paid_minor)
    }

    fn party(&mut self) -> Party {
        let adults =
            self.seeds
                .weighted(&[(2, 6), (4, 8), (6, 10), (6, 12), (4, 14), (3, 18), (1, 24)]);
        let adults = adults + self.seeds.between(0, 2);
        let kids = if self.seeds.chance(55) {
            self.seeds.between(1, 6)
        } else {
            0
        };
        let count = |people: i64| u16::try_from(people).unwrap_or(1);
        Party {
            adults: count(adults),
            kids: count(kids),
        }
    }

    fn menu(&mut self, party: Party) -> Vec<MenuChoice> {
        let mut menu = Vec::new();
        for (item, _) in self.business.menu {
            if self.seeds.chance(35) {
                let quantity = self.seeds.between(2, i64::from(party.adults));
                menu.push(MenuChoice {
                    item: (*item).to_owned(),
                    quantity: u32::try_from(quantity).unwrap_or(2),
                });
            }
        }
        menu
    }

    fn price(&self, party: Party, menu: &[MenuChoice]) -> Option<Bill> {
        let zone = ServiceZone::parse(self.person.zone).ok()?;
        let price = self
            .price_book
            .price(party, menu, &zone, &Default::default())
            .ok()?;
        Some(Bill {
            total_minor: price.total.amount_minor,
            deposit_minor: price.deposit.amount_minor,
        })
    }

    fn create(
        &mut self,
        at: OffsetDateTime,
        place: Place,
        paying: Paying,
        party: Party,
        menu: &[MenuChoice],
    ) {
        let source =
            self.seeds
                .weighted(&[(50, "ai_chat"), (32, "web"), (12, "phone"), (6, "admin")]);
        let wish = self.seeds.chance(40).then(|| *self.seeds.pick(&WISHES));
        let preference = match paying {
            Paying::ByCheckout => "stripe_checkout",
            Paying::ByInvoice => "invoice",
            Paying::InCash => "cash",
        };
        let body = json!({
            "source": source,
            "customer": self.person.as_customer(),
            "booking": {
                "date": place.date.to_string(),
                "slot": place.slot,
                "address": self.person.address,
                "party": party,
                "menu": menu,
                "notes": wish,
            },
            "payment_preference": preference,
        });
        let names = [
            ("/booking_id", self.name()),
            ("/customer_id", self.customer()),
        ];
        let names = names
            .each_ref()
            .map(|(field, name)| (*field, name.as_str()));
        self.story.then_naming(at, "create-booking", body, &names);
    }

    /// The deposit never comes: the hold ends.
    fn expire(&mut self, at: OffsetDateTime, place: Place, held: Held) -> Option<()> {
        let ends_at = (at + HOLD).min(self.starts_at(place));
        self.rota.release(held, self.calendar.day_of(ends_at))?;
        self.story
            .then(ends_at, "expire-booking", self.booking_body(json!({})));
        Some(())
    }

    fn reschedule(
        &mut self,
        after: OffsetDateTime,
        place: Place,
        held: Held,
    ) -> Option<(OffsetDateTime, Place, Held)> {
        let day = self.calendar.day_of(after) + self.seeds.between(1, 3);
        let at = self
            .calendar
            .moment(day, self.seeds.between(9 * 60, 20 * 60));
        let moved = Place {
            date: place.date.saturating_add(Duration::days(7)),
            slot: place.slot,
        };
        if at + LAST_MINUTE > self.starts_at(place) {
            return None;
        }
        let moved_held = self.rota.move_to(day, self.person.zone, moved, held)?;
        self.rota.release(held, day)?;
        let body = json!({ "date": moved.date.to_string(), "slot": moved.slot });
        self.story
            .then(at, "reschedule-booking", self.booking_body(body));
        Some((at, moved, moved_held))
    }

    fn cancel(&mut self, confirmed: Confirmed, place: Place, held: Held) -> Option<()> {
        let starts_at = self.starts_at(place);
        let window_minutes = (starts_at - LAST_MINUTE - confirmed.at).whole_minutes();
        if window_minutes < 1 {
            return None;
        }
        let at = confirmed.at + Duration::minutes(self.seeds.between(1, window_minutes));
        self.rota.release(held, self.calendar.day_of(at))?;
        let rule = REFUNDS.iter().find(|(notice, _)| starts_at - at >= *notice);
        let back_minor = rule.map_or(0, |(_, percent)| confirmed.paid_minor * percent / 100);
        let (refund, payment) = (
            format!("{}-refund", self.name()),
            format!("{}-refunded", self.name()),
        );
        let both = [
            ("/refunds/0/refund_id", refund.as_str()),
            ("/refunds/0/payment_id", payment.as_str()),
        ];
        let names: &[_] = if back_minor > 0 { &both } else { &[] };
        let body = json!({ "reason": self.seeds.pick(&REASONS) });
        self.story
            .then_naming(at, "cancel-booking", self.booking_body(body), names);
        let refund = json!({ "refund_id": reference(&refund), "payment_id": reference(&payment) });
        match confirmed.means {
            _ if back_minor == 0 => {}
            Means::Provider => self.settle_refund(at + Duration::minutes(4), refund, back_minor),
            Means::Hand => self
                .story
                .then(at + Duration::hours(20), "refund-payment", refund),
        }
        Some(())
    }

    fn assign(&mut self, after: OffsetDateTime, place: Place, held: Held) {
        let at = after + Duration::minutes(self.seeds.between(60, 2_880));
        let at = at.min(self.starts_at(place) - LAST_MINUTE).max(after);
        let chef = reference(&format!("chef-{}", held.cook));
        self.story.then(
            at,
            "assign-chef",
            self.booking_body(json!({ "chef_id": chef })),
        );
    }

    /// More guests than first thought.
    fn grow(
        &mut self,
        after: OffsetDateTime,
        place: Place,
        party: Party,
        menu: &[MenuChoice],
    ) -> Option<Bill> {
        let at = after + Duration::hours(self.seeds.between(3, 40));
        if at + LAST_MINUTE > self.starts_at(place) || !self.calendar.has_been(at) {
            return None;
        }
        let party = Party {
            adults: party.adults + 2,
            kids: party.kids,
        };
        self.story.then(
            at,
            "update-booking",
            self.booking_body(json!({ "party": party })),
        );
        self.price(party, menu)
    }

    fn end(&mut self, fate: Fate, place: Place, balance_minor: i64) -> Option<OffsetDateTime> {
        let starts_at = self.starts_at(place);
        if fate == Fate::NobodyThere {
            let at = starts_at + Duration::minutes(75);
            self.story
                .then(at, "mark-no-show", self.booking_body(json!({})));
            return None;
        }
        let ends_at = starts_at + Duration::minutes(i64::from(self.business.party_minutes));
        let paid_at = ends_at + Duration::minutes(self.seeds.between(5, 20));
        self.pay_balance(paid_at, balance_minor);
        let completed_at = paid_at + Duration::minutes(self.seeds.between(10, 60));
        self.story.then(
            completed_at,
            "complete-booking",
            self.booking_body(json!({})),
        );
        Some(completed_at)
    }

    pub(super) fn starts_at(&self, place: Place) -> OffsetDateTime {
        let day = (place.date - self.calendar.date(0)).whole_days();
        self.calendar
            .moment(day, i64::from(place.slot.minute_of_day()))
    }

    pub(super) fn booking_body(&self, mut body: Value) -> Value {
        if let Some(fields) = body.as_object_mut() {
            fields.insert("booking_id".to_owned(), reference(&self.name()).into());
        }
        body
    }

    pub(super) fn name(&self) -> String {
        format!("booking-{}", self.number)
    }

    fn customer(&self) -> String {
        self.story.lane().to_owned()
    }
}

/// The slots of a business, as the product writes them.
pub(super) fn slots(business: &Business) -> Vec<Slot> {
    business
        .slots
        .iter()
        .filter_map(|slot| Slot::parse(slot).ok())
        .collect()
}
