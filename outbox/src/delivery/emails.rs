//! Letters about a booking. Nothing goes out without the customer's consent to transactional e-mail. Class N: SMTP has no
//! key, so a crash between the final dot and our note of it may repeat a letter, under the same Message-ID.

use std::sync::Arc;

use cqrs_es::Aggregate;
use domain::bookings::Booking;
use domain::customers::Customer;
use domain::customers::consents::{Channel, Purpose};
use domain::effects::EmailTemplate;
use domain::ids::{BookingId, CustomerId, TenantId};
use domain::sealed::Sealed;
use domain::templates::facts::Facts;
use domain::tenants::Tenant;
use event_store::error::Error;
use integrations::outcome::{Failure, FailureKind};
use integrations::senders::MailSender;
use integrations::smtp::mails::Mail;

use super::{Delivered, Delivery, Undelivered, fold};
use crate::senders::Configuration;
use crate::work::Job;

impl Delivery {
    pub(super) async fn send_email(
        &self,
        job: &Job,
        template: EmailTemplate,
        booking_id: BookingId,
        customer_id: CustomerId,
    ) -> Result<Delivered, Undelivered> {
        let tenant_id = &job.tenant_id;
        let streams = [
            (Booking::TYPE, booking_id.as_str()),
            (Customer::TYPE, customer_id.as_str()),
        ];
        let events = self.read(tenant_id, &streams).await?;
        let booking: Booking = fold(&events, booking_id.as_str())?;
        let booking = booking.require().map_err(Error::from)?;
        let mut customer: Customer = fold(&events, customer_id.as_str())?;
        let mut subject = customer_id;
        if let Some(survivor) = customer.merged_into().cloned() {
            let events = self
                .read(tenant_id, &[(Customer::TYPE, survivor.as_str())])
                .await?;
            customer = fold(&events, survivor.as_str())?;
            subject = survivor;
        }
        if let Some(why) = why_withheld(&customer) {
            return Ok(Delivered::Withheld(why));
        }
        let keys = self
            .dispatcher
            .store
            .subject_keys(tenant_id, &[subject.as_str()])
            .await?;
        let Some((_, key)) = keys.first() else {
            return Ok(Delivered::Withheld("the customer's data has been erased"));
        };
        let Some(to) = customer
            .email
            .as_ref()
            .and_then(|email| key.open("email", &email.sealed))
        else {
            return Ok(Delivered::Withheld("the customer has no e-mail address"));
        };
        let open = |field: &str, sealed: &Option<Sealed>| {
            sealed.as_ref().and_then(|sealed| key.open(field, sealed))
        };
        let first_name = open("first_name", &customer.first_name);
        let last_name = open("last_name", &customer.last_name);
        let tenant = self.tenant(tenant_id).await?;
        let facts = Facts::of_customer(&tenant, first_name.as_deref(), last_name.as_deref());
        let facts = facts.with_booking(&tenant, booking);
        let words = self.words(job, template, &tenant, &facts).await?;
        let letter = words.letter;
        let mail = Mail {
            message_id: format!("{}@rapport", job.message_id),
            from: sender(&tenant)?,
            reply_to: tenant.settings.senders.email_reply_to.clone(),
            to,
            subject: letter.subject,
            text: letter.text,
            html: letter.html,
            headers: vec![(
                "X-Rapport-Booking".to_owned(),
                booking_id.as_str().to_owned(),
            )],
        };
        self.server_of(&job.tenant_id, &tenant)
            .await?
            .send(&mail)
            .await?;
        Ok(Delivered::Worded(words.whose))
    }

    /// Who sends the tenant's e-mail: a mail server, or a provider of e-mail.
    pub(super) async fn server_of(
        &self,
        tenant_id: &TenantId,
        tenant: &Tenant,
    ) -> Result<Arc<MailSender>, Undelivered> {
        let keys = self.dispatcher.store.keys(tenant_id).await?;
        let configuration = Configuration {
            tenant_id,
            tenant,
            keys: &keys,
        };
        Ok(self.senders.mails(configuration)?)
    }
}

pub(super) fn sender(tenant: &Tenant) -> Result<String, Failure> {
    let senders = &tenant.settings.senders;
    let address = senders.email_from.as_deref().ok_or_else(|| {
        Failure::new(
            FailureKind::Auth,
            "the tenant has no sender address; set senders.email_from by update-settings",
        )
    })?;
    let name = senders
        .email_name
        .as_deref()
        .unwrap_or(&tenant.name)
        .replace(['"', '\\'], "");
    Ok(format!("\"{name}\" <{address}>"))
}

/// Why no letter goes to this customer, if none does.
fn why_withheld(customer: &Customer) -> Option<&'static str> {
    if !customer.privacy.is_open() {
        return Some("the customer's data is restricted or erased");
    }
    if !customer
        .consents
        .allows(Channel::Email, Purpose::Transactional)
    {
        return Some("the customer has not consented to transactional e-mail");
    }
    let suspended = customer.suspended_since(Channel::Email);
    suspended.map(|_| "an e-mail to the customer came back for good; correct the address")
}
