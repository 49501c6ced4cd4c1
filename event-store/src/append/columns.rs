//! A commit turned into columns: what the append's one statement unnests, in the order of its parameters.

use time::OffsetDateTime;
use tokio_postgres::types::ToSql;

use crate::commit::{Commit, NewEvent, OwnedKey, OwnedScope};
use crate::pg::JsonText;

/// A commit turned into columns, for the statement's unnests.
pub(super) struct Columns<'a> {
    tenant: &'a str,
    stream_kinds: Vec<&'a str>,
    stream_ids: Vec<&'a str>,
    stream_expected: Vec<i64>,
    event_kinds: Vec<&'a str>,
    event_ids: Vec<&'a str>,
    event_sequences: Vec<i64>,
    event_types: Vec<&'a str>,
    event_versions: Vec<&'a str>,
    payloads: Vec<JsonText<'a>>,
    metadata: JsonText<'a>,
    answer: JsonText<'a>,
    released: [Vec<&'a str>; 2],
    taken: [Vec<&'a str>; 4],
    dropped: [Vec<&'a str>; 2],
    handles: [Vec<&'a str>; 4],
    key_subjects: Vec<&'a str>,
    key_wrapped: Vec<&'a [u8]>,
    messages: [Vec<&'a str>; 5],
    calls: Vec<JsonText<'a>>,
    order_keys: Vec<Option<&'a str>>,
    message_sequences: Vec<i64>,
    dues: Vec<Option<OffsetDateTime>>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(commit: &'a Commit) -> Self {
        let events = || {
            commit.streams.iter().flat_map(|stream| {
                stream
                    .events
                    .iter()
                    .zip(stream.expected + 1..)
                    .map(move |(event, sequence)| (stream, event, sequence))
            })
        };
        let event_text = |pick: fn(&NewEvent) -> &str| {
            events()
                .map(|(_, event, _)| pick(event))
                .collect::<Vec<_>>()
        };
        let (streams, effects) = (&commit.streams, &commit.effects);
        let keys = &commit.subject_keys;
        Self {
            tenant: commit.tenant_id.as_str(),
            stream_kinds: column(streams, |stream| stream.aggregate_type.as_str()),
            stream_ids: column(streams, |stream| stream.aggregate_id.as_str()),
            stream_expected: column(streams, |stream| stream.expected),
            event_kinds: events()
                .map(|(stream, _, _)| stream.aggregate_type.as_str())
                .collect(),
            event_ids: events()
                .map(|(stream, _, _)| stream.aggregate_id.as_str())
                .collect(),
            event_sequences: events().map(|(_, _, sequence)| sequence).collect(),
            event_types: event_text(|event| &event.event_type),
            event_versions: event_text(|event| &event.event_version),
            payloads: events()
                .map(|(_, event, _)| JsonText(&event.payload))
                .collect(),
            metadata: JsonText(&commit.command.metadata),
            answer: JsonText(&commit.command.answer),
            released: scope_columns(&commit.release),
            taken: key_columns(&commit.take),
            dropped: scope_columns(&commit.drop_handles),
            handles: key_columns(&commit.handles),
            key_subjects: column(keys, |key| key.subject_id.as_str()),
            key_wrapped: column(keys, |key| key.wrapped_key.as_slice()),
            messages: [
                column(effects, |message| message.message_id.as_str()),
                column(effects, |message| message.name.as_str()),
                column(effects, |message| message.target.as_str()),
                column(effects, |message| message.aggregate_type.as_str()),
                column(effects, |message| message.aggregate_id.as_str()),
            ],
            calls: column(effects, |message| JsonText(&message.call)),
            order_keys: column(effects, |message| message.order_key.as_deref()),
            message_sequences: column(effects, |message| message.sequence),
            dues: column(effects, |message| message.due),
        }
    }

    pub(super) fn parameters(&'a self, commit: &'a Commit) -> Vec<&'a (dyn ToSql + Sync)> {
        let command = &commit.command;
        let mut parameters: Vec<&'a (dyn ToSql + Sync)> = vec![
            &self.tenant,
            &command.principal,
            &command.key,
            &command.fingerprint,
            &command.name,
            &command.command_id,
            &self.answer,
            &command.position_floor,
            &self.stream_kinds,
            &self.stream_ids,
            &self.stream_expected,
            &self.event_kinds,
            &self.event_ids,
            &self.event_sequences,
            &self.event_types,
            &self.event_versions,
            &self.payloads,
            &self.metadata,
            &command.occurred_at,
            &command.correlation_id,
            &command.causation_id,
        ];
        parameters.extend(
            self.released
                .iter()
                .map(|column| column as &(dyn ToSql + Sync)),
        );
        parameters.extend(
            self.taken
                .iter()
                .map(|column| column as &(dyn ToSql + Sync)),
        );
        parameters.extend(
            self.dropped
                .iter()
                .map(|column| column as &(dyn ToSql + Sync)),
        );
        parameters.extend(
            self.handles
                .iter()
                .map(|column| column as &(dyn ToSql + Sync)),
        );
        let [ids, names, targets, kinds, owners] = &self.messages;
        let rest: [&'a (dyn ToSql + Sync); 12] = [
            &self.key_subjects,
            &self.key_wrapped,
            ids,
            names,
            targets,
            &self.calls,
            &self.order_keys,
            kinds,
            owners,
            &self.message_sequences,
            &self.dues,
            &command.source_address,
        ];
        parameters.extend(rest);
        parameters
    }
}

fn column<'a, T, C>(items: &'a [T], pick: fn(&'a T) -> C) -> Vec<C> {
    items.iter().map(pick).collect()
}

fn scope_columns(scopes: &[OwnedScope]) -> [Vec<&str>; 2] {
    [
        column(scopes, |owned| owned.scope.as_str()),
        column(scopes, |owned| owned.aggregate_id.as_str()),
    ]
}

fn key_columns(keys: &[OwnedKey]) -> [Vec<&str>; 4] {
    [
        column(keys, |key| key.scope.as_str()),
        column(keys, |key| key.value.as_str()),
        column(keys, |key| key.aggregate_type.as_str()),
        column(keys, |key| key.aggregate_id.as_str()),
    ]
}
