//! Changing a password that is known, and one that is forgotten.

use domain::effects::AccountLetter;
use domain::refusal::Refusal;
use domain::values::EmailAddress;
use event_store::Result;
use serde_json::json;
use time::OffsetDateTime;

use super::{Accounts, note_own, read, wrong_credentials};
use crate::letters::{self, Letter};
use crate::links::{self, Purpose};
use crate::oauth::grants;
use crate::passwords::Password;
use crate::people::{self, Standing};
use crate::sessions::{self, Session};

impl Accounts {
    /// Puts a new password in the place of the present one, and ends the person's other sessions. Refused with 401
    /// `credentials-wrong`, 422 as `Password::chosen`.
    pub async fn change_password(
        &self,
        session: &Session,
        current: String,
        new: String,
    ) -> Result<()> {
        let who = (&session.tenant_id, session.person_id.as_str());
        let card = self.find(who.0, who.1).await?;
        let new = Password::chosen(new, &card.email, "/new")?;
        let mut client = self.store.pools.engine.get().await?;
        let (_, secrets) = people::find_for_change(&client, who.0, who.1).await?;
        let current = Password::typed(current)?;
        let hash = secrets.password_hash.as_deref();
        if !self.passwords.verify(&current, hash).await? {
            note_own(
                &client,
                who,
                "fail-password-change",
                &json!({ "code": "credentials-wrong" }),
            )
            .await?;
            return Err(wrong_credentials());
        }
        let hash = self.passwords.hash(&new).await?;
        let tx = client.transaction().await?;
        people::set_password(&tx, who.0, who.1, &hash).await?;
        links::void(&tx, who.0, who.1).await?;
        let ended = sessions::revoke_others(&tx, who.0, who.1, Some(&session.session_id)).await?;
        note_own(
            &tx,
            who,
            "change-password",
            &json!({ "sessions_ended": ended }),
        )
        .await?;
        tx.commit().await?;
        self.sessions.forget(who.0, who.1);
        Ok(())
    }

    /// Sends a letter with a link to whoever has this address and a password; says nothing about whether anybody does.
    pub async fn ask_for_reset(&self, email: &str, now: OffsetDateTime) -> Result<()> {
        let Ok(email) = EmailAddress::parse(email) else {
            return Ok(());
        };
        let index = self
            .installation
            .email_index(&self.store, email.as_str())
            .await?;
        let mut client = self.store.pools.engine.get().await?;
        let known = people::find_by_email(&client, &index).await?;
        for (person, secrets) in known {
            if person.standing != Standing::Active || secrets.password_hash.is_none() {
                continue;
            }
            let who = (&person.tenant_id, person.person_id.as_str());
            let tx = client.transaction().await?;
            let (token, expires_at) =
                links::create(&tx, (who.0, Some(who.1)), Purpose::Reset, now).await?;
            let letter = Letter {
                kind: AccountLetter::Reset,
                tenant_id: who.0,
                person_id: who.1,
                token: &token,
                expires_at,
            };
            letters::queue(&self.store, &tx, &letter).await?;
            note_own(&tx, who, "ask-for-reset", &json!({})).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Takes a link of such a letter: sets the password and ends all sessions and grants. The second factor stays. Refused with 422
    /// `link-invalid`, or as `Password::chosen`.
    pub async fn reset_password(&self, token: &str, password: String) -> Result<()> {
        let mut client = self.store.pools.engine.get().await?;
        links::check(&client, token, Purpose::Reset).await?;
        let tx = client.transaction().await?;
        let (tenant_id, person_id) = links::redeem(&tx, token, Purpose::Reset).await?;
        let person_id = person_id.ok_or_else(people::unknown)?;
        let who = (&tenant_id, person_id.as_str());
        let person = people::find(&tx, who.0, who.1).await?;
        if person.standing != Standing::Active {
            return Err(Refusal::conflict("person-deactivated", "this account was closed").into());
        }
        let key = self.key_of(who.0, who.1).await?;
        let card = read(person, Some(&key));
        let password = Password::chosen(password, &card.email, "/password")?;
        let hash = self.passwords.hash(&password).await?;
        people::set_password(&tx, who.0, who.1, &hash).await?;
        let ended = sessions::revoke_others(&tx, who.0, who.1, None).await?;
        grants::revoke_all(&tx, who.0, who.1).await?;
        note_own(
            &tx,
            who,
            "reset-password",
            &json!({ "sessions_ended": ended }),
        )
        .await?;
        tx.commit().await?;
        self.sessions.forget(who.0, who.1);
        Ok(())
    }
}
