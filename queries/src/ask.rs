//! The one way in for reads: permission, parameters, freshness and the snapshot are dealt with here and nowhere else.

use std::collections::BTreeSet;
use std::time::Duration;

use deadpool_postgres::Transaction;
use domain::refusal::Refusal;
use event_store::error::Error;
use event_store::pg::begin_read;
use event_store::read_audit::AuditedRead;
use event_store::store::Store;
use event_store::{Result, checkpoints, readings};
use identity::permissions::Permission;
use identity::principals::{Principal, PrincipalKind};
use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::params;
use crate::past::{self, AsOf};
use crate::registry::{self, Entry};
use crate::untrusted::{self, Grant};

/// How long a reader waits for its own write to be seen.
pub const READ_AFTER_LIMIT: Duration = Duration::from_secs(2);

/// The query that shows a thread as such.
const GRANTING: &str = "thread";

/// What a query's function is given: who asks, and one snapshot to read from.
pub struct Ctx<'a> {
    pub store: &'a Store,
    pub principal: &'a Principal,
    /// Read-only and of the principal's tenant.
    pub tx: Transaction<'a>,
    /// One moment for the whole query.
    pub now: OffsetDateTime,
}

impl Ctx<'_> {
    /// The tenant, as SQL takes it.
    pub fn tenant(&self) -> &str {
        self.principal.tenant_id.as_str()
    }

    /// Whether e-mails, phones, addresses and notes may be shown.
    pub fn sees_personal_data(&self) -> bool {
        self.principal.may(Permission::PersonalDataRead)
    }
}

/// What a query found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    List {
        items: Vec<Value>,
        next_cursor: Option<String>,
    },
    One(Value),
}

impl Found {
    /// A whole list, which has no next page.
    pub fn all<T: Serialize>(rows: &[T]) -> Result<Self> {
        Self::page(rows, None)
    }

    pub fn page<T: Serialize>(rows: &[T], next_cursor: Option<String>) -> Result<Self> {
        let items = rows
            .iter()
            .map(serde_json::to_value)
            .collect::<serde_json::Result<_>>()?;
        Ok(Self::List { items, next_cursor })
    }

    pub fn one<T: Serialize>(row: &T) -> Result<Self> {
        Ok(Self::One(serde_json::to_value(row)?))
    }
}

/// What was found, and up to which position of the log it is true. On the wire `{"items", "next_cursor", "as_of"}` or
/// `{"item", "as_of"}`, with the position as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub found: Found,
    pub as_of: i64,
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut answer = serializer.serialize_struct("Answer", 3)?;
        match &self.found {
            Found::List { items, next_cursor } => {
                answer.serialize_field("items", items)?;
                answer.serialize_field("next_cursor", next_cursor)?;
            }
            Found::One(item) => {
                answer.serialize_field("item", item)?;
                answer.skip_field("next_cursor")?;
            }
        }
        answer.serialize_field("as_of", &self.as_of.to_string())?;
        answer.end()
    }
}

