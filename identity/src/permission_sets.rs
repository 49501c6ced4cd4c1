//! Sets of permissions that a tenant has named itself, each within one of the roles: `front-desk` may be a `staff` that
//! cancels nothing. Whoever holds one has its permissions in their own row, so that no request looks it up.

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::error::Error;
use serde::Serialize;
use tokio_postgres::Row;

use crate::people::Rights;
use crate::permissions::{Permission, PermissionSet};
use crate::roles::Role;

/// Sets of one tenant.
pub const MAX_SETS: i64 = 50;
/// Letters of a name.
pub const MAX_NAME_LENGTH: usize = 40;

/// One set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamedSet {
    pub name: String,
    /// The role that it is within.
    pub role: Role,
    pub permissions: PermissionSet,
}

/// What somebody is given: a role, or a set within one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    Role(Role),
    Set(NamedSet),
}

impl Given {
    pub fn name(&self) -> &str {
        match self {
            Self::Role(role) => role.as_str(),
            Self::Set(set) => &set.name,
        }
    }

    pub fn rights(&self) -> Rights {
        match self {
            Self::Role(role) => Rights::of(*role),
            Self::Set(set) => Rights {
                narrowed: set.permissions,
                ..Rights::of(set.role)
            },
        }
    }

    pub(crate) fn set(&self) -> Option<&NamedSet> {
        match self {
            Self::Role(_) => None,
            Self::Set(set) => Some(set),
        }
    }
}

impl NamedSet {
    /// Refuses what makes no sense, or holds more than its role, with 422 by field.
    pub fn check(&self) -> std::result::Result<(), Refusal> {
        let fits =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        let is_named = !self.name.is_empty()
            && self.name.len() <= MAX_NAME_LENGTH
            && self.name.chars().all(fits)
            && !self.name.starts_with('-')
            && !self.name.ends_with('-');
        if !is_named || Role::parse(&self.name).is_some() {
            let message = format!(
                "a name is 1 to {MAX_NAME_LENGTH} lower-case letters, digits and inner dashes, and no role's"
            );
            return Err(Refusal::field("/name", "name-invalid", message));
        }
        if !Role::of_people().contains(&self.role) {
            let message = "a set lies within a role that a person can hold";
            return Err(Refusal::field("/role", "role-unknown", message));
        }
        let beyond = self.permissions.without(self.role.permissions());
        if !beyond.is_empty() {
            let message = format!("{} does not hold {}", self.role, beyond.names().join(", "));
            return Err(Refusal::field(
                "/permissions",
                "permissions-beyond-role",
                message,
            ));
        }
        Ok(())
    }
}

const LIST: &str = "select name, role, permissions from permission_sets where tenant_id = $1 order by name limit $2";

/// The tenant's sets, by name.
pub async fn list(client: &impl GenericClient, tenant_id: &TenantId) -> Result<Vec<NamedSet>> {
    let statement = client.prepare_cached(LIST).await?;
    let rows = client
        .query(&statement, &[&tenant_id.as_str(), &MAX_SETS])
        .await?;
    rows.iter().map(from_row).collect()
}

/// What this name stands for. Refused with 422 `role-unknown`, which lists what there is.
pub async fn find(client: &impl GenericClient, tenant_id: &TenantId, name: &str) -> Result<Given> {
    let roles = Role::of_people();
    if let Some(role) = roles.iter().find(|role| role.as_str() == name) {
        return Ok(Given::Role(*role));
    }
    let sets = list(client, tenant_id).await?;
    if let Some(set) = sets.iter().find(|set| set.name == name) {
        return Ok(Given::Set(set.clone()));
    }
    let roles = roles.iter().map(|role| role.as_str());
    let names: Vec<&str> = roles
        .chain(sets.iter().map(|set| set.name.as_str()))
        .collect();
    let message = format!("a person's role is one of {}", names.join(", "));
    Err(Refusal::field("/role", "role-unknown", message).into())
}

const PUT: &str = "
    with holders as (
        update people set role = $3, permissions = $4 where tenant_id = $1 and permission_set = $2 returning person_id)
    insert into permission_sets (tenant_id, name, role, permissions)
    select $1, $2, $3, $4
    where (select count(*) from permission_sets where tenant_id = $1 and name <> $2) < $5
    on conflict (tenant_id, name) do update set role = excluded.role, permissions = excluded.permissions";

/// Makes a set, or changes it for all who hold it. Refused with 422 `permission-sets-exhausted`.
pub(crate) async fn put(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    set: &NamedSet,
) -> Result<()> {
    let statement = client.prepare_cached(PUT).await?;
    let names = set.permissions.names();
    let written = client
        .execute(
            &statement,
            &[
                &tenant_id.as_str(),
                &set.name,
                &set.role.as_str(),
                &names,
                &MAX_SETS,
            ],
        )
        .await?;
    if written == 0 {
        let detail = format!("a tenant has at most {MAX_SETS} sets of its own");
        return Err(Refusal::invalid("permission-sets-exhausted", detail).into());
    }
    Ok(())
}

const REMOVE: &str = "
    delete from permission_sets s where s.tenant_id = $1 and s.name = $2
        and not exists (select from people p where p.tenant_id = $1 and p.permission_set = $2 and p.standing <> 'deactivated')";

/// Takes a set away that nobody holds; answers whether it has gone.
pub(crate) async fn remove(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    name: &str,
) -> Result<bool> {
    let statement = client.prepare_cached(REMOVE).await?;
    Ok(client
        .execute(&statement, &[&tenant_id.as_str(), &name])
        .await?
        > 0)
}

fn from_row(row: &Row) -> Result<NamedSet> {
    let role: &str = row.try_get("role")?;
    let names: Vec<String> = row.try_get("permissions")?;
    Ok(NamedSet {
        name: row.try_get("name")?,
        role: Role::parse(role)
            .ok_or_else(|| Error::internal(format!("a set within an unknown role {role}")))?,
        // A name that is no longer a permission grants nothing.
        permissions: names
            .iter()
            .filter_map(|name| Permission::parse(name))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_lies_within_its_role() {
        let set = NamedSet {
            name: "front-desk".to_owned(),
            role: Role::Staff,
            permissions: PermissionSet::of(&[Permission::BookingsRead, Permission::BookingsWrite]),
        };
        assert_eq!(set.check(), Ok(()));
        assert_eq!(
            Given::Set(set.clone()).rights().permissions(),
            set.permissions
        );
        let pointer = |set: NamedSet| set.check().unwrap_err().errors[0].pointer.clone();
        for name in ["", "owner", "Front", "-a", "a b"] {
            let name = name.to_owned();
            assert_eq!(
                pointer(NamedSet {
                    name,
                    ..set.clone()
                }),
                "/name"
            );
        }
        let role = Role::Service;
        assert_eq!(
            pointer(NamedSet {
                role,
                ..set.clone()
            }),
            "/role"
        );
        let permissions = PermissionSet::of(&[Permission::KeysManage]);
        assert_eq!(pointer(NamedSet { permissions, ..set }), "/permissions");
    }
}
