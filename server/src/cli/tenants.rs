//! `rapport tenants`: makes, lists, suspends, resumes, exports and deletes the businesses that share this installation.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use commands::dispatch::Dispatcher;
use domain::ids::TenantId;
use domain::tenants::Standing;
use event_store::store::Store;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::attached::attached;
use super::output::{self, Format};
use super::send::{print_answer, system_request};
use super::tenant_choice::TenantChoice;
use super::tenant_deletions::{self, DeleteArgs, DeletionsArgs, WithdrawArgs};
use super::{Outcome, audit, events, operator};
use crate::config::DatabaseSettings;
use crate::operations::{By, Intent, Scope, check_reason, tenants};

#[derive(Subcommand, Debug)]
pub enum TenantsCommand {
    /// Make a tenant.
    ///
    /// Its slug is part of webhooks' addresses and never changes. Prices, zones and slots are set afterwards, by
    /// `rapport send update-settings` and `rapport send set-price-book`; then make a key with `rapport keys create`.
    #[command(
        after_help = "Example:\n  rapport tenants create --slug fire-and-rice --name \"Fire & Rice\" \
                      --time-zone America/Los_Angeles"
    )]
    Create {
        /// 1 to 64 lower-case letters, digits and inner dashes.
        #[arg(long)]
        slug: String,
        /// The business's own name.
        #[arg(long)]
        name: String,
        /// IANA name of the time zone that dates and slots are meant in.
        #[arg(long, value_name = "ZONE")]
        time_zone: Option<String>,
        /// A module that it uses; may be given several times.
        #[arg(long = "module", value_name = "MODULE", default_value = "catering")]
        modules: Vec<String>,
    },
    /// List the tenants.
    #[command(after_help = "Example:\n  rapport tenants list --json")]
    List,
    Suspend(StandingArgs),
    Resume(ResumeArgs),
    Export(ExportArgs),
    Delete(DeleteArgs),
    WithdrawDeletion(WithdrawArgs),
    Deletions(DeletionsArgs),
}

/// Let nobody of a tenant in, and send nothing for it.
///
/// Every request is answered with 403 `tenant-suspended` within a second or two. What lies in the outbox stays there, webhooks
/// that come in are kept, and both are dealt with when the tenant is resumed. What people may ask of their data goes on.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport tenants suspend --tenant fire-and-rice --reason \"the contract has ended\""
)]
pub struct StandingArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

/// End a suspension.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport tenants resume --tenant fire-and-rice --reason \"they have signed again\""
)]
pub struct ResumeArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

#[derive(Args, Debug)]
struct ChangeArgs {
    #[command(flatten)]
    tenant: TenantChoice,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Say what would change, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Write a whole tenant into a directory: its events with their manifest and keys, and its audit log with the signed head.
///
/// What is personal stays sealed; it opens where the root key is at hand, once `rapport events import` has brought the tenant
/// there. `rapport-verify` checks the audit log anywhere. Interrupted, the export goes on where it stopped.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport tenants export --tenant fire-and-rice fire-and-rice.export"
)]
pub struct ExportArgs {
    /// The directory to make, or to go on with.
    directory: PathBuf,
    #[command(flatten)]
    tenant: TenantChoice,
}

pub async fn run(settings: &DatabaseSettings, command: &TenantsCommand, format: Format) -> Outcome {
    attached(settings, async |store| match command {
        TenantsCommand::Create {
            slug,
            name,
            time_zone,
            modules,
        } => {
            let mut body = Map::new();
            body.insert("slug".to_owned(), json!(slug));
            body.insert("name".to_owned(), json!(name));
            body.insert("modules".to_owned(), json!(modules));
            if let Some(time_zone) = time_zone {
                body.insert("settings".to_owned(), json!({ "time_zone": time_zone }));
            }
            create(store, Value::Object(body), format).await
        }
        TenantsCommand::List => list(store, format).await,
        TenantsCommand::Suspend(args) => {
            change(store, &args.change, Standing::Suspended, format).await
        }
        TenantsCommand::Resume(args) => change(store, &args.change, Standing::Active, format).await,
        TenantsCommand::Export(args) => export(store, args, format).await,
        TenantsCommand::Delete(args) => tenant_deletions::delete(store, args, format).await,
        TenantsCommand::WithdrawDeletion(args) => {
            tenant_deletions::withdraw(store, args, format).await
        }
        TenantsCommand::Deletions(args) => tenant_deletions::list(store, args, format).await,
    })
    .await
}

async fn create(store: &Store, body: Value, format: Format) -> Outcome {
    let tenant_id = TenantId::from(Uuid::now_v7());
    // The slug can be taken only once, so the key needs no remembering.
    let request = system_request(
        tenant_id,
        "create-tenant",
        body,
        &Uuid::new_v4().to_string(),
    );
    print_answer(
        &Dispatcher::new(store.clone()).dispatch(&request).await?,
        format,
    )
}

async fn change(store: &Store, args: &ChangeArgs, wanted: Standing, format: Format) -> Outcome {
    check_reason(&args.reason)?;
    let principal = operator::name();
    let by = By {
        principal: &principal,
        reason: Some(&args.reason),
    };
    let intent = match args.dry_run {
        true => Intent::Say,
        false => Intent::Act,
    };
    let scope = args.tenant.scope(store).await?;
    let dispatcher = Dispatcher::new(store.clone());
    let changed = tenants::set_standing(&dispatcher, &scope, wanted, (intent, by)).await?;
    let mut document = serde_json::to_value(&changed)?;
    document["dry_run"] = json!(args.dry_run);
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

/// Events first: whoever goes on with an export finds the audit log anew, for it is longer by then.
async fn export(store: &Store, args: &ExportArgs, format: Format) -> Outcome {
    let tenant_id = args.tenant.require(store).await?;
    let events = args.directory.join("events");
    events::export::export_whole(store, &tenant_id, &events, format).await?;
    let log = args.directory.join("audit.ndjson");
    audit::export::export_log(store, tenant_id.as_str(), &log, format).await
}

async fn list(store: &Store, format: Format) -> Outcome {
    let dispatcher = Dispatcher::new(store.clone());
    let listed = tenants::list(&dispatcher, &Scope::All).await?;
    let listed = listed.iter().map(serde_json::to_value);
    let tenants: Vec<Value> = listed.collect::<serde_json::Result<_>>()?;
    if format == Format::Json {
        return output::document(&json!({ "tenants": tenants }));
    }
    let heads = [
        "slug",
        "name",
        "tenant_id",
        "time_zone",
        "modules",
        "standing",
        "deletion_due_at",
    ];
    let row = |tenant: &Value| heads.map(|head| output::cell(tenant.get(head))).to_vec();
    let none = "There is no tenant yet; make one with `rapport tenants create`.";
    Ok(output::table(
        &[
            "slug",
            "name",
            "id",
            "time zone",
            "modules",
            "standing",
            "deletion",
        ],
        tenants.iter().map(row).collect(),
        none,
    )?)
}
