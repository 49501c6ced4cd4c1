//! Who did what to what, when, and with which result: a line for each command and aggregate, each refused access, each
//! audited read and each act of an operator. It is no projection that is built anew, for it is all of the log, once.

use std::collections::HashMap;
use std::sync::LazyLock;

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::access::{Access, AccessEvent};
use domain::evolution;
use domain::operations::{Operation, OperationEvent};
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use serde::Deserialize;
use time::OffsetDateTime;

use crate::columns::rows;

/// The name of the checkpoint.
pub const NAME: &str = "audit";

/// What a read without a record's id is about.
const EVERYTHING: &str = "*";

static AGGREGATE_TYPES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let known = evolution::known_events();
    known.iter().map(|(kind, _)| *kind).collect()
});

/// Writes the lines.
pub struct Audit;

rows! {
    struct LineRow {
        tenant_id: String,
        command_id: String,
        subject_type: String,
        subject_id: String,
        position: i64,
        recorded_at: OffsetDateTime,
        actor: String,
        action: String,
        result: String,
        detail: Option<String>,
        times: i64,
    }
}

/// An act's later event tells how it ended; a command that is read in two batches stays one line.
const INSERT_LINES: &str = "
    insert into audit_trail (tenant_id, command_id, subject_type, subject_id, position, recorded_at, actor, action, result,
        detail, times)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::bigint[])
    on conflict (tenant_id, command_id, subject_type, subject_id) do update set result = excluded.result
    where excluded.position > audit_trail.position and audit_trail.result = 'begun'";

#[async_trait]
impl Subscriber for Audit {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &AGGREGATE_TYPES
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let (mut lines, mut places) = (Vec::new(), HashMap::new());
        for event in batch {
            let line = line(event)?;
            let key = (
                event.tenant_id.as_str(),
                event.command_id.as_str(),
                event.aggregate_type.as_str(),
                event.aggregate_id.as_str(),
            );
            let place = *places.entry(key).or_insert(lines.len());
            match lines.get_mut(place) {
                None => lines.push(line),
                Some(first) => follow(first, line),
            }
        }
        LineRow::write(tx, INSERT_LINES, &lines).await
    }
}

/// What a further event of the same command and aggregate adds to its line.
fn follow(first: &mut LineRow, further: LineRow) {
    if first.result == "begun" {
        first.result = further.result;
    }
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    command: Option<String>,
}

fn line(event: &Recorded) -> Result<LineRow> {
    let mut line = LineRow {
        tenant_id: event.tenant_id.as_str().to_owned(),
        command_id: event.command_id.clone(),
        subject_type: event.aggregate_type.clone(),
        subject_id: event.aggregate_id.clone(),
        position: event.position,
        recorded_at: event.recorded_at,
        actor: event.actor.clone(),
        action: event.event_type.clone(),
        result: "done".to_owned(),
        detail: None,
        times: 1,
    };
    match event.aggregate_type.as_str() {
        Access::TYPE => of_access(&mut line, event.decode()?),
        Operation::TYPE => of_operation(&mut line, event.decode()?),
        _ => {
            // What was written before commands were named there goes by the event's type.
            let metadata: Metadata = serde_json::from_str(&event.metadata.0).unwrap_or_default();
            line.action = metadata.command.unwrap_or(line.action);
        }
    }
    Ok(line)
}

fn of_access(line: &mut LineRow, event: AccessEvent) {
    line.times = i64::try_from(event.times()).unwrap_or(i64::MAX);
    match event {
        AccessEvent::AccessRefused {
            code,
            method,
            route,
            name,
            ..
        } => {
            line.action = name.unwrap_or_else(|| format!("{method} {route}"));
            (line.result, line.detail) = ("refused".to_owned(), Some(code));
        }
        AccessEvent::RecordsRead {
            query,
            how,
            subject,
            ..
        } => {
            (line.action, line.result) = (query, "read".to_owned());
            line.subject_type = "query".to_owned();
            line.subject_id = subject.unwrap_or_else(|| EVERYTHING.to_owned());
            line.detail = Some(how);
        }
        AccessEvent::AccessEntriesLost { .. } => line.result = "lost".to_owned(),
    }
}

fn of_operation(line: &mut LineRow, event: OperationEvent) {
    match event {
        OperationEvent::OperationPerformed(act) => {
            (line.action, line.detail) = (act.action, Some(act.subject));
        }
        OperationEvent::OperationBegun(act) => {
            (line.action, line.detail) = (act.action, Some(act.subject));
            line.result = "begun".to_owned();
        }
        OperationEvent::OperationCompleted { .. } => {}
        OperationEvent::OperationFailed { code, .. } => {
            (line.result, line.detail) = ("failed".to_owned(), Some(code));
        }
    }
}
