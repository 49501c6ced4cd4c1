//! One attempt at one message: what its past allows, the call itself inside its lease, and what is to become of it. What
//! a crash or a lost answer means is decided by the message's effect class, here and nowhere else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use domain::effects::{EffectClass, OnUnknown};
use event_store::error::Error;
use integrations::outcome::{Failure, FailureKind};
use tokio_util::sync::CancellationToken;

use crate::completions::{Action, Completion};
use crate::deliver::{Deliver, Delivered, Undelivered};
use crate::destinations::breaker::Verdict;
use crate::leases::{self, Ended, Lease, Numbers};
use crate::rules::Rules;
use crate::schedule::KEY_LIFE;
use crate::work::Job;

/// The longest that one call may take, however often its lease is renewed.
const LONGEST_CALL: Duration = Duration::from_secs(300);

/// How long a provider's own report of a message is waited for before it is sent again.
const REPORT_WAIT: Duration = Duration::from_secs(10 * 60);

/// Makes attempts.
pub(super) struct Attempts<D> {
    pub deliver: Arc<D>,
    pub pool: Pool,
    pub stop: CancellationToken,
}

/// Whether it is written down that the first byte is about to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    Written,
    Missing,
}

/// What came of an attempt.
pub(super) enum Made {
    Done(Box<Completion>),
    /// The process stops, and nothing has happened yet.
    NotBegun(Box<Job>, Lease),
}

/// What is to become of a message, and how it is recorded.
struct Judgement {
    action: Action,
    outcome: &'static str,
    kind: Option<&'static str>,
    detail: Option<String>,
    verdict: Verdict,
}

type Outcome = Result<Delivered, Undelivered>;

impl<D: Deliver> Attempts<D> {
    /// Whether an intent must be written down first: what is sent again after a crash in any case needs none.
    pub(super) fn needs_intent(&self, job: &Job) -> bool {
        self.deliver
            .rules(job)
            .is_ok_and(|rules| is_intended(&rules))
    }

    pub(super) async fn make(&self, job: Job, lease: Lease, intent: Intent) -> Made {
        let rules = match self.deliver.rules(&job) {
            Ok(rules) => rules,
            Err(error) => {
                let judgement = Judgement::buried("refused", error.to_string());
                return done(job, lease, judgement);
            }
        };
        // What few messages need lies in boxes: there are hundreds of these futures, and each is moved when it starts.
        if has_past(&job) {
            let settled = Box::pin(self.settle_by_its_past(&job, &rules)).await;
            if let Some(judgement) = settled {
                return done(job, lease, judgement);
            }
        }
        if !job.wait.is_zero() {
            let waiting = tokio::time::sleep(job.wait);
            let waited = Box::pin(self.stop.run_until_cancelled(waiting)).await;
            if waited.is_none() {
                return Made::NotBegun(Box::new(job), lease);
            }
        }
        if intent == Intent::Missing && is_intended(&rules) {
            let ours = Box::pin(leases::intend(&self.pool, &Numbers::of([&job]))).await;
            if !ours.is_ok_and(|ours| !ours.is_empty() && lease.holds()) {
                return Made::NotBegun(Box::new(job), lease);
            }
        }
        let outcome = tokio::select! {
            // What has come is worth more than when it came.
            biased;
            outcome = self.deliver.deliver(&job) => outcome,
            // The connection is dropped here: another worker may be at it already.
            ended = lease.ended(Instant::now() + LONGEST_CALL) => lost(match ended {
                Ended::Patience => "no verdict in time",
                Ended::Lease => "no verdict before the lease ended",
            }),
        };
        let judgement = match outcome {
            Ok(delivered) => Judgement::of(delivered),
            Err(undelivered) => Box::pin(self.judge(&job, &rules, undelivered)).await,
        };
        done(job, lease, judgement)
    }

