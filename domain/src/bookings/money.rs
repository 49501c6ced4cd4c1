//! The money of a booking: payments that confirm it, payments that come too late, and what went back.

use super::commands::{LatePayment, ReceivePayment};
use super::events::BookingEvent;
use super::{BookingRecord, MAX_PAYMENTS, Status};
use crate::ids::PaymentId;
use crate::money::Money;
use crate::refusal::Refusal;

impl BookingRecord {
    pub(super) fn receive_payment(
        &self,
        receive: ReceivePayment,
    ) -> Result<Vec<BookingEvent>, Refusal> {
        let ReceivePayment {
            payment_id,
            amount,
            cause,
            late,
            at,
        } = receive;
        if self.payments.contains_key(&payment_id) || self.late_payments.contains_key(&payment_id) {
            return Ok(Vec::new());
        }
        if amount.currency != self.total.currency {
            let detail = format!(
                "the booking is in {}, not in {}",
                self.total.currency.as_str(),
                amount.currency.as_str()
            );
            return Err(Refusal::conflict("payment-currency-mismatch", detail));
        }
        if self.payments.len() >= MAX_PAYMENTS {
            let detail = format!("a booking has at most {MAX_PAYMENTS} payments");
            return Err(Refusal::conflict("payment-limit-reached", detail));
        }
        let covers = self.paid_minor() + amount.amount_minor >= self.deposit.amount_minor;
        let received = BookingEvent::BookingPaymentReceived {
            payment_id: payment_id.clone(),
            amount: amount.clone(),
        };
        let ended = matches!(self.status, Status::Cancelled | Status::Expired);
        match late {
            LatePayment::Retake(held_chef_id) if ended && covers && at < self.starts_at => {
                Ok(vec![
                    received,
                    BookingEvent::BookingSlotRetaken { held_chef_id },
                    BookingEvent::BookingConfirmed { cause },
                ])
            }
            LatePayment::Retake(_) | LatePayment::Flag if ended => {
                Ok(vec![BookingEvent::LatePaymentFlagged {
                    payment_id,
                    amount,
                }])
            }
            _ => {
                let waits = matches!(self.status, Status::DepositPending | Status::New);
                let confirmed =
                    (waits && covers).then_some(BookingEvent::BookingConfirmed { cause });
                Ok(std::iter::once(received).chain(confirmed).collect())
            }
        }
    }

    pub(super) fn unlink_payment(&self, payment_id: PaymentId) -> Vec<BookingEvent> {
        let known =
            self.payments.contains_key(&payment_id) || self.late_payments.contains_key(&payment_id);
        known
            .then_some(BookingEvent::BookingPaymentUnlinked { payment_id })
            .into_iter()
            .collect()
    }

    pub(super) fn note_refund(
        &self,
        payment_id: PaymentId,
        refund_id: String,
        amount: Money,
    ) -> Vec<BookingEvent> {
        let new = self
            .payments
            .get(&payment_id)
            .is_some_and(|paid| !paid.refund_ids.contains(&refund_id));
        new.then_some(BookingEvent::BookingRefunded {
            payment_id,
            refund_id,
            amount,
        })
        .into_iter()
        .collect()
    }
}
