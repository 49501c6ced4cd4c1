//! The newest events as this process has committed them. Its subscribers are told of those a moment later and there are many
//! of them: what each would ask the log for is here already, byte for byte, so the log is read only for what others have
//! written and by whoever is behind. The notary needs no more of an event than its hash, so that is made here too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::ids::TenantId;

use crate::era::{Era, Eras};
use crate::notary::entries::Form;
use crate::notary::tree::Hash;
use crate::pg::Pools;
use crate::recorded::Recorded;

/// How many events are kept, and how many bytes of them.
const MAX_EVENTS: usize = 2_048;
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// What an event takes up beside its payload and metadata, roughly.
const FRAME_BYTES: usize = 512;
/// How many hashes are kept. They are taken, not lent, so that this is for a notary that stands still.
const MAX_HASHES: usize = 32_768;
/// For how long. A subscriber that keeps up asks sooner; for one that was sent back the log alone says what is still there.
pub const KEPT_FOR: Duration = Duration::from_secs(2);
/// Nothing is kept when nobody has asked for so long.
const WANTED_FOR: Duration = Duration::from_secs(10);
/// So many positions that are not here are asked of the log one by one; where it is more, all of them are.
pub const MAX_MISSING: usize = 64;

/// Keeps them, for one process.
pub struct Recent {
    eras: Eras,
    kept: Mutex<Kept>,
}

/// A stretch of the log, as far as it is here.
#[derive(Debug)]
pub struct Stretch<T> {
    /// In the order of their positions.
    pub found: Vec<T>,
    /// Positions of it that were written by others, or by nobody: the log knows.
    pub missing: Vec<i64>,
}

/// What is sealed of an event.
#[derive(Clone, Debug)]
pub struct Leaf {
    pub position: i64,
    pub tenant_id: Arc<TenantId>,
    pub hash: Hash,
}

/// What a commit has written.
#[derive(Debug, Default)]
pub(crate) struct Fresh {
    pub positions: Vec<i64>,
    /// The events themselves, if somebody wants them.
    events: Option<Vec<Arc<Recorded>>>,
    /// And their hashes.
    hashes: Option<Vec<(i64, Hash)>>,
}

#[derive(Default)]
struct Kept {
    /// The life of the server that all of them were written in.
    era: Option<Era>,
    events: BTreeMap<i64, (Instant, Arc<Recorded>)>,
    bytes: usize,
    hashes: BTreeMap<i64, (Arc<TenantId>, Hash)>,
    /// When somebody last asked for events, and for hashes.
    events_asked: Option<Instant>,
    hashes_asked: Option<Instant>,
}

impl Fresh {
    /// An event that this has written.
    pub fn add(&mut self, form: &Form<'_>) {
        if let Some(events) = &mut self.events {
            events.push(Arc::new(Recorded::from_form(form)));
        }
        if let Some(hashes) = &mut self.hashes {
            hashes.push((form.position, form.hash()));
        }
    }
}

impl Recent {
    pub fn new(pools: &Pools) -> Self {
        Self {
            eras: pools.eras(),
            kept: Mutex::default(),
        }
    }

    /// For what is about to be written: with room for what somebody has asked for lately.
    pub(crate) fn fresh(&self) -> Fresh {
        let kept = self.lock();
        let is_wanted = |asked: Option<Instant>| asked.is_some_and(|at| at.elapsed() < WANTED_FOR);
        Fresh {
            positions: Vec::new(),
            events: is_wanted(kept.events_asked).then(Vec::new),
            hashes: is_wanted(kept.hashes_asked).then(Vec::new),
        }
    }

    /// Keeps what stands, of one tenant: it has been committed, in this era. Answers the positions.
    pub(crate) fn keep(&self, tenant_id: &TenantId, fresh: Fresh, era: Option<Era>) -> Vec<i64> {
        let (events, hashes) = (
            fresh.events.unwrap_or_default(),
            fresh.hashes.unwrap_or_default(),
        );
        if events.is_empty() && hashes.is_empty() {
            return fresh.positions;
        }
        let tenant_id = Arc::new(tenant_id.clone());
        let (now, mut kept) = (Instant::now(), self.lock());
        if kept.era != era {
            kept.forget();
            kept.era = era;
        }
        for event in events {
            kept.bytes += bytes_of(&event);
            kept.events.insert(event.position, (now, event));
        }
        kept.let_go(now);
        for (position, hash) in hashes {
            kept.hashes.insert(position, (tenant_id.clone(), hash));
        }
        while kept.hashes.len() > MAX_HASHES {
            kept.hashes.pop_first();
        }
        fresh.positions
    }

