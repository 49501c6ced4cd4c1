//! Rate limits that tests order: so many calls of an account in a window, 429 with its wait beyond them, and the headers
//! that say what is left. They live in memory and end with the process.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::sandbox::control::refuse;
use crate::sandbox::providers::Provider;
use crate::sandbox::store::Shared;

/// Longest window.
const WINDOW_LIMIT_MS: u64 = 60 * 60 * 1_000;
/// Accounts whose windows are remembered; beyond it all begin anew.
const ACCOUNTS_LIMIT: usize = 10_000;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/sandbox/limits", web::get().to(show_limits))
        .route("/sandbox/limits", web::post().to(order_limit))
        .route("/sandbox/limits", web::delete().to(clear_limits));
}

/// The body of `POST /sandbox/limits`; an order replaces the provider's former one.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    provider: Provider,
    /// Of each account in each window.
    requests: u64,
    window_ms: u64,
    #[serde(skip_deserializing)]
    granted: u64,
    #[serde(skip_deserializing)]
    refused: u64,
}

#[derive(Debug, Default)]
pub(super) struct Limits {
    orders: BTreeMap<Provider, Limit>,
    windows: HashMap<(Provider, String), Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    begun: Instant,
    used: u64,
}

/// What is left of a window after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub requests: u64,
    /// None when this call was one too many.
    pub remaining: Option<u64>,
    pub reset: Duration,
}

impl Left {
    /// Whole seconds until the window ends, one at least.
    pub(super) fn reset_seconds(&self) -> u64 {
        self.reset.as_millis().div_ceil(1_000).max(1) as u64
    }
}

impl Limits {
    /// Counts a call; `None` where nothing was ordered.
    pub(super) fn count(
        &mut self,
        provider: Provider,
        account: &str,
        now: Instant,
    ) -> Option<Left> {
        let limit = self.orders.get_mut(&provider)?;
        let length = Duration::from_millis(limit.window_ms);
        if self.windows.len() > ACCOUNTS_LIMIT {
            self.windows.clear();
        }
        let window = self
            .windows
            .entry((provider, account.to_owned()))
            .or_insert(Window {
                begun: now,
                used: 0,
            });
        if now.duration_since(window.begun) >= length {
            *window = Window {
                begun: now,
                used: 0,
            };
        }
        let is_granted = window.used < limit.requests;
        if is_granted {
            window.used += 1;
            limit.granted += 1;
        } else {
            limit.refused += 1;
        }
        Some(Left {
            requests: limit.requests,
            remaining: is_granted.then(|| limit.requests - window.used),
            reset: length.saturating_sub(now.duration_since(window.begun)),
        })
    }
}

async fn show_limits(shared: web::Data<Shared>) -> HttpResponse {
    let orders: Vec<Limit> = shared.limits().orders.values().copied().collect();
    HttpResponse::Ok().json(json!({ "limits": orders }))
}

async fn order_limit(shared: web::Data<Shared>, limit: web::Json<Limit>) -> HttpResponse {
    let limit = limit.into_inner();
    if !(1..=WINDOW_LIMIT_MS).contains(&limit.window_ms) {
        return refuse(&format!("a window has 1 to {WINDOW_LIMIT_MS} ms"));
    }
    {
        let mut limits = shared.limits();
        limits.orders.insert(limit.provider, limit);
        limits
            .windows
            .retain(|(provider, _), _| *provider != limit.provider);
    }
    show_limits(shared).await
}

async fn clear_limits(shared: web::Data<Shared>) -> HttpResponse {
    *shared.limits() = Limits::default();
    HttpResponse::NoContent().finish()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Limit, Limits};
    use crate::sandbox::providers::Provider;

    #[test]
    fn each_account_has_a_window_of_its_own_that_begins_again() {
        let mut limits = Limits::default();
        let limit = Limit {
            provider: Provider::Twilio,
            requests: 2,
            window_ms: 1_000,
            granted: 0,
            refused: 0,
        };
        limits.orders.insert(Provider::Twilio, limit);
        let begun = Instant::now();
        let mut left = |account: &str, after_ms: u64| {
            let now = begun + Duration::from_millis(after_ms);
            limits
                .count(Provider::Twilio, account, now)
                .map(|left| left.remaining)
        };
        assert_eq!(left("a", 0), Some(Some(1)));
        assert_eq!(left("a", 10), Some(Some(0)));
        assert_eq!(left("a", 20), Some(None));
        assert_eq!(left("b", 20), Some(Some(1)));
        assert_eq!(left("a", 1_000), Some(Some(1)));
        assert_eq!(limits.count(Provider::Stripe, "a", begun), None);
        let orders = &limits.orders[&Provider::Twilio];
        assert_eq!((orders.granted, orders.refused), (4, 1));
    }
}
