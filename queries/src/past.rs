//! Time travel: one record as the log told it at an earlier position or time, folded from its stream and from nothing
//! else. A stream is short, so no index is needed for it; lists show the present only.

use cqrs_es::Aggregate;
use domain::chefs::Chef;
use domain::customers::Customer;
use domain::refusal::Refusal;
use domain::sealed::Sealed;
use event_store::Result;
use event_store::error::Error;
use event_store::recorded::Recorded;
use event_store::vault::SubjectKey;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::ask::Ctx;
use crate::bookings::item::full_name;
use crate::params::refuse_one;

/// The name of the parameter.
pub(crate) const PARAMETER: &str = "as_of";

/// The longest stream that is folded; nothing of ours comes near it.
const MAX_EVENTS: i64 = 10_000;
/// Streams that are read at once.
const GROUP_STREAMS: usize = 50;

/// Only what was there then: by position, or by when the database wrote it down.
const LIST_STREAM: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events
    where tenant_id = $1 and aggregate_type = $2 and aggregate_id = $3
        and ($4::bigint is null or position <= $4) and ($5::timestamptz is null or recorded_at <= $5)
    order by sequence limit $6";

/// As above, for many streams of one kind, one after the other.
const LIST_STREAMS: &str = "
    select e.position, e.tenant_id, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version, e.payload,
        e.metadata, e.occurred_at, e.recorded_at, e.command_id, e.correlation_id, e.causation_id, e.actor
    from unnest($3::text[]) as k (id)
    join events e on e.tenant_id = $1 and e.aggregate_type = $2 and e.aggregate_id = k.id
    where ($4::bigint is null or e.position <= $4) and ($5::timestamptz is null or e.recorded_at <= $5)
    order by e.aggregate_id, e.sequence limit $6";

/// A moment of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    Position(i64),
    Time(OffsetDateTime),
}

impl AsOf {
    /// Reads a position (as commands and queries answer it) or a time (RFC 3339); else refused with 400
    /// `parameters-invalid`.
    pub fn parse(text: &str) -> std::result::Result<Self, Refusal> {
        if let Ok(position) = text.parse::<i64>()
            && position >= 0
        {
            return Ok(Self::Position(position));
        }
        OffsetDateTime::parse(text, &Rfc3339)
            .map(Self::Time)
            .map_err(|_| {
                let message = "give a position, or a time such as 2026-05-01T12:00:00Z";
                refuse_one(PARAMETER, "as-of-invalid", message)
            })
    }

    /// The position, unless it is a time.
    pub fn position(self) -> Option<i64> {
        match self {
            Self::Position(position) => Some(position),
            Self::Time(_) => None,
        }
    }

    /// The time, unless it is a position.
    pub fn time(self) -> Option<OffsetDateTime> {
        match self {
            Self::Position(_) => None,
            Self::Time(time) => Some(time),
        }
    }
}

/// An aggregate as it was.
pub(crate) struct Then<A> {
    pub state: A,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
    pub sequence: i64,
}

impl<A: Aggregate> Then<A> {
    fn begin(first: &Recorded) -> Self {
        Self {
            state: A::default(),
            created_at: first.occurred_at,
            updated_at: first.occurred_at,
            sequence: 0,
        }
    }

    fn add(&mut self, recorded: &Recorded) -> Result<A::Event> {
        let event: A::Event = recorded.decode()?;
        self.state.apply(event.clone());
        self.updated_at = recorded.occurred_at;
        self.sequence = recorded.sequence;
        Ok(event)
    }
}

/// An aggregate as it was, with the events that made it so.
pub(crate) struct Lived<A: Aggregate> {
    pub id: String,
    pub then: Then<A>,
    /// Each with when it happened.
    pub events: Vec<(A::Event, OffsetDateTime)>,
}

/// Looks back from one query.
pub(crate) struct Past<'c, 'a> {
    ctx: &'c Ctx<'a>,
    as_of: AsOf,
}

impl<'c, 'a> Past<'c, 'a> {
    /// The past that the caller asks for, if so.
    pub fn of(ctx: &'c Ctx<'a>, as_of: Option<&str>) -> Result<Option<Self>> {
        let as_of = as_of.map(AsOf::parse).transpose()?;
        Ok(as_of.map(|as_of| Self { ctx, as_of }))
    }

    /// The present, as the log has it.
    pub fn newest(ctx: &'c Ctx<'a>) -> Self {
        let as_of = AsOf::Position(i64::MAX);
        Self { ctx, as_of }
    }

