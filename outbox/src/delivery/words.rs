//! Whose words a letter is in: the tenant's, where a template of theirs is published that can be written, or else ours. The
//! attempt keeps which they were.

use cqrs_es::Aggregate;
use domain::effects::EmailTemplate;
use domain::letters::Letter;
use domain::templates::catalogue;
use domain::templates::facts::Facts;
use domain::templates::{Place, Published, Template, TemplateChannel, languages};
use domain::tenants::Tenant;
use event_store::error::Error;

use super::{Delivery, fold};
use crate::Result;
use crate::work::Job;

/// A letter and where its words come from.
pub(super) struct Worded {
    pub letter: Letter,
    /// For the record: the template's id, version and digest, or that they are ours. Nothing personal.
    pub whose: String,
}

impl Delivery {
    /// Writes a letter about a booking.
    pub(super) async fn words(
        &self,
        job: &Job,
        letter: EmailTemplate,
        tenant: &Tenant,
        facts: &Facts,
    ) -> Result<Worded> {
        let failed = |error| Error::Internal(Box::new(error));
        let name = catalogue::name_of(letter);
        let mut whose = format!("words: our own of {name}");
        if let Some((template_id, template, published)) = self.find_words(job, tenant, name).await?
        {
            let version = published.version;
            let named = format!(
                "template {template_id} version {version} sha256:{}",
                published.digest
            );
            match published.content.write(name, template.about, facts) {
                Ok(words) => {
                    let framed = self.letters.frame(words, template.about, &tenant.name);
                    return Ok(Worded {
                        letter: framed.map_err(failed)?,
                        whose: format!("words: {named}"),
                    });
                }
                // A letter in our words is better than none.
                Err(refusal) => {
                    tracing::warn!(message_id = %job.message_id, %template_id, code = %refusal.code, "a template could not be written");
                    whose = format!(
                        "{whose}, for {named} could not be written: {}",
                        refusal.code
                    );
                }
            }
        }
        Ok(Worded {
            letter: self.letters.write(letter, facts).map_err(failed)?,
            whose,
        })
    }

    /// The published template that fits the tenant's language best.
    async fn find_words(
        &self,
        job: &Job,
        tenant: &Tenant,
        name: &str,
    ) -> Result<Option<(String, Template, Published)>> {
        let own = tenant.settings.messaging.language.as_deref();
        let places = languages(own).into_iter().map(|language| Place {
            name: name.to_owned(),
            channel: TemplateChannel::Email,
            language,
        });
        let ids: Vec<String> = places.map(|place| place.id()).collect();
        let streams: Vec<(&'static str, &str)> =
            ids.iter().map(|id| (Template::TYPE, id.as_str())).collect();
        let read = self.read(&job.tenant_id, &streams).await?;
        for id in &ids {
            let template: Template = fold(&read, id)?;
            if let Some(published) = template.in_force().cloned() {
                return Ok(Some((id.clone(), template, published)));
            }
        }
        Ok(None)
    }
}
