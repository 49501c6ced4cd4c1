//! The tenants of a test: set up as the demo's, with keys for who acts in them, and everything pointed at the sandbox.

use base64::Engine;
use commands::dispatch::Dispatcher;
use domain::ids::TenantId;
use event_store::pg::{PoolSizes, Pools};
use event_store::store::Store;
use event_store::vault::Vault;
use identity::keys;
use identity::new_keys::NewKey;
use identity::principals::{Principal, PrincipalKind};
use identity::roles::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{ROOT_KEY, request};
use crate::client::Client;
use crate::given;
use crate::providers::Providers;

/// One tenant and who acts in it.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: String,
    /// Holds every right that a tenant can give.
    pub owner: Client,
    /// An AI agent.
    pub agent: Client,
    pub stripe_key: String,
    pub webhook_secret: String,
}

/// What is needed to let a tenant in.
pub(crate) struct Door<'a> {
    pub base_url: &'a str,
    pub store: &'a Store,
    pub dispatcher: &'a Dispatcher,
    pub providers: &'a Providers,
}

impl Door<'_> {
    pub async fn open_tenant(&self, slug: &str, name: &str) -> Tenant {
        let id = TenantId::from(Uuid::now_v7());
        let body = json!({ "slug": slug, "name": name, "modules": ["catering"], "settings": given::settings() });
        self.send(&id, "create-tenant", body).await;
        self.send(&id, "set-price-book", given::price_book()).await;
        let (stripe_key, webhook_secret) = (format!("sk_test_{slug}"), format!("whsec_{slug}"));
        let secrets = json!({ "secret_key": stripe_key, "webhook_secret": webhook_secret });
        self.send(
            &id,
            "configure-provider",
            json!({ "provider": "stripe", "secrets": secrets }),
        )
        .await;
        let mail = json!({ "host": "127.0.0.1", "port": self.providers.smtp_port, "tls": "none" });
        self.send(
            &id,
            "configure-provider",
            json!({ "provider": "smtp", "settings": mail }),
        )
        .await;
        let hook = format!("{}/webhooks/{slug}/stripe", self.base_url);
        self.providers
            .send_webhooks_to(&hook, &stripe_key, &webhook_secret)
            .await;
        let owner = client(
            self.store,
            self.base_url,
            &id,
            (PrincipalKind::Person, Role::Owner),
        )
        .await;
        let agent = client(
            self.store,
            self.base_url,
            &id,
            (PrincipalKind::Agent, Role::AiAgent),
        )
        .await;
        Tenant {
            id,
            slug: slug.to_owned(),
            owner,
            agent,
            stripe_key,
            webhook_secret,
        }
    }

    async fn send(&self, tenant_id: &TenantId, name: &str, body: Value) {
        let request = request(Principal::system(tenant_id.clone()), name, body);
        let answer = self.dispatcher.dispatch(&request).await;
        answer.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// A tenant made past HTTP in a database that a program of its own will serve; answers the key of its owner.
pub async fn alone_on(database_url: &str) -> String {
    let pools = Pools::new(database_url, PoolSizes::default()).expect("the URL is valid");
    let store = Store::new(pools, Vault::new(&ROOT_KEY));
    let id = TenantId::from(Uuid::now_v7());
    let body = json!({ "slug": "alone", "name": "Alone", "modules": ["catering"], "settings": given::settings() });
    let create = request(Principal::system(id.clone()), "create-tenant", body);
    let created = Dispatcher::new(store.clone()).dispatch(&create).await;
    created.expect("a tenant can be made");
    let holder = (PrincipalKind::Person, Role::Owner);
    let owner = client(&store, "", &id, holder).await;
    store.pools.close();
    owner.key
}

/// The root key of such a database, as its file has it.
pub fn root_key() -> String {
    base64::engine::general_purpose::STANDARD.encode(ROOT_KEY)
}

/// A holder of a new key, which may ask so much in a minute and no more.
pub async fn limited_client(app: &crate::app::TestApp, per_minute: u32) -> Client {
    let new = NewKey {
        kind: PrincipalKind::Service,
        label: "limited".to_owned(),
        role: Role::Owner,
        permissions: None,
        model: None,
        expires_at: None,
        address_ranges: Vec::new(),
        requests_per_minute: Some(per_minute),
        owner_id: None,
    };
    let made = keys::create(&app.store.pools.engine, &app.tenant.id, &new).await;
    let (_, plain) = made.expect("a key can be made");
    Client::new(&app.base_url, plain.expose())
}

/// A holder of a new key.
pub async fn client(
    store: &Store,
    base_url: &str,
    tenant_id: &TenantId,
    (kind, role): (PrincipalKind, Role),
) -> Client {
    let label = format!("{role} of a test");
    let new = NewKey {
        kind,
        label,
        role,
        permissions: None,
        model: None,
        expires_at: None,
        address_ranges: Vec::new(),
        requests_per_minute: Some(0),
        owner_id: None,
    };
    let (_, plain) = keys::create(&store.pools.engine, tenant_id, &new)
        .await
        .expect("a key can be made");
    Client::new(base_url, plain.expose())
}
