//! The closed list of all that Rapport can ask the world to do, and the timers it sets for itself. An effect names
//! streams; what is sent is rendered when it is delivered, by folding them, so no personal data waits in a queue.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::customers::consents::Channel;
use crate::ids::{
    ApprovalId, BookingId, BulkRunId, ConversationId, CustomerId, ImportId, JourneyRunId,
    MessageId, PaymentId, WebhookEndpointId,
};
use crate::imports::Pass;
use crate::journey_runs::Happened;
use crate::sealed::Sealed;
use crate::tenants::deletion::{EndLetter, EndNews};
use crate::webhook_endpoints::messages::News;

/// Something to be done outside, or later, because of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Distinguishes the effects of one event; with the event it names the message for ever.
    pub name: &'static str,
    pub call: Call,
    /// Not before this moment; at once when absent.
    pub due: Option<OffsetDateTime>,
    /// Deliveries to one target with the same key keep their order.
    pub order_key: Option<String>,
    /// After this moment it is not sent any more; without one it is tried as long as its target's schedule says.
    pub expires_at: Option<OffsetDateTime>,
}

/// What a crash or a lost answer means for a call: whether it may be sent again, and what must be known before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EffectClass {
    /// K: the provider honours a key, for about a day. It is sent again under the same key, and looked up after that.
    Keyed,
    /// R: we name what is made, so a second one is refused or is the first. It is sent again freely.
    Named,
    /// L: what was made can be found. It is looked for before it is sent again.
    Findable,
    /// N: nobody can tell a repetition. An intent is written down before the first byte leaves.
    Blind(OnUnknown),
    /// P: it changes nothing outside. It is sent again freely; each attempt may cost money.
    Pure,
}

/// What becomes of a blind call that may or may not have had its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnUnknown {
    /// It waits for an operator: twice would be worse than late.
    Park,
    /// It is sent again: never would be worse than twice.
    Resend,
    /// The provider reports by itself what became of it: that is waited for, and without a report it is sent again.
    Wait,
}

/// What to do. The variant decides the target and its effect class (what a crash during delivery means).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Call {
    /// Make a hosted checkout page for the deposit; the link comes back as `attach-checkout-link`.
    CreateCheckout { booking_id: BookingId },
    /// Make the pending checkout page of the booking unpayable.
    ExpireCheckout {
        booking_id: BookingId,
        provider_session_id: String,
    },
    /// Give money back through the provider; the result comes back as `settle-refund`.
    RefundPayment {
        payment_id: PaymentId,
        refund_id: String,
    },
    /// Send one e-mail about a booking, if the customer's consent allows it.
    SendEmail {
        template: EmailTemplate,
        booking_id: BookingId,
        customer_id: CustomerId,
    },
    /// Send somebody who works here a link that lets them in.
    SendAccountLetter {
        letter: AccountLetter,
        person_id: String,
        /// Of the link, sealed under the tenant's key.
        token: Sealed,
    },
    /// Queue a letter to every owner of the business about its end.
    TellOwners(EndNews),
    /// Tell an owner of the end of their business, if it is still so.
    SendEndLetter(EndLetter),
    /// Send one message of a conversation, if it is still allowed; the result comes back as `record-message-status`.
    SendMessage {
        conversation_id: ConversationId,
        message_id: MessageId,
        channel: Channel,
    },
    /// Tell an endpoint of the tenant's own, if it is enabled, or test it.
    SendWebhook {
        endpoint_id: WebhookEndpointId,
        #[serde(flatten)]
        news: News,
    },
    /// Have the assistant look at a message of a customer's; what it says comes back as `finish-assistant-run`.
    RunAssistant {
        conversation_id: ConversationId,
        message_id: MessageId,
    },
    /// Send the payment link of a booking that the assistant made into the thread it was made in.
    SendPaymentLink {
        conversation_id: ConversationId,
        booking_id: BookingId,
    },
    /// Do what the assistant has asked for and a person has agreed to, and tell the customer how it was decided.
    FollowApproval { approval_id: ApprovalId },
    /// Look for facts about the customer in a conversation; they come back as `finish-fact-extraction`.
    ExtractFacts { conversation_id: ConversationId },
    /// Have a model answer a question of a journey; what it says comes back as `answer-journey-question`.
    AskForJourney { run_id: JourneyRunId, turn: u32 },
    /// See to some rows of an import; how they went comes back as `advance-import`.
    RunImport {
        import_id: ImportId,
        kind: Pass,
        pass: u32,
        /// The last row that has been seen to.
        after: u32,
    },
    /// Find out whether a provider works; the result comes back as `record-provider-test`.
    TestProvider {
        provider: String,
        test_id: String,
        /// Where the test goes to, sealed under the tenant's key.
        to: Option<Sealed>,
        /// Who asked, where it goes to them.
        person_id: Option<String>,
    },
    /// A timer: when due, this command is sent by the system. A late one decides zero events.
    Timer(Timer),
}

