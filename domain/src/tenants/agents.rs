//! What a tenant lets agents do by themselves: a verdict for each class of risk. People and programs are not asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::refusal::Problems;

/// The largest sum that can be set free, in minor units.
pub const MAX_FREE_MINOR: i64 = 100_000_000;

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
            approvers: 1,
            limits: AgentLimits::default(),
        }
    }
}

impl AgentPolicy {
    pub fn is_default(&self) -> bool {
        *self == Self::default()
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
    }
}
