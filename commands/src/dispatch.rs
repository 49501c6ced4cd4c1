//! The one way in for everything that changes anything. Order of checks: permission, idempotency, schema, decide; so an
//! old answer outlives new rules. Conflicts with other commands are tried again; a refusal frees the key.

use std::sync::Arc;
use std::time::Duration;

use cqrs_es::Aggregate;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use domain::tenants::Tenant;
use domain::webhook_endpoints::reach::Reach;
use event_store::commit::{Outcome, Usage, Violation};
use event_store::error::Error;
use event_store::load::{Load, StoredAnswer};
use event_store::store::Store;
use event_store::usage;
use event_store::vault::TenantKeys;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

use crate::Result;
use crate::answer::{Answer, Replay, render};
use crate::approvals::ApprovalSummary;
use crate::approvals::budgets;
use crate::approvals::gate::{self, Ruling};
use crate::canonical::canonical;
use crate::context::Context;
use crate::known::{Known, Snapshot};
use crate::records::{body_of, record_of};
use crate::registry::{self, Command, FactorDemand, Visibility};
use crate::work::{Basis, Facts, Work};

/// How often a command is decided anew when others were first.
pub const MAX_ATTEMPTS: u32 = 6;
/// The longest wait before the second attempt; it doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(2);
/// The longest idempotency key, in visible ASCII characters.
pub const MAX_KEY_LENGTH: usize = 255;
/// The longest wait for others who fight for the same stream.
const LONGEST_QUEUE: Duration = Duration::from_secs(10);
/// How many locks calm down commands that fight for one stream; commands of other streams may share one by chance.
const STREAM_LOCKS: usize = 256;

/// What source addresses are sealed for, under the tenant's ingest key.
pub const SOURCE_ADDRESS_PURPOSE: &str = "source-address";

/// A command as it comes in, from whatever door.
#[derive(Clone, Debug)]
pub struct Request {
    pub ctx: Context,
    pub name: String,
    pub body: Value,
    pub key: Option<String>,
    pub run: Run,
}

/// Whether to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    Real,
    /// In earnest, and under the approval of this id where one is needed.
    Approved(String),
    /// Validated and decided, nothing written; neither reads nor stores the key.
    Dry,
}

/// An answer, as far as its result.
#[derive(Deserialize)]
struct ResultOf<T> {
    result: T,
}

/// Sends commands to their handlers and commits what they decide.
#[derive(Clone)]
pub struct Dispatcher {
    pub store: Store,
    known: Arc<Known>,
    stream_locks: Arc<Vec<Mutex<()>>>,
    webhook_reach: Reach,
}

/// What came of one attempt.
enum Attempt {
    Done(Answer),
    /// What was known would not do; the database must be asked.
    Uninformed,
    /// A person must agree first; the body of the proposal.
    Asking(Value),
    /// Somebody was first; for another attempt, and with what to calm it down.
    Again {
        stream: String,
        violation: Violation,
        /// What it would have taken of budgets.
        usage: Usage,
    },
}

impl Dispatcher {
    pub fn new(store: Store) -> Self {
        let stream_locks = (0..STREAM_LOCKS).map(|_| Mutex::new(())).collect();
        Self {
            store,
            known: Arc::new(Known::new()),
            stream_locks: Arc::new(stream_locks),
            webhook_reach: Reach::default(),
        }
    }

    /// The same, where webhooks may reach further than public addresses.
    pub fn reaching(self, webhook_reach: Reach) -> Self {
        Self {
            webhook_reach,
            ..self
        }
    }

    /// How far webhooks reach.
    pub fn webhook_reach(&self) -> Reach {
        self.webhook_reach
    }

    /// Runs one command.
    pub async fn dispatch(&self, request: &Request) -> Result<Answer> {
        let outcome = self.dispatch_checked(request).await;
        let label = match &outcome {
            Ok(answer) if answer.replayed => "replayed",
            Ok(_) => "accepted",
            Err(Error::Refused(_)) => "refused",
            Err(_) => "failed",
        };
        metrics::counter!("rapport_commands_total", "outcome" => label).increment(1);
        outcome
    }

