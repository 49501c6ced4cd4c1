//! People who sign in: one row for each e-mail address of a tenant. Names and addresses are sealed under the person's own
//! key; an address is found by its keyed hash.

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use domain::sealed::Sealed;
use event_store::Result;
use event_store::error::Error;
use event_store::vault::SubjectKey;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::permission_sets::Given;
use crate::permissions::{Permission, PermissionSet};
use crate::roles::{GUARDED, Role};

/// How many tenants one address may belong to.
pub const MAX_MEMBERSHIPS: i64 = 8;
/// People shown by one listing.
pub const MAX_LISTED_PEOPLE: i64 = 1_000;
/// What a person's fields are sealed for.
const SEALED_AS: &str = "Person";

/// Whether somebody may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Has a letter, and no password yet.
    Invited,
    Active,
    /// May not sign in any more.
    Deactivated,
}

impl Standing {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Deactivated => "deactivated",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Invited, Self::Active, Self::Deactivated]
            .into_iter()
            .find(|standing| standing.as_str() == name)
    }
}

/// A field of a person's that is sealed.
#[derive(Clone, Copy, Debug)]
pub enum Field {
    Email,
    Name,
    Totp,
}

impl Field {
    const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Name => "name",
            Self::Totp => "totp",
        }
    }

    pub fn seal(self, key: &SubjectKey, plain: &str) -> Result<String> {
        Ok(key.seal(SEALED_AS, self.name(), plain)?.as_str().to_owned())
    }

    /// `None` when the key is not this person's.
    pub fn open(self, key: &SubjectKey, sealed: &str) -> Option<String> {
        key.open(self.name(), &Sealed::new(sealed.to_owned()))
    }
}

/// What somebody may do: a role, perhaps narrowed, and perhaps an operator's rights besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    pub role: Role,
    /// No more of the role than these.
    pub narrowed: PermissionSet,
    pub is_operator: bool,
}

impl Rights {
    pub fn of(role: Role) -> Self {
        Self {
            role,
            narrowed: PermissionSet::all(),
            is_operator: false,
        }
    }

    pub fn permissions(self) -> PermissionSet {
        let own = self.role.permissions().intersection(self.narrowed);
        match self.is_operator {
            true => own.union(Role::Operator.permissions()),
            false => own,
        }
    }

    /// Whether some of it needs a second factor.
    pub fn are_guarded(self) -> bool {
        !self.permissions().intersection(GUARDED).is_empty()
    }
}

/// Somebody, as stored: names and addresses sealed, secrets left out.
#[derive(Clone, Debug)]
pub struct Person {
    pub tenant_id: TenantId,
    pub person_id: String,
    pub email: String,
    pub name: String,
    pub rights: Rights,
    /// The tenant's own set of permissions, if that is what they were given.
    pub permission_set: Option<String>,
    pub standing: Standing,
    pub is_enrolled: bool,
    pub created_at: OffsetDateTime,
    pub signed_in_at: Option<OffsetDateTime>,
}

/// What signs somebody in; it never leaves this crate.
pub(crate) struct Secrets {
    pub password_hash: Option<String>,
    pub totp_secret: Option<String>,
    pub totp_pending: Option<String>,
    pub totp_step: i64,
    pub is_locked: bool,
}

const FIND_BY_EMAIL: &str = "
    select tenant_id, person_id, email, name, role, permissions, permission_set, is_operator, standing,
        totp_secret is not null as is_enrolled, created_at, signed_in_at, password_hash, totp_secret, totp_pending, totp_step,
        totp_locked_until > clock_timestamp() as is_locked
    from people where email_index = $1 order by signed_in_at desc nulls last, tenant_id limit $2";

/// Everybody with this address, in whatever tenant; whoever signed in last comes first.
pub(crate) async fn find_by_email(
    client: &impl GenericClient,
    email_index: &str,
) -> Result<Vec<(Person, Secrets)>> {
    let statement = client.prepare_cached(FIND_BY_EMAIL).await?;
    let rows = client
        .query(&statement, &[&email_index, &MAX_MEMBERSHIPS])
        .await?;
    rows.iter()
        .map(|row| Ok((from_row(row)?, secrets_of(row)?)))
        .collect()
}

const FIND_FOR_CHANGE: &str = "
    select tenant_id, person_id, email, name, role, permissions, permission_set, is_operator, standing,
        totp_secret is not null as is_enrolled, created_at, signed_in_at, password_hash, totp_secret, totp_pending, totp_step,
        totp_locked_until > clock_timestamp() as is_locked
    from people where tenant_id = $1 and person_id = $2 for update";

