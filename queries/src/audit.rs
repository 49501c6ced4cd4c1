//! Who did what, when, and with which result.

use event_store::Result;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::Row;

use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::params;
use crate::registry::{Entry, Shape, schema_of};

pub(crate) const AUDIT: Entry = Entry {
    name: "audit",
    title: "Audit log",
    description: "Who did what to what and when, the newest first: commands that changed something, refused accesses, \
        audited reads, and what operators did. `rapport audit` proves that none of it was changed.",
    shape: Shape::List,
    permission: Permission::OperationsRead,
    projections: &["audit", "timelines"],
    params: schema_of::<AuditParams>,
    item: schema_of::<AuditItem>,
    run: |ctx, params| Box::pin(audit(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AuditParams {
    /// Only what this principal did, as `agent:0199…`, `operator:<account>` or `anonymous`.
    actor: Option<String>,
    /// Only what was done to the aggregate of this id.
    subject: Option<String>,
    /// Only what was done to this customer and to what is theirs.
    customer_id: Option<String>,
    /// Only this command, query or act, by its name.
    command: Option<String>,
    /// Only what ended so.
    result: Option<AuditResult>,
    /// Only what was written down at this time or later (RFC 3339).
    from: Option<String>,
    /// Only what was written down before this time (RFC 3339).
    until: Option<String>,
    /// The order of the list.
    #[serde(default)]
    sort: AuditSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum AuditSort {
    #[default]
    #[serde(rename = "-recorded_at")]
    Newest,
}

/// How something ended.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum AuditResult {
    Done,
    /// An act that has not ended.
    Begun,
    Failed,
    Refused,
    /// An audited read or an export.
    Read,
    /// More than could be told apart.
    Lost,
}

impl AuditResult {
    fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Begun => "begun",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Read => "read",
            Self::Lost => "lost",
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct AuditItem {
    /// Of its first event in the log; `/operations/audit/proofs/{position}` proves it.
    position: String,
    actor: String,
    /// The command, query or act by its name; for what is older, the event's type.
    action: String,
    /// The aggregate's type, `query` for reads, `access` for refusals.
    subject_type: String,
    subject_id: String,
    /// `done`, `begun`, `failed`, `refused`, `read` or `lost`.
    result: String,
    /// A refusal's code, what an act was done to, or how something was read.
    detail: Option<String>,
    /// How often, where several that are alike came within a second.
    times: i64,
    command_id: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    recorded_at: OffsetDateTime,
}

const LIST_LINES: &str = "
    select a.position, a.actor, a.action, a.subject_type, a.subject_id, a.result, a.detail, a.times, a.command_id,
        a.recorded_at
    from audit_trail a
    where a.tenant_id = $1
        and ($2::text is null or a.actor = $2)
        and ($3::text is null or a.subject_id = $3)
        and ($4::text is null or (a.subject_type, a.subject_id) in (
            select t.aggregate_type, t.aggregate_id from timeline_entries t
            where t.tenant_id = $1 and t.customer_id = $4))
        and ($5::text is null or a.action = $5)
        and ($6::text is null or a.result = $6)
        and ($7::timestamptz is null or a.recorded_at >= $7)
        and ($8::timestamptz is null or a.recorded_at < $8)
        and ($9::text is null or a.position < $9::text::bigint)
    order by a.position desc
    limit $10";

async fn audit(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: AuditParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        AuditSort::Newest => (LIST_LINES, "-recorded_at"),
    };
    let cursor = params.cursor.as_deref();
    let page = Page::open(ctx, (AUDIT.name, sort), params.limit, cursor).await?;
    let from = instant("from", params.from.as_deref())?;
    let until = instant("until", params.until.as_deref())?;
    let result = params.result.map(AuditResult::as_str);
    let (tenant, behind, fetch) = (ctx.tenant(), page.id(), page.fetch());
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 10] = [
        &tenant,
        &params.actor,
        &params.subject,
        &params.customer_id,
        &params.command,
        &result,
        &from,
        &until,
        &behind,
        &fetch,
    ];
    let statement = ctx.tx.prepare_cached(sql).await?;
    let rows = ctx.tx.query(&statement, &parameters).await?;
    let mut items = rows.iter().map(item).collect::<Result<Vec<_>>>()?;
    let next_cursor = page.close(&mut items, |last| {
        Cursor::at(sort, last.recorded_at, &last.position)
    })?;
    Found::page(&items, next_cursor)
}

fn instant(name: &str, text: Option<&str>) -> Result<Option<OffsetDateTime>> {
    let parse = |text: &str| {
        OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
            let message = "is no time as 2026-05-01T12:00:00Z";
            params::refuse_one(name, "time-invalid", message)
        })
    };
    Ok(text.map(parse).transpose()?)
}

fn item(row: &Row) -> Result<AuditItem> {
    let position: i64 = row.try_get("position")?;
    Ok(AuditItem {
        position: position.to_string(),
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        subject_type: row.try_get("subject_type")?,
        subject_id: row.try_get("subject_id")?,
        result: row.try_get("result")?,
        detail: row.try_get("detail")?,
        times: row.try_get("times")?,
        command_id: row.try_get("command_id")?,
        recorded_at: row.try_get("recorded_at")?,
    })
}
