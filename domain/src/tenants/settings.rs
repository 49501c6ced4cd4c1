//! A tenant's settings: where and when it works, how long it holds a slot, what it gives back, and who its letters
//! come from.

use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};

use super::agents::AgentPolicy;
use super::assistant::Assistant;
use super::deletion::{DEFAULT_DELETION_DAYS, DELETION_DAYS};
use super::messaging::Messaging;
use super::openings::{self, MAX_OPENINGS};
use super::postcodes;
use super::retention::Retention;
use crate::customers::privacy::{DEFAULT_ERASURE_DAYS, MAX_ERASURE_DAYS};
use crate::money::Currency;
use crate::refusal::{Problems, Refusal};
use crate::slots::{self, MAX_SLOTS, Slot, SlotTime};
use crate::values::{EmailAddress, Region, ServiceZone};
use crate::zones::TimeZoneName;

/// The shortest and the longest party.
pub const MIN_PARTY_MINUTES: u16 = 15;
pub const MAX_PARTY_MINUTES: u16 = 12 * 60;
/// The longest hold; Stripe keeps a checkout page open for at most 24 hours, and it must not outlive the hold.
pub const MAX_HOLD_HOURS: u16 = 24;
pub const MAX_ZONES: usize = 100;
pub const MAX_POSTCODES: usize = 2_000;
pub const MAX_REFUND_RULES: usize = 10;
/// A year; no policy looks further ahead.
pub const MAX_REFUND_HOURS: u32 = 366 * 24;
pub const MAX_ALIAS_CHARS: usize = 64;
pub const MAX_SENDER_NAME_CHARS: usize = 100;

/// Everything a tenant can set about itself, prices and providers apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub time_zone: TimeZoneName,
    pub region: Region,
    pub currency: Currency,
    pub slots: Vec<Slot>,
    pub party_minutes: u16,
    pub zones: Vec<ZoneArea>,
    /// How long an unpaid booking keeps its slot.
    pub hold_hours: u16,
    pub refund_policy: Vec<RefundRule>,
    pub senders: Senders,
    /// Binds the paths without a tenant (`/webhooks/stripe`) to this one.
    pub webhook_alias: Option<String>,
    /// From where the façades may be called without a credential; from nowhere when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open_to: Vec<String>,
    /// On which pages the web chat may stand; where `open_to` says when none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_open_to: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Messaging::is_default")]
    pub messaging: Messaging,
    /// From the wish to be erased until the erasure.
    #[serde(skip_serializing_if = "is_default_erasure")]
    pub erasure_days: u16,
    /// From the wish that the whole business be deleted until its deletion.
    #[serde(skip_serializing_if = "is_default_deletion")]
    pub deletion_days: u16,
    /// How long what is kept of each kind.
    #[serde(skip_serializing_if = "Retention::is_default")]
    pub retention: Retention,
    /// What agents may do by themselves.
    #[serde(skip_serializing_if = "AgentPolicy::is_default")]
    pub agents: AgentPolicy,
    #[serde(skip_serializing_if = "Assistant::is_default")]
    pub assistant: Assistant,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            time_zone: TimeZoneName::default(),
            region: Region::default(),
            currency: Currency::default(),
            slots: Vec::new(),
            party_minutes: 120,
            zones: Vec::new(),
            hold_hours: 24,
            refund_policy: Vec::new(),
            senders: Senders::default(),
            webhook_alias: None,
            open_to: Vec::new(),
            chat_open_to: None,
            messaging: Messaging::default(),
            erasure_days: DEFAULT_ERASURE_DAYS,
            deletion_days: DEFAULT_DELETION_DAYS,
            retention: Retention::default(),
            agents: AgentPolicy::default(),
            assistant: Assistant::default(),
        }
    }
}

/// Older states do not speak of it.
fn is_default_erasure(days: &u16) -> bool {
    *days == DEFAULT_ERASURE_DAYS
}

fn is_default_deletion(days: &u16) -> bool {
    *days == DEFAULT_DELETION_DAYS
}

/// A service zone and the postcodes that lie in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneArea {
    pub zone: ServiceZone,
    /// Whole postcodes (`94110`) or beginnings of them (`941*`).
    pub postcodes: Vec<String>,
}

