//! Carries out replays: steps through the log of one tenant at the pace that was ordered. Where a replay stands is
//! written with what it has queued, so a restart neither repeats nor misses anything.

use std::time::Duration;

use deadpool_postgres::{GenericClient, Pool};
use domain::evolution;
use domain::webhook_endpoints::rules::is_told;
use domain::webhook_endpoints::{EndpointStanding, WebhookEndpoint};
use event_store::recorded::{Payload, Recorded};
use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_util::sync::CancellationToken;

use super::queueing::Queueing;
use crate::Result;
use crate::sweeps::KEPT_DAYS;

/// How often due replays are looked for.
const POLL: Duration = Duration::from_millis(500);
/// Events that one step queues at most.
const MAX_STEP: i64 = 500;
/// Positions that one step looks at, whoever's events they are.
const WINDOW: i64 = 50_000;
/// How far recording times may be out of the order of positions: no transaction lasts longer.
const SLACK: time::Duration = time::Duration::minutes(10);
/// How often old attempts are looked for: every so many polls.
const PURGE_EVERY: u32 = 120;
/// Rows that one round forgets of each table.
const MAX_PURGED: i64 = 5_000;

const TAKE_DUE: &str = "
    select r.tenant_id, r.replay_id, r.endpoint_id, r.recorded_from, r.recorded_until, r.messages_per_second,
        r.cursor_position, r.until_position, s.state
    from webhook_replays r
    left join webhook_filters s on s.tenant_id = r.tenant_id and s.endpoint_id = r.endpoint_id
    where r.finished_at is null and r.next_at <= clock_timestamp()
    order by r.next_at limit 1
    for update of r skip locked";

const FIND_TIME: &str = "
    select position, recorded_at from events where position >= $1 and position <= $2 order by position limit 1";

const READ_STRETCH: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events
    where tenant_id = $1 and position > $2 and position <= $3 and recorded_at >= $4 and recorded_at < $5
        and event_type = any ($6) and aggregate_type = any ($7)
    order by position limit $8";

const MOVE_ON: &str = "
    update webhook_replays
    set cursor_position = $3, queued = queued + $4,
        next_at = clock_timestamp() + $4::bigint * interval '1 second' / messages_per_second,
        finished_at = case when $5::boolean then clock_timestamp() end
    where tenant_id = $1 and replay_id = $2";

const END: &str = "
    update webhook_replays set finished_at = clock_timestamp(), ended_by = $3 where tenant_id = $1 and replay_id = $2";

const PURGE_DELIVERIES: &str = "
    delete from webhook_deliveries where ctid = any (array(
        select ctid from webhook_deliveries
        where attempted_at < now() - $1::integer * interval '1 day' limit $2))";

const PURGE_REPLAYS: &str = "
    delete from webhook_replays where ctid = any (array(
        select ctid from webhook_replays
        where finished_at < now() - $1::integer * interval '1 day' limit $2))";

/// Carries out replays until told to stop, and forgets old attempts.
pub async fn run(pool: Pool, stop: CancellationToken) {
    for number in 1_u32.. {
        let mut has_more = true;
        while has_more && !stop.is_cancelled() {
            has_more = step(&pool).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "a replay of webhooks could not go on");
                false
            });
        }
        if number % PURGE_EVERY == 0
            && let Err(error) = purge(&pool, KEPT_DAYS).await
        {
            tracing::warn!(%error, "old attempts at webhooks could not be forgotten");
        }
        if stop
            .run_until_cancelled(tokio::time::sleep(POLL))
            .await
            .is_none()
        {
            return;
        }
    }
}

/// Carries on with the replay that is due, if there is one; answers whether there was.
pub async fn step(pool: &Pool) -> Result<bool> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let Some(row) = tx.query_opt(TAKE_DUE, &[]).await? else {
        return Ok(false);
    };
    let replay = Replay::of(&row)?;
    let endpoint = replay.endpoint.as_ref();
    let Some(endpoint) = endpoint.filter(|one| one.standing == EndpointStanding::Enabled) else {
        let place = (&replay.tenant_id, &replay.replay_id);
        tx.execute(END, &[place.0, place.1, &"the endpoint is not enabled"])
            .await?;
        tx.commit().await?;
        return Ok(true);
    };
    let cursor = match replay.cursor {
        Some(cursor) => cursor,
        None => first_position(&tx, replay.from - SLACK, replay.until_position).await? - 1,
    };
    let end = replay.until_position.min(cursor.saturating_add(WINDOW));
    let events = replay.read(&tx, endpoint, (cursor, end)).await?;
    let is_full = i64::try_from(events.len()).unwrap_or(MAX_STEP) >= replay.limit();
    let reached = match events.last() {
        Some(last) if is_full => last.position,
        _ => end,
    };
    let mut queueing = Queueing::default();
    for event in &events {
        queueing.add(event, &replay.endpoint_id, Some(&replay.replay_id))?;
    }
    let queued = i64::try_from(queueing.write(&tx).await?).unwrap_or(i64::MAX);
    let is_done = reached >= replay.until_position || replay.is_past(&tx, reached).await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] = [
        &replay.tenant_id,
        &replay.replay_id,
        &reached,
        &queued,
        &is_done,
    ];
    tx.execute(MOVE_ON, &parameters).await?;
    tx.commit().await?;
    Ok(true)
}

