//! What the ledger holds: the sandbox's own events. Everything the sandbox knows is a fold of these, so a `kill -9` loses
//! nothing that was answered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Metadata key by which effects are counted per booking.
const BOOKING_KEY: &str = "booking_id";

pub(super) type Metadata = BTreeMap<String, String>;

/// The entries of one effect: written as one line, so they are there together or not at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Transaction {
    pub number: u64,
    /// Unix seconds, true time.
    pub at: i64,
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Entry {
    Session(Session),
    SessionExpired {
        session: String,
    },
    /// Completed with a method that settles later.
    SessionPending {
        session: String,
        payment_intent: String,
    },
    /// Money was taken: the session is complete and paid.
    Charge(Charge),
    /// A method that settles later did not.
    PaymentFailed {
        session: String,
    },
    Refund(Refund),
    Dispute(Dispute),
    /// Remembered for the same idempotency key.
    Answer(Answer),
    Event(Event),
    Endpoint(Endpoint),
    EndpointRemoved {
        id: String,
    },
    /// A webhook reached its endpoint, or was given up.
    Delivery {
        event: String,
        endpoint: String,
        delivered: bool,
        attempts: u32,
    },
    Mail(Mail),
    /// A text message: taken on from the API, or written on one of the sandbox's phones.
    Text(Text),
    /// How far a text has come.
    TextState {
        text: String,
        state: String,
        error_code: Option<u32>,
    },
    /// A language model's answer.
    Completion(Completion),
    Clock {
        offset_seconds: i64,
    },
}

impl Entry {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Entry::Session(_) => "session",
            Entry::SessionExpired { .. } => "session_expired",
            Entry::SessionPending { .. } => "session_pending",
            Entry::Charge(_) => "charge",
            Entry::PaymentFailed { .. } => "payment_failed",
            Entry::Refund(_) => "refund",
            Entry::Dispute(_) => "dispute",
            Entry::Answer(_) => "answer",
            Entry::Event(_) => "event",
            Entry::Endpoint(_) => "endpoint",
            Entry::EndpointRemoved { .. } => "endpoint_removed",
            Entry::Delivery { .. } => "delivery",
            Entry::Mail(_) => "mail",
            Entry::Text(_) => "text",
            Entry::TextState { .. } => "text_state",
            Entry::Completion(_) => "completion",
            Entry::Clock { .. } => "clock",
        }
    }
}

pub(super) fn booking_of(metadata: &Metadata) -> Option<String> {
    metadata.get(BOOKING_KEY).cloned()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SessionStatus {
    Open,
    /// Waiting for a method that settles later.
    Pending,
    Paid,
    Failed,
    Expired,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    pub id: String,
    pub account: String,
    pub status: SessionStatus,
    pub created: i64,
    pub expires_at: i64,
    /// The sandbox clock's offset at birth: moving the clock ages what exists, while new things are born at true time.
    pub born_offset_seconds: i64,
    pub url: String,
    pub amount: i64,
    pub currency: String,
    pub product_name: String,
    pub product_description: Option<String>,
    pub customer_email: Option<String>,
    pub client_reference_id: Option<String>,
    pub success_url: Option<String>,
    pub cancel_url: Option<String>,
    pub payment_intent: Option<String>,
    pub metadata: Metadata,
    pub payment_metadata: Metadata,
}

impl Session {
    pub(super) fn booking(&self) -> Option<String> {
        booking_of(&self.metadata).or_else(|| booking_of(&self.payment_metadata))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Charge {
    pub id: String,
    pub payment_intent: String,
    pub session: String,
    pub account: String,
    pub created: i64,
    pub amount: i64,
    pub amount_refunded: i64,
    pub disputed: bool,
    pub currency: String,
    /// Stripe's name of the method: `card` or `us_bank_account`.
    pub method: String,
    pub booking: Option<String>,
    pub metadata: Metadata,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Refund {
    pub id: String,
    pub charge: String,
    pub payment_intent: String,
    pub account: String,
    pub created: i64,
    pub amount: i64,
    pub currency: String,
    pub reason: Option<String>,
    pub booking: Option<String>,
    pub metadata: Metadata,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dispute {
    pub id: String,
    pub charge: String,
    pub payment_intent: String,
    pub account: String,
    pub created: i64,
    pub amount: i64,
    pub currency: String,
    pub reason: String,
    pub booking: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answer {
    pub account: String,
    pub key: String,
    pub fingerprint: String,
    /// Unix seconds on the sandbox clock.
    pub stored_at: i64,
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Event {
    pub id: String,
    pub account: String,
    pub event_type: String,
    pub booking: Option<String>,
    /// The JSON that is delivered, byte by byte the same for every attempt.
    pub body: String,
    /// Where it goes: the endpoints that the account had when it happened.
    pub endpoints: Vec<String>,
    /// Where it goes instead of the endpoints' own addresses, under the endpoint's secret.
    #[serde(default)]
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Endpoint {
    pub id: String,
    pub provider: String,
    pub account: String,
    pub url: String,
    pub secret: String,
    /// Shown on the checkout page and on the phones.
    pub merchant: Option<String>,
    /// The number that people write to, E.164.
    #[serde(default)]
    pub number: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mail {
    pub number: u64,
    pub at: i64,
    pub from: String,
    pub to: Vec<String>,
    pub message_id: Option<String>,
    pub subject: String,
    pub booking: Option<String>,
    /// The message as received, in base64.
    pub raw: String,
    /// The id that an API gave it; none for a mail that came by SMTP.
    #[serde(default)]
    pub id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Direction {
    /// From the business to a person.
    Out,
    /// From a person to the business.
    In,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Text {
    pub id: String,
    pub provider: String,
    pub account: String,
    pub direction: Direction,
    pub from: String,
    pub to: String,
    pub body: String,
    /// A pool of numbers that it was sent from.
    pub service: Option<String>,
    /// Unix seconds.
    pub created: i64,
    /// The sender's own id of it, where the provider carries one along.
    pub message: Option<String>,
    pub callback: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Completion {
    pub id: String,
    pub provider: String,
    pub account: String,
    pub model: String,
    pub message: Option<String>,
    pub input_tokens: u64,
    pub output_tokens: u64,
}
