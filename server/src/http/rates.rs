//! How much one principal may ask in a minute: reads, writes and what reaches people apart, and for each tenant the webhooks
//! that come in, by the generic cell rate algorithm. Counted in this process alone; a key may have a limit of its own, or none.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::Method;
use commands::dispatch::{Request, Run};
use commands::registry::{self, Risk};
use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use identity::principals::Principal;
use identity::rates::Rate;
use sha2::{Digest, Sha256};

/// What a principal may read and write in a minute unless its key says otherwise.
const READS_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(5_999);
const WRITES_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(2_999);
/// Of the writes, those that reach a person outside.
const OUTWARD_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(599);
/// Webhooks that come in for a tenant, unless the setting says otherwise.
pub const WEBHOOKS_PER_MINUTE: u32 = 12_000;
/// Different limits counted at once; keys with others start anew.
const MAX_QUOTAS: usize = 256;
/// How many are counted at once by one limit before those are forgotten who have waited long enough.
const MAX_COUNTED: usize = 20_000;

/// A hash of who is counted.
pub type Who = [u8; 32];
type Limiter = RateLimiter<Who, HashMapStateStore<Who>, DefaultClock>;

/// What is counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    Read,
    Write,
    /// A write that reaches a person outside; counted beside the write that it is.
    Outward,
    Webhook,
}

impl Class {
    /// By what a request may change.
    pub fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD | Method::OPTIONS => Self::Read,
            _ => Self::Write,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Outward => "outward command",
            Self::Webhook => "webhook",
        }
    }

    const fn usual(self) -> NonZeroU32 {
        match self {
            Self::Read => READS_PER_MINUTE,
            Self::Write => WRITES_PER_MINUTE,
            Self::Outward => OUTWARD_PER_MINUTE,
            Self::Webhook => NonZeroU32::MIN.saturating_add(WEBHOOKS_PER_MINUTE - 1),
        }
    }
}

/// What has been used up; one a process.
#[derive(Default)]
pub struct Rates {
    limiters: Mutex<HashMap<(Class, NonZeroU32), Arc<Limiter>>>,
}

impl Rates {
    /// Counts so many of a class for a principal, or refuses them with 429 `rate-exceeded`.
    pub fn take(&self, principal: &Principal, class: Class, count: u32) -> Result<(), Refusal> {
        let per_minute = match principal.rate {
            Rate::Unlimited => return Ok(()),
            Rate::Usual => class.usual(),
            Rate::PerMinute(per_minute) => per_minute,
        };
        let Some(count) = NonZeroU32::new(count) else {
            return Ok(());
        };
        let who = key(&[principal.tenant_id.as_str(), &principal.id]);
        self.count(who, (class, per_minute), count)
    }

    /// Counts a command that reaches a person outside, if it is one that is meant in earnest.
    pub fn take_command(&self, request: &Request) -> Result<(), Refusal> {
        let command = registry::find(&request.name);
        let is_outward = command.is_some_and(|command| command.risk == Risk::Outward);
        match is_outward && request.run != Run::Dry {
            true => self.take(&request.ctx.principal, Class::Outward, 1),
            false => Ok(()),
        }
    }

    /// Counts a webhook that is known to be a provider's; 0 is no limit. Refused as `take` does: the provider comes again.
    pub fn take_webhook(&self, tenant_id: &TenantId, per_minute: u32) -> Result<(), Refusal> {
        match NonZeroU32::new(per_minute) {
            Some(per_minute) => {
                let who = key(&[tenant_id.as_str()]);
                self.count(who, (Class::Webhook, per_minute), NonZeroU32::MIN)
            }
            None => Ok(()),
        }
    }

