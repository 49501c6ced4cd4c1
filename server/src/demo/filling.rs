//! Fills a business's tenant with its history, by the same commands as everybody's, in import mode: nothing reaches the
//! world. Each command has a key that never changes, so a fill that was interrupted goes on where it stopped.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use commands::context::{Context, Mode};
use commands::dispatch::{Dispatcher, Request, Run};
use domain::ids::TenantId;
use domain::noun::Noun;
use domain::tenants::Tenant;
use domain::zones::TimeZoneName;
use event_store::error::Error;
use event_store::recorded::Recorded;
use futures_util::{StreamExt, TryStreamExt, stream};
use identity::principals::Principal;
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::businesses::Business;
use super::calendars::Calendar;
use super::deeds::{Deed, resolve};
use super::{histories, inquiries, journeys};
use crate::database::Reason;

/// The key of the first command, and of the last one, by whose event a filled tenant is known.
const OPENING: &str = "demo:opening";
/// What the settings of today are sent under.
const TALKING: &str = "demo:assistant";
const CLOSING: &str = "demo:closing";
/// How many lanes of one day are told side by side.
pub(super) const LANES_AT_ONCE: usize = 6;
/// How often the log says how far it is, in commands.
const PROGRESS_EVERY: usize = 500;

/// The tenant of a business, made now or before.
pub(super) struct Opened {
    pub business: &'static Business,
    pub tenant_id: TenantId,
    calendar: Calendar,
    standing: Standing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Filled,
    ToFill,
}

/// Finds the tenant of a business, or makes it.
pub(super) async fn open(
    dispatcher: &Dispatcher,
    business: &'static Business,
) -> Result<Opened, Reason> {
    let time_zone = TimeZoneName::parse(business.time_zone)?;
    let found = dispatcher
        .store
        .directory
        .find_by_slug(business.slug)
        .await?;
    let history = Duration::days(business.history_days + 1);
    let Some(tenant_id) = found else {
        let (tenant_id, anchor) = (
            TenantId::from(Uuid::now_v7()),
            whole_seconds(OffsetDateTime::now_utc()),
        );
        let calendar = Calendar::new(time_zone, anchor);
        let principal = Principal::system(tenant_id.clone());
        let opening = request(
            principal,
            OPENING,
            "create-tenant",
            business.opening(),
            anchor - history,
        );
        dispatcher.dispatch(&opening).await?;
        return Ok(Opened {
            business,
            tenant_id,
            calendar,
            standing: Standing::ToFill,
        });
    };
    let events = events_of::<Tenant>(dispatcher, &tenant_id).await?;
    let Some(first) = events
        .first()
        .filter(|first| first.correlation_id == OPENING)
    else {
        let detail = format!(
            "the slug {} belongs to a tenant that the demo did not make",
            business.slug
        );
        return Err(detail.into());
    };
    // The first fill's moment stands in its first event: bodies of commands that are sent again are equal.
    let calendar = Calendar::new(time_zone, first.occurred_at + history);
    let is_filled = events.iter().any(|event| event.correlation_id == CLOSING);
    let standing = if is_filled {
        Standing::Filled
    } else {
        Standing::ToFill
    };
    Ok(Opened {
        business,
        tenant_id,
        calendar,
        standing,
    })
}

/// Tells the tenant's whole history, unless it has been told.
pub(super) async fn fill(dispatcher: &Dispatcher, opened: &Opened) -> Result<(), Reason> {
    if opened.standing == Standing::Filled {
        return Ok(());
    }
    let begun = Instant::now();
    let Opened {
        business,
        tenant_id,
        calendar,
        ..
    } = opened;
    let deeds = histories::plan(business, calendar)?;
    tracing::info!(
        tenant = business.slug,
        commands = deeds.len(),
        "filling the demo"
    );
    let mut filling = Filling {
        dispatcher,
        tenant_id,
        known: HashMap::new(),
        told: 0,
        refused: 0,
    };
    for lanes in days(deeds, calendar) {
        filling.tell_day(business.slug, lanes).await?;
    }
    inquiries::judge(dispatcher, tenant_id, &filling.known, calendar).await?;
    journeys::tell(dispatcher, tenant_id, (&filling.known, calendar.anchor)).await?;
    if let Some(settings) = business.settings_of_today() {
        let talking = request(
            Principal::system(tenant_id.clone()),
            TALKING,
            "update-settings",
            settings,
            calendar.anchor,
        );
        dispatcher.dispatch(&talking).await?;
    }
    let prices = serde_json::to_value(business.price_book_of_today())?;
    let closing = request(
        Principal::system(tenant_id.clone()),
        CLOSING,
        "set-price-book",
        prices,
        calendar.anchor,
    );
    dispatcher.dispatch(&closing).await?;
    let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (commands, refused) = (filling.told, filling.refused);
    tracing::info!(
        tenant = business.slug,
        commands,
        refused,
        elapsed_ms,
        "the demo is filled"
    );
    Ok(())
}