/// One person, held until the transaction ends. Refused with 404 `person-not-found`.
pub(crate) async fn find_for_change(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    person_id: &str,
) -> Result<(Person, Secrets)> {
    let statement = client.prepare_cached(FIND_FOR_CHANGE).await?;
    match client
        .query_opt(&statement, &[&tenant_id.as_str(), &person_id])
        .await?
    {
        Some(row) => Ok((from_row(&row)?, secrets_of(&row)?)),
        None => Err(unknown().into()),
    }
}

const FIND: &str = "
    select tenant_id, person_id, email, name, role, permissions, permission_set, is_operator, standing,
        totp_secret is not null as is_enrolled, created_at, signed_in_at
    from people where tenant_id = $1 and person_id = $2";

/// One person. Refused with 404 `person-not-found`.
pub async fn find(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    person_id: &str,
) -> Result<Person> {
    let statement = client.prepare_cached(FIND).await?;
    match client
        .query_opt(&statement, &[&tenant_id.as_str(), &person_id])
        .await?
    {
        Some(row) => from_row(&row),
        None => Err(unknown().into()),
    }
}

const LIST: &str = "
    select tenant_id, person_id, email, name, role, permissions, permission_set, is_operator, standing,
        totp_secret is not null as is_enrolled, created_at, signed_in_at
    from people where tenant_id = $1 order by person_id limit $2";

/// The tenant's people in the order of their arrival, `MAX_LISTED_PEOPLE` at most.
pub async fn list(client: &impl GenericClient, tenant_id: &TenantId) -> Result<Vec<Person>> {
    let statement = client.prepare_cached(LIST).await?;
    let rows = client
        .query(&statement, &[&tenant_id.as_str(), &MAX_LISTED_PEOPLE])
        .await?;
    rows.iter().map(from_row).collect()
}

/// Somebody new, with the key that their fields are sealed under.
pub(crate) struct NewPerson<'a> {
    pub tenant_id: &'a TenantId,
    pub person_id: &'a str,
    pub wrapped_key: &'a [u8],
    pub email_index: &'a str,
    pub email: &'a str,
    pub name: &'a str,
    pub rights: Rights,
    pub standing: Standing,
}

const INSERT: &str = "
    with key as (
        insert into subject_keys (tenant_id, subject_id, wrapped_key)
        select $1::text, $2::text, $3::bytea
        where not exists (select from people where tenant_id = $1 and email_index = $4))
    insert into people (tenant_id, person_id, email_index, email, name, role, is_operator, standing)
    values ($1, $2, $4, $5, $6, $7, $8, $9)
    on conflict (tenant_id, email_index) do nothing";

/// Writes somebody down. Refused with 409 `person-exists` when the tenant knows the address.
pub(crate) async fn insert(client: &impl GenericClient, new: &NewPerson<'_>) -> Result<()> {
    let statement = client.prepare_cached(INSERT).await?;
    let inserted = client
        .execute(
            &statement,
            &[
                &new.tenant_id.as_str(),
                &new.person_id,
                &new.wrapped_key,
                &new.email_index,
                &new.email,
                &new.name,
                &new.rights.role.as_str(),
                &new.rights.is_operator,
                &new.standing.as_str(),
            ],
        )
        .await?;
    match inserted {
        0 => Err(Refusal::conflict(
            "person-exists",
            "somebody with this address is here already",
        )
        .into()),
        _ => Ok(()),
    }
}

const LIST_OWNERS: &str = "
    select person_id from people where tenant_id = $1 and role = 'owner' and standing = 'active' order by person_id limit $2";

