//! Faults that tests order: answers lost before or after the effect, broken connections, webhooks doubled, shuffled and
//! late, scripted SMTP replies. They live in memory and end with the process.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Orders kept per provider.
const ORDERS_LIMIT: usize = 1_000;
/// Longest delay that can be ordered.
const DELAY_LIMIT_MS: u64 = 10 * 60 * 1_000;

/// The body of `POST /sandbox/faults`: what is named is added or, for `webhooks`, replaced.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultOrder {
    pub webhooks: Option<WebhookFault>,
    pub stripe: Option<StripeFault>,
    pub smtp: Option<SmtpFault>,
}

/// How webhooks are delivered from now on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WebhookFault {
    /// Every delivery is made twice.
    pub duplicate: bool,
    /// Deliveries wait a random time up to two seconds, so that they overtake each other.
    pub shuffle: bool,
    pub delay_ms: u64,
}

/// What happens to the next calls of the Stripe API.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StripeFault {
    pub status: StripeFaultKind,
    /// Whether the call takes effect (and its answer is stored) before it goes wrong.
    #[serde(default)]
    pub after_effect: bool,
    #[serde(default = "once")]
    pub times: u32,
    /// Only calls whose path, after `/v1/`, begins so.
    #[serde(default)]
    pub path: String,
    /// Only calls of this account, given as its secret key or its id.
    pub account: Option<String>,
    /// For `hang`.
    #[serde(default)]
    pub hang_ms: u64,
    pub retry_after_seconds: Option<u64>,
    pub should_retry: Option<bool>,
}

/// A status to answer with, or a way not to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum StripeFaultKind {
    Status(u16),
    Connection(ConnectionFault),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ConnectionFault {
    /// The connection is closed without an answer.
    Reset,
    /// The answer waits for `hang_ms`, then comes.
    #[serde(alias = "hang_ms")]
    Hang,
}

/// What happens to the next mails.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SmtpFault {
    /// Only mails to this address.
    pub recipient: Option<String>,
    #[serde(default)]
    pub at: SmtpStage,
    /// Such as `451 4.7.1 Try again later`; without one the connection is closed.
    pub reply: Option<String>,
    /// With `at` = `content`: the mail is taken in before it goes wrong.
    #[serde(default)]
    pub after_effect: bool,
    #[serde(default = "once")]
    pub times: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SmtpStage {
    #[default]
    Rcpt,
    Content,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct FaultPlan {
    pub webhooks: WebhookFault,
    stripe: VecDeque<StripeFault>,
    smtp: VecDeque<SmtpFault>,
}

impl FaultPlan {
    /// # Errors
    /// What is wrong with the order, in words.
    pub(super) fn add(&mut self, order: FaultOrder) -> Result<(), String> {
        if let Some(webhooks) = order.webhooks {
            check_delay(webhooks.delay_ms)?;
            self.webhooks = webhooks;
        }
        if let Some(stripe) = order.stripe {
            check_delay(stripe.hang_ms)?;
            if let StripeFaultKind::Status(status) = stripe.status
                && !(400..600).contains(&status)
            {
                return Err(format!("{status} is no failure"));
            }
            push(&mut self.stripe, stripe)?;
        }
        if let Some(smtp) = order.smtp {
            if smtp.reply.as_deref().is_some_and(|reply| !is_reply(reply)) {
                return Err("a reply is a code of 4xx or 5xx and a text".to_owned());
            }
            push(&mut self.smtp, smtp)?;
        }
        Ok(())
    }

    /// Takes the first order that fits this call, one time of it.
    pub(super) fn take_stripe(&mut self, account: &str, path: &str) -> Option<StripeFault> {
        let index = self.stripe.iter().position(|fault| {
            path.starts_with(&fault.path)
                && fault.account.as_deref().is_none_or(|only| only == account)
        })?;
        let fault = self.stripe.get_mut(index)?;
        fault.times = fault.times.saturating_sub(1);
        let taken = fault.clone();
        if taken.times == 0 {
            self.stripe.remove(index);
        }
        Some(taken)
    }

    /// Takes the first order that fits this recipient at this stage, one time of it.
    pub(super) fn take_smtp(&mut self, recipient: &str, at: SmtpStage) -> Option<SmtpFault> {
        let index = self.smtp.iter().position(|fault| {
            fault.at == at
                && fault
                    .recipient
                    .as_deref()
                    .is_none_or(|only| only.eq_ignore_ascii_case(recipient))
        })?;
        let fault = self.smtp.get_mut(index)?;
        fault.times = fault.times.saturating_sub(1);
        let taken = fault.clone();
        if taken.times == 0 {
            self.smtp.remove(index);
        }
        Some(taken)
    }
}

fn once() -> u32 {
    1
}

fn check_delay(delay_ms: u64) -> Result<(), String> {
    if delay_ms > DELAY_LIMIT_MS {
        return Err(format!("a delay is at most {DELAY_LIMIT_MS} ms"));
    }
    Ok(())
}

fn push<T>(orders: &mut VecDeque<T>, order: T) -> Result<(), String> {
    if orders.len() >= ORDERS_LIMIT {
        return Err(format!("at most {ORDERS_LIMIT} orders are kept"));
    }
    orders.push_back(order);
    Ok(())
}

fn is_reply(reply: &str) -> bool {
    let mut bytes = reply.bytes();
    matches!(bytes.next(), Some(b'4' | b'5'))
        && bytes.next().is_some_and(|byte| byte.is_ascii_digit())
        && bytes.next().is_some_and(|byte| byte.is_ascii_digit())
        && matches!(bytes.next(), Some(b' '))
        && !reply.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::{FaultOrder, FaultPlan, SmtpStage};

    fn plan(orders: &[&str]) -> FaultPlan {
        let mut plan = FaultPlan::default();
        for order in orders {
            let order: FaultOrder = serde_json::from_str(order).unwrap();
            plan.add(order).unwrap();
        }
        plan
    }

    #[test]
    fn an_order_is_taken_as_often_as_it_says() {
        let mut plan = plan(&[r#"{"stripe":{"status":500,"times":2,"path":"refunds"}}"#]);
        assert!(plan.take_stripe("acct_1", "checkout/sessions").is_none());
        assert!(plan.take_stripe("acct_1", "refunds").is_some());
        assert!(plan.take_stripe("acct_1", "refunds").is_some());
        assert!(plan.take_stripe("acct_1", "refunds").is_none());
    }

    #[test]
    fn an_order_may_be_for_one_recipient() {
        let mut plan =
            plan(&[r#"{"smtp":{"recipient":"ada@example.test","reply":"550 5.1.1 Unknown"}}"#]);
        assert!(
            plan.take_smtp("bob@example.test", SmtpStage::Rcpt)
                .is_none()
        );
        assert!(
            plan.take_smtp("ADA@example.test", SmtpStage::Rcpt)
                .is_some()
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for order in [
            r#"{"stripe":{"status":200}}"#,
            r#"{"smtp":{"reply":"250 fine"}}"#,
            r#"{"webhooks":{"delay_ms":99999999}}"#,
        ] {
            let order: FaultOrder = serde_json::from_str(order).unwrap();
            assert!(FaultPlan::default().add(order).is_err());
        }
        assert!(serde_json::from_str::<FaultOrder>(r#"{"stripes":{}}"#).is_err());
    }
}
