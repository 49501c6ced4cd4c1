//! Tenants: one aggregate for each business, holding its settings, price book and providers. Its id is the tenant's own.

pub mod agents;
pub mod assistant;
mod canned;
pub mod deletion;
mod links;
pub mod messaging;
pub mod openings;
mod postcodes;
pub mod price_book;
pub mod provider_tests;
pub mod retention;
mod rules;
pub mod settings;

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use self::deletion::Asker;
use self::price_book::PriceBook;
use self::provider_tests::{ProviderTest, TestResult};
use self::settings::Settings;
use crate::conversations::canned::CannedReply;
use crate::effects::Effect;
use crate::evolution;
use crate::noun::{ClaimChanges, Key, Noun};
use crate::refusal::Refusal;
use crate::sealed::Sealed;

/// The most providers, and the most secrets of one.
pub const MAX_PROVIDERS: usize = 32;
pub const MAX_PROVIDER_SECRETS: usize = 16;

/// The claim that a suspended tenant holds; the migrations and statements that look for it name it too.
pub const SUSPENDED_SCOPE: &str = "tenant-suspended";

/// A business and how it works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    /// Empty until the tenant is created.
    pub slug: String,
    pub name: String,
    pub modules: BTreeSet<Module>,
    pub settings: Settings,
    /// None until the first price book: nothing can be booked before.
    pub price_book: Option<PriceBook>,
    pub providers: BTreeMap<String, Provider>,
    /// By name.
    #[serde(default)]
    pub canned_replies: BTreeMap<String, CannedReply>,
    /// Nobody is let in and nothing is sent; what comes in is kept.
    #[serde(default, skip_serializing_if = "Standing::is_active")]
    pub standing: Standing,
    /// When all of it will be deleted, unless that is taken back before.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub deletion_due_at: Option<OffsetDateTime>,
    /// Who asked for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_asked_by: Option<Asker>,
}

/// Whether a tenant works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    #[default]
    Active,
    Suspended,
}

/// The businesses that the product knows.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Module {
    Catering,
    Agency,
    Wellness,
    Engagement,
    Hospital,
}

/// How the tenant reaches a provider; secrets are sealed under the tenant's ingest key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provider {
    pub settings: serde_json::Map<String, serde_json::Value>,
    pub secrets: BTreeMap<String, Sealed>,
    /// Of this configuration.
    #[serde(default)]
    pub last_test: Option<ProviderTest>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TenantCommand {
    Create {
        slug: String,
        name: String,
        modules: BTreeSet<Module>,
        settings: Box<Settings>,
    },
    /// The settings as they shall be, whole.
    UpdateSettings {
        settings: Box<Settings>,
    },
    SetPriceBook {
        price_book: PriceBook,
    },
    ConfigureProvider {
        provider: String,
        settings: serde_json::Map<String, serde_json::Value>,
        /// Only those that change; `None` forgets one.
        secrets: BTreeMap<String, Option<Sealed>>,
    },
    RequestProviderTest {
        provider: String,
        test_id: String,
        /// Where the test goes to, sealed under the tenant's key.
        to: Option<Sealed>,
        /// Who asks, where it goes to them.
        person_id: Option<String>,
        requested_at: OffsetDateTime,
    },
    FinishProviderTest {
        provider: String,
        test_id: String,
        result: TestResult,
    },
    DefineCannedReply {
        name: String,
        text: String,
    },
    RemoveCannedReply {
        name: String,
    },
    Suspend,
    Resume,
    ScheduleDeletion {
        /// The slug, typed once more.
        confirm: String,
        due_at: OffsetDateTime,
        by: Asker,
    },
    WithdrawDeletion {
        by: Asker,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TenantEvent {
    TenantCreated {
        slug: String,
        name: String,
        modules: BTreeSet<Module>,
        settings: Box<Settings>,
    },
    SettingsUpdated {
        settings: Box<Settings>,
    },
    PriceBookSet {
        price_book: PriceBook,
    },
    ProviderConfigured {
        provider: String,
        settings: serde_json::Map<String, serde_json::Value>,
        #[serde(default)]
        secrets: BTreeMap<String, Option<Sealed>>,
    },
    ProviderTestRequested {
        provider: String,
        test_id: String,
        /// Under the tenant's key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sealed_recipient: Option<Sealed>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person_id: Option<String>,
        #[serde(with = "time::serde::rfc3339")]
        requested_at: OffsetDateTime,
    },
    ProviderTested {
        provider: String,
        test_id: String,
        #[serde(flatten)]
        result: TestResult,
    },
    CannedReplyDefined {
        name: String,
        version: u32,
        text: String,
    },
    CannedReplyRemoved {
        name: String,
    },
    TenantSuspended {},
    TenantResumed {},
    TenantDeletionScheduled {
        #[serde(with = "time::serde::rfc3339")]
        due_at: OffsetDateTime,
        /// Not said by the first events of this kind.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Asker>,
    },
    TenantDeletionWithdrawn {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Asker>,
    },
}

impl DomainEvent for TenantEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::TenantCreated { .. } => "TenantCreated",
            Self::SettingsUpdated { .. } => "SettingsUpdated",
            Self::PriceBookSet { .. } => "PriceBookSet",
            Self::ProviderConfigured { .. } => "ProviderConfigured",
            Self::ProviderTestRequested { .. } => "ProviderTestRequested",
            Self::ProviderTested { .. } => "ProviderTested",
            Self::CannedReplyDefined { .. } => "CannedReplyDefined",
            Self::CannedReplyRemoved { .. } => "CannedReplyRemoved",
            Self::TenantSuspended {} => "TenantSuspended",
            Self::TenantResumed {} => "TenantResumed",
            Self::TenantDeletionScheduled { .. } => "TenantDeletionScheduled",
            Self::TenantDeletionWithdrawn { .. } => "TenantDeletionWithdrawn",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(Tenant::TYPE, &self.event_type())
    }
}

