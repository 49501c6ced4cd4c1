//! Customers: search by words of their names, or exactly by e-mail and phone.

pub(crate) mod item;
mod words;

use domain::customers::consents::Source;
use domain::customers::{Customer, EMAIL_SCOPE, PHONE_SCOPE};
use domain::values::{EmailAddress, PhoneNumber};
use event_store::Result;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Row;

use self::item::CustomerItem;
use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::past::{Past, Then};
use crate::plain::Plain;
use crate::registry::{Entry, Shape, schema_of};
use crate::{params, tenants};

/// The projection of customers.
pub(crate) const PROJECTION: &str = "customers";

/// Up to so many customers a search begins with the customers; above, with the list.
const MAX_FEW: i64 = 1_000;

/// The most customers that are asked for by their ids: as many as a page has.
const MAX_IDS: usize = 200;

pub(crate) const CUSTOMERS: Entry = Entry {
    name: "customers",
    title: "Customers",
    description: "Customers by the beginnings of their names, or exactly by e-mail or phone; newest first unless sorted \
        otherwise. Customers that were merged away or archived are left out unless asked for by status.",
    shape: Shape::List,
    permission: Permission::CustomersRead,
    projections: &[PROJECTION, tenants::PROJECTION],
    params: schema_of::<CustomersParams>,
    item: schema_of::<CustomerItem>,
    run: |ctx, params| Box::pin(customers(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CustomersParams {
    /// Only these, by their ids, separated by commas; 200 at most.
    #[schemars(length(min = 1, max = 8_000))]
    ids: Option<String>,
    /// Beginnings of words of the name, in any order: `ad lov` finds Ada Lovelace.
    #[schemars(length(min = 1, max = 200))]
    search: Option<String>,
    /// Exactly this e-mail address, whatever its case.
    #[schemars(length(max = 254))]
    email: Option<String>,
    /// Exactly this phone number, international or local to the tenant's region.
    #[schemars(length(max = 40))]
    phone: Option<String>,
    /// Only customers with this tag.
    tag: Option<String>,
    /// Only customers that came in this way.
    source: Option<Source>,
    /// Only customers who may be known twice (true), or the others (false).
    possible_duplicate: Option<bool>,
    /// `living` unless given.
    #[serde(default)]
    status: CustomerStatus,
    /// The order of the list; `-` turns it around.
    #[serde(default)]
    sort: CustomerSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum CustomerStatus {
    #[default]
    Living,
    Archived,
    Merged,
}

impl CustomerStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::Living => "living",
            Self::Archived => "archived",
            Self::Merged => "merged",
        }
    }
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum CustomerSort {
    #[default]
    #[serde(rename = "-created_at")]
    CreatedAtDown,
    #[serde(rename = "created_at")]
    CreatedAt,
    #[serde(rename = "last_name")]
    LastName,
}

impl CustomerSort {
    fn name(self) -> &'static str {
        match self {
            Self::CreatedAtDown => "-created_at",
            Self::CreatedAt => "created_at",
            Self::LastName => "last_name",
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Self::CreatedAtDown => LIST_CUSTOMERS_BY_CREATED_AT_DOWN,
            Self::CreatedAt => LIST_CUSTOMERS_BY_CREATED_AT,
            Self::LastName => LIST_CUSTOMERS_BY_LAST_NAME,
        }
    }

    fn cursor(self, last: &CustomerItem) -> Result<Cursor> {
        match self {
            Self::CreatedAtDown | Self::CreatedAt => {
                Cursor::at(self.name(), last.created_at, &last.customer_id)
            }
            Self::LastName => Ok(Cursor {
                sort: self.name().to_owned(),
                keys: vec![last.last_name.clone(), last.first_name.clone()],
                id: last.customer_id.clone(),
            }),
        }
    }
}

/// Every word must be the beginning of one of the customer's; where few customers match the leading word, they are
/// given as well, so that the statement begins with them.
const LIST_CUSTOMERS_BY_CREATED_AT: &str = "
    select c.customer_id, c.first_name, c.last_name, c.status, c.merged_into, c.state, c.created_at, c.updated_at,
        c.sequence
    from customers c
    where c.tenant_id = $1
        and c.status = $2
        and ($15::text[] is null or c.customer_id = any ($15))
        and not exists (
            select from unnest($3::text[], $4::text[]) as w (low, high)
            where not exists (
                select from customer_terms t
                where t.tenant_id = $1 and t.customer_id = c.customer_id and t.term >= w.low and t.term < w.high))
        and ($5::text is null or c.email_index = $5)
        and ($6::text is null or c.phone_index = $6)
        and ($7::text is null or $7 = any (c.tags))
        and ($8::text is null or c.source = $8)
        and ($9::boolean is null or c.possible_duplicate = $9)
        and ($10::timestamptz is null or (c.created_at, c.customer_id) > ($10, $13))
        and $11::text is null and $12::text is null
    order by c.created_at, c.customer_id
    limit $14";

const LIST_CUSTOMERS_BY_CREATED_AT_DOWN: &str = "
    select c.customer_id, c.first_name, c.last_name, c.status, c.merged_into, c.state, c.created_at, c.updated_at,
        c.sequence
    from customers c
    where c.tenant_id = $1
        and c.status = $2
        and ($15::text[] is null or c.customer_id = any ($15))
        and not exists (
            select from unnest($3::text[], $4::text[]) as w (low, high)
            where not exists (
                select from customer_terms t
                where t.tenant_id = $1 and t.customer_id = c.customer_id and t.term >= w.low and t.term < w.high))
        and ($5::text is null or c.email_index = $5)
        and ($6::text is null or c.phone_index = $6)
        and ($7::text is null or $7 = any (c.tags))
        and ($8::text is null or c.source = $8)
        and ($9::boolean is null or c.possible_duplicate = $9)
        and ($10::timestamptz is null or (c.created_at, c.customer_id) < ($10, $13))
        and $11::text is null and $12::text is null
    order by c.created_at desc, c.customer_id desc
    limit $14";

const LIST_CUSTOMERS_BY_LAST_NAME: &str = "
    select c.customer_id, c.first_name, c.last_name, c.status, c.merged_into, c.state, c.created_at, c.updated_at,
        c.sequence
    from customers c
    where c.tenant_id = $1
        and c.status = $2
        and ($15::text[] is null or c.customer_id = any ($15))
        and not exists (
            select from unnest($3::text[], $4::text[]) as w (low, high)
            where not exists (
                select from customer_terms t
                where t.tenant_id = $1 and t.customer_id = c.customer_id and t.term >= w.low and t.term < w.high))
        and ($5::text is null or c.email_index = $5)
        and ($6::text is null or c.phone_index = $6)
        and ($7::text is null or $7 = any (c.tags))
        and ($8::text is null or c.source = $8)
        and ($9::boolean is null or c.possible_duplicate = $9)
        and $10::timestamptz is null
        and ($11::text is null or (c.last_name, c.first_name, c.customer_id) > ($11, $12::text, $13))
    order by c.last_name, c.first_name, c.customer_id
    limit $14";

async fn customers(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: CustomersParams = params::parse(params)?;
    let page = Page::open(
        ctx,
        (CUSTOMERS.name, params.sort.name()),
        params.limit,
        params.cursor.as_deref(),
    )
    .await?;
    let (low, high) = words::ranges(params.search.as_deref());
    if params.search.is_some() && low.is_empty() {
        // Nothing but punctuation: no name begins with it.
        return Found::all::<CustomerItem>(&[]);
    }
    let few = find_few(ctx, low.first(), high.first()).await?;
    let few = chosen(params.ids.as_deref(), few)?;
    let (email, phone) = indexes(ctx, &params).await?;
    let source = params.source.map(serde_json::to_value).transpose()?;
    // Only one of the two is ever used; the other stays null for the statement's types.
    let (instant, last_name, first_name) = match params.sort {
        CustomerSort::LastName => (None, page.text(0)?, page.text(1)?),
        CustomerSort::CreatedAt | CustomerSort::CreatedAtDown => (page.instant()?, None, None),
    };
    let statement = ctx.tx.prepare_cached(params.sort.sql()).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &params.status.as_str(),
                &low,
                &high,
                &email,
                &phone,
                &params.tag,
                &source.as_ref().and_then(Value::as_str),
                &params.possible_duplicate,
                &instant,
                &last_name,
                &first_name,
                &page.id(),
                &page.fetch(),
                &few,
            ],
        )
        .await?;
    let mut items = items(ctx, &rows).await?;
    let next_cursor = page.close(&mut items, |last| params.sort.cursor(last))?;
    Found::page(&items, next_cursor)
}

