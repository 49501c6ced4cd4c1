//! Histories: what every client of a store asked for and was told, in the order of real time. Streams are lists that are
//! only ever appended to, and every number is appended once, so that a history can be judged from outside.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A list by name.
pub type Name = Arc<str>;

/// What one transaction does to one list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Append {
        list: Name,
        value: u64,
    },
    /// All of the list, or its newest end when its start is not shown.
    Read {
        list: Name,
        values: Vec<u64>,
    },
}

/// What the client knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Nothing was changed.
    Failed,
    /// Nobody said what became of it.
    Unknown,
}

/// How fresh a read must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It shows whatever was done before it began.
    Strict,
    /// It shows what was done up to this position, which the reader has named; maybe more.
    ReadAfter(i64),
}

/// One transaction, from its call to its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    pub client: usize,
    /// Moments of one clock for all clients; no two are equal.
    pub called: u64,
    pub answered: u64,
    pub steps: Vec<Step>,
    pub outcome: Outcome,
    pub freshness: Freshness,
    /// The position that an append was answered with.
    pub position: Option<i64>,
}

/// A whole run: its transactions, and the lists as they stood when all was quiet.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub transactions: Vec<Transaction>,
    pub lists: BTreeMap<Name, Vec<u64>>,
}

/// Takes down what clients do at the same time.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    clock: u64,
    transactions: Vec<Transaction>,
}

impl Recorder {
    /// A moment after all moments before it. Take it before the call is made.
    pub fn call(&self) -> u64 {
        self.with(|inner| {
            inner.clock += 1;
            inner.clock
        })
    }

    /// Takes an answer down, once it has arrived; its moment is filled in.
    pub fn answer(&self, mut transaction: Transaction) {
        self.with(|inner| {
            inner.clock += 1;
            transaction.answered = inner.clock;
            inner.transactions.push(transaction);
        });
    }

    /// Ends the recording.
    pub fn finish(&self, lists: BTreeMap<Name, Vec<u64>>) -> History {
        let transactions = self.with(|inner| std::mem::take(&mut inner.transactions));
        History {
            transactions,
            lists,
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transaction {
    /// One that is about to be called; the outcome is for the answer to say.
    pub fn called(client: usize, called: u64) -> Self {
        Self {
            client,
            called,
            answered: 0,
            steps: Vec::new(),
            outcome: Outcome::Unknown,
            freshness: Freshness::Strict,
            position: None,
        }
    }
}
