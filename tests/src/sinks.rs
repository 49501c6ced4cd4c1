//! A place for messages to go to that keeps a ledger of effects and does as it is told: it loses answers, fails, hangs,
//! and honours keys where its target's class says so. Targets are named after effect classes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::effects::{EffectClass, OnUnknown};
use integrations::outcome::{Failure, FailureKind};
use outbox::Result;
use outbox::deliver::{Deliver, Delivered, Undelivered};
use outbox::rules::Rules;
use outbox::schedule::Schedule;
use outbox::work::{Job, Ordering};

use crate::wait;

/// Failures are made good at once, and often.
const AT_ONCE: Schedule = Schedule {
    waits: &[0; 30],
    life: 24 * 3_600,
};

/// The targets, each with its class.
pub const CLASSES: [(&str, EffectClass); 6] = [
    ("keyed", EffectClass::Keyed),
    ("named", EffectClass::Named),
    ("findable", EffectClass::Findable),
    ("parked", EffectClass::Blind(OnUnknown::Park)),
    ("resent", EffectClass::Blind(OnUnknown::Resend)),
    ("pure", EffectClass::Pure),
];

/// What happens to one call.
#[derive(Clone, Debug)]
pub enum Answer {
    Fine,
    /// The effect happens, and its answer is lost.
    Lost,
    /// No effect.
    Fail(Failure),
    /// No effect, and no answer for as long as the call lasts.
    Hang,
    /// The effect happens after a while.
    Slow(Duration),
    /// The effect happens, and the thread that it runs on stands still until `thaw`: as a stopped process would.
    Freeze,
}

/// One call, as the sink saw it.
#[derive(Clone, Debug)]
pub struct Call {
    pub message_id: String,
    pub tenant_id: String,
    pub target: String,
    pub lease_no: i64,
    pub at: Instant,
    /// Calls under way for the same destination when it came, itself included.
    pub under_way: usize,
}

type Script = Box<dyn Fn(&Job) -> Answer + Send + Sync>;

/// The place.
pub struct Sink {
    script: Mutex<Script>,
    calls: Mutex<Vec<Call>>,
    effects: Mutex<BTreeMap<String, usize>>,
    under_way: Mutex<HashMap<(String, String), usize>>,
    frozen: Mutex<bool>,
    thawed: Condvar,
}

impl Sink {
    /// A sink that does as `script` says.
    pub fn new(script: impl Fn(&Job) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            script: Mutex::new(Box::new(script)),
            calls: Mutex::default(),
            effects: Mutex::default(),
            under_way: Mutex::default(),
            frozen: Mutex::new(true),
            thawed: Condvar::new(),
        }
    }

    /// From now on it does as this says.
    pub fn change(&self, script: impl Fn(&Job) -> Answer + Send + Sync + 'static) {
        *lock(&self.script) = Box::new(script);
    }

    /// Lets frozen threads go on, and those that would freeze from now on.
    pub fn thaw(&self) {
        *lock(&self.frozen) = false;
        self.thawed.notify_all();
    }

    /// Every call, in order.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    /// How often each message had its effect.
    pub fn effects(&self) -> BTreeMap<String, usize> {
        lock(&self.effects).clone()
    }

    /// Messages that had their effect.
    pub fn count(&self) -> usize {
        lock(&self.effects).len()
    }

    /// Waits until so many messages had their effect.
    pub async fn reached(&self, count: usize, patience: Duration) {
        let reached = wait::for_answer(patience, async || (self.count() >= count).then_some(()));
        if reached.await.is_none() {
            let had = self.count();
            panic!("{had} messages had their effect within {patience:?}, and not {count}");
        }
    }

    fn note(&self, job: &Job) -> UnderWay<'_> {
        let destination = (job.tenant_id.as_str().to_owned(), job.target.clone());
        let mut all = lock(&self.under_way);
        let under_way = all.entry(destination.clone()).or_default();
        *under_way += 1;
        let call = Call {
            message_id: job.message_id.clone(),
            tenant_id: destination.0.clone(),
            target: job.target.clone(),
            lease_no: job.lease_no,
            at: Instant::now(),
            under_way: *under_way,
        };
        drop(all);
        lock(&self.calls).push(call);
        UnderWay {
            sink: self,
            destination,
        }
    }

    /// A repetition under the same key, or of what has our own name, is the same effect.
    fn take_effect(&self, job: &Job) {
        let mut effects = lock(&self.effects);
        let count = effects.entry(job.message_id.clone()).or_default();
        match class(&job.target) {
            EffectClass::Keyed | EffectClass::Named => *count = 1,
            _ => *count += 1,
        }
    }

    fn freeze(&self) {
        let frozen = lock(&self.frozen);
        let stay = self.thawed.wait_while(frozen, |frozen| *frozen);
        drop(stay.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Deliver for Sink {
    fn rules(&self, job: &Job) -> Result<Rules> {
        Ok(Rules {
            class: class(&job.target),
            schedule: &AT_ONCE,
        })
    }

    fn concurrency(&self, _: &str) -> usize {
        64
    }

    fn ordering(&self, target: &str) -> Ordering {
        match target {
            "pure" => Ordering::Latest,
            _ => Ordering::Fifo,
        }
    }

    async fn deliver(&self, job: &Job) -> std::result::Result<Delivered, Undelivered> {
        let _under_way = self.note(job);
        let answer = lock(&self.script)(job);
        match answer {
            Answer::Fine => {
                self.take_effect(job);
                // As any call, it does not come back at once: a process may die meanwhile.
                tokio::task::yield_now().await;
                Ok(Delivered::Done)
            }
            Answer::Lost => {
                self.take_effect(job);
                Err(Failure::new(FailureKind::Unknown, "the answer was lost").into())
            }
            Answer::Fail(failure) => Err(failure.into()),
            Answer::Hang => std::future::pending().await,
            Answer::Slow(time) => {
                // Measured in the sink: nothing waits for it but the worker.
                let _ = tokio::time::timeout(time, std::future::pending::<()>()).await;
                self.take_effect(job);
                Ok(Delivered::Done)
            }
            Answer::Freeze => {
                self.take_effect(job);
                self.freeze();
                Ok(Delivered::Done)
            }
        }
    }

    async fn look_up(&self, job: &Job) -> std::result::Result<Option<Delivered>, Undelivered> {
        let is_there = lock(&self.effects).contains_key(&job.message_id);
        Ok(is_there.then_some(Delivered::Done))
    }
}

struct UnderWay<'a> {
    sink: &'a Sink,
    destination: (String, String),
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(count) = lock(&self.sink.under_way).get_mut(&self.destination) {
            *count -= 1;
        }
    }
}

/// The class of a target; whatever is not listed is named by us.
pub fn class(target: &str) -> EffectClass {
    let mut classes = CLASSES.iter();
    let found = classes.find(|(name, _)| *name == target);
    found.map_or(EffectClass::Named, |(_, class)| *class)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
