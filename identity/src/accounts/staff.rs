//! The people of a tenant, as those see them who may change their roles.

use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::Result;
use serde_json::json;

use super::invitations::may_give;
use super::{Accounts, Card, note, read};
use crate::oauth::grants;
use crate::people::{self, Standing};
use crate::permission_sets::{self, Given, NamedSet};
use crate::principals::Principal;
use crate::roles::Role;
use crate::{links, sessions};

impl Accounts {
    /// Everybody, in the order of their arrival.
    pub async fn list_people(&self, tenant_id: &TenantId) -> Result<Vec<Card>> {
        let client = self.store.pools.engine.get().await?;
        let people = people::list(&client, tenant_id).await?;
        drop(client);
        let ids: Vec<&str> = people
            .iter()
            .map(|person| person.person_id.as_str())
            .collect();
        let keys = self.store.subject_keys(tenant_id, &ids).await?;
        Ok(people
            .into_iter()
            .map(|person| {
                let key = keys.iter().find(|(id, _)| *id == person.person_id);
                read(person, key.map(|(_, key)| key))
            })
            .collect())
    }

    /// Gives somebody another role, or a set of the tenant's own; it holds at once. Refused with 404 `person-not-found`, 403
    /// `role-beyond-own`, 409 `last-owner`, 422 `role-unknown`.
    pub async fn change_role(&self, by: &Principal, person_id: &str, role: &str) -> Result<()> {
        let tenant_id = &by.tenant_id;
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        let given = permission_sets::find(&tx, tenant_id, role).await?;
        let (person, _) = people::find_for_change(&tx, tenant_id, person_id).await?;
        may_give(by, person.rights.permissions())?;
        may_give(by, given.rights().permissions())?;
        if given != Given::Role(Role::Owner) {
            keep_an_owner(&tx, &person).await?;
        }
        people::set_role(&tx, (tenant_id, person_id), &given).await?;
        let from = person
            .permission_set
            .as_deref()
            .unwrap_or(person.rights.role.as_str());
        let details = json!({ "from": from, "to": given.name() });
        note(
            &tx,
            (tenant_id, &by.id),
            "change-role",
            (person_id, &details),
        )
        .await?;
        tx.commit().await?;
        self.sessions.forget(tenant_id, person_id);
        Ok(())
    }

    /// The tenant's own sets of permissions, by name.
    pub async fn list_sets(&self, tenant_id: &TenantId) -> Result<Vec<NamedSet>> {
        let client = self.store.pools.engine.get().await?;
        permission_sets::list(&client, tenant_id).await
    }

    /// Makes a set of the tenant's own, or changes it for all who hold it; at once in this process. Refused with 403
    /// `role-beyond-own`, 422 by field.
    pub async fn put_set(&self, by: &Principal, set: &NamedSet) -> Result<()> {
        set.check()?;
        may_give(by, set.permissions)?;
        let tenant_id = &by.tenant_id;
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        let earlier = permission_sets::list(&tx, tenant_id).await?;
        if let Some(earlier) = earlier.iter().find(|earlier| earlier.name == set.name) {
            may_give(by, earlier.permissions)?;
        }
        permission_sets::put(&tx, tenant_id, set).await?;
        let details = json!({ "role": set.role, "permissions": set.permissions });
        note(
            &tx,
            (tenant_id, &by.id),
            "define-role",
            (&set.name, &details),
        )
        .await?;
        tx.commit().await?;
        self.sessions.forget_tenant(tenant_id);
        Ok(())
    }

    /// Takes a set away that nobody holds. Refused with 409 `role-held`.
    pub async fn remove_set(&self, by: &Principal, name: &str) -> Result<()> {
        let tenant_id = &by.tenant_id;
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        if !permission_sets::remove(&tx, tenant_id, name).await? {
            let detail = "there is no such set of permissions, or somebody holds it";
            return Err(Refusal::conflict("role-held", detail).into());
        }
        note(&tx, (tenant_id, &by.id), "remove-role", (name, &json!({}))).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Turns somebody away: their sessions, links and keys end. Refused with 404 `person-not-found`, 403
    /// `role-beyond-own`, 409 `last-owner`.
    pub async fn deactivate(&self, by: &Principal, person_id: &str) -> Result<()> {
        let tenant_id = &by.tenant_id;
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        let (person, _) = people::find_for_change(&tx, tenant_id, person_id).await?;
        may_give(by, person.rights.permissions())?;
        keep_an_owner(&tx, &person).await?;
        people::set_standing(&tx, tenant_id, person_id, Standing::Deactivated).await?;
        links::void(&tx, tenant_id, person_id).await?;
        let ended = sessions::revoke_others(&tx, tenant_id, person_id, None).await?;
        grants::revoke_all(&tx, tenant_id, person_id).await?;
        let details = json!({ "sessions_ended": ended });
        note(
            &tx,
            (tenant_id, &by.id),
            "deactivate-person",
            (person_id, &details),
        )
        .await?;
        tx.commit().await?;
        self.sessions.forget(tenant_id, person_id);
        Ok(())
    }
}

/// A tenant that nobody owns could never be given an owner again.
async fn keep_an_owner(
    tx: &deadpool_postgres::Transaction<'_>,
    person: &people::Person,
) -> Result<()> {
    let is_owner = person.rights.role == Role::Owner && person.standing == Standing::Active;
    if is_owner && people::count_other_owners(tx, &person.tenant_id, &person.person_id).await? == 0
    {
        let detail = "this is the last owner; make somebody else an owner first";
        return Err(Refusal::conflict("last-owner", detail).into());
    }
    Ok(())
}