    async fn dispatch_checked(&self, request: &Request) -> Result<Answer> {
        let command = registry::find(&request.name)
            .filter(|command| may_see(command, &request.ctx))
            .ok_or_else(|| {
                let detail = format!("there is no command {}", request.name);
                let near = registry::nearest(&request.name);
                let near = near.map(|name| serde_json::json!({ "command": name }));
                Refusal::not_found("command-unknown", detail).with_alternatives(near.collect())
            })?;
        request.ctx.principal.require(command.permission)?;
        if command.factor == FactorDemand::Fresh {
            request
                .ctx
                .principal
                .factor
                .require_fresh(Context::clock())?;
        }
        let tenant_id = request.ctx.tenant_id();
        let keys = self
            .store
            .directory
            .find_keys(&self.store.vault, tenant_id)
            .await?;
        if request.run == Run::Dry {
            return self.dry_run(command, request, keys).await;
        }
        let key = check_key(request.key.as_deref())?;
        let fingerprint = match &keys {
            Some(keys) => keys.fingerprint(command.name, &canonical(&request.body)),
            None => Vec::new(),
        };
        if let Err(refusal) = command.validate(&request.body) {
            return self.answered_or(request, key, &fingerprint, refusal).await;
        }
        match self
            .decide(command, request, (key, &fingerprint), keys)
            .await
        {
            Err(Error::Refused(refusal)) => {
                self.answered_or(request, key, &fingerprint, (*refusal).into())
                    .await
            }
            outcome => outcome,
        }
    }

