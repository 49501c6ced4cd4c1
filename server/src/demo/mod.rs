//! The demo: two invented businesses with a history, keys to look around with, and the sandbox in the place of every
//! provider. Everything in it can be made again, and a start that was interrupted goes on.

mod bookings;
mod businesses;
mod calendars;
mod conversations;
mod credentials;
mod deeds;
mod filling;
mod histories;
mod inquiries;
mod journeys;
pub mod manifest;
mod names;
mod payments;
mod people;
mod rotas;
mod sandbox_process;
mod seeds;

use commands::dispatch::Dispatcher;

use identity::plain_keys::PlainKey;

use self::businesses::{Business, FIRE_AND_RICE, SEA_AND_SMOKE};
use self::credentials::IsOperator;
use self::filling::Opened;
use self::manifest::{Entry, Manifest};
use self::sandbox_process::{SandboxProcess, Webhook};
use crate::config::{DatabaseSettings, ServeSettings};
use crate::database::Reason;

/// In the order of `demo.json`.
static BUSINESSES: [&Business; 2] = [&FIRE_AND_RICE, &SEA_AND_SMOKE];

/// Fills the demo where it is not filled yet, starts its sandbox or adopts the one that runs, and writes `demo.json`.
/// Once it returns, the sandbox is looked after until [`stop`].
pub async fn prepare(
    dispatcher: &Dispatcher,
    database: &DatabaseSettings,
    settings: &ServeSettings,
) -> Result<(), Reason> {
    std::fs::create_dir_all(&database.data_dir)?;
    let known = Manifest::load(&database.data_dir)?;
    let (mut sandbox, (first, second)) = tokio::try_join!(
        SandboxProcess::ensure(&settings.sandbox, &database.data_dir),
        open_both(dispatcher)
    )?;
    let tenants = [first, second];
    let manifest = Manifest {
        base_url: settings.public_url(),
        sandbox_url: sandbox.url(),
        operator_key: operator_key_of(known.as_ref())?,
        tenants: tenants
            .iter()
            .map(|opened| entry_of(known.as_ref(), opened))
            .collect::<Result<_, _>>()?,
    };
    if known.as_ref() != Some(&manifest) {
        manifest.write_draft(&database.data_dir)?;
    }
    for (opened, entry) in tenants.iter().zip(&manifest.tenants) {
        credentials::register_keys(dispatcher, &opened.tenant_id, entry).await?;
        let mail_server = settings.sandbox.sandbox_smtp_listen;
        credentials::configure_providers(dispatcher, &opened.tenant_id, entry, mail_server).await?;
        let is_operator = match opened.tenant_id == tenants[0].tenant_id {
            true => IsOperator::Yes,
            false => IsOperator::No,
        };
        credentials::register_admin(dispatcher, &opened.tenant_id, &entry.admin, is_operator)
            .await?;
        register_webhooks(&mut sandbox, &manifest.base_url, opened.business, entry).await?;
    }
    let [first, second] = &tenants;
    let operator_key = &manifest.operator_key;
    credentials::register_operator(dispatcher, &first.tenant_id, operator_key).await?;
    tokio::try_join!(
        filling::fill(dispatcher, first),
        filling::fill(dispatcher, second)
    )?;
    manifest.publish(&database.data_dir)?;
    tokio::spawn(sandbox.supervise());
    point_the_way(&manifest, database);
    Ok(())
}

/// Stops the sandbox that [`prepare`] started. Its ledger stays.
pub async fn stop(database: &DatabaseSettings) {
    sandbox_process::stop(&database.data_dir).await;
}

async fn open_both(dispatcher: &Dispatcher) -> Result<(Opened, Opened), Reason> {
    let [first, second] = BUSINESSES;
    tokio::try_join!(
        filling::open(dispatcher, first),
        filling::open(dispatcher, second)
    )
}

/// The secrets that the tenant has had so far, or new ones.
fn entry_of(known: Option<&Manifest>, opened: &Opened) -> Result<Entry, Reason> {
    let (business, tenant_id) = (opened.business, &opened.tenant_id);
    let mut entry = match known.and_then(|known| known.find(business.slug)) {
        Some(entry) => Entry {
            tenant_id: tenant_id.to_string(),
            ..entry.clone()
        },
        None => credentials::choose(business.slug, business.name, tenant_id)?,
    };
    credentials::complete(&mut entry)?;
    Ok(entry)
}

/// The operator's key, as it has been so far.
fn operator_key_of(known: Option<&Manifest>) -> Result<String, Reason> {
    match known.filter(|known| !known.operator_key.is_empty()) {
        Some(known) => Ok(known.operator_key.clone()),
        None => Ok(PlainKey::generate()?.expose().to_owned()),
    }
}

async fn register_webhooks(
    sandbox: &mut SandboxProcess,
    base_url: &str,
    business: &Business,
    entry: &Entry,
) -> Result<(), Reason> {
    let (twilio, mail) = (
        credentials::twilio_account(entry),
        business.answer_address(),
    );
    for (provider, account, number) in [
        (credentials::STRIPE, &entry.stripe_secret_key, None),
        (credentials::TWILIO, &twilio, Some(business.number())),
        (credentials::EMAIL, &mail, None),
    ] {
        let secret = entry.webhook_secrets.get(provider);
        sandbox
            .register(Webhook {
                provider,
                account,
                url: format!("{base_url}/webhooks/{}/{provider}", entry.slug),
                secret: secret.map_or("", String::as_str),
                merchant: entry.name.as_str(),
                number,
            })
            .await?;
    }
    Ok(())
}

fn point_the_way(manifest: &Manifest, database: &DatabaseSettings) {
    let Manifest {
        base_url,
        sandbox_url,
        tenants,
        ..
    } = manifest;
    tracing::info!("the demo is at {base_url}, its documentation at {base_url}/docs");
    tracing::info!(
        "the sandbox is at {sandbox_url}, its mailbox at {sandbox_url}/mailbox, its phones at {sandbox_url}/phones"
    );
    if let Some(tenant) = tenants.first() {
        tracing::info!(
            "an agent of {} may try the key {}",
            tenant.name,
            tenant.agent_key
        );
        tracing::info!(
            "sign in as {} with the password {}; `rapport demo code` shows the second factor",
            tenant.admin.email,
            tenant.admin.password
        );
    }
    tracing::info!(
        "all keys are in {}",
        manifest::path(&database.data_dir).display()
    );
}
