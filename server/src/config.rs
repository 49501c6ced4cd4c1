//! Every setting: a flag and an environment variable, with its default and its manual in one place.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use domain::webhook_endpoints::reach::Reach;
use integrations::addresses::Addresses;
use outbox::work;

use crate::connections::ClientLimits;
use crate::issuers::{IssuerAddress, Trust};
use crate::sharding::Split;
use crate::witnesses::Witness;

/// Settings of everything that touches the database.
#[derive(Args, Clone, Debug)]
pub struct DatabaseSettings {
    /// Where Rapport keeps its private PostgreSQL, its root key and demo.json.
    #[arg(
        long,
        env = "RAPPORT_DATA_DIR",
        default_value = ".rapport",
        global = true
    )]
    pub data_dir: PathBuf,
    /// A PostgreSQL (15 or newer) of your own, instead of the private one.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<String>,
    /// The file that holds the root key; made at first start. Without it nothing sealed can be opened: back it up apart
    /// from the database. [default: <data-dir>/root.key]
    #[arg(long, env = "RAPPORT_ROOT_KEY_FILE", global = true)]
    pub root_key_file: Option<PathBuf>,
}

impl DatabaseSettings {
    pub fn root_key_file(&self) -> PathBuf {
        self.root_key_file
            .clone()
            .unwrap_or_else(|| self.data_dir.join("root.key"))
    }
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// API, projectors and relay.
    All,
    /// The API alone.
    Api,
    /// Projectors, relay and inbox alone.
    Worker,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Pretty,
    Json,
}

/// Settings of `rapport serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeSettings {
    /// Where the API listens.
    #[arg(long, env = "RAPPORT_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// What this process does.
    #[arg(long, env = "RAPPORT_ROLE", value_enum, default_value = "all")]
    pub role: Role,
    /// Split projections into shards that are run side by side, as customers=4,bookings=2; the others are whole. What was
    /// started last holds for all workers. Stop binaries that know of no shards first.
    #[arg(
        long,
        env = "RAPPORT_SHARDS",
        value_delimiter = ',',
        value_name = "PROJECTION=NUMBER"
    )]
    pub shards: Vec<Split>,
    /// How browsers and providers reach this server, without a trailing slash. [default: http://<listen>]
    #[arg(long, env = "RAPPORT_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Where Stripe is; the sandbox when --demo is given. [default: https://api.stripe.com]
    #[arg(long, env = "RAPPORT_STRIPE_URL")]
    pub stripe_url: Option<String>,
    /// What stands in for every other provider, as <url>/<provider>; the sandbox when --demo is given. [default: none]
    #[arg(long, env = "RAPPORT_PROVIDERS_URL")]
    pub providers_url: Option<String>,
    /// Fill demo tenants, start the sandbox, point every provider at it, and write <data-dir>/demo.json.
    #[arg(long)]
    pub demo: bool,
    #[command(flatten)]
    pub sandbox: SandboxSettings,
    /// Let webhooks be sent to this machine too, over plain http if need be. For development: whoever may add a webhook
    /// endpoint can then call whatever listens here.
    #[arg(long, env = "RAPPORT_WEBHOOKS_TO_LOOPBACK")]
    pub webhooks_to_loopback: bool,
    /// Who issues access tokens instead of Rapport: an issuer's https address, as it stands in its tokens. Rapport's own
    /// endpoints for that answer 404 then. Its tokens name `tenant` (a slug) and an `email` that is verified.
    #[arg(long, env = "RAPPORT_OAUTH_ISSUER", value_name = "URL")]
    pub oauth_issuer: Option<IssuerAddress>,
    /// Where that issuer's keys are. [default: what its metadata says]
    #[arg(long, env = "RAPPORT_OAUTH_JWKS_URL", requires = "oauth_issuer")]
    pub oauth_jwks_url: Option<String>,
    /// What that issuer's tokens call this server, besides its address; several with commas.
    #[arg(
        long,
        env = "RAPPORT_OAUTH_AUDIENCE",
        value_delimiter = ',',
        requires = "oauth_issuer"
    )]
    pub oauth_audience: Vec<String>,
    /// How many connections one public address may have open.
    #[arg(
        long,
        env = "RAPPORT_CONNECTIONS_PER_ADDRESS",
        default_value_t = ClientLimits::default().per_address
    )]
    pub connections_per_address: usize,
    /// How many webhooks a minute are taken in for one tenant; 0 for no limit. Beyond it providers are told when to come again.
    #[arg(
        long,
        env = "RAPPORT_WEBHOOKS_PER_MINUTE",
        default_value_t = ClientLimits::default().webhooks_per_minute
    )]
    pub webhooks_per_minute: u32,
    /// Who keeps the audit log's signed checkpoints, where the owner of the database cannot write: file:<path>,
    /// https://<address> or mailto:<address>; several with commas. Without one only outsiders' changes can be shown.
    #[arg(
        long,
        env = "RAPPORT_AUDIT_WITNESS",
        value_delimiter = ',',
        value_name = "WITNESS"
    )]
    pub audit_witness: Vec<Witness>,
    /// The server that takes mail to witnesses, as smtps://user:password@host.
    #[arg(long, env = "RAPPORT_AUDIT_SMTP", hide_env_values = true)]
    pub audit_smtp: Option<String>,
    #[command(flatten)]
    pub relay: RelaySettings,
}

