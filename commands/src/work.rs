//! The unit of work: what one command has loaded and what it will write. Handlers load aggregates, execute commands on
//! them, seal personal data and look claims up through it; nothing is written before they are done.

use std::collections::HashMap;
use std::sync::Arc;

use cqrs_es::DomainEvent;
use cqrs_es::event_sink::EventSink;
use domain::ids::TenantId;
use domain::noun::Noun;
use domain::refusal::{Kind, Refusal};
use domain::tenants::Tenant;
use event_store::commit::{
    NewEvent, NewSubjectKey, OutboxMessage, OwnedKey, OwnedScope, StreamEvents,
};
use event_store::load::{HeldKey, Load, StoredAnswer};
use event_store::recorded::Recorded;
use event_store::store::{Store, TenantOpening};
use event_store::vault::{SubjectKey, TenantKeys};
use identity::principals::Principal;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Result;
use crate::answer::EventSummary;

/// Whether effects happen. Import writes history that has been: it may date events back and asks nothing of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Live,
    Import,
}

/// Who asks, when, and in what connection.
#[derive(Clone, Debug)]
pub struct Context {
    pub principal: Principal,
    pub now: OffsetDateTime,
    pub mode: Mode,
    pub command_id: String,
    pub correlation_id: String,
    pub causation_id: String,
    /// The sequence that the deciding aggregate must have.
    pub if_match: Option<i64>,
    /// Where the request came from, for the record of the command alone.
    pub source_address: Option<String>,
}

impl Context {
    /// The clock as commands see it: to the microsecond, which is what the database keeps.
    pub fn clock() -> OffsetDateTime {
        let now = OffsetDateTime::now_utc();
        now.replace_nanosecond(now.microsecond() * 1_000)
            .unwrap_or(now)
    }

    pub fn tenant_id(&self) -> &TenantId {
        &self.principal.tenant_id
    }
}

/// What is known before anything is loaded: the tenant's keys, and its settings as this process last saw them (they are
/// brought up to date by the load, so use them only to guess what to load).
pub struct Facts {
    pub tenant_id: TenantId,
    pub keys: Option<Arc<TenantKeys>>,
    pub tenant: Arc<Tenant>,
}

/// An aggregate as this command sees it.
#[derive(Debug)]
pub struct Loaded<N> {
    pub id: String,
    pub state: N,
    /// The sequence of its newest event, this command's own included; 0 when it does not exist.
    pub sequence: i64,
}

impl<N> Loaded<N> {
    pub fn exists(&self) -> bool {
        self.sequence > 0
    }
}

/// One command's work in progress.
pub struct Work {
    pub ctx: Context,
    /// The tenant's settings, up to date as of the load. A tenant that does not exist yet has the default ones.
    pub tenant: Arc<Tenant>,
    pub answered: Option<StoredAnswer>,
    store: Store,
    keys: Option<Arc<TenantKeys>>,
    events: HashMap<(String, String), Vec<Recorded>>,
    claims: Vec<HeldKey>,
    handles: Vec<HeldKey>,
    subjects: HashMap<String, Option<SubjectKey>>,
    pub(crate) opening: Option<TenantOpening>,
    pub(crate) streams: Vec<StreamEvents>,
    pub(crate) summaries: Vec<EventSummary>,
    pub(crate) take: Vec<OwnedKey>,
    pub(crate) release: Vec<OwnedScope>,
    pub(crate) handles_added: Vec<OwnedKey>,
    pub(crate) handles_dropped: Vec<OwnedScope>,
    pub(crate) effects: Vec<OutboxMessage>,
    pub(crate) subject_keys: Vec<NewSubjectKey>,
    /// The aggregate that answers: type, id, sequence after the command.
    pub(crate) decided: Option<(&'static str, String, i64)>,
    pub(crate) position_floor: i64,
}

impl Work {
    pub(crate) fn new(
        ctx: Context,
        store: Store,
        keys: Option<Arc<TenantKeys>>,
        tenant: Arc<Tenant>,
    ) -> Self {
        Self {
            ctx,
            tenant,
            answered: None,
            store,
            keys,
            events: HashMap::new(),
            claims: Vec::new(),
            handles: Vec::new(),
            subjects: HashMap::new(),
            opening: None,
            streams: Vec::new(),
            summaries: Vec::new(),
            take: Vec::new(),
            release: Vec::new(),
            handles_added: Vec::new(),
            handles_dropped: Vec::new(),
            effects: Vec::new(),
            subject_keys: Vec::new(),
            decided: None,
            position_floor: 0,
        }
    }

