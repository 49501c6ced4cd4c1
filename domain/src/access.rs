//! Who was let in and who was not, beside what commands and operators have done: refused accesses, and reads that are
//! audited. Each is a stream of one event; it is written down and never decided. Several that are alike within a moment
//! are one.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};

use crate::evolution;
use crate::refusal::Refusal;

/// What was tried, by whom and when stands beside the event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Access {
    /// Of what there was.
    pub times: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AccessEvent {
    /// Without a credential, a right, or a place below a limit.
    AccessRefused {
        /// Of HTTP: 401, 403 or 429.
        status: u16,
        code: String,
        method: String,
        /// With names for what differs, as `/queries/{name}`: paths may hold ids of people.
        route: String,
        /// The command or query.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        times: u64,
    },
    /// A list was exported, or something read that is written down by its name.
    RecordsRead {
        query: String,
        /// `export` or `read`
        how: String,
        /// The record's id, where one was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        times: u64,
    },
    /// So many more came at once than can be told apart.
    AccessEntriesLost { times: u64 },
}

impl AccessEvent {
    pub fn times(&self) -> u64 {
        match self {
            Self::AccessRefused { times, .. }
            | Self::RecordsRead { times, .. }
            | Self::AccessEntriesLost { times } => *times,
        }
    }

    /// The same, so many times.
    pub fn repeated(mut self, count: u64) -> Self {
        match &mut self {
            Self::AccessRefused { times, .. }
            | Self::RecordsRead { times, .. }
            | Self::AccessEntriesLost { times } => *times = count,
        }
        self
    }
}

impl DomainEvent for AccessEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::AccessRefused { .. } => "AccessRefused",
            Self::RecordsRead { .. } => "RecordsRead",
            Self::AccessEntriesLost { .. } => "AccessEntriesLost",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(Access::TYPE, &self.event_type())
    }
}

impl Aggregate for Access {
    const TYPE: &'static str = "access";
    type Command = ();
    type Event = AccessEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), _: &EventSink<Self>) -> Result<(), Refusal> {
        Ok(())
    }

    fn apply(&mut self, event: AccessEvent) {
        self.times = event.times();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_that_are_alike_are_one_with_their_number() {
        let read = AccessEvent::RecordsRead {
            query: "customers".to_owned(),
            how: "export".to_owned(),
            subject: None,
            times: 1,
        };
        let mut access = Access::default();
        access.apply(read.clone().repeated(3));
        assert_eq!(access.times, 3);
        assert_eq!(read.clone().repeated(3).repeated(1), read);
    }
}
