//! What is known of a message before it is sent: its effect class, and the schedule of its target.

use domain::effects::{Call, EffectClass};

use crate::schedule::Schedule;
use crate::work::{MAX_IN_FLIGHT, Ordering};

/// Connections that one mail server is asked to bear.
const EMAILS_AT_ONCE: usize = 8;
/// Calls to one Stripe account at once: its test mode takes 25 in a second.
const STRIPE_CALLS_AT_ONCE: usize = 25;
/// Commands of our own that are dispatched at once for one tenant.
const TIMERS_AT_ONCE: usize = 32;

/// Runs of the assistant of one tenant: models answer for seconds, and others wait for the same relay.
const RUNS_AT_ONCE: usize = 16;

/// Imports of one tenant that run at once.
const IMPORTS_AT_ONCE: usize = 2;

/// Providers of one tenant that are tested at once.
const TESTS_AT_ONCE: usize = 4;

/// Connections that one endpoint of a tenant is asked to bear.
const WEBHOOKS_AT_ONCE: usize = 16;

/// How one message is treated.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub class: EffectClass,
    pub schedule: &'static Schedule,
}

impl Rules {
    pub fn of(call: &Call, target: &str) -> Self {
        Self {
            class: call.class(),
            schedule: Schedule::of(target),
        }
    }
}

/// What a target is, without which of its kind: each webhook endpoint is a target of its own.
pub fn kind(target: &str) -> &str {
    target.split_once(':').map_or(target, |(kind, _)| kind)
}

/// Deliveries to one destination of this target that may be under way in one process.
pub fn concurrency(target: &str) -> usize {
    match kind(target) {
        "email" => EMAILS_AT_ONCE,
        "stripe" => STRIPE_CALLS_AT_ONCE,
        "timer" => TIMERS_AT_ONCE,
        "assistant" => RUNS_AT_ONCE,
        "webhook" => WEBHOOKS_AT_ONCE,
        "import" => IMPORTS_AT_ONCE,
        "provider_test" => TESTS_AT_ONCE,
        // Half of all, so that one that hangs leaves as much to the others.
        _ => MAX_IN_FLIGHT / 2,
    }
}

/// How messages of this target follow each other.
pub fn ordering(target: &str) -> Ordering {
    match target {
        // A run of an import that has died is begun anew by a person, as another message.
        // Letters and messages do not build on one another, and a dead one must not silence a conversation.
        // A timer is decided by how things stand when it fires: one that has died steps aside until an operator sends it
        // again, and does not keep journeys from what happens to its record after it.
        "email" | "sms" | "whatsapp" | "web_chat" | "assistant" | "import" | "timer" => {
            Ordering::FifoPastDead
        }
        _ => Ordering::Fifo,
    }
}
