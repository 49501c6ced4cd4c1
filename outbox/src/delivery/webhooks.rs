//! Delivers a webhook: folds the endpoint for its address and secrets, renders the event, signs it anew for each attempt,
//! and writes down what came of it. An endpoint that is gone, or has failed for days, is disabled.

use cqrs_es::Aggregate;
use domain::ids::{TenantId, WebhookEndpointId};
use domain::webhook_endpoints::bodies::{self, CONTENT_TYPE, Told};
use domain::webhook_endpoints::messages::{News, webhook_id};
use domain::webhook_endpoints::{
    DisabledReason, EndpointStanding, WebhookEndpoint, secret_purpose,
};
use event_store::error::Error;
use event_store::recorded::Recorded;
use integrations::outcome::{Failure, FailureKind};
use integrations::secret::Secret;
use integrations::webhooks_out::{Sent, Webhook};
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::{Delivery, fold};
use crate::Result;
use crate::deliver::{Delivered, Undelivered};
use crate::work::Job;

/// An endpoint is disabled when nothing but failures has come of its attempts for so long, and of so many.
const LONGEST_FAILING: Duration = Duration::days(5);
const FEWEST_FAILURES: i64 = 5;

const FIND_EVENT: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events
    where tenant_id = $1 and aggregate_type = $2 and aggregate_id = $3 and sequence = $4";

const LOG_DELIVERY: &str = "
    insert into webhook_deliveries (tenant_id, endpoint_id, message_id, webhook_id, event_type, subject, attempt, status,
        latency_ms, failure_kind, detail)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Answers since when it fails, and how often it has.
const NOTE_FAILURE: &str = "
    insert into webhook_failures as f (tenant_id, endpoint_id) values ($1, $2)
    on conflict (tenant_id, endpoint_id) do update set attempts = f.attempts + 1
    returning since, attempts";

const NOTE_SUCCESS: &str = "delete from webhook_failures where tenant_id = $1 and endpoint_id = $2";

/// What is told, rendered.
struct Rendered {
    webhook_id: String,
    event_type: String,
    subject: String,
    body: String,
}

impl Delivery {
    pub(super) async fn send_webhook(
        &self,
        job: &Job,
        endpoint_id: &WebhookEndpointId,
        news: &News,
    ) -> std::result::Result<Delivered, Undelivered> {
        let id = endpoint_id.as_str();
        let streams = self
            .read(&job.tenant_id, &[(WebhookEndpoint::TYPE, id)])
            .await?;
        let endpoint: WebhookEndpoint = fold(&streams, id)?;
        match (endpoint.standing, news) {
            (EndpointStanding::Enabled, _) | (EndpointStanding::Disabled, News::Ping) => {}
            (EndpointStanding::Disabled, _) => {
                return Ok(Delivered::Withheld("the endpoint is disabled"));
            }
            (EndpointStanding::Deleted | EndpointStanding::Unknown, _) => {
                return Ok(Delivered::Withheld("the endpoint was deleted"));
            }
        }
        let rendered = self.render(job, (id, &endpoint), news).await?;
        if let Some(refusal) = self.shake_hands(job, (id, &endpoint)).await? {
            self.log(job, id, &rendered, &refusal).await?;
            self.note(job, id, &refusal).await?;
            return match refusal.outcome {
                Ok(()) => Ok(Delivered::Withheld("the endpoint did not allow it")),
                Err(failure) => Err(failure.into()),
            };
        }
        let now = OffsetDateTime::now_utc();
        let secrets = self
            .open_secrets(&job.tenant_id, (id, &endpoint), now)
            .await?;
        let exposed: Vec<&str> = secrets.iter().map(Secret::expose).collect();
        let sent = self
            .webhooks
            .send(Webhook {
                url: &endpoint.url,
                id: &rendered.webhook_id,
                timestamp_unix: now.unix_timestamp(),
                content_type: CONTENT_TYPE,
                body: &rendered.body,
                secrets: &exposed,
            })
            .await;
        self.log(job, id, &rendered, &sent).await?;
        self.note(job, id, &sent).await?;
        match sent.outcome {
            Ok(()) => Ok(Delivered::Done),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn render(
        &self,
        job: &Job,
        (endpoint_id, endpoint): (&str, &WebhookEndpoint),
        news: &News,
    ) -> std::result::Result<Rendered, Undelivered> {
        let tenant_id = job.tenant_id.as_str();
        let (aggregate_type, aggregate_id, sequence) = match news {
            News::Ping => {
                let time = format(job.first_sent_at)?;
                return Ok(Rendered {
                    event_type: "WebhookEndpointPinged".to_owned(),
                    subject: format!("{}/{endpoint_id}", WebhookEndpoint::TYPE),
                    body: bodies::of_ping(tenant_id, endpoint_id, &job.message_id, &time),
                    webhook_id: job.message_id.clone(),
                });
            }
            News::Event {
                aggregate_type,
                aggregate_id,
                sequence,
            } => (aggregate_type.as_str(), aggregate_id.as_str(), *sequence),
        };
        let place = (aggregate_type, aggregate_id, sequence);
        let event = self
            .find_event(&job.tenant_id, place)
            .await?
            .ok_or_else(|| Failure::new(FailureKind::Refused, "there is no such event"))?;
        let payload = serde_json::from_str(&event.payload.0).map_err(Error::from)?;
        let told = Told {
            tenant_id,
            aggregate_type,
            aggregate_id,
            sequence,
            event_type: &event.event_type,
            event_version: &event.event_version,
            occurred_at: &format(event.occurred_at)?,
            correlation_id: &event.correlation_id,
            causation_id: &event.causation_id,
        };
        Ok(Rendered {
            webhook_id: webhook_id(tenant_id, endpoint_id, place),
            body: bodies::of_event(&told, &payload, endpoint.payload),
            subject: format!("{aggregate_type}/{aggregate_id}"),
            event_type: event.event_type,
        })
    }

    async fn find_event(
        &self,
        tenant_id: &TenantId,
        (aggregate_type, aggregate_id, sequence): (&str, &str, i64),
    ) -> Result<Option<Recorded>> {
        let client = self.dispatcher.store.pools.engine.get().await?;
        let statement = client.prepare_cached(FIND_EVENT).await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] = [
            &tenant_id.as_str(),
            &aggregate_type,
            &aggregate_id,
            &sequence,
        ];
        let row = client.query_opt(&statement, &parameters).await?;
        Ok(row.as_ref().map(Recorded::from_row))
    }

    async fn open_secrets(
        &self,
        tenant_id: &TenantId,
        (endpoint_id, endpoint): (&str, &WebhookEndpoint),
        now: OffsetDateTime,
    ) -> Result<Vec<Secret>> {
        let keys = self.dispatcher.store.keys(tenant_id).await?;
        let purpose = secret_purpose(endpoint_id);
        let sealed = endpoint.secrets(now).into_iter();
        let opened = sealed.filter_map(|sealed| keys.open_secret(&purpose, sealed));
        Ok(opened.map(|plain| Secret::new(plain.as_str())).collect())
    }

    async fn log(
        &self,
        job: &Job,
        endpoint_id: &str,
        rendered: &Rendered,
        sent: &Sent,
    ) -> Result<()> {
        let failure = sent.outcome.as_ref().err();
        let client = self.dispatcher.store.pools.engine.get().await?;
        let statement = client.prepare_cached(LOG_DELIVERY).await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 11] = [
            &job.tenant_id.as_str(),
            &endpoint_id,
            &job.message_id,
            &rendered.webhook_id,
            &rendered.event_type,
            &rendered.subject,
            &job.attempt,
            &sent.status.map(i32::from),
            &i64::try_from(sent.latency.as_millis()).unwrap_or(i64::MAX),
            &failure.map(|failure| failure.kind.as_str()),
            &failure.map(|failure| failure.detail.as_str()),
        ];
        client.execute(&statement, &parameters).await?;
        Ok(())
    }

