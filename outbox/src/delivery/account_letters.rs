//! Letters to people who sign in: invitations, and links to choose a new password. Class N, as all letters.

use domain::effects::AccountLetter;
use domain::ids::TenantId;
use domain::letters::{AccountFacts, Letter};
use domain::sealed::Sealed;
use domain::tenants::Tenant;
use event_store::error::Error;
use identity::letters::LINK_PURPOSE;
use identity::links::Purpose;
use identity::people::{self, Field, Person, Standing};
use integrations::outcome::Failure;
use integrations::smtp::mails::Mail;

use super::emails::sender;
use super::{Delivered, Delivery, Undelivered};
use crate::work::Job;

impl Delivery {
    pub(super) async fn send_link_letter(
        &self,
        job: &Job,
        letter: AccountLetter,
        person_id: &str,
        token: &Sealed,
    ) -> Result<Delivered, Undelivered> {
        let tenant_id = &job.tenant_id;
        let wanted = match letter {
            AccountLetter::Invitation => Standing::Invited,
            AccountLetter::Reset => Standing::Active,
        };
        let is_wanted = |person: &Person| person.standing == wanted;
        let reader = self.find_reader(tenant_id, person_id, is_wanted).await?;
        let Some((name, to)) = reader else {
            return Ok(Delivered::Withheld(
                "the person has come in already, or may not",
            ));
        };
        let keys = self.dispatcher.store.keys(tenant_id).await?;
        let token = keys
            .open_secret(LINK_PURPOSE, token)
            .ok_or_else(|| Error::internal("the link of a letter does not open"))?;
        let purpose = match letter {
            AccountLetter::Invitation => Purpose::Invitation,
            AccountLetter::Reset => Purpose::Reset,
        };
        let tenant = self.tenant(tenant_id).await?;
        let facts = AccountFacts {
            business: tenant.name.clone(),
            name,
            link: format!("{}{}", self.endpoints.public_url, purpose.path(&token)),
            lasts: match letter {
                AccountLetter::Invitation => format!("{} days", purpose.lasts().whole_days()),
                AccountLetter::Reset => format!("{} minutes", purpose.lasts().whole_minutes()),
            },
        };
        let letter = self
            .letters
            .write_to_person(letter, &facts)
            .map_err(|error| Error::Internal(Box::new(error)))?;
        let mail = mail_to_person(job, &tenant, to, letter)?;
        self.server_of(&job.tenant_id, &tenant)
            .await?
            .send(&mail)
            .await?;
        Ok(Delivered::Done)
    }

    /// Name and address of whoever the letter is for, if it is still for them.
    pub(super) async fn find_reader(
        &self,
        tenant_id: &TenantId,
        person_id: &str,
        is_wanted: impl Fn(&Person) -> bool,
    ) -> Result<Option<(String, String)>, Error> {
        let store = &self.dispatcher.store;
        let client = store.pools.engine.get().await?;
        let person = people::find(&client, tenant_id, person_id).await?;
        drop(client);
        let keys = store.subject_keys(tenant_id, &[person_id]).await?;
        let Some((_, key)) = keys.first().filter(|_| is_wanted(&person)) else {
            return Ok(None);
        };
        let name = Field::Name.open(key, &person.name);
        Ok(name.zip(Field::Email.open(key, &person.email)))
    }
}

/// A letter to one of the business's own people as it leaves: from the business, under the message's own id.
pub(super) fn mail_to_person(
    job: &Job,
    tenant: &Tenant,
    to: String,
    letter: Letter,
) -> Result<Mail, Failure> {
    Ok(Mail {
        message_id: format!("{}@rapport", job.message_id),
        from: sender(tenant)?,
        reply_to: tenant.settings.senders.email_reply_to.clone(),
        to,
        subject: letter.subject,
        text: letter.text,
        html: letter.html,
        headers: Vec::new(),
    })
}
