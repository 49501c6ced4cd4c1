//! Messages of conversations as texts, by SMS or over WhatsApp, through the provider that the tenant has chosen.

use std::sync::Arc;

use integrations::catalogue::Capability;
use integrations::senders::{Found, TextSender};
use integrations::texts::{NewText, Sent};

use super::messages::{Carried, Parcel};
use super::{Delivery, Undelivered};
use crate::senders::Configuration;
use crate::work::Job;

impl Delivery {
    /// The provider reports how far the text has come under the thread's and the message's own ids, so that its news are
    /// understood even when its answer to us was lost.
    pub(super) async fn carry_by_text(
        &self,
        job: &Job,
        capability: Capability,
        parcel: &Parcel,
    ) -> std::result::Result<Carried, Undelivered> {
        let (sender, new) = self.text(job, capability, parcel).await?;
        Ok(carried(&sender, sender.send_text(&new).await?))
    }

    /// The text that an earlier attempt has sent, if there is one; `others` are ids of other texts to the same person.
    pub(super) async fn find_text(
        &self,
        job: &Job,
        parcel: &Parcel,
        others: &[String],
    ) -> std::result::Result<Option<Carried>, Undelivered> {
        let (sender, new) = self.text(job, Capability::SendSms, parcel).await?;
        Ok(
            match sender.find_sent(&new, job.first_sent_at, others).await? {
                Found::Sent(sent) => Some(carried(&sender, sent)),
                Found::Nothing | Found::CannotTell => None,
            },
        )
    }

    async fn text(
        &self,
        job: &Job,
        capability: Capability,
        parcel: &Parcel,
    ) -> std::result::Result<(Arc<TextSender>, NewText), Undelivered> {
        let tenant = self.tenant(&job.tenant_id).await?;
        let keys = self.dispatcher.store.keys(&job.tenant_id).await?;
        let configuration = Configuration {
            tenant_id: &job.tenant_id,
            tenant: &tenant,
            keys: &keys,
        };
        let sender = self.senders.texts(capability, configuration)?;
        let hook = format!(
            "{}/webhooks/{}/{}",
            self.endpoints.public_url,
            tenant.slug,
            sender.provider()
        );
        let new = NewText {
            message_id: job.message_id.clone(),
            to: parcel.to.clone(),
            body: parcel.content.clone(),
            status_callback: Some(hook),
            context: parcel.context.clone(),
        };
        Ok((sender, new))
    }
}

fn carried(sender: &TextSender, sent: Sent) -> Carried {
    Carried {
        provider: sender.provider(),
        provider_message_id: Some(sent.provider_message_id),
        status: "sent",
    }
}
