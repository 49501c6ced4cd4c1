//! Subscriptions of webhooks that end when nobody renews them: RingCentral's. Asked for once a tenant has configured the
//! provider, renewed at half of their life, and asked for anew when the provider has dropped them.

use std::collections::BTreeMap;
use std::time::Duration;

use commands::dispatch::Dispatcher;
use domain::ids::TenantId;
use domain::tenants::{Provider, Tenant};
use event_store::error::Error;
use event_store::vault::TenantKeys;
use integrations::addresses::Addresses;
use integrations::catalogue::{self, Configured};
use integrations::http::HttpClient;
use integrations::outcome::{Failure, FailureKind};
use integrations::ringcentral::{RingCentral, SUBSCRIPTION_SECONDS, Subscription};
use integrations::secret::Secret;
use integrations::senders::TextSender;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::senders::settings_of_sender;

/// The only provider so far whose subscriptions end.
const PROVIDER: &str = "ringcentral";
const TOKEN: &str = "verification_token";
/// How often it is looked whether a subscription is due.
const INTERVAL: Duration = Duration::from_secs(5 * 60);
/// After this long another process may set about what one has set about and not brought to an end.
const PATIENCE_SECONDS: f64 = 4.0 * 60.0;
/// A subscription with less than half of its life left is due.
const HALF_LIFE_SECONDS: f64 = SUBSCRIPTION_SECONDS as f64 / 2.0;

const CLAIM: &str = "
    insert into webhook_subscriptions as s (tenant_id, provider) values ($1, $2)
    on conflict (tenant_id, provider) do update set looked_at = clock_timestamp()
    where s.looked_at < clock_timestamp() - $3::float8 * interval '1 second'
        and s.expires_at < clock_timestamp() + $4::float8 * interval '1 second'
    returning s.subscription_id";
const RECORD: &str = "
    update webhook_subscriptions set subscription_id = $3, expires_at = $4, detail = null
    where tenant_id = $1 and provider = $2";
const RECORD_FAILURE: &str = "
    update webhook_subscriptions set detail = $3 where tenant_id = $1 and provider = $2";

/// Keeps subscriptions alive.
pub struct Subscriptions {
    pub dispatcher: Dispatcher,
    pub http: HttpClient,
    pub addresses: Addresses,
    /// How providers reach us, without a trailing slash.
    pub public_url: String,
}

impl Subscriptions {
    pub async fn run(self, stop: CancellationToken) {
        while stop
            .run_until_cancelled(tokio::time::sleep(INTERVAL))
            .await
            .is_some()
        {
            if let Err(error) = self.round().await {
                tracing::warn!(%error, "subscriptions of webhooks could not be looked at");
            }
        }
    }

    /// Looks at every tenant once.
    pub async fn round(&self) -> Result<()> {
        let store = &self.dispatcher.store;
        for (tenant_id, slug) in store.directory.list().await? {
            let tenant = self.dispatcher.find_tenant(&tenant_id).await?;
            let wants = |provider: &&Provider| provider.secrets.contains_key(TOKEN);
            if tenant.providers.get(PROVIDER).filter(wants).is_none() {
                continue;
            }
            if let Some(known) = self.claim(&tenant_id).await? {
                let keys = store.keys(&tenant_id).await?;
                let renewed = self.renew(&slug, &tenant, &keys, known.as_deref()).await;
                self.record(&tenant_id, renewed).await?;
            }
        }
        Ok(())
    }

    /// The subscription, if it is due and nobody else is at it; within, its id once there was one.
    async fn claim(&self, tenant_id: &TenantId) -> Result<Option<Option<String>>> {
        let client = self.dispatcher.store.pools.engine.get().await?;
        let statement = client.prepare_cached(CLAIM).await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] = [
            &tenant_id.as_str(),
            &PROVIDER,
            &PATIENCE_SECONDS,
            &HALF_LIFE_SECONDS,
        ];
        let row = client.query_opt(&statement, &parameters).await?;
        Ok(row.map(|row| row.get("subscription_id")))
    }

    async fn renew(
        &self,
        slug: &str,
        tenant: &Tenant,
        keys: &TenantKeys,
        known: Option<&str>,
    ) -> std::result::Result<Subscription, Failure> {
        let (client, token) = self.client_of(tenant, keys)?;
        if let Some(id) = known {
            match client.renew(id).await {
                // It has ended, or was blacklisted: it takes a new one.
                Err(failure) if failure.kind == FailureKind::Refused => {}
                renewed => return renewed,
            }
        }
        let address = format!("{}/webhooks/{slug}/{PROVIDER}", self.public_url);
        client.subscribe(&address, &token).await
    }

    fn client_of(
        &self,
        tenant: &Tenant,
        keys: &TenantKeys,
    ) -> std::result::Result<(RingCentral, Secret), Failure> {
        let missing = || {
            Failure::new(
                FailureKind::Auth,
                "the tenant has not configured ringcentral",
            )
        };
        let provider = tenant.providers.get(PROVIDER).ok_or_else(missing)?;
        let entry = catalogue::find(PROVIDER).ok_or_else(missing)?;
        let secrets: BTreeMap<String, Secret> = provider
            .secrets
            .iter()
            .filter_map(|(name, sealed)| {
                let purpose = commands::tenants::secret_purpose(PROVIDER, name);
                let plain = keys.open_secret(&purpose, sealed)?;
                Some((name.clone(), Secret::new(plain.as_str())))
            })
            .collect();
        let settings = settings_of_sender(provider, tenant);
        let configured = Configured {
            entry,
            settings: &settings,
            secrets,
        };
        let token = configured.secret(TOKEN)?;
        match TextSender::new(self.http.clone(), &self.addresses, &configured)? {
            TextSender::RingCentral(client) => Ok((client, token)),
            _ => Err(missing()),
        }
    }

    async fn record(
        &self,
        tenant_id: &TenantId,
        renewed: std::result::Result<Subscription, Failure>,
    ) -> Result<()> {
        let client = self.dispatcher.store.pools.engine.get().await?;
        let tenant_id = tenant_id.as_str();
        let subscription = match renewed {
            Ok(subscription) => subscription,
            Err(failure) => {
                tracing::warn!(tenant = tenant_id, %failure, "a subscription of webhooks could not be renewed");
                let detail = failure.to_string();
                let statement = client.prepare_cached(RECORD_FAILURE).await?;
                client
                    .execute(&statement, &[&tenant_id, &PROVIDER, &detail])
                    .await?;
                return Ok(());
            }
        };
        let expires_at = OffsetDateTime::parse(&subscription.expiration_time, &Rfc3339)
            .map_err(|error| Error::Internal(Box::new(error)))?;
        let statement = client.prepare_cached(RECORD).await?;
        client
            .execute(
                &statement,
                &[&tenant_id, &PROVIDER, &subscription.id, &expires_at],
            )
            .await?;
        Ok(())
    }
}
