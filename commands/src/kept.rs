//! What a command's decisions come to: events, claims, handles, effects and keys, kept until all of it is committed at
//! once.

use cqrs_es::DomainEvent;
use domain::noun::{Key, Noun};
use domain::refusal::{Kind, Refusal};
use event_store::commit::{
    CommandRecord, Commit, KeyChange, NewEvent, NewSubjectKey, OutboxMessage, OwnedKey, OwnedScope,
    StreamEvents, Usage,
};

use event_store::era::Era;

use crate::Result;
use crate::answer::EventSummary;
use crate::context::{Context, Mode};
use crate::work::Loaded;

/// Where messages to people go.
const MESSAGING: [&str; 4] = ["email", "sms", "web_chat", "whatsapp"];

/// The writes of one command so far.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    pub streams: Vec<StreamEvents>,
    pub summaries: Vec<EventSummary>,
    take: Vec<OwnedKey>,
    release: Vec<OwnedScope>,
    handles: Vec<OwnedKey>,
    drop_handles: Vec<OwnedScope>,
    effects: Vec<OutboxMessage>,
    pub subject_keys: Vec<NewSubjectKey>,
    pub key_changes: Vec<KeyChange>,
    pub usage: Usage,
}

impl Kept {
    /// Keeps one event of an aggregate, which has applied it already, with all that follows from it. `expected` is the
    /// sequence that the aggregate had before this execution. Answers the event as it will lie in the log.
    pub fn keep<N: Noun>(
        &mut self,
        ctx: &Context,
        loaded: &Loaded<N>,
        event: &N::Event,
        expected: i64,
    ) -> Result<N::Event> {
        self.keep_claims(loaded, event);
        let (kind, id) = (N::TYPE, loaded.id.as_str());
        if ctx.mode == Mode::Live {
            for effect in loaded.state.effects(id, event) {
                let place = (kind, id, loaded.sequence);
                self.effects
                    .push(OutboxMessage::of_event(ctx.tenant_id(), place, &effect)?);
            }
        }
        self.summaries.push(EventSummary {
            event_type: event.event_type(),
            aggregate_type: kind.to_owned(),
            aggregate_id: id.to_owned(),
            sequence: loaded.sequence,
        });
        let payload = serde_json::to_string(event)?;
        let written = serde_json::from_str(&payload)?;
        let fresh = NewEvent {
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload,
        };
        match self.stream(kind, id) {
            Some(stream) => stream.events.push(fresh),
            None => self.streams.push(StreamEvents {
                aggregate_type: kind.to_owned(),
                aggregate_id: id.to_owned(),
                expected,
                events: vec![fresh],
            }),
        }
        Ok(written)
    }

    /// The events of this type so far, as JSON text of the log.
    pub fn events_of<'a>(&'a self, event_type: &'a str) -> impl Iterator<Item = &'a str> {
        let events = self.streams.iter().flat_map(|stream| &stream.events);
        events
            .filter(move |event| event.event_type == event_type)
            .map(|event| event.payload.as_str())
    }

    /// How many messages to people outside the command would queue.
    pub fn messages(&self) -> usize {
        let is_message = |effect: &&OutboxMessage| MESSAGING.contains(&effect.target.as_str());
        self.effects.iter().filter(is_message).count()
    }

    /// Keeps that a stream was read: it must not have moved when the rest is written.
    pub fn guard(&mut self, kind: &str, id: &str, expected: i64) {
        if self.stream(kind, id).is_none() {
            self.streams.push(StreamEvents {
                aggregate_type: kind.to_owned(),
                aggregate_id: id.to_owned(),
                expected,
                events: Vec::new(),
            });
        }
    }

    pub fn into_commit(
        self,
        ctx: &Context,
        command: CommandRecord,
        read_in: Option<Era>,
    ) -> Commit {
        Commit {
            tenant_id: ctx.tenant_id().clone(),
            command,
            streams: self.streams,
            take: self.take,
            release: self.release,
            handles: self.handles,
            drop_handles: self.drop_handles,
            effects: self.effects,
            subject_keys: self.subject_keys,
            key_changes: self.key_changes,
            usage: self.usage,
            read_in,
        }
    }

    fn stream(&mut self, kind: &str, id: &str) -> Option<&mut StreamEvents> {
        self.streams
            .iter_mut()
            .find(|stream| stream.aggregate_type == kind && stream.aggregate_id == id)
    }

    fn keep_claims<N: Noun>(&mut self, loaded: &Loaded<N>, event: &N::Event) {
        let (kind, id) = (N::TYPE, loaded.id.as_str());
        let changes = loaded.state.claims(id, event);
        let owned = |key: Key| OwnedKey {
            scope: key.scope.to_owned(),
            value: key.value,
            aggregate_type: kind.to_owned(),
            aggregate_id: id.to_owned(),
        };
        let scoped = |scope: &'static str| OwnedScope {
            scope: scope.to_owned(),
            aggregate_id: id.to_owned(),
        };
        self.take.retain(|key| {
            !(key.aggregate_id == id && changes.release.contains(&key.scope.as_str()))
        });
        self.release.extend(changes.release.into_iter().map(scoped));
        self.take.extend(changes.take.into_iter().map(owned));
        self.handles.retain(|key| {
            !(key.aggregate_id == id && changes.drop_handles.contains(&key.scope.as_str()))
        });
        self.drop_handles
            .extend(changes.drop_handles.into_iter().map(scoped));
        self.handles.extend(changes.handles.into_iter().map(owned));
    }
}

/// The refusal of a command that named another sequence than the aggregate has.
pub(crate) fn check_if_match(ctx: &Context, sequence: i64) -> Result<()> {
    match ctx.if_match {
        Some(wanted) if wanted != sequence => Err(Refusal::new(
            Kind::Stale,
            "sequence-mismatch",
            format!("the aggregate is at sequence {sequence}, not {wanted}: read it again"),
        )
        .with_alternatives(vec![serde_json::json!({ "sequence": sequence })])
        .into()),
        _ => Ok(()),
    }
}
