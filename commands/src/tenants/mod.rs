//! Commands about the tenant itself: create, settings, price book, providers, and its end.

mod deletion;
pub mod provider_tests;
mod providers;
mod settings;
mod standing;

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use domain::refusal::Problems;
use domain::tenants::price_book::PriceBook;
use domain::tenants::settings::Settings;
use domain::tenants::{Module, Tenant, TenantCommand};
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::provider_tests::{RecordProviderTest, TestProvider};
use self::providers::ConfigureProvider;
use self::settings::UpdateSettings;
use self::standing::{ResumeTenant, SuspendTenant};
use crate::Result;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Work};

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    let mut all = vec![
        command!(
            "create-tenant",
            create_tenant,
            CreateTenant,
            Permission::TenantsCreate,
            Risk::Write
        ),
        command!(
            "update-settings",
            settings::update_settings,
            UpdateSettings,
            Permission::TenantsConfigure,
            Risk::Write
        ),
        command!(
            "set-price-book",
            set_price_book,
            SetPriceBook,
            Permission::TenantsConfigure,
            Risk::Write
        ),
        command!(
            "configure-provider",
            providers::configure_provider,
            ConfigureProvider,
            Permission::TenantsConfigure,
            Risk::Key
        ),
        command!(
            "test-provider",
            provider_tests::test_provider,
            TestProvider,
            Permission::TenantsConfigure,
            Risk::Outward
        ),
        // The relay brings the result back, and may configure nothing.
        command!(
            "record-provider-test",
            provider_tests::record_provider_test,
            RecordProviderTest,
            Permission::TenantsRead,
            Risk::Write,
            internal
        ),
        command!(
            "suspend-tenant",
            standing::suspend_tenant,
            SuspendTenant,
            Permission::InstallationOperate,
            Risk::Destructive,
            internal
        ),
        command!(
            "resume-tenant",
            standing::resume_tenant,
            ResumeTenant,
            Permission::InstallationOperate,
            Risk::Write,
            internal
        ),
    ];
    all.extend(deletion::commands());
    all
}

/// The purpose that a provider's secret is sealed for under the tenant's ingest key.
pub fn secret_purpose(provider: &str, name: &str) -> String {
    format!("provider/{provider}/{name}")
}

/// # Create a tenant
///
/// A new business. Its id is that of the principal's tenant; only an operator can send this.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTenant {
    /// The name in URLs: 1 to 64 lower-case letters, digits and inner dashes.
    pub slug: String,
    /// The business's own name.
    pub name: String,
    /// The modules that it uses.
    pub modules: BTreeSet<Module>,
    /// What `update-settings` takes; the rest is as by default.
    #[serde(default)]
    pub settings: UpdateSettings,
}

/// # Set the price book
///
/// What bookings cost from now on, in minor units of the tenant's currency. Prices of bookings that stand do not change.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SetPriceBook(PriceBook);

#[derive(Serialize)]
pub struct TenantSummary {
    pub tenant_id: String,
    pub slug: String,
}

impl Input for CreateTenant {
    fn wanted(&self, facts: &Facts) -> Load {
        whole_tenant(facts)
    }
}

impl Input for SetPriceBook {
    fn wanted(&self, facts: &Facts) -> Load {
        whole_tenant(facts)
    }
}

pub async fn create_tenant(work: &mut Work, input: CreateTenant) -> Result<TenantSummary> {
    let mut problems = Problems::default();
    let settings = settings::patched(
        &Settings::default(),
        &input.settings,
        &mut problems,
        "/settings",
    );
    problems.finish()?;
    let tenant_id = work.ctx.tenant_id().to_string();
    let mut tenant = work.load::<Tenant>(&tenant_id).await?;
    if !tenant.exists() {
        work.open_tenant(&input.slug)?;
    }
    let (slug, settings) = (input.slug, Box::new(settings));
    let create = TenantCommand::Create {
        slug: slug.clone(),
        name: input.name,
        modules: input.modules,
        settings,
    };
    work.execute(&mut tenant, create).await?;
    Ok(TenantSummary { tenant_id, slug })
}

pub async fn set_price_book(work: &mut Work, input: SetPriceBook) -> Result<TenantSummary> {
    let tenant_id = work.ctx.tenant_id().to_string();
    let mut tenant = work.find::<Tenant>(&tenant_id).await?;
    work.execute(
        &mut tenant,
        TenantCommand::SetPriceBook {
            price_book: input.0,
        },
    )
    .await?;
    Ok(TenantSummary {
        tenant_id,
        slug: tenant.state.slug,
    })
}

/// The tenant's own stream, from its beginning, since it is the one that decides.
pub(crate) fn whole_tenant(facts: &Facts) -> Load {
    Load {
        streams: vec![(Tenant::TYPE, facts.tenant_id.to_string(), 0)],
        ..Load::default()
    }
}