/// Everybody who owns the tenant and may sign in.
pub(crate) async fn list_owners(
    client: &impl GenericClient,
    tenant_id: &TenantId,
) -> Result<Vec<String>> {
    let statement = client.prepare_cached(LIST_OWNERS).await?;
    let rows = client
        .query(&statement, &[&tenant_id.as_str(), &MAX_LISTED_PEOPLE])
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

const SET_ROLE: &str = "
    update people set role = $3, permissions = $4, permission_set = $5 where tenant_id = $1 and person_id = $2";

/// Gives somebody a role, or a set within one, in the place of what they had.
pub(crate) async fn set_role(
    client: &impl GenericClient,
    (tenant_id, person_id): (&TenantId, &str),
    given: &Given,
) -> Result<()> {
    let (role, set) = (given.rights().role.as_str(), given.set());
    let permissions = set.map(|set| set.permissions.names());
    let set_name = set.map(|set| set.name.as_str());
    let statement = client.prepare_cached(SET_ROLE).await?;
    client
        .execute(
            &statement,
            &[
                &tenant_id.as_str(),
                &person_id,
                &role,
                &permissions,
                &set_name,
            ],
        )
        .await?;
    Ok(())
}

const SET_STANDING: &str =
    "update people set standing = $3 where tenant_id = $1 and person_id = $2";

pub(crate) async fn set_standing(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    person_id: &str,
    standing: Standing,
) -> Result<()> {
    let statement = client.prepare_cached(SET_STANDING).await?;
    client
        .execute(
            &statement,
            &[&tenant_id.as_str(), &person_id, &standing.as_str()],
        )
        .await?;
    Ok(())
}

const SET_PASSWORD: &str = "
    update people set password_hash = $3, standing = 'active' where tenant_id = $1 and person_id = $2 and standing <> 'deactivated'";

/// Whoever has a password is active.
pub(crate) async fn set_password(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    person_id: &str,
    password_hash: &str,
) -> Result<()> {
    let statement = client.prepare_cached(SET_PASSWORD).await?;
    client
        .execute(
            &statement,
            &[&tenant_id.as_str(), &person_id, &password_hash],
        )
        .await?;
    Ok(())
}

const SET_NAME: &str = "update people set name = $3 where tenant_id = $1 and person_id = $2";

pub(crate) async fn set_name(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    person_id: &str,
    name: &str,
) -> Result<()> {
    let statement = client.prepare_cached(SET_NAME).await?;
    client
        .execute(&statement, &[&tenant_id.as_str(), &person_id, &name])
        .await?;
    Ok(())
}

const NOTE_SIGN_IN: &str =
    "update people set signed_in_at = clock_timestamp() where tenant_id = $1 and person_id = $2";

pub(crate) async fn note_sign_in(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    person_id: &str,
) -> Result<()> {
    let statement = client.prepare_cached(NOTE_SIGN_IN).await?;
    client
        .execute(&statement, &[&tenant_id.as_str(), &person_id])
        .await?;
    Ok(())
}

const COUNT_OWNERS: &str = "
    select count(*) from people where tenant_id = $1 and role = 'owner' and standing = 'active' and person_id <> $2";

/// How many active owners there are besides this person.
pub(crate) async fn count_other_owners(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    person_id: &str,
) -> Result<i64> {
    let statement = client.prepare_cached(COUNT_OWNERS).await?;
    Ok(client
        .query_one(&statement, &[&tenant_id.as_str(), &person_id])
        .await?
        .get(0))
}

const HAS_ANYBODY: &str = "select exists (select from people) or exists (select from tenants)";

/// Whether somebody lives in this installation already.
pub async fn has_anybody(client: &impl GenericClient) -> Result<bool> {
    Ok(client.query_one(HAS_ANYBODY, &[]).await?.get(0))
}

pub(crate) fn unknown() -> Refusal {
    Refusal::not_found("person-not-found", "the tenant has no such person")
}

fn secrets_of(row: &Row) -> Result<Secrets> {
    Ok(Secrets {
        password_hash: row.try_get("password_hash")?,
        totp_secret: row.try_get("totp_secret")?,
        totp_pending: row.try_get("totp_pending")?,
        totp_step: row.try_get("totp_step")?,
        is_locked: row.try_get("is_locked")?,
    })
}

fn from_row(row: &Row) -> Result<Person> {
    let standing: &str = row.try_get("standing")?;
    let standing = Standing::parse(standing)
        .ok_or_else(|| Error::internal(format!("a person of unknown standing {standing}")))?;
    Ok(Person {
        tenant_id: TenantId::new(row.try_get::<_, String>("tenant_id")?),
        person_id: row.try_get("person_id")?,
        email: row.try_get("email")?,
        name: row.try_get("name")?,
        rights: rights_of(row)?,
        permission_set: row.try_get("permission_set")?,
        standing,
        is_enrolled: row.try_get("is_enrolled")?,
        created_at: row.try_get("created_at")?,
        signed_in_at: row.try_get("signed_in_at")?,
    })
}

/// From the columns `role`, `permissions` and `is_operator`.
pub(crate) fn rights_of(row: &Row) -> Result<Rights> {
    let role: &str = row.try_get("role")?;
    let role = Role::parse(role)
        .ok_or_else(|| Error::internal(format!("a person of unknown role {role}")))?;
    let narrowed: Option<Vec<String>> = row.try_get("permissions")?;
    let narrowed = match narrowed {
        Some(names) => names
            .iter()
            .filter_map(|name| Permission::parse(name))
            .collect(),
        None => PermissionSet::all(),
    };
    Ok(Rights {
        role,
        narrowed,
        is_operator: row.try_get("is_operator")?,
    })
}
