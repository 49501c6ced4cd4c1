//! How events that were written long ago become the events of today. An event is known by its type and version; each
//! upcaster is a pure function over JSON that takes one version to the next, and they are chained.
//!
//! To change an event's shape in a way that serde's defaults cannot carry: register its upcaster here, change the type,
//! add a sample of the new version to `schema/events`, and keep the sample of the old one. The version that is written
//! follows from the upcasters, so the two cannot disagree.

use cqrs_es::Aggregate;
use serde::de::value::Error as NamesError;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde_json::Value;

use crate::access::Access;
use crate::approvals::Approval;
use crate::assistant_runs::AssistantRun;
use crate::bookings::Booking;
use crate::bulk_runs::BulkRun;
use crate::chefs::Chef;
use crate::conversations::Conversation;
use crate::customers::Customer;
use crate::facts::FactSheet;
use crate::imports::Import;
use crate::journey_runs::JourneyRun;
use crate::journeys::Journey;
use crate::operations::Operation;
use crate::payments::Payment;
use crate::templates::Template;
use crate::tenants::Tenant;
use crate::views::View;
use crate::webhook_endpoints::WebhookEndpoint;

/// The version of an event that has never changed its shape.
pub const FIRST_VERSION: u32 = 1;

/// Takes one event type from a version to the next.
#[derive(Clone, Copy, Debug)]
pub struct Upcaster {
    pub aggregate_type: &'static str,
    pub event_type: &'static str,
    /// The version that it reads; it answers the next one.
    pub from: u32,
    /// The whole payload, `{"<event type>": {…}}`; an error says what is wrong with it, without quoting it.
    pub upcast: fn(Value) -> Result<Value, String>,
}

/// Every upcaster of the domain.
pub const UPCASTERS: &[Upcaster] = &[];

/// The version in which this event is written by a program with these upcasters.
pub fn current_version(upcasters: &[Upcaster], aggregate_type: &str, event_type: &str) -> u32 {
    upcasters
        .iter()
        .filter(|upcaster| {
            upcaster.event_type == event_type && upcaster.aggregate_type == aggregate_type
        })
        .map(|upcaster| upcaster.from + 1)
        .max()
        .unwrap_or(FIRST_VERSION)
}

/// As events say it: the version in which the domain writes this event.
pub fn version(aggregate_type: &str, event_type: &str) -> String {
    current_version(UPCASTERS, aggregate_type, event_type).to_string()
}

/// What the domain can read: each aggregate type with the types of its events.
pub fn known_events() -> [(&'static str, &'static [&'static str]); 18] {
    fn of<A: Aggregate>() -> (&'static str, &'static [&'static str])
    where
        A::Event: DeserializeOwned,
    {
        (A::TYPE, event_types::<A::Event>())
    }
    [
        of::<Access>(),
        of::<AssistantRun>(),
        of::<Booking>(),
        of::<BulkRun>(),
        of::<Chef>(),
        of::<Conversation>(),
        of::<Customer>(),
        of::<FactSheet>(),
        of::<Operation>(),
        of::<Payment>(),
        of::<Template>(),
        of::<Tenant>(),
        of::<View>(),
        of::<Import>(),
        of::<Journey>(),
        of::<JourneyRun>(),
        of::<WebhookEndpoint>(),
        of::<Approval>(),
    ]
}

/// The names of an enum's variants, which are its event types, as serde has them.
fn event_types<E: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // It only looks at what it is asked for, and always ends with an error.
    let _ = E::deserialize(Names(&mut names));
    names
}

struct Names<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = NamesError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, NamesError> {
        Err(NamesError::custom("not an enum"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, NamesError> {
        *self.0 = variants;
        Err(NamesError::custom("only its names were wanted"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_events_of_every_noun_are_known_by_name() {
        let known = known_events();
        assert!(
            known.iter().all(|(_, events)| events.len() > 2),
            "{known:?}"
        );
        let chefs = known.iter().find(|(kind, _)| *kind == "chef");
        assert_eq!(chefs.map(|(_, events)| events[0]), Some("ChefAdded"));
    }

    #[test]
    fn every_version_before_the_current_one_has_its_upcaster() {
        for upcaster in UPCASTERS {
            let (kind, name) = (upcaster.aggregate_type, upcaster.event_type);
            for version in FIRST_VERSION..current_version(UPCASTERS, kind, name) {
                let found = UPCASTERS
                    .iter()
                    .filter(|one| one.aggregate_type == kind && one.event_type == name)
                    .filter(|one| one.from == version)
                    .count();
                assert_eq!(
                    found, 1,
                    "upcasters of {kind} {name} from version {version}"
                );
            }
        }
    }

    #[test]
    fn an_event_without_upcasters_is_of_the_first_version() {
        let upcasters = [Upcaster {
            aggregate_type: "dish",
            event_type: "DishNamed",
            from: 1,
            upcast: Ok,
        }];
        assert_eq!(current_version(&upcasters, "dish", "DishNamed"), 2);
        assert_eq!(current_version(&upcasters, "dish", "DishEaten"), 1);
        assert_eq!(current_version(&upcasters, "chef", "DishNamed"), 1);
    }
}