const FIND_FEW: &str = "
    select distinct t.customer_id from customer_terms t
    where t.tenant_id = $1 and t.term >= $2 and t.term < $3
    limit $4";

/// The customers with a word in this range when they are few. When they are many, walking the list in its order meets
/// enough of them soon.
async fn find_few(
    ctx: &Ctx<'_>,
    low: Option<&String>,
    high: Option<&String>,
) -> Result<Option<Vec<String>>> {
    let Some((low, high)) = low.zip(high) else {
        return Ok(None);
    };
    let statement = ctx.tx.prepare_cached(FIND_FEW).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), low, high, &(MAX_FEW + 1)])
        .await?;
    let few = rows
        .iter()
        .map(|row| Ok(row.try_get(0)?))
        .collect::<Result<Vec<String>>>()?;
    let is_few = i64::try_from(few.len()).unwrap_or(i64::MAX) <= MAX_FEW;
    Ok(is_few.then_some(few))
}

/// The customers who were named, as far as they are among the few; the few where nobody was.
fn chosen(ids: Option<&str>, few: Option<Vec<String>>) -> Result<Option<Vec<String>>> {
    let Some(ids) = ids else {
        return Ok(few);
    };
    let ids: Vec<String> = ids.split(',').map(|id| id.trim().to_owned()).collect();
    if ids.len() > MAX_IDS {
        let message = format!("at most {MAX_IDS} ids, separated by commas");
        return Err(params::refuse_one("ids", "ids-too-many", &message).into());
    }
    let is_few = |id: &String| few.as_ref().is_none_or(|few| few.contains(id));
    Ok(Some(ids.into_iter().filter(is_few).collect()))
}

