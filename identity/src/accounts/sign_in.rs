//! Signing in by e-mail and password, and the sessions that come of it.

use domain::ids::TenantId;
use domain::refusal::Refusal;
use domain::values::EmailAddress;
use event_store::Result;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Accounts, note_own, wrong_credentials};
use crate::passwords::Password;
use crate::people::{self, Person, Secrets, Standing};
use crate::sessions::{self, LASTS, Listed, MAX_AGENT_CHARS, NewSession, Session};
use crate::tokens::Token;

/// What browsers call themselves is sealed for this, under the person's own key.
const AGENT_FIELD: (&str, &str) = ("Session", "agent");

/// What somebody signs in with.
pub struct SignIn {
    pub email: String,
    pub password: String,
    /// Only into this tenant; else into the one that the password fits, the last used first.
    pub tenant_id: Option<TenantId>,
    /// What the browser calls itself.
    pub agent: Option<String>,
}

/// A session that was begun, or has become another.
pub struct SignedIn {
    pub session: Session,
    /// For the cookie.
    pub token: Token,
}

/// What is known of a session that begins.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beginning<'a> {
    /// What the browser calls itself.
    pub agent: Option<&'a str>,
    /// When a second factor was given elsewhere that counts here.
    pub second_factor_at: Option<OffsetDateTime>,
    /// Who vouches for the person, where it was no password.
    pub issuer: Option<&'a str>,
}

impl Accounts {
    /// Begins a session. Refused with 401 `credentials-wrong`, 429 `sign-in-busy`.
    pub async fn sign_in(&self, sign_in: SignIn, now: OffsetDateTime) -> Result<SignedIn> {
        let Ok(email) = EmailAddress::parse(&sign_in.email) else {
            return Err(wrong_credentials());
        };
        let password = Password::typed(sign_in.password)?;
        let index = self
            .installation
            .email_index(&self.store, email.as_str())
            .await?;
        let client = self.store.pools.engine.get().await?;
        let mut known = people::find_by_email(&client, &index).await?;
        drop(client);
        known.retain(|(person, secrets)| {
            let is_meant = sign_in
                .tenant_id
                .as_ref()
                .is_none_or(|meant| *meant == person.tenant_id);
            is_meant && person.standing == Standing::Active && secrets.password_hash.is_some()
        });
        match self.find_fitting(&password, &known).await? {
            Some(person) => {
                let begun = self.begin(person, sign_in.agent.as_deref(), now).await;
                metrics::counter!("rapport_sign_ins_total", "outcome" => "accepted").increment(1);
                begun
            }
            None => {
                metrics::counter!("rapport_sign_ins_total", "outcome" => "refused").increment(1);
                self.note_failures(&known).await?;
                Err(wrong_credentials())
            }
        }
    }

    async fn find_fitting<'a>(
        &self,
        password: &Password,
        known: &'a [(Person, Secrets)],
    ) -> Result<Option<&'a Person>> {
        if known.is_empty() {
            self.passwords.verify(password, None).await?;
        }
        for (person, secrets) in known {
            if self
                .passwords
                .verify(password, secrets.password_hash.as_deref())
                .await?
            {
                return Ok(Some(person));
            }
        }
        Ok(None)
    }

    async fn note_failures(&self, known: &[(Person, Secrets)]) -> Result<()> {
        let client = self.store.pools.engine.get().await?;
        for (person, _) in known {
            let who = (&person.tenant_id, person.person_id.as_str());
            note_own(
                &client,
                who,
                "fail-sign-in",
                &json!({ "code": "credentials-wrong" }),
            )
            .await?;
        }
        Ok(())
    }

    /// A session of somebody who is known to be who they say.
    pub(super) async fn begin(
        &self,
        person: &Person,
        agent: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<SignedIn> {
        let beginning = Beginning {
            agent,
            ..Beginning::default()
        };
        self.begin_by(person, beginning, now).await
    }

    /// As `begin`, of somebody whom an issuer may have vouched for.
    pub(super) async fn begin_by(
        &self,
        person: &Person,
        beginning: Beginning<'_>,
        now: OffsetDateTime,
    ) -> Result<SignedIn> {
        let who = (&person.tenant_id, person.person_id.as_str());
        let agent = match beginning.agent {
            Some(agent) => {
                let key = self.key_of(who.0, who.1).await?;
                let agent: String = agent.chars().take(MAX_AGENT_CHARS).collect();
                Some(
                    key.seal(AGENT_FIELD.0, AGENT_FIELD.1, &agent)?
                        .as_str()
                        .to_owned(),
                )
            }
            None => None,
        };
        let (token, session_id) = (Token::generate()?, Uuid::now_v7().to_string());
        let new = NewSession {
            tenant_id: who.0,
            session_id: &session_id,
            token_hash: &token.hash(),
            person_id: who.1,
            agent: agent.as_deref(),
            ends_at: now + LASTS,
            second_factor_at: beginning.second_factor_at,
        };
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        sessions::insert(&tx, &new).await?;
        people::note_sign_in(&tx, who.0, who.1).await?;
        let mut details = json!({ "session_id": session_id });
        if let Some(issuer) = beginning.issuer {
            details["issuer"] = json!(issuer);
        }
        note_own(&tx, who, "sign-in", &details).await?;
        tx.commit().await?;
        let session = sessions::find(&client, &token.hash()).await?;
        Ok(SignedIn {
            session: session.ok_or_else(sessions::expired)?,
            token,
        })
    }

    /// Ends the session.
    pub async fn sign_out(&self, session: &Session) -> Result<()> {
        self.end_session(session, &session.session_id).await
    }

    /// Ends one of the person's sessions. Refused with 404 `session-not-found`.
    pub async fn end_session(&self, session: &Session, ended_id: &str) -> Result<()> {
        let who = (&session.tenant_id, session.person_id.as_str());
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        if !sessions::revoke(&tx, who.0, who.1, ended_id).await? {
            return Err(Refusal::not_found("session-not-found", "you have no such session").into());
        }
        note_own(&tx, who, "end-session", &json!({ "session_id": ended_id })).await?;
        tx.commit().await?;
        self.sessions.forget(who.0, who.1);
        Ok(())
    }

    /// The person's sessions that are not over, the newest first, with what their browsers call themselves in the clear.
    pub async fn list_sessions(&self, session: &Session) -> Result<Vec<Listed>> {
        let (tenant_id, person_id) = (&session.tenant_id, session.person_id.as_str());
        let key = self.key_of(tenant_id, person_id).await?;
        let client = self.store.pools.engine.get().await?;
        let mut listed = sessions::list(&client, tenant_id, person_id).await?;
        for one in &mut listed {
            let sealed = one.agent.take().map(domain::sealed::Sealed::new);
            one.agent = sealed.and_then(|sealed| key.open(AGENT_FIELD.1, &sealed));
        }
        Ok(listed)
    }
}
