//! Speed that is bought with correctness is worth nothing, so after the load the log is asked whether it is whole.

use event_store::store::Store;
use serde::Serialize;

use crate::Result;
use crate::rounds::Round;

const COUNT_HOLES: &str = "
    select count(*) from (
        select from events group by tenant_id, aggregate_type, aggregate_id
        having min(sequence) <> 1 or max(sequence) <> count(*)) as broken";
const COUNT_COMMANDS: &str = "select count(*) from commands where principal = $1 and name = $2";
/// Commands that have not exactly one event, whose position is the answer's.
const COUNT_UNEVEN: &str = "
    select count(*) from (
        select c.command_id from commands c
        left join events e on e.tenant_id = c.tenant_id and e.command_id = c.command_id
        where c.principal = $1 and c.name = $2
        group by c.command_id
        having count(e.position) <> 1 or min(e.position) <> min(c.position)) as uneven";
const COUNT_MESSAGES: &str = "
    select count(*) from outbox_messages m join outbox_work w using (tenant_id, message_id) where m.target = $1";

/// One promise, and whether it was kept.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    pub name: String,
    pub expected: i64,
    pub found: i64,
}

impl Check {
    pub fn holds(&self) -> bool {
        self.expected == self.found
    }
}

/// No stream has a hole.
pub async fn check_streams(store: &Store) -> Result<Check> {
    let client = store.pools.engine.get().await?;
    Ok(Check {
        name: "streams with a hole in their sequence".to_owned(),
        expected: 0,
        found: client.query_one(COUNT_HOLES, &[]).await?.get(0),
    })
}

/// Every acknowledged command of this principal and name has one answer and one event.
pub async fn check_commands(
    store: &Store,
    (principal, name): (&str, &str),
    acknowledged: u64,
) -> Result<[Check; 2]> {
    let client = store.pools.engine.get().await?;
    Ok([
        Check {
            name: format!("answers stored for acknowledged commands ({principal}, {name})"),
            expected: i64::try_from(acknowledged)?,
            found: client
                .query_one(COUNT_COMMANDS, &[&principal, &name])
                .await?
                .get(0),
        },
        Check {
            name: format!("commands without exactly one event ({principal}, {name})"),
            expected: 0,
            found: client
                .query_one(COUNT_UNEVEN, &[&principal, &name])
                .await?
                .get(0),
        },
    ])
}

/// Every message that was to be sent lies in the outbox, with its work.
pub async fn check_messages(store: &Store, target: &str, acknowledged: u64) -> Result<Check> {
    let client = store.pools.engine.get().await?;
    Ok(Check {
        name: format!("messages in the outbox for acknowledged commits ({target})"),
        expected: i64::try_from(acknowledged)?,
        found: client.query_one(COUNT_MESSAGES, &[&target]).await?.get(0),
    })
}

/// Nobody lost a message on the way to the sink, or brought it twice.
pub fn check_deliveries(rounds: &[Round]) -> Result<[Check; 2]> {
    let runs = || rounds.iter().flat_map(|round| round.deliveries.values());
    Ok([
        Check {
            name: "messages that never came to the sink".to_owned(),
            expected: 0,
            found: i64::try_from(runs().map(|run| run.lost).sum::<u64>())?,
        },
        Check {
            name: "messages that came to the sink more than once".to_owned(),
            expected: 0,
            found: i64::try_from(runs().map(|run| run.repeated).sum::<u64>())?,
        },
    ])
}
