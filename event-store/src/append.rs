//! The append: one statement, one wait, for one commit or for a batch of one tenant's, and nothing of it is written when a
//! stream has moved or a key has been used. The unique keys see to that: a commit that knows its streams from this life of
//! the server goes without a look, and meets the key of whoever was first. Then, or where nobody knows, the same statement
//! looks before it draws a position, and says who is to blame.

mod caution;
mod columns;
mod counted;
mod statements;

use std::sync::Arc;
use std::time::Instant;

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use self::caution::Caution;
use self::columns::{Columns, Line, Neighbours};
use self::counted::APPEND_COUNTED;
use self::statements::{
    APPEND, APPEND_EVENTS, APPEND_EVENTS_UNSEEN, APPEND_ONE, LOOK_AND_APPEND_ONE,
};
use crate::Result;
use crate::coalescer::{Flight, Traveller, touch};
use crate::commit::{Commit, NewEvent, Outcome, OwnedKey, StreamEvents, Violation};
use crate::era::Era;
use crate::error::Error;
use crate::pg::{JsonText, Pools};
use crate::recent::{Fresh, Recent};
use crate::wake::Wake;

/// How many batches of one tenant are written at once.
const MAX_FLYING: usize = 2;

/// Carries commits to the database.
pub(crate) struct Appends {
    pub pools: Pools,
    pub wake: Wake,
    pub recent: Arc<Recent>,
    pub caution: Caution,
}

impl Flight<Commit> for Appends {
    async fn fly(&self, tenant_id: &TenantId, batch: &[&Commit]) -> Vec<Result<Outcome>> {
        metrics::histogram!("rapport_commit_batch_size").record(size_of(batch));
        let started = Instant::now();
        let (outcomes, fresh, era) = self.append(batch).await;
        metrics::histogram!("rapport_commit_seconds").record(started.elapsed());
        let positions = self.recent.keep(tenant_id, fresh, era);
        self.wake.committed_here(positions);
        if outcomes.iter().any(Result::is_err) {
            // What was answered with an error may have been written all the same.
            self.wake.committed_unknown();
        }
        outcomes
    }
}

impl Traveller for Commit {
    type Answer = Outcome;

    const MAX_FLYING: usize = MAX_FLYING;

    /// Its key, the streams that it writes, the claims that it takes, the subjects that it makes keys for; and that it gives
    /// claims back, whose values nobody knows: two batches that each took what the other gave back would wait for each other.
    fn touches(&self) -> Vec<u64> {
        let mut touches = vec![touch(("key", &self.command.principal, &self.command.key))];
        touches.extend(
            self.written()
                .map(|stream| touch(("stream", &stream.aggregate_type, &stream.aggregate_id))),
        );
        let claims = self.take.iter();
        touches.extend(claims.map(|key| touch(("claim", &key.scope, &key.value))));
        if !self.release.is_empty() {
            touches.push(touch(("release", "", "")));
        }
        let subjects = self.subject_keys.iter();
        touches.extend(subjects.map(|key| touch(("subject", &key.subject_id, ""))));
        touches
    }

    /// What the other has used or moved on, this one would find so; what it has claimed, taken.
    fn overtaken_by(&self, other: &Self, outcome: &Outcome) -> Option<Outcome> {
        let Outcome::Committed { .. } = outcome else {
            return None;
        };
        let is_written = |stream: &StreamEvents| {
            other.written().any(|theirs| {
                (&theirs.aggregate_type, &theirs.aggregate_id)
                    == (&stream.aggregate_type, &stream.aggregate_id)
            })
        };
        let (mine, theirs) = (&self.command, &other.command);
        let is_answered = (&mine.principal, &mine.key) == (&theirs.principal, &theirs.key);
        if is_answered || self.written().any(is_written) {
            return Some(Outcome::Conflict(Violation::Stale));
        }
        let is_taken = |key: &OwnedKey| {
            let mut theirs = other.take.iter();
            theirs.any(|taken| (&taken.scope, &taken.value) == (&key.scope, &key.value))
        };
        let is_claimed = self.take.iter().any(is_taken);
        is_claimed.then_some(Outcome::Conflict(Violation::Claim))
    }
}

#[allow(clippy::cast_precision_loss)]
fn size_of(batch: &[&Commit]) -> f64 {
    batch.len() as f64
}

impl Appends {
    /// Writes a batch, each commit all or nothing by itself; answers the outcome of each, what was written, and in which era.
    /// All are of one tenant, and no two may write the same stream, key, claim or subject: whoever gathers the batch sees to
    /// that.
    async fn append(&self, batch: &[&Commit]) -> (Vec<Result<Outcome>>, Fresh, Option<Era>) {
        let mut fresh = self.recent.fresh();
        let client = match self.pools.request.get().await {
            Ok(client) => client,
            Err(error) => return (all_failed(batch, &error.into()), fresh, None),
        };
        // Asked for now that there is a connection: a new one tells of another server before it is used.
        let era = self.pools.era();
        let outcomes = match self.append_unseen(&client, batch, era, &mut fresh).await {
            Some(outcomes) => outcomes,
            None => append_batch(&client, batch, &mut fresh).await,
        };
        (outcomes, fresh, era)
    }

