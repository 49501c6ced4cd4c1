//! A template as a real customer would read it, or with samples.

use domain::bookings::{Booking, BookingRecord};
use domain::refusal::Refusal;
use domain::templates::catalogue::{self, About};
use domain::templates::content::Content;
use domain::templates::facts::Facts;
use event_store::Result;
use event_store::recorded::Payload;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shown::{self, Shown};
use super::{PROJECTION, find};
use crate::ask::{Ctx, Found};
use crate::registry::{Entry, Shape, schema_of};
use crate::{params, tenants};

pub(crate) const PREVIEW: Entry = Entry {
    name: "template-preview",
    title: "A template filled in",
    description: "What a template would say: with samples, or to a customer, or about a booking. Nothing is sent.",
    shape: Shape::One,
    permission: Permission::TenantsRead,
    projections: &[PROJECTION, tenants::PROJECTION, "customers", "bookings"],
    params: schema_of::<PreviewParams>,
    item: schema_of::<PreviewItem>,
    run: |ctx, params| Box::pin(template_preview(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PreviewParams {
    /// The template's id.
    #[schemars(length(min = 1, max = 64))]
    id: String,
    /// The draft, where there is one, unless given.
    which: Option<Which>,
    /// Filled in with this booking and its customer.
    booking_id: Option<String>,
    /// Filled in with this customer; what else it needs comes from samples.
    customer_id: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Which {
    Draft,
    Published,
}

#[derive(Serialize, JsonSchema)]
struct PreviewItem {
    template_id: String,
    /// Null for the draft.
    version: Option<u32>,
    #[serde(flatten)]
    shown: Shown,
}

const FIND_CUSTOMER: &str = "
    select c.first_name, c.last_name from customers c where c.tenant_id = $1 and c.customer_id = $2";

const FIND_BOOKING: &str = "
    select b.state, b.customer_id from bookings b where b.tenant_id = $1 and b.booking_id = $2";

async fn template_preview(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: PreviewParams = params::parse(params)?;
    let (row, state) = find(ctx, &params.id).await?;
    let published = || {
        let last = state.published.as_ref()?;
        Some((Some(last.version), &last.content))
    };
    let draft = state.draft.as_ref().map(|draft| (None, draft));
    let chosen = match params.which {
        Some(Which::Draft) => draft,
        Some(Which::Published) => published(),
        None => draft.or_else(published),
    };
    let (version, content) = chosen.ok_or_else(|| {
        let detail = "the template has no such version; leave `which` out to see what it has";
        Refusal::not_found("template-version-not-found", detail)
    })?;
    let place = state.require()?;
    let facts = facts(ctx, &params, (&place.name, state.about, content)).await?;
    Found::one(&PreviewItem {
        template_id: row.template_id,
        version,
        shown: shown::show(place, state.about, content, &facts)?,
    })
}

/// What it is filled in with: as little of the samples as may be.
async fn facts(
    ctx: &Ctx<'_>,
    params: &PreviewParams,
    (name, about, content): (&str, About, &Content),
) -> Result<Facts> {
    let tenant = tenants::find_tenant(ctx).await?;
    let booking = match &params.booking_id {
        Some(booking_id) if about == About::Booking => Some(booking(ctx, booking_id).await?),
        _ => None,
    };
    // A booking that lacks something is to show what then goes out, so only what is given with a message is a sample.
    let mut facts = match &booking {
        Some(_) => Facts::samples(&[], &content.variables),
        None => Facts::samples(&catalogue::known(name, about), &content.variables),
    };
    facts.set("business", &tenant.name);
    let of_booking = booking.as_ref().map(|(_, customer_id)| customer_id);
    let Some(customer_id) = of_booking.or(params.customer_id.as_ref()) else {
        return Ok(facts);
    };
    let (first_name, last_name) = names(ctx, customer_id).await?;
    facts.set("first_name", first_name.as_deref().unwrap_or_default());
    facts.set("last_name", last_name.as_deref().unwrap_or_default());
    Ok(match &booking {
        Some((record, _)) => facts.with_booking(&tenant, record),
        None => facts,
    })
}

async fn booking(ctx: &Ctx<'_>, booking_id: &str) -> Result<(BookingRecord, String)> {
    ctx.principal.require(Permission::BookingsRead)?;
    let statement = ctx.tx.prepare_cached(FIND_BOOKING).await?;
    let row = ctx
        .tx
        .query_opt(&statement, &[&ctx.tenant(), &booking_id])
        .await?;
    let unknown = || Refusal::not_found("booking-not-found", "there is no such booking");
    let row = row.ok_or_else(unknown)?;
    let state: Booking = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
    let record = *state.record.ok_or_else(unknown)?;
    Ok((record, row.try_get("customer_id")?))
}

async fn names(ctx: &Ctx<'_>, customer_id: &str) -> Result<(Option<String>, Option<String>)> {
    ctx.principal.require(Permission::CustomersRead)?;
    let statement = ctx.tx.prepare_cached(FIND_CUSTOMER).await?;
    let row = ctx
        .tx
        .query_opt(&statement, &[&ctx.tenant(), &customer_id])
        .await?;
    let unknown = || Refusal::not_found("customer-not-found", "there is no such customer");
    let row = row.ok_or_else(unknown)?;
    Ok((row.try_get("first_name")?, row.try_get("last_name")?))
}
