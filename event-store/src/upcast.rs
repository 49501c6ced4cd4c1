//! Reading events of every version: a stored payload is taken, version by version, to the shape that the program has
//! today. All decoding goes through here, so that no reader can forget it.

use std::borrow::Cow;

use domain::evolution::{self, Upcaster, current_version};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Result, error::Error};

/// The upcasters that a reader applies.
#[derive(Clone, Copy, Debug)]
pub struct Upcasters(&'static [Upcaster]);

/// What is needed of an event to decode it.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    pub aggregate_type: &'a str,
    pub event_type: &'a str,
    pub event_version: &'a str,
    /// JSON text.
    pub payload: &'a str,
    pub position: i64,
}

impl Upcasters {
    /// Upcasters of the caller's own, for aggregates that are not the domain's.
    pub const fn new(upcasters: &'static [Upcaster]) -> Self {
        Self(upcasters)
    }

    /// Those of the domain.
    pub const fn domain() -> Self {
        Self(evolution::UPCASTERS)
    }

    /// The event as the type `E` has it today. An error names the event and never quotes its payload.
    pub fn decode<E: DeserializeOwned>(&self, event: &Stored<'_>) -> Result<E> {
        let decoded = match self.steps(event).map_err(|why| refuse(event, &why))? {
            steps if steps.is_empty() => serde_json::from_str(event.payload),
            steps => {
                let payload = serde_json::from_str(event.payload)
                    .map_err(|error| refuse(event, &error.to_string()))?;
                let upcast = steps
                    .iter()
                    .try_fold(payload, |payload: Value, step| (step.upcast)(payload));
                serde_json::from_value(upcast.map_err(|why| refuse(event, &why))?)
            }
        };
        decoded.map_err(|error| refuse(event, &error.to_string()))
    }

    /// Why events of this type and version cannot be read by this program; `None` when they can.
    pub fn why_unreadable(
        &self,
        aggregate_type: &str,
        event_type: &str,
        event_version: &str,
    ) -> Option<Cow<'static, str>> {
        let known = evolution::known_events();
        let Some((_, event_types)) = known.iter().find(|(name, _)| *name == aggregate_type) else {
            return Some("no aggregate of this type is known".into());
        };
        if !event_types.contains(&event_type) {
            return Some("no event of this type is known".into());
        }
        self.chain(aggregate_type, event_type, event_version)
            .err()
            .map(Into::into)
    }

    /// The upcasters to apply, in order; none for an event of today.
    fn steps(&self, event: &Stored<'_>) -> std::result::Result<Vec<&Upcaster>, String> {
        let (kind, name) = (event.aggregate_type, event.event_type);
        let has_any = self
            .0
            .iter()
            .any(|upcaster| upcaster.event_type == name && upcaster.aggregate_type == kind);
        // Most events are of a type that has never changed; they pay for no more than this look.
        if !has_any && event.event_version == "1" {
            return Ok(Vec::new());
        }
        let is_ours = || {
            evolution::known_events()
                .iter()
                .any(|(known, _)| *known == kind)
        };
        // What somebody else's aggregate calls its versions is not for us to judge.
        if !has_any && !is_ours() {
            return Ok(Vec::new());
        }
        self.chain(kind, name, event.event_version)
    }

    fn chain(
        &self,
        aggregate_type: &str,
        event_type: &str,
        event_version: &str,
    ) -> std::result::Result<Vec<&Upcaster>, String> {
        let current = current_version(self.0, aggregate_type, event_type);
        let version: u32 = match event_version.parse() {
            Ok(version) if version >= evolution::FIRST_VERSION => version,
            _ => return Err("its version is not a number from 1 on".to_owned()),
        };
        if version > current {
            return Err(format!("this binary knows versions up to {current}"));
        }
        let find = |from: u32| {
            self.0
                .iter()
                .find(|one| {
                    one.from == from
                        && one.event_type == event_type
                        && one.aggregate_type == aggregate_type
                })
                .ok_or_else(|| format!("there is no upcaster from version {from}"))
        };
        (version..current).map(find).collect()
    }
}

fn refuse(event: &Stored<'_>, why: &str) -> Error {
    Error::internal(format!(
        "event {} {} version {} at position {} does not decode: {why}",
        event.aggregate_type, event.event_type, event.event_version, event.position
    ))
}
