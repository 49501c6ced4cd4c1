//! The letters that the product sends by itself, and what each template may speak of. A tenant's template under the name
//! of such a letter takes the place of our words; under any other name it is the tenant's own, to be sent by name.

use serde::{Deserialize, Serialize};

use super::TemplateChannel;
use super::content::Variable;
use crate::effects::EmailTemplate;

/// What a template speaks of, and so which values are there to fill it in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Whom it is for, and whatever is given when it is sent.
    #[default]
    Customer,
    /// A booking besides.
    Booking,
}

/// A letter of the product's own.
#[derive(Debug)]
pub struct Letter {
    /// The name that a template takes its place by.
    pub name: &'static str,
    /// When it is sent.
    pub when: &'static str,
    pub channels: &'static [TemplateChannel],
    /// Values that are always there, beyond those that every booking has.
    pub sure: &'static [&'static str],
    /// Our words, as the text of a template.
    pub subject_and_text: &'static str,
}

/// A value that is filled in by itself.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub name: &'static str,
    pub meaning: &'static str,
    /// For previews.
    pub sample: &'static str,
    /// What stands in its place where there is none; none when it may be missing.
    pub otherwise: Option<&'static str>,
    /// Whether every booking, or every customer, has it.
    pub is_always: bool,
}

const fn always(name: &'static str, meaning: &'static str, sample: &'static str) -> Known {
    Known {
        name,
        meaning,
        sample,
        otherwise: None,
        is_always: true,
    }
}

const fn sometimes(name: &'static str, meaning: &'static str, sample: &'static str) -> Known {
    Known {
        is_always: false,
        ..always(name, meaning, sample)
    }
}

/// Of whoever it is for.
const OF_CUSTOMERS: [Known; 3] = [
    always(
        "business",
        "Your name, as in the settings",
        "Fire & Ice Catering",
    ),
    Known {
        otherwise: Some("there"),
        ..always(
            "first_name",
            "The customer's first name; \"there\" when nobody knows it",
            "Ada",
        )
    },
    sometimes("last_name", "The customer's last name", "Example"),
];

/// Of the booking.
const OF_BOOKINGS: [Known; 10] = [
    always(
        "when",
        "Date and time, in your time zone",
        "Saturday, 14 March 2026 at 18:00 PDT",
    ),
    always("guests", "How many come", "13"),
    always("total", "The price of it all", "$665.00"),
    always("deposit", "What is due to confirm it", "$100.00"),
    always("paid", "What has been paid so far", "$100.00"),
    always("balance", "What remains to be paid", "$565.00"),
    always("refunded", "What has been sent back", "$0.00"),
    sometimes(
        "payment_url",
        "Where the deposit is paid",
        "https://pay.example/x?a=1&b=2",
    ),
    sometimes(
        "hold_until",
        "Until when the date is kept",
        "Sunday, 15 March 2026 at 09:00 PDT",
    ),
    sometimes(
        "refund_percent",
        "How much comes back after a cancellation",
        "50",
    ),
];

const BY_MAIL: &[TemplateChannel] = &[TemplateChannel::Email];
const BY_TEXT: &[TemplateChannel] = &[TemplateChannel::Sms, TemplateChannel::Whatsapp];

/// Every letter of the product's own.
pub const LETTERS: [Letter; 8] = [
    Letter {
        name: "booking-created",
        when: "A booking stands and its payment link is ready",
        channels: BY_MAIL,
        sure: &["payment_url"],
        subject_and_text: include_str!("../letters/booking_created.txt"),
    },
    Letter {
        name: "booking-created-link-follows",
        when: "A booking stands and its payment link is late",
        channels: BY_MAIL,
        sure: &[],
        subject_and_text: include_str!("../letters/booking_created_link_follows.txt"),
    },
    Letter {
        name: "booking-requested",
        when: "A booking stands that needs no deposit",
        channels: BY_MAIL,
        sure: &[],
        subject_and_text: include_str!("../letters/booking_requested.txt"),
    },
    Letter {
        name: "deposit-paid",
        when: "The deposit has come and the booking is confirmed",
        channels: BY_MAIL,
        sure: &[],
        subject_and_text: include_str!("../letters/deposit_paid.txt"),
    },
    Letter {
        name: "booking-rescheduled",
        when: "A booking has moved",
        channels: BY_MAIL,
        sure: &[],
        subject_and_text: include_str!("../letters/booking_rescheduled.txt"),
    },
    Letter {
        name: "booking-cancelled",
        when: "A booking was cancelled",
        channels: BY_MAIL,
        sure: &["refund_percent"],
        subject_and_text: include_str!("../letters/booking_cancelled.txt"),
    },
    Letter {
        name: "payment-refunded",
        when: "Money was sent back",
        channels: BY_MAIL,
        sure: &[],
        subject_and_text: include_str!("../letters/payment_refunded.txt"),
    },
    Letter {
        name: "payment-link",
        when: "Somebody booked by text and gets the link to pay there",
        channels: BY_TEXT,
        sure: &["payment_url"],
        subject_and_text: "\nHere you can pay the deposit of {{ deposit }}: {{ payment_url }}",
    },
];

impl Letter {
    /// The letter of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        LETTERS.iter().find(|letter| letter.name == name)
    }

    /// Our words: subject and text. A text message has no subject.
    pub fn words(&self) -> (&'static str, &'static str) {
        let (subject, text) = self
            .subject_and_text
            .split_once('\n')
            .unwrap_or((self.subject_and_text, ""));
        (subject.trim(), text.trim())
    }
}

/// The name under which a template takes the place of this letter.
pub fn name_of(letter: EmailTemplate) -> &'static str {
    match letter {
        EmailTemplate::BookingCreated => "booking-created",
        EmailTemplate::BookingCreatedLinkFollows => "booking-created-link-follows",
        EmailTemplate::BookingRequested => "booking-requested",
        EmailTemplate::DepositPaid => "deposit-paid",
        EmailTemplate::BookingRescheduled => "booking-rescheduled",
        EmailTemplate::BookingCancelled => "booking-cancelled",
        EmailTemplate::PaymentRefunded => "payment-refunded",
    }
}

/// Everything that fills in by itself in a template of this name.
pub fn known(name: &str, about: About) -> Vec<Known> {
    let sure = Letter::find(name).map_or(&[][..], |letter| letter.sure);
    let mut known = OF_CUSTOMERS.to_vec();
    if about == About::Booking {
        known.extend(OF_BOOKINGS);
    }
    for value in &mut known {
        value.is_always |= sure.contains(&value.name);
    }
    known
}

/// The names that a template may use: those that fill in by themselves, and those that it declares.
pub fn names(known: &[Known], declared: &[Variable]) -> Vec<String> {
    let mut names: Vec<String> = known.iter().map(|value| value.name.to_owned()).collect();
    for variable in declared {
        if !names.contains(&variable.name) {
            names.push(variable.name.clone());
        }
    }
    names
}
