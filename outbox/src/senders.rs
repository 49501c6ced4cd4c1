//! The senders that a tenant's configuration makes: for each thing to be done the provider that the tenant has chosen.
//! Kept as long as the configuration stays, for they hold connections and what they have signed in with.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use domain::ids::TenantId;
use domain::sealed::Sealed;
use domain::tenants::{Provider, Tenant};
use event_store::vault::TenantKeys;
use integrations::addresses::Addresses;
use integrations::catalogue::{self, Capability, Configured};
use integrations::http::HttpClient;
use integrations::outcome::{Failure, FailureKind};
use integrations::secret::Secret;
use integrations::senders::{Completer, MailSender, TextSender};
use serde_json::{Map, Value};

/// Senders of one kind kept at once; beyond it all are made anew, one by one.
const KEPT_LIMIT: usize = 500;

/// Makes and keeps senders.
pub struct Senders {
    http: HttpClient,
    addresses: Addresses,
    texts: Kept<TextSender>,
    mails: Kept<MailSender>,
    completers: Kept<Completer>,
}

/// Senders by the configuration that they were made of.
struct Kept<T>(Mutex<HashMap<String, Arc<T>>>);

/// A tenant, as far as senders are made of it.
#[derive(Clone, Copy)]
pub struct Configuration<'a> {
    pub tenant_id: &'a TenantId,
    pub tenant: &'a Tenant,
    pub keys: &'a TenantKeys,
}

impl Senders {
    pub fn new(http: HttpClient, addresses: Addresses) -> Self {
        Self {
            http,
            addresses,
            texts: Kept::default(),
            mails: Kept::default(),
            completers: Kept::default(),
        }
    }

    /// Who sends the tenant's texts, by SMS or over WhatsApp as `capability` says.
    ///
    /// # Errors
    /// `Auth`, when no provider is configured or its configuration lacks something.
    pub fn texts(
        &self,
        capability: Capability,
        of: Configuration<'_>,
    ) -> Result<Arc<TextSender>, Failure> {
        let make = |configured: &Configured<'_>| {
            TextSender::new(self.http.clone(), &self.addresses, configured)
        };
        self.texts.find_or_make(capability, of, make)
    }

    /// Who sends the tenant's e-mail.
    ///
    /// # Errors
    /// As [`Senders::texts`].
    pub fn mails(&self, of: Configuration<'_>) -> Result<Arc<MailSender>, Failure> {
        let make = |configured: &Configured<'_>| {
            MailSender::new(self.http.clone(), &self.addresses, configured)
        };
        self.mails.find_or_make(Capability::SendEmail, of, make)
    }

    /// Who answers for the tenant.
    ///
    /// # Errors
    /// As [`Senders::texts`].
    pub fn completions(&self, of: Configuration<'_>) -> Result<Arc<Completer>, Failure> {
        let make = |configured: &Configured<'_>| {
            Completer::new(self.http.clone(), &self.addresses, configured)
        };
        self.completers.find_or_make(Capability::Complete, of, make)
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Kept<T> {
    fn find_or_make(
        &self,
        capability: Capability,
        of: Configuration<'_>,
        make: impl FnOnce(&Configured<'_>) -> Result<T, Failure>,
    ) -> Result<Arc<T>, Failure> {
        let settings_of = |name: &str| Some(&of.tenant.providers.get(name)?.settings);
        let (entry, provider) = catalogue::choose(capability, settings_of)
            .and_then(|entry| Some((entry, of.tenant.providers.get(entry.name)?)))
            .ok_or_else(|| none_configured(capability))?;
        let settings = settings_of_sender(provider, of.tenant);
        let key = key(of.tenant_id, entry.name, &settings, provider);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(&key) {
            return Ok(known.clone());
        }
        let made = Arc::new(make(&Configured {
            entry,
            settings: &settings,
            secrets: secrets_of(entry.name, provider, of.keys),
        })?);
        if kept.len() >= KEPT_LIMIT {
            kept.clear();
        }
        kept.insert(key, made.clone());
        Ok(made)
    }
}

/// The provider's secrets, opened.
pub fn secrets_of(name: &str, provider: &Provider, keys: &TenantKeys) -> BTreeMap<String, Secret> {
    let open = |(secret, sealed): (&String, &Sealed)| {
        let purpose = commands::tenants::secret_purpose(name, secret);
        let plain = keys.open_secret(&purpose, sealed)?;
        Some((secret.clone(), Secret::new(plain.as_str())))
    };
    provider.secrets.iter().filter_map(open).collect()
}

/// The provider's settings; where they name no number to send from, the tenant's own does.
pub(crate) fn settings_of_sender(provider: &Provider, tenant: &Tenant) -> Map<String, Value> {
    let mut settings = provider.settings.clone();
    if let Some(number) = &tenant.settings.senders.sms_from {
        settings
            .entry("from")
            .or_insert_with(|| number.as_str().into());
    }
    settings
}

/// A changed configuration, a new secret included, makes a new sender.
fn key(
    tenant_id: &TenantId,
    name: &str,
    settings: &Map<String, Value>,
    provider: &Provider,
) -> String {
    let mut key = format!("{tenant_id}|{name}");
    for (name, value) in settings {
        key.push_str(&format!("|{name}={value}"));
    }
    for (name, sealed) in &provider.secrets {
        key.push_str(&format!("|{name}:{}", sealed.as_str()));
    }
    key
}

/// Waiting helps here: an operator configures a provider, and the message goes out.
fn none_configured(capability: Capability) -> Failure {
    let can: Vec<&str> = catalogue::PROVIDERS
        .iter()
        .filter(|entry| entry.capabilities.contains(&capability))
        .map(|entry| entry.name)
        .collect();
    let detail = format!(
        "the tenant has not configured {}; send configure-provider",
        can.join(" or ")
    );
    Failure::new(FailureKind::Auth, detail)
}