/// Forgets, within limits, what is older than that; answers how many rows.
pub async fn purge(pool: &Pool, kept_days: i32) -> Result<u64> {
    let client = pool.get().await?;
    let mut forgotten = 0;
    for sql in [PURGE_DELIVERIES, PURGE_REPLAYS] {
        forgotten += client.execute(sql, &[&kept_days, &MAX_PURGED]).await?;
    }
    Ok(forgotten)
}

struct Replay {
    tenant_id: String,
    replay_id: String,
    endpoint_id: String,
    from: OffsetDateTime,
    until: OffsetDateTime,
    per_second: i32,
    cursor: Option<i64>,
    until_position: i64,
    endpoint: Option<WebhookEndpoint>,
}

impl Replay {
    fn of(row: &Row) -> Result<Self> {
        let state: Option<Payload> = row.try_get("state")?;
        let endpoint = state.map(|state| serde_json::from_str(&state.0));
        Ok(Self {
            tenant_id: row.try_get("tenant_id")?,
            replay_id: row.try_get("replay_id")?,
            endpoint_id: row.try_get("endpoint_id")?,
            from: row.try_get("recorded_from")?,
            until: row.try_get("recorded_until")?,
            per_second: row.try_get("messages_per_second")?,
            cursor: row.try_get("cursor_position")?,
            until_position: row.try_get("until_position")?,
            endpoint: endpoint.transpose()?,
        })
    }

    /// One step queues what one second may.
    fn limit(&self) -> i64 {
        i64::from(self.per_second).clamp(1, MAX_STEP)
    }

    /// What the endpoint wants of a stretch of the log.
    async fn read(
        &self,
        client: &impl GenericClient,
        endpoint: &WebhookEndpoint,
        (after, until): (i64, i64),
    ) -> Result<Vec<Recorded>> {
        let known = evolution::known_events();
        let told = known.iter().filter(|(kind, _)| is_told(kind));
        let kinds: Vec<&str> = told.clone().map(|(kind, _)| *kind).collect();
        let names = told.flat_map(|(_, names)| names.iter().copied());
        let names: Vec<&str> = names.filter(|name| endpoint.wants(name)).collect();
        let limit = self.limit();
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 8] = [
            &self.tenant_id,
            &after,
            &until,
            &self.from,
            &self.until,
            &names,
            &kinds,
            &limit,
        ];
        let rows = client.query(READ_STRETCH, &parameters).await?;
        Ok(rows.iter().map(Recorded::from_row).collect())
    }

    /// Whether everything behind this position was written down too late.
    async fn is_past(&self, client: &impl GenericClient, reached: i64) -> Result<bool> {
        let range: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
            [&(reached + 1), &self.until_position];
        let next = client.query_opt(FIND_TIME, &range).await?;
        let Some(next) = next else { return Ok(true) };
        let recorded_at: OffsetDateTime = next.try_get("recorded_at")?;
        Ok(recorded_at > self.until + SLACK)
    }
}

/// The first position whose event was written down at or after this time, found by halving: the log has no index by
/// time.
async fn first_position(
    client: &impl GenericClient,
    at: OffsetDateTime,
    newest: i64,
) -> Result<i64> {
    let (mut low, mut high) = (0_i64, newest);
    while low < high {
        let middle = low + (high - low) / 2;
        let row = client.query_opt(FIND_TIME, &[&middle, &newest]).await?;
        let found = row.map(|row| {
            let position: i64 = row.try_get("position")?;
            let recorded_at: OffsetDateTime = row.try_get("recorded_at")?;
            Result::Ok((position, recorded_at))
        });
        match found.transpose()? {
            Some((position, recorded_at)) if recorded_at < at => low = position + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}
