//! Signing in by a tenant's OpenID Connect provider: beginning, coming back, and whose account is whose. An account is known
//! by its issuer and subject; an address that the provider has verified links it once, to somebody who was invited.

use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};
use domain::values::EmailAddress;
use event_store::Result;
use event_store::error::Error;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::sign_in::{Beginning, SignedIn};
use super::{Accounts, MAX_NAME_CHARS, Newcomer, note, note_own};
use crate::links;
use crate::openid::{self, Attempt, LASTS, MAX_RETURN_BYTES, NewAttempt};
use crate::people::{self, Person, Standing};
use crate::permission_sets::{self, Given};
use crate::principals::Principal;
use crate::roles::Role;
use crate::tokens::Token;

/// Somebody, as the tenant's provider vouches for them.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    pub tenant_id: &'a TenantId,
    pub issuer: &'a str,
    pub subject: &'a str,
    /// Only one that the provider has verified.
    pub email: Option<&'a str>,
    pub name: Option<&'a str>,
    /// When they gave a second factor there that counts here.
    pub second_factor_at: Option<OffsetDateTime>,
    /// Domains that addresses must be of; any when empty.
    pub email_domains: &'a [String],
    /// The role of whoever was not invited; nobody may come so when absent.
    pub new_people_role: Option<&'a str>,
    /// What the browser calls itself.
    pub agent: Option<&'a str>,
}

impl Accounts {
    /// Begins a sign-in at the tenant's provider. Answers the state, and what the browser keeps as a cookie. Refused with
    /// 400 `return-address-invalid`, 429 `sign-ins-exhausted`.
    pub async fn begin_attempt(
        &self,
        tenant_id: &TenantId,
        (issuer, return_to): (&str, &str),
        now: OffsetDateTime,
    ) -> Result<(Token, Token)> {
        check_return(return_to)?;
        let (state, browser) = (Token::generate()?, Token::generate()?);
        let new = NewAttempt {
            tenant_id,
            state_hash: &state.hash(),
            browser_hash: &browser.hash(),
            issuer,
            return_to,
            expires_at: now + LASTS,
        };
        let client = self.store.pools.engine.get().await?;
        openid::insert(&client, &new).await?;
        Ok((state, browser))
    }

    /// The sign-in that this browser has begun, which is over by that. Refused with 401 `sign-in-not-begun`.
    pub async fn redeem_attempt(&self, state: &str, browser: &str) -> Result<Attempt> {
        let client = self.store.pools.engine.get().await?;
        openid::redeem(&client, state, browser).await
    }

    /// Begins a session of whoever was vouched for. Refused with 403 `provider-email-unverified`,
    /// `provider-email-domain`, `person-not-invited`, `person-deactivated`, `operator-by-password` or
    /// `new-people-role-guarded`, 409 `account-linked-otherwise`.
    pub async fn sign_in_by_provider(
        &self,
        arrival: Arrival<'_>,
        now: OffsetDateTime,
    ) -> Result<SignedIn> {
        let found = self.find_or_link(arrival).await;
        let outcome = if found.is_ok() { "accepted" } else { "refused" };
        metrics::counter!("rapport_sign_ins_total", "outcome" => outcome).increment(1);
        let person = found?;
        // Whoever may configure the provider could else become the owner by it alone.
        let counts = person.rights.role != Role::Owner;
        let beginning = Beginning {
            agent: arrival.agent,
            second_factor_at: arrival.second_factor_at.filter(|_| counts),
            issuer: Some(arrival.issuer),
        };
        self.begin_by(&person, beginning, now).await
    }

    async fn find_or_link(&self, arrival: Arrival<'_>) -> Result<Person> {
        let Arrival {
            tenant_id, issuer, ..
        } = arrival;
        let account_index = self
            .installation
            .account_index(&self.store, (issuer, arrival.subject))
            .await?;
        let email = arrival
            .email
            .and_then(|email| EmailAddress::parse(email).ok());
        if let Some(email) = &email {
            check_domain(email, arrival.email_domains)?;
        }
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        if let Some(person_id) = openid::find(&tx, tenant_id, &account_index).await? {
            let person = people::find(&tx, tenant_id, &person_id).await?;
            return match may_come(&person) {
                Ok(()) => Ok(person),
                Err(refusal) => turn_away(tx, &person, refusal).await,
            };
        }
        let email = email.ok_or_else(unverified)?;
        let email_index = self
            .installation
            .email_index(&self.store, email.as_str())
            .await?;
        let known = people::find_by_email(&tx, &email_index).await?;
        let here = known
            .into_iter()
            .map(|(person, _)| person)
            .find(|person| person.tenant_id == *tenant_id);
        let person = match here {
            Some(person) => match may_come(&person) {
                Ok(()) => person,
                Err(refusal) => return turn_away(tx, &person, refusal).await,
            },
            None => self.admit(&tx, arrival, &email).await?,
        };
        let who = (tenant_id, person.person_id.as_str());
        openid::link(&tx, who, (&account_index, issuer)).await?;
        let details = json!({ "issuer": issuer });
        if person.standing == Standing::Invited {
            people::set_standing(&tx, who.0, who.1, Standing::Active).await?;
            links::void(&tx, who.0, who.1).await?;
            note_own(&tx, who, "accept-invitation", &details).await?;
        }
        note_own(&tx, who, "link-provider-account", &details).await?;
        tx.commit().await?;
        Ok(person)
    }