struct Filling<'a> {
    dispatcher: &'a Dispatcher,
    tenant_id: &'a TenantId,
    /// What answers have brought, by the names that later deeds use.
    known: HashMap<String, Value>,
    told: usize,
    refused: usize,
}

/// What one lane of a day has come to.
#[derive(Default)]
struct Told {
    names: HashMap<String, Value>,
    told: usize,
    refused: usize,
}

impl Filling<'_> {
    /// One day: lanes side by side, each in order. The next day begins when all have ended.
    async fn tell_day(&mut self, slug: &str, lanes: Vec<Vec<Deed>>) -> Result<(), Reason> {
        let before = self.told / PROGRESS_EVERY;
        let lanes: Vec<Told> = stream::iter(lanes.into_iter().map(|lane| tell_lane(self, lane)))
            .buffer_unordered(LANES_AT_ONCE)
            .try_collect()
            .await?;
        for lane in lanes {
            self.known.extend(lane.names);
            self.told += lane.told;
            self.refused += lane.refused;
        }
        if self.told / PROGRESS_EVERY > before {
            tracing::info!(tenant = slug, commands = self.told, "filling the demo");
        }
        Ok(())
    }
}

/// A refusal is a hole in the story, and no reason not to start.
async fn tell_lane(filling: &Filling<'_>, lane: Vec<Deed>) -> Result<Told, Reason> {
    let mut told = Told::default();
    for deed in lane {
        let mut known = filling.known.clone();
        known.extend(told.names.clone());
        let body = match resolve(&deed.body, &known) {
            Ok(body) => body,
            Err(name) => {
                tracing::debug!(
                    key = deed.key,
                    name,
                    "left out, because what it is about is not there"
                );
                told.refused += 1;
                continue;
            }
        };
        let principal = Principal::system(filling.tenant_id.clone());
        let request = request(principal, &deed.key, deed.command, body, deed.at);
        match filling.dispatcher.dispatch(&request).await {
            Ok(answer) => {
                told.told += 1;
                told.names.extend(names(&deed, &answer.body)?);
            }
            Err(Error::Refused(refusal)) => {
                told.refused += 1;
                tracing::warn!(
                    key = deed.key,
                    command = deed.command,
                    code = refusal.code,
                    "left out of the demo"
                );
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(told)
}

fn names(deed: &Deed, answer: &str) -> Result<Vec<(String, Value)>, Reason> {
    if deed.yields.is_empty() {
        return Ok(Vec::new());
    }
    let answer: Value = serde_json::from_str(answer)?;
    let named = deed.yields.iter().filter_map(|(pointer, name)| {
        let field = answer.get("result")?.pointer(pointer)?;
        Some((name.clone(), field.clone()))
    });
    Ok(named.collect())
}

/// Deeds by day, and within it by lane; in order all the way down.
fn days(deeds: Vec<Deed>, calendar: &Calendar) -> Vec<Vec<Vec<Deed>>> {
    let mut days: BTreeMap<i64, BTreeMap<String, Vec<Deed>>> = BTreeMap::new();
    for deed in deeds {
        days.entry(calendar.day_of(deed.at))
            .or_default()
            .entry(deed.lane.clone())
            .or_default()
            .push(deed);
    }
    days.into_values()
        .map(|lanes| lanes.into_values().collect())
        .collect()
}

/// The key is the correlation id as well: events tell which deed they come from.
pub(super) fn request(
    principal: Principal,
    key: &str,
    name: &str,
    body: Value,
    at: OffsetDateTime,
) -> Request {
    let command_id = Uuid::now_v7().to_string();
    let ctx = Context {
        principal,
        now: at,
        mode: Mode::Import,
        correlation_id: key.to_owned(),
        causation_id: command_id.clone(),
        command_id,
        if_match: None,
        source_address: None,
    };
    Request {
        ctx,
        name: name.to_owned(),
        body,
        key: Some(key.to_owned()),
        run: Run::Real,
    }
}

/// The events of the tenant's own stream.
async fn events_of<N: Noun>(
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
) -> Result<Vec<Recorded>, Reason> {
    let stream = (N::TYPE, tenant_id.as_str());
    Ok(dispatcher.store.read_stream(tenant_id, stream, 0).await?)
}

/// PostgreSQL keeps microseconds; what comes back must be equal.
fn whole_seconds(instant: OffsetDateTime) -> OffsetDateTime {
    instant.replace_nanosecond(0).unwrap_or(instant)
}