impl Standing {
    fn is_active(&self) -> bool {
        *self == Self::Active
    }
}

impl Tenant {
    /// Refuses a tenant that was never created.
    pub fn require(&self) -> Result<&Self, Refusal> {
        if self.slug.is_empty() {
            return Err(Refusal::not_found(
                "tenant-not-found",
                "there is no such tenant",
            ));
        }
        Ok(self)
    }

    /// The price book, which a tenant must have before anything can be priced.
    pub fn require_price_book(&self) -> Result<&PriceBook, Refusal> {
        self.require()?.price_book.as_ref().ok_or_else(|| {
            Refusal::conflict(
                "price-book-missing",
                "the tenant has no price book yet; send set-price-book first",
            )
        })
    }
}

impl Aggregate for Tenant {
    const TYPE: &'static str = "tenant";
    type Command = TenantCommand;
    type Event = TenantEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: TenantCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: TenantEvent) {
        match event {
            TenantEvent::TenantCreated {
                slug,
                name,
                modules,
                settings,
            } => {
                *self = Self {
                    slug,
                    name,
                    modules,
                    settings: *settings,
                    ..Self::default()
                };
            }
            TenantEvent::SettingsUpdated { settings } => self.settings = *settings,
            TenantEvent::PriceBookSet { price_book } => self.price_book = Some(price_book),
            TenantEvent::ProviderConfigured {
                provider,
                settings,
                secrets,
            } => {
                let configured = self.providers.entry(provider).or_default();
                configured.settings = settings;
                configured.last_test = None;
                for (name, secret) in secrets {
                    match secret {
                        Some(secret) => configured.secrets.insert(name, secret),
                        None => configured.secrets.remove(&name),
                    };
                }
            }
            TenantEvent::ProviderTestRequested {
                provider,
                test_id,
                requested_at,
                ..
            } => {
                let result = None;
                let test = ProviderTest {
                    test_id,
                    requested_at,
                    result,
                };
                self.apply_test_requested(&provider, test);
            }
            TenantEvent::ProviderTested {
                provider,
                test_id,
                result,
            } => self.apply_tested(&provider, &test_id, result),
            TenantEvent::CannedReplyDefined {
                name,
                version,
                text,
            } => {
                let text = Some(text);
                self.canned_replies
                    .insert(name, CannedReply { version, text });
            }
            TenantEvent::CannedReplyRemoved { name } => {
                if let Some(reply) = self.canned_replies.get_mut(&name) {
                    reply.text = None;
                }
            }
            TenantEvent::TenantSuspended {} => self.standing = Standing::Suspended,
            TenantEvent::TenantResumed {} => self.standing = Standing::Active,
            TenantEvent::TenantDeletionScheduled { due_at, by } => self.set_end(Some(due_at), by),
            TenantEvent::TenantDeletionWithdrawn { .. } => self.set_end(None, None),
        }
    }
}

impl Noun for Tenant {
    fn claims(&self, _id: &str, event: &TenantEvent) -> ClaimChanges {
        match event {
            TenantEvent::TenantSuspended {} => {
                ClaimChanges::taking(vec![Key::new(SUSPENDED_SCOPE, SUSPENDED_SCOPE)])
            }
            TenantEvent::TenantResumed {} => ClaimChanges::releasing(SUSPENDED_SCOPE),
            TenantEvent::TenantDeletionScheduled { due_at, .. } => {
                let value = deletion::claim_value(*due_at);
                ClaimChanges::taking(vec![Key::new(deletion::SCOPE, value)])
            }
            TenantEvent::TenantDeletionWithdrawn { .. } => ClaimChanges::releasing(deletion::SCOPE),
            _ => ClaimChanges::default(),
        }
    }

    fn effects(&self, _id: &str, event: &TenantEvent) -> Vec<Effect> {
        let mut effects = provider_tests::effects(event);
        effects.extend(self.effect_of_end(event));
        effects
    }
}
