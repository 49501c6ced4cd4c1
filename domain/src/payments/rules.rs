//! What may become of a payment. Never more goes back than came in, whoever asks and however often.

use super::events::{PaymentEvent, PaymentReceived};
use super::{
    MAX_PROVIDER_ID_CHARS, MAX_REFUNDS, Payment, PaymentCommand, PaymentRecord, RefundReason,
    RefundStanding, SettleRefund,
};
use crate::ids::BookingId;
use crate::money::{MAX_AMOUNT_MINOR, Money};
use crate::refusal::{Problems, Refusal};

type Decision = Result<Vec<PaymentEvent>, Refusal>;

impl Payment {
    /// The events that `command` leads to; none when all is as asked already.
    pub fn decide(&self, command: PaymentCommand) -> Decision {
        if let PaymentCommand::Receive(received) = command {
            if self.record.is_some() {
                return Err(Refusal::conflict(
                    "payment-exists",
                    "the payment exists already",
                ));
            }
            return receive(received);
        }
        let payment = self.require()?;
        match command {
            PaymentCommand::Match {
                booking_id,
                customer_id,
                why,
            } => {
                let known = payment.may_match(&booking_id)?;
                Ok(unless(
                    known,
                    PaymentEvent::PaymentMatched {
                        booking_id,
                        customer_id,
                        why,
                    },
                ))
            }
            PaymentCommand::Unlink { reason } => {
                let booking_id = payment.booking_id.clone();
                Ok(booking_id
                    .map(|booking_id| PaymentEvent::PaymentUnlinked { booking_id, reason })
                    .into_iter()
                    .collect())
            }
            PaymentCommand::RequestRefund {
                refund_id,
                amount,
                reason,
            } => payment.request_refund(refund_id, amount, reason),
            PaymentCommand::SettleRefund(settle) => payment.settle_refund(settle),
            PaymentCommand::FailRefund { refund_id, code } => {
                Ok(payment.fail_refund(refund_id, code))
            }
            PaymentCommand::NoteDispute {
                dispute_id,
                amount,
                reason,
            } => {
                let known = payment.disputes.contains(&dispute_id);
                Ok(unless(
                    known,
                    PaymentEvent::PaymentDisputed {
                        dispute_id,
                        amount,
                        reason,
                    },
                ))
            }
            PaymentCommand::Flag { flag } => Ok(unless(
                payment.flags.contains(&flag),
                PaymentEvent::PaymentFlagged { flag },
            )),
            // Answered above.
            PaymentCommand::Receive(_) => Ok(Vec::new()),
        }
    }
}

fn receive(received: Box<PaymentReceived>) -> Decision {
    let mut problems = Problems::default();
    if !(1..=MAX_AMOUNT_MINOR).contains(&received.amount.amount_minor) {
        let message = format!("between 1 and {MAX_AMOUNT_MINOR} minor units");
        problems.add("/amount_minor", "amount-out-of-range", message);
    }
    if !(1..=MAX_PROVIDER_ID_CHARS).contains(&received.provider_id.chars().count()) {
        problems.add(
            "/provider_id",
            "provider-id-invalid",
            format!("1 to {MAX_PROVIDER_ID_CHARS} characters"),
        );
    }
    problems.finish()?;
    Ok(vec![PaymentEvent::PaymentReceived(received)])
}

fn unless(known: bool, event: PaymentEvent) -> Vec<PaymentEvent> {
    if known { Vec::new() } else { vec![event] }
}

impl PaymentRecord {
    /// Whether it is matched to that booking already.
    fn may_match(&self, booking_id: &BookingId) -> Result<bool, Refusal> {
        match &self.booking_id {
            None => Ok(false),
            Some(known) if known == booking_id => Ok(true),
            Some(other) => {
                let detail = format!("the payment belongs to booking {other}; unlink it first");
                let unlink = serde_json::json!({ "first": "unlink-payment" });
                Err(Refusal::conflict("payment-already-matched", detail)
                    .with_alternatives(vec![unlink]))
            }
        }
    }

