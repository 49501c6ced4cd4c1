//! Building read tables anew, comparing, and going back. All of it takes its time, so the record tells that it began and
//! how it ended.

use domain::refusal::Refusal;
use event_store::Result;
use event_store::store::Store;
use identity::acts;
use projectors::Projection;
use projectors::build::Progress;
use projectors::rebuild::{self, Compared};
use serde::Serialize;
use serde_json::json;

use super::acts::{Deed, Underway, begin};
use super::{By, projections};

/// What the twins hold when there is something to go back to.
pub const OLD: &str = "old";

/// What is done with the tables of a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Built anew, compared with those in use, and switched to.
    Rebuild,
    /// The same without the comparison.
    RebuildUncompared,
    /// Built anew and compared; nothing is switched.
    Compare,
    /// Back to those that were in use before the last rebuild.
    Rollback,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Built {
    pub projection: &'static str,
    pub events: u64,
    /// Where the projection stood when its tables changed; null for a comparison.
    pub position: Option<i64>,
    /// Keys that could not be built and are parked.
    pub parked_keys: u64,
    pub compared: Vec<Compared>,
}

/// What would be done, and what would be lost by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Planned {
    pub projection: &'static str,
    /// The position up to which the log would be read.
    pub until: i64,
    pub tables: &'static [&'static str],
    /// What the twins hold now; `old` tables are given up by a rebuild or a comparison.
    pub twin: Option<String>,
}

impl Work {
    pub fn action(self) -> &'static str {
        match self {
            Self::Rebuild | Self::RebuildUncompared => "rebuild-projection",
            Self::Compare => "compare-projection",
            Self::Rollback => "roll-back-projection",
        }
    }
}

impl Built {
    /// The tables that are not what was in use.
    pub fn different(&self) -> Vec<&'static str> {
        let different = self.compared.iter().filter(|table| !table.equal);
        different.map(|table| table.table).collect()
    }
}

/// Looks at what would be done. Refused with 409 `nothing-to-roll-back-to` where there are no old tables.
pub async fn plan(store: &Store, projection: &Projection, work: Work) -> Result<Planned> {
    let name = projection.name();
    let condition = projections::find_condition(store, name).await?;
    let until = condition.as_ref().map_or(0, |condition| condition.position);
    let twin = condition.and_then(|condition| condition.twin);
    if work == Work::Rollback && twin.as_deref() != Some(OLD) {
        let detail = format!("there are no old tables of {name}");
        return Err(Refusal::conflict("nothing-to-roll-back-to", detail).into());
    }
    Ok(Planned {
        projection: name,
        until,
        tables: projection.tables,
        twin,
    })
}

/// Writes down that it begins.
pub async fn announce(
    store: &Store,
    projection: &Projection,
    work: Work,
    by: By<'_>,
) -> Result<Underway> {
    let deed = Deed {
        action: work.action(),
        subject: projection.name(),
        details: &json!({ "compared": work != Work::RebuildUncompared && work != Work::Rollback }),
    };
    begin(store, &acts::installation(), deed, by).await
}

/// Does the work.
pub async fn run(
    store: &Store,
    projection: &Projection,
    work: Work,
    progress: impl FnMut(Progress) + Send,
) -> Result<Built> {
    let (rebuilt, compared) = match work {
        Work::Rebuild => rebuild::rebuild_compared(store, projection, progress).await?,
        Work::RebuildUncompared => {
            let rebuilt = rebuild::rebuild(store, projection, progress).await?;
            (rebuilt, Vec::new())
        }
        Work::Rollback => {
            let rebuilt = rebuild::rollback(store, projection, progress).await?;
            (rebuilt, Vec::new())
        }
        Work::Compare => {
            let compared = rebuild::compare(store, projection, progress).await?;
            return Ok(Built {
                projection: projection.name(),
                events: 0,
                position: None,
                parked_keys: 0,
                compared,
            });
        }
    };
    Ok(Built {
        projection: projection.name(),
        events: rebuilt.events,
        position: Some(rebuilt.position),
        parked_keys: rebuilt.parked_keys,
        compared,
    })
}
