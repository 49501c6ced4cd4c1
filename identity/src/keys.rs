//! API keys: made, listed, revoked, and turned into principals. Only a hash is stored, so a key is shown once; every
//! function runs on the engine's pool, because a key is what tells the tenant.

use std::net::IpAddr;

use deadpool_postgres::Pool;
use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};
use event_store::Result;
use event_store::error::Error;
use serde::Serialize;
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::factors::Factor;
use crate::new_keys::{NewKey, parse_range};
use crate::people::Rights;
use crate::permissions::{Permission, PermissionSet};
use crate::plain_keys::{KeyHash, PlainKey};
use crate::principals::{Principal, PrincipalKind};
use crate::rates::Rate;
use crate::roles::Role;

/// Keys shown by one listing; far above what a tenant needs.
pub const MAX_LISTED_KEYS: i64 = 1_000;
/// How seldom the last use of a key is written down.
pub const LAST_USED_EVERY_SECONDS: i32 = 60;

/// A stored key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    pub tenant_id: TenantId,
    pub key_id: String,
    pub kind: PrincipalKind,
    pub label: String,
    pub role: Role,
    /// What the key may do now: its role, less whatever it was narrowed by.
    pub permissions: PermissionSet,
    pub model: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub revoked_at: Option<OffsetDateTime>,
    /// To the minute.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_used_at: Option<OffsetDateTime>,
    /// The person who made it: it can do no more than they can.
    pub owner_id: Option<String>,
    /// From where it may be used; from anywhere when empty.
    pub address_ranges: Vec<String>,
    /// What it may read, and what it may write, in a minute; absent as everybody, nought without a limit.
    pub requests_per_minute: Option<u32>,
    /// Whether its owner, if it has one, is still here.
    #[serde(skip)]
    owner_is_gone: bool,
}

impl ApiKey {
    /// Who acts with this key. Refused with 401 `key-revoked` or `key-expired` when it is no longer good at `now`.
    pub fn principal(&self, now: OffsetDateTime) -> std::result::Result<Principal, Refusal> {
        if self.revoked_at.is_some() {
            return Err(unauthenticated("key-revoked", "this API key was revoked"));
        }
        if self.owner_is_gone {
            let detail = "whoever made this API key is not here any more";
            return Err(unauthenticated("key-revoked", detail));
        }
        if self.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(unauthenticated("key-expired", "this API key has expired"));
        }
        Ok(Principal {
            tenant_id: self.tenant_id.clone(),
            id: format!("{}:{}", self.kind.as_str(), self.key_id),
            kind: self.kind,
            label: self.label.clone(),
            role: self.role,
            permissions: self.permissions,
            withheld: PermissionSet::EMPTY,
            factor: Factor::NotAsked,
            rate: Rate::of(self.requests_per_minute),
            model: self.model.clone(),
            run_id: None,
        })
    }
}

impl ApiKey {
    /// Refused with 401 `key-out-of-range` unless the key may be used from this address.
    pub fn check_address(&self, address: Option<IpAddr>) -> std::result::Result<(), Refusal> {
        if self.address_ranges.is_empty() {
            return Ok(());
        }
        let is_inside = address.is_some_and(|address| {
            let mut ranges = self
                .address_ranges
                .iter()
                .filter_map(|range| parse_range(range));
            ranges.any(|range| range.contains(&address.to_canonical()))
        });
        if is_inside {
            return Ok(());
        }
        let detail = "this API key may not be used from this address";
        Err(unauthenticated("key-out-of-range", detail))
    }
}

/// Makes a key and returns it in the clear, this once.
pub async fn create(pool: &Pool, tenant_id: &TenantId, new: &NewKey) -> Result<(ApiKey, PlainKey)> {
    let plain = PlainKey::generate()?;
    let key = create_with(pool, tenant_id, new, &plain).await?;
    Ok((key, plain))
}

const INSERT_KEY: &str = "
    insert into api_keys
        (tenant_id, key_id, key_hash, kind, label, role, permissions, model, created_at, expires_at, owner_id, address_ranges,
        requests_per_minute)
    values ($1, $2, $3, $4, $5, $6, $7, $8, now(), $9, $10, $11, $12)
    on conflict (key_hash) do nothing
    returning tenant_id, key_id, kind, label, role, permissions, model, created_at, expires_at, revoked_at,
        last_used_at, owner_id, address_ranges, requests_per_minute";

