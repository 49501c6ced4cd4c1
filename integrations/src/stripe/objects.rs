//! The part of Stripe's objects that we send and read. Unknown fields are ignored, because Stripe adds them within a
//! version; states are kept as text for the same reason.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::form::Form;

/// Shortest life that Stripe accepts for a checkout session, in seconds.
pub const SESSION_LIFE_MIN_SECONDS: i64 = 30 * 60;
/// Longest life that Stripe accepts for a checkout session, in seconds.
pub const SESSION_LIFE_MAX_SECONDS: i64 = 24 * 60 * 60;

/// A hosted checkout for one amount, paid once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewCheckoutSession {
    pub product_name: String,
    pub product_description: Option<String>,
    /// In the currency's minor unit.
    pub amount: i64,
    /// ISO 4217, any case.
    pub currency: String,
    pub customer_email: Option<String>,
    pub client_reference_id: Option<String>,
    pub success_url: String,
    pub cancel_url: Option<String>,
    /// Unix seconds, 30 minutes to 24 hours from now.
    pub expires_at: i64,
    /// Put on the session and on its payment intent, so that every later webhook carries it. At most 50 entries.
    pub metadata: BTreeMap<String, String>,
}

impl NewCheckoutSession {
    pub(crate) fn form(&self) -> Form {
        let mut form = Form::default();
        form.add("mode", "payment");
        form.add("line_items[0][quantity]", "1");
        form.add(
            "line_items[0][price_data][currency]",
            self.currency.to_ascii_lowercase(),
        );
        form.add(
            "line_items[0][price_data][unit_amount]",
            self.amount.to_string(),
        );
        form.add(
            "line_items[0][price_data][product_data][name]",
            &self.product_name,
        );
        form.add_some(
            "line_items[0][price_data][product_data][description]",
            self.product_description.as_ref(),
        );
        form.add("success_url", &self.success_url);
        form.add_some("cancel_url", self.cancel_url.as_ref());
        form.add_some("customer_email", self.customer_email.as_ref());
        form.add_some("client_reference_id", self.client_reference_id.as_ref());
        form.add("expires_at", self.expires_at.to_string());
        form.add_map("metadata", &self.metadata);
        form.add_map("payment_intent_data[metadata]", &self.metadata);
        form
    }
}

/// A refund of all or a part of a payment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRefund {
    pub payment_intent: String,
    /// In the minor unit; all that is left when absent.
    pub amount: Option<i64>,
    /// `duplicate`, `fraudulent` or `requested_by_customer`.
    pub reason: Option<String>,
    pub metadata: BTreeMap<String, String>,
}

impl NewRefund {
    /// A refund of all that is left.
    pub fn whole(payment_intent: impl Into<String>) -> NewRefund {
        NewRefund {
            payment_intent: payment_intent.into(),
            ..NewRefund::default()
        }
    }

    pub(crate) fn form(&self) -> Form {
        let mut form = Form::default();
        form.add("payment_intent", &self.payment_intent);
        if let Some(amount) = self.amount {
            form.add("amount", amount.to_string());
        }
        form.add_some("reason", self.reason.as_ref());
        form.add_map("metadata", &self.metadata);
        form
    }
}

/// <https://docs.stripe.com/api/checkout/sessions/object>
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CheckoutSession {
    pub id: String,
    /// Where the payer goes; absent once the session is over.
    pub url: Option<String>,
    /// `open`, `complete` or `expired`.
    pub status: Option<String>,
    /// `paid`, `unpaid` or `no_payment_required`.
    pub payment_status: String,
    pub payment_intent: Option<String>,
    pub amount_total: Option<i64>,
    pub currency: Option<String>,
    pub client_reference_id: Option<String>,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds.
    pub expires_at: i64,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// <https://docs.stripe.com/api/refunds/object>
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Refund {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    pub charge: Option<String>,
    pub payment_intent: Option<String>,
    /// `pending`, `requires_action`, `succeeded`, `failed` or `canceled`.
    pub status: Option<String>,
    pub reason: Option<String>,
    /// Unix seconds.
    pub created: i64,
    #[serde(default, deserialize_with = "empty_when_null")]
    pub metadata: BTreeMap<String, String>,
}

/// <https://docs.stripe.com/api/charges/object>
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Charge {
    pub id: String,
    pub payment_intent: Option<String>,
    pub amount: i64,
    /// The sum of all refunds so far.
    pub amount_refunded: i64,
    /// Whether nothing is left.
    pub refunded: bool,
    pub currency: String,
    #[serde(default, deserialize_with = "empty_when_null")]
    pub metadata: BTreeMap<String, String>,
}

/// <https://docs.stripe.com/api/disputes/object>
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Dispute {
    pub id: String,
    pub charge: String,
    pub payment_intent: Option<String>,
    pub amount: i64,
    pub currency: String,
    pub reason: String,
    pub status: String,
    #[serde(default, deserialize_with = "empty_when_null")]
    pub metadata: BTreeMap<String, String>,
}

fn empty_when_null<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{NewCheckoutSession, NewRefund};

    #[test]
    fn metadata_goes_to_the_session_and_to_its_payment() {
        let new = NewCheckoutSession {
            product_name: "Deposit".into(),
            amount: 10_000,
            currency: "USD".into(),
            success_url: "https://example.test/thanks".into(),
            expires_at: 1_773_511_200,
            metadata: BTreeMap::from([("booking_id".into(), "b1".into())]),
            ..NewCheckoutSession::default()
        };
        assert_eq!(
            new.form().encode(),
            "mode=payment&line_items[0][quantity]=1&line_items[0][price_data][currency]=usd\
             &line_items[0][price_data][unit_amount]=10000\
             &line_items[0][price_data][product_data][name]=Deposit\
             &success_url=https%3A%2F%2Fexample%2Etest%2Fthanks&expires_at=1773511200\
             &metadata[booking_id]=b1&payment_intent_data[metadata][booking_id]=b1"
        );
    }

    #[test]
    fn a_whole_refund_names_no_amount() {
        assert_eq!(
            NewRefund::whole("pi_1").form().encode(),
            "payment_intent=pi%5F1"
        );
    }
}
