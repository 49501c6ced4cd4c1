//! The unit of work: what one command has loaded and what it will write. Handlers load aggregates, execute commands on
//! them, seal personal data and look claims up through it; nothing is written before they are done.

mod lookups;
mod within;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use domain::ids::TenantId;
use domain::noun::Noun;
use domain::refusal::Refusal;
use domain::tenants::Tenant;
use domain::webhook_endpoints::reach::Reach;
use event_store::commit::{CommandRecord, Commit};
use event_store::era::Era;
use event_store::load::{FoundKey, HeldKey, Load, LoadedStream, StoredAnswer};
use event_store::recorded::Payload;
use event_store::snapshots::{SNAPSHOT_AFTER, StoredSnapshot};
use event_store::store::{Store, TenantOpening};
use event_store::vault::{SubjectKey, TenantKeys};
use uuid::Uuid;

use crate::Result;
use crate::context::Context;
use crate::kept::{Kept, check_if_match};
use crate::known::{Known, Learned, Snapshot};

/// What is known before anything is loaded: the tenant's keys, and its settings as this process last saw them. They may
/// be old: use them only to guess what to load.
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

/// What a decision rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
    /// What this process knows; it may be old, so a refusal is not final.
    Known,
    /// What the database has just said.
    Fresh,
}

/// A subject's data key as this command has found it.
#[derive(Clone)]
enum Subject {
    /// There has never been one.
    New,
    Active(SubjectKey),
    Restricted(SubjectKey),
    /// There will never be one again.
    Erased,
}

/// One stream as this command has seen it: what was known, and the events after that.
#[derive(Default)]
struct Seen {
    known: Option<Snapshot>,
    news: LoadedStream,
}

