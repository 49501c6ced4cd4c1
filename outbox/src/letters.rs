//! The letters: templates in minijinja, strict (a missing value is an error, never an empty word) and with a limit on
//! the work that one may cause. Each has a subject, a text and an HTML form.

use domain::bookings::BookingRecord;
use domain::effects::{AccountLetter, EmailTemplate};
use domain::tenants::Tenant;
use domain::zones::format_instant;
use event_store::error::Error;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use crate::Result;

/// Instructions that one letter may cost.
const FUEL: u64 = 50_000;

/// What a letter may speak of.
#[derive(Serialize)]
pub struct Facts {
    business: String,
    first_name: String,
    when: String,
    guests: u32,
    total: String,
    deposit: String,
    paid: String,
    balance: String,
    payment_url: Option<String>,
    hold_until: Option<String>,
    refund_percent: Option<u8>,
    refunded: String,
}

/// What a letter to somebody who signs in may speak of.
#[derive(Serialize)]
pub struct AccountFacts {
    pub business: String,
    pub name: String,
    pub link: String,
    /// How long the link is good.
    pub lasts: String,
}

/// A letter, written.
pub struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

pub struct Letters {
    environment: Environment<'static>,
}

/// (name, subject and text, html body)
const TEMPLATES: &[(&str, &str, &str)] = &[
    (
        "booking_created",
        include_str!("templates/booking_created.txt"),
        include_str!("templates/booking_created.html"),
    ),
    (
        "booking_created_link_follows",
        include_str!("templates/booking_created_link_follows.txt"),
        include_str!("templates/booking_created_link_follows.html"),
    ),
    (
        "booking_requested",
        include_str!("templates/booking_requested.txt"),
        include_str!("templates/booking_requested.html"),
    ),
    (
        "deposit_paid",
        include_str!("templates/deposit_paid.txt"),
        include_str!("templates/deposit_paid.html"),
    ),
    (
        "booking_rescheduled",
        include_str!("templates/booking_rescheduled.txt"),
        include_str!("templates/booking_rescheduled.html"),
    ),
    (
        "booking_cancelled",
        include_str!("templates/booking_cancelled.txt"),
        include_str!("templates/booking_cancelled.html"),
    ),
    (
        "payment_refunded",
        include_str!("templates/payment_refunded.txt"),
        include_str!("templates/payment_refunded.html"),
    ),
    (
        "account_invitation",
        include_str!("templates/account_invitation.txt"),
        include_str!("templates/account_invitation.html"),
    ),
    (
        "account_reset",
        include_str!("templates/account_reset.txt"),
        include_str!("templates/account_reset.html"),
    ),
];

impl Facts {
    pub fn of(tenant: &Tenant, booking: &BookingRecord, first_name: &str) -> Self {
        let zone = &tenant.settings.time_zone;
        let money = |minor: i64| {
            domain::money::Money::new(minor, booking.total.currency.clone()).to_string()
        };
        let refunded: i64 = booking
            .payments
            .values()
            .map(|paid| paid.refunded_minor)
            .sum();
        Self {
            business: tenant.name.clone(),
            first_name: first_name.to_owned(),
            when: format_instant(zone, booking.starts_at),
            guests: booking.party.guests(),
            total: booking.total.to_string(),
            deposit: booking.deposit.to_string(),
            paid: money(booking.paid_minor()),
            balance: booking.balance().to_string(),
            payment_url: booking
                .checkout
                .as_ref()
                .map(|checkout| checkout.link.url.clone()),
            hold_until: booking.hold_until.map(|until| format_instant(zone, until)),
            refund_percent: booking.refund_percent,
            refunded: money(refunded),
        }
    }
}

