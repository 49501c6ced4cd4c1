//! Projections: how they stand; stopping one and letting it go on, saying what it does with events that fail, and sending
//! it back. Each change and its record are one transaction.

use deadpool_postgres::Transaction;
use domain::refusal::Refusal;
use event_store::parking::Policy;
use event_store::steering::{self, Condition};
use event_store::store::Store;
use event_store::{Result, checkpoints};
use identity::acts;
use projectors::{Projection, Replay};
use serde::Serialize;
use serde_json::{Value, json};

use super::acts::Deed;
use super::{By, Changed, Intent};

/// A projection that was sent back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rewound {
    pub projection: String,
    pub from: i64,
    pub to: i64,
    pub changed: bool,
}

/// The projection of this name; refused with 404 `projection-not-found`, naming those there are.
pub fn find(store: &Store, name: &str) -> Result<Projection> {
    let all = projectors::all(store);
    let names: Vec<&str> = all.iter().map(Projection::name).collect();
    let detail = format!(
        "there is no projection {name}; there are {}",
        names.join(", ")
    );
    let found = all.into_iter().find(|projection| projection.name() == name);
    found.ok_or_else(|| Refusal::not_found("projection-not-found", detail).into())
}

/// Every projection that has ever run, and its condition.
pub async fn conditions(store: &Store) -> Result<Vec<Condition>> {
    steering::list(&store.pools.engine.get().await?).await
}

/// The condition of one; `None` for one that has never run.
pub async fn find_condition(store: &Store, name: &str) -> Result<Option<Condition>> {
    let all = conditions(store).await?;
    Ok(all.into_iter().find(|one| one.subscriber == name))
}

/// All that is known of each, those that have never run last.
pub async fn list(store: &Store) -> Result<Vec<Value>> {
    let conditions = conditions(store).await?;
    let mut documents = conditions
        .iter()
        .map(document)
        .collect::<Result<Vec<_>>>()?;
    for projection in projectors::all(store) {
        let name = projection.name();
        if !conditions.iter().any(|one| one.subscriber == name) {
            documents.push(never_run(name));
        }
    }
    Ok(documents)
}

/// All that is known of one, and the tables it fills.
pub async fn show(store: &Store, name: &str) -> Result<Value> {
    let projection = find(store, name)?;
    let mut document = match find_condition(store, name).await? {
        Some(condition) => document(&condition)?,
        None => never_run(name),
    };
    document["tables"] = json!(projection.tables);
    document["aggregate_types"] = json!(projection.subscriber.aggregate_types());
    document["can_be_rewound"] = json!(projection.replay == Replay::Harmless);
    Ok(document)
}

fn never_run(name: &str) -> Value {
    json!({ "subscriber": name, "health": "never_run" })
}

fn document(condition: &Condition) -> Result<Value> {
    let mut document = serde_json::to_value(condition)?;
    document["health"] = serde_json::to_value(condition.health())?;
    Ok(document)
}

/// Stops a projection until it is resumed.
pub async fn pause(store: &Store, name: &str, intent: Intent, by: By<'_>) -> Result<Changed> {
    let name = find(store, name)?.name();
    let changed = match intent {
        Intent::Say => !is_paused(store, name).await?,
        Intent::Act => {
            let mut client = store.pools.engine.get().await?;
            let tx = client.transaction().await?;
            let changed = steering::pause(&tx, name, by.reason.unwrap_or_default()).await?;
            let deed = deed("pause-projection", name, &Value::Null);
            finish(store, tx, changed.then_some(deed), by).await?;
            changed
        }
    };
    Ok(Changed {
        projection: name.to_owned(),
        changed,
    })
}

/// Lets a paused projection go on from where it stands.
pub async fn resume(store: &Store, name: &str, intent: Intent, by: By<'_>) -> Result<Changed> {
    let name = find(store, name)?.name();
    let changed = match intent {
        Intent::Say => is_paused(store, name).await?,
        Intent::Act => {
            let mut client = store.pools.engine.get().await?;
            let tx = client.transaction().await?;
            let changed = steering::resume(&tx, name).await?;
            let deed = deed("resume-projection", name, &Value::Null);
            finish(store, tx, changed.then_some(deed), by).await?;
            changed
        }
    };
    Ok(Changed {
        projection: name.to_owned(),
        changed,
    })
}

/// Says what a projection does with events that fail.
pub async fn set_policy(
    store: &Store,
    (name, policy): (&str, Policy),
    intent: Intent,
    by: By<'_>,
) -> Result<Changed> {
    let name = find(store, name)?.name();
    let changed = match intent {
        Intent::Say => {
            let found = find_condition(store, name).await?;
            found.map_or(Policy::default() != policy, |condition| {
                condition.policy != policy.as_str()
            })
        }
        Intent::Act => {
            let mut client = store.pools.engine.get().await?;
            let tx = client.transaction().await?;
            let changed = steering::set_policy(&tx, name, policy).await?;
            let details = json!({ "policy": policy.as_str() });
            let deed = deed("set-projection-policy", name, &details);
            finish(store, tx, changed.then_some(deed), by).await?;
            changed
        }
    };
    Ok(Changed {
        projection: name.to_owned(),
        changed,
    })
}

/// Sends a projection back, to read the log again after a position. Refused with 409 `projection-counts` for one of sums,
/// `position-invalid` unless it has passed the position.
pub async fn rewind(
    store: &Store,
    (name, to): (&str, i64),
    intent: Intent,
    by: By<'_>,
) -> Result<Rewound> {
    let projection = find(store, name)?;
    let name = projection.name();
    if projection.replay != Replay::Harmless {
        let detail = format!(
            "{name} holds sums and would count twice; use `rapport projections rebuild {name}`"
        );
        return Err(Refusal::conflict("projection-counts", detail).into());
    }
    let mut client = store.pools.engine.get().await?;
    let from = checkpoints::position(&client, &[name]).await?;
    if to < 0 || to >= from {
        let detail = format!("{name} stands at {from}; name a position before that");
        return Err(Refusal::conflict("position-invalid", detail).into());
    }
    if intent == Intent::Act {
        let tx = client.transaction().await?;
        steering::rewind(&tx, name, to).await?;
        let details = json!({ "from": from, "to": to });
        finish(
            store,
            tx,
            Some(deed("rewind-projection", name, &details)),
            by,
        )
        .await?;
    }
    Ok(Rewound {
        projection: name.to_owned(),
        from,
        to,
        changed: true,
    })
}

fn deed<'a>(action: &'static str, subject: &'a str, details: &'a Value) -> Deed<'a> {
    Deed {
        action,
        subject,
        details,
    }
}

/// Writes the deed down, if there was one, and commits.
async fn finish(
    store: &Store,
    tx: Transaction<'_>,
    deed: Option<Deed<'_>>,
    by: By<'_>,
) -> Result<()> {
    if let Some(deed) = deed {
        acts::record(&tx, deed.by(&acts::installation(), by)).await?;
    }
    tx.commit().await?;
    store.wake.committed_unknown();
    Ok(())
}

async fn is_paused(store: &Store, name: &str) -> Result<bool> {
    let found = find_condition(store, name).await?;
    Ok(found.is_some_and(|condition| condition.paused_at.is_some()))
}
