//! The one way in for everything that changes anything. Order of checks: permission, idempotency, schema, decide; so an
//! old answer outlives new rules. Conflicts with other commands are tried again; a refusal frees the key.

use std::sync::Arc;
use std::time::Duration;

use cqrs_es::Aggregate;
use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};
use domain::tenants::Tenant;
use event_store::commit::{CommandRecord, Commit, Outcome, Violation};
use event_store::error::Error;
use event_store::load::{Load, StoredAnswer};
use event_store::store::Store;
use event_store::vault::TenantKeys;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::Mutex;

use crate::Result;
use crate::answer::{Answer, Replay, StoredBody, render};
use crate::canonical::canonical;
use crate::known_tenants::KnownTenants;
use crate::registry::{self, Command, Visibility};
use crate::work::{Context, Facts, Mode, Work};

/// How often a command is decided anew when others were first.
pub const MAX_ATTEMPTS: u32 = 6;
/// The longest wait before the second attempt; it doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(2);
/// The longest idempotency key, in visible ASCII characters.
pub const MAX_KEY_LENGTH: usize = 255;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    Real,
    /// Validated and decided, nothing written; neither reads nor stores the key.
    Dry,
}

/// Sends commands to their handlers and commits what they decide.
#[derive(Clone)]
pub struct Dispatcher {
    pub store: Store,
    tenants: Arc<KnownTenants>,
    stream_locks: Arc<Vec<Mutex<()>>>,
}

/// What came of one attempt.
enum Attempt {
    Done(Answer),
    /// Somebody was first; for another attempt, and with what to calm it down.
    Again {
        stream: String,
        violation: Violation,
    },
}

impl Dispatcher {
    pub fn new(store: Store) -> Self {
        let stream_locks = (0..STREAM_LOCKS).map(|_| Mutex::new(())).collect();
        Self {
            store,
            tenants: Arc::default(),
            stream_locks: Arc::new(stream_locks),
        }
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
                Refusal::not_found(
                    "command-unknown",
                    format!("there is no command {}", request.name),
                )
            })?;
        request.ctx.principal.require(command.permission)?;
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
                .attempt(command, request, (key, fingerprint), keys.clone())
                .await;
            let (stream, violation) = match outcome {
                Ok(Attempt::Done(answer)) => return Ok(answer),
                Ok(Attempt::Again { stream, violation }) => (stream, violation),
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
            if violation == Violation::Slug {
                return Err(Refusal::conflict("slug-taken", "another tenant has this slug").into());
            }
            if request.ctx.if_match.is_some() {
                let detail = "the aggregate has changed meanwhile: read it again";
                return Err(Refusal::new(Kind::Stale, "sequence-mismatch", detail).into());
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
            calmed.replace(self.lock_of(&stream).lock().await);
        }
        drop(calmed);
        Err(Error::busy(
            "command-contended",
            "other commands were first each time; try again",
        ))
    }

    /// The tenant's settings, up to date.
    pub async fn find_tenant(&self, tenant_id: &TenantId) -> Result<Arc<Tenant>> {
        let (tenant, sequence) = self.tenants.find(tenant_id);
        let streams = vec![(Tenant::TYPE, tenant_id.as_str().to_owned(), sequence)];
        let news = self
            .store
            .load(
                tenant_id,
                &Load {
                    streams,
                    ..Load::default()
                },
            )
            .await?
            .events;
        self.tenants.fold(tenant_id, tenant, &news)
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
            .load(request.ctx.tenant_id(), &wanted)
            .await?
            .answered
        {
            Some(answered) => replay(&answered, fingerprint),
            None => Err(refusal),
        }
    }

    async fn attempt(
        &self,
        command: &Command,
        request: &Request,
        (key, fingerprint): (&str, &[u8]),
        keys: Option<Arc<TenantKeys>>,
    ) -> Result<Attempt> {
        let answered = Some((request.ctx.principal.id.clone(), key.to_owned()));
        let mut work = self.begin(command, request, keys, answered).await?;
        if let Some(answered) = &work.answered {
            return Ok(Attempt::Done(replay(answered, fingerprint)?));
        }
        let result = (command.handle)(&mut work, &request.body).await?;
        let stored = serde_json::to_string(&body_of(&work, &result)?)?;
        let opening = work.opening.take();
        let stream = work
            .streams
            .first()
            .map(|stream| stream.aggregate_id.clone())
            .unwrap_or_default();
        // A new tenant has keys only now that it has been opened.
        let fingerprint = match fingerprint {
            [] => work
                .keys()?
                .fingerprint(command.name, &canonical(&request.body)),
            known => known.to_vec(),
        };
        let commit = commit_of(work, command, key, fingerprint, stored)?;
        let outcome = match &opening {
            Some(opening) => self.store.open_tenant(opening, &commit).await?,
            None => self
                .store
                .append(std::slice::from_ref(&commit))
                .await?
                .remove(0),
        };
        match outcome {
            Outcome::Committed { position } => Ok(Attempt::Done(render(
                &commit.command.answer,
                Some(position),
                Replay::No,
            )?)),
            Outcome::Conflict(violation) => Ok(Attempt::Again { stream, violation }),
        }
    }

    async fn dry_run(
        &self,
        command: &Command,
        request: &Request,
        keys: Option<Arc<TenantKeys>>,
    ) -> Result<Answer> {
        command.validate(&request.body)?;
        let mut work = self.begin(command, request, keys, None).await?;
        let result = (command.handle)(&mut work, &request.body).await?;
        render(
            &serde_json::to_string(&body_of(&work, &result)?)?,
            None,
            Replay::No,
        )
    }

    /// Loads, in one wait, the key's answer, the tenant's news, and what the command asked for.
    async fn begin(
        &self,
        command: &Command,
        request: &Request,
        keys: Option<Arc<TenantKeys>>,
        answered: Option<(String, String)>,
    ) -> Result<Work> {
        let tenant_id = request.ctx.tenant_id().clone();
        let (tenant, sequence) = self.tenants.find(&tenant_id);
        let facts = Facts {
            tenant_id: tenant_id.clone(),
            keys: keys.clone(),
            tenant: tenant.clone(),
        };
        let mut wanted = (command.wanted)(&facts, &request.body)?;
        wanted.answered = answered;
        let reads_tenant = wanted
            .streams
            .iter()
            .any(|(kind, id, _)| *kind == Tenant::TYPE && id == tenant_id.as_str());
        let mut work = Work::new(
            request.ctx.clone(),
            self.store.clone(),
            keys,
            tenant.clone(),
        );
        if reads_tenant {
            work.fetch(wanted).await?;
            work.tenant = Arc::new(work.load::<Tenant>(tenant_id.as_str()).await?.state);
            return Ok(work);
        }
        wanted
            .streams
            .push((Tenant::TYPE, tenant_id.as_str().to_owned(), sequence));
        work.fetch(wanted).await?;
        let news = work.take_events(Tenant::TYPE, tenant_id.as_str());
        work.tenant = self.tenants.fold(&tenant_id, tenant, &news)?;
        Ok(work)
    }

    fn lock_of(&self, stream: &str) -> &Mutex<()> {
        let hash = stream.bytes().fold(0_usize, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(usize::from(byte))
        });
        &self.stream_locks[hash % STREAM_LOCKS]
    }
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

