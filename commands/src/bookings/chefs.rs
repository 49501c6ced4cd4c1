//! Which chef comes: a free one who serves the zone, fewest zones first, then by id, so that chefs who can go anywhere
//! stay free for where only they can go. And, when none is free, which slots nearby have one.

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, RwLock};

use cqrs_es::Aggregate;
use domain::bookings::BookingRecord;
use domain::chefs::{Chef, SLOT_SCOPE, ZONE_SCOPE, slot_claim};
use domain::ids::{ChefId, TenantId};
use domain::refusal::Refusal;
use domain::slots::{DateRange, Slot, SlotTime};
use domain::values::ServiceZone;
use domain::zones;
use event_store::load::Load;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, OffsetDateTime};

use crate::Result;
use crate::work::{Facts, Loaded, Work};

/// The most chefs of one zone that are considered.
const MAX_CHEFS: usize = 200;
/// How many free slots a refusal offers.
const MAX_ALTERNATIVES: usize = 5;
/// How far before and after the wanted day free slots are looked for.
const ALTERNATIVE_DAYS: i64 = 14;
/// The most claims that are looked up to find them.
const MAX_CLAIMS_LOOKED_UP: usize = 2_000;
/// How many zones' chefs a process remembers; beyond it the memory starts anew.
const REMEMBERED_ZONES: usize = 10_000;

/// The chefs last seen in each zone: a guess that lets them be loaded together with everything else. A wrong guess costs
/// another wait or another attempt, never a wrong answer: handles and claims decide.
static SEEN: LazyLock<RwLock<SeenChefs>> = LazyLock::new(RwLock::default);

type SeenChefs = HashMap<(TenantId, ServiceZone), Vec<String>>;

/// What to look up to find a chef: the zone's handles, and the chefs and claims that they will probably name.
pub fn wanted(facts: &Facts, zone: &ServiceZone, time: Option<(Date, Slot)>) -> Load {
    let seen = seen(&facts.tenant_id, zone);
    let claim = |id: &String| {
        time.map(|(date, slot)| (SLOT_SCOPE, slot_claim(&ChefId::new(id.clone()), date, slot)))
    };
    Load {
        handles: vec![(ZONE_SCOPE, zone.as_str().to_owned())],
        claims: seen.iter().filter_map(claim).collect(),
        streams: seen.iter().map(|id| (Chef::TYPE, id.clone(), 0)).collect(),
        ..Load::default()
    }
}

/// The chefs who serve `zone`, in the order in which they are asked.
pub async fn serving(work: &mut Work, zone: &ServiceZone) -> Result<Vec<Loaded<Chef>>> {
    let mut ids = work.wanted_handles(ZONE_SCOPE, zone.as_str());
    if ids.is_empty() {
        ids = work.find_handles(ZONE_SCOPE, zone.as_str()).await?;
    }
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(MAX_CHEFS);
    let streams = ids.iter().map(|id| (Chef::TYPE, id.clone(), 0)).collect();
    work.fetch(Load {
        streams,
        ..Load::default()
    })
    .await?;
    let mut chefs = Vec::with_capacity(ids.len());
    for id in &ids {
        chefs.push(work.load::<Chef>(id).await?);
    }
    chefs.retain(|chef| chef.state.serves(zone));
    chefs.sort_by(|one, two| {
        (one.state.zones.len(), &one.id).cmp(&(two.state.zones.len(), &two.id))
    });
    Ok(chefs)
}

/// The first of `chefs` who works then and is not taken.
pub async fn find_free(
    work: &mut Work,
    chefs: &[Loaded<Chef>],
    zone: &ServiceZone,
    (date, slot): (Date, Slot),
) -> Result<Option<ChefId>> {
    let party_minutes = work.tenant().settings.party_minutes;
    let at_work: Vec<ChefId> = chefs
        .iter()
        .filter(|chef| chef.state.works(date, slot, party_minutes))
        .map(|chef| ChefId::new(chef.id.clone()))
        .collect();
    let seen = seen(work.ctx.tenant_id(), zone);
    let taken: HashSet<String> = if at_work
        .iter()
        .all(|id| seen.iter().any(|seen| seen == id.as_str()))
    {
        let claims = at_work.iter().map(|id| slot_claim(id, date, slot));
        claims
            .filter(|claim| work.wanted_claim(SLOT_SCOPE, claim).is_some())
            .collect()
    } else {
        let claims: Vec<_> = at_work
            .iter()
            .map(|id| (SLOT_SCOPE, slot_claim(id, date, slot)))
            .collect();
        work.find_claims(&claims)
            .await?
            .into_iter()
            .map(|held| held.value)
            .collect()
    };
    remember(work.ctx.tenant_id(), zone, chefs);
    Ok(at_work
        .into_iter()
        .find(|id| !taken.contains(&slot_claim(id, date, slot))))
}

/// As `find_free`, always looking afresh; for commands that did not name the slot beforehand.
pub async fn find_free_now(
    work: &mut Work,
    chefs: &[Loaded<Chef>],
    at: (Date, Slot),
) -> Result<Option<ChefId>> {
    Ok(all_free_now(work, chefs, at).await?.into_iter().next())
}

