//! The first person of an installation: comes in by a link that the server prints, and owns the tenant and the installation.

use domain::ids::TenantId;
use event_store::Result;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::sign_in::SignedIn;
use super::{Accounts, Newcomer, check_email, check_name, note_own};
use crate::links::{self, Purpose};
use crate::passwords::Password;
use crate::people::{self, Field, Rights, Standing};
use crate::roles::Role;
use crate::tokens::Token;
use crate::{acts, second_factors, stored_factors};

/// Who sets up.
pub struct SetUp {
    pub token: String,
    pub email: String,
    pub name: String,
    pub password: String,
}

impl Accounts {
    /// A link that makes an owner, good once and for fifteen minutes; earlier ones end.
    pub async fn make_set_up_link(
        &self,
        by: &str,
        now: OffsetDateTime,
    ) -> Result<(Token, OffsetDateTime)> {
        let installation = acts::installation();
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        let made = links::create(&tx, (&installation, None), Purpose::SetUp, now).await?;
        super::note(
            &tx,
            (&installation, by),
            "make-set-up-link",
            ("installation", &json!({})),
        )
        .await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Whether nobody lives here yet.
    pub async fn is_fresh(&self) -> Result<bool> {
        let client = self.store.pools.engine.get().await?;
        Ok(!people::has_anybody(&client).await?)
    }

    /// Refused with 422 `link-invalid` unless such a link could be taken now, or as everything about the person is.
    pub async fn check_set_up(&self, set_up: &SetUp) -> Result<()> {
        let email = check_email(&set_up.email)?;
        check_name(&set_up.name)?;
        Password::chosen(set_up.password.clone(), email.as_str(), "/password")?;
        let client = self.store.pools.engine.get().await?;
        links::check(&client, &set_up.token, Purpose::SetUp).await
    }

    /// Takes the link: the person owns this tenant, is an operator of the installation, and is signed in.
    pub async fn set_up(
        &self,
        tenant_id: &TenantId,
        set_up: SetUp,
        (agent, now): (Option<&str>, OffsetDateTime),
    ) -> Result<SignedIn> {
        let (email, name) = (check_email(&set_up.email)?, check_name(&set_up.name)?);
        let password = Password::chosen(set_up.password, email.as_str(), "/password")?;
        let hash = self.passwords.hash(&password).await?;
        let person_id = Uuid::now_v7().to_string();
        let newcomer = Newcomer {
            tenant_id,
            person_id: &person_id,
            email: &email,
            name,
            rights: Rights {
                is_operator: true,
                ..Rights::of(Role::Owner)
            },
            standing: Standing::Active,
        };
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        links::redeem(&tx, &set_up.token, Purpose::SetUp).await?;
        self.write_down(&tx, &newcomer).await?;
        people::set_password(&tx, tenant_id, &person_id, &hash).await?;
        note_own(
            &tx,
            (tenant_id, &person_id),
            "set-up",
            &json!({ "role": Role::Owner }),
        )
        .await?;
        tx.commit().await?;
        let person = people::find(&client, tenant_id, &person_id).await?;
        drop(client);
        self.begin(&person, agent, now).await
    }

    /// Makes somebody who is enrolled already, for the demo and for tests. Safe to repeat: an account that is there stays
    /// as it is.
    pub async fn enter(
        &self,
        tenant_id: &TenantId,
        (email, name, rights): (&str, &str, Rights),
        (password, totp_secret): (&str, Option<&str>),
    ) -> Result<String> {
        let (email, name) = (check_email(email)?, check_name(name)?);
        let index = self
            .installation
            .email_index(&self.store, email.as_str())
            .await?;
        let mut client = self.store.pools.engine.get().await?;
        let known = people::find_by_email(&client, &index).await?;
        if let Some((person, _)) = known
            .iter()
            .find(|(person, _)| person.tenant_id == *tenant_id)
        {
            return Ok(person.person_id.clone());
        }
        let hash = self
            .passwords
            .hash(&Password::typed(password.to_owned())?)
            .await?;
        let person_id = Uuid::now_v7().to_string();
        let newcomer = Newcomer {
            tenant_id,
            person_id: &person_id,
            email: &email,
            name,
            rights,
            standing: Standing::Active,
        };
        let tx = client.transaction().await?;
        let key = self.write_down(&tx, &newcomer).await?;
        people::set_password(&tx, tenant_id, &person_id, &hash).await?;
        if let Some(secret) = totp_secret {
            // One that does not work is found out now.
            second_factors::code_at(secret, OffsetDateTime::UNIX_EPOCH)?;
            let sealed = Field::Totp.seal(&key, secret)?;
            stored_factors::enrol(&tx, (tenant_id, &person_id), (&sealed, 0)).await?;
        }
        tx.commit().await?;
        Ok(person_id)
    }
}
