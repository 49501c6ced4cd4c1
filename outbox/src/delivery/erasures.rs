//! An erasure whose day has come: what lies beside the log is purged, then the command destroys the keys. Both may be done
//! again after a crash; what was purged is kept on record until the event tells of it.

use cqrs_es::Aggregate;
use domain::customers::Customer;
use domain::ids::CustomerId;
use event_store::error::Error;

use super::{Delivery, fold};
use crate::deliver::{Delivered, Undelivered};
use crate::erasures;
use crate::work::Job;

impl Delivery {
    pub(super) async fn erase_subject(
        &self,
        job: &Job,
        customer_id: CustomerId,
    ) -> Result<Delivered, Undelivered> {
        let streams = [(Customer::TYPE, customer_id.as_str())];
        let read = self.read(&job.tenant_id, &streams).await?;
        let customer: Customer = fold(&read, customer_id.as_str())?;
        let privacy = &customer.privacy;
        if privacy.is_erased() {
            return Ok(Delivered::Withheld("the person has been erased"));
        }
        if privacy.hold.is_some() {
            return Ok(Delivered::Withheld("a hold keeps the data"));
        }
        if privacy.erase_at.is_none_or(|due| due > job.leased_at) {
            return Ok(Delivered::Withheld("the erasure was cancelled"));
        }
        let merged = customer.merged.iter().map(ToString::to_string);
        let family: Vec<String> = merged.chain([customer_id.to_string()]).collect();
        let store = &self.dispatcher.store;
        let purged = erasures::purge(store, &job.tenant_id, &family, &job.message_id)
            .await
            .map_err(|error: Error| Undelivered::Refused(error))?;
        let body = purged.body(customer_id.as_str());
        self.bring_back(job, "complete-erasure", body).await?;
        Ok(Delivered::Done)
    }
}
