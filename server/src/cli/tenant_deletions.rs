//! `rapport tenants delete`, `withdraw-deletion` and `deletions`: the end of a business, as whoever operates the installation
//! brings it about.

use std::time::{Duration, Instant};

use clap::Args;
use commands::dispatch::Dispatcher;
use domain::ids::TenantId;
use event_store::deletions::{self, Progress};
use event_store::error::Error;
use event_store::store::Store;
use outbox::deletions::go_on;
use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::output::{self, Format};
use super::tenant_choice::TenantChoice;
use super::{Outcome, operator};
use crate::operations::tenant_deletions::{self, When};
use crate::operations::{By, Intent, Scope, check_reason};

/// How long whoever still works for the tenant is waited for.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
const LOOK: Duration = Duration::from_millis(500);

/// Delete a suspended tenant whole, with its keys and its events.
///
/// It is scheduled after the tenant's `deletion_days` (30 unless set), and `rapport tenants withdraw-deletion` takes it back
/// until then; with --now it begins at once, for good. Its keys are destroyed first, so that nothing of it can be read any
/// more, then its rows go in batches. A tombstone stays: id, slug, when, who, counts, and the last signed head of its audit
/// log. Copies of the data hold what they held; see docs/tenants.md.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport tenants delete --tenant fire-and-rice --confirm fire-and-rice --dry-run --reason \"asked for\""
)]
pub struct DeleteArgs {
    #[command(flatten)]
    tenant: TenantChoice,
    /// The tenant's slug, once more.
    #[arg(long, value_name = "SLUG")]
    confirm: String,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// At once; nothing brings it back.
    #[arg(long)]
    now: bool,
    /// Count what would go, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Take a scheduled deletion back.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport tenants withdraw-deletion --tenant fire-and-rice --reason \"they stay\""
)]
pub struct WithdrawArgs {
    #[command(flatten)]
    tenant: TenantChoice,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Say what would change, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

/// List deletions that have begun or are over.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport tenants deletions --finish")]
pub struct DeletionsArgs {
    /// Go on with those that are not over, as the server does by itself.
    #[arg(long)]
    finish: bool,
}

pub async fn delete(store: &Store, args: &DeleteArgs, format: Format) -> Outcome {
    check_reason(&args.reason)?;
    let principal = operator::name();
    let scope = args.tenant.scope(store).await?;
    let when = match args.now {
        true => When::Now,
        false => When::Due,
    };
    let how = (
        intent(args.dry_run),
        By {
            principal: &principal,
            reason: Some(&args.reason),
        },
    );
    let dispatcher = Dispatcher::new(store.clone());
    let wanted = (args.confirm.as_str(), when);
    let ordered = tenant_deletions::delete(&dispatcher, &scope, wanted, how).await?;
    if let (When::Now, false, Some(tenant_id)) = (when, args.dry_run, scope.tenant_id()) {
        finish(&dispatcher, tenant_id).await?;
        let client = store.pools.engine.get().await?;
        return report(&deletions::find(&client, tenant_id).await?, false, format);
    }
    report(&ordered, args.dry_run, format)
}

pub async fn withdraw(store: &Store, args: &WithdrawArgs, format: Format) -> Outcome {
    check_reason(&args.reason)?;
    let principal = operator::name();
    let scope = args.tenant.scope(store).await?;
    let how = (
        intent(args.dry_run),
        By {
            principal: &principal,
            reason: Some(&args.reason),
        },
    );
    let withdrawn =
        tenant_deletions::withdraw(&Dispatcher::new(store.clone()), &scope, how).await?;
    report(&withdrawn, args.dry_run, format)
}

pub async fn list(store: &Store, args: &DeletionsArgs, format: Format) -> Outcome {
    if args.finish {
        let open = deletions::list_unfinished(&store.pools.engine.get().await?).await?;
        let dispatcher = Dispatcher::new(store.clone());
        for tenant_id in &open {
            finish(&dispatcher, tenant_id).await?;
        }
    }
    let listed = tenant_deletions::list(store, &Scope::All).await?;
    if format == Format::Json {
        return output::document(&json!({ "deletions": listed }));
    }
    let row = |deletion: &deletions::Deletion| {
        vec![
            deletion.slug.clone(),
            deletion.tenant_id.clone(),
            deletion.begun_by.clone(),
            output::instant(deletion.begun_at),
            output::optional_instant(deletion.keys_destroyed_at),
            output::optional_instant(deletion.finished_at),
            output::optional(deletion.waiting_for.as_deref()),
        ]
    };
    Ok(output::table(
        &[
            "slug",
            "id",
            "by",
            "begun",
            "keys destroyed",
            "over",
            "waits for",
        ],
        listed.iter().map(row).collect(),
        "No tenant was ever deleted.",
    )?)
}

/// Carries a deletion out that has begun. Busy with `tenant-deletion-waits` when others do not end; the server goes on with it.
pub(super) async fn finish(dispatcher: &Dispatcher, tenant_id: &TenantId) -> Outcome {
    let (started, mut said) = (Instant::now(), String::new());
    let stop = CancellationToken::new();
    loop {
        let Progress::Waiting(reason) = go_on(dispatcher, tenant_id, &stop).await? else {
            return Ok(());
        };
        if started.elapsed() > PATIENCE {
            let detail = format!(
                "the deletion has begun and waits for {reason}; the server goes on with it"
            );
            return Err(Error::busy("tenant-deletion-waits", detail).into());
        }
        if reason != said {
            output::remark(&format!("Waiting for {reason}."));
            said = reason;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn intent(dry_run: bool) -> Intent {
    match dry_run {
        true => Intent::Say,
        false => Intent::Act,
    }
}

fn report(what: &impl Serialize, dry_run: bool, format: Format) -> Outcome {
    let mut document = serde_json::to_value(what)?;
    if let Value::Object(fields) = &mut document {
        fields.insert("dry_run".to_owned(), json!(dry_run));
    }
    if format == Format::Json {
        return output::document(&document);
    }
    let leaves = output::leaves(&document);
    let pairs: Vec<(&str, String)> = leaves
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    Ok(output::record(&pairs)?)
}