/// Stores a given key. Safe to repeat: a key that this tenant has already is returned as it stands, with its id. Refused
/// with 409 `key-taken` when another tenant has it, 422 `validation-failed` when the input is not sound.
pub async fn create_with(
    pool: &Pool,
    tenant_id: &TenantId,
    new: &NewKey,
    plain: &PlainKey,
) -> Result<ApiKey> {
    new.check()?;
    let key_id = Uuid::now_v7().to_string();
    let permissions: Option<Vec<&str>> = new
        .permissions
        .as_ref()
        .map(|list| list.iter().map(|permission| permission.as_str()).collect());
    let ranges = Some(&new.address_ranges).filter(|ranges| !ranges.is_empty());
    let hash = plain.hash();
    let client = pool.get().await?;
    let statement = client.prepare_cached(INSERT_KEY).await?;
    let inserted = client
        .query_opt(
            &statement,
            &[
                &tenant_id.as_str(),
                &key_id,
                &hash.as_slice(),
                &new.kind.as_str(),
                &new.label.trim(),
                &new.role.as_str(),
                &permissions,
                &new.model,
                &new.expires_at,
                &new.owner_id,
                &ranges,
                &new.requests_per_minute
                    .and_then(|rate| i32::try_from(rate).ok()),
            ],
        )
        .await?;
    if let Some(row) = inserted {
        return from_row(&row);
    }
    drop(client);
    match find(pool, &hash).await? {
        Some(key) if key.tenant_id == *tenant_id => Ok(key),
        _ => Err(Refusal::conflict("key-taken", "this key belongs to someone else").into()),
    }
}

const LIST_KEYS: &str = "
    select tenant_id, key_id, kind, label, role, permissions, model, created_at, expires_at, revoked_at, last_used_at,
        owner_id, address_ranges, requests_per_minute
    from api_keys
    where tenant_id = $1
    order by key_id
    limit $2";

/// The tenant's keys, oldest first, revoked ones included, `MAX_LISTED_KEYS` at most.
pub async fn list_keys(pool: &Pool, tenant_id: &TenantId) -> Result<Vec<ApiKey>> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(LIST_KEYS).await?;
    let rows = client
        .query(&statement, &[&tenant_id.as_str(), &MAX_LISTED_KEYS])
        .await?;
    rows.iter().map(from_row).collect()
}

const REVOKE_KEY: &str = "
    update api_keys
    set revoked_at = coalesce(revoked_at, now())
    where tenant_id = $1 and key_id = $2
    returning tenant_id, key_id, kind, label, role, permissions, model, created_at, expires_at, revoked_at,
        last_used_at, owner_id, address_ranges, requests_per_minute";

/// Ends a key; safe to repeat. Refused with 404 `key-not-found`. A cache elsewhere may honour the key for its TTL.
pub async fn revoke(pool: &Pool, tenant_id: &TenantId, key_id: &str) -> Result<ApiKey> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(REVOKE_KEY).await?;
    match client
        .query_opt(&statement, &[&tenant_id.as_str(), &key_id])
        .await?
    {
        Some(row) => from_row(&row),
        None => Err(Refusal::not_found("key-not-found", "the tenant has no such key").into()),
    }
}

const FIND_KEY: &str = "
    select k.tenant_id, k.key_id, k.kind, k.label, k.role, k.permissions, k.model, k.created_at, k.expires_at,
        k.revoked_at, k.last_used_at, k.owner_id, k.address_ranges, k.requests_per_minute, o.role as owner_role, o.permissions as owner_permissions,
        o.is_operator as owner_is_operator, o.standing = 'active' as owner_is_active
    from api_keys k
    join tenants t on t.tenant_id = k.tenant_id
    left join people o on o.tenant_id = k.tenant_id and o.person_id = k.owner_id
    where k.key_hash = $1";

/// The key with this hash, of a tenant that exists; revoked and expired ones too.
pub async fn find(pool: &Pool, hash: &KeyHash) -> Result<Option<ApiKey>> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(FIND_KEY).await?;
    client
        .query_opt(&statement, &[&hash.as_slice()])
        .await?
        .as_ref()
        .map(from_row)
        .transpose()
}

const TOUCH_KEYS: &str = "
    update api_keys k
    set last_used_at = now()
    from unnest($1::text[], $2::text[]) as used (tenant_id, key_id)
    where k.tenant_id = used.tenant_id and k.key_id = used.key_id
        and (k.last_used_at is null or k.last_used_at < now() - make_interval(secs => $3::int4))";

/// Writes down that these keys (tenant, key id) are in use; a key noted within the last minute is left alone.
pub(crate) async fn touch(pool: &Pool, used: &[(TenantId, String)]) -> Result<u64> {
    if used.is_empty() {
        return Ok(0);
    }
    let (tenants, keys): (Vec<&str>, Vec<&str>) = used
        .iter()
        .map(|(tenant_id, key_id)| (tenant_id.as_str(), key_id.as_str()))
        .unzip();
    let client = pool.get().await?;
    let statement = client.prepare_cached(TOUCH_KEYS).await?;
    Ok(client
        .execute(&statement, &[&tenants, &keys, &LAST_USED_EVERY_SECONDS])
        .await?)
}

/// The refusal of a well-formed key that nobody has.
pub(crate) fn unknown_key() -> Refusal {
    unauthenticated("key-unknown", "this API key is not known")
}

fn unauthenticated(code: &str, detail: &str) -> Refusal {
    Refusal::new(Kind::Unauthenticated, code, detail)
}

