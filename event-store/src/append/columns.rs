//! A batch turned into columns: what the append's statements unnest, in the order of their parameters.

use std::collections::BTreeMap;

use domain::ids::TenantId;
use time::{Duration, OffsetDateTime};
use tokio_postgres::types::ToSql;

use super::Look;
use crate::commit::{
    CommandRecord, Commit, NewEvent, NewSubjectKey, OutboxMessage, OwnedKey, OwnedScope,
    StreamEvents,
};
use crate::notary::entries::Form;
use crate::pg::JsonText;

/// Where the database begins to count time.
const STORED_SINCE: OffsetDateTime = time::macros::datetime!(2000-01-01 00:00 UTC);

type Texts<'a> = Vec<&'a str>;
type Parameter<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// The parameters of one batch.
pub(super) struct Columns<'a> {
    parameters: Vec<Parameter<'a>>,
    rows: Vec<Line<'a>>,
}

/// What stands beside the events of a batch; it decides on the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Neighbours {
    None,
    Uncounted,
    /// Budgets among them.
    Counted,
}

impl Neighbours {
    pub(super) fn of(batch: &[&Commit]) -> Self {
        if batch.iter().any(|commit| !commit.usage.is_empty()) {
            Self::Counted
        } else if batch.iter().all(|commit| commit.is_plain()) {
            Self::None
        } else {
            Self::Uncounted
        }
    }
}

/// One row of events: an event, or the record of a commit, or both.
pub(super) struct Line<'a> {
    pub tenant_id: &'a TenantId,
    pub command: &'a CommandRecord,
    pub event: Option<(&'a StreamEvents, &'a NewEvent, i64)>,
    /// The commit that ends here.
    pub member: Option<i64>,
}

impl Line<'_> {
    /// The event as it lies in the log; `None` for a row that is only the record of a commit.
    pub(super) fn form(&self, position: i64, recorded_at: OffsetDateTime) -> Option<Form<'_>> {
        let (command, (stream, event, sequence)) = (self.command, self.event?);
        Some(Form {
            tenant_id: self.tenant_id.as_str(),
            aggregate_type: &stream.aggregate_type,
            aggregate_id: &stream.aggregate_id,
            sequence,
            event_type: &event.event_type,
            event_version: &event.event_version,
            payload: &event.payload,
            metadata: &command.metadata,
            position,
            occurred_at: as_stored(command.occurred_at),
            recorded_at,
            command_id: &command.command_id,
            correlation_id: &command.correlation_id,
            causation_id: &command.causation_id,
            actor: &command.principal,
        })
    }
}

/// A time as it comes back from the database, which counts microseconds from 2000 and cuts off what is finer.
fn as_stored(time: OffsetDateTime) -> OffsetDateTime {
    let since = (time - STORED_SINCE).whole_microseconds();
    let since = i64::try_from(since).map_or(Duration::ZERO, Duration::microseconds);
    STORED_SINCE + since
}

impl<'a> Columns<'a> {
    /// Those of the statement for events alone, and as many more as the statement for these neighbours has.
    pub(super) fn of(batch: &[&'a Commit], neighbours: Neighbours, look: Look) -> Self {
        let mut columns = Self {
            parameters: Vec::with_capacity(62),
            rows: rows((1..).zip(batch.iter().copied())),
        };
        columns.push(batch.first().map_or("", |commit| commit.tenant_id.as_str()));
        columns.push_guards(batch, look);
        columns.push_rows();
        if neighbours != Neighbours::None {
            columns.push_neighbours(batch);
        }
        if neighbours == Neighbours::Counted {
            columns.push_usage(batch);
        }
        columns
    }

    /// Those of the statement that neither looks nor orders, where that will do: when all there is is events, and each commit
    /// is about one stream and adds to it. The rows are in the order of their streams then, whoever came first.
    pub(super) fn unseen(batch: &[&'a Commit], neighbours: Neighbours) -> Option<Self> {
        let only_adds = |commit: &&Commit| match commit.streams.as_slice() {
            [stream] => !stream.events.is_empty(),
            streams => streams.is_empty(),
        };
        if neighbours != Neighbours::None || !batch.iter().all(only_adds) {
            return None;
        }
        let mut members: Vec<(i64, &'a Commit)> = (1..).zip(batch.iter().copied()).collect();
        members.sort_unstable_by_key(|(_, commit)| {
            let stream = commit.streams.first();
            stream.map(|stream| (&stream.aggregate_type, &stream.aggregate_id))
        });
        let mut columns = Self {
            parameters: Vec::with_capacity(20),
            rows: rows(members),
        };
        columns.push(batch.first().map_or("", |commit| commit.tenant_id.as_str()));
        columns.push_rows();
        Some(columns)
    }

    /// What it has a row for, in the order of the rows.
    pub(super) fn into_rows(self) -> Vec<Line<'a>> {
        self.rows
    }

    pub(super) fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        let all = self.parameters.iter();
        all.map(|parameter| &**parameter as &(dyn ToSql + Sync))
            .collect()
    }

    fn push(&mut self, parameter: impl ToSql + Sync + Send + 'a) {
        self.parameters.push(Box::new(parameter));
    }

    fn push_all<T, C: ToSql + Sync + Send + 'a>(&mut self, items: &[T], pick: impl Fn(&T) -> C) {
        self.push(items.iter().map(pick).collect::<Vec<C>>());
    }