/// Asks a query by name. `params` are typed (`{"limit": 10}`) or as a URL has them (`{"limit": "10"}`).
///
/// Refused with 404 `query-not-found`, 403 `permission-missing`, 400 `parameters-invalid` (all that is wrong at once; lists do not look back) or
/// `cursor-invalid`, 404 for a single thing that is not there; busy with `projection-behind` when `read_after` is not
/// seen within `READ_AFTER_LIMIT`.
pub async fn ask(
    store: &Store,
    principal: &Principal,
    name: &str,
    params: Map<String, Value>,
    read_after: Option<i64>,
) -> Result<Answer> {
    let query = registry::find(name).ok_or_else(|| {
        Refusal::not_found("query-not-found", format!("there is no query {name:?}"))
    })?;
    principal.require(query.entry.permission)?;
    let params = params::check(query, params)?;
    if let Some(position) = read_after {
        let seen = store
            .wait_for(query.entry.projections, position, READ_AFTER_LIMIT)
            .await?;
        if !seen {
            let detail = "what you have just written cannot be read yet; try again in a moment";
            return Err(Error::busy("projection-behind", detail));
        }
    }
    let mut client = store.pools.query.get().await?;
    let tx = begin_read(&mut client, principal.tenant_id.as_str()).await?;
    // Read in the same snapshot as the rows, so that the two cannot disagree.
    let as_of = checkpoints::position(&tx, query.entry.projections).await?;
    let ctx = Ctx {
        store,
        principal,
        tx,
        now: OffsetDateTime::now_utc(),
    };
    let looked_back = look_back(&params, as_of)?;
    let asked = params.clone();
    let recorded = record(&ctx, query.entry, &asked);
    // Nobody is told anything before it is on record that they asked.
    let (found, recorded) = tokio::join!((query.entry.run)(&ctx, params), recorded);
    recorded?;
    let found = found?;
    ctx.tx.commit().await?;
    if principal.kind == PrincipalKind::Agent {
        note_readings(store, principal, query.entry, &found).await?;
    }
    Ok(Answer {
        found,
        as_of: looked_back.unwrap_or(as_of),
    })
}

/// Writes down who asks for what is sensitive; whose data it is, the parameter that names one tells.
async fn record(ctx: &Ctx<'_>, entry: &Entry, params: &Value) -> Result<()> {
    if !entry.permission.is_audited() {
        return Ok(());
    }
    let named = params["id"].as_str().or(params["customer_id"].as_str());
    let read = AuditedRead {
        principal: ctx.principal.id.clone(),
        query: entry.name.to_owned(),
        subject: named.map(str::to_owned),
    };
    ctx.store.record_read(&ctx.principal.tenant_id, read).await
}

/// Notes whose words an agent is about to be shown, before it is: the audit of reads that approvals rest on.
async fn note_readings(
    store: &Store,
    principal: &Principal,
    entry: &Entry,
    found: &Found,
) -> Result<()> {
    let grant = match entry.name {
        GRANTING => Grant::Threads,
        _ => Grant::Nothing,
    };
    let shown = match found {
        Found::List { items, .. } => items
            .iter()
            .flat_map(|item| untrusted::readings(item, grant))
            .collect(),
        Found::One(item) => untrusted::readings(item, grant),
    };
    if shown.is_empty() {
        return Ok(());
    }
    let distinct: BTreeSet<_> = shown.into_iter().collect();
    let shown: Vec<_> = distinct.into_iter().collect();
    readings::note(
        &store.pools.engine,
        &principal.tenant_id,
        &principal.reader(),
        &shown,
    )
    .await
}

/// The position that the caller looks back to, where it names one; a time is answered for by what is known now. What
/// cannot be read yet is not the past.
fn look_back(params: &Value, as_of: i64) -> Result<Option<i64>> {
    let Some(wanted) = params[past::PARAMETER].as_str() else {
        return Ok(None);
    };
    match AsOf::parse(wanted)? {
        AsOf::Position(position) if position > as_of => {
            let message = format!("the newest position that can be read is {as_of}");
            Err(params::refuse_one(past::PARAMETER, "as-of-ahead", &message).into())
        }
        AsOf::Position(position) => Ok(Some(position)),
        AsOf::Time(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_and_a_single_thing_differ_on_the_wire() {
        let list = Answer {
            found: Found::List {
                items: vec![json!(1)],
                next_cursor: None,
            },
            as_of: 7,
        };
        assert_eq!(
            serde_json::to_value(&list).unwrap(),
            json!({"items": [1], "next_cursor": null, "as_of": "7"})
        );
        let one = Answer {
            found: Found::One(json!({"id": "a"})),
            as_of: 7,
        };
        assert_eq!(
            serde_json::to_value(&one).unwrap(),
            json!({"item": {"id": "a"}, "as_of": "7"})
        );
    }
}
