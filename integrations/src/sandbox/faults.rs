//! Faults that tests order: answers lost before or after the effect, broken and slow connections, storms of refusals,
//! webhooks doubled, shuffled and late, scripted SMTP replies. They live in memory and end with the process.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::sandbox::providers::Provider;

/// Orders kept per kind.
const ORDERS_LIMIT: usize = 1_000;
/// Longest delay that can be ordered.
const DELAY_LIMIT_MS: u64 = 10 * 60 * 1_000;

/// The body of `POST /sandbox/faults`: what is named is added or, for `webhooks`, replaced. Beside `webhooks` and `smtp`
/// it names a provider, such as `stripe`, with what happens to the next calls of its API.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct FaultOrder {
    pub webhooks: Option<WebhookFault>,
    pub smtp: Option<SmtpFault>,
    #[serde(flatten)]
    pub calls: BTreeMap<Provider, CallFault>,
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

/// What happens to the next calls of a provider's API.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallFault {
    pub status: CallFaultKind,
    /// Whether the call takes effect (and its answer is stored) before it goes wrong. Answers that break or drip come
    /// after the effect in any case.
    #[serde(default)]
    pub after_effect: bool,
    #[serde(default = "once")]
    pub times: u32,
    /// Only every so many calls of those that fit.
    #[serde(default = "once")]
    pub every: u32,
    /// Only calls whose path, after the provider's own beginning, begins so.
    #[serde(default)]
    pub path: String,
    /// Only calls of this account, given as its credential or its id.
    pub account: Option<String>,
    /// For `hang` the wait, for `drip` the wait between pieces.
    #[serde(default)]
    pub hang_ms: u64,
    pub retry_after_seconds: Option<u64>,
    pub should_retry: Option<bool>,
    #[serde(skip)]
    seen: u32,
}

/// A status to answer with, or a way not to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum CallFaultKind {
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
    /// The head and half of the body, then the connection is closed.
    Truncate,
    /// The body comes in small pieces with `hang_ms` between them.
    Drip,
}

impl CallFault {
    /// Whether the call has had its effect when it goes wrong.
    pub(super) fn is_after_effect(&self) -> bool {
        let breaks_the_answer = matches!(
            self.status,
            CallFaultKind::Connection(ConnectionFault::Truncate | ConnectionFault::Drip)
        );
        self.after_effect || breaks_the_answer
    }
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
    calls: BTreeMap<Provider, VecDeque<CallFault>>,
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
        for (provider, mut fault) in order.calls {
            check_delay(fault.hang_ms)?;
            if let CallFaultKind::Status(status) = fault.status
                && !(400..600).contains(&status)
            {
                return Err(format!("{status} is no failure"));
            }
            fault.account = fault
                .account
                .map(|credential| provider.account_id(&credential));
            push(self.calls.entry(provider).or_default(), fault)?;
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
    pub(super) fn take_call(
        &mut self,
        provider: Provider,
        account: &str,
        path: &str,
    ) -> Option<CallFault> {
        let orders = self.calls.get_mut(&provider)?;
        let index = orders.iter().position(|fault| {
            path.starts_with(&fault.path)
                && fault.account.as_deref().is_none_or(|only| only == account)
        })?;
        let fault = orders.get_mut(index)?;
        fault.seen += 1;
        if !fault.seen.is_multiple_of(fault.every.max(1)) {
            return None;
        }
        fault.times = fault.times.saturating_sub(1);
        let taken = fault.clone();
        if taken.times == 0 {
            orders.remove(index);
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
    use crate::sandbox::providers::Provider;

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
        let mut take = |provider, path| plan.take_call(provider, "acct_1", path).is_some();
        assert!(!take(Provider::Stripe, "checkout/sessions"));
        assert!(!take(Provider::Twilio, "refunds"));
        assert!(take(Provider::Stripe, "refunds"));
        assert!(take(Provider::Stripe, "refunds"));
        assert!(!take(Provider::Stripe, "refunds"));
    }

    #[test]
    fn an_order_may_be_for_every_third_call() {
        let mut plan = plan(&[r#"{"twilio":{"status":"reset","times":2,"every":3}}"#]);
        let taken: Vec<bool> = (0..8)
            .map(|_| plan.take_call(Provider::Twilio, "AC1", "x").is_some())
            .collect();
        assert_eq!(
            taken,
            [false, false, true, false, false, true, false, false]
        );
    }

    #[test]
    fn an_order_may_be_for_one_account_given_by_its_credential() {
        let mut plan = plan(&[r#"{"resend":{"status":429,"account":"re_key"}}"#]);
        let account = Provider::Resend.account_id("re_key");
        assert!(
            plan.take_call(Provider::Resend, "other", "emails")
                .is_none()
        );
        assert!(
            plan.take_call(Provider::Resend, &account, "emails")
                .is_some()
        );
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
        for order in [r#"{"stripes":{}}"#, r#"{"stripe":{"status":500,"time":1}}"#] {
            assert!(
                serde_json::from_str::<FaultOrder>(order).is_err(),
                "{order}"
            );
        }
    }
}
