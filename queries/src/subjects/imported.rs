//! What imported files say of a person, as long as it is kept: the one thing of an export that does not stand in the log.

use std::collections::{BTreeSet, HashMap};

use domain::imports::{Import, cells_place};
use domain::refusal::Refusal;
use event_store::Result;
use event_store::recorded::Payload;
use event_store::vault::SubjectKey;
use serde_json::{Value, json};
use tokio_postgres::Row;

use crate::ask::Ctx;

/// The most rows of one export.
const MAX_ROWS: i64 = 5_000;

const LIST_IMPORTED: &str = "
    select r.import_id, r.row_no, r.cells, r.standing, i.state, i.created_at
    from import_rows r
    join customer_imports i on i.tenant_id = r.tenant_id and i.import_id = r.import_id
    where r.tenant_id = $1 and r.customer_id = any ($2::text[]) and r.cells is not null
    order by r.import_id, r.row_no limit $3";

/// The rows that became or changed one of these customers, each `{import_id, uploaded_at, row, standing, cells: [{column, value}]}`.
///
/// # Errors
/// 409 `export-too-large` when there are more than `MAX_ROWS`.
pub(super) async fn list_imported(ctx: &Ctx<'_>, family: &[String]) -> Result<Vec<Value>> {
    let statement = ctx.tx.prepare_cached(LIST_IMPORTED).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &family, &MAX_ROWS])
        .await?;
    if i64::try_from(rows.len()).is_ok_and(|rows| rows == MAX_ROWS) {
        let detail = format!("the person stands in more than {MAX_ROWS} rows of imported files");
        return Err(Refusal::conflict("export-too-large", detail).into());
    }
    let imports: BTreeSet<&str> = rows
        .iter()
        .map(|row| row.try_get("import_id"))
        .collect::<std::result::Result<_, _>>()?;
    let imports: Vec<&str> = imports.into_iter().collect();
    let tenant_id = &ctx.principal.tenant_id;
    let keys = ctx.store.kept_subject_keys(tenant_id, &imports).await?;
    let keys: HashMap<String, SubjectKey> = keys.into_iter().collect();
    rows.iter().map(|row| show(row, &keys)).collect()
}

fn show(row: &Row, keys: &HashMap<String, SubjectKey>) -> Result<Value> {
    let import_id: String = row.try_get("import_id")?;
    let number: i64 = row.try_get("row_no")?;
    let key = keys.get(&import_id);
    let sealed: &[u8] = row.try_get("cells")?;
    let cells = key.and_then(|key| key.open_file(&cells_place(number), sealed));
    let cells: Vec<String> = cells
        .and_then(|cells| serde_json::from_slice(&cells).ok())
        .unwrap_or_default();
    let state: Import = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
    let columns = key.and_then(|key| key.open("columns", &state.columns));
    let columns: Vec<String> = columns
        .and_then(|columns| serde_json::from_str(&columns).ok())
        .unwrap_or_default();
    let cells = cells.into_iter().enumerate();
    let cells: Vec<Value> = cells
        .filter(|(_, value)| !value.is_empty())
        .map(|(place, value)| json!({ "column": columns.get(place), "value": value }))
        .collect();
    let uploaded_at: time::OffsetDateTime = row.try_get("created_at")?;
    let uploaded_at = uploaded_at.format(&time::format_description::well_known::Rfc3339);
    Ok(json!({
        "import_id": import_id, "uploaded_at": uploaded_at.unwrap_or_default(), "row": number,
        "standing": row.try_get::<_, String>("standing")?, "cells": cells,
    }))
}