    /// Attempts until one stands, nobody else is to blame, or patience ends.
    async fn decide(
        &self,
        command: &Command,
        request: &Request,
        (key, fingerprint): (&str, &[u8]),
        keys: Option<Arc<TenantKeys>>,
    ) -> Result<Answer> {
        let mut calmed = None;
        for attempt in 1..=MAX_ATTEMPTS {
            let outcome = self
                .attempt(
                    command,
                    request,
                    (key, fingerprint),
                    keys.clone(),
                    (attempt, &mut calmed),
                )
                .await;
            let (stream, violation, usage) = match outcome {
                Ok(Attempt::Done(answer)) => return Ok(answer),
                Ok(Attempt::Uninformed) => continue,
                Ok(Attempt::Asking(proposal)) => {
                    drop(calmed);
                    return self.ask_a_person(request, proposal).await;
                }
                Ok(Attempt::Again {
                    stream,
                    violation,
                    usage,
                }) => (stream, violation, usage),
                // The wire broke: the commit may stand. The next load finds its answer if it does.
                Err(Error::Busy {
                    code: "database-unavailable",
                    ..
                }) if attempt < MAX_ATTEMPTS => {
                    back_off(attempt).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if violation == Violation::Budget {
                return Err(self.budget_used_up(request, &usage).await?.into());
            }
            if violation == Violation::Slug {
                return Err(Refusal::conflict("slug-taken", "another tenant has this slug").into());
            }
            metrics::counter!("rapport_command_conflicts_total").increment(1);
            tracing::debug!(
                command = command.name,
                ?violation,
                attempt,
                "somebody else was first"
            );
            // The lock of the last stream goes before the next is taken: nobody ever holds two.
            calmed = None;
            back_off(attempt).await;
            calmed.replace(self.calm(&stream).await?);
        }
        drop(calmed);
        Err(contended())
    }

    /// The tenant's settings, up to date.
    pub async fn find_tenant(&self, tenant_id: &TenantId) -> Result<Arc<Tenant>> {
        let id = tenant_id.as_str();
        let era = self.store.pools.era();
        let known = self.known.find(era, tenant_id, (Tenant::TYPE, id));
        let sequence = known.as_ref().map_or(0, |known| known.sequence);
        let wanted = Load {
            streams: vec![(Tenant::TYPE, id.to_owned(), sequence)],
            ..Load::default()
        };
        let loaded = self.store.load(tenant_id, wanted).await?;
        let known = known.unwrap_or_else(Snapshot::nothing::<Tenant>);
        let mut tenant = known.clone();
        if let Some(news) = loaded.streams.first().filter(|news| !news.is_empty()) {
            tenant = Snapshot::of(news.fold(known.folded::<Tenant>())?);
            self.known
                .keep(era, tenant_id, (Tenant::TYPE, id), tenant.clone());
        }
        Ok(tenant.state())
    }

    /// An old answer outlives new rules: before a refusal is given, the key is looked up.
    async fn answered_or(
        &self,
        request: &Request,
        key: &str,
        fingerprint: &[u8],
        refusal: Error,
    ) -> Result<Answer> {
        let wanted = Load {
            answered: Some((request.ctx.principal.id.clone(), key.to_owned())),
            ..Load::default()
        };
        match self
            .store
            .load(request.ctx.tenant_id(), wanted)
            .await?
            .answered
        {
            Some(answered) => replay(&answered, fingerprint),
            None => Err(refusal),
        }
    }

    async fn attempt<'a>(
        &'a self,
        command: &Command,
        request: &Request,
        (key, fingerprint): (&str, &[u8]),
        keys: Option<Arc<TenantKeys>>,
        (attempt, calmed): (u32, &mut Option<MutexGuard<'a, ()>>),
    ) -> Result<Attempt> {
        let answered = Some((request.ctx.principal.id.clone(), key.to_owned()));
        let mut work = self.work(request, keys);
        let wanted = self.wanted(command, request, &work)?;
        if calmed.is_none() {
            *calmed = self.queue_up(&wanted).await?;
        }
        work.prepare(wanted, attempt == 1, answered).await?;
        if let Some(answered) = &work.answered {
            return Ok(Attempt::Done(replay(answered, fingerprint)?));
        }
        let result = match (command.handle)(&mut work, &request.body).await {
            Err(Error::Refused(_)) if work.basis == Basis::Known => {
                return Ok(Attempt::Uninformed);
            }
            result => result?,
        };
        match gate::rule(&mut work, command, request, (key, &result)).await {
            Ok(Ruling::Go) => {}
            // Asked only once it is sure that the key has no answer yet.
            Ok(Ruling::Ask(_)) | Err(Error::Refused(_)) if work.basis == Basis::Known => {
                return Ok(Attempt::Uninformed);
            }
            Ok(Ruling::Ask(proposal)) => return Ok(Attempt::Asking(proposal)),
            Err(error) => return Err(error),
        }
        let stored = serde_json::to_string(&body_of(&work, &result)?)?;
        let opening = work.opening.take();
        // A new tenant has keys only now that it has been opened.
        let fingerprint = match fingerprint {
            [] => work
                .keys()?
                .fingerprint(command.name, &canonical(&request.body)),
            known => known.to_vec(),
        };
        let basis = work.basis;
        let record = record_of(&work, command, key, fingerprint, stored)?;
        let (commit, learned) = work.finish(record);
        let commit = Arc::new(commit);
        let outcome = match &opening {
            Some(opening) => self.store.open_tenant(opening, &commit).await?,
            None => self.store.commit(commit.clone()).await?,
        };
        match outcome {
            Outcome::Committed { position } => {
                learned.keep(&commit.tenant_id, position);
                Ok(Attempt::Done(render(
                    &commit.command.answer,
                    Some(position),
                    Replay::No,
                )?))
            }
            Outcome::Conflict(Violation::Stale) if basis == Basis::Known => Ok(Attempt::Uninformed),
            Outcome::Conflict(violation) => {
                let first = commit.streams.first();
                let stream = first.map(|stream| stream.aggregate_id.clone());
                Ok(Attempt::Again {
                    stream: stream.unwrap_or_default(),
                    violation,
                    usage: commit.usage.clone(),
                })
            }
        }
    }

    /// Notes what an agent wants, and tells it whom it waits for.
    async fn ask_a_person(&self, request: &Request, proposal: Value) -> Result<Answer> {
        let proposal = gate::proposal_of(request, proposal);
        let answer = Box::pin(self.dispatch(&proposal)).await?;
        let summary: ResultOf<ApprovalSummary> = serde_json::from_str(&answer.body)?;
        Err(gate::told(&summary.result).into())
    }

    async fn budget_used_up(&self, request: &Request, usage: &Usage) -> Result<Refusal> {
        let principal = &request.ctx.principal;
        let engine = &self.store.pools.engine;
        let exceeded =
            usage::find_exceeded(engine, &principal.tenant_id, &principal.id, usage).await?;
        Ok(budgets::used_up(exceeded))
    }

    async fn dry_run(
        &self,
        command: &Command,
        request: &Request,
        keys: Option<Arc<TenantKeys>>,
    ) -> Result<Answer> {
        command.validate(&request.body)?;
        let mut work = self.work(request, keys);
        work.is_dry = true;
        work.prepare(self.wanted(command, request, &work)?, false, None)
            .await?;
        let result = (command.handle)(&mut work, &request.body).await?;
        render(
            &serde_json::to_string(&body_of(&work, &result)?)?,
            None,
            Replay::No,
        )
    }

    fn work(&self, request: &Request, keys: Option<Arc<TenantKeys>>) -> Work {
        let (store, known) = (self.store.clone(), self.known.clone());
        let mut work = Work::new(request.ctx.clone(), store, known, keys);
        work.webhook_reach = self.webhook_reach;
        work
    }

    /// What the command asks to see.
    fn wanted(&self, command: &Command, request: &Request, work: &Work) -> Result<Load> {
        let tenant_id = request.ctx.tenant_id();
        let known = work.known(Tenant::TYPE, tenant_id.as_str());
        let facts = Facts {
            tenant_id: tenant_id.clone(),
            keys: work.keys().ok(),
            tenant: known.map(|known| known.state()).unwrap_or_default(),
        };
        (command.wanted)(&facts, &request.body)
    }

    /// Whoever comes to a stream that others have already lost fights for waits behind them, or those would never get
    /// through: a newcomer decides on what it remembers and is quicker than they are.
    async fn queue_up(&self, wanted: &Load) -> Result<Option<MutexGuard<'_, ()>>> {
        match wanted.streams.first() {
            Some((kind, stream, _)) if *kind != Tenant::TYPE => {
                match self.lock_of(stream).try_lock() {
                    Ok(_) => Ok(None),
                    Err(_) => Ok(Some(self.calm(stream).await?)),
                }
            }
            _ => Ok(None),
        }
    }

    /// Waits for the stream's lock, so that those who fight for it come one after the other.
    async fn calm(&self, stream: &str) -> Result<MutexGuard<'_, ()>> {
        tokio::time::timeout(LONGEST_QUEUE, self.lock_of(stream).lock())
            .await
            .map_err(|_| contended())
    }

