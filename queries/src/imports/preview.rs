//! What an import would do, row by row, before it does it: who is new, who is there already, what cannot be read and why.
//! The read tables that it looks at lag a little, so the run has the last word.

use std::collections::HashMap;

use domain::customers::{EMAIL_SCOPE, PHONE_SCOPE};
use domain::imports::Import;
use domain::imports::mapping::{Draft, Field, suggest};
use domain::refusal::FieldError;
use domain::values::Region;
use event_store::Result;
use event_store::vault::{SubjectKey, TenantKeys};
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PROJECTION, find_import};
use crate::ask::{Ctx, Found};
use crate::registry::{Entry, Shape, schema_of};
use crate::{customers, params, tenants};

/// Rows that one answer shows.
const MAX_SHOWN: usize = 100;

pub(crate) const IMPORT_PREVIEW: Entry = Entry {
    name: "import-preview",
    title: "What an import would do",
    description: "The columns of an uploaded file with a guess at what they are, and for each row whether its customer is new, \
        is there already or stands in the file before, or why it would be refused. Nothing is written.",
    shape: Shape::One,
    permission: Permission::PersonalDataRead,
    projections: &[PROJECTION, customers::PROJECTION, tenants::PROJECTION],
    params: schema_of::<PreviewParams>,
    item: schema_of::<PreviewItem>,
    run: |ctx, params| Box::pin(import_preview(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PreviewParams {
    /// The import's id.
    #[schemars(length(min = 1, max = 64))]
    id: String,
    /// Fields of the columns in order, parted by commas, with `-` for none; the mapping that was said, or else a guess,
    /// unless given.
    #[schemars(length(max = 2000))]
    mapping: Option<String>,
    /// Show only rows with this verdict.
    verdict: Option<Verdict>,
    /// Show rows behind this one.
    #[schemars(range(min = 0, max = 50000))]
    after: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    New,
    /// The customer is there already.
    Duplicate,
    /// An earlier row of the file has the same e-mail address or phone number.
    Repeated,
    Refused,
}

#[derive(Serialize, JsonSchema)]
struct PreviewItem {
    import_id: String,
    columns: Vec<String>,
    /// What each column is taken for.
    mapping: Vec<Option<Field>>,
    counts: VerdictCounts,
    /// At most 100.
    rows: Vec<PreviewRow>,
}

#[derive(Default, Serialize, JsonSchema)]
struct VerdictCounts {
    new: u32,
    duplicate: u32,
    repeated: u32,
    refused: u32,
}

#[derive(Serialize, JsonSchema)]
struct PreviewRow {
    /// 1 for the first; the header is not counted.
    row: i64,
    verdict: Verdict,
    /// The customer that is there already.
    customer_id: Option<String>,
    /// The earlier row of a repeated one.
    same_as_row: Option<i64>,
    /// What is wrong with it, by field.
    problems: Vec<RowProblem>,
    cells: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct RowProblem {
    field: String,
    code: String,
    message: String,
}

impl From<FieldError> for RowProblem {
    fn from(error: FieldError) -> Self {
        Self {
            field: error.pointer.trim_start_matches('/').to_owned(),
            code: error.code,
            message: error.message,
        }
    }
}

const LIST_PREVIEWED: &str = "
    select r.row_no, r.cells from import_rows r
    where r.tenant_id = $1 and r.import_id = $2
    order by r.row_no";

async fn import_preview(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: PreviewParams = params::parse(params)?;
    let import = find_import(ctx, &params.id).await?;
    import.require_rows()?;
    let tenant_id = &ctx.principal.tenant_id;
    let found = ctx.store.subject_keys(tenant_id, &[&params.id]).await?;
    let key = found.into_iter().next().map(|(_, key)| key);
    let columns = columns(&import, key.as_ref());
    let mapping = mapping(&import, &columns, params.mapping.as_deref())?;
    let statement = ctx.tx.prepare_cached(LIST_PREVIEWED).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &params.id])
        .await?;
    let mut read = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(cells) = super::rows::open_cells(row, key.as_ref())? {
            read.push((row.try_get::<_, i64>("row_no")?, cells));
        }
    }
    let judge = Judge {
        region: tenants::find_settings(ctx).await?.region,
        keys: &*ctx.store.keys(tenant_id).await?,
        mapping: &mapping,
    };
    let judged: Vec<Judged> = read.iter().map(|(_, cells)| judge.judge(cells)).collect();
    let known = Known::find(ctx, &judged).await?;
    let mut item = PreviewItem {
        import_id: params.id,
        columns,
        mapping,
        counts: VerdictCounts::default(),
        rows: Vec::new(),
    };
    let mut seen = HashMap::new();
    for ((number, cells), judged) in read.into_iter().zip(judged) {
        let row = show((number, cells), judged, &known, &mut seen);
        item.counts.count(row.verdict);
        let is_wanted = params.verdict.is_none_or(|verdict| verdict == row.verdict)
            && params.after.is_none_or(|after| row.row > after);
        if is_wanted && item.rows.len() < MAX_SHOWN {
            item.rows.push(row);
        }
    }
    Found::one(&item)
}

fn columns(import: &Import, key: Option<&SubjectKey>) -> Vec<String> {
    let columns = key.and_then(|key| key.open("columns", &import.columns));
    columns
        .and_then(|columns| serde_json::from_str(&columns).ok())
        .unwrap_or_default()
}

/// As asked, as said, or guessed.
fn mapping(import: &Import, columns: &[String], asked: Option<&str>) -> Result<Vec<Option<Field>>> {
    let Some(asked) = asked else {
        let said = import.plan.as_ref().map(|plan| plan.mapping.clone());
        return Ok(said.unwrap_or_else(|| suggest(columns)));
    };
    let mut mapping = Vec::with_capacity(columns.len());
    for name in asked.split(',').map(str::trim) {
        let field = Field::ALL.iter().find(|field| field.as_str() == name);
        if field.is_none() && name != "-" {
            let names: Vec<&str> = Field::ALL.iter().map(|field| field.as_str()).collect();
            let message = format!("each is one of {}, or -", names.join(", "));
            return Err(params::refuse_one("mapping", "field-unknown", &message).into());
        }
        mapping.push(field.copied());
    }
    if mapping.len() != columns.len() {
        let message = format!(
            "the file has {} columns; name one field for each",
            columns.len()
        );
        return Err(params::refuse_one("mapping", "mapping-incomplete", &message).into());
    }
    Ok(mapping)
}

/// Reads rows as the run will.
struct Judge<'k> {
    region: Region,
    keys: &'k TenantKeys,
    mapping: &'k [Option<Field>],
}

