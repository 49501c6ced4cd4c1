//! How often somebody may try to come in: by address, and by address and account. Counted in this process alone, by the
//! generic cell rate algorithm.

use std::num::NonZeroU32;

use actix_web::HttpRequest;
use domain::refusal::{Kind, Refusal};
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use sha2::{Digest, Sha256};

use crate::http::chat::limits::address_of;

/// Tries for one account from one address, in a minute.
pub const ACCOUNT_PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Tries from one address, in a minute.
pub const ADDRESS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Requests for tokens of one client from one address, in a minute.
pub const TOKENS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(120).unwrap();
/// How many are counted at once before those are forgotten who have waited long enough.
const MAX_COUNTED: usize = 20_000;

type Key = [u8; 32];
type Limiter = RateLimiter<Key, HashMapStateStore<Key>, DefaultClock>;

/// What has been used up; one a process.
pub struct Tries {
    accounts: Limiter,
    addresses: Limiter,
    tokens: Limiter,
}

impl Default for Tries {
    fn default() -> Self {
        Self {
            accounts: RateLimiter::hashmap(Quota::per_minute(ACCOUNT_PER_MINUTE)),
            addresses: RateLimiter::hashmap(Quota::per_minute(ADDRESS_PER_MINUTE)),
            tokens: RateLimiter::hashmap(Quota::per_minute(TOKENS_PER_MINUTE)),
        }
    }
}

impl Tries {
    /// Counts one try, or refuses it with 429 `auth-rate-exceeded`. The account is an address as it was typed, or a link.
    pub fn take(&self, request: &HttpRequest, account: &str) -> Result<(), Refusal> {
        let address = address_of(request);
        take(&self.addresses, key(&address, ""))?;
        take(
            &self.accounts,
            key(&address, &account.trim().to_lowercase()),
        )
    }

    /// Counts one request for a token, or to end one, of one client from one address; refused as `take`.
    pub fn take_token(&self, request: &HttpRequest, client_id: &str) -> Result<(), Refusal> {
        take(&self.tokens, key(&address_of(request), client_id))
    }
}

fn take(limiter: &Limiter, key: Key) -> Result<(), Refusal> {
    if limiter.len() > MAX_COUNTED {
        limiter.retain_recent();
    }
    let Err(early) = limiter.check_key(&key) else {
        return Ok(());
    };
    let wait = early.wait_time_from(DefaultClock::default().now());
    let seconds = wait.as_secs() + 1;
    let detail = format!("too many tries; the next is good in {seconds} seconds");
    let mut refusal = Refusal::new(Kind::TooMany, "auth-rate-exceeded", detail);
    refusal.retry_after_seconds = Some(seconds);
    Err(refusal)
}

/// Addresses and e-mails are kept as hashes, and no longer than they count.
fn key(address: &str, account: &str) -> Key {
    Sha256::new()
        .chain_update(address)
        .chain_update([0])
        .chain_update(account)
        .finalize()
        .into()
}
