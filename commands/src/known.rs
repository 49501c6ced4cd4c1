//! Aggregates as this process last saw them, so that a command on one of them need not load it. What is kept is exact as
//! of its sequence. It may be old: whatever is decided on it is written only if none of its streams has moved, and is
//! refused only after it has been decided again on what the database says. It ends with the life of the server that it was
//! read from, which may come back knowing less.

use std::any::Any;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use domain::ids::TenantId;
use domain::noun::Noun;
use event_store::era::Era;
use event_store::load::Folded;
use quick_cache::Equivalent;
use quick_cache::sync::Cache;

/// How many aggregates are kept; those that are asked for least go first.
const LIMIT: usize = 50_000;

/// Aggregates by stream, each with the era that it was read in.
pub(crate) struct Known {
    aggregates: Cache<Stream, (Option<Era>, Snapshot)>,
}

/// An aggregate as of a sequence of its stream.
#[derive(Clone)]
pub(crate) struct Snapshot {
    state: Arc<dyn Any + Send + Sync>,
    pub sequence: i64,
    /// The position of its newest event, or a later one.
    pub position: i64,
}

#[derive(Clone, PartialEq, Eq)]
struct Stream {
    tenant_id: TenantId,
    kind: &'static str,
    id: String,
}

/// The same, borrowed.
#[derive(Clone, Copy)]
struct StreamRef<'a> {
    tenant_id: &'a TenantId,
    kind: &'static str,
    id: &'a str,
}

impl Known {
    pub fn new() -> Self {
        Self {
            aggregates: Cache::new(LIMIT),
        }
    }

    /// What is known of a stream, of this era.
    pub fn find(
        &self,
        era: Option<Era>,
        tenant_id: &TenantId,
        (kind, id): (&'static str, &str),
    ) -> Option<Snapshot> {
        let stream = StreamRef {
            tenant_id,
            kind,
            id,
        };
        let (read_in, known) = self.aggregates.get(&stream)?;
        (read_in == era).then_some(known)
    }

    /// Keeps a snapshot unless a newer one of this era is there.
    pub fn keep(
        &self,
        era: Option<Era>,
        tenant_id: &TenantId,
        (kind, id): (&'static str, &str),
        new: Snapshot,
    ) {
        let known = self.find(era, tenant_id, (kind, id));
        if known.is_none_or(|known| known.sequence < new.sequence) {
            let stream = Stream {
                tenant_id: tenant_id.clone(),
                kind,
                id: id.to_owned(),
            };
            self.aggregates.insert(stream, (era, new));
        }
    }
}

impl Snapshot {
    pub fn new<N: Noun>(state: Arc<N>, sequence: i64, position: i64) -> Self {
        Self {
            state,
            sequence,
            position,
        }
    }

    /// Of a stream that has no events.
    pub fn nothing<N: Noun>() -> Self {
        Self::of(Folded::<N>::default())
    }

    pub fn of<N: Noun>(folded: Folded<N>) -> Self {
        Self::new(Arc::new(folded.state), folded.sequence, folded.position)
    }

    /// The aggregate; each kind of stream has one type of aggregate, so it is never another's.
    pub fn state<N: Noun>(&self) -> Arc<N> {
        self.state.clone().downcast().unwrap_or_default()
    }

    /// As `state`, to fold further.
    pub fn folded<N: Noun>(self) -> Folded<N> {
        Folded {
            state: Arc::unwrap_or_clone(self.state::<N>()),
            sequence: self.sequence,
            position: self.position,
        }
    }
}

/// What a command has made of the aggregates that it executed.
pub(crate) struct Learned {
    pub known: Arc<Known>,
    pub era: Option<Era>,
    pub aggregates: Vec<(&'static str, String, Snapshot)>,
}

impl Learned {
    /// Keeps it for the commands to come, now that it is written.
    pub fn keep(self, tenant_id: &TenantId, position: i64) {
        for (kind, id, snapshot) in self.aggregates {
            let snapshot = Snapshot {
                position,
                ..snapshot
            };
            self.known.keep(self.era, tenant_id, (kind, &id), snapshot);
        }
    }
}

impl Stream {
    fn as_ref(&self) -> StreamRef<'_> {
        StreamRef {
            tenant_id: &self.tenant_id,
            kind: self.kind,
            id: &self.id,
        }
    }
}

impl Hash for StreamRef<'_> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.tenant_id, self.kind, self.id).hash(hasher);
    }
}

impl Hash for Stream {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.as_ref().hash(hasher);
    }
}

impl Equivalent<Stream> for StreamRef<'_> {
    fn equivalent(&self, stream: &Stream) -> bool {
        (self.tenant_id, self.kind, self.id) == (&stream.tenant_id, stream.kind, stream.id.as_str())
    }
}