/// A row by what it would be known by, and what is wrong with it.
struct Judged {
    email: Option<String>,
    phone: Option<String>,
    problems: Vec<FieldError>,
}

impl Judge<'_> {
    fn judge(&self, cells: &[String]) -> Judged {
        let index = |scope, plain: &str| self.keys.blind_index(scope, plain).as_str().to_owned();
        match Draft::of(cells, self.mapping).parse(&self.region) {
            Ok(person) => Judged {
                email: person.email.map(|email| index(EMAIL_SCOPE, email.as_str())),
                phone: person.phone.map(|phone| index(PHONE_SCOPE, phone.as_str())),
                problems: Vec::new(),
            },
            Err(refusal) => Judged {
                email: None,
                phone: None,
                problems: refusal.errors,
            },
        }
    }
}

/// Customers who are there already, by what they are known by.
#[derive(Default)]
struct Known {
    by_email: HashMap<String, String>,
    /// Those without an e-mail address; none where there are several.
    by_phone: HashMap<String, Option<String>>,
}

const LIST_KNOWN: &str = "
    select c.customer_id, c.email_index, c.phone_index from customers c
    where c.tenant_id = $1 and c.status in ('living', 'archived')
        and (c.email_index = any ($2::text[]) or c.phone_index = any ($3::text[]))";

impl Known {
    async fn find(ctx: &Ctx<'_>, judged: &[Judged]) -> Result<Self> {
        let emails: Vec<&String> = judged.iter().filter_map(|row| row.email.as_ref()).collect();
        let phones: Vec<&String> = judged.iter().filter_map(|row| row.phone.as_ref()).collect();
        let statement = ctx.tx.prepare_cached(LIST_KNOWN).await?;
        let rows = ctx
            .tx
            .query(&statement, &[&ctx.tenant(), &emails, &phones])
            .await?;
        let mut known = Self::default();
        for row in rows {
            let customer_id: String = row.try_get("customer_id")?;
            let email: Option<String> = row.try_get("email_index")?;
            let phone: Option<String> = row.try_get("phone_index")?;
            match (email, phone) {
                (Some(email), _) => {
                    known.by_email.insert(email, customer_id);
                }
                (None, Some(phone)) => {
                    let only = known.by_phone.entry(phone);
                    only.and_modify(|only| *only = None)
                        .or_insert(Some(customer_id));
                }
                (None, None) => {}
            }
        }
        Ok(known)
    }

    fn customer(&self, row: &Judged) -> Option<String> {
        let by_email = row
            .email
            .as_ref()
            .and_then(|email| self.by_email.get(email));
        let by_phone = || self.by_phone.get(row.phone.as_ref()?)?.clone();
        by_email.cloned().or_else(by_phone)
    }
}

/// The verdict on one row, given those before it.
fn show(
    (number, cells): (i64, Vec<String>),
    judged: Judged,
    known: &Known,
    seen: &mut HashMap<String, i64>,
) -> PreviewRow {
    let customer_id = known.customer(&judged);
    let name = judged.email.as_ref().or(judged.phone.as_ref());
    let same_as_row = name.and_then(|name| seen.get(name).copied());
    if let Some(name) = name {
        seen.entry(name.clone()).or_insert(number);
    }
    let verdict = match (&judged.problems[..], same_as_row, &customer_id) {
        ([_, ..], _, _) => Verdict::Refused,
        (_, Some(_), _) => Verdict::Repeated,
        (_, None, Some(_)) => Verdict::Duplicate,
        (_, None, None) => Verdict::New,
    };
    PreviewRow {
        row: number,
        verdict,
        customer_id,
        same_as_row,
        problems: judged.problems.into_iter().map(RowProblem::from).collect(),
        cells,
    }
}

impl VerdictCounts {
    fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::New => self.new += 1,
            Verdict::Duplicate => self.duplicate += 1,
            Verdict::Repeated => self.repeated += 1,
            Verdict::Refused => self.refused += 1,
        }
    }
}
