//! Group commit, and the same for loads: what arrives for one tenant while the database is busy with others of its kind
//! waits for them and then travels together, in one statement. What finds nobody before it is sent at once.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::TenantId;
use tokio::sync::oneshot;

use crate::Result;
use crate::error::Error;

/// How many travel together at most.
pub const MAX_BATCH: usize = 64;
/// How few stay together whatever is under way: they would pay more for a statement and a durable write of their own than
/// they gain by not waiting.
const FEW: usize = 4;
/// How often those who have just been answered are given way, while more of them come back for the next batch.
const MAX_YIELDS: usize = 64;
/// How often in a row nobody may have come before the batch leaves.
const PATIENCE: usize = 3;
/// How many of one tenant and kind may wait.
pub const MAX_WAITING: usize = 4_096;

/// What can travel together with others of its kind.
pub trait Traveller: Send + Sync + 'static {
    type Answer: Send + 'static;

    /// How many batches of one tenant are under way at once: while one travels, the next is gathered.
    const MAX_FLYING: usize;

    /// What no two may touch that travel at the same time, as `touch` has it.
    fn touches(&self) -> Vec<u64>;

    /// The answer to this one, which waited while the other, with which it shares a touch, got its own; `None` when it must
    /// travel all the same.
    fn overtaken_by(&self, other: &Self, answer: &Self::Answer) -> Option<Self::Answer>;
}

/// Takes a batch to the database and brings back an answer for each.
pub trait Flight<T: Traveller>: Send + Sync + 'static {
    fn fly(
        &self,
        tenant_id: &TenantId,
        batch: &[&T],
    ) -> impl Future<Output = Vec<Result<T::Answer>>> + Send;
}

/// Those who wait and those who are under way, by tenant.
pub struct Coalescer<T: Traveller, F> {
    flight: Arc<F>,
    lanes: Arc<Mutex<HashMap<TenantId, Lane<T>>>>,
}

/// One tenant's travellers.
struct Lane<T: Traveller> {
    waiting: VecDeque<Waiting<T>>,
    flying: usize,
    /// How many of them are under way.
    aboard: usize,
    /// What those under way touch.
    touched: HashSet<u64>,
}

struct Waiting<T: Traveller> {
    traveller: Arc<T>,
    touches: Vec<u64>,
    reply: oneshot::Sender<Result<T::Answer>>,
}

impl<T: Traveller, F: Flight<T>> Coalescer<T, F> {
    pub fn new(flight: F) -> Self {
        Self {
            flight: Arc::new(flight),
            lanes: Arc::default(),
        }
    }

    /// Sends one, together with others where there are others.
    pub async fn send(&self, tenant_id: &TenantId, traveller: Arc<T>) -> Result<T::Answer> {
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting {
            touches: traveller.touches(),
            traveller: traveller.clone(),
            reply,
        };
        let batches = {
            let mut lanes = self.lanes();
            let lane = match lanes.get_mut(tenant_id) {
                Some(lane) => lane,
                None => lanes.entry(tenant_id.clone()).or_default(),
            };
            if lane.waiting.len() >= MAX_WAITING {
                return Err(Error::busy(
                    "too-many-commands",
                    "too many commands of this tenant are waiting for the database; try again",
                ));
            }
            lane.waiting.push_back(waiting);
            lane.depart()
        };
        let is_ours = |batch: &Vec<Waiting<T>>| matches!(batch.as_slice(), [only] if Arc::ptr_eq(&only.traveller, &traveller));
        if batches.iter().all(is_ours) {
            // Nobody else is concerned, neither by our giving up nor by our being woken.
            for batch in batches {
                self.fly_once(tenant_id, batch).await;
                let next = self.leave(tenant_id);
                self.go_on(tenant_id, next);
            }
        } else {
            self.go_on(tenant_id, batches);
        }
        answer
            .await
            .unwrap_or_else(|_| Err(Error::busy("stopping", "the server is stopping")))
    }

    /// Sends each batch off in a task of its own: a caller who gives up must not take others down.
    fn go_on(&self, tenant_id: &TenantId, batches: Vec<Vec<Waiting<T>>>) {
        for batch in batches {
            tokio::spawn(self.clone().fly(tenant_id.clone(), batch));
        }
    }

    /// Takes a batch, and then what has gathered meanwhile, until nothing is left.
    async fn fly(self, tenant_id: TenantId, batch: Vec<Waiting<T>>) {
        let mut next = Some(batch);
        while let Some(batch) = next {
            let answered = self.fly_once(&tenant_id, batch).await;
            self.board(&tenant_id, answered).await;
            let mut batches = self.leave(&tenant_id);
            next = batches.pop();
            self.go_on(&tenant_id, batches);
        }
    }

    /// Takes a batch; answers how many have been told.
    async fn fly_once(&self, tenant_id: &TenantId, batch: Vec<Waiting<T>>) -> usize {
        let mut airborne = Airborne {
            coalescer: self,
            tenant_id,
            batch,
        };
        let travellers: Vec<&T> = airborne
            .batch
            .iter()
            .map(|waiting| &*waiting.traveller)
            .collect();
        let answers = self.flight.fly(tenant_id, &travellers).await;
        let landed = std::mem::take(&mut airborne.batch)
            .into_iter()
            .zip(answers)
            .collect();
        self.land(tenant_id, landed)
    }

    /// Gives way to those who have just been answered: whoever sends the next command at once then travels with the others.
    async fn board(&self, tenant_id: &TenantId, answered: usize) {
        let (mut waiting, mut idle) = (0, 0);
        for _ in 0..MAX_YIELDS {
            let now = self
                .lanes()
                .get(tenant_id)
                .map_or(0, |lane| lane.waiting.len());
            idle = if now > waiting { 0 } else { idle + 1 };
            if now >= answered.min(MAX_BATCH) || idle > PATIENCE {
                return;
            }
            waiting = now;
            tokio::task::yield_now().await;
        }
    }