    /// The aggregate as it was; `None` where it did not exist yet.
    pub async fn find<A: Aggregate>(&self, id: &str) -> Result<Option<Then<A>>> {
        let statement = self.ctx.tx.prepare_cached(LIST_STREAM).await?;
        let (position, time) = (self.as_of.position(), self.as_of.time());
        let rows = self
            .ctx
            .tx
            .query(
                &statement,
                &[
                    &self.ctx.tenant(),
                    &A::TYPE,
                    &id,
                    &position,
                    &time,
                    &MAX_EVENTS,
                ],
            )
            .await?;
        if i64::try_from(rows.len()).is_ok_and(|events| events == MAX_EVENTS) {
            return Err(Error::internal(format!("the stream of {id} is too long")));
        }
        let mut found: Option<Then<A>> = None;
        for recorded in rows.iter().map(Recorded::from_row) {
            let then = found.get_or_insert_with(|| Then::begin(&recorded));
            then.add(&recorded)?;
        }
        Ok(found)
    }

    /// Those of these aggregates that existed then, in the order of their ids. They are asked for in groups, each of which
    /// may have `MAX_EVENTS`.
    pub async fn find_all<A: Aggregate>(&self, ids: &[String]) -> Result<Vec<Lived<A>>> {
        let statement = self.ctx.tx.prepare_cached(LIST_STREAMS).await?;
        let (position, time) = (self.as_of.position(), self.as_of.time());
        let mut found: Vec<Lived<A>> = Vec::new();
        for group in ids.chunks(GROUP_STREAMS) {
            let rows = self
                .ctx
                .tx
                .query(
                    &statement,
                    &[
                        &self.ctx.tenant(),
                        &A::TYPE,
                        &group,
                        &position,
                        &time,
                        &MAX_EVENTS,
                    ],
                )
                .await?;
            if i64::try_from(rows.len()).is_ok_and(|events| events == MAX_EVENTS) {
                return Err(Error::internal("the streams of a group are too long"));
            }
            for recorded in rows.iter().map(Recorded::from_row) {
                if found
                    .last()
                    .is_none_or(|last| last.id != recorded.aggregate_id)
                {
                    found.push(Lived {
                        id: recorded.aggregate_id.clone(),
                        then: Then::begin(&recorded),
                        events: Vec::new(),
                    });
                }
                if let Some(last) = found.last_mut() {
                    let event = last.then.add(&recorded)?;
                    last.events.push((event, recorded.occurred_at));
                }
            }
        }
        Ok(found)
    }

    /// The moment that is looked back to.
    pub fn as_of(&self) -> AsOf {
        self.as_of
    }

    /// A customer's name as it was; empty when it was unknown, or has been erased since.
    pub async fn customer_name(&self, customer_id: &str) -> Result<String> {
        let Some(then) = self.find::<Customer>(customer_id).await? else {
            return Ok(String::new());
        };
        let (first, last) = self.names(customer_id, &then.state).await?;
        Ok(full_name(&first, &last))
    }

    /// First and last name of a customer in this state; empty where unknown, or erased since.
    pub async fn names(&self, customer_id: &str, state: &Customer) -> Result<(String, String)> {
        let key = self.key(customer_id).await?;
        let open = |field: &str, sealed: Option<&Sealed>| {
            key.as_ref()
                .zip(sealed)
                .and_then(|(key, sealed)| key.open(field, sealed))
                .unwrap_or_default()
        };
        Ok((
            open("first_name", state.first_name.as_ref()),
            open("last_name", state.last_name.as_ref()),
        ))
    }

    /// A chef's name as it was.
    pub async fn chef_name(&self, chef_id: &str) -> Result<Option<String>> {
        let Some(then) = self.find::<Chef>(chef_id).await? else {
            return Ok(None);
        };
        let key = self.key(chef_id).await?;
        Ok(key.and_then(|key| key.open("name", &then.state.name)))
    }

    async fn key(&self, subject: &str) -> Result<Option<SubjectKey>> {
        let tenant_id = &self.ctx.principal.tenant_id;
        let found = self.ctx.store.subject_keys(tenant_id, &[subject]).await?;
        Ok(found.into_iter().next().map(|(_, key)| key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_position_or_a_time() {
        assert_eq!(AsOf::parse("4711").unwrap(), AsOf::Position(4711));
        let time = AsOf::parse("2026-05-01T12:00:00Z").unwrap();
        assert_eq!(time.time().unwrap().unix_timestamp(), 1_777_636_800);
        for wrong in ["-1", "", "yesterday", "2026-05-01"] {
            assert_eq!(
                AsOf::parse(wrong).unwrap_err().errors[0].code,
                "as-of-invalid"
            );
        }
    }
}
