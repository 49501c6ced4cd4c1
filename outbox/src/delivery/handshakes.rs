//! The handshake before webhooks: an endpoint that demands it is asked whether it wants to hear from us, and what it
//! answers is remembered for an hour. A rate that it names becomes its destination's.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::webhook_endpoints::{Handshake, WebhookEndpoint};
use integrations::webhooks_out::{Asked, Sent};

use super::Delivery;
use crate::Result;
use crate::destinations::RATES_PER_SECOND;
use crate::work::Job;

/// How long a permission holds before the endpoint is asked again.
const PERMIT_LIFE: Duration = Duration::from_secs(3_600);
/// Permissions kept at once; beyond it all are asked for anew.
const MAX_PERMITS: usize = 10_000;
/// How long a rate holds beyond the permission that it came with.
const RATE_MARGIN: Duration = Duration::from_secs(300);

/// Where an operator has set a lasting limit, that one stands.
const KEEP_RATE: &str = "
    insert into destinations as d (tenant_id, target, rate_per_second, limits_until)
    values ($1, $2, $3, clock_timestamp() + $4::float8 * interval '1 second')
    on conflict (tenant_id, target) do update
    set rate_per_second = excluded.rate_per_second, limits_until = excluded.limits_until
    where d.rate_per_second is null or d.limits_until is not null";

/// Endpoints that have allowed us, by tenant, endpoint and address.
#[derive(Default)]
pub(super) struct Permits(Mutex<HashMap<(String, String, String), Instant>>);

impl Permits {
    fn holds(&self, place: &(String, String, String)) -> bool {
        let mut permits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = permits.get(place).copied();
        let holds = until.is_some_and(|until| until > Instant::now());
        if !holds {
            permits.remove(place);
        }
        holds
    }

    fn keep(&self, place: (String, String, String)) {
        let mut permits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if permits.len() >= MAX_PERMITS {
            permits.clear();
        }
        permits.insert(place, Instant::now() + PERMIT_LIFE);
    }
}

impl Delivery {
    /// Asks the endpoint, where it is to be asked and was not lately; answers what stands in the way of sending.
    pub(super) async fn shake_hands(
        &self,
        job: &Job,
        (endpoint_id, endpoint): (&str, &WebhookEndpoint),
    ) -> Result<Option<Sent>> {
        if endpoint.handshake == Handshake::None {
            return Ok(None);
        }
        let tenant_id = job.tenant_id.as_str().to_owned();
        let place = (tenant_id, endpoint_id.to_owned(), endpoint.url.clone());
        if self.permits.holds(&place) {
            return Ok(None);
        }
        let origin = origin(&self.endpoints.public_url);
        let Asked {
            status,
            latency,
            outcome,
        } = self.webhooks.ask(&endpoint.url, origin).await;
        match outcome {
            Ok(rate) => {
                if let Some(per_minute) = rate {
                    self.keep_rate(job, per_minute).await?;
                }
                self.permits.keep(place);
                Ok(None)
            }
            Err(failure) => Ok(Some(Sent {
                status,
                latency,
                outcome: Err(failure),
            })),
        }
    }

    /// What the endpoint allows holds for all processes.
    async fn keep_rate(&self, job: &Job, per_minute: f64) -> Result<()> {
        let (slowest, quickest) = RATES_PER_SECOND.into_inner();
        let rate = (per_minute / 60.0).clamp(slowest, quickest);
        let seconds = (PERMIT_LIFE + RATE_MARGIN).as_secs_f64();
        let client = self.dispatcher.store.pools.engine.get().await?;
        let statement = client.prepare_cached(KEEP_RATE).await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&job.tenant_id.as_str(), &job.target, &rate, &seconds];
        client.execute(&statement, &parameters).await?;
        Ok(())
    }
}

/// Our own name, out of our public address.
fn origin(public_url: &str) -> &str {
    let rest = public_url
        .split_once("://")
        .map_or(public_url, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or(rest);
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn our_name_is_the_host_of_our_address() {
        for (url, name) in [
            ("https://crm.example.com", "crm.example.com"),
            ("http://127.0.0.1:8080/", "127.0.0.1"),
            ("http://[::1]:8080", "[::1]"),
        ] {
            assert_eq!(origin(url), name);
        }
    }
}