    /// What must not be sent, for what is known of it already; `None` when it may be sent. See [`has_past`].
    async fn settle_by_its_past(&self, job: &Job, rules: &Rules) -> Option<Judgement> {
        if job.is_superseded {
            let why = "a newer one of its key takes its place";
            return Some(Judgement::finished("superseded", Some(why)));
        }
        let is_key_forgotten = age(job) >= KEY_LIFE;
        match rules.class {
            EffectClass::Blind(OnUnknown::Park) if job.was_intended => {
                let why = "a worker was lost while it was being sent";
                return Some(Judgement::parked(why.to_owned(), Verdict::Silent));
            }
            EffectClass::Blind(OnUnknown::Wait) if job.was_intended => {
                let why = "a worker was lost while it was being sent; its report is waited for";
                let failure = Failure::new(FailureKind::Unknown, why);
                return Some(self.judge_failure(job, rules, &failure).await);
            }
            EffectClass::Findable if job.is_uncertain => {
                let found = self.look_up(job, rules).await;
                if found.is_some() {
                    return found;
                }
            }
            EffectClass::Keyed if job.is_uncertain && is_key_forgotten => {
                let found = self.look_up(job, rules).await;
                let why = "its key may have been forgotten by the provider, and no effect of it was found";
                return Some(found.unwrap_or_else(|| Judgement::buried("unknown", why.to_owned())));
            }
            _ => {}
        }
        if is_expired(job) {
            let why = "it was not to be sent so late";
            return Some(match self.deliver.give_up(job, "expired").await {
                Ok(()) => Judgement::finished("expired", Some(why)),
                Err(error) => self.judge_refusal(job, rules, &error),
            });
        }
        None
    }

    /// What an earlier attempt has done; `None` when nothing was found.
    async fn look_up(&self, job: &Job, rules: &Rules) -> Option<Judgement> {
        match self.deliver.look_up(job).await {
            Ok(None) => None,
            Ok(Some(delivered)) => Some(Judgement::of(delivered)),
            Err(undelivered) => Some(self.judge(job, rules, undelivered).await),
        }
    }

    async fn judge(&self, job: &Job, rules: &Rules, undelivered: Undelivered) -> Judgement {
        match undelivered {
            Undelivered::Failed(failure) => self.judge_failure(job, rules, &failure).await,
            Undelivered::Refused(error) => self.judge_refusal(job, rules, &error),
        }
    }

    async fn judge_failure(&self, job: &Job, rules: &Rules, failure: &Failure) -> Judgement {
        let (kind, detail) = (failure.kind.as_str(), failure.detail.clone());
        tracing::info!(
            message = job.message_id,
            target = job.target,
            kind,
            detail,
            "delivery failed"
        );
        let verdict = Verdict::of(failure);
        let is_unknown = failure.kind == FailureKind::Unknown;
        if is_unknown && rules.class == EffectClass::Blind(OnUnknown::Park) {
            return Judgement::parked(detail, verdict);
        }
        // Had it an effect, its report ends the matter before the next attempt does.
        let waits = is_unknown && rules.class == EffectClass::Blind(OnUnknown::Wait);
        let floor = match waits {
            true => Some(failure.retry_after.unwrap_or_default().max(REPORT_WAIT)),
            false => failure.retry_after,
        };
        let is_given_back = matches!(failure.kind, FailureKind::NotSent | FailureKind::Auth);
        let schedule = rules.schedule;
        let wait = match failure.kind {
            FailureKind::Refused => None,
            FailureKind::NotSent | FailureKind::Auth => {
                schedule.wait_unsent(age(job), failure.retry_after)
            }
            FailureKind::Transient | FailureKind::Unknown => {
                schedule.wait_after(job.attempt, age(job), floor)
            }
        };
        if let Some(wait) = wait {
            return Judgement {
                action: Action::Retry {
                    wait,
                    is_given_back,
                    is_uncertain: is_unknown,
                },
                outcome: "retry",
                kind: Some(kind),
                detail: Some(detail),
                verdict,
            };
        }
        match self.deliver.give_up(job, &detail).await {
            Ok(()) => Judgement {
                verdict,
                ..Judgement::buried(kind, detail)
            },
            Err(error) => self.judge_refusal(job, rules, &error),
        }
    }