    /// Keeps how the endpoint has fared, and disables one that is gone or has failed for too long.
    async fn note(&self, job: &Job, endpoint_id: &str, sent: &Sent) -> Result<()> {
        let client = self.dispatcher.store.pools.engine.get().await?;
        let place: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
            [&job.tenant_id.as_str(), &endpoint_id];
        let Err(failure) = &sent.outcome else {
            let statement = client.prepare_cached(NOTE_SUCCESS).await?;
            client.execute(&statement, &place).await?;
            return Ok(());
        };
        if sent.is_gone() {
            drop(client);
            return self.disable(job, endpoint_id, DisabledReason::Gone).await;
        }
        if failure.kind == FailureKind::NotSent {
            return Ok(());
        }
        let statement = client.prepare_cached(NOTE_FAILURE).await?;
        let row = client.query_one(&statement, &place).await?;
        drop(client);
        let since: OffsetDateTime = row.try_get("since")?;
        let attempts: i64 = row.try_get("attempts")?;
        let is_long = job.leased_at - since >= LONGEST_FAILING;
        if is_long && attempts >= FEWEST_FAILURES {
            self.disable(job, endpoint_id, DisabledReason::Failing)
                .await?;
        }
        Ok(())
    }

    async fn disable(&self, job: &Job, endpoint_id: &str, reason: DisabledReason) -> Result<()> {
        let body = json!({ "endpoint_id": endpoint_id, "reason": reason });
        self.bring_back(job, "disable-failing-webhook-endpoint", body)
            .await?;
        tracing::warn!(tenant_id = %job.tenant_id, endpoint_id, ?reason, "a webhook endpoint was disabled");
        // What it is charged with ends here: once it is enabled again, it begins anew.
        let client = self.dispatcher.store.pools.engine.get().await?;
        client
            .execute(NOTE_SUCCESS, &[&job.tenant_id.as_str(), &endpoint_id])
            .await?;
        Ok(())
    }
}

fn format(at: OffsetDateTime) -> Result<String> {
    at.format(&Rfc3339)
        .map_err(|error| Error::internal(format!("a time cannot be written: {error}")))
}
