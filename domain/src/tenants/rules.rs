//! What a tenant may set, and when.

use std::collections::{BTreeMap, BTreeSet};

use super::canned;
use super::price_book::PriceBook;
use super::settings::{Settings, is_alias};
use super::{
    MAX_PROVIDER_SECRETS, MAX_PROVIDERS, Module, Standing, Tenant, TenantCommand, TenantEvent,
};
use crate::refusal::{Problems, Refusal};
use crate::sealed::Sealed;
use crate::values::{MAX_NAME_CHARS, bounded_text};

impl Tenant {
    /// The events that `command` leads to; none when all is as asked already.
    pub fn decide(&self, command: TenantCommand) -> Result<Vec<TenantEvent>, Refusal> {
        match command {
            TenantCommand::Create {
                slug,
                name,
                modules,
                settings,
            } => self.create(slug, name, modules, settings),
            TenantCommand::UpdateSettings { settings } => self.update_settings(settings),
            TenantCommand::SetPriceBook { price_book } => self.set_price_book(price_book),
            TenantCommand::ConfigureProvider {
                provider,
                settings,
                secrets,
            } => self.configure_provider(provider, settings, secrets),
            TenantCommand::RequestProviderTest {
                provider,
                test_id,
                to,
                person_id,
                requested_at,
            } => self.request_provider_test((provider, test_id), to, person_id, requested_at),
            TenantCommand::FinishProviderTest {
                provider,
                test_id,
                result,
            } => self.finish_provider_test(provider, test_id, result),
            TenantCommand::DefineCannedReply { name, text } => {
                self.require()?;
                canned::define(&self.canned_replies, name, &text)
            }
            TenantCommand::RemoveCannedReply { name } => {
                self.require()?;
                let known = self.canned_replies.get(&name);
                let stands = known.is_some_and(|reply| reply.text.is_some());
                Ok(match stands {
                    true => vec![TenantEvent::CannedReplyRemoved { name }],
                    false => Vec::new(),
                })
            }
            TenantCommand::Suspend => Ok(match self.require()?.standing {
                Standing::Active => vec![TenantEvent::TenantSuspended {}],
                Standing::Suspended => Vec::new(),
            }),
            TenantCommand::Resume => Ok(match self.require()?.standing {
                Standing::Active => Vec::new(),
                Standing::Suspended => {
                    self.require_to_stay()?;
                    vec![TenantEvent::TenantResumed {}]
                }
            }),
            TenantCommand::ScheduleDeletion {
                confirm,
                due_at,
                by,
            } => self.schedule_deletion(&confirm, due_at, by),
            TenantCommand::WithdrawDeletion { by } => self.withdraw_deletion(by),
        }
    }

    fn create(
        &self,
        slug: String,
        name: String,
        modules: BTreeSet<Module>,
        settings: Box<Settings>,
    ) -> Result<Vec<TenantEvent>, Refusal> {
        if !self.slug.is_empty() {
            return Err(Refusal::conflict(
                "tenant-exists",
                "the tenant exists already",
            ));
        }
        let mut problems = Problems::default();
        if !is_alias(&slug) {
            problems.add(
                "/slug",
                "slug-invalid",
                "1 to 64 lower-case letters, digits and dashes",
            );
        }
        let name = problems
            .check("/name", bounded_text(&name, MAX_NAME_CHARS))
            .unwrap_or_default();
        if modules.is_empty() {
            problems.add(
                "/modules",
                "module-missing",
                "a tenant has at least one module",
            );
        }
        if let Err(refusal) = settings.check() {
            for error in refusal.errors {
                problems.add(
                    &format!("/settings{}", error.pointer),
                    &error.code,
                    error.message,
                );
            }
        }
        problems.finish()?;
        Ok(vec![TenantEvent::TenantCreated {
            slug,
            name,
            modules,
            settings,
        }])
    }

    fn update_settings(&self, settings: Box<Settings>) -> Result<Vec<TenantEvent>, Refusal> {
        self.require()?;
        settings.check()?;
        // Amounts in the price book and in past bookings are in the currency they were set in.
        if settings.currency != self.settings.currency && self.price_book.is_some() {
            let detail = "the currency cannot change once the tenant has a price book";
            return Err(Refusal::conflict("tenant-currency-in-use", detail));
        }
        if *settings == self.settings {
            return Ok(Vec::new());
        }
        Ok(vec![TenantEvent::SettingsUpdated { settings }])
    }

    fn set_price_book(&self, price_book: PriceBook) -> Result<Vec<TenantEvent>, Refusal> {
        self.require()?;
        price_book.check()?;
        if self.price_book.as_ref() == Some(&price_book) {
            return Ok(Vec::new());
        }
        Ok(vec![TenantEvent::PriceBookSet { price_book }])
    }