    /// Writes down somebody who was not invited, where the tenant lets such in.
    async fn admit(
        &self,
        tx: &deadpool_postgres::Transaction<'_>,
        arrival: Arrival<'_>,
        email: &EmailAddress,
    ) -> Result<Person> {
        let (tenant_id, role) = (arrival.tenant_id, arrival.new_people_role);
        let role = role.filter(|_| !arrival.email_domains.is_empty());
        let role = role.ok_or_else(|| {
            let detail = "nobody has invited this address; ask whoever invites people here for an invitation";
            Error::from(Refusal::forbidden("person-not-invited", detail))
        })?;
        let given = permission_sets::find(tx, tenant_id, role).await?;
        if given.rights().are_guarded() {
            let detail = "new_people_role names a role that only an invitation gives; configure a lesser one";
            return Err(Refusal::forbidden("new-people-role-guarded", detail).into());
        }
        let person_id = Uuid::now_v7().to_string();
        let name: String = arrival
            .name
            .unwrap_or_default()
            .chars()
            .filter(|letter| !letter.is_control())
            .take(MAX_NAME_CHARS)
            .collect();
        let name = match name.trim() {
            "" => email.as_str().split('@').next().unwrap_or_default(),
            name => name,
        };
        let newcomer = Newcomer {
            tenant_id,
            person_id: &person_id,
            email,
            name,
            rights: given.rights(),
            standing: Standing::Active,
        };
        self.write_down(tx, &newcomer).await?;
        self.give(tx, (tenant_id, &person_id), &given).await?;
        let details = json!({ "role": given.name(), "issuer": arrival.issuer });
        note_own(tx, (tenant_id, &person_id), "join-by-provider", &details).await?;
        people::find(tx, tenant_id, &person_id).await
    }

    /// Gives somebody new what a set of the tenant's own holds, and no more.
    pub(super) async fn give(
        &self,
        tx: &deadpool_postgres::Transaction<'_>,
        who: (&TenantId, &str),
        given: &Given,
    ) -> Result<()> {
        match given {
            Given::Role(_) => Ok(()),
            Given::Set(_) => people::set_role(tx, who, given).await,
        }
    }

    /// Ends the links of a person's accounts at providers: the next that shows their address is theirs. Refused with 404
    /// `person-not-found`, 403 `role-beyond-own`.
    pub async fn unlink(&self, by: &Principal, person_id: &str) -> Result<()> {
        let who = (&by.tenant_id, person_id);
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        let (person, _) = people::find_for_change(&tx, who.0, who.1).await?;
        super::invitations::may_give(by, person.rights.permissions())?;
        let ended = openid::unlink(&tx, who).await?;
        let details = json!({ "links_ended": ended });
        let act = (person_id, &details);
        note(&tx, (who.0, &by.id), "unlink-provider-account", act).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn may_come(person: &Person) -> std::result::Result<(), Refusal> {
    match (person.standing, person.rights.is_operator) {
        (Standing::Deactivated, _) => Err(Refusal::forbidden(
            "person-deactivated",
            "whoever invites people here has turned you away; ask them",
        )),
        // What holds for the whole installation is not lent to what one tenant has configured.
        (_, true) => Err(Refusal::forbidden(
            "operator-by-password",
            "whoever operates the installation signs in with a password and a second factor",
        )),
        (Standing::Active | Standing::Invited, false) => Ok(()),
    }
}

/// Puts it on record that somebody known was not let in.
async fn turn_away(
    tx: deadpool_postgres::Transaction<'_>,
    person: &Person,
    refusal: Refusal,
) -> Result<Person> {
    let who = (&person.tenant_id, person.person_id.as_str());
    let details = json!({ "code": refusal.code });
    note_own(&tx, who, "fail-sign-in", &details).await?;
    tx.commit().await?;
    Err(refusal.into())
}

/// Only a path of ours: whoever follows a link to a sign-in must not end elsewhere.
fn check_return(return_to: &str) -> std::result::Result<(), Refusal> {
    let is_path = return_to.starts_with('/') && !return_to.starts_with("//");
    let is_plain = return_to
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    match is_path && is_plain && return_to.len() <= MAX_RETURN_BYTES {
        true => Ok(()),
        false => Err(Refusal::malformed(
            "return-address-invalid",
            "`return_to` is a path of this installation, such as /inbox",
        )),
    }
}

fn check_domain(email: &EmailAddress, domains: &[String]) -> std::result::Result<(), Refusal> {
    let domain = email.as_str().rsplit('@').next().unwrap_or_default();
    if domains.is_empty() || domains.iter().any(|allowed| allowed == domain) {
        return Ok(());
    }
    let detail =
        "addresses of this domain do not come in here; sign in with your address at this business";
    Err(Refusal::forbidden("provider-email-domain", detail))
}

fn unverified() -> Refusal {
    Refusal::new(
        Kind::Forbidden,
        "provider-email-unverified",
        "the provider vouches for no e-mail address of yours; verify your address there, then sign in again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_comes_back_to_a_path_of_ours_alone() {
        for fine in ["/", "/inbox?open=1#x", "/auth/oauth/authorize?a=b"] {
            assert_eq!(check_return(fine), Ok(()), "{fine}");
        }
        let long = format!("/{}", "x".repeat(MAX_RETURN_BYTES));
        for wrong in [
            "",
            "inbox",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a b",
            "/a\r\nb",
            &long,
        ] {
            assert_eq!(
                check_return(wrong).unwrap_err().code,
                "return-address-invalid",
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_domain_is_the_whole_of_what_follows_the_at() {
        let email = |text: &str| EmailAddress::parse(text).unwrap();
        let domains = ["example.test".to_owned()];
        assert_eq!(check_domain(&email("ada@example.test"), &domains), Ok(()));
        assert_eq!(check_domain(&email("ada@elsewhere.test"), &[]), Ok(()));
        for wrong in [
            "ada@sub.example.test",
            "ada@evilexample.test",
            "ada@example.test.evil.test",
        ] {
            assert!(check_domain(&email(wrong), &domains).is_err(), "{wrong}");
        }
    }
}
