//! The conformance suite: what an event store on PostgreSQL owes its users, put to any store behind one small trait. A
//! store says what it offers; what it does not offer is not held against it, but stands in the table.

pub mod chapters;
pub mod checker;
pub mod cutter;
pub mod faults;
pub mod following;
pub mod graph;
pub mod history;
pub mod naive;
pub mod ours;
pub mod place;
pub mod postgres_es;
pub mod private;
pub mod seeds;
pub mod served_history;
pub mod simulated;
pub mod store_history;
pub mod table;
pub mod tally;

use time::OffsetDateTime;

use self::place::Place;

/// The aggregate type of every stream that the suite writes.
pub const KIND: &str = "conformance";

/// What a chapter may ask for beyond appending to a stream and loading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// One log of all streams, read on from a position.
    Log,
    /// A command's idempotency key, with its stored answer.
    Keys,
    /// Several streams in one append.
    ManyStreams,
    /// Values that only one owner may hold.
    Claims,
    /// The time that a caller says something happened at.
    Times,
}

/// A store under test, connected to one database.
pub trait StoreUnderTest: Clone + Send + Sync + 'static {
    /// As the table names it.
    const NAME: &'static str;
    const OFFERS: &'static [Capability];
    /// The table that its events lie in, for the faults.
    const EVENTS: &'static str;

    /// Makes what the store needs in a database that has our own schema and nothing else.
    fn prepare(place: &Place) -> impl Future<Output = ()> + Send;

    fn open(place: &Place) -> impl Future<Output = Self> + Send;

    fn append(&self, append: &Append) -> impl Future<Output = Result<Appended, Failure>> + Send;

    /// The streams' events, each stream in its order. With `ManyStreams` it is one snapshot.
    fn load(
        &self,
        streams: &[String],
    ) -> impl Future<Output = Result<Vec<Vec<Event>>, Failure>> + Send;

    /// What the log offers behind this position; only asked of a store with `Log`.
    fn read_log(&self, after: i64) -> impl Future<Output = Result<Page, Failure>> + Send;

    /// A command that decides on the stream's state and appends so many events, by the store's fastest way.
    fn count_up(&self, stream: &str, by: usize)
    -> impl Future<Output = Result<(), Failure>> + Send;

    /// How many events the stream's state has counted when it is loaded by the store's fastest way.
    fn reload(&self, stream: &str) -> impl Future<Output = Result<u64, Failure>> + Send;

    /// Lets go of all connections.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// Whether the store offers all of this.
pub fn offers<S: StoreUnderTest>(wanted: &[Capability]) -> bool {
    wanted.iter().all(|one| S::OFFERS.contains(one))
}

/// One command's writes, all or nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Append {
    pub key: String,
    pub occurred_at: OffsetDateTime,
    pub streams: Vec<Fresh>,
    pub take: Vec<Claim>,
    /// Owners whose claims are given back.
    pub release: Vec<String>,
}

/// Fresh events of one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Fresh {
    pub stream: String,
    /// The number of events that the stream has.
    pub expected: i64,
    pub events: Vec<NewEvent>,
}

/// A number that the suite knows again, and what is to go wrong when its transaction commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewEvent {
    pub value: u64,
    /// The commit is held back for this time, in milliseconds.
    pub linger_ms: u64,
    pub end: End,
}

/// How the transaction of an event ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    #[default]
    Commits,
    Aborts,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    pub value: String,
    pub owner: String,
}

/// An append that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    pub answer: String,
    /// The position of its last event, where the store has positions.
    pub position: Option<i64>,
    pub origin: Origin,
}

/// Whether an answer is the first one to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Executed,
    Replayed,
}

/// Why an append or a read has not worked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A stream has moved on. Nothing was written.
    Conflict,
    /// The key belongs to another body. Nothing was written.
    KeyReused,
    /// Another owner holds the claim. Nothing was written.
    ClaimHeld,
    /// It may have been written or not.
    Unknown(String),
}

/// An event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub sequence: i64,
    pub value: u64,
}

/// An event of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    pub position: i64,
    pub stream: String,
    pub sequence: i64,
    pub value: u64,
    pub occurred_at: OffsetDateTime,
}

/// What one read of the log has shown, and where to read on.
#[derive(Clone, Debug)]
pub struct Page {
    pub events: Vec<Logged>,
    pub next: i64,
}

/// What a chapter has found: what was seen, or what went wrong.
pub type Finding = Result<String, String>;

impl Append {
    /// One event on one stream, under a key of its own.
    pub fn one(stream: &str, expected: i64, event: NewEvent) -> Self {
        Self::of(vec![Fresh {
            stream: stream.to_owned(),
            expected,
            events: vec![event],
        }])
    }

    /// Events, under a key of their own.
    pub fn of(streams: Vec<Fresh>) -> Self {
        Self {
            key: uuid::Uuid::new_v4().to_string(),
            occurred_at: OffsetDateTime::now_utc(),
            streams,
            take: Vec::new(),
            release: Vec::new(),
        }
    }

    /// What the caller asks for, whatever state it saw and whenever it asks: the same text for the same intent.
    pub fn body(&self) -> String {
        let streams: Vec<_> = self
            .streams
            .iter()
            .map(|fresh| (&fresh.stream, &fresh.events))
            .collect();
        format!("{streams:?} {:?} {:?}", self.take, self.release)
    }
}

impl NewEvent {
    pub fn plain(value: u64) -> Self {
        Self {
            value,
            ..Self::default()
        }
    }

    /// The payload, as JSON text; the faults read it too.
    pub fn payload(&self) -> String {
        serde_json::json!({
            "value": self.value, "linger_ms": self.linger_ms, "aborts": self.end == End::Aborts,
        })
        .to_string()
    }
}

/// The number in a payload.
pub fn value_of(payload: &serde_json::Value) -> u64 {
    payload["value"].as_u64().unwrap_or_default()
}

/// Turns a condition that does not hold into what went wrong.
#[macro_export]
macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err(format!($($why)+));
        }
    };
}
