//! How much one visitor, and one address, may do. Counted in this process alone: a limit against floods, not an account.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use domain::refusal::{Kind, Refusal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::principals::header_text;

/// Streams of visitors open at once in one process.
pub const MAX_STREAMS: usize = 2_000;
/// Streams that one visitor has open at once: one a tab.
pub const MAX_VISITOR_STREAMS: usize = 4;
/// How many visitors and addresses are counted at once.
const MAX_COUNTED: usize = 50_000;
/// The network of one IPv6 subscriber, in bits.
const IPV6_PREFIX_BITS: u32 = 64;

/// A rate: so many at once, then one in `every`.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    name: &'static str,
    pub burst: u32,
    every: Duration,
}

/// Messages of one visitor.
pub const MESSAGES: Rate = Rate {
    name: "messages",
    burst: 10,
    every: Duration::from_secs(3),
};
/// Sessions opened from one address.
pub const SESSIONS: Rate = Rate {
    name: "sessions",
    burst: 20,
    every: Duration::from_secs(3),
};
/// Calls of any kind from one address.
pub const CALLS: Rate = Rate {
    name: "calls",
    burst: 240,
    every: Duration::from_millis(200),
};

/// What has been used up. Each entry is the time at which it is whole again (the generic cell rate algorithm).
#[derive(Debug)]
pub struct Limits {
    used: Mutex<HashMap<(&'static str, String), Instant>>,
    streams: Arc<Semaphore>,
    by_visitor: Arc<Mutex<HashMap<String, usize>>>,
}

/// One open stream; its place is free again when this is dropped.
#[derive(Debug)]
pub struct StreamPlace {
    visitor: String,
    by_visitor: Arc<Mutex<HashMap<String, usize>>>,
    _place: OwnedSemaphorePermit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            used: Mutex::default(),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            by_visitor: Arc::default(),
        }
    }
}

impl Limits {
    /// Counts one more of `rate` for `who`, or refuses it with 429 `chat-rate-exceeded`.
    pub fn take(&self, rate: Rate, who: &str) -> Result<(), Refusal> {
        let now = Instant::now();
        let Ok(mut used) = self.used.lock() else {
            return Ok(());
        };
        if used.len() >= MAX_COUNTED {
            used.retain(|_, whole_at| *whole_at > now);
            // Rather count anew than turn visitors away.
            if used.len() >= MAX_COUNTED {
                used.clear();
            }
        }
        let whole_at = used.entry((rate.name, who.to_owned())).or_insert(now);
        let from = (*whole_at).max(now);
        if from + rate.every > now + rate.every * rate.burst {
            let detail = format!(
                "too many {}; at most {} at once; try again in a few seconds",
                rate.name, rate.burst
            );
            return Err(Refusal::new(Kind::TooMany, "chat-rate-exceeded", detail));
        }
        *whole_at = from + rate.every;
        Ok(())
    }

    /// A place for one more stream of this visitor.
    pub fn open_stream(&self, visitor: &str) -> Result<StreamPlace, Refusal> {
        let refuse = |detail: String| Refusal::new(Kind::TooMany, "streams-exhausted", detail);
        let Ok(place) = self.streams.clone().try_acquire_owned() else {
            let detail = format!("this server has {MAX_STREAMS} chats open; try again later");
            return Err(refuse(detail));
        };
        if let Ok(mut by_visitor) = self.by_visitor.lock() {
            let open = by_visitor.entry(visitor.to_owned()).or_default();
            if *open >= MAX_VISITOR_STREAMS {
                let detail = format!("this visitor has {MAX_VISITOR_STREAMS} streams open already");
                return Err(refuse(detail));
            }
            *open += 1;
        }
        Ok(StreamPlace {
            visitor: visitor.to_owned(),
            by_visitor: self.by_visitor.clone(),
            _place: place,
        })
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let Ok(mut by_visitor) = self.by_visitor.lock() else {
            return;
        };
        if let Some(open) = by_visitor.get_mut(&self.visitor) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                by_visitor.remove(&self.visitor);
            }
        }
    }
}

/// Where the call comes from, as far as it can be told: behind a proxy of one's own network, what that proxy says.
pub fn address_of(request: &HttpRequest) -> String {
    let Some(peer) = request.peer_addr().map(|peer| peer.ip().to_canonical()) else {
        return "unknown".to_owned();
    };
    let told = header_text(request, "x-forwarded-for")
        .filter(|_| is_near(peer))
        .and_then(|list| list.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    match told.unwrap_or(peer).to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let mask = u128::MAX << (u128::BITS - IPV6_PREFIX_BITS);
            Ipv6Addr::from_bits(address.to_bits() & mask).to_string()
        }
    }
}

/// Whether an address is of our own network.
pub fn is_near(peer: IpAddr) -> bool {
    match peer {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_no_more_of_the_same() {
        let limits = Limits::default();
        for _ in 0..MESSAGES.burst {
            assert_eq!(limits.take(MESSAGES, "ada"), Ok(()));
        }
        let refusal = limits.take(MESSAGES, "ada").unwrap_err();
        assert_eq!(refusal.code, "chat-rate-exceeded");
        assert_eq!(limits.take(MESSAGES, "bob"), Ok(()));
        assert_eq!(limits.take(SESSIONS, "ada"), Ok(()));
    }

    #[test]
    fn a_stream_gives_its_place_back() {
        let limits = Limits::default();
        let mut places: Vec<_> = (0..MAX_VISITOR_STREAMS)
            .map(|_| limits.open_stream("ada").unwrap())
            .collect();
        assert!(limits.open_stream("ada").is_err());
        assert!(limits.open_stream("bob").is_ok());
        places.pop();
        assert!(limits.open_stream("ada").is_ok());
    }
}
