//! Approvals: what agents have asked people to agree to. Whoever cannot decide sees their own only.

use domain::approvals::{Approval, Standing};
use domain::refusal::Refusal;
use event_store::Result;
use event_store::recorded::Payload;
use identity::permissions::Permission;
use identity::principals::PrincipalKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::params;
use crate::plain::Plain;
use crate::registry::{Entry, Shape, schema_of};

/// The projection of approvals.
const PROJECTION: &str = "approvals";

pub(crate) const APPROVALS: Entry = Entry {
    name: "approvals",
    title: "Approvals",
    description: "What agents have asked people to agree to, and how it stands; the newest first unless sorted otherwise. \
        An agent sees its own.",
    shape: Shape::List,
    permission: Permission::ApprovalsRead,
    projections: &[PROJECTION],
    params: schema_of::<ApprovalsParams>,
    item: schema_of::<ApprovalItem>,
    run: |ctx, params| Box::pin(approvals(ctx, params)),
};

pub(crate) const APPROVAL: Entry = Entry {
    name: "approval",
    title: "Approval",
    description: "One approval: exactly which call was asked for, by whom, and how it stands.",
    shape: Shape::One,
    permission: Permission::ApprovalsRead,
    projections: &[PROJECTION],
    params: schema_of::<ApprovalParams>,
    item: schema_of::<ApprovalItem>,
    run: |ctx, params| Box::pin(approval(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ApprovalsParams {
    /// Only approvals that stand so.
    standing: Option<StandingFilter>,
    /// Only approvals for this command.
    command: Option<String>,
    /// Only approvals that this principal asked for.
    proposer: Option<String>,
    /// The order of the list; `-` turns it around.
    #[serde(default)]
    sort: ApprovalSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ApprovalParams {
    /// The approval's id.
    #[schemars(length(min = 1, max = 64))]
    id: String,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StandingFilter {
    Proposed,
    Approved,
    Rejected,
    Withdrawn,
    Executed,
    Expired,
}

impl StandingFilter {
    fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Executed => "executed",
            Self::Expired => "expired",
        }
    }
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum ApprovalSort {
    #[default]
    #[serde(rename = "-created_at")]
    Newest,
    #[serde(rename = "created_at")]
    Oldest,
}

#[derive(Serialize, JsonSchema)]
struct ApprovalItem {
    approval_id: String,
    standing: Standing,
    /// The command that was asked for.
    command: String,
    /// Its class of risk.
    risk: String,
    /// Why a person is asked: `policy`, `untrusted-text` or `foreign-link`.
    why: Vec<String>,
    /// The principal who asked.
    proposer: String,
    /// The command's body, exactly; null without the permission to read personal data.
    arguments: Option<Value>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    expires_at: OffsetDateTime,
    /// How many different people have to agree.
    approvers: u8,
    /// Who has agreed while another person still has to.
    endorsed_by: Vec<String>,
    /// Who agreed or refused in the end.
    decided_by: Option<String>,
    /// Null without the permission to read personal data.
    note: Option<String>,
    /// The command that was carried out under it.
    command_id: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    updated_at: OffsetDateTime,
    /// For `If-Match`.
    sequence: i64,
}

const LIST_NEWEST: &str = "
    select a.approval_id, a.state, a.created_at, a.updated_at, a.sequence
    from approvals a
    where a.tenant_id = $1 and ($2::text is null or a.standing = $2) and ($3::text is null or a.command = $3)
        and ($4::text is null or a.proposer = $4)
        and ($5::timestamptz is null or (a.created_at, a.approval_id) < ($5, $6))
    order by a.created_at desc, a.approval_id desc
    limit $7";

const LIST_OLDEST: &str = "
    select a.approval_id, a.state, a.created_at, a.updated_at, a.sequence
    from approvals a
    where a.tenant_id = $1 and ($2::text is null or a.standing = $2) and ($3::text is null or a.command = $3)
        and ($4::text is null or a.proposer = $4)
        and ($5::timestamptz is null or (a.created_at, a.approval_id) > ($5, $6))
    order by a.created_at, a.approval_id
    limit $7";

const FIND_APPROVAL: &str = "
    select a.approval_id, a.state, a.created_at, a.updated_at, a.sequence
    from approvals a
    where a.tenant_id = $1 and a.approval_id = $2 and ($3::text is null or a.proposer = $3)";

async fn approvals(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: ApprovalsParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        ApprovalSort::Newest => (LIST_NEWEST, "-created_at"),
        ApprovalSort::Oldest => (LIST_OLDEST, "created_at"),
    };
    let proposer = own_only(ctx).map(str::to_owned).or(params.proposer);
    let page = Page::open(
        ctx,
        (APPROVALS.name, sort),
        params.limit,
        params.cursor.as_deref(),
    )
    .await?;
    let statement = ctx.tx.prepare_cached(sql).await?;
    let standing = params.standing.map(StandingFilter::as_str);
    let mut rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &standing,
                &params.command,
                &proposer,
                &page.instant()?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let next_cursor = page.close(&mut rows, |last| {
        let id: String = last.try_get("approval_id")?;
        Cursor::at(sort, last.try_get("created_at")?, &id)
    })?;
    Found::page(&items(ctx, &rows).await?, next_cursor)
}

async fn approval(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: ApprovalParams = params::parse(params)?;
    let statement = ctx.tx.prepare_cached(FIND_APPROVAL).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &params.id, &own_only(ctx)])
        .await?;
    let item = items(ctx, &rows).await?.pop();
    let missing = || Refusal::not_found("approval-not-found", "there is no such approval");
    Found::one(&item.ok_or_else(missing)?)
}

/// An agent sees nothing of what others have asked for.
fn own_only<'c>(ctx: &'c Ctx<'_>) -> Option<&'c str> {
    let is_agent = ctx.principal.kind == PrincipalKind::Agent;
    is_agent.then_some(ctx.principal.id.as_str())
}

async fn items(ctx: &Ctx<'_>, rows: &[Row]) -> Result<Vec<ApprovalItem>> {
    let ids = rows
        .iter()
        .map(|row| row.try_get::<_, &str>("approval_id"))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let plain = Plain::of(ctx, ids).await?;
    rows.iter().map(|row| item(ctx, &plain, row)).collect()
}

fn item(ctx: &Ctx<'_>, plain: &Plain, row: &Row) -> Result<ApprovalItem> {
    let state: Approval = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
    let approval_id: String = row.try_get("approval_id")?;
    let standing = state.standing_at(ctx.now);
    let note = plain.open(&approval_id, "note", state.note.as_ref());
    let proposal = state.require()?;
    let arguments = plain.open(&approval_id, "arguments", Some(&proposal.arguments));
    Ok(ApprovalItem {
        standing,
        command: proposal.command.clone(),
        risk: proposal.risk.clone(),
        why: proposal.why.clone(),
        proposer: proposal.proposer.clone(),
        arguments: arguments.and_then(|text| serde_json::from_str(&text).ok()),
        expires_at: proposal.expires_at,
        approvers: proposal.approvers,
        endorsed_by: state.endorsed_by.clone(),
        decided_by: state.decided_by.clone(),
        note,
        command_id: state.command_id.clone(),
        approval_id,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        sequence: row.try_get("sequence")?,
    })
}
