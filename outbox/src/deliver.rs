//! What the engine asks of those who deliver: to carry one message out, to find what an earlier attempt has done, and to
//! say what a crash means for it. The product has one; benchmarks and tests bring sinks of their own.

use integrations::outcome::Failure;

use crate::Result;
use crate::rules::Rules;
use crate::work::{Job, Ordering};
use event_store::error::Error;

/// What a delivery did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    Done,
    /// Done, in these words: which template they are of. Nothing personal.
    Worded(String),
    /// Nothing was to be done, or nothing was allowed; with why.
    Withheld(&'static str),
}

/// Why a delivery did not succeed.
#[derive(Debug)]
pub enum Undelivered {
    /// The provider, or the way to it.
    Failed(Failure),
    /// Our own side: the streams could not be read, or the result could not be brought back.
    Refused(Error),
}

impl From<Failure> for Undelivered {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Error> for Undelivered {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Carries messages out.
pub trait Deliver: Send + Sync + 'static {
    /// What a crash means for this message, and when it is tried again.
    ///
    /// # Errors
    /// When the call cannot be read; the message is then a dead letter.
    fn rules(&self, job: &Job) -> Result<Rules>;

    /// How many deliveries to one destination may be under way in one process.
    fn concurrency(&self, target: &str) -> usize;

    /// How messages of a target with the same key follow each other.
    fn ordering(&self, target: &str) -> Ordering;

    /// Delivers one message.
    fn deliver(
        &self,
        job: &Job,
    ) -> impl Future<Output = std::result::Result<Delivered, Undelivered>> + Send;

    /// Looks for what an earlier attempt may have done; `None` when there is nothing. A success brings its result back as
    /// `deliver` does. Without a way to look, nothing is ever found.
    fn look_up(
        &self,
        job: &Job,
    ) -> impl Future<Output = std::result::Result<Option<Delivered>, Undelivered>> + Send {
        let _ = job;
        async { Ok(None) }
    }

    /// Says that a message will not be tried again, where something waits for its result.
    fn give_up(&self, job: &Job, detail: &str) -> impl Future<Output = Result<()>> + Send {
        let _ = (job, detail);
        async { Ok(()) }
    }
}