/// The timers; each is a command that the system sends to itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "timer", rename_all = "snake_case")]
pub enum Timer {
    /// The hold on an unpaid booking ends.
    ExpireBooking { booking_id: BookingId },
    /// The payment link is late: tell the customer that it follows.
    AnnounceBookingWithoutLink { booking_id: BookingId },
    /// Nobody has decided on what an agent asked for, or the agent has not gone ahead.
    ExpireApproval { approval_id: ApprovalId },
    /// A snoozed thread comes back.
    WakeThread { conversation_id: ConversationId },
    /// A person's data is to be erased.
    EraseSubject { customer_id: CustomerId },
    /// A bulk run sees to its next records, if it is still at this turn.
    AdvanceBulkRun { run_id: BulkRunId, turn: u32 },
    /// A run of a journey goes on, if it is still at this turn.
    AdvanceJourneyRun { run_id: JourneyRunId, turn: u32 },
    /// Something has happened that begins a journey.
    BeginJourneyRun { journey: String, happened: Happened },
    /// Something has happened that runs may wait for, or end on.
    TellJourneyRuns { happened: Happened },
    /// The rows of an import have been kept for as long as they may be.
    PurgeImport { import_id: ImportId },
}

/// The transactional e-mails about a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailTemplate {
    /// The booking stands; with the payment link.
    BookingCreated,
    /// The booking stands; the payment link follows.
    BookingCreatedLinkFollows,
    /// The booking stands and needs no deposit (cash or invoice).
    BookingRequested,
    DepositPaid,
    BookingRescheduled,
    BookingCancelled,
    PaymentRefunded,
}

/// Letters to people who sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountLetter {
    Invitation,
    /// They have forgotten their password.
    Reset,
}

impl Call {
    /// What a crash means for it.
    pub fn class(&self) -> EffectClass {
        match self {
            Self::CreateCheckout { .. }
            | Self::ExpireCheckout { .. }
            | Self::RefundPayment { .. } => EffectClass::Keyed,
            // A letter twice is a nuisance, a letter never is a lost customer; its Message-ID stays the same.
            Self::SendEmail { .. } | Self::SendAccountLetter { .. } | Self::SendEndLetter(_) => {
                EffectClass::Blind(OnUnknown::Resend)
            }
            // Letters are queued under ids that follow from the fact and the reader.
            Self::TellOwners(_) => EffectClass::Named,
            Self::SendMessage { channel, .. } => match channel {
                Channel::Email => EffectClass::Blind(OnUnknown::Resend),
                Channel::Sms | Channel::Phone => EffectClass::Findable,
                Channel::Whatsapp => EffectClass::Blind(OnUnknown::Wait),
                // It is there as soon as it is stored.
                Channel::WebChat => EffectClass::Named,
            },
            // Receivers know it by its id, which stays the same.
            Self::SendWebhook { .. } => EffectClass::Named,
            // Tried once, whatever becomes of it: somebody looks at the result and asks again.
            Self::TestProvider { .. } => EffectClass::Blind(OnUnknown::Resend),
            // A model only answers; what is done with the answer is a command under a key of its own.
            Self::RunAssistant { .. } | Self::ExtractFacts { .. } | Self::AskForJourney { .. } => {
                EffectClass::Pure
            }
            // Commands of ours, under keys that are never forgotten.
            Self::SendPaymentLink { .. } | Self::FollowApproval { .. } => EffectClass::Named,
            // Each row is a command of ours under a key of its own.
            Self::RunImport { .. } => EffectClass::Named,
            // A command of ours, whose key is never forgotten while the timer waits.
            Self::Timer(_) => EffectClass::Named,
        }
    }
}

impl Effect {
    /// The same, not to be sent after this moment.
    pub fn expiring(mut self, at: OffsetDateTime) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// An effect due at once, in order with the others of `booking_id`.
    pub fn of_booking(name: &'static str, booking_id: &str, call: Call) -> Self {
        Self {
            name,
            call,
            due: None,
            order_key: Some(booking_id.to_owned()),
            expires_at: None,
        }
    }

    /// A message, in order with the others of its conversation. One that is due later must not hold up those that are
    /// due now, so it keeps its order with its like alone.
    pub fn of_message(conversation_id: &str, call: Call, due: Option<OffsetDateTime>) -> Self {
        let order_key = match due {
            Some(_) => format!("{conversation_id}/held"),
            None => conversation_id.to_owned(),
        };
        Self {
            name: "send-message",
            call,
            due,
            order_key: Some(order_key),
            expires_at: None,
        }
    }

    /// A timer; it keeps no order with anything.
    pub fn timer(name: &'static str, due: OffsetDateTime, timer: Timer) -> Self {
        Self {
            name,
            call: Call::Timer(timer),
            due: Some(due),
            order_key: None,
            expires_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_the_class_that_its_provider_allows() {
        let booking_id = BookingId::new("booking");
        let table = [
            (
                Call::CreateCheckout {
                    booking_id: booking_id.clone(),
                },
                EffectClass::Keyed,
            ),
            (
                Call::ExpireCheckout {
                    booking_id: booking_id.clone(),
                    provider_session_id: "cs_1".to_owned(),
                },
                EffectClass::Keyed,
            ),
            (
                Call::RefundPayment {
                    payment_id: PaymentId::new("payment"),
                    refund_id: "refund".to_owned(),
                },
                EffectClass::Keyed,
            ),
            (
                Call::SendEmail {
                    template: EmailTemplate::DepositPaid,
                    booking_id: booking_id.clone(),
                    customer_id: CustomerId::new("customer"),
                },
                EffectClass::Blind(OnUnknown::Resend),
            ),
            (
                Call::SendWebhook {
                    endpoint_id: WebhookEndpointId::new("endpoint"),
                    news: News::Ping,
                },
                EffectClass::Named,
            ),
            (
                Call::Timer(Timer::ExpireBooking { booking_id }),
                EffectClass::Named,
            ),
        ];
        for (call, class) in table {
            assert_eq!(call.class(), class, "{call:?}");
        }
    }
}
