//! How long a tenant keeps what it has of people without anybody asking: a rule for each class of data, in days. A hold
//! keeps a person's data whatever the rules say.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::refusal::Problems;

/// The longest term, ten years.
pub const MAX_DAYS: u16 = 3_650;
/// Less than a month is no time to answer in.
pub const MIN_PERSONAL_DAYS: u16 = 30;
/// Providers repeat their webhooks for days, and people for some weeks; what was handled is not kept for longer.
pub const MAX_TECHNICAL_DAYS: u16 = 90;
/// What happened to a message is looked at for some days by whoever runs the business.
pub const MIN_OUTBOX_DAYS: u16 = 7;
/// How long it stays on record who read what, unless the tenant says otherwise.
pub const DEFAULT_READS_DAYS: u16 = 730;

/// Days after which data of a class goes; what is not set is kept for the class's usual term, or for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Threads are erased so long after their newest message: 30 to 3,650 days; for ever unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u16>,
    /// Files that came with messages: 1 to 3,650 days; as long as their thread unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<u16>,
    /// Customers who never booked or paid and of whom nothing was heard for so long are erased, as by `erase-subject`: 30 to
    /// 3,650 days; never unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leads: Option<u16>,
    /// What agents asked for, once it is over: 1 to 3,650 days; for ever unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approvals: Option<u16>,
    /// The bodies of handled webhooks: 1 to 90 days, 90 unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_bodies: Option<u16>,
    /// The history of what was delivered: 7 to 90 days, 90 unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outbox_history: Option<u16>,
    /// Who read sensitive data: 30 to 3,650 days, 730 unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audited_reads: Option<u16>,
}

/// What a rule is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RetentionClass {
    Messages,
    Files,
    Leads,
    Approvals,
    WebhookBodies,
    OutboxHistory,
    AuditedReads,
}

impl RetentionClass {
    /// In the order in which they are purged.
    pub const ALL: &[Self] = &[
        Self::Messages,
        Self::Files,
        Self::Leads,
        Self::Approvals,
        Self::WebhookBodies,
        Self::OutboxHistory,
        Self::AuditedReads,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Files => "files",
            Self::Leads => "leads",
            Self::Approvals => "approvals",
            Self::WebhookBodies => "webhook_bodies",
            Self::OutboxHistory => "outbox_history",
            Self::AuditedReads => "audited_reads",
        }
    }

    /// The terms that may be set, in days.
    pub fn range(self) -> RangeInclusive<u16> {
        match self {
            Self::Messages | Self::Leads | Self::AuditedReads => MIN_PERSONAL_DAYS..=MAX_DAYS,
            Self::Files | Self::Approvals => 1..=MAX_DAYS,
            Self::WebhookBodies => 1..=MAX_TECHNICAL_DAYS,
            Self::OutboxHistory => MIN_OUTBOX_DAYS..=MAX_TECHNICAL_DAYS,
        }
    }

    /// The term where the tenant has set none; `None` is for ever.
    pub fn usual_days(self) -> Option<u16> {
        match self {
            Self::Messages | Self::Files | Self::Leads | Self::Approvals => None,
            Self::WebhookBodies | Self::OutboxHistory => Some(MAX_TECHNICAL_DAYS),
            Self::AuditedReads => Some(DEFAULT_READS_DAYS),
        }
    }
}

impl Retention {
    /// What the tenant has set.
    pub fn set_days(&self, class: RetentionClass) -> Option<u16> {
        match class {
            RetentionClass::Messages => self.messages,
            RetentionClass::Files => self.files,
            RetentionClass::Leads => self.leads,
            RetentionClass::Approvals => self.approvals,
            RetentionClass::WebhookBodies => self.webhook_bodies,
            RetentionClass::OutboxHistory => self.outbox_history,
            RetentionClass::AuditedReads => self.audited_reads,
        }
    }

    /// The term that holds; `None` is for ever.
    pub fn days(&self, class: RetentionClass) -> Option<u16> {
        self.set_days(class).or(class.usual_days())
    }

    /// Whether there is nothing to say, so that older settings read alike.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Notes every term that is too short or too long.
    pub fn check(&self, problems: &mut Problems) {
        for class in RetentionClass::ALL {
            let range = class.range();
            let fits = self
                .set_days(*class)
                .is_none_or(|days| range.contains(&days));
            if !fits {
                let message = format!("between {} and {} days", range.start(), range.end());
                let pointer = format!("/retention/{}", class.as_str());
                problems.add(&pointer, "days-out-of-range", message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_kept_for_its_usual_term() {
        let rules = Retention {
            messages: Some(400),
            webhook_bodies: Some(7),
            ..Retention::default()
        };
        let days = |class| rules.days(class);
        assert_eq!(days(RetentionClass::Messages), Some(400));
        assert_eq!(days(RetentionClass::WebhookBodies), Some(7));
        assert_eq!(days(RetentionClass::OutboxHistory), Some(90));
        assert_eq!(days(RetentionClass::Leads), None);
    }

    #[test]
    fn terms_out_of_range_are_told_all_at_once() {
        let rules = Retention {
            messages: Some(29),
            files: Some(1),
            outbox_history: Some(91),
            ..Retention::default()
        };
        let mut problems = Problems::default();
        rules.check(&mut problems);
        let refusal = problems.finish().unwrap_err();
        let pointers: Vec<&str> = refusal
            .errors
            .iter()
            .map(|error| error.pointer.as_str())
            .collect();
        assert_eq!(
            pointers,
            ["/retention/messages", "/retention/outbox_history"]
        );
    }

    #[test]
    fn every_usual_term_may_also_be_set() {
        for class in RetentionClass::ALL {
            let usual = class.usual_days();
            assert!(usual.is_none_or(|days| class.range().contains(&days)));
        }
    }
}
