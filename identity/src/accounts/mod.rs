//! What people do to come in and to stay: sign in, give a second factor, change a password, follow a link. Each is one
//! transaction, and what is done is an act on record.

pub mod factors;
pub mod invitations;
pub mod openid;
pub mod passwords;
pub mod set_up;
pub mod sign_in;
pub mod staff;

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};
use domain::values::EmailAddress;
use event_store::Result;
use event_store::error::Error;
use event_store::store::Store;
use event_store::vault::SubjectKey;
use serde_json::Value;

use crate::acts::{self, Act};
use crate::installation_keys::InstallationKeys;
use crate::passwords::Passwords;
use crate::people::{Field, NewPerson, Person, Rights, Standing};
use crate::session_cache::SessionCache;
use crate::sessions;

/// The longest name.
pub const MAX_NAME_CHARS: usize = 100;

/// People's accounts; one a process.
pub struct Accounts {
    store: Store,
    pub sessions: SessionCache,
    passwords: Passwords,
    installation: InstallationKeys,
}

/// Somebody in the clear, for whoever may see it.
#[derive(Clone, Debug)]
pub struct Card {
    pub person: Person,
    pub name: String,
    pub email: String,
}

/// Somebody to be written down.
struct Newcomer<'a> {
    tenant_id: &'a TenantId,
    person_id: &'a str,
    email: &'a EmailAddress,
    name: &'a str,
    rights: Rights,
    standing: Standing,
}

impl Accounts {
    pub fn new(store: Store) -> Self {
        Self {
            store,
            sessions: SessionCache::default(),
            passwords: Passwords::default(),
            installation: InstallationKeys::default(),
        }
    }

    /// Somebody's card. Refused with 404 `person-not-found`.
    pub async fn find(&self, tenant_id: &TenantId, person_id: &str) -> Result<Card> {
        let client = self.store.pools.engine.get().await?;
        let person = crate::people::find(&client, tenant_id, person_id).await?;
        drop(client);
        self.card(person).await
    }

    /// What whoever has this address in this tenant may do, if they may sign in: for those whom another issuer vouches for.
    pub async fn rights_of_email(
        &self,
        tenant_id: &TenantId,
        email: &str,
    ) -> Result<Option<Rights>> {
        let Ok(email) = EmailAddress::parse(email) else {
            return Ok(None);
        };
        let index = self
            .installation
            .email_index(&self.store, email.as_str())
            .await?;
        let client = self.store.pools.engine.get().await?;
        let known = crate::people::find_by_email(&client, &index).await?;
        let mut known = known.into_iter().map(|(person, _)| person);
        let found = known
            .find(|person| person.tenant_id == *tenant_id && person.standing == Standing::Active);
        Ok(found.map(|person| person.rights))
    }

    async fn card(&self, person: Person) -> Result<Card> {
        let key = self.key_of(&person.tenant_id, &person.person_id).await?;
        Ok(read(person, Some(&key)))
    }

    async fn key_of(&self, tenant_id: &TenantId, person_id: &str) -> Result<SubjectKey> {
        let keys = self.store.subject_keys(tenant_id, &[person_id]).await?;
        let found = keys.into_iter().next().map(|(_, key)| key);
        // Whoever was erased is nobody's account any more.
        found.ok_or_else(|| crate::people::unknown().into())
    }

    async fn write_down(
        &self,
        tx: &impl GenericClient,
        newcomer: &Newcomer<'_>,
    ) -> Result<SubjectKey> {
        let Newcomer {
            tenant_id,
            person_id,
            ..
        } = newcomer;
        let (key, new_key) = self.store.new_subject(tenant_id, person_id).await?;
        let email = newcomer.email.as_str();
        let person = NewPerson {
            tenant_id,
            person_id,
            wrapped_key: &new_key.wrapped_key,
            email_index: &self.installation.email_index(&self.store, email).await?,
            email: &Field::Email.seal(&key, email)?,
            name: &Field::Name.seal(&key, newcomer.name)?,
            rights: newcomer.rights,
            standing: newcomer.standing,
        };
        crate::people::insert(tx, &person).await?;
        Ok(key)
    }
}

/// Opens a person's fields; without a key they stay closed.
fn read(person: Person, key: Option<&SubjectKey>) -> Card {
    let open = |field: Field, sealed: &str| {
        key.and_then(|key| field.open(key, sealed))
            .unwrap_or_default()
    };
    Card {
        name: open(Field::Name, &person.name),
        email: open(Field::Email, &person.email),
        person,
    }
}

/// Writes an act of a person's down, in the transaction of the deed.
async fn note(
    tx: &impl GenericClient,
    (tenant_id, by): (&TenantId, &str),
    action: &'static str,
    (subject, details): (&str, &Value),
) -> Result<()> {
    let act = Act {
        tenant_id,
        principal: by,
        action,
        subject,
        reason: None,
        details,
    };
    acts::record(tx, act).await
}

/// As `note`, of what people do to their own account.
async fn note_own(
    tx: &impl GenericClient,
    person: (&TenantId, &str),
    action: &'static str,
    details: &Value,
) -> Result<()> {
    let (tenant_id, person_id) = person;
    let by = sessions::principal_id(person_id);
    note(tx, (tenant_id, &by), action, (person_id, details)).await
}

/// A name as it is kept. Refused with 422 `name-invalid`.
fn check_name(name: &str) -> std::result::Result<&str, Refusal> {
    let name = name.trim();
    let letters = name.chars().count();
    if letters == 0 || letters > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        let message = format!("a name has 1 to {MAX_NAME_CHARS} characters on one line");
        return Err(Refusal::field("/name", "name-invalid", message));
    }
    Ok(name)
}

/// An address as it is kept. Refused with 422 `email-invalid`.
fn check_email(text: &str) -> std::result::Result<EmailAddress, Refusal> {
    EmailAddress::parse(text)
        .map_err(|refusal| Refusal::field("/email", &refusal.code, refusal.detail))
}

/// One answer for an unknown address and a wrong password, so that neither tells of the other.
fn wrong_credentials() -> Error {
    let detail = "the e-mail address or the password is wrong";
    Refusal::new(Kind::Unauthenticated, "credentials-wrong", detail).into()
}