/// Cancelled at least so many hours before the start: so many percent come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRule {
    pub hours_before: u32,
    pub percent: u8,
}

/// Whom the tenant's messages come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Senders {
    pub email_name: Option<String>,
    pub email_from: Option<String>,
    pub email_reply_to: Option<String>,
    /// E.164.
    pub sms_from: Option<String>,
}

impl Settings {
    /// Refuses settings that cannot work together, everything at once, by JSON pointer.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut problems = Problems::default();
        if !(MIN_PARTY_MINUTES..=MAX_PARTY_MINUTES).contains(&self.party_minutes) {
            let message = format!("between {MIN_PARTY_MINUTES} and {MAX_PARTY_MINUTES} minutes");
            problems.add("/party_minutes", "party-length-out-of-range", message);
        }
        if self.slots.len() > MAX_SLOTS {
            problems.add(
                "/slots",
                "list-too-long",
                format!("at most {MAX_SLOTS} slots"),
            );
        }
        problems.check(
            "/slots",
            slots::check_no_overlap(&self.slots, self.party_minutes),
        );
        if !(1..=MAX_HOLD_HOURS).contains(&self.hold_hours) {
            let message = format!("between 1 and {MAX_HOLD_HOURS} hours");
            problems.add("/hold_hours", "hold-out-of-range", message);
        }
        self.check_zones(&mut problems);
        self.check_refund_policy(&mut problems);
        self.check_senders(&mut problems);
        self.messaging.check(&mut problems);
        if self.erasure_days > MAX_ERASURE_DAYS {
            let message = format!("at most {MAX_ERASURE_DAYS} days");
            problems.add("/erasure_days", "days-out-of-range", message);
        }
        if !DELETION_DAYS.contains(&self.deletion_days) {
            let (least, most) = (DELETION_DAYS.start(), DELETION_DAYS.end());
            let message = format!("between {least} and {most} days");
            problems.add("/deletion_days", "days-out-of-range", message);
        }
        self.retention.check(&mut problems);
        self.agents.check(&mut problems);
        self.assistant.check(&mut problems);
        problems.finish()
    }

    /// The zone whose postcodes fit best: a whole postcode before a beginning, a longer beginning before a shorter.
    pub fn zone_of(&self, postcode: &str) -> Option<&ServiceZone> {
        postcodes::best_zone(&self.zones, [postcode])
    }

    /// The zone of a written address: of its last word that is a postcode of ours, since those stand at the end.
    pub fn zone_of_address(&self, address: &str) -> Option<&ServiceZone> {
        postcodes::zone_of_address(&self.zones, address)
    }

    pub fn has_zone(&self, zone: &ServiceZone) -> bool {
        self.zones.iter().any(|area| area.zone == *zone)
    }

    /// The slots that `date` really has, clock changes considered.
    pub fn slots_on(&self, date: Date) -> Vec<SlotTime> {
        slots::slots_on(&self.time_zone, &self.slots, self.party_minutes, date)
    }

    /// One slot of the tenant's on `date`, or why there is none (`slot-unknown`, `slot-does-not-exist`).
    pub fn slot_on(&self, date: Date, slot: Slot) -> Result<SlotTime, Refusal> {
        if !self.slots.contains(&slot) {
            let offered = self
                .slots
                .iter()
                .map(Slot::to_string)
                .collect::<Vec<_>>()
                .join(", ");
            return Err(Refusal::invalid(
                "slot-unknown",
                format!("{slot} is not one of the slots {offered}"),
            ));
        }
        self.slots_on(date)
            .into_iter()
            .find(|open| open.slot == slot)
            .ok_or_else(|| {
                let detail = format!(
                    "{date} has no {slot} in {}: the clocks change",
                    self.time_zone.as_str()
                );
                Refusal::invalid("slot-does-not-exist", detail)
            })
    }

    /// Percent of what was paid that comes back when a party that starts at `starts_at` is cancelled at `at`.
    pub fn refund_percent(&self, starts_at: OffsetDateTime, at: OffsetDateTime) -> u8 {
        let notice = starts_at - at;
        let in_time = self
            .refund_policy
            .iter()
            .filter(|rule| notice >= Duration::hours(i64::from(rule.hours_before)));
        in_time.map(|rule| rule.percent).max().unwrap_or(0)
    }

    fn check_zones(&self, problems: &mut Problems) {
        if self.zones.len() > MAX_ZONES {
            problems.add(
                "/zones",
                "list-too-long",
                format!("at most {MAX_ZONES} zones"),
            );
        }
        for (index, area) in self.zones.iter().enumerate() {
            if self.zones[..index]
                .iter()
                .any(|earlier| earlier.zone == area.zone)
            {
                problems.add(
                    &format!("/zones/{index}/zone"),
                    "zone-twice",
                    "each zone stands in the list once",
                );
            }
            if area.postcodes.len() > MAX_POSTCODES {
                let message = format!("at most {MAX_POSTCODES} postcodes");
                problems.add(
                    &format!("/zones/{index}/postcodes"),
                    "list-too-long",
                    message,
                );
            }
            for (place, pattern) in area.postcodes.iter().enumerate() {
                if !postcodes::is_pattern(pattern) {
                    let message = "a postcode such as 94110, or a beginning such as 941*";
                    problems.add(
                        &format!("/zones/{index}/postcodes/{place}"),
                        "postcode-invalid",
                        message,
                    );
                }
            }
        }
    }

    fn check_refund_policy(&self, problems: &mut Problems) {
        if self.refund_policy.len() > MAX_REFUND_RULES {
            problems.add(
                "/refund_policy",
                "list-too-long",
                format!("at most {MAX_REFUND_RULES} rules"),
            );
        }
        for (index, rule) in self.refund_policy.iter().enumerate() {
            if rule.percent > 100 {
                problems.add(
                    &format!("/refund_policy/{index}/percent"),
                    "percent-out-of-range",
                    "between 0 and 100",
                );
            }
            if rule.hours_before > MAX_REFUND_HOURS {
                let message = format!("at most {MAX_REFUND_HOURS} hours");
                problems.add(
                    &format!("/refund_policy/{index}/hours_before"),
                    "hours-out-of-range",
                    message,
                );
            }
        }
    }

    fn check_senders(&self, problems: &mut Problems) {
        let addresses = [
            ("email_from", &self.senders.email_from),
            ("email_reply_to", &self.senders.email_reply_to),
        ];
        for (field, address) in addresses {
            if let Some(address) = address {
                problems.check(&format!("/senders/{field}"), EmailAddress::parse(address));
            }
        }
        if let Some(name) = &self.senders.email_name
            && (name.chars().count() > MAX_SENDER_NAME_CHARS || name.chars().any(char::is_control))
        {
            let message = format!("one line of at most {MAX_SENDER_NAME_CHARS} characters");
            problems.add("/senders/email_name", "name-invalid", message);
        }
        if let Some(phone) = &self.senders.sms_from {
            problems.check(
                "/senders/sms_from",
                crate::values::PhoneNumber::parse(phone, &self.region),
            );
        }
        if let Some(alias) = &self.webhook_alias
            && !is_alias(alias)
        {
            let message = format!("1 to {MAX_ALIAS_CHARS} lower-case letters, digits and dashes");
            problems.add("/webhook_alias", "alias-invalid", message);
        }
        let chat = self.chat_open_to.as_deref().unwrap_or_default();
        for (field, list) in [("open_to", self.open_to.as_slice()), ("chat_open_to", chat)] {
            if list.len() > MAX_OPENINGS {
                let message = format!("at most {MAX_OPENINGS} origins and networks");
                problems.add(&format!("/{field}"), "list-too-long", message);
            }
            for (index, opening) in list.iter().enumerate() {
                problems.check(&format!("/{field}/{index}"), openings::check(opening));
            }
        }
    }

    /// On which pages the web chat may stand; nowhere when empty.
    pub fn chat_openings(&self) -> &[String] {
        self.chat_open_to.as_deref().unwrap_or(&self.open_to)
    }
}

/// Lower-case letters, digits and inner dashes: what may stand in a path.
pub fn is_alias(text: &str) -> bool {
    (1..=MAX_ALIAS_CHARS).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests;