/// The keyed hashes of the e-mail and phone asked for.
async fn indexes(
    ctx: &Ctx<'_>,
    params: &CustomersParams,
) -> Result<(Option<String>, Option<String>)> {
    let keys = ctx.store.keys(&ctx.principal.tenant_id).await?;
    let index = |scope: &str, plain: &str| keys.blind_index(scope, plain).as_str().to_owned();
    let email = match params.email.as_deref().map(EmailAddress::parse).transpose() {
        Ok(email) => email.map(|email| index(EMAIL_SCOPE, email.as_str())),
        Err(refusal) => {
            return Err(params::refuse_one("email", &refusal.code, &refusal.detail).into());
        }
    };
    let Some(text) = params.phone.as_deref() else {
        return Ok((email, None));
    };
    let region = tenants::find_settings(ctx).await?.region;
    let phone = PhoneNumber::parse(text, &region)
        .map_err(|refusal| params::refuse_one("phone", &refusal.code, &refusal.detail))?;
    Ok((email, Some(index(PHONE_SCOPE, phone.as_str()))))
}

const FIND_CUSTOMER: &str = "
    select c.customer_id, c.first_name, c.last_name, c.status, c.merged_into, c.state, c.created_at, c.updated_at,
        c.sequence
    from customers c
    where c.tenant_id = $1 and c.customer_id = $2";

/// One customer, merged away or not.
pub(crate) async fn find_customer(
    ctx: &Ctx<'_>,
    customer_id: &str,
) -> Result<Option<CustomerItem>> {
    let statement = ctx.tx.prepare_cached(FIND_CUSTOMER).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &customer_id])
        .await?;
    Ok(items(ctx, &rows).await?.into_iter().next())
}

/// A customer as it was.
pub(crate) async fn past_customer(
    ctx: &Ctx<'_>,
    past: &Past<'_, '_>,
    (customer_id, then): (&str, Then<Customer>),
) -> Result<CustomerItem> {
    let names = past.names(customer_id, &then.state).await?;
    let plain = Plain::of(ctx, [customer_id]).await?;
    Ok(item::Read::from_past(customer_id, then, names).show(&plain))
}

const FIND_FAMILY: &str = "
    with recursive family (customer_id) as (
        select $2::text
        union
        select c.customer_id from family f
        join customers c on c.tenant_id = $1 and c.merged_into = f.customer_id
    )
    select customer_id from family";

/// The customer and all that were merged into it, however often.
pub(crate) async fn find_family(ctx: &Ctx<'_>, customer_id: &str) -> Result<Vec<String>> {
    let statement = ctx.tx.prepare_cached(FIND_FAMILY).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &customer_id])
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

async fn items(ctx: &Ctx<'_>, rows: &[Row]) -> Result<Vec<CustomerItem>> {
    let read = rows
        .iter()
        .map(item::Read::from_row)
        .collect::<Result<Vec<_>>>()?;
    let plain = Plain::of(ctx, read.iter().map(item::Read::subject)).await?;
    Ok(read.into_iter().map(|row| row.show(&plain)).collect())
}