/// Who else could do the party of a booking: chefs who are free then and serve its zone, as alternatives of a refusal.
pub async fn alternative_chefs(work: &mut Work, record: &BookingRecord) -> Result<Vec<Value>> {
    let serving = serving(work, &record.zone).await?;
    let free = all_free_now(work, &serving, (record.date, record.slot)).await?;
    // Whoever is held for the booking without being named can be named as well.
    let held = &record.held_chef_id;
    let is_held = record.chef_id.is_none() && serving.iter().any(|chef| chef.id == held.as_str());
    let held = is_held.then(|| held.clone());
    let alternatives = held.into_iter().chain(free).take(MAX_ALTERNATIVES);
    Ok(alternatives
        .map(|chef_id| json!({ "chef_id": chef_id }))
        .collect())
}

async fn all_free_now(
    work: &mut Work,
    chefs: &[Loaded<Chef>],
    (date, slot): (Date, Slot),
) -> Result<Vec<ChefId>> {
    let party_minutes = work.tenant().settings.party_minutes;
    let at_work = chefs
        .iter()
        .filter(|chef| chef.state.works(date, slot, party_minutes));
    let at_work: Vec<ChefId> = at_work.map(|chef| ChefId::new(chef.id.clone())).collect();
    let claims: Vec<_> = at_work
        .iter()
        .map(|id| (SLOT_SCOPE, slot_claim(id, date, slot)))
        .collect();
    let held = work.find_claims(&claims).await?;
    let is_free = |id: &ChefId| {
        let claim = slot_claim(id, date, slot);
        held.iter().all(|held| held.value != claim)
    };
    Ok(at_work.into_iter().filter(is_free).collect())
}

/// The refusal `slot-unavailable`, with the nearest free slots of the same zone.
pub async fn refuse_slot(
    work: &mut Work,
    chefs: &[Loaded<Chef>],
    zone: &ServiceZone,
    (date, wanted): (Date, SlotTime),
) -> Result<Refusal> {
    let alternatives = alternatives(work, chefs, zone, (date, wanted)).await?;
    let detail = format!("no chef is free in {zone} on {date} at {}", wanted.slot);
    Ok(Refusal::conflict("slot-unavailable", detail).with_alternatives(alternatives))
}

async fn alternatives(
    work: &mut Work,
    chefs: &[Loaded<Chef>],
    zone: &ServiceZone,
    (date, wanted): (Date, SlotTime),
) -> Result<Vec<Value>> {
    let candidates = candidates(work, chefs, date, wanted.starts_at);
    let claims: Vec<_> = candidates
        .iter()
        .flat_map(|candidate| &candidate.claims)
        .take(MAX_CLAIMS_LOOKED_UP)
        .map(|claim| (SLOT_SCOPE, claim.clone()))
        .collect();
    let looked_up: HashSet<&String> = claims.iter().map(|(_, claim)| claim).collect();
    let taken: HashSet<String> = work
        .find_claims(&claims)
        .await?
        .into_iter()
        .map(|held| held.value)
        .collect();
    let is_free = |claim: &String| looked_up.contains(claim) && !taken.contains(claim);
    Ok(candidates
        .iter()
        .filter(|candidate| candidate.claims.iter().any(is_free))
        .take(MAX_ALTERNATIVES)
        .map(|candidate| {
            let starts_at = candidate.time.starts_at.format(&Rfc3339).unwrap_or_default();
            json!({ "date": candidate.date.to_string(), "slot": candidate.time.slot, "zone": zone, "starts_at": starts_at })
        })
        .collect())
}

/// A slot that some chef works, with the claim of each who does.
struct Candidate {
    date: Date,
    time: SlotTime,
    claims: Vec<String>,
}

/// Slots to come around `wanted`, nearest first.
fn candidates(
    work: &Work,
    chefs: &[Loaded<Chef>],
    date: Date,
    wanted: OffsetDateTime,
) -> Vec<Candidate> {
    let settings = &work.tenant().settings;
    let (today, window) = (
        zones::local_date(&settings.time_zone, work.ctx.now),
        Duration::days(ALTERNATIVE_DAYS),
    );
    let Ok(days) = DateRange::new(today.max(date - window), (date + window).max(today)) else {
        return Vec::new();
    };
    let earliest = work.ctx.now + Duration::minutes(domain::bookings::MIN_CHECKOUT_NOTICE_MINUTES);
    let mut candidates = Vec::new();
    for date in days.days() {
        let working: Vec<_> = chefs
            .iter()
            .filter(|chef| !chef.state.is_off(date))
            .collect();
        for time in settings
            .slots_on(date)
            .into_iter()
            .filter(|time| time.starts_at >= earliest)
        {
            let claims: Vec<String> = working
                .iter()
                .filter(|chef| chef.state.works(date, time.slot, settings.party_minutes))
                .map(|chef| slot_claim(&ChefId::new(chef.id.clone()), date, time.slot))
                .collect();
            if !claims.is_empty() {
                candidates.push(Candidate { date, time, claims });
            }
        }
    }
    candidates.sort_by_key(|candidate| (candidate.time.starts_at - wanted).abs());
    candidates
}

fn seen(tenant_id: &TenantId, zone: &ServiceZone) -> Vec<String> {
    let key = (tenant_id.clone(), zone.clone());
    SEEN.read()
        .ok()
        .and_then(|seen| seen.get(&key).cloned())
        .unwrap_or_default()
}

fn remember(tenant_id: &TenantId, zone: &ServiceZone, chefs: &[Loaded<Chef>]) {
    let ids: Vec<String> = chefs.iter().map(|chef| chef.id.clone()).collect();
    if self::seen(tenant_id, zone) == ids {
        return;
    }
    if let Ok(mut seen) = SEEN.write() {
        if seen.len() >= REMEMBERED_ZONES {
            seen.clear();
        }
        seen.insert((tenant_id.clone(), zone.clone()), ids);
    }
}
