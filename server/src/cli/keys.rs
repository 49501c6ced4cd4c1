//! `rapport keys`: makes, lists and revokes API keys; wraps data keys anew and copies them. An API key is shown once, when
//! it is made; only its hash is stored.

mod copies;
mod roots;
mod rotation;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::store::Store;
use identity::acts::{self, Act};
use identity::keys::{self, ApiKey};
use identity::new_keys::NewKey;
use identity::permissions::Permission;
use identity::principals::PrincipalKind;
use identity::roles::Role;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::attached::attached;
use super::output::{self, Format};
use super::tenant_choice::TenantChoice;
use super::{Outcome, Reason, operator};
use crate::config::DatabaseSettings;

/// A key that is to last longer had better have no end.
const MAX_EXPIRY_DAYS: i64 = 3_650;

#[derive(Subcommand, Debug)]
pub enum KeysCommand {
    Create(CreateArgs),
    /// List a tenant's keys, revoked ones included.
    #[command(after_help = "Example:\n  rapport keys list --tenant fire-and-rice")]
    List {
        #[command(flatten)]
        tenant: TenantChoice,
    },
    /// End a key. Servers honour it for at most five seconds more.
    #[command(
        after_help = "Example:\n  rapport keys revoke --tenant fire-and-rice 0199a5b0-6c1f-7d5e-9d5a-0d9a6c1f7d5e"
    )]
    Revoke {
        /// The key's id, as `rapport keys list` shows it.
        key_id: String,
        #[command(flatten)]
        tenant: TenantChoice,
    },
    Rotate(rotation::RotateArgs),
    RotateRoot(roots::RotateRootArgs),
    Backup(copies::BackupArgs),
}

/// Make a key, and show it this once.
///
/// A key belongs to a person's script, to an AI agent or to a program of the tenant's own. It holds a role, and may be
/// narrowed below it by naming permissions; an agent's role is ai-agent or less.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport keys create --tenant fire-and-rice --kind agent --label \"Phone agent\" \
                  --model some-model-1"
)]
pub struct CreateArgs {
    #[command(flatten)]
    tenant: TenantChoice,
    /// Who holds it.
    #[arg(long, value_parser = kind_parser())]
    kind: PrincipalKind,
    /// What it may do; may be left out for an agent, whose role is ai-agent then.
    #[arg(long, value_parser = role_parser(), required_if_eq_any([("kind", "person"), ("kind", "service")]))]
    role: Option<Role>,
    /// For people to read.
    #[arg(long)]
    label: String,
    /// Narrows the role to this; may be given several times.
    #[arg(long = "permission", value_name = "PERMISSION", value_parser = permission_parser())]
    permissions: Vec<Permission>,
    /// The model an agent runs on, recorded with its commands.
    #[arg(long)]
    model: Option<String>,
    /// When it ends by itself.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=MAX_EXPIRY_DAYS))]
    expires_in_days: Option<i64>,
    /// From where it may be used: an address, or a network as 203.0.113.0/24; may be given several times.
    #[arg(long = "from", value_name = "NETWORK")]
    address_ranges: Vec<String>,
    /// What it may read, and what it may write, in a minute; 0 for no limit. [default: 6000 and 3000]
    #[arg(long, value_name = "NUMBER")]
    requests_per_minute: Option<u32>,
}

pub async fn run(settings: &DatabaseSettings, command: &KeysCommand, format: Format) -> Outcome {
    attached(settings, async |store| match command {
        KeysCommand::Create(args) => create(store, args, format).await,
        KeysCommand::List { tenant } => list(store, tenant, format).await,
        KeysCommand::Rotate(args) => rotation::rotate(store, args, format).await,
        KeysCommand::RotateRoot(args) => roots::rotate(settings, store, args, format).await,
        KeysCommand::Backup(args) => copies::backup(store, args, format).await,
        KeysCommand::Revoke { key_id, tenant } => {
            let tenant_id = tenant.require(store).await?;
            let key = keys::revoke(&store.pools.engine, &tenant_id, key_id).await?;
            note(store, &tenant_id, "revoke-key", &key).await?;
            match format {
                Format::Json => output::document(&key),
                Format::Table => Ok(output::line(&format!(
                    "the key {} ({}) is revoked",
                    key.key_id,
                    output::harmless(&key.label)
                ))?),
            }
        }
    })
    .await
}