    /// Writes all of it without a look, where what it rests on is known well enough; `None` when that did not go well, with
    /// nothing written.
    async fn append_unseen(
        &self,
        client: &impl GenericClient,
        batch: &[&Commit],
        era: Option<Era>,
        fresh: &mut Fresh,
    ) -> Option<Vec<Result<Outcome>>> {
        let is_known = |commit: &&Commit| commit.read_in.is_some() && commit.read_in == era;
        if !batch.iter().all(is_known) || self.caution.looks_first() {
            return None;
        }
        match write(client, batch, Look::AtOthers, fresh).await {
            Ok(Written::All(positions)) => Some(
                positions
                    .into_iter()
                    .map(|position| Ok(Outcome::Committed { position }))
                    .collect(),
            ),
            Ok(Written::Violated(_)) => {
                self.caution.met_somebody();
                None
            }
            // It may have been written: only a load can tell.
            Err(error @ Error::Busy { .. }) => Some(all_failed(batch, &error)),
            Ok(Written::Stale(_)) | Err(_) => None,
        }
    }
}

fn all_failed(batch: &[&Commit], error: &Error) -> Vec<Result<Outcome>> {
    batch.iter().map(|_| Err(error.share())).collect()
}

/// What is looked at before anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// Every stream and every key.
    AtAll,
    /// The streams that were only read: no unique key speaks for them.
    AtOthers,
}

/// One commit within a transaction of the caller's; on a conflict the caller must roll it back.
pub(crate) async fn append_in(
    client: &impl GenericClient,
    commit: &Commit,
    fresh: &mut Fresh,
) -> Result<Outcome> {
    match write(client, &[commit], Look::AtAll, fresh).await? {
        Written::All(positions) => positions
            .first()
            .map(|position| Outcome::Committed {
                position: *position,
            })
            .ok_or_else(|| Error::internal("a commit without a position")),
        Written::Stale(_) => Ok(Outcome::Conflict(Violation::Stale)),
        Written::Violated(violation) => Ok(Outcome::Conflict(violation)),
    }
}

async fn append_batch(
    client: &impl GenericClient,
    batch: &[&Commit],
    fresh: &mut Fresh,
) -> Vec<Result<Outcome>> {
    let mut outcomes: Vec<Option<Result<Outcome>>> = batch.iter().map(|_| None).collect();
    let mut left: Vec<usize> = (0..batch.len()).collect();
    while left.len() > 1 {
        let members: Vec<&Commit> = left.iter().map(|member| batch[*member]).collect();
        match write(client, &members, Look::AtAll, fresh).await {
            Ok(Written::All(positions)) => {
                for (member, position) in left.drain(..).zip(positions) {
                    outcomes[member] = Some(Ok(Outcome::Committed { position }));
                }
            }
            Ok(Written::Stale(stale)) => {
                for member in &stale {
                    outcomes[left[*member]] = Some(Ok(Outcome::Conflict(Violation::Stale)));
                }
                left.retain(|member| outcomes[*member].is_none());
            }
            Err(error @ Error::Busy { .. }) => {
                for member in left.drain(..) {
                    outcomes[member] = Some(Err(error.share()));
                }
            }
            // One of them is to blame; alone, each gets what is its own.
            Ok(Written::Violated(_)) | Err(_) => break,
        }
    }
    for member in left {
        outcomes[member] = Some(append_in(client, batch[member], fresh).await);
    }
    let unwritten = || Err(Error::internal("a commit without an outcome"));
    outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or_else(unwritten))
        .collect()
}

impl Fresh {
    /// An event at this position, or the record of a commit without one, whose position is an older event's.
    fn push(&mut self, position: i64, recorded_at: OffsetDateTime, line: Option<&Line<'_>>) {
        self.positions.push(position);
        if let Some(form) = line.and_then(|line| line.form(position, recorded_at)) {
            self.add(&form);
        }
    }
}

/// What became of one statement.
enum Written {
    /// The position of each member.
    All(Vec<i64>),
    /// Nothing was written, because of these members.
    Stale(Vec<usize>),
    /// Nothing was written, because of one of them.
    Violated(Violation),
}