    /// Our own command that carries a timer or a result did not go through; whether the effect had happened by then is
    /// not known.
    fn judge_refusal(&self, job: &Job, rules: &Rules, error: &Error) -> Judgement {
        let detail = error.to_string();
        tracing::warn!(
            message = job.message_id,
            target = job.target,
            detail,
            "the result could not be brought back"
        );
        if !matches!(error, Error::Busy { .. }) {
            return Judgement::buried("refused", detail);
        }
        if rules.class == EffectClass::Blind(OnUnknown::Park) {
            return Judgement::parked(detail, Verdict::Silent);
        }
        let is_reported = rules.class == EffectClass::Blind(OnUnknown::Wait);
        let floor = is_reported.then_some(REPORT_WAIT);
        match rules.schedule.wait_after(job.attempt, age(job), floor) {
            None => Judgement::buried("transient", detail),
            Some(wait) => Judgement {
                action: Action::Retry {
                    wait,
                    is_given_back: false,
                    is_uncertain: true,
                },
                outcome: "retry",
                kind: Some("transient"),
                detail: Some(detail),
                verdict: Verdict::Silent,
            },
        }
    }
}

impl Judgement {
    fn of(delivered: Delivered) -> Self {
        match delivered {
            Delivered::Done => Self {
                verdict: Verdict::Answered,
                ..Self::finished("delivered", None)
            },
            Delivered::Worded(whose) => Self {
                verdict: Verdict::Answered,
                detail: Some(whose),
                ..Self::finished("delivered", None)
            },
            Delivered::Withheld(why) => Self::finished("withheld", Some(why)),
        }
    }

    fn finished(outcome: &'static str, why: Option<&'static str>) -> Self {
        Self {
            action: Action::Finish,
            outcome,
            kind: None,
            detail: why.map(str::to_owned),
            verdict: Verdict::Silent,
        }
    }

    fn buried(kind: &'static str, detail: String) -> Self {
        Self {
            action: Action::Bury,
            outcome: "dead",
            kind: Some(kind),
            detail: Some(detail),
            verdict: Verdict::Silent,
        }
    }

    fn parked(detail: String, verdict: Verdict) -> Self {
        Self {
            action: Action::Park,
            outcome: "unknown",
            kind: Some(FailureKind::Unknown.as_str()),
            detail: Some(detail),
            verdict,
        }
    }
}

fn done(job: Job, lease: Lease, judgement: Judgement) -> Made {
    Made::Done(Box::new(Completion {
        job,
        lease,
        action: judgement.action,
        outcome: judgement.outcome,
        failure_kind: judgement.kind,
        detail: judgement.detail,
        verdict: judgement.verdict,
    }))
}

/// Whether anything is known of a message that might keep it from being sent.
fn has_past(job: &Job) -> bool {
    job.is_superseded || job.was_intended || job.is_uncertain || is_expired(job)
}

fn is_expired(job: &Job) -> bool {
    job.expires_at.is_some_and(|at| at <= job.leased_at)
}

/// Whether it is written down first that the first byte is about to leave.
fn is_intended(rules: &Rules) -> bool {
    let class = rules.class;
    matches!(class, EffectClass::Blind(OnUnknown::Park | OnUnknown::Wait))
}

/// Since it was tried first, by the database's clock.
fn age(job: &Job) -> Duration {
    let since: time::Duration = job.leased_at - job.first_sent_at;
    Duration::try_from(since).unwrap_or_default()
}

fn lost(detail: &str) -> Outcome {
    let failure = Failure::new(FailureKind::Unknown, detail);
    Err(Undelivered::Failed(failure))
}