    /// All events of these types between two positions, the second among them; `None` where too much of that was written by
    /// others, or is no longer here. Whoever asks holds a connection: if that leads to another server than the events were
    /// written to, this knows of it.
    pub fn events(
        &self,
        aggregate_types: &[&str],
        (after, until): (i64, i64),
    ) -> Option<Stretch<Recorded>> {
        let mut walk = Walk::new((after, until))?;
        {
            let (now, mut kept) = (Instant::now(), self.lock());
            kept.events_asked = Some(now);
            let is_old = |at: &Instant| now.saturating_duration_since(*at) > KEPT_FOR;
            let oldest = kept.events.range(after + 1..=until).next();
            if !kept.is_of(&self.eras) || oldest.is_none_or(|(_, (at, _))| is_old(at)) {
                return None;
            }
            for (position, (_, event)) in kept.events.range(after + 1..=until) {
                walk.push(*position, event.clone())?;
            }
        }
        let stretch = walk.end()?;
        let is_asked_for = |event: &&Arc<Recorded>| {
            let mut types = aggregate_types.iter();
            types.any(|kind| *kind == event.aggregate_type)
        };
        let events = stretch.found.iter().filter(is_asked_for);
        Some(Stretch {
            found: events.map(|event| Recorded::clone(event)).collect(),
            missing: stretch.missing,
        })
    }

    /// As `events`, of all types, what is sealed of them; whatever it answers is not here any more.
    pub fn take_leaves(&self, (after, until): (i64, i64)) -> Option<Stretch<Leaf>> {
        let mut walk = Walk::new((after, until))?;
        let taken = {
            let (now, mut kept) = (Instant::now(), self.lock());
            let asked = kept.hashes_asked.replace(now);
            if asked.is_none_or(|at| now.saturating_duration_since(at) > KEPT_FOR) {
                kept.hashes.clear();
            }
            if !kept.is_of(&self.eras) {
                return None;
            }
            let later = kept.hashes.split_off(&(until + 1));
            std::mem::replace(&mut kept.hashes, later)
        };
        for (position, (tenant_id, hash)) in taken {
            if position > after {
                let leaf = Leaf {
                    position,
                    tenant_id,
                    hash,
                };
                walk.push(position, leaf)?;
            }
        }
        walk.end()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stretch that is gone along.
struct Walk<T> {
    stretch: Stretch<T>,
    next: i64,
    until: i64,
}

impl<T> Stretch<T> {
    /// All of it, with what the log has at the positions that are missing.
    pub(crate) fn complete(self, others: Vec<T>, position: impl Fn(&T) -> i64) -> Vec<T> {
        let mut found = self.found;
        if !others.is_empty() {
            found.extend(others);
            found.sort_unstable_by_key(position);
        }
        found
    }
}

impl<T> Walk<T> {
    fn new((after, until): (i64, i64)) -> Option<Self> {
        (until > after).then(|| Self {
            stretch: Stretch {
                found: Vec::new(),
                missing: Vec::new(),
            },
            next: after + 1,
            until,
        })
    }

    /// The next that is here; `None` when too many are not.
    fn push(&mut self, position: i64, found: T) -> Option<()> {
        self.miss(position)?;
        self.next = position + 1;
        self.stretch.found.push(found);
        Some(())
    }

    fn end(mut self) -> Option<Stretch<T>> {
        self.miss(self.until + 1)?;
        Some(self.stretch)
    }

    fn miss(&mut self, before: i64) -> Option<()> {
        let gap = usize::try_from(before - self.next).ok()?;
        let missing = &mut self.stretch.missing;
        (missing.len() + gap <= MAX_MISSING).then(|| missing.extend(self.next..before))
    }
}

impl Kept {
    fn is_of(&self, eras: &Eras) -> bool {
        self.era.is_some() && self.era == eras.current()
    }

    fn forget(&mut self) {
        self.events.clear();
        self.hashes.clear();
        self.bytes = 0;
    }

    /// The oldest events go where there are too many, or where they have become old.
    fn let_go(&mut self, now: Instant) {
        while let Some(oldest) = self.events.first_entry() {
            let is_old = now.saturating_duration_since(oldest.get().0) > KEPT_FOR;
            let bytes = bytes_of(&oldest.get().1);
            if !is_old && self.bytes <= MAX_BYTES && self.events.len() <= MAX_EVENTS {
                return;
            }
            self.events.pop_first();
            self.bytes -= bytes;
        }
    }
}

fn bytes_of(event: &Recorded) -> usize {
    FRAME_BYTES + event.payload.0.len() + event.metadata.0.len()
}
