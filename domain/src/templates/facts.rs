//! What a template is filled in with: of the customer, of the booking, and what was given.

use std::collections::BTreeMap;

use serde_json::Value;

use super::catalogue::Known;
use super::content::Variable;
use crate::bookings::BookingRecord;
use crate::money::Money;
use crate::tenants::Tenant;
use crate::zones::format_instant;

/// Values by name; what is not there is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(BTreeMap<String, Value>);

impl Facts {
    /// Of a customer whose names are these, as far as they are known.
    pub fn of_customer(tenant: &Tenant, first_name: Option<&str>, last_name: Option<&str>) -> Self {
        let mut facts = Self::default();
        facts.set("business", &tenant.name);
        facts.set("first_name", first_name.unwrap_or_default());
        facts.set("last_name", last_name.unwrap_or_default());
        facts
    }

    /// The same, with what there is to say of a booking.
    pub fn with_booking(mut self, tenant: &Tenant, booking: &BookingRecord) -> Self {
        let zone = &tenant.settings.time_zone;
        let money = |minor: i64| Money::new(minor, booking.total.currency.clone()).to_string();
        let payments = booking.payments.values();
        let refunded: i64 = payments.map(|paid| paid.refunded_minor).sum();
        self.set("when", &format_instant(zone, booking.starts_at));
        self.count("guests", booking.party.guests());
        self.set("total", &booking.total.to_string());
        self.set("deposit", &booking.deposit.to_string());
        self.set("paid", &money(booking.paid_minor()));
        self.set("balance", &booking.balance().to_string());
        self.set("refunded", &money(refunded));
        if let Some(checkout) = &booking.checkout {
            self.set("payment_url", &checkout.link.url);
        }
        if let Some(until) = booking.hold_until {
            self.set("hold_until", &format_instant(zone, until));
        }
        if let Some(percent) = booking.refund_percent {
            self.count("refund_percent", percent.into());
        }
        self
    }

    /// The samples of everything that a template may use.
    pub fn samples(known: &[Known], declared: &[Variable]) -> Self {
        let mut facts = Self::default();
        for variable in declared {
            facts.set(&variable.name, &variable.sample);
        }
        for value in known {
            match value.sample.parse() {
                Ok(count) => facts.count(value.name, count),
                Err(_) => facts.set(value.name, value.sample),
            }
        }
        facts
    }

    /// Sets a value; an empty one is missing.
    pub fn set(&mut self, name: &str, value: &str) {
        match value.trim().is_empty() {
            true => self.0.remove(name),
            false => self.0.insert(name.to_owned(), value.into()),
        };
    }

    /// Sets a number, which a condition takes for no when it is nought.
    fn count(&mut self, name: &str, value: u32) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The same, with what stands in the place of what is missing.
    pub(crate) fn completed(&self, known: &[Known], declared: &[Variable]) -> Self {
        let mut facts = self.clone();
        let ours = known
            .iter()
            .filter_map(|value| Some((value.name, value.otherwise?)));
        let theirs = declared
            .iter()
            .filter_map(|value| Some((value.name.as_str(), value.fallback.as_deref()?)));
        for (name, fallback) in theirs.chain(ours) {
            if !facts.0.contains_key(name) {
                facts.set(name, fallback);
            }
        }
        facts
    }

    /// A value that is text.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    pub(crate) fn values(&self) -> &BTreeMap<String, Value> {
        &self.0
    }

    /// The same, without one value.
    pub(super) fn without(&self, name: &str) -> Self {
        let mut facts = self.clone();
        facts.0.remove(name);
        facts
    }
}
