//! Clients that a tenant has registered: an application that people let act for them, or a program of the tenant's own that
//! acts for itself. A secret is shown once.

use deadpool_postgres::{GenericClient, Pool};
use domain::ids::TenantId;
use domain::refusal::{FieldError, Kind, Refusal};
use event_store::Result;
use event_store::error::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

use super::redirects;
use crate::new_keys::MAX_LABEL_LENGTH;
use crate::people::{Rights, Standing};
use crate::permissions::{Permission, PermissionSet};
use crate::principals::PrincipalKind;
use crate::roles::Role;
use crate::tokens::{Token, TokenHash};

/// Clients shown by one listing, and how many a tenant may have.
pub const MAX_CLIENTS: i64 = 200;

/// How a client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// By a secret that it can keep.
    Secret,
    /// It can keep none: an application in a browser or on somebody's machine. PKCE is its proof.
    None,
}

/// What a new client is to be.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClient {
    /// For people to read, on the page where they are asked.
    pub name: String,
    pub kind: PrincipalKind,
    /// It can do no more than this role, whoever it acts for.
    pub role: Role,
    /// Narrows the role; absent means all that the role holds, today and later.
    #[serde(default)]
    pub permissions: Option<Vec<Permission>>,
    pub proof: Proof,
    /// Where answers may go, exactly; empty for a program that acts for itself.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// The person who registers it.
    #[serde(skip)]
    pub owner_id: Option<String>,
}

impl NewClient {
    /// Refuses what makes no sense; everything at once.
    fn check(&self) -> std::result::Result<(), Refusal> {
        let mut errors = Vec::new();
        let mut note = |pointer: &str, code: &str, message: &str| {
            errors.push(FieldError {
                pointer: pointer.to_owned(),
                code: code.to_owned(),
                message: message.to_owned(),
            });
        };
        let letters = self.name.trim().chars().count();
        if letters == 0 || letters > MAX_LABEL_LENGTH || self.name.chars().any(char::is_control) {
            note(
                "/name",
                "label-length",
                "a name has 1 to 120 letters on one line",
            );
        }
        if ![PrincipalKind::Agent, PrincipalKind::Service].contains(&self.kind) {
            note(
                "/kind",
                "kind-reserved",
                "a client is an agent or a service",
            );
        }
        let role = self.role.permissions();
        if self.kind == PrincipalKind::Agent
            && !role.without(Role::AiAgent.permissions()).is_empty()
        {
            note(
                "/role",
                "role-too-wide",
                "an agent holds the role ai-agent or less",
            );
        }
        let wanted: PermissionSet = self.permissions.iter().flatten().copied().collect();
        if !wanted.without(role).is_empty() {
            note(
                "/permissions",
                "permissions-beyond-role",
                "permissions narrow a role and cannot add to it",
            );
        }
        if self.redirect_uris.is_empty() && self.proof == Proof::None {
            note(
                "/proof",
                "proof-missing",
                "a program that acts for itself has a secret; one that acts for people names its redirect_uris",
            );
        }
        errors.extend(self.uri_errors());
        if errors.is_empty() {
            return Ok(());
        }
        Err(Refusal {
            errors,
            ..Refusal::invalid(
                "validation-failed",
                "the client cannot be registered as asked; see errors",
            )
        })
    }

    fn uri_errors(&self) -> Vec<FieldError> {
        if self.redirect_uris.len() > redirects::MAX_URIS {
            let many = Refusal::field(
                "/redirect_uris",
                "redirect-uri-invalid",
                "at most 10 addresses",
            );
            return many.errors;
        }
        let checked = self.redirect_uris.iter().map(|uri| redirects::check(uri));
        checked
            .filter_map(std::result::Result::err)
            .flat_map(|refusal| refusal.errors)
            .collect()
    }
}

/// A registered client, without its secret.
#[derive(Clone, Debug, Serialize)]
pub struct Client {
    pub tenant_id: TenantId,
    pub client_id: String,
    pub name: String,
    pub kind: PrincipalKind,
    pub role: Role,
    /// What it may do for itself: no more than its owner.
    pub permissions: PermissionSet,
    /// What it may do for people: its role, less whatever it was narrowed by.
    #[serde(skip)]
    pub at_most: PermissionSet,
    pub proof: Proof,
    pub redirect_uris: Vec<String>,
    pub owner_id: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub revoked_at: Option<OffsetDateTime>,
    #[serde(skip)]
    secret_hash: Option<TokenHash>,
    /// Whether its owner, if it has one, is still here.
    #[serde(skip)]
    owner_is_gone: bool,
}

