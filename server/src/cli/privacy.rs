//! `rapport privacy`: what operators do so that erased people stay erased, and what has a term goes.

mod retention;

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use commands::dispatch::Dispatcher;
use cqrs_es::Aggregate;
use domain::customers::Customer;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::deletions::{self, Beginning, Warrant};
use event_store::key_backups::{Erasure, Reading, TenantDeletion};
use event_store::load::{Folded, Load};
use event_store::store::Store;
use identity::acts::{self, Act};
use outbox::erasures;
use serde_json::json;

use super::attached::attached;
use super::output::{self, Format};
use super::send::system_request;
use super::{Outcome, Reason, operator, tenant_deletions};
use crate::config::DatabaseSettings;
use crate::embedded::private_files;

#[derive(Subcommand, Debug)]
pub enum PrivacyCommand {
    Reapply(ReapplyArgs),
    /// See what goes by its term, or take it now.
    #[command(subcommand)]
    Retention(retention::RetentionCommand),
}

/// Erase everybody once more, and delete every tenant, that was erased or deleted after a restored backup had been made.
///
/// A restored database does not serve before this has run. It reads the lists in a copy of the keys, as `rapport keys backup`
/// makes it; take the newest one.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport privacy reapply keys/tuesday.ndjson")]
pub struct ReapplyArgs {
    /// The newest copy of the keys.
    file: PathBuf,
    /// Say who would be erased, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(settings: &DatabaseSettings, command: &PrivacyCommand, format: Format) -> Outcome {
    attached(settings, async |store| match command {
        PrivacyCommand::Reapply(args) => reapply(store, args, format).await,
        PrivacyCommand::Retention(command) => retention::run(store, command, format).await,
    })
    .await
}

async fn reapply(store: &Store, args: &ReapplyArgs, format: Format) -> Outcome {
    let file = File::open(&args.file).map_err(|error| {
        let detail = format!("could not read {}: {error}", args.file.display());
        Refusal::not_found("key-backup-missing", detail)
    })?;
    let reading = Reading::open(BufReader::new(file))?;
    let recorded = store.find_root_key_fingerprint().await?.unwrap_or_default();
    if reading.fingerprint != private_files::hex(&recorded) {
        let detail = "the copy of the keys is of another installation";
        return Err(Refusal::invalid("key-backup-invalid", detail).into());
    }
    let listed = reading.run(None).await?;
    let doomed = find_doomed(store, &listed.deletions).await?;
    let listed = listed.erasures;
    let mut left = Vec::new();
    for erasure in &listed {
        let goes = doomed.iter().any(|one| one.tenant_id == erasure.tenant_id);
        if !goes && is_alive(store, erasure).await? {
            left.push(erasure);
        }
    }
    if !args.dry_run {
        let dispatcher = Dispatcher::new(store.clone());
        for deletion in &doomed {
            delete(&dispatcher, deletion).await?;
        }
        for erasure in &left {
            erase(&dispatcher, erasure).await?;
        }
        store.mark_reapplied().await?;
        let client = store.pools.engine.get().await?;
        let act = Act {
            tenant_id: &acts::installation(),
            principal: &operator::name(),
            action: "reapply-erasures",
            subject: "erasures",
            reason: None,
            details: &json!({ "listed": listed.len(), "erased": left.len(), "tenants_deleted": doomed.len() }),
        };
        acts::record(&client, act).await?;
    }
    let document = json!({
        "dry_run": args.dry_run, "listed": listed.len(), "erased": left.len(), "tenants_deleted": doomed.len(),
    });
    if format == Format::Json {
        return output::document(&document);
    }
    let (listed, left, doomed) = (listed.len(), left.len(), doomed.len());
    let said = match args.dry_run {
        true => {
            format!("{left} of {listed} people would be erased and {doomed} tenants deleted again")
        }
        false => format!(
            "{left} of {listed} people were erased and {doomed} tenants deleted again; the server may serve"
        ),
    };
    Ok(output::line(&said)?)
}

/// Tenants that the database knows, and not that they are gone.
async fn find_doomed(
    store: &Store,
    deletions: &[TenantDeletion],
) -> Result<Vec<TenantDeletion>, Reason> {
    let there = store.directory.list().await?;
    let is_there = |deletion: &&TenantDeletion| {
        let mut ids = there.iter().map(|(tenant_id, _)| tenant_id.as_str());
        ids.any(|tenant_id| tenant_id == deletion.tenant_id)
    };
    Ok(deletions.iter().filter(is_there).cloned().collect())
}

async fn delete(dispatcher: &Dispatcher, deletion: &TenantDeletion) -> Outcome {
    let tenant_id = TenantId::new(deletion.tenant_id.clone());
    let beginning = Beginning {
        tenant_id: &tenant_id,
        slug: &deletion.slug,
        by: &operator::name(),
        reason: Some("it was deleted before"),
    };
    deletions::begin(&dispatcher.store, beginning, Warrant::Order).await?;
    tenant_deletions::finish(dispatcher, &tenant_id).await
}

/// Whether the database knows the person, and not that they are gone.
async fn is_alive(store: &Store, erasure: &Erasure) -> Result<bool, Reason> {
    let customer = find(store, erasure).await?;
    Ok(customer.sequence > 0 && !customer.state.privacy.is_erased())
}

async fn find(store: &Store, erasure: &Erasure) -> Result<Folded<Customer>, Reason> {
    let wanted = Load {
        streams: vec![(Customer::TYPE, erasure.customer_id.clone(), 0)],
        ..Load::default()
    };
    let tenant_id = TenantId::new(erasure.tenant_id.clone());
    let loaded = store.load(&tenant_id, wanted).await?;
    match loaded.streams.first() {
        Some(stream) => Ok(stream.fold(Folded::default())?),
        None => Ok(Folded::default()),
    }
}

async fn erase(dispatcher: &Dispatcher, erasure: &Erasure) -> Outcome {
    let store = &dispatcher.store;
    let tenant_id = TenantId::new(erasure.tenant_id.clone());
    let customer = find(store, erasure).await?.state;
    let merged = customer.merged.iter().map(ToString::to_string);
    let family: Vec<String> = merged.chain([erasure.customer_id.clone()]).collect();
    let purged = erasures::purge_now(store, &tenant_id, &family, "").await?;
    let mut body = purged.body(&erasure.customer_id);
    body["basis"] = "erased_before".into();
    let key = format!("reapply:{}", uuid::Uuid::new_v4());
    let request = system_request(tenant_id, "complete-erasure", body, &key);
    dispatcher.dispatch(&request).await?;
    Ok(())
}
