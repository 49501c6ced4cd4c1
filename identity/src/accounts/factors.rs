//! Second factors: giving one, and enrolling one.

use domain::refusal::Refusal;
use event_store::Result;
use serde_json::json;
use time::OffsetDateTime;

use super::sign_in::SignedIn;
use super::{Accounts, note_own, read};
use crate::people::{self, Field};
use crate::second_factors::{self, LOCKED_FOR, MAX_CODE_CHARS, MAX_FAILURES};
use crate::sessions::{self, Session, Step};
use crate::stored_factors;
use crate::tokens::Token;

/// What an app is told, by picture or by hand.
#[derive(Debug)]
pub struct Enrolment {
    /// Base32.
    pub secret: String,
    pub otpauth_url: String,
}

impl Accounts {
    /// Takes a code of the person's app, or one of the recovery codes. A session that waited for it goes on under a new
    /// token. Refused with 422 `mfa-code-wrong`, 429 `mfa-locked`, 409 `mfa-not-enrolled`.
    pub async fn give_factor(
        &self,
        session: &Session,
        code: &str,
        now: OffsetDateTime,
    ) -> Result<Option<SignedIn>> {
        let who = (&session.tenant_id, session.person_id.as_str());
        let key = self.key_of(who.0, who.1).await?;
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        let (_, secrets) = people::find_for_change(&tx, who.0, who.1).await?;
        if secrets.is_locked {
            return Err(second_factors::locked().into());
        }
        let Some(sealed) = secrets.totp_secret else {
            let detail = "there is no second factor yet: POST /auth/second-factor/enrol first";
            return Err(Refusal::conflict("mfa-not-enrolled", detail).into());
        };
        let secret = Field::Totp
            .open(&key, &sealed)
            .ok_or_else(people::unknown)?;
        let code = check_length(code)?;
        let step = second_factors::check(&secret, code, now, secrets.totp_step)?;
        let kind = match step {
            Some(step) => {
                stored_factors::note_step(&tx, who, step).await?;
                "totp"
            }
            None => {
                let hash = second_factors::recovery_hash(who.0, who.1, code);
                if !stored_factors::redeem(&tx, who, &hash).await? {
                    return self.note_wrong_code(tx, session).await;
                }
                stored_factors::note_step(&tx, who, 0).await?;
                "recovery-code"
            }
        };
        // What could do nothing becomes what can: whoever saw the old token gains nothing by it.
        let token = match session.step() {
            Step::Required => Some(Token::generate()?),
            _ => None,
        };
        let details = json!({ "session_id": session.session_id, "kind": kind });
        note_own(&tx, who, "give-second-factor", &details).await?;
        self.finish_factor(tx, session, token, now).await
    }

    async fn finish_factor(
        &self,
        tx: deadpool_postgres::Transaction<'_>,
        session: &Session,
        token: Option<Token>,
        now: OffsetDateTime,
    ) -> Result<Option<SignedIn>> {
        match token {
            Some(token) => {
                sessions::note_factor(&tx, session, now, Some(&token.hash())).await?;
                let renewed = sessions::find(&tx, &token.hash()).await?;
                tx.commit().await?;
                self.sessions.forget(&session.tenant_id, &session.person_id);
                let session = renewed.ok_or_else(sessions::expired)?;
                Ok(Some(SignedIn { session, token }))
            }
            None => {
                sessions::note_factor(&tx, session, now, None).await?;
                tx.commit().await?;
                self.sessions.forget(&session.tenant_id, &session.person_id);
                Ok(None)
            }
        }
    }

    async fn note_wrong_code<T>(
        &self,
        tx: deadpool_postgres::Transaction<'_>,
        session: &Session,
    ) -> Result<T> {
        let who = (&session.tenant_id, session.person_id.as_str());
        let pause = (MAX_FAILURES, LOCKED_FOR.as_seconds_f64());
        let is_locked = stored_factors::note_failure(&tx, who, pause).await?;
        let code = if is_locked {
            "mfa-locked"
        } else {
            "mfa-code-wrong"
        };
        note_own(&tx, who, "fail-second-factor", &json!({ "code": code })).await?;
        tx.commit().await?;
        match is_locked {
            true => Err(second_factors::locked().into()),
            false => Err(second_factors::wrong_code().into()),
        }
    }

    /// Makes a secret to be confirmed. Whoever has a second factor already must have given it lately. Refused with 403
    /// `mfa-required`.
    pub async fn enrol(
        &self,
        session: &Session,
        issuer: &str,
        now: OffsetDateTime,
    ) -> Result<Enrolment> {
        let who = (&session.tenant_id, session.person_id.as_str());
        if session.is_enrolled {
            session.factor().require_fresh(now)?;
        }
        let key = self.key_of(who.0, who.1).await?;
        let secret = second_factors::new_secret()?;
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        let (person, _) = people::find_for_change(&tx, who.0, who.1).await?;
        stored_factors::set_pending(&tx, who, &Field::Totp.seal(&key, &secret)?).await?;
        tx.commit().await?;
        let card = read(person, Some(&key));
        Ok(Enrolment {
            otpauth_url: second_factors::otpauth_url(&secret, issuer, &card.email),
            secret,
        })
    }

    /// Takes the first code of a new secret; from then on it is the person's second factor, and the session has seen it.
    /// Answers the recovery codes, this once. Refused with 409 `mfa-not-begun`, 422 `mfa-code-wrong`, 429 `mfa-locked`.
    pub async fn confirm_enrolment(
        &self,
        session: &Session,
        code: &str,
        now: OffsetDateTime,
    ) -> Result<(Vec<String>, Option<SignedIn>)> {
        let who = (&session.tenant_id, session.person_id.as_str());
        if session.is_enrolled {
            session.factor().require_fresh(now)?;
        }
        let key = self.key_of(who.0, who.1).await?;
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        let (_, secrets) = people::find_for_change(&tx, who.0, who.1).await?;
        if secrets.is_locked {
            return Err(second_factors::locked().into());
        }
        let secret = secrets
            .totp_pending
            .and_then(|sealed| Some((Field::Totp.open(&key, &sealed)?, sealed)));
        let Some((secret, sealed)) = secret else {
            let detail = "there is nothing to confirm: POST /auth/second-factor/enrol first";
            return Err(Refusal::conflict("mfa-not-begun", detail).into());
        };
        let Some(step) = second_factors::check(&secret, check_length(code)?, now, 0)? else {
            return self.note_wrong_code(tx, session).await;
        };
        stored_factors::enrol(&tx, who, (&sealed, step)).await?;
        let codes = second_factors::new_recovery_codes()?;
        let hashes: Vec<_> = codes
            .iter()
            .map(|code| second_factors::recovery_hash(who.0, who.1, code))
            .collect();
        stored_factors::replace(&tx, who, &hashes).await?;
        note_own(
            &tx,
            who,
            "enrol-second-factor",
            &json!({ "session_id": session.session_id }),
        )
        .await?;
        let token = match session.second_factor_at {
            None => Some(Token::generate()?),
            Some(_) => None,
        };
        Ok((codes, self.finish_factor(tx, session, token, now).await?))
    }
}

fn check_length(code: &str) -> std::result::Result<&str, Refusal> {
    match code.chars().count() {
        0..=MAX_CODE_CHARS => Ok(code),
        _ => Err(second_factors::wrong_code()),
    }
}