    fn request_refund(&self, refund_id: String, amount: Money, reason: RefundReason) -> Decision {
        if self.refunds.contains_key(&refund_id) {
            return Ok(Vec::new());
        }
        self.check_refund(&amount)?;
        Ok(vec![PaymentEvent::RefundRequested {
            refund_id,
            amount,
            reason,
        }])
    }

    fn check_refund(&self, amount: &Money) -> Result<(), Refusal> {
        let left = self.refundable();
        if amount.currency != left.currency {
            let detail = format!("the payment is in {}", left.currency.as_str());
            let ours = serde_json::json!({ "currency": left.currency });
            return Err(
                Refusal::invalid("refund-currency-mismatch", detail).with_alternatives(vec![ours])
            );
        }
        if amount.amount_minor < 1 {
            return Err(Refusal::invalid(
                "refund-amount-invalid",
                "a refund is at least one minor unit",
            ));
        }
        if amount.amount_minor > left.amount_minor {
            let detail = format!("at most {left} can still be refunded");
            let most =
                serde_json::json!({ "amount_minor": left.amount_minor, "currency": left.currency });
            return Err(
                Refusal::conflict("refund-exceeds-payment", detail).with_alternatives(vec![most])
            );
        }
        if self.refunds.len() >= MAX_REFUNDS {
            let detail = format!("a payment has at most {MAX_REFUNDS} refunds");
            return Err(Refusal::conflict("refund-limit-reached", detail));
        }
        Ok(())
    }

    fn settle_refund(&self, settle: SettleRefund) -> Decision {
        let SettleRefund {
            refund_id,
            provider_refund_id,
            amount,
            at,
        } = settle;
        let provider_known = provider_refund_id.is_some()
            && self.refunds.values().any(|refund| {
                refund.standing == RefundStanding::Refunded
                    && refund.provider_refund_id == provider_refund_id
            });
        let ours_settled = refund_id
            .as_ref()
            .and_then(|refund_id| self.refunds.get(refund_id));
        if provider_known
            || ours_settled.is_some_and(|refund| refund.standing == RefundStanding::Refunded)
        {
            return Ok(Vec::new());
        }
        let refund_id = self.which_refund(refund_id, &provider_refund_id, &amount);
        let Some(refund_id) = refund_id else {
            return Err(Refusal::not_found(
                "refund-not-found",
                "the payment has no such refund",
            ));
        };
        let amount = match self.refunds.get(&refund_id) {
            Some(refund) => Money::new(refund.amount_minor, self.received.amount.currency.clone()),
            // Made at the provider's own desk: it is a fact, but never more than is left.
            None => Money::new(
                amount.amount_minor.min(self.refundable().amount_minor),
                amount.currency,
            ),
        };
        if amount.amount_minor < 1 {
            return Ok(Vec::new());
        }
        Ok(vec![PaymentEvent::PaymentRefunded {
            refund_id,
            amount,
            provider_refund_id,
            refunded_at: at,
        }])
    }

    /// Which of our refunds it is: the one that is named; else one under way of that amount, whose answer is still to
    /// come; else one that we did not ask for, under the provider's id.
    fn which_refund(
        &self,
        named: Option<String>,
        provider_id: &Option<String>,
        amount: &Money,
    ) -> Option<String> {
        let named = named.filter(|refund_id| self.refunds.contains_key(refund_id));
        let under_way = || {
            let mut all = self.refunds.iter();
            let found = all.find(|(_, refund)| {
                refund.standing == RefundStanding::Requested
                    && refund.amount_minor == amount.amount_minor
            });
            found.map(|(refund_id, _)| refund_id.clone())
        };
        match (named, provider_id) {
            (Some(refund_id), _) => Some(refund_id),
            (None, Some(provider_id)) => under_way().or_else(|| Some(provider_id.clone())),
            (None, None) => None,
        }
    }

    fn fail_refund(&self, refund_id: String, code: String) -> Vec<PaymentEvent> {
        let under_way = self
            .refunds
            .get(&refund_id)
            .filter(|refund| refund.standing == RefundStanding::Requested);
        let amount = under_way
            .map(|refund| Money::new(refund.amount_minor, self.received.amount.currency.clone()));
        amount
            .map(|amount| PaymentEvent::RefundFailed {
                refund_id,
                amount,
                code,
            })
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests;
