//! Money: the hosted checkout page for a deposit, its end, and refunds. Class K: a repeated call carries the same key and
//! the same parameters, so Stripe makes one effect of it.

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use domain::bookings::{Booking, Status};
use domain::ids::{BookingId, PaymentId};
use domain::payments::{Payment, RefundStanding};
use integrations::outcome::FailureKind;
use integrations::stripe::Stripe;
use integrations::stripe::objects::{
    NewCheckoutSession, NewRefund, SESSION_LIFE_MAX_SECONDS, SESSION_LIFE_MIN_SECONDS,
};
use serde_json::json;
use time::OffsetDateTime;

use super::{Delivered, Delivery, Undelivered, fold};
use crate::work::Job;

impl Delivery {
    pub(super) async fn create_checkout(
        &self,
        job: &Job,
        booking_id: BookingId,
    ) -> Result<Delivered, Undelivered> {
        let events = self
            .read(&job.tenant_id, &[(Booking::TYPE, booking_id.as_str())])
            .await?;
        let booking: Booking = fold(&events, booking_id.as_str())?;
        let booking = booking.require().map_err(event_store::error::Error::from)?;
        if booking.status != Status::DepositPending {
            return Ok(Delivered::Withheld(
                "the booking no longer waits for a deposit",
            ));
        }
        let tenant = self.tenant(&job.tenant_id).await?;
        // A repeated call must say the same, so this follows from the event and not from the clock.
        let latest = booking.created_at.unix_timestamp() + SESSION_LIFE_MAX_SECONDS;
        let hold_until = booking
            .hold_until
            .map_or(latest, |until| until.unix_timestamp());
        let earliest =
            booking.created_at.unix_timestamp() + SESSION_LIFE_MIN_SECONDS + SENDING_MARGIN_SECONDS;
        let expires_at = hold_until.min(latest).max(earliest);
        let new = NewCheckoutSession {
            product_name: format!(
                "Deposit, {} on {} at {}",
                tenant.name, booking.date, booking.slot
            ),
            product_description: Some(format!("{} guests", booking.party.guests())),
            amount: booking.deposit.amount_minor,
            currency: booking.deposit.currency.as_str().to_lowercase(),
            client_reference_id: Some(booking_id.as_str().to_owned()),
            success_url: format!("{}/paid", self.endpoints.public_url),
            cancel_url: Some(format!("{}/payment-cancelled", self.endpoints.public_url)),
            expires_at,
            metadata: self.metadata(job, &booking_id),
            customer_email: None,
        };
        let stripe = self.stripe(job).await?;
        let session = stripe
            .create_checkout_session(&new, &job.message_id)
            .await?;
        let expires_at =
            OffsetDateTime::from_unix_timestamp(session.expires_at).unwrap_or(booking.created_at);
        let url = session.url.unwrap_or_default();
        let body = json!({
            "booking_id": booking_id, "session_id": session.id, "url": url,
            "expires_at": expires_at.format(&time::format_description::well_known::Rfc3339).unwrap_or_default(),
        });
        self.bring_back(job, "attach-checkout-link", body).await?;
        Ok(Delivered::Done)
    }

    pub(super) async fn expire_checkout(
        &self,
        job: &Job,
        session_id: &str,
    ) -> Result<Delivered, Undelivered> {
        let stripe = self.stripe(job).await?;
        match stripe
            .expire_checkout_session(session_id, &job.message_id)
            .await
        {
            Ok(_) => Ok(Delivered::Done),
            // It is over already: paid or expired. Whichever, its webhook tells us.
            Err(failure) if failure.kind == FailureKind::Refused => {
                let session = stripe.retrieve_checkout_session(session_id).await?;
                match session.status.as_deref() {
                    Some("open") => Err(failure.into()),
                    _ => Ok(Delivered::Withheld("the checkout page was over already")),
                }
            }
            Err(failure) => Err(failure.into()),
        }
    }

    pub(super) async fn refund_payment(
        &self,
        job: &Job,
        payment_id: PaymentId,
        refund_id: String,
    ) -> Result<Delivered, Undelivered> {
        let events = self
            .read(&job.tenant_id, &[(Payment::TYPE, payment_id.as_str())])
            .await?;
        let payment: Payment = fold(&events, payment_id.as_str())?;
        let payment = payment.require().map_err(event_store::error::Error::from)?;
        let Some(refund) = payment.refunds.get(&refund_id) else {
            return Ok(Delivered::Withheld("there is no such refund"));
        };
        if refund.standing == RefundStanding::Refunded {
            return Ok(Delivered::Withheld("the refund was settled already"));
        }
        let mut metadata = BTreeMap::from([
            ("refund_id".to_owned(), refund_id.clone()),
            ("payment_id".to_owned(), payment_id.as_str().to_owned()),
            ("tenant_id".to_owned(), job.tenant_id.as_str().to_owned()),
        ]);
        if let Some(booking_id) = &payment.booking_id {
            metadata.insert("booking_id".to_owned(), booking_id.as_str().to_owned());
        }
        let new = NewRefund {
            payment_intent: payment.received.provider_id.clone(),
            amount: Some(refund.amount_minor),
            reason: Some("requested_by_customer".to_owned()),
            metadata,
        };
        let done = self
            .stripe(job)
            .await?
            .create_refund(&new, &job.message_id)
            .await?;
        let body = json!({
            "payment_id": payment_id, "refund_id": refund_id, "provider_refund_id": done.id, "amount_minor": done.amount,
            "currency": done.currency.to_uppercase(),
        });
        self.bring_back(job, "settle-refund", body).await?;
        Ok(Delivered::Done)
    }

    async fn stripe(&self, job: &Job) -> Result<Stripe, Undelivered> {
        let secret_key = self.secret(&job.tenant_id, "stripe", "secret_key").await?;
        Ok(Stripe::new(
            self.http.clone(),
            self.endpoints.stripe_url.clone(),
            secret_key,
        ))
    }

    fn metadata(&self, job: &Job, booking_id: &BookingId) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("booking_id".to_owned(), booking_id.as_str().to_owned()),
            ("tenant_id".to_owned(), job.tenant_id.as_str().to_owned()),
            ("message_id".to_owned(), job.message_id.clone()),
        ])
    }
}

/// Stripe counts the shortest life of a page from when the call arrives; this much later than the booking it still fits.
const SENDING_MARGIN_SECONDS: i64 = 300;