    fn count(
        &self,
        who: Who,
        (class, per_minute): (Class, NonZeroU32),
        count: NonZeroU32,
    ) -> Result<(), Refusal> {
        let limiter = self.limiter(class, per_minute);
        take(&limiter, who, count.min(per_minute)).map_err(|seconds| {
            metrics::counter!("rapport_rate_refusals_total", "class" => class.name()).increment(1);
            let detail = format!(
                "more than {per_minute} {}s in a minute; the next is good in {seconds} seconds",
                class.name()
            );
            let mut refusal = Refusal::new(Kind::TooMany, "rate-exceeded", detail);
            refusal.retry_after_seconds = Some(seconds);
            refusal
        })
    }

    fn limiter(&self, class: Class, per_minute: NonZeroU32) -> Arc<Limiter> {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        if limiters.len() >= MAX_QUOTAS && !limiters.contains_key(&(class, per_minute)) {
            limiters.clear();
        }
        let limiter = limiters.entry((class, per_minute));
        limiter
            .or_insert_with(|| Arc::new(Limiter::hashmap(Quota::per_minute(per_minute))))
            .clone()
    }
}

/// Counts, or answers after how many seconds so many would be good.
fn take(limiter: &Limiter, who: Who, count: NonZeroU32) -> Result<(), u64> {
    if limiter.len() > MAX_COUNTED {
        limiter.retain_recent();
    }
    match limiter.check_key_n(&who, count) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(early)) => {
            let wait = early.wait_time_from(DefaultClock::default().now());
            Err(wait
                .as_millis()
                .div_ceil(1_000)
                .try_into()
                .unwrap_or(u64::MAX)
                .max(1))
        }
        // More than a minute holds at all; the caller has cut it to that.
        Err(_) => Err(60),
    }
}

fn key(parts: &[&str]) -> Who {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
        digest.update([0]);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(tenant: &str, per_minute: u32) -> Principal {
        Principal {
            rate: Rate::of(Some(per_minute)),
            ..Principal::service(TenantId::new(tenant), "shop")
        }
    }

    #[test]
    fn each_principal_and_class_has_its_own_minute() {
        let rates = Rates::default();
        let (one, two) = (principal("t1", 5), principal("t2", 5));
        for _ in 0..5 {
            assert_eq!(rates.take(&one, Class::Write, 1), Ok(()));
        }
        let refusal = rates.take(&one, Class::Write, 1).unwrap_err();
        assert_eq!(refusal.code, "rate-exceeded");
        assert!((11..=12).contains(&refusal.retry_after_seconds.unwrap()));
        assert_eq!(rates.take(&one, Class::Read, 5), Ok(()));
        assert_eq!(rates.take(&two, Class::Write, 4), Ok(()));
        assert!(rates.take(&two, Class::Write, 2).is_err());
        let unlimited = principal("t1", 0);
        assert!((0..10_000).all(|_| rates.take(&unlimited, Class::Write, 1).is_ok()));
    }

    #[test]
    fn what_reaches_people_is_counted_beside_what_is_written() {
        let rates = Rates::default();
        let one = principal("t1", 5);
        assert_eq!(rates.take(&one, Class::Write, 5), Ok(()));
        assert_eq!(rates.take(&one, Class::Outward, 5), Ok(()));
        let refusal = rates.take(&one, Class::Outward, 1).unwrap_err();
        assert!(refusal.detail.contains("outward command"), "{refusal:?}");
    }

    #[test]
    fn webhooks_of_one_tenant_do_not_use_up_those_of_another() {
        let rates = Rates::default();
        let (one, two) = (TenantId::new("t1"), TenantId::new("t2"));
        assert!((0..3).all(|_| rates.take_webhook(&one, 3).is_ok()));
        let refusal = rates.take_webhook(&one, 3).unwrap_err();
        assert!((19..=20).contains(&refusal.retry_after_seconds.unwrap()));
        assert!((0..3).all(|_| rates.take_webhook(&two, 3).is_ok()));
        assert!((0..100_000).all(|_| rates.take_webhook(&one, 0).is_ok()));
    }
}
