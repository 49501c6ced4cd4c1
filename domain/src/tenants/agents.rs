//! What a tenant lets agents do by themselves: a verdict for each class of risk. People and programs are not asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::links;
use crate::refusal::Problems;

/// The largest sum that can be set free, in minor units.
pub const MAX_FREE_MINOR: i64 = 100_000_000;

/// The most records that can be set free: as many as one command for many may name.
pub const MAX_FREE_RECORDS: i64 = 1_000;

/// The most domains of links that can be named, and the longest name of one.
pub const MAX_LINK_DOMAINS: usize = 50;
pub const MAX_DOMAIN_CHARS: usize = 253;

/// The most people who have to agree.
pub const MAX_APPROVERS: u8 = 2;

/// What becomes of an agent's command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It goes ahead.
    Allow,
    /// A person must agree to exactly this call first.
    Approve,
    /// Not at all.
    Deny,
}

/// The verdicts, one for each class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentPolicy {
    pub write: Verdict,
    pub outward: Verdict,
    pub destructive: Verdict,
    pub money: Verdict,
    pub bulk: Verdict,
    pub key: Verdict,
    /// Sums up to this need no approval, in minor units of the tenant's currency; 0 for none.
    pub money_free_minor: i64,
    /// One command for so many records needs no approval as such; 0 for none.
    pub bulk_free_records: i64,
    /// Where links in messages of agents may lead, names below these included; with none, anywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub link_domains: Vec<String>,
    /// How many different people have to agree to what needs an approval.
    pub approvers: u8,
    pub limits: AgentLimits,
}

/// What each agent may do at most, counted in windows of UTC; without a number there is no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AgentLimits {
    /// Commands that are accepted, by the minute.
    #[schemars(range(min = 0))]
    pub calls_per_minute: Option<i64>,
    /// Commands that are accepted, by the hour.
    #[schemars(range(min = 0))]
    pub writes_per_hour: Option<i64>,
    /// Messages to customers, letters about bookings included.
    #[schemars(range(min = 0))]
    pub messages_per_day: Option<i64>,
    /// Records that one command changes.
    #[schemars(range(min = 0))]
    pub records_per_call: Option<i64>,
    /// Money given back, in minor units.
    #[schemars(range(min = 0))]
    pub refunds_minor_per_day: Option<i64>,
    /// Different customers dealt with.
    #[schemars(range(min = 0))]
    pub customers_per_day: Option<i64>,
}

impl Default for AgentPolicy {
    /// Agents book and answer; what takes away, spends, reaches many or touches secrets is for people to agree to.
    fn default() -> Self {
        Self {
            write: Verdict::Allow,
            outward: Verdict::Allow,
            destructive: Verdict::Approve,
            money: Verdict::Approve,
            bulk: Verdict::Approve,
            key: Verdict::Approve,
            money_free_minor: 0,
            bulk_free_records: 0,
            link_domains: Vec::new(),
            approvers: 1,
            limits: AgentLimits::default(),
        }
    }
}

impl AgentPolicy {
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a text leads to a place that is not among those named, as far as any are.
    pub fn leads_elsewhere(&self, text: &str) -> bool {
        let is_ours = |host: &str| {
            let mut domains = self.link_domains.iter();
            domains.any(|domain| {
                let below = host.strip_suffix(domain.as_str());
                below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
            })
        };
        !self.link_domains.is_empty() && links::hosts(text).any(|host| !is_ours(&host))
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        if !(1..=MAX_APPROVERS).contains(&self.approvers) {
            let message = format!("between 1 and {MAX_APPROVERS} people");
            problems.add("/agents/approvers", "number-out-of-range", message);
        }
        if !(0..=MAX_FREE_MINOR).contains(&self.money_free_minor) {
            let message = format!("between 0 and {MAX_FREE_MINOR} minor units");
            problems.add("/agents/money_free_minor", "amount-out-of-range", message);
        }
        if !(0..=MAX_FREE_RECORDS).contains(&self.bulk_free_records) {
            let message = format!("between 0 and {MAX_FREE_RECORDS} records");
            problems.add("/agents/bulk_free_records", "number-out-of-range", message);
        }
        if self.link_domains.len() > MAX_LINK_DOMAINS {
            let message = format!("at most {MAX_LINK_DOMAINS} domains");
            problems.add("/agents/link_domains", "list-too-long", message);
        }
        for (index, domain) in self.link_domains.iter().enumerate() {
            if domain.chars().count() > MAX_DOMAIN_CHARS || !links::is_host(domain) {
                let pointer = format!("/agents/link_domains/{index}");
                let message = "a domain in lower case such as pay.example.com, without https://";
                problems.add(&pointer, "domain-invalid", message);
            }
        }
    }
}
