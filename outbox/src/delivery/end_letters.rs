//! Letters to the owners of a business about its end. First one is queued for each owner, in one transaction; then each goes out
//! by itself, if it still says what is so. Class N, as all letters.

use domain::letters::EndFacts;
use domain::tenants::deletion::{EndLetter, EndNews};
use event_store::error::Error;
use identity::letters::{self, EndLetters};
use identity::people::{Person, Standing};
use identity::roles::Role;

use super::account_letters::mail_to_person;
use super::{Delivered, Delivery, Undelivered};
use crate::work::Job;

impl Delivery {
    /// Those that are queued already are not queued again.
    pub(super) async fn tell_owners(
        &self,
        job: &Job,
        news: &EndNews,
    ) -> Result<Delivered, Undelivered> {
        let mut client = self
            .dispatcher
            .store
            .pools
            .engine
            .get()
            .await
            .map_err(Error::from)?;
        let tx = client.transaction().await.map_err(Error::from)?;
        let letters = EndLetters {
            queue: &job.tenant_id,
            tenant_id: &job.tenant_id,
            news,
            fact: &job.message_id,
        };
        letters::tell_owners(&tx, &letters).await?;
        tx.commit().await.map_err(Error::from)?;
        Ok(Delivered::Done)
    }

    pub(super) async fn send_end_letter(
        &self,
        job: &Job,
        letter: &EndLetter,
    ) -> Result<Delivered, Undelivered> {
        let (tenant_id, news) = (&letter.tenant_id, &letter.news);
        if self.dispatcher.store.directory.is_gone(tenant_id) {
            return Ok(Delivered::Withheld("the business is gone"));
        }
        let tenant = self.tenant(tenant_id).await?;
        if !news.holds(&tenant) {
            return Ok(Delivered::Withheld("it is not so any more"));
        }
        let is_owner = |person: &Person| {
            person.standing == Standing::Active && person.rights.role == Role::Owner
        };
        let reader = self
            .find_reader(tenant_id, &letter.person_id, is_owner)
            .await?;
        let Some((name, to)) = reader else {
            return Ok(Delivered::Withheld("the person owns the business no more"));
        };
        let facts = EndFacts::of(&tenant, &name, (news, &self.endpoints.public_url));
        let letter = self
            .letters
            .write_of_end(news, &facts)
            .map_err(|error| Error::Internal(Box::new(error)))?;
        let mail = mail_to_person(job, &tenant, to, letter)?;
        self.server_of(tenant_id, &tenant)
            .await?
            .send(&mail)
            .await?;
        Ok(Delivered::Done)
    }
}
