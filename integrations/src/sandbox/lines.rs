//! The ledger for people and tests: one line for each entry, and which entries are real effects.

use serde::Serialize;

use crate::sandbox::entries::{Direction, Endpoint, Entry, Session};
use crate::sandbox::state::State;

/// Metadata key by which a caller names its message.
const MESSAGE_KEY: &str = "message_id";

/// One line of `GET /sandbox/ledger`.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Line {
    pub number: u64,
    pub at: i64,
    pub kind: &'static str,
    pub booking: Option<String>,
    pub id: Option<String>,
    pub amount: Option<i64>,
    /// What more there is to say in a word: the type of an event, the reason of a refund.
    pub note: Option<String>,
    /// The caller's own id of the message that had this effect.
    pub message: Option<String>,
}

/// The kind of effect on the world that an entry stands for: what must not happen twice.
pub(super) fn effect_of(entry: &Entry) -> Option<&'static str> {
    match entry {
        Entry::Session(_) => Some("session"),
        Entry::Refund(_) => Some("refund"),
        Entry::Mail(_) => Some("mail"),
        Entry::Text(text) if text.direction == Direction::Out => Some("text"),
        Entry::Completion(_) => Some("completion"),
        _ => None,
    }
}

pub(super) fn line(number: u64, at: i64, entry: &Entry, state: &State) -> Line {
    let mut line = match entry {
        Entry::Session(_)
        | Entry::SessionExpired { .. }
        | Entry::SessionPending { .. }
        | Entry::PaymentFailed { .. }
        | Entry::Charge(_)
        | Entry::Refund(_)
        | Entry::Dispute(_) => money_line(entry, state),
        Entry::Event(event) => Line {
            booking: event.booking.clone(),
            id: Some(event.id.clone()),
            note: Some(event.event_type.clone()),
            ..Line::default()
        },
        Entry::Mail(mail) => Line {
            booking: mail.booking.clone(),
            id: mail.message_id.clone(),
            note: Some(mail.subject.clone()),
            message: mail.message_id.as_deref().map(local_part),
            ..Line::default()
        },
        Entry::Text(text) => Line {
            id: Some(text.id.clone()),
            note: Some(text.provider.clone()),
            message: text.message.clone(),
            ..Line::default()
        },
        Entry::TextState { text, state, .. } => Line {
            id: Some(text.clone()),
            note: Some(state.clone()),
            ..Line::default()
        },
        Entry::Completion(completion) => Line {
            id: Some(completion.id.clone()),
            note: Some(completion.model.clone()),
            message: completion.message.clone(),
            ..Line::default()
        },
        Entry::Endpoint(Endpoint { id, .. }) | Entry::EndpointRemoved { id } => Line {
            id: Some(id.clone()),
            ..Line::default()
        },
        Entry::Delivery {
            event, delivered, ..
        } => Line {
            id: Some(event.clone()),
            note: Some(if *delivered { "delivered" } else { "given up" }.to_owned()),
            ..Line::default()
        },
        Entry::Answer(_) | Entry::Clock { .. } => Line::default(),
    };
    (line.number, line.at, line.kind) = (number, at, entry.kind());
    line
}

fn money_line(entry: &Entry, state: &State) -> Line {
    let ended = |id: &String| Line {
        booking: state.sessions.get(id).and_then(Session::booking),
        id: Some(id.clone()),
        ..Line::default()
    };
    match entry {
        Entry::Session(session) => Line {
            booking: session.booking(),
            id: Some(session.id.clone()),
            amount: Some(session.amount),
            message: session.metadata.get(MESSAGE_KEY).cloned(),
            ..Line::default()
        },
        Entry::SessionExpired { session }
        | Entry::SessionPending { session, .. }
        | Entry::PaymentFailed { session } => ended(session),
        Entry::Charge(charge) => Line {
            booking: charge.booking.clone(),
            id: Some(charge.payment_intent.clone()),
            amount: Some(charge.amount),
            note: Some(charge.method.clone()),
            ..Line::default()
        },
        Entry::Refund(refund) => Line {
            booking: refund.booking.clone(),
            id: Some(refund.id.clone()),
            amount: Some(refund.amount),
            note: refund.reason.clone(),
            message: refund.metadata.get(MESSAGE_KEY).cloned(),
            ..Line::default()
        },
        Entry::Dispute(dispute) => Line {
            booking: dispute.booking.clone(),
            id: Some(dispute.id.clone()),
            amount: Some(dispute.amount),
            note: Some(dispute.reason.clone()),
            ..Line::default()
        },
        _ => Line::default(),
    }
}

/// `<id@host>` → `id`: the caller's own part of a Message-ID.
fn local_part(message_id: &str) -> String {
    let bare = message_id.trim().trim_matches(['<', '>']);
    bare.split('@').next().unwrap_or(bare).to_owned()
}