fn from_row(row: &Row) -> Result<ApiKey> {
    let kind: &str = row.try_get("kind")?;
    let role: &str = row.try_get("role")?;
    let kind = PrincipalKind::parse(kind)
        .ok_or_else(|| Error::internal(format!("a key of unknown kind {kind}")))?;
    let role = Role::parse(role)
        .ok_or_else(|| Error::internal(format!("a key of unknown role {role}")))?;
    let narrowed: Option<Vec<String>> = row.try_get("permissions")?;
    // A name that is no longer a permission grants nothing.
    let permissions = match narrowed {
        Some(names) => names
            .iter()
            .filter_map(|name| Permission::parse(name))
            .collect::<PermissionSet>(),
        None => PermissionSet::all(),
    };
    // Only the look-up by hash knows the owner; what is shown elsewhere is what the key was given.
    let owner = match row.try_get::<_, Option<String>>("owner_role") {
        Ok(Some(owner_role)) => owner_permissions(row, &owner_role)?,
        _ => PermissionSet::all(),
    };
    let owner_id: Option<String> = row.try_get("owner_id")?;
    let owner_is_active: Option<bool> = row.try_get("owner_is_active").ok().flatten();
    Ok(ApiKey {
        owner_is_gone: owner_id.is_some() && owner_is_active == Some(false),
        owner_id,
        address_ranges: row
            .try_get::<_, Option<Vec<String>>>("address_ranges")?
            .unwrap_or_default(),
        requests_per_minute: row
            .try_get::<_, Option<i32>>("requests_per_minute")?
            .and_then(|rate| u32::try_from(rate).ok()),
        tenant_id: TenantId::new(row.try_get::<_, String>("tenant_id")?),
        key_id: row.try_get("key_id")?,
        kind,
        label: row.try_get("label")?,
        role,
        permissions: role
            .permissions()
            .intersection(permissions)
            .intersection(owner),
        model: row.try_get("model")?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        revoked_at: row.try_get("revoked_at")?,
        last_used_at: row.try_get("last_used_at")?,
    })
}

fn owner_permissions(row: &Row, role: &str) -> Result<PermissionSet> {
    let role = Role::parse(role)
        .ok_or_else(|| Error::internal(format!("a person of unknown role {role}")))?;
    let narrowed: Option<Vec<String>> = row.try_get("owner_permissions")?;
    let rights = Rights {
        role,
        narrowed: narrowed.map_or(PermissionSet::all(), |names| {
            names
                .iter()
                .filter_map(|name| Permission::parse(name))
                .collect()
        }),
        is_operator: row.try_get("owner_is_operator")?,
    };
    Ok(rights.permissions())
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    fn key() -> ApiKey {
        ApiKey {
            tenant_id: TenantId::new("tenant"),
            key_id: "key".to_owned(),
            kind: PrincipalKind::Agent,
            label: "Booking agent".to_owned(),
            role: Role::AiAgent,
            permissions: Role::AiAgent.permissions(),
            model: None,
            created_at: OffsetDateTime::UNIX_EPOCH,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
            owner_id: None,
            address_ranges: Vec::new(),
            requests_per_minute: None,
            owner_is_gone: false,
        }
    }

    #[test]
    fn a_key_is_good_only_where_it_may_be_used() {
        let anywhere = key();
        assert_eq!(anywhere.check_address(None), Ok(()));
        let office = ApiKey {
            address_ranges: vec!["203.0.113.0/24".to_owned(), "2001:db8::1".to_owned()],
            ..key()
        };
        for (address, is_good) in [
            ("203.0.113.9", true),
            ("::ffff:203.0.113.9", true),
            ("203.0.114.9", false),
            ("2001:db8::1", true),
            ("2001:db8::2", false),
        ] {
            let found = office.check_address(address.parse().ok());
            assert_eq!(found.is_ok(), is_good, "{address}");
        }
        assert_eq!(
            office.check_address(None).unwrap_err().code,
            "key-out-of-range"
        );
    }

    #[test]
    fn a_key_ends_with_its_owner() {
        let orphan = ApiKey {
            owner_is_gone: true,
            ..key()
        };
        let refusal = orphan.principal(OffsetDateTime::UNIX_EPOCH).unwrap_err();
        assert_eq!(refusal.code, "key-revoked");
    }

    #[test]
    fn a_key_acts_under_an_id_of_its_own() {
        let principal = key().principal(OffsetDateTime::UNIX_EPOCH).unwrap();
        assert_eq!(principal.id, "agent:key");
        assert!(principal.may(Permission::BookingsWrite));
    }

    #[test]
    fn an_expired_or_revoked_key_is_turned_away() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let expired = ApiKey {
            expires_at: Some(now),
            ..key()
        };
        assert_eq!(expired.principal(now).unwrap_err().code, "key-expired");
        assert!(expired.principal(now - Duration::SECOND).is_ok());
        let revoked = ApiKey {
            revoked_at: Some(now),
            ..key()
        };
        assert_eq!(revoked.principal(now).unwrap_err().code, "key-revoked");
    }
}