/// How messages to the outside are leased and sent.
#[derive(Args, Clone, Debug)]
pub struct RelaySettings {
    /// After so many seconds without a word from its worker a message goes to another. It is renewed three times within.
    #[arg(
        long,
        env = "RAPPORT_RELAY_LEASE_SECONDS",
        default_value_t = work::LEASE.as_secs(),
        value_parser = clap::value_parser!(u64).range(6..=3_600)
    )]
    pub relay_lease_seconds: u64,
    /// How many messages one process sends at once.
    #[arg(
        long,
        env = "RAPPORT_RELAY_IN_FLIGHT",
        default_value_t = work::MAX_IN_FLIGHT as u64,
        value_parser = clap::value_parser!(u64).range(1..=4_096)
    )]
    pub relay_in_flight: u64,
}

impl RelaySettings {
    pub fn settings(&self) -> work::Settings {
        work::Settings {
            lease: Duration::from_secs(self.relay_lease_seconds),
            max_in_flight: usize::try_from(self.relay_in_flight).unwrap_or(work::MAX_IN_FLIGHT),
        }
    }
}

/// Where the sandbox listens.
#[derive(Args, Clone, Debug)]
pub struct SandboxSettings {
    /// Where the sandbox answers for every provider, and shows its phones and its mailbox.
    #[arg(long, env = "RAPPORT_SANDBOX_LISTEN", default_value = "127.0.0.1:8090")]
    pub sandbox_listen: SocketAddr,
    /// Where the sandbox takes mail.
    #[arg(
        long,
        env = "RAPPORT_SANDBOX_SMTP_LISTEN",
        default_value = "127.0.0.1:8025"
    )]
    pub sandbox_smtp_listen: SocketAddr,
}

impl ServeSettings {
    pub fn public_url(&self) -> String {
        let url = self
            .public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", self.listen));
        url.trim_end_matches('/').to_owned()
    }

    /// Which addresses webhooks may be sent to.
    pub fn webhook_reach(&self) -> Reach {
        match self.webhooks_to_loopback {
            true => Reach::LoopbackToo,
            false => Reach::Public,
        }
    }

    /// Who issues access tokens instead of us.
    pub fn token_issuer(&self) -> Option<Trust> {
        Some(Trust {
            issuer: self.oauth_issuer.clone()?,
            jwks_url: self.oauth_jwks_url.clone(),
            audiences: self.oauth_audience.clone(),
        })
    }

    /// How much, and for how long, one client may take.
    pub fn client_limits(&self) -> ClientLimits {
        ClientLimits {
            per_address: self.connections_per_address,
            webhooks_per_minute: self.webhooks_per_minute,
            ..ClientLimits::default()
        }
    }

    pub fn stripe_url(&self) -> String {
        match &self.stripe_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if self.demo => format!("http://{}/stripe", self.sandbox.sandbox_listen),
            None => integrations::stripe::BASE_URL.to_owned(),
        }
    }

    pub fn addresses(&self) -> Addresses {
        match &self.providers_url {
            Some(url) => Addresses::stand_in(url),
            None if self.demo => {
                Addresses::stand_in(&format!("http://{}", self.sandbox.sandbox_listen))
            }
            None => Addresses::real(),
        }
    }
}
