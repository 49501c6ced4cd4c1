//! Inviting people, and coming in by an invitation.

use domain::effects::AccountLetter;
use domain::refusal::Refusal;
use event_store::Result;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::sign_in::SignedIn;
use super::{Accounts, Newcomer, check_email, check_name, note, note_own, read};
use crate::letters::{self, Letter};
use crate::links::{self, Purpose};
use crate::passwords::Password;
use crate::people::{self, Field, Standing};
use crate::permission_sets;
use crate::permissions::PermissionSet;
use crate::principals::Principal;

/// Somebody who has a letter now.
#[derive(Debug)]
pub struct Invited {
    pub person_id: String,
    /// Of the link.
    pub expires_at: OffsetDateTime,
}

impl Accounts {
    /// Writes somebody down and sends them a letter. Whoever was invited before and has not come gets another letter and
    /// this role. Refused with 403 `role-beyond-own`, 409 `person-exists`, 422 by field,
    /// `role-unknown` among them.
    pub async fn invite(
        &self,
        by: &Principal,
        (email, name, role): (&str, &str, &str),
        now: OffsetDateTime,
    ) -> Result<Invited> {
        let (email, name) = (check_email(email)?, check_name(name)?);
        let tenant_id = &by.tenant_id;
        let index = self
            .installation
            .email_index(&self.store, email.as_str())
            .await?;
        let mut client = self.store.pools.engine.get().await?;
        let given = permission_sets::find(&client, tenant_id, role).await?;
        may_give(by, given.rights().permissions())?;
        let tx = client.transaction().await?;
        let known = people::find_by_email(&tx, &index).await?;
        let here = known
            .into_iter()
            .map(|(person, _)| person)
            .find(|person| person.tenant_id == *tenant_id);
        let person_id = match here {
            Some(person) if person.standing == Standing::Invited => {
                may_give(by, person.rights.permissions())?;
                people::set_role(&tx, (tenant_id, &person.person_id), &given).await?;
                person.person_id
            }
            _ => {
                let person_id = Uuid::now_v7().to_string();
                let newcomer = Newcomer {
                    tenant_id,
                    person_id: &person_id,
                    email: &email,
                    name,
                    rights: given.rights(),
                    standing: Standing::Invited,
                };
                self.write_down(&tx, &newcomer).await?;
                self.give(&tx, (tenant_id, &person_id), &given).await?;
                person_id
            }
        };
        let (token, expires_at) =
            links::create(&tx, (tenant_id, Some(&person_id)), Purpose::Invitation, now).await?;
        let letter = Letter {
            kind: AccountLetter::Invitation,
            tenant_id,
            person_id: &person_id,
            token: &token,
            expires_at,
        };
        letters::queue(&self.store, &tx, &letter).await?;
        note(
            &tx,
            (tenant_id, &by.id),
            "invite-person",
            (&person_id, &json!({ "role": given.name() })),
        )
        .await?;
        tx.commit().await?;
        Ok(Invited {
            person_id,
            expires_at,
        })
    }

    /// Takes the link of an invitation: the person has a password from then on, and is signed in. Refused with 422
    /// `link-invalid`, `name-invalid`, or as `Password::chosen`.
    pub async fn accept_invitation(
        &self,
        token: &str,
        (name, password): (Option<&str>, String),
        (agent, now): (Option<&str>, OffsetDateTime),
    ) -> Result<SignedIn> {
        let name = name.map(check_name).transpose()?;
        let mut client = self.store.pools.engine.get().await?;
        links::check(&client, token, Purpose::Invitation).await?;
        let tx = client.transaction().await?;
        let (tenant_id, person_id) = links::redeem(&tx, token, Purpose::Invitation).await?;
        let person_id = person_id.ok_or_else(people::unknown)?;
        let who = (&tenant_id, person_id.as_str());
        let person = people::find(&tx, who.0, who.1).await?;
        if person.standing != Standing::Invited {
            return Err(
                Refusal::conflict("person-deactivated", "this invitation was taken back").into(),
            );
        }
        let key = self.key_of(who.0, who.1).await?;
        let card = read(person, Some(&key));
        let password = Password::chosen(password, &card.email, "/password")?;
        let hash = self.passwords.hash(&password).await?;
        people::set_password(&tx, who.0, who.1, &hash).await?;
        if let Some(name) = name {
            people::set_name(&tx, who.0, who.1, &Field::Name.seal(&key, name)?).await?;
        }
        note_own(&tx, who, "accept-invitation", &json!({})).await?;
        tx.commit().await?;
        drop(client);
        self.begin(&card.person, agent, now).await
    }
}

/// Nobody gives, or takes, more than they have. Refused with 403 `role-beyond-own`.
pub(super) fn may_give(by: &Principal, rights: PermissionSet) -> Result<()> {
    let missing = rights.without(by.permissions);
    if missing.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "this role holds what you do not: {}",
        missing.names().join(", ")
    );
    Err(Refusal::forbidden("role-beyond-own", detail).into())
}