    /// Keys that must be unused, and streams that must not have moved, as far as they are looked at.
    fn push_guards(&mut self, batch: &[&'a Commit], look: Look) {
        let looks_at_all = look == Look::AtAll;
        let keys = if looks_at_all { batch } else { &[] };
        self.push_all(keys, |commit| commit.command.principal.as_str());
        self.push_all(keys, |commit| commit.command.key.as_str());
        let streams: Vec<(i64, &'a StreamEvents)> = (1..)
            .zip(batch)
            .flat_map(|(member, commit)| commit.streams.iter().map(move |stream| (member, stream)))
            .filter(|(_, stream)| looks_at_all || stream.events.is_empty())
            .collect();
        self.push_all(&streams, |(member, _)| *member);
        self.push_all(&streams, |(_, stream)| stream.aggregate_type.as_str());
        self.push_all(&streams, |(_, stream)| stream.aggregate_id.as_str());
        self.push_all(&streams, |(_, stream)| stream.expected);
    }

    fn push_rows(&mut self) {
        let taken = std::mem::take(&mut self.rows);
        let rows = taken.as_slice();
        let ends = |row: &Line<'a>| row.member.map(|_| row.command);
        self.push_all(rows, |row| {
            row.event.map(|(stream, ..)| stream.aggregate_type.as_str())
        });
        self.push_all(rows, |row| {
            row.event.map(|(stream, ..)| stream.aggregate_id.as_str())
        });
        self.push_all(rows, |row| row.event.map(|(_, _, sequence)| sequence));
        self.push_all(rows, |row| {
            row.event.map(|(_, event, _)| event.event_type.as_str())
        });
        self.push_all(rows, |row| {
            row.event.map(|(_, event, _)| event.event_version.as_str())
        });
        self.push_all(rows, |row| {
            row.event.map(|(_, event, _)| JsonText(&event.payload))
        });
        self.push_all(rows, |row| JsonText(&row.command.metadata));
        self.push_all(rows, |row| row.command.occurred_at);
        self.push_all(rows, |row| row.command.command_id.as_str());
        self.push_all(rows, |row| row.command.correlation_id.as_str());
        self.push_all(rows, |row| row.command.causation_id.as_str());
        self.push_all(rows, |row| row.command.principal.as_str());
        self.push_all(rows, |row| row.member);
        self.push_all(rows, |row| row.command.position_floor);
        self.push_all(rows, |row| ends(row).map(|command| command.key.as_str()));
        self.push_all(rows, |row| {
            ends(row).map(|command| command.fingerprint.as_slice())
        });
        self.push_all(rows, |row| ends(row).map(|command| command.name.as_str()));
        self.push_all(rows, |row| {
            ends(row).map(|command| JsonText(&command.answer))
        });
        self.push_all(rows, |row| {
            ends(row).and_then(|command| command.source_address.as_deref())
        });
        self.rows = taken;
    }

    /// What else is written with the events: claims, handles, keys, messages. All that batches could wait for is in order
    /// of its keys, so that they never wait for each other in a circle.
    fn push_neighbours(&mut self, batch: &[&'a Commit]) {
        self.push_scopes(batch, |commit| &commit.release);
        self.push_keys(batch.iter().flat_map(|commit| &commit.take).collect());
        self.push_scopes(batch, |commit| &commit.drop_handles);
        self.push_keys(batch.iter().flat_map(|commit| &commit.handles).collect());
        let mut subjects: Vec<&'a NewSubjectKey> = batch
            .iter()
            .flat_map(|commit| &commit.subject_keys)
            .collect();
        subjects.sort_unstable_by(|one, other| one.subject_id.cmp(&other.subject_id));
        self.push_all(&subjects, |key| key.subject_id.as_str());
        self.push_all(&subjects, |key| key.wrapped_key.as_slice());
        let messages: Vec<(&'a CommandRecord, &'a OutboxMessage)> = batch
            .iter()
            .flat_map(|commit| {
                commit
                    .effects
                    .iter()
                    .map(|message| (&commit.command, message))
            })
            .collect();
        self.push_messages(&messages);
    }

    /// Budgets, each once: what several commits of the batch take of one is summed. If that is too much, each is written
    /// alone and judged by itself.
    fn push_usage(&mut self, batch: &[&'a Commit]) {
        let mut counts: BTreeMap<(&'a str, &'a str, OffsetDateTime), (i64, i64)> = BTreeMap::new();
        let mut meetings: BTreeMap<(&'a str, &'a str, OffsetDateTime, &'a str), i64> =
            BTreeMap::new();
        for commit in batch {
            let principal = commit.command.principal.as_str();
            for count in &commit.usage.counts {
                let place = (principal, count.counter.as_str(), count.period);
                let (used, allowed) = counts.entry(place).or_default();
                *used = used.saturating_add(count.used);
                *allowed = count.allowed;
            }
            for met in &commit.usage.meetings {
                let counter = met.counter.as_str();
                let place = (principal, counter, met.period, met.customer_id.as_str());
                meetings.insert(place, met.allowed);
            }
        }
        let counts: Vec<_> = counts.into_iter().collect();
        self.push_all(&counts, |((principal, ..), _)| *principal);
        self.push_all(&counts, |((_, counter, _), _)| *counter);
        self.push_all(&counts, |((_, _, period), _)| *period);
        self.push_all(&counts, |(_, (used, _))| *used);
        self.push_all(&counts, |(_, (_, allowed))| *allowed);
        let meetings: Vec<_> = meetings.into_iter().collect();
        self.push_all(&meetings, |((principal, ..), _)| *principal);
        self.push_all(&meetings, |((_, counter, ..), _)| *counter);
        self.push_all(&meetings, |((_, _, period, _), _)| *period);
        self.push_all(&meetings, |((.., customer_id), _)| *customer_id);
        self.push_all(&meetings, |(_, allowed)| *allowed);
    }

    fn push_scopes(
        &mut self,
        batch: &[&'a Commit],
        pick: impl Fn(&'a Commit) -> &'a Vec<OwnedScope>,
    ) {
        let mut scopes: Vec<&'a OwnedScope> =
            batch.iter().flat_map(|commit| pick(commit)).collect();
        scopes.sort_unstable();
        self.push_all(&scopes, |owned| owned.scope.as_str());
        self.push_all(&scopes, |owned| owned.aggregate_id.as_str());
    }

    fn push_keys(&mut self, mut keys: Vec<&'a OwnedKey>) {
        keys.sort_unstable();
        let texts: [fn(&OwnedKey) -> &str; 4] = [
            |key| &key.scope,
            |key| &key.value,
            |key| &key.aggregate_type,
            |key| &key.aggregate_id,
        ];
        for text in texts {
            let column: Texts<'a> = keys.iter().map(|key| text(key)).collect();
            self.push(column);
        }
    }

    fn push_messages(&mut self, messages: &[(&'a CommandRecord, &'a OutboxMessage)]) {
        self.push_all(messages, |(_, message)| message.message_id.as_str());
        self.push_all(messages, |(_, message)| message.name.as_str());
        self.push_all(messages, |(_, message)| message.target.as_str());
        self.push_all(messages, |(_, message)| JsonText(&message.call));
        self.push_all(messages, |(_, message)| message.order_key.as_deref());
        self.push_all(messages, |(_, message)| message.aggregate_type.as_str());
        self.push_all(messages, |(_, message)| message.aggregate_id.as_str());
        self.push_all(messages, |(_, message)| message.sequence);
        self.push_all(messages, |(_, message)| -> Option<OffsetDateTime> {
            message.due
        });
        self.push_all(messages, |(command, _)| command.correlation_id.as_str());
        self.push_all(messages, |(command, _)| command.command_id.as_str());
        self.push_all(messages, |(_, message)| -> Option<OffsetDateTime> {
            message.expires_at
        });
    }
}

/// The events of each commit in their order; the last, or a row of its own, carries the commit's record.
fn rows<'a>(members: impl IntoIterator<Item = (i64, &'a Commit)>) -> Vec<Line<'a>> {
    let members = members.into_iter();
    let mut rows = Vec::with_capacity(members.size_hint().0);
    for (member, commit) in members {
        let first = rows.len();
        for stream in &commit.streams {
            let numbered = stream.events.iter().zip(stream.expected + 1..);
            rows.extend(numbered.map(|(event, sequence)| Line {
                tenant_id: &commit.tenant_id,
                command: &commit.command,
                event: Some((stream, event, sequence)),
                member: None,
            }));
        }
        if rows.len() == first {
            rows.push(Line {
                tenant_id: &commit.tenant_id,
                command: &commit.command,
                event: None,
                member: None,
            });
        }
        if let Some(last) = rows.last_mut() {
            last.member = Some(member);
        }
    }
    rows
}