impl Client {
    /// Whether it may ask for anything. A program that acts for itself ends with whoever registered it.
    pub fn is_good(&self) -> bool {
        self.revoked_at.is_none() && !(self.acts_for_itself() && self.owner_is_gone)
    }

    /// Whether it acts for itself rather than for people.
    pub fn acts_for_itself(&self) -> bool {
        self.redirect_uris.is_empty()
    }

    /// Whether this proves that it is this client. A public one proves nothing by a secret.
    pub fn is_proven_by(&self, secret: Option<&str>) -> bool {
        match (&self.secret_hash, secret) {
            (Some(hash), Some(secret)) => {
                Token::parse(secret).is_some_and(|secret| bool::from(secret.hash().ct_eq(hash)))
            }
            (None, secret) => secret.is_none_or(str::is_empty),
            (Some(_), None) => false,
        }
    }

    /// The actor of what it does for itself.
    pub fn principal_id(&self) -> String {
        format!("{}:{}", self.kind.as_str(), self.client_id)
    }
}

const COUNT: &str =
    "select count(*) from oauth_clients where tenant_id = $1 and revoked_at is null";
const INSERT: &str = "
    insert into oauth_clients (tenant_id, client_id, name, kind, role, permissions, secret_hash, redirect_uris, owner_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Registers a client; answers it, with its secret if it has one. Refused with 422 by field, 409 `clients-too-many`.
pub async fn register(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    new: &NewClient,
) -> Result<(Client, Option<Token>)> {
    new.check()?;
    let registered: i64 = client
        .query_one(COUNT, &[&tenant_id.as_str()])
        .await?
        .try_get(0)?;
    if registered >= MAX_CLIENTS {
        let detail =
            format!("a tenant has at most {MAX_CLIENTS} clients; end one that is not used");
        return Err(Refusal::conflict("clients-too-many", detail).into());
    }
    let secret = match new.proof {
        Proof::Secret => Some(Token::generate()?),
        Proof::None => None,
    };
    let hash = secret.as_ref().map(Token::hash);
    let names: Option<Vec<&str>> = new
        .permissions
        .as_ref()
        .map(|list| list.iter().map(|permission| permission.as_str()).collect());
    let client_id = Uuid::now_v7().to_string();
    client
        .execute(
            INSERT,
            &[
                &tenant_id.as_str(),
                &client_id,
                &new.name.trim(),
                &new.kind.as_str(),
                &new.role.as_str(),
                &names,
                &hash.as_ref().map(|hash| hash.as_slice()),
                &new.redirect_uris,
                &new.owner_id,
            ],
        )
        .await?;
    let made = find(client, &client_id).await?;
    let made = made.ok_or_else(|| Error::internal("a client was registered and is not there"))?;
    Ok((made, secret))
}

const FIND: &str = "
    select c.tenant_id, c.client_id, c.name, c.kind, c.role, c.permissions, c.secret_hash, c.redirect_uris, c.owner_id,
        c.created_at, c.revoked_at, o.role as owner_role, o.permissions as owner_permissions,
        o.is_operator as owner_is_operator, o.standing as owner_standing
    from oauth_clients c
    left join people o on o.tenant_id = c.tenant_id and o.person_id = c.owner_id
    where c.client_id = $1";

/// The client with this id, whichever tenant's it is; revoked ones too.
pub async fn find(client: &impl GenericClient, client_id: &str) -> Result<Option<Client>> {
    let statement = client.prepare_cached(FIND).await?;
    let row = client.query_opt(&statement, &[&client_id]).await?;
    row.as_ref().map(from_row).transpose()
}

const LIST: &str = "
    select c.tenant_id, c.client_id, c.name, c.kind, c.role, c.permissions, c.secret_hash, c.redirect_uris, c.owner_id,
        c.created_at, c.revoked_at, o.role as owner_role, o.permissions as owner_permissions,
        o.is_operator as owner_is_operator, o.standing as owner_standing
    from oauth_clients c
    left join people o on o.tenant_id = c.tenant_id and o.person_id = c.owner_id
    where c.tenant_id = $1
    order by (c.revoked_at is not null), c.client_id desc
    limit $2";

/// The tenant's clients, the newest first and revoked ones last.
pub async fn list(pool: &Pool, tenant_id: &TenantId) -> Result<Vec<Client>> {
    let client = pool.get().await?;
    let rows = client
        .query(LIST, &[&tenant_id.as_str(), &MAX_CLIENTS])
        .await?;
    rows.iter().map(from_row).collect()
}

const REVOKE: &str = "
    update oauth_clients set revoked_at = coalesce(revoked_at, clock_timestamp())
    where tenant_id = $1 and client_id = $2";

/// Ends a client, and with it all that was granted to it; safe to repeat. Refused with 404 `client-not-found`.
pub async fn revoke(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    client_id: &str,
) -> Result<Client> {
    let ended = client
        .execute(REVOKE, &[&tenant_id.as_str(), &client_id])
        .await?;
    let found = match ended {
        0 => None,
        _ => find(client, client_id).await?,
    };
    found.ok_or_else(|| {
        Refusal::not_found("client-not-found", "the tenant has no such client").into()
    })
}

/// The refusal of a client that is none, or not good any more.
pub fn unknown() -> Refusal {
    let detail = "this client is not known here, or was ended";
    Refusal::new(Kind::Unauthenticated, "client-unknown", detail)
}

pub(crate) fn kind_of(name: &str) -> Result<PrincipalKind> {
    PrincipalKind::parse(name)
        .ok_or_else(|| Error::internal(format!("a client of unknown kind {name}")))
}

pub(crate) fn role_of(name: &str) -> Result<Role> {
    Role::parse(name).ok_or_else(|| Error::internal(format!("a client of unknown role {name}")))
}

/// A set as it is stored; a name that is no longer a permission grants nothing.
pub(crate) fn narrowing(names: Option<Vec<String>>) -> PermissionSet {
    names.map_or(PermissionSet::all(), |names| {
        let known = names.iter().filter_map(|name| Permission::parse(name));
        known.collect()
    })
}

fn from_row(row: &Row) -> Result<Client> {
    let role = role_of(row.try_get("role")?)?;
    let owner = match row.try_get::<_, Option<&str>>("owner_role")? {
        Some(name) => Rights {
            role: role_of(name)?,
            narrowed: narrowing(row.try_get("owner_permissions")?),
            is_operator: row.try_get("owner_is_operator")?,
        }
        .permissions(),
        None => PermissionSet::all(),
    };
    let owner_id: Option<String> = row.try_get("owner_id")?;
    let standing: Option<&str> = row.try_get("owner_standing")?;
    let secret_hash: Option<&[u8]> = row.try_get("secret_hash")?;
    let secret_hash = secret_hash.and_then(|hash| TokenHash::try_from(hash).ok());
    let narrowed = narrowing(row.try_get("permissions")?);
    let at_most = role.permissions().intersection(narrowed);
    Ok(Client {
        tenant_id: TenantId::new(row.try_get::<_, String>("tenant_id")?),
        client_id: row.try_get("client_id")?,
        name: row.try_get("name")?,
        kind: kind_of(row.try_get("kind")?)?,
        role,
        permissions: at_most.intersection(owner),
        at_most,
        proof: secret_hash.map_or(Proof::None, |_| Proof::Secret),
        redirect_uris: row.try_get("redirect_uris")?,
        owner_is_gone: owner_id.is_some() && standing != Some(Standing::Active.as_str()),
        owner_id,
        created_at: row.try_get("created_at")?,
        revoked_at: row.try_get("revoked_at")?,
        secret_hash,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_with_a_new_client_is_said_at_once() {
        let new = NewClient {
            name: " ".to_owned(),
            kind: PrincipalKind::Agent,
            role: Role::Owner,
            permissions: Some(vec![Permission::TenantsCreate]),
            proof: Proof::None,
            redirect_uris: Vec::new(),
            owner_id: None,
        };
        let refusal = new.check().unwrap_err();
        let pointers = refusal.errors.iter().map(|error| error.pointer.as_str());
        assert_eq!(
            pointers.collect::<Vec<_>>(),
            ["/name", "/role", "/permissions", "/proof"]
        );
        let good = NewClient {
            name: "Assistant".to_owned(),
            role: Role::AiAgent,
            permissions: None,
            redirect_uris: vec!["https://app.example/callback".to_owned()],
            ..new
        };
        assert_eq!(good.check(), Ok(()));
    }
}