fn body_of(work: &Work, result: &Value) -> Result<StoredBody> {
    let (aggregate_type, aggregate_id, sequence) = work
        .decided
        .clone()
        .ok_or_else(|| Error::internal("a command that nothing decided"))?;
    Ok(StoredBody {
        command_id: work.ctx.command_id.clone(),
        aggregate_type: aggregate_type.to_owned(),
        aggregate_id,
        sequence,
        events: work.summaries.clone(),
        result: RawValue::from_string(result.to_string())?,
    })
}

fn commit_of(
    mut work: Work,
    command: &Command,
    key: &str,
    fingerprint: Vec<u8>,
    answer: String,
) -> Result<Commit> {
    let source_address = match &work.ctx.source_address {
        Some(address) => Some(
            work.keys()?
                .seal_ingest(SOURCE_ADDRESS_PURPOSE, address.as_bytes())?,
        ),
        None => None,
    };
    // Two commands that take the same claims take them in the same order, so neither waits for the other in a circle.
    work.take.sort_unstable();
    let mut metadata = serde_json::Map::new();
    metadata.insert(
        "actor_kind".to_owned(),
        work.ctx.principal.kind.as_str().into(),
    );
    if let Some(model) = &work.ctx.principal.model {
        metadata.insert("model".to_owned(), model.clone().into());
    }
    if work.ctx.mode == Mode::Import {
        metadata.insert("imported".to_owned(), true.into());
    }
    Ok(Commit {
        tenant_id: work.ctx.tenant_id().clone(),
        command: CommandRecord {
            command_id: work.ctx.command_id,
            name: command.name.to_owned(),
            principal: work.ctx.principal.id,
            key: key.to_owned(),
            fingerprint,
            answer,
            position_floor: work.position_floor,
            correlation_id: work.ctx.correlation_id,
            causation_id: work.ctx.causation_id,
            occurred_at: work.ctx.now,
            source_address,
            metadata: Value::Object(metadata).to_string(),
        },
        streams: work.streams,
        take: work.take,
        release: work.release,
        handles: work.handles_added,
        drop_handles: work.handles_dropped,
        effects: work.effects,
        subject_keys: work.subject_keys,
    })
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