/// One statement for these; adds what it has written to what is fresh.
async fn write(
    client: &impl GenericClient,
    members: &[&Commit],
    look: Look,
    fresh: &mut Fresh,
) -> Result<Written> {
    let sent = match members {
        [commit] if let Some(event) = only_event(commit) => {
            append_event(client, commit, event, look).await
        }
        members => append_all(client, members, look).await,
    };
    let (rows, lines) = match sent {
        Ok(answered) => answered,
        Err(error) => {
            return match violation(&error) {
                Some(violation) => Ok(Written::Violated(violation)),
                None => Err(error.into()),
            };
        }
    };
    let mut positions = vec![None; members.len()];
    let mut stale = Vec::new();
    for row in &rows {
        let position: Option<i64> = row.get(1);
        if let Some(position) = position {
            let place = usize::try_from(row.get::<_, i64>(3) - 1);
            let line = place.ok().and_then(|place| lines.get(place));
            fresh.push(position, row.get(2), line);
        }
        // An event that is not the last of its commit has no member.
        let Some(member) = row.get::<_, Option<i64>>(0) else {
            continue;
        };
        let member = usize::try_from(member - 1).unwrap_or(usize::MAX);
        match position {
            Some(position) if member < members.len() => positions[member] = Some(position),
            _ => stale.push(member),
        }
    }
    stale.retain(|member| *member < members.len());
    match positions.into_iter().collect::<Option<Vec<i64>>>() {
        Some(positions) => Ok(Written::All(positions)),
        // The statement for one event tells by its silence.
        None if stale.is_empty() => Ok(Written::Stale((0..members.len()).collect())),
        None => Ok(Written::Stale(stale)),
    }
}

/// The commit's one event, when there is nothing beside it but the answer.
fn only_event(commit: &Commit) -> Option<(&StreamEvents, &NewEvent)> {
    let [stream] = commit.streams.as_slice() else {
        return None;
    };
    let [event] = stream.events.as_slice() else {
        return None;
    };
    commit.is_plain().then_some((stream, event))
}

/// The rows that a statement has answered with, and what was sent.
type Sent<'a> = std::result::Result<(Vec<Row>, Vec<Line<'a>>), tokio_postgres::Error>;

async fn append_event<'a>(
    client: &impl GenericClient,
    commit: &'a Commit,
    (stream, event): (&'a StreamEvents, &'a NewEvent),
    look: Look,
) -> Sent<'a> {
    let command = &commit.command;
    let parameters: [&(dyn ToSql + Sync); 18] = [
        &commit.tenant_id.as_str(),
        &command.principal,
        &command.key,
        &command.fingerprint,
        &command.name,
        &command.command_id,
        &stream.aggregate_type,
        &stream.aggregate_id,
        &stream.expected,
        &event.event_type,
        &event.event_version,
        &JsonText(&event.payload),
        &JsonText(&command.metadata),
        &command.occurred_at,
        &command.correlation_id,
        &command.causation_id,
        &JsonText(&command.answer),
        &command.source_address,
    ];
    let sql = match look {
        Look::AtAll => LOOK_AND_APPEND_ONE,
        Look::AtOthers => APPEND_ONE,
    };
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &parameters).await?;
    let line = Line {
        tenant_id: &commit.tenant_id,
        command,
        event: Some((stream, event, stream.expected + 1)),
        member: Some(1),
    };
    Ok((rows, vec![line]))
}

async fn append_all<'a>(
    client: &impl GenericClient,
    members: &[&'a Commit],
    look: Look,
) -> Sent<'a> {
    let neighbours = Neighbours::of(members);
    if look == Look::AtOthers
        && let Some(columns) = Columns::unseen(members, neighbours)
    {
        let statement = client.prepare_cached(APPEND_EVENTS_UNSEEN).await?;
        let rows = client.query(&statement, &columns.parameters()).await?;
        return Ok((rows, columns.into_rows()));
    }
    let sql = match neighbours {
        Neighbours::None => APPEND_EVENTS,
        Neighbours::Uncounted => APPEND,
        Neighbours::Counted => APPEND_COUNTED,
    };
    let statement = client.prepare_cached(sql).await?;
    let columns = Columns::of(members, neighbours, look);
    let rows = client.query(&statement, &columns.parameters()).await?;
    Ok((rows, columns.into_rows()))
}

/// The constraints that concurrent commands can break, each by its name.
pub(crate) fn violation(error: &tokio_postgres::Error) -> Option<Violation> {
    let database = error.as_db_error()?;
    if *database.code() == SqlState::T_R_DEADLOCK_DETECTED {
        return Some(Violation::Deadlock);
    }
    if *database.code() == SqlState::CHECK_VIOLATION
        && database.constraint() == Some("agent_usage_within_budget")
    {
        return Some(Violation::Budget);
    }
    if *database.code() != SqlState::UNIQUE_VIOLATION {
        return None;
    }
    match database.constraint()? {
        "events_pkey" => Some(Violation::Stale),
        "events_position_key" => Some(Violation::Position),
        "commands_pkey" => Some(Violation::Key),
        "claims_pkey" => Some(Violation::Claim),
        "subject_keys_pkey" => Some(Violation::SubjectKey),
        "tenants_slug_key" | "tenants_pkey" => Some(Violation::Slug),
        _ => None,
    }
}