    fn lock_of(&self, stream: &str) -> &Mutex<()> {
        let hash = stream.bytes().fold(0_usize, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(usize::from(byte))
        });
        &self.stream_locks[hash % STREAM_LOCKS]
    }
}

fn contended() -> Error {
    Error::busy(
        "command-contended",
        "other commands were first each time; try again",
    )
}

fn may_see(command: &Command, ctx: &Context) -> bool {
    command.visibility == Visibility::Public || ctx.principal.is_ours()
}

fn check_key(key: Option<&str>) -> Result<&str> {
    let key = key.ok_or_else(|| {
        Refusal::malformed(
            "idempotency-key-missing",
            "send an Idempotency-Key header, made new for each intent",
        )
    })?;
    if key.is_empty()
        || key.len() > MAX_KEY_LENGTH
        || !key.bytes().all(|byte| byte.is_ascii_graphic())
    {
        let detail =
            format!("an Idempotency-Key is 1 to {MAX_KEY_LENGTH} visible ASCII characters");
        return Err(Refusal::malformed("idempotency-key-invalid", detail).into());
    }
    Ok(key)
}

fn replay(answered: &StoredAnswer, fingerprint: &[u8]) -> Result<Answer> {
    if answered.fingerprint != fingerprint {
        let detail = "this Idempotency-Key was used for another command or body; make a new one for each intent";
        return Err(Refusal::invalid("idempotency-key-reused", detail).into());
    }
    render(&answered.answer, Some(answered.position), Replay::Yes)
}

/// Full jitter: anything up to the limit, which doubles with each attempt.
async fn back_off(attempt: u32) {
    let limit = FIRST_BACKOFF * 2_u32.pow(attempt.min(MAX_ATTEMPTS));
    let mut random = [0_u8; 2];
    // Without randomness the wait is merely not spread.
    let share = getrandom::fill(&mut random)
        .map_or(1.0, |()| f64::from(u16::from_be_bytes(random)) / 65_536.0);
    tokio::time::sleep(limit.mul_f64(share)).await;
}