    /// Loads all of it in one wait; what has been loaded already is kept and not loaded again.
    pub async fn fetch(&mut self, mut wanted: Load) -> Result<()> {
        wanted
            .streams
            .retain(|(kind, id, _)| !self.events.contains_key(&((*kind).to_owned(), id.clone())));
        wanted
            .subjects
            .retain(|subject| !self.subjects.contains_key(subject));
        let loaded = self.store.load(self.ctx.tenant_id(), &wanted).await?;
        self.answered = loaded.answered.or(self.answered.take());
        for (kind, id, _) in wanted.streams {
            self.events.insert((kind.to_owned(), id), Vec::new());
        }
        for event in loaded.events {
            self.position_floor = self.position_floor.max(event.position);
            let stream = (event.aggregate_type.clone(), event.aggregate_id.clone());
            self.events.entry(stream).or_default().push(event);
        }
        self.claims.extend(loaded.claims);
        self.handles.extend(loaded.handles);
        for subject in wanted.subjects {
            self.subjects.insert(subject, None);
        }
        for (subject, wrapped) in loaded.subject_keys {
            let key = match wrapped {
                Some(wrapped) => Some(self.keys()?.unwrap_subject(&subject, &wrapped)?),
                None => {
                    return Err(Refusal::conflict(
                        "subject-erased",
                        "this person's data has been erased",
                    )
                    .into());
                }
            };
            self.subjects.insert(subject, key);
        }
        Ok(())
    }

    /// The aggregate of this id; it may not exist yet (`exists`).
    pub async fn load<N: Noun>(&mut self, id: &str) -> Result<Loaded<N>> {
        let stream = (N::TYPE.to_owned(), id.to_owned());
        if !self.events.contains_key(&stream) {
            self.fetch(Load {
                streams: vec![(N::TYPE, id.to_owned(), 0)],
                ..Load::default()
            })
            .await?;
        }
        let mut loaded = Loaded {
            id: id.to_owned(),
            state: N::default(),
            sequence: 0,
        };
        for event in self
            .events
            .get(&stream)
            .map(Vec::as_slice)
            .unwrap_or_default()
        {
            loaded.state.apply(event.decode()?);
            loaded.sequence = event.sequence;
        }
        Ok(loaded)
    }

    /// The aggregate of this id, or the refusal `<noun>-not-found` (404).
    pub async fn find<N: Noun>(&mut self, id: &str) -> Result<Loaded<N>> {
        let loaded = self.load::<N>(id).await?;
        if loaded.exists() {
            return Ok(loaded);
        }
        let code = format!("{}-not-found", N::TYPE);
        Err(Refusal::not_found(&code, format!("there is no {} with the id {id}", N::TYPE)).into())
    }

    /// A new aggregate under an id that nobody has.
    pub fn create<N: Noun>(&mut self, id: &str) -> Loaded<N> {
        Loaded {
            id: id.to_owned(),
            state: N::default(),
            sequence: 0,
        }
    }

    /// Lets the aggregate decide, and keeps its events, claims and effects for the commit. The first aggregate that is
    /// executed answers the command, and is the one that `If-Match` speaks of.
    pub async fn execute<N: Noun>(
        &mut self,
        loaded: &mut Loaded<N>,
        command: N::Command,
    ) -> Result<()> {
        if self.decided.is_none() {
            self.check_if_match(loaded.sequence)?;
            self.decided = Some((N::TYPE, loaded.id.clone(), loaded.sequence));
        }
        let sink = EventSink::default();
        let expected = loaded.sequence;
        loaded.state.handle(command, &(), &sink).await?;
        // The state has every event applied by now; claims and effects are functions of the event and that state.
        for event in sink.collect().await {
            loaded.sequence += 1;
            self.keep(loaded, &event, expected)?;
        }
        if let Some((kind, id, sequence)) = &mut self.decided
            && *kind == N::TYPE
            && *id == loaded.id
        {
            *sequence = loaded.sequence;
        }
        Ok(())
    }

    /// The owner of a claim, if somebody holds it.
    pub async fn find_claim(&mut self, scope: &'static str, value: &str) -> Result<Option<String>> {
        Ok(self
            .find_claims(&[(scope, value.to_owned())])
            .await?
            .into_iter()
            .next()
            .map(|held| held.aggregate_id))
    }

