//! The money of one booking of the demo: its deposit, what is paid on the spot, what goes back.

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::bookings::{HOLD, LAST_MINUTE, Paying, Telling};
use super::rotas::Place;

/// As providers write it.
const CURRENCY: &str = "usd";

/// What a party costs.
#[derive(Clone, Copy)]
pub(super) struct Bill {
    pub total_minor: i64,
    pub deposit_minor: i64,
}

/// Who received the money, and so who gives it back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    Provider,
    Hand,
}

/// When a booking was confirmed, and what had been paid by then.
#[derive(Clone, Copy)]
pub(super) struct Confirmed {
    pub at: OffsetDateTime,
    pub means: Means,
    pub paid_minor: i64,
}

impl Telling<'_> {
    /// Confirmed by the deposit, or by hand.
    pub(super) fn confirm(
        &mut self,
        at: OffsetDateTime,
        place: Place,
        paying: Paying,
        bill: Bill,
    ) -> Confirmed {
        let latest = self.starts_at(place) - LAST_MINUTE;
        if paying == Paying::ByCheckout {
            let minutes = if self.calendar.anchor - at < HOLD {
                // A demo without anybody who is still to pay would show no payment page.
                self.seeds.between(1_200, 1_430)
            } else {
                self.seeds
                    .weighted(&[(3, 4), (3, 17), (2, 95), (1, 600), (1, 1_290)])
                    + self.seeds.between(0, 40)
            };
            let paid_at = (at + Duration::minutes(minutes)).min(latest);
            return Confirmed {
                at: paid_at,
                means: self.pay_deposit(paid_at, place, bill.deposit_minor),
                paid_minor: bill.deposit_minor,
            };
        }
        let confirmed_at = (at + Duration::minutes(self.seeds.between(90, 3_600))).min(latest);
        if paying == Paying::ByInvoice && self.seeds.chance(60) {
            let body = json!({ "amount_minor": bill.deposit_minor, "method": "bank_transfer" });
            self.story
                .then(confirmed_at, "mark-paid", self.booking_body(body));
            return Confirmed {
                at: confirmed_at,
                means: Means::Hand,
                paid_minor: bill.deposit_minor,
            };
        }
        self.story.then(
            confirmed_at,
            "confirm-booking",
            self.booking_body(json!({})),
        );
        Confirmed {
            at: confirmed_at,
            means: Means::Hand,
            paid_minor: 0,
        }
    }

    /// On the payment page. For parties still to come it was read out over the phone instead: those may be cancelled in
    /// earnest, and the sandbox could not give back what it has never received.
    fn pay_deposit(&mut self, at: OffsetDateTime, place: Place, amount_minor: i64) -> Means {
        if !self.calendar.has_been(self.starts_at(place)) {
            let body = json!({ "amount_minor": amount_minor, "method": "card" });
            self.story.then(at, "mark-paid", self.booking_body(body));
            return Means::Hand;
        }
        let body = json!({
            "provider_id": self.payment_intent(),
            "amount_minor": amount_minor,
            "currency": CURRENCY,
            "method": self.seeds.weighted(&[(9, "card"), (1, "us_bank_account")]),
            "received_at": written(at),
        });
        self.story
            .then(at, "record-checkout-payment", self.booking_body(body));
        Means::Provider
    }

    pub(super) fn settle_refund(
        &mut self,
        at: OffsetDateTime,
        mut refund: Value,
        amount_minor: i64,
    ) {
        refund["provider_refund_id"] = format!("re_demo_{}", self.name()).into();
        refund["amount_minor"] = amount_minor.into();
        refund["currency"] = CURRENCY.into();
        self.story.then(at, "settle-refund", refund);
    }

    /// On the spot, or by a transfer that names the party.
    pub(super) fn pay_balance(&mut self, at: OffsetDateTime, amount_minor: i64) {
        if amount_minor < 1 {
            return;
        }
        if self.seeds.chance(70) {
            let body =
                json!({ "method": self.seeds.weighted(&[(5, "card"), (4, "cash"), (1, "check")]) });
            self.story.then(at, "mark-paid", self.booking_body(body));
            return;
        }
        let mut body = json!({
            "amount_minor": amount_minor,
            "method": "bank_transfer",
            "received_at": written(at),
            "memo": format!("{} {} hibachi party", self.person.first_name, self.person.last_name),
            "reference": format!("demo-transfer-{}", self.number),
        });
        // Some transfers wait for somebody to say what they are for.
        if self.seeds.chance(85) {
            body = self.booking_body(body);
        }
        self.story.then(at, "record-payment", body);
    }

    fn payment_intent(&self) -> String {
        format!("pi_demo_{}", self.number)
    }
}

fn written(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}
