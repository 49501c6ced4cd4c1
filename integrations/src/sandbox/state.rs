//! What the sandbox knows, as a fold of the ledger's entries. Nothing here decides anything: `apply` never refuses.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::sandbox::entries::{
    Answer, Charge, Dispute, Endpoint, Entry, Event, Mail, Refund, Session, SessionStatus, Text,
    Transaction,
};
use crate::sandbox::lines::{Line, effect_of, line};

/// Mails whose content stays readable in the mailbox; older ones still count.
const MAILS_KEPT_LIMIT: usize = 10_000;

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
    /// Oldest first, as far as they came.
    pub texts: Vec<TextRow>,
    pub lines: Vec<Line>,
    /// How many real effects each message of the caller's has had, by kind.
    pub effects: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// Open sessions by (when they end on the sandbox clock, id).
    deadlines: BTreeSet<(i64, String)>,
    event_index: HashMap<String, usize>,
    text_index: HashMap<String, usize>,
}

/// A text and how far it has come, in its provider's words.
pub(super) struct TextRow {
    pub text: Text,
    pub state: String,
    pub error_code: Option<u32>,
}

impl State {
    pub(super) fn apply(&mut self, transaction: Transaction) {
        let message = message_of(&transaction.entries);
        for entry in transaction.entries {
            let line = line(transaction.number, transaction.at, &entry, self);
            if let Some(kind) = effect_of(&entry)
                && let Some(message) = line.message.as_ref().or(message.as_ref())
            {
                let counts = self.effects.entry(message.clone()).or_default();
                *counts.entry(kind).or_default() += 1;
            }
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

    /// A text by its id.
    pub(super) fn text(&self, id: &str) -> Option<&TextRow> {
        self.texts.get(*self.text_index.get(id)?)
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
            Entry::Mail(mail) => self.apply_mail(mail),
            Entry::Text(text) => self.apply_text(text),
            Entry::TextState {
                text,
                state,
                error_code,
            } => {
                let index = self.text_index.get(&text).copied();
                if let Some(row) = index.and_then(|index| self.texts.get_mut(index)) {
                    (row.state, row.error_code) = (state, error_code);
                }
            }
            Entry::Completion(_) => {}
            Entry::Clock { offset_seconds } => self.clock_offset_seconds = offset_seconds,
        }
    }

    fn apply_mail(&mut self, mail: Mail) {
        self.mail_count = mail.number;
        self.mails.push_back(mail);
        if self.mails.len() > MAILS_KEPT_LIMIT {
            self.mails.pop_front();
        }
    }

    fn apply_text(&mut self, text: Text) {
        self.text_index.insert(text.id.clone(), self.texts.len());
        self.texts.push(TextRow {
            text,
            state: "queued".to_owned(),
            error_code: None,
        });
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

/// The caller's own name for what it had done: the key of the call, where it gave one.
fn message_of(entries: &[Entry]) -> Option<String> {
    entries.iter().find_map(|entry| match entry {
        Entry::Answer(answer) => Some(answer.key.clone()),
        _ => None,
    })
}