/// One command's work in progress.
pub struct Work {
    pub ctx: Context,
    pub answered: Option<StoredAnswer>,
    /// Which addresses a webhook endpoint may have.
    pub webhook_reach: Reach,
    pub(crate) basis: Basis,
    tenant: (Arc<Tenant>, i64),
    tenant_read: AtomicBool,
    store: Store,
    known: Arc<Known>,
    /// The server's, before anything was read.
    era: Option<Era>,
    keys: Option<Arc<TenantKeys>>,
    streams: HashMap<(String, String), Seen>,
    claims: Vec<HeldKey>,
    handles: Vec<HeldKey>,
    subjects: HashMap<String, Subject>,
    pub(crate) opening: Option<TenantOpening>,
    /// Whether nothing of it will be written.
    pub(crate) is_dry: bool,
    pub(crate) kept: Kept,
    /// Every aggregate that was loaded, with the sequence that it had then.
    read: Vec<(&'static str, String, i64)>,
    /// Every aggregate that was executed, as it will be once the commit stands.
    learned: Vec<(&'static str, String, Snapshot)>,
    /// The aggregate that answers: type, id, sequence after the command.
    pub(crate) decided: Option<(&'static str, String, i64)>,
    position_floor: i64,
}

impl Work {
    pub(crate) fn new(
        ctx: Context,
        store: Store,
        known: Arc<Known>,
        keys: Option<Arc<TenantKeys>>,
    ) -> Self {
        Self {
            ctx,
            answered: None,
            webhook_reach: Reach::default(),
            basis: Basis::Known,
            tenant: Default::default(),
            tenant_read: AtomicBool::new(false),
            era: store.pools.era(),
            store,
            known,
            keys,
            streams: HashMap::new(),
            claims: Vec::new(),
            handles: Vec::new(),
            subjects: HashMap::new(),
            opening: None,
            is_dry: false,
            kept: Kept::default(),
            read: Vec::new(),
            learned: Vec::new(),
            decided: None,
            position_floor: 0,
        }
    }

    /// Makes ready what the command asked for: from what is known if that is all of it and `known_will_do`, or else by one
    /// load, with the look-up of the key's answer.
    pub(crate) async fn prepare(
        &mut self,
        mut wanted: Load,
        known_will_do: bool,
        answered: Option<(String, String)>,
    ) -> Result<()> {
        let tenant_id = self.ctx.tenant_id().as_str().to_owned();
        let settings = (Tenant::TYPE, tenant_id.clone(), 0);
        if !wanted.streams.contains(&settings) {
            wanted.streams.push(settings);
        }
        if !(known_will_do && self.knows(&wanted)) {
            self.basis = Basis::Fresh;
            wanted.answered = answered;
            self.fetch(wanted).await?;
        }
        if self.answered.is_none() {
            let (tenant, sequence) = self.see::<Tenant>(&tenant_id).await?;
            self.tenant = (tenant, sequence);
        }
        Ok(())
    }

    /// The tenant's settings. A tenant that does not exist yet has the default ones.
    pub fn tenant(&self) -> &Arc<Tenant> {
        self.tenant_read.store(true, Ordering::Relaxed);
        &self.tenant.0
    }

    /// Loads all of it in one wait; what has been loaded already is kept and not loaded again, and of what is known only
    /// the news are loaded.
    pub async fn fetch(&mut self, mut wanted: Load) -> Result<()> {
        wanted
            .streams
            .retain(|(kind, id, _)| !self.streams.contains_key(&((*kind).to_owned(), id.clone())));
        wanted
            .subjects
            .retain(|subject| !self.subjects.contains_key(subject));
        let mut seen = Vec::with_capacity(wanted.streams.len());
        for (kind, id, after) in &mut wanted.streams {
            let known = self.known(kind, id);
            *after = known.as_ref().map_or(0, |known| known.sequence);
            seen.push(known);
        }
        let wanted = Arc::new(wanted);
        let loaded = self
            .store
            .load(self.ctx.tenant_id(), wanted.clone())
            .await?;
        self.answered = loaded.answered.or(self.answered.take());
        let seen = seen.into_iter().zip(loaded.streams);
        for ((kind, id, _), (known, news)) in wanted.streams.iter().zip(seen) {
            let stream = ((*kind).to_owned(), id.clone());
            self.streams.insert(stream, Seen { known, news });
        }
        self.claims.extend(loaded.claims);
        self.handles.extend(loaded.handles);
        for subject in &wanted.subjects {
            self.subjects.insert(subject.clone(), Subject::New);
        }
        for (subject, found) in loaded.subject_keys {
            let keys = self.keys()?;
            let found = match found {
                FoundKey::Active(wrapped) => {
                    let opened = self.store.open_subject_key(&keys, &subject, &wrapped);
                    Subject::Active(opened.await?)
                }
                FoundKey::Restricted(wrapped) => {
                    let opened = self.store.open_subject_key(&keys, &subject, &wrapped);
                    let opened = opened.await?;
                    // Whoever comes after us must not find it in memory.
                    keys.forget_subject(&subject);
                    Subject::Restricted(opened)
                }
                FoundKey::Destroyed => Subject::Erased,
            };
            self.subjects.insert(subject, found);
        }
        Ok(())
    }

    /// The aggregate of this id; it may not exist yet (`exists`). The command's writes stand only if it has not changed
    /// until then.
    pub async fn load<N: Noun>(&mut self, id: &str) -> Result<Loaded<N>> {
        let (state, sequence) = self.see::<N>(id).await?;
        self.read.push((N::TYPE, id.to_owned(), sequence));
        Ok(Loaded {
            id: id.to_owned(),
            state: Arc::unwrap_or_clone(state),
            sequence,
        })
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

    /// The aggregate and its sequence, folded from what is known and the news of it.
    async fn see<N: Noun>(&mut self, id: &str) -> Result<(Arc<N>, i64)> {
        let stream = (N::TYPE.to_owned(), id.to_owned());
        if !self.streams.contains_key(&stream) {
            let known = match self.basis {
                Basis::Known => self.known(N::TYPE, id),
                Basis::Fresh => None,
            };
            if known.is_some() {
                let seen = Seen {
                    known,
                    ..Seen::default()
                };
                self.streams.insert(stream.clone(), seen);
            } else {
                let streams = vec![(N::TYPE, id.to_owned(), 0)];
                self.fetch(Load {
                    streams,
                    ..Load::default()
                })
                .await?;
            }
        }
        let seen = self.streams.entry(stream).or_default();
        let known = seen.known.take().unwrap_or_else(Snapshot::nothing::<N>);
        let news = std::mem::take(&mut seen.news);
        let known = if news.is_empty() {
            known
        } else {
            let folded = news.fold(known.folded::<N>())?;
            let snapshot = Snapshot::of(folded);
            self.known.keep(
                self.era,
                self.ctx.tenant_id(),
                (N::TYPE, id),
                snapshot.clone(),
            );
            snapshot
        };
        seen.known = Some(known.clone());
        let (state, sequence, position) = (known.state::<N>(), known.sequence, known.position);
        if news.events.len() >= SNAPSHOT_AFTER {
            self.store_snapshot(id, &*state, (sequence, position))?;
        }
        self.position_floor = self.position_floor.max(position);
        Ok((state, sequence))
    }

    /// Keeps a long stream's state for those who come after us; the command does not wait for that.
    fn store_snapshot<N: Noun>(
        &self,
        id: &str,
        state: &N,
        (sequence, position): (i64, i64),
    ) -> Result<()> {
        let state = Payload(serde_json::to_string(state)?);
        let (store, tenant_id, id) = (
            self.store.clone(),
            self.ctx.tenant_id().clone(),
            id.to_owned(),
        );
        tokio::spawn(async move {
            let snapshot = StoredSnapshot {
                sequence,
                position,
                state,
            };
            let saved = store.save_snapshot(&tenant_id, (N::TYPE, &id), &snapshot);
            if let Err(error) = saved.await {
                tracing::warn!(%error, aggregate_type = N::TYPE, aggregate_id = id, "no snapshot was kept");
            }
        });
        Ok(())
    }

    /// What this process knows of a stream; it may be old.
    pub(crate) fn known(&self, kind: &'static str, id: &str) -> Option<Snapshot> {
        self.known.find(self.era, self.ctx.tenant_id(), (kind, id))
    }

    /// Whether all of this can be had without asking the database. A subject's key counts only beside its own stream:
    /// erasing a person is an event there, so an old key is never sealed with.
    fn knows(&self, wanted: &Load) -> bool {
        let key = |subject: &String| {
            let beside = wanted.streams.iter().any(|(_, id, _)| id == subject);
            beside
                && self
                    .keys
                    .as_ref()
                    .is_some_and(|keys| keys.cached_subject(subject).is_some())
        };
        wanted.claims.is_empty()
            && wanted.handles.is_empty()
            && wanted.subjects.iter().all(key)
            && wanted
                .streams
                .iter()
                .all(|(kind, id, _)| self.known(kind, id).is_some())
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
            check_if_match(&self.ctx, loaded.sequence)?;
            self.decided = Some((N::TYPE, loaded.id.clone(), loaded.sequence));
        }
        let sink = EventSink::default();
        let expected = loaded.sequence;
        // What is remembered is folded from what is written, as any other process would: blind indexes never get there.
        let mut learned = self.take_learned(loaded);
        loaded.state.handle(command, &(), &sink).await?;
        // The state has every event applied by now; claims and effects are functions of the event and that state.
        for event in sink.collect().await {
            loaded.sequence += 1;
            learned.apply(self.kept.keep(&self.ctx, loaded, &event, expected)?);
        }
        if loaded.exists() {
            let snapshot = Snapshot::new(Arc::new(learned), loaded.sequence, 0);
            self.learned.push((N::TYPE, loaded.id.clone(), snapshot));
        }
        if let Some((kind, id, sequence)) = &mut self.decided
            && *kind == N::TYPE
            && *id == loaded.id
        {
            *sequence = loaded.sequence;
        }
        Ok(())
    }

    /// What an earlier execution of this command has made of the aggregate, or else what it was when it was loaded.
    fn take_learned<N: Noun>(&mut self, loaded: &Loaded<N>) -> N {
        let mut learned = self.learned.iter();
        let place = learned.position(|(kind, id, _)| *kind == N::TYPE && *id == loaded.id);
        place
            .map(|place| self.learned.swap_remove(place).2.state::<N>())
            .map_or_else(|| loaded.state.clone(), Arc::unwrap_or_clone)
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

    /// All that is to be written, and what is to be known once it is.
    pub(crate) fn finish(mut self, command: CommandRecord) -> (Commit, Learned) {
        for (kind, id, sequence) in &self.read {
            self.kept.guard(kind, id, *sequence);
        }
        if self.tenant_read.into_inner() {
            let tenant_id = self.ctx.tenant_id().as_str();
            self.kept.guard(Tenant::TYPE, tenant_id, self.tenant.1);
        }
        let learned = Learned {
            known: self.known,
            era: self.era,
            aggregates: self.learned,
        };
        let command = CommandRecord {
            position_floor: self.position_floor,
            ..command
        };
        let commit = self.kept.into_commit(&self.ctx, command, self.era);
        (commit, learned)
    }
}