    /// Those of these claims that somebody holds, looked up in one wait.
    pub async fn find_claims(&mut self, keys: &[(&'static str, String)]) -> Result<Vec<HeldKey>> {
        let before = self.claims.len();
        self.fetch(Load {
            claims: keys.to_vec(),
            ..Load::default()
        })
        .await?;
        Ok(self.claims.split_off(before))
    }

    /// The claim's owner as the first load saw it (for keys that were named in `Input::wanted`).
    pub fn wanted_claim(&self, scope: &str, value: &str) -> Option<&str> {
        self.claims
            .iter()
            .find(|held| held.scope == scope && held.value == value)
            .map(|held| held.aggregate_id.as_str())
    }

    /// The handle's owners as the first load saw them (for keys that were named in `Input::wanted`).
    pub fn wanted_handles(&self, scope: &str, value: &str) -> Vec<String> {
        let held = self
            .handles
            .iter()
            .filter(|held| held.scope == scope && held.value == value);
        held.map(|held| held.aggregate_id.clone()).collect()
    }

    /// Every owner of a handle.
    pub async fn find_handles(&mut self, scope: &'static str, value: &str) -> Result<Vec<String>> {
        let before = self.handles.len();
        self.fetch(Load {
            handles: vec![(scope, value.to_owned())],
            ..Load::default()
        })
        .await?;
        Ok(self
            .handles
            .split_off(before)
            .into_iter()
            .map(|held| held.aggregate_id)
            .collect())
    }

    /// The key to seal a subject's fields with: its own, or a new one that travels in this commit.
    pub async fn subject(&mut self, subject: &str) -> Result<SubjectKey> {
        if !self.subjects.contains_key(subject) {
            self.fetch(Load {
                subjects: vec![subject.to_owned()],
                ..Load::default()
            })
            .await?;
        }
        if let Some(Some(key)) = self.subjects.get(subject) {
            return Ok(key.clone());
        }
        self.new_subject(subject)
    }

    /// The key of a subject that this very command makes, without looking for an old one.
    pub fn new_subject(&mut self, subject: &str) -> Result<SubjectKey> {
        if let Some(Some(key)) = self.subjects.get(subject) {
            return Ok(key.clone());
        }
        let (key, wrapped_key) = self.keys()?.new_subject(subject)?;
        self.subject_keys.push(NewSubjectKey {
            subject_id: subject.to_owned(),
            wrapped_key,
        });
        self.subjects.insert(subject.to_owned(), Some(key.clone()));
        Ok(key)
    }

    /// The tenant's keys: blind indexes, and secrets of providers.
    pub fn keys(&self) -> Result<Arc<TenantKeys>> {
        self.keys
            .clone()
            .ok_or_else(|| Refusal::not_found("tenant-not-found", "there is no such tenant").into())
    }

    /// A fresh UUIDv7, ordered by this command's time.
    pub fn new_id(&self) -> String {
        Uuid::now_v7().to_string()
    }

    /// Opens a tenant with this commit: makes its key and enters it in the directory.
    pub(crate) fn open_tenant(&mut self, slug: &str) -> Result<()> {
        let tenant_id = self.ctx.tenant_id().clone();
        let wrapped_key = self.store.vault.new_tenant(&tenant_id)?;
        self.keys = self.store.vault.cached(&tenant_id);
        self.opening = Some(TenantOpening {
            slug: slug.to_owned(),
            wrapped_key,
        });
        Ok(())
    }

    /// A stream's events, taken out: it was loaded only in part, so a later load must not find it.
    pub(crate) fn take_events(&mut self, kind: &str, id: &str) -> Vec<Recorded> {
        self.events
            .remove(&(kind.to_owned(), id.to_owned()))
            .unwrap_or_default()
    }

    fn check_if_match(&self, sequence: i64) -> Result<()> {
        match self.ctx.if_match {
            Some(wanted) if wanted != sequence => Err(Refusal::new(
                Kind::Stale,
                "sequence-mismatch",
                format!("the aggregate is at sequence {sequence}, not {wanted}: read it again"),
            )
            .into()),
            _ => Ok(()),
        }
    }

    fn keep<N: Noun>(&mut self, loaded: &Loaded<N>, event: &N::Event, expected: i64) -> Result<()> {
        let (kind, id) = (N::TYPE, loaded.id.as_str());
        let changes = loaded.state.claims(id, event);
        let owned = |key: domain::noun::Key| OwnedKey {
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
        self.handles_added.retain(|key| {
            !(key.aggregate_id == id && changes.drop_handles.contains(&key.scope.as_str()))
        });
        self.handles_dropped
            .extend(changes.drop_handles.into_iter().map(scoped));
        self.handles_added
            .extend(changes.handles.into_iter().map(owned));
        if self.ctx.mode == Mode::Live {
            for effect in loaded.state.effects(id, event) {
                let message = OutboxMessage::of_event(
                    self.ctx.tenant_id(),
                    (kind, id, loaded.sequence),
                    &effect,
                )?;
                self.effects.push(message);
            }
        }
        self.summaries.push(EventSummary {
            event_type: event.event_type(),
            aggregate_type: kind.to_owned(),
            aggregate_id: id.to_owned(),
            sequence: loaded.sequence,
        });
        let fresh = NewEvent {
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: serde_json::to_string(event)?,
        };
        let stream = self
            .streams
            .iter_mut()
            .find(|stream| stream.aggregate_type == kind && stream.aggregate_id == id);
        match stream {
            Some(stream) => stream.events.push(fresh),
            None => self.streams.push(StreamEvents {
                aggregate_type: kind.to_owned(),
                aggregate_id: id.to_owned(),
                expected,
                events: vec![fresh],
            }),
        }
        Ok(())
    }
}