    fn configure_provider(
        &self,
        provider: String,
        settings: serde_json::Map<String, serde_json::Value>,
        secrets: BTreeMap<String, Option<Sealed>>,
    ) -> Result<Vec<TenantEvent>, Refusal> {
        self.require()?;
        if !is_alias(&provider) {
            let detail = "a provider's name has 1 to 64 lower-case letters, digits and dashes";
            return Err(Refusal::field("/provider", "provider-invalid", detail));
        }
        let known = self.providers.get(&provider);
        if known.is_none() && self.providers.len() >= MAX_PROVIDERS {
            let detail = format!("a tenant has at most {MAX_PROVIDERS} providers");
            return Err(Refusal::conflict("provider-limit-reached", detail));
        }
        if secrets.len() > MAX_PROVIDER_SECRETS {
            let detail = format!("a provider has at most {MAX_PROVIDER_SECRETS} secrets");
            return Err(Refusal::field("/secrets", "list-too-long", detail));
        }
        let forgets_nothing = |known: &super::Provider| {
            secrets
                .iter()
                .all(|(name, secret)| secret.is_none() && !known.secrets.contains_key(name))
        };
        if known.is_some_and(|known| known.settings == settings && forgets_nothing(known)) {
            return Ok(Vec::new());
        }
        Ok(vec![TenantEvent::ProviderConfigured {
            provider,
            settings,
            secrets,
        }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use cqrs_es::Aggregate;
    use serde_json::json;

    fn given(events: &[TenantEvent]) -> Tenant {
        let mut tenant = Tenant::default();
        events.iter().cloned().for_each(|event| tenant.apply(event));
        tenant
    }

    fn created() -> TenantEvent {
        TenantEvent::TenantCreated {
            slug: "hibachi".to_owned(),
            name: "Hibachi at Home".to_owned(),
            modules: BTreeSet::from([Module::Catering]),
            settings: Box::default(),
        }
    }

    fn configure(settings: serde_json::Value, secrets: &[(&str, Option<&str>)]) -> TenantCommand {
        TenantCommand::ConfigureProvider {
            provider: "stripe".to_owned(),
            settings: settings.as_object().unwrap().clone(),
            secrets: secrets
                .iter()
                .map(|(name, secret)| {
                    (
                        (*name).to_owned(),
                        secret.map(|secret| Sealed::new(secret.to_owned())),
                    )
                })
                .collect(),
        }
    }

    #[test]
    fn a_tenant_is_created_once() {
        let create = || TenantCommand::Create {
            slug: "hibachi".to_owned(),
            name: "Hibachi at Home".to_owned(),
            modules: BTreeSet::from([Module::Catering]),
            settings: Box::default(),
        };
        assert_eq!(given(&[]).decide(create()).unwrap(), [created()]);
        assert_eq!(
            given(&[created()]).decide(create()).unwrap_err().code,
            "tenant-exists"
        );
    }

    #[test]
    fn everything_wrong_with_a_new_tenant_is_told_at_once() {
        let refusal = given(&[])
            .decide(TenantCommand::Create {
                slug: "No Slug".to_owned(),
                name: " ".to_owned(),
                modules: BTreeSet::new(),
                settings: Box::new(Settings {
                    hold_hours: 0,
                    ..Settings::default()
                }),
            })
            .unwrap_err();
        let pointers: Vec<_> = refusal
            .errors
            .iter()
            .map(|error| error.pointer.as_str())
            .collect();
        assert_eq!(
            pointers,
            ["/slug", "/name", "/modules", "/settings/hold_hours"]
        );
    }

    #[test]
    fn nothing_can_be_set_on_a_tenant_that_does_not_exist() {
        let set = TenantCommand::SetPriceBook {
            price_book: PriceBook::default(),
        };
        assert_eq!(given(&[]).decide(set).unwrap_err().code, "tenant-not-found");
    }

    #[test]
    fn setting_the_same_price_book_again_changes_nothing() {
        let price_book = PriceBook {
            adult_minor: 5_500,
            ..PriceBook::default()
        };
        let set = TenantEvent::PriceBookSet {
            price_book: price_book.clone(),
        };
        let tenant = given(&[created(), set]);
        assert_eq!(
            tenant
                .decide(TenantCommand::SetPriceBook { price_book })
                .unwrap(),
            []
        );
    }

    #[test]
    fn updating_settings_to_what_they_are_changes_nothing() {
        let update = TenantCommand::UpdateSettings {
            settings: Box::default(),
        };
        assert_eq!(given(&[created()]).decide(update).unwrap(), []);
    }

    #[test]
    fn the_currency_stays_once_there_are_prices() {
        let euros = Settings {
            currency: Currency::parse("EUR").unwrap(),
            ..Settings::default()
        };
        let update = || TenantCommand::UpdateSettings {
            settings: Box::new(euros.clone()),
        };
        assert_eq!(given(&[created()]).decide(update()).unwrap().len(), 1);
        let priced = given(&[
            created(),
            TenantEvent::PriceBookSet {
                price_book: PriceBook::default(),
            },
        ]);
        assert_eq!(
            priced.decide(update()).unwrap_err().code,
            "tenant-currency-in-use"
        );
    }

    #[test]
    fn a_secret_that_is_not_given_stays_and_null_forgets_one() {
        let mut tenant = given(&[created()]);
        let first = configure(
            json!({"mode": "test"}),
            &[("secret_key", Some("a")), ("webhook_secret", Some("b"))],
        );
        let second = configure(json!({"mode": "live"}), &[("webhook_secret", None)]);
        for command in [first, second] {
            tenant
                .decide(command)
                .unwrap()
                .into_iter()
                .for_each(|event| tenant.apply(event));
        }
        let stripe = &tenant.providers["stripe"];
        assert_eq!(stripe.secrets.keys().collect::<Vec<_>>(), ["secret_key"]);
        assert_eq!(stripe.settings["mode"], "live");
    }

    #[test]
    fn configuring_a_provider_as_it_is_changes_nothing() {
        let mut tenant = given(&[created()]);
        let command = || configure(json!({"mode": "test"}), &[]);
        tenant
            .decide(command())
            .unwrap()
            .into_iter()
            .for_each(|event| tenant.apply(event));
        assert_eq!(tenant.decide(command()).unwrap(), []);
    }

    #[test]
    fn nothing_can_be_priced_without_a_price_book() {
        assert_eq!(
            given(&[created()]).require_price_book().unwrap_err().code,
            "price-book-missing"
        );
    }
}