async fn create(store: &Store, args: &CreateArgs, format: Format) -> Outcome {
    let tenant_id = args.tenant.require(store).await?;
    let new = NewKey {
        kind: args.kind,
        label: args.label.clone(),
        role: args.role.unwrap_or(Role::AiAgent),
        permissions: (!args.permissions.is_empty()).then(|| args.permissions.clone()),
        model: args.model.clone(),
        expires_at: expires_at(args.expires_in_days)?,
        address_ranges: args.address_ranges.clone(),
        requests_per_minute: args.requests_per_minute,
        owner_id: None,
    };
    let (key, plain) = keys::create(&store.pools.engine, &tenant_id, &new).await?;
    note(store, &tenant_id, "create-key", &key).await?;
    if format == Format::Json {
        let mut document = serde_json::to_value(&key)?;
        document["key"] = json!(plain.expose());
        return output::document(&document);
    }
    output::record(&[
        ("key", plain.expose().to_owned()),
        ("id", key.key_id.clone()),
        ("kind", key.kind.as_str().to_owned()),
        ("role", key.role.to_string()),
        ("label", key.label.clone()),
        ("expires", output::optional_instant(key.expires_at)),
    ])?;
    output::remark(
        "This is the only time that the key is shown; send it as `Authorization: Bearer <key>`.",
    );
    Ok(())
}

/// Labels may name people, so they stay out of the record.
async fn note(store: &Store, tenant_id: &TenantId, action: &'static str, key: &ApiKey) -> Outcome {
    let client = store.pools.engine.get().await?;
    let act = Act {
        tenant_id,
        principal: &operator::name(),
        action,
        subject: &key.key_id,
        reason: None,
        details: &json!({ "kind": key.kind.as_str(), "role": key.role }),
    };
    Ok(acts::record(&client, act).await?)
}

async fn list(store: &Store, tenant: &TenantChoice, format: Format) -> Outcome {
    let tenant_id = tenant.require(store).await?;
    let found = keys::list_keys(&store.pools.engine, &tenant_id).await?;
    if format == Format::Json {
        return output::document(&json!({ "keys": found }));
    }
    let now = OffsetDateTime::now_utc();
    let row = |key: &ApiKey| {
        vec![
            key.key_id.clone(),
            key.kind.as_str().to_owned(),
            key.role.to_string(),
            key.label.clone(),
            state(key, now).to_owned(),
            output::instant(key.created_at),
            output::optional_instant(key.last_used_at),
        ]
    };
    let heads = [
        "id",
        "kind",
        "role",
        "label",
        "state",
        "created",
        "last used",
    ];
    let none = "The tenant has no keys; make one with `rapport keys create`.";
    Ok(output::table(
        &heads,
        found.iter().map(row).collect(),
        none,
    )?)
}

fn state(key: &ApiKey, now: OffsetDateTime) -> &'static str {
    match key.expires_at {
        _ if key.revoked_at.is_some() => "revoked",
        Some(expires_at) if expires_at <= now => "expired",
        _ => "good",
    }
}

fn expires_at(days: Option<i64>) -> Result<Option<OffsetDateTime>, Reason> {
    let Some(days) = days else { return Ok(None) };
    let end = OffsetDateTime::now_utc().checked_add(Duration::days(days));
    match end {
        Some(end) => Ok(Some(end)),
        None => {
            Err(Refusal::malformed("expiry-too-far", "the calendar does not reach that far").into())
        }
    }
}

fn kind_parser() -> impl TypedValueParser<Value = PrincipalKind> {
    // Nobody holds a key of the system's own.
    let kinds = PrincipalKind::ALL
        .iter()
        .filter(|kind| **kind != PrincipalKind::System);
    PossibleValuesParser::new(kinds.map(|kind| kind.as_str()))
        .try_map(|name| PrincipalKind::parse(&name).ok_or("there is no such kind"))
}

fn role_parser() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.iter().map(|role| role.as_str()))
        .try_map(|name| Role::parse(&name).ok_or("there is no such role"))
}

fn permission_parser() -> impl TypedValueParser<Value = Permission> {
    PossibleValuesParser::new(Permission::ALL.iter().map(|permission| permission.as_str()))
        .try_map(|name| Permission::parse(&name).ok_or("there is no such permission"))
}
