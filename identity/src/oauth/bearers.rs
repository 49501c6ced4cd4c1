//! Who acts with an access token. The token proves who was meant; what they may do is looked up, and remembered for a few
//! seconds, so that a grant that was ended, a client that was, or a person whose role has changed is felt at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};
use event_store::Result;
use sha2::{Digest, Sha256};
use tokio_postgres::Row;

use super::clients::{self, kind_of, narrowing, role_of};
use super::jwt::Fault;
use super::scopes::Scopes;
use super::tokens::{Claims, Issuer};
use crate::factors::Factor;
use crate::people::{Rights, Standing, rights_of};
use crate::permissions::PermissionSet;
use crate::principals::{Principal, PrincipalKind};
use crate::rates::Rate;
use crate::roles::Role;

/// How long what was ended may still be honoured by a process that did not end it.
pub const TTL: Duration = Duration::from_secs(5);
/// Holders remembered at once.
pub const MAX_ENTRIES: usize = 10_000;

/// Whom a token stands for, as the database knows them.
#[derive(Clone, Debug)]
struct Holder {
    tenant_id: TenantId,
    principal_id: String,
    kind: PrincipalKind,
    label: String,
    role: Role,
    permissions: PermissionSet,
    is_good: bool,
}

/// The cache; one a process.
pub struct Bearers {
    issuer: Arc<Issuer>,
    entries: Mutex<HashMap<String, (Holder, Instant)>>,
}

impl Bearers {
    pub fn new(issuer: Arc<Issuer>) -> Self {
        Self {
            issuer,
            entries: Mutex::default(),
        }
    }

    /// Who acts with this token at this audience. Refused with 401 `token-invalid`, `token-expired` or `token-revoked`.
    pub async fn authenticate(
        &self,
        engine: &Pool,
        text: &str,
        audience: &str,
    ) -> Result<Principal> {
        let claims = match self.issuer.read(text, &[audience]).await? {
            Ok(claims) => claims,
            Err(fault) => return Err(refused(fault).into()),
        };
        let name = claims.grant.as_ref().unwrap_or(&claims.client_id).clone();
        let holder = match self.remembered(&name) {
            Some(holder) => holder,
            None => {
                let found = look_up(engine, &claims).await?;
                let holder = found.ok_or_else(revoked)?;
                self.remember(name, holder.clone());
                holder
            }
        };
        if !holder.is_good || holder.tenant_id.as_str() != claims.tenant {
            return Err(revoked().into());
        }
        let scopes = Scopes::parse(&claims.scope).unwrap_or_default();
        Ok(Principal {
            tenant_id: holder.tenant_id,
            id: holder.principal_id,
            kind: holder.kind,
            label: holder.label,
            role: holder.role,
            permissions: holder.permissions.intersection(scopes.permissions()),
            withheld: PermissionSet::EMPTY,
            factor: Factor::NotAsked,
            rate: Rate::Usual,
            model: None,
            run_id: None,
        })
    }

    /// Drops a grant, or a client, at once in this process; call it after ending it.
    pub fn forget(&self, name: &str) {
        self.entries().remove(name);
    }

    /// Drops all at once in this process; call it after changing what people may do.
    pub fn forget_all(&self) {
        self.entries().clear();
    }

    fn remembered(&self, name: &str) -> Option<Holder> {
        let entries = self.entries();
        let (holder, found_at) = entries.get(name)?;
        (found_at.elapsed() < TTL).then(|| holder.clone())
    }

