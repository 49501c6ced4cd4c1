//! What a relay holds: leased messages, and how long leases last. Every write-back names the lease that it was done under.

use std::time::{Duration, Instant};

use domain::ids::TenantId;
use time::OffsetDateTime;

use crate::queues::Destination;

/// The default of a lease: long enough that a renewal may fail twice, short enough that a crash is made good in a minute.
pub const LEASE: Duration = Duration::from_secs(60);
/// Renewals within one lease.
const RENEWALS: u32 = 3;
/// The share of a lease that is left when its holder must have let go of whatever it was doing.
const MARGINS: u32 = 12;
/// Deliveries under way at once in one process.
pub const MAX_IN_FLIGHT: usize = 128;

/// How a relay works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// After this time without a word from its holder a message goes to another worker. It is renewed three times within.
    pub lease: Duration,
    /// Deliveries under way at once.
    pub max_in_flight: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease: LEASE,
            max_in_flight: MAX_IN_FLIGHT,
        }
    }
}

impl Settings {
    /// How often leases are renewed.
    pub(crate) fn renew_every(&self) -> Duration {
        self.lease / RENEWALS
    }

    /// When whoever asked for a lease at `asked` must have let go, by this machine's monotonic clock: sooner than the
    /// database thinks, as that began to count later.
    pub(crate) fn deadline(&self, asked: Instant) -> Instant {
        asked + self.lease - self.lease / MARGINS
    }
}

/// One leased message.
#[derive(Clone, Debug)]
pub struct Job {
    pub work_id: i64,
    pub lease_no: i64,
    /// 1 for the first.
    pub attempt: i32,
    pub tenant_id: TenantId,
    pub message_id: String,
    pub name: String,
    pub target: String,
    /// Its tenant and target as one, which all of a claim share.
    pub destination: Destination,
    /// JSON text of the call.
    pub call: String,
    pub correlation_id: String,
    pub causation_id: String,
    /// By the database's clock.
    pub leased_at: OffsetDateTime,
    /// When it was leased for the first time, which is when a provider may have begun to remember its key.
    pub first_sent_at: OffsetDateTime,
    pub expires_at: Option<OffsetDateTime>,
    /// An earlier attempt may have had its effect.
    pub is_uncertain: bool,
    /// An earlier attempt wrote down that its first byte was about to leave, and never what came of it.
    pub was_intended: bool,
    /// Only the newest of its key is wanted, and there is a newer one.
    pub is_superseded: bool,
    /// Its destination has failed lately: successes are of interest too.
    pub is_troubled: bool,
    /// How long after it was due it was leased.
    pub late: Duration,
    /// How long its destination's rate has it wait before it leaves.
    pub wait: Duration,
}

/// How messages of one target with the same order key follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordering {
    /// One after the other; a dead one holds back those behind it until an operator has dealt with it.
    Fifo,
    /// One after the other, but past the dead: they do not build on one another.
    FifoPastDead,
    /// Only the newest counts; older ones that were not sent are dropped.
    Latest,
}

impl Ordering {
    /// As the claim knows it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Fifo => "fifo",
            Self::FifoPastDead => "fifo_past_dead",
            Self::Latest => "latest",
        }
    }
}
