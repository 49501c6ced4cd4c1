//! What the sandbox knows, as a fold of the ledger's entries. Nothing here decides anything: `apply` never refuses.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde::Serialize;

use crate::sandbox::entries::{
    Answer, Charge, Dispute, Endpoint, Entry, Event, Mail, Refund, Session, SessionStatus,
    Transaction,
};

/// Mails whose content stays readable in the mailbox; older ones still count.
const MAILS_KEPT_LIMIT: usize = 10_000;

/// One line of `GET /sandbox/ledger`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    pub number: u64,
    pub at: i64,
    pub kind: &'static str,
    pub booking: Option<String>,
    pub id: Option<String>,
    pub amount: Option<i64>,
    /// What more there is to say in a word: the type of an event, the reason of a refund.
    pub note: Option<String>,
}

#[derive(Default)]
pub(super) struct State {
    pub clock_offset_seconds: i64,
    pub sessions: HashMap<String, Session>,
    /// By payment intent.
    pub charges: HashMap<String, Charge>,
    pub refunds: HashMap<String, Refund>,
    pub disputes: HashMap<String, Dispute>,
    pub answers: HashMap<(String, String), Answer>,
    pub events: Vec<Event>,
    pub endpoints: BTreeMap<String, Endpoint>,
    /// (index of the event, endpoint) still to be delivered.
    pub pending: BTreeSet<(usize, String)>,
    /// Newest last.
    pub mails: VecDeque<Mail>,
    pub mail_count: u64,
    pub lines: Vec<Line>,
    /// Open sessions by (when they end on the sandbox clock, id).
    deadlines: BTreeSet<(i64, String)>,
    event_index: HashMap<String, usize>,
}

impl State {
    pub(super) fn apply(&mut self, transaction: Transaction) {
        for entry in transaction.entries {
            let line = line(transaction.number, transaction.at, &entry, self);
            self.lines.push(line);
            self.apply_entry(entry);
        }
    }

    /// Ids of open sessions whose end has come by `now_unix` of true time.
    pub(super) fn sessions_due(&self, now_unix: i64) -> Vec<String> {
        let now = now_unix + self.clock_offset_seconds;
        self.deadlines
            .iter()
            .take_while(|(deadline, _)| *deadline <= now)
            .map(|(_, id)| id.clone())
            .collect()
    }

    /// Endpoints of one account of one provider.
    pub(super) fn endpoints_of(&self, provider: &str, account: &str) -> Vec<String> {
        self.endpoints
            .values()
            .filter(|endpoint| endpoint.provider == provider && endpoint.account == account)
            .map(|endpoint| endpoint.id.clone())
            .collect()
    }

    fn apply_entry(&mut self, entry: Entry) {
        match entry {
            Entry::Session(session) => {
                self.deadlines.insert(deadline(&session));
                self.sessions.insert(session.id.clone(), session);
            }
            Entry::SessionExpired { session } => self.finish(&session, SessionStatus::Expired),
            Entry::SessionPending {
                session,
                payment_intent,
            } => {
                self.finish(&session, SessionStatus::Pending);
                self.set_payment_intent(&session, payment_intent);
            }
            Entry::Charge(charge) => {
                self.finish(&charge.session, SessionStatus::Paid);
                self.set_payment_intent(&charge.session, charge.payment_intent.clone());
                self.charges.insert(charge.payment_intent.clone(), charge);
            }
            Entry::PaymentFailed { session } => self.finish(&session, SessionStatus::Failed),
            Entry::Refund(refund) => {
                if let Some(charge) = self.charges.get_mut(&refund.payment_intent) {
                    charge.amount_refunded += refund.amount;
                }
                self.refunds.insert(refund.id.clone(), refund);
            }
            Entry::Dispute(dispute) => {
                if let Some(charge) = self.charges.get_mut(&dispute.payment_intent) {
                    charge.disputed = true;
                }
                self.disputes.insert(dispute.id.clone(), dispute);
            }
            Entry::Answer(answer) => {
                let key = (answer.account.clone(), answer.key.clone());
                self.answers.insert(key, answer);
            }
            Entry::Event(event) => self.apply_event(event),
            Entry::Endpoint(endpoint) => {
                self.endpoints.insert(endpoint.id.clone(), endpoint);
            }
            Entry::EndpointRemoved { id } => {
                self.endpoints.remove(&id);
                self.pending.retain(|(_, endpoint)| *endpoint != id);
            }
            Entry::Delivery {
                event, endpoint, ..
            } => {
                if let Some(index) = self.event_index.get(&event) {
                    self.pending.remove(&(*index, endpoint));
                }
            }
            Entry::Mail(mail) => {
                self.mail_count = mail.number;
                self.mails.push_back(mail);
                if self.mails.len() > MAILS_KEPT_LIMIT {
                    self.mails.pop_front();
                }
            }
            Entry::Clock { offset_seconds } => self.clock_offset_seconds = offset_seconds,
        }
    }

    fn apply_event(&mut self, event: Event) {
        let index = self.events.len();
        self.event_index.insert(event.id.clone(), index);
        for endpoint in &event.endpoints {
            self.pending.insert((index, endpoint.clone()));
        }
        self.events.push(event);
    }

    fn finish(&mut self, id: &str, status: SessionStatus) {
        if let Some(session) = self.sessions.get_mut(id) {
            self.deadlines.remove(&deadline(session));
            session.status = status;
        }
    }

    fn set_payment_intent(&mut self, id: &str, payment_intent: String) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.payment_intent = Some(payment_intent);
        }
    }
}

fn deadline(session: &Session) -> (i64, String) {
    (
        session.expires_at + session.born_offset_seconds,
        session.id.clone(),
    )
}

fn line(number: u64, at: i64, entry: &Entry, state: &State) -> Line {
    let booking_of_session = |id: &str| state.sessions.get(id).and_then(Session::booking);
    let (booking, id, amount, note) = match entry {
        Entry::Session(session) => (
            session.booking(),
            Some(session.id.clone()),
            Some(session.amount),
            None,
        ),
        Entry::SessionExpired { session }
        | Entry::SessionPending { session, .. }
        | Entry::PaymentFailed { session } => (
            booking_of_session(session),
            Some(session.clone()),
            None,
            None,
        ),
        Entry::Charge(charge) => (
            charge.booking.clone(),
            Some(charge.payment_intent.clone()),
            Some(charge.amount),
            Some(charge.method.clone()),
        ),
        Entry::Refund(refund) => (
            refund.booking.clone(),
            Some(refund.id.clone()),
            Some(refund.amount),
            refund.reason.clone(),
        ),
        Entry::Dispute(dispute) => (
            dispute.booking.clone(),
            Some(dispute.id.clone()),
            Some(dispute.amount),
            Some(dispute.reason.clone()),
        ),
        Entry::Event(event) => (
            event.booking.clone(),
            Some(event.id.clone()),
            None,
            Some(event.event_type.clone()),
        ),
        Entry::Mail(mail) => (
            mail.booking.clone(),
            mail.message_id.clone(),
            None,
            Some(mail.subject.clone()),
        ),
        Entry::Endpoint(Endpoint { id, .. }) | Entry::EndpointRemoved { id } => {
            (None, Some(id.clone()), None, None)
        }
        Entry::Delivery {
            event, delivered, ..
        } => {
            let outcome = if *delivered { "delivered" } else { "given up" };
            (None, Some(event.clone()), None, Some(outcome.to_owned()))
        }
        Entry::Answer(_) | Entry::Clock { .. } => (None, None, None, None),
    };
    Line {
        number,
        at,
        kind: entry.kind(),
        booking,
        id,
        amount,
        note,
    }
}