impl Letters {
    pub fn new() -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        let failed = |error: minijinja::Error| Error::Internal(Box::new(error));
        environment
            .add_template("layout.html", include_str!("templates/layout.html"))
            .map_err(failed)?;
        for (name, text, html) in TEMPLATES {
            environment
                .add_template_owned(format!("{name}.txt"), *text)
                .map_err(failed)?;
            environment
                .add_template_owned(format!("{name}.html"), *html)
                .map_err(failed)?;
        }
        Ok(Self { environment })
    }

    /// Writes a letter. The first line of the text form is the subject.
    pub fn write(&self, template: EmailTemplate, facts: &Facts) -> Result<Letter> {
        let name = match template {
            EmailTemplate::BookingCreated => "booking_created",
            EmailTemplate::BookingCreatedLinkFollows => "booking_created_link_follows",
            EmailTemplate::BookingRequested => "booking_requested",
            EmailTemplate::DepositPaid => "deposit_paid",
            EmailTemplate::BookingRescheduled => "booking_rescheduled",
            EmailTemplate::BookingCancelled => "booking_cancelled",
            EmailTemplate::PaymentRefunded => "payment_refunded",
        };
        self.render(name, facts)
    }

    /// Writes a letter to somebody who signs in.
    pub fn write_to_person(&self, letter: AccountLetter, facts: &AccountFacts) -> Result<Letter> {
        let name = match letter {
            AccountLetter::Invitation => "account_invitation",
            AccountLetter::Reset => "account_reset",
        };
        self.render(name, facts)
    }

    fn render(&self, name: &str, facts: &impl Serialize) -> Result<Letter> {
        let render = |file: String| -> Result<String> {
            let failed = |error: minijinja::Error| Error::Internal(Box::new(error));
            self.environment
                .get_template(&file)
                .and_then(|template| template.render(minijinja::Value::from(Serde(facts))))
                .map_err(failed)
        };
        let text = render(format!("{name}.txt"))?;
        let (subject, text) = text.split_once('\n').unwrap_or((text.as_str(), ""));
        Ok(Letter {
            subject: subject.trim().to_owned(),
            text: text.trim_start().to_owned(),
            html: render(format!("{name}.html"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            business: "Fire & Ice <Catering>".into(),
            first_name: "Ada".into(),
            when: "Saturday, 14 March 2026 at 18:00 PDT".into(),
            guests: 13,
            total: "$665.00".into(),
            deposit: "$100.00".into(),
            paid: "$0.00".into(),
            balance: "$665.00".into(),
            payment_url: Some("https://pay.example/x?a=1&b=2".into()),
            hold_until: Some("Sunday".into()),
            refund_percent: Some(50),
            refunded: "$50.00".into(),
        }
    }

    #[test]
    fn every_letter_can_be_written_and_escapes_what_it_is_given() {
        let letters = Letters::new().unwrap();
        for template in [
            EmailTemplate::BookingCreated,
            EmailTemplate::BookingCreatedLinkFollows,
            EmailTemplate::BookingRequested,
            EmailTemplate::DepositPaid,
            EmailTemplate::BookingRescheduled,
            EmailTemplate::BookingCancelled,
            EmailTemplate::PaymentRefunded,
        ] {
            let letter = letters.write(template, &facts()).unwrap();
            assert!(
                !letter.subject.is_empty() && !letter.subject.contains('\n'),
                "{template:?}"
            );
            assert!(
                letter.text.contains("Ada") && letter.text.contains("Fire & Ice <Catering>"),
                "{template:?}"
            );
            assert!(
                letter.html.contains("Fire &amp; Ice &lt;Catering&gt;"),
                "{template:?}"
            );
        }
    }

    #[test]
    fn letters_to_people_carry_their_link_and_escape_what_they_are_given() {
        let letters = Letters::new().unwrap();
        let facts = AccountFacts {
            business: "Fire & Ice <Catering>".into(),
            name: "Ada".into(),
            link: "https://crm.example/reset?token=a-b_c".into(),
            lasts: "30 minutes".into(),
        };
        for kind in [AccountLetter::Invitation, AccountLetter::Reset] {
            let letter = letters.write_to_person(kind, &facts).unwrap();
            assert!(letter.text.contains(&facts.link) && letter.text.contains("30 minutes"));
            assert!(
                letter.html.contains("Fire &amp; Ice &lt;Catering&gt;"),
                "{kind:?}"
            );
            assert!(letter.html.contains("token=a-b_c"), "{kind:?}");
        }
    }

    #[test]
    fn a_letter_with_a_link_carries_it() {
        let letter = Letters::new()
            .unwrap()
            .write(EmailTemplate::BookingCreated, &facts())
            .unwrap();
        assert!(letter.text.contains("https://pay.example/x?a=1&b=2"));
    }
}