    /// Answers those who are back and those whom they have overtaken; answers how many they are.
    fn land(&self, tenant_id: &TenantId, landed: Vec<(Waiting<T>, Result<T::Answer>)>) -> usize {
        let overtaken = match self.lanes().get_mut(tenant_id) {
            Some(lane) => lane.land(&landed),
            None => Vec::new(),
        };
        let answered = landed.len() + overtaken.len();
        // Whoever has stopped waiting needs no answer.
        for (waiting, answer) in landed {
            let _ = waiting.reply.send(answer);
        }
        for (waiting, answer) in overtaken {
            let _ = waiting.reply.send(Ok(answer));
        }
        answered
    }

    /// Makes room in the air, and calls those who may leave next.
    fn leave(&self, tenant_id: &TenantId) -> Vec<Vec<Waiting<T>>> {
        let mut lanes = self.lanes();
        let Some(lane) = lanes.get_mut(tenant_id) else {
            return Vec::new();
        };
        lane.flying -= 1;
        let next = lane.depart();
        if lane.flying == 0 && lane.waiting.is_empty() {
            lanes.remove(tenant_id);
        }
        next
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<TenantId, Lane<T>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A batch under way. One whose caller gives up on it has landed all the same: what it did is for the database to tell.
struct Airborne<'a, T: Traveller, F: Flight<T>> {
    coalescer: &'a Coalescer<T, F>,
    tenant_id: &'a TenantId,
    batch: Vec<Waiting<T>>,
}

impl<T: Traveller, F: Flight<T>> Drop for Airborne<'_, T, F> {
    fn drop(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let lost = || {
            Err(Error::busy(
                "given-up",
                "the caller did not wait; try again",
            ))
        };
        let landed = self.batch.drain(..).map(|waiting| (waiting, lost()));
        self.coalescer.land(self.tenant_id, landed.collect());
        let next = self.coalescer.leave(self.tenant_id);
        // Without a runtime the process is ending, and so are those who wait.
        if tokio::runtime::Handle::try_current().is_ok() {
            self.coalescer.go_on(self.tenant_id, next);
        }
    }
}

impl<T: Traveller, F> Clone for Coalescer<T, F> {
    fn clone(&self) -> Self {
        Self {
            flight: self.flight.clone(),
            lanes: self.lanes.clone(),
        }
    }
}

impl<T: Traveller> Default for Lane<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            flying: 0,
            aboard: 0,
            touched: HashSet::new(),
        }
    }
}

impl<T: Traveller> Lane<T> {
    /// Every batch that may leave now.
    fn depart(&mut self) -> Vec<Vec<Waiting<T>>> {
        std::iter::from_fn(|| Some(self.board()).filter(|batch| !batch.is_empty())).collect()
    }

    /// The next batch, in order of arrival; empty when nothing may leave now. Those who are there share the batches that may
    /// be under way, so that one is worked on while the other waits for the disk; half a share may go ahead.
    fn board(&mut self) -> Vec<Waiting<T>> {
        let all = self.waiting.len() + self.aboard;
        let share = all.div_ceil(T::MAX_FLYING).clamp(FEW, MAX_BATCH);
        let is_enough = match self.flying {
            0 => !self.waiting.is_empty(),
            _ => self.waiting.len() >= FEW.max(share / 2),
        };
        if self.flying >= T::MAX_FLYING || !is_enough {
            return Vec::new();
        }
        let mut batch = Vec::new();
        let mut kept = VecDeque::new();
        while batch.len() < share
            && let Some(waiting) = self.waiting.pop_front()
        {
            let mut touches = waiting.touches.iter();
            if touches.any(|touch| self.touched.contains(touch)) {
                kept.push_back(waiting);
            } else {
                self.touched.extend(&waiting.touches);
                batch.push(waiting);
            }
        }
        kept.append(&mut self.waiting);
        self.waiting = kept;
        self.flying += usize::from(!batch.is_empty());
        self.aboard += batch.len();
        batch
    }

    /// Takes a batch that is back off the list, and with it those who have been overtaken: they need not travel to be
    /// told so.
    fn land(&mut self, landed: &[(Waiting<T>, Result<T::Answer>)]) -> Vec<(Waiting<T>, T::Answer)> {
        self.aboard -= landed.len();
        let mut written: HashMap<u64, (&T, &T::Answer)> = HashMap::new();
        for (waiting, answer) in landed {
            for touch in &waiting.touches {
                self.touched.remove(touch);
            }
            if let Ok(answer) = answer {
                let other = (&*waiting.traveller, answer);
                written.extend(waiting.touches.iter().map(|touch| (*touch, other)));
            }
        }
        if written.is_empty() || self.waiting.is_empty() {
            return Vec::new();
        }
        let mut overtaken = Vec::new();
        for waiting in std::mem::take(&mut self.waiting) {
            let others = waiting
                .touches
                .iter()
                .filter_map(|touch| written.get(touch));
            let mut answers =
                others.filter_map(|(other, answer)| waiting.traveller.overtaken_by(other, answer));
            let answer = answers.next();
            drop(answers);
            match answer {
                Some(answer) => overtaken.push((waiting, answer)),
                None => self.waiting.push_back(waiting),
            }
        }
        overtaken
    }
}

/// A touch: a chance meeting of two hashes only makes one of them wait, or decide again.
pub fn touch(touched: (&str, &str, &str)) -> u64 {
    let mut hasher = DefaultHasher::new();
    touched.hash(&mut hasher);
    hasher.finish()
}