    fn remember(&self, name: String, holder: Holder) {
        let mut entries = self.entries();
        if entries.len() >= MAX_ENTRIES {
            entries.retain(|_, (_, found_at)| found_at.elapsed() < TTL);
        }
        // More in use within five seconds than we remember: start over, which costs a look-up each.
        if entries.len() >= MAX_ENTRIES {
            entries.clear();
        }
        entries.insert(name, (holder, Instant::now()));
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, (Holder, Instant)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A grant with the rights of its person, and of its client where that is registered; others are agents.
const FIND_GRANT: &str = "
    select g.tenant_id, g.grant_id, g.client_name, g.scopes, g.revoked_at is null and g.ends_at > clock_timestamp() as is_open,
        p.role, p.permissions, p.is_operator, p.standing, c.kind as client_kind, c.role as client_role,
        c.permissions as client_permissions, c.revoked_at is not null as client_is_gone
    from oauth_grants g
    join people p on p.tenant_id = g.tenant_id and p.person_id = g.person_id
    left join oauth_clients c on c.tenant_id = g.tenant_id and c.client_id = g.client_id
    where g.tenant_id = $1 and g.grant_id = $2 and g.client_id = $3";

async fn look_up(engine: &Pool, claims: &Claims) -> Result<Option<Holder>> {
    let client = engine.get().await?;
    let Some(grant_id) = &claims.grant else {
        let found = clients::find(&client, &claims.client_id).await?;
        return Ok(found
            .filter(clients::Client::acts_for_itself)
            .map(|client| Holder {
                principal_id: client.principal_id(),
                is_good: client.is_good(),
                tenant_id: client.tenant_id,
                kind: client.kind,
                label: client.name,
                role: client.role,
                permissions: client.permissions,
            }));
    };
    let statement = client.prepare_cached(FIND_GRANT).await?;
    let row = client
        .query_opt(&statement, &[&claims.tenant, grant_id, &claims.client_id])
        .await?;
    row.as_ref().map(from_row).transpose()
}

fn from_row(row: &Row) -> Result<Holder> {
    let (kind, role, narrowed) = match row.try_get::<_, Option<&str>>("client_role")? {
        Some(role) => (
            kind_of(row.try_get("client_kind")?)?,
            role_of(role)?,
            narrowing(row.try_get("client_permissions")?),
        ),
        None => (PrincipalKind::Agent, Role::AiAgent, PermissionSet::all()),
    };
    let granted: Vec<String> = row.try_get("scopes")?;
    let permissions = rights_of(row)?
        .permissions()
        .intersection(role.permissions())
        .intersection(narrowed)
        .intersection(Scopes::stored(&granted).permissions());
    let (grant_id, standing): (String, &str) = (row.try_get("grant_id")?, row.try_get("standing")?);
    let client_is_gone: Option<bool> = row.try_get("client_is_gone")?;
    Ok(Holder {
        tenant_id: TenantId::new(row.try_get::<_, String>("tenant_id")?),
        principal_id: format!("{}:{grant_id}", kind.as_str()),
        kind,
        label: row.try_get("client_name")?,
        role,
        permissions,
        is_good: row.try_get("is_open")?
            && standing == Standing::Active.as_str()
            && client_is_gone != Some(true),
    })
}

/// Who acts with a token of another issuer: an agent of this person's, whom the issuer calls `subject`.
pub fn outside(tenant_id: TenantId, rights: Rights, scopes: &Scopes, subject: &str) -> Principal {
    let digest = Sha256::digest(subject.as_bytes());
    let name: String = digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Principal {
        tenant_id,
        id: format!("{}:{name}", PrincipalKind::Agent.as_str()),
        kind: PrincipalKind::Agent,
        label: String::new(),
        role: Role::AiAgent,
        permissions: rights
            .permissions()
            .intersection(Role::AiAgent.permissions())
            .intersection(scopes.permissions()),
        withheld: PermissionSet::EMPTY,
        factor: Factor::NotAsked,
        rate: Rate::Usual,
        model: None,
        run_id: None,
    }
}

/// What the bearer of a bad token is told. Which of the checks has failed is for the log alone.
pub fn refused(fault: Fault) -> Refusal {
    tracing::debug!(?fault, "an access token was refused");
    match fault {
        Fault::Expired => unauthenticated("token-expired", "this access token is over; refresh it"),
        Fault::Audience => unauthenticated(
            "token-invalid",
            "this access token is for another resource: ask for one with `resource` set to this one",
        ),
        _ => unauthenticated("token-invalid", "this is no access token that is good here"),
    }
}

fn revoked() -> Refusal {
    unauthenticated("token-revoked", "what this access token rests on was ended")
}

fn unauthenticated(code: &str, detail: &str) -> Refusal {
    Refusal::new(Kind::Unauthenticated, code, detail)
}
