//! Journeys: what the business does by itself for a customer after something has happened, step by step, over days. A journey
//! is YAML that people review; each change is a version, and whoever is under way keeps the version they began with.

pub mod definition;
pub mod events;
pub mod expressions;
pub mod facts;
mod rules;
mod steps;
mod tokens;
pub mod walk;
pub mod yaml;

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::events::JourneyEvent;
use crate::effects::Effect;
use crate::noun::{ClaimChanges, Key, Noun};
use crate::refusal::Refusal;

/// Handle: every journey that was ever defined, so that there is an end to them.
pub const EVERY_SCOPE: &str = "journey";
/// The value of that handle.
pub const EVERY: &str = "*";
/// The most journeys of one tenant.
pub const MAX_JOURNEYS: usize = 200;
/// The longest definition.
pub const MAX_SOURCE_BYTES: usize = 16_384;
/// Steps of one journey, those within others too.
pub const MAX_STEPS: usize = 200;
/// Versions of one journey.
pub const MAX_VERSIONS: usize = 100;

/// A journey. Its id is its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    pub standing: JourneyStanding,
    /// By version, as they were written.
    pub versions: BTreeMap<u32, Version>,
    /// The version that new runs begin with, or began with until the journey was disabled.
    pub enabled_version: Option<u32>,
    /// What became of those under way when the journey was disabled.
    pub in_flight: InFlight,
}

/// One version; it never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// YAML.
    pub definition: String,
    /// The event that begins a run.
    pub trigger: String,
    /// Events that a run may listen to.
    pub hears: Vec<String>,
    pub defined_by: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JourneyStanding {
    /// Never heard of.
    #[default]
    Unknown,
    /// Never enabled.
    Defined,
    Enabled,
    Disabled,
}

/// What becomes of those under way when a journey is disabled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InFlight {
    /// They end at their next step, which is not taken.
    #[default]
    Stop,
    /// They go on to their end.
    Finish,
}

#[derive(Clone, Debug, PartialEq)]
pub enum JourneyCommand {
    Define {
        number: u32,
        version: Box<Version>,
    },
    /// The newest version unless one is named.
    Enable {
        version: Option<u32>,
    },
    Disable {
        in_flight: InFlight,
    },
}

impl Journey {
    /// Refuses a journey that never was.
    pub fn require(&self) -> Result<&Self, Refusal> {
        match self.standing {
            JourneyStanding::Unknown => Err(Refusal::not_found(
                "journey-not-found",
                "there is no such journey",
            )),
            _ => Ok(self),
        }
    }

    pub fn newest(&self) -> Option<u32> {
        self.versions.keys().next_back().copied()
    }

    /// The version that new runs begin with, while it is enabled.
    pub fn in_force(&self) -> Option<(u32, &Version)> {
        let number = self
            .enabled_version
            .filter(|_| self.standing == JourneyStanding::Enabled)?;
        self.versions.get(&number).map(|version| (number, version))
    }

    /// Whether those under way are to end.
    pub fn stops_runs(&self) -> bool {
        self.standing == JourneyStanding::Disabled && self.in_flight == InFlight::Stop
    }
}

impl Aggregate for Journey {
    const TYPE: &'static str = "journey";
    type Command = JourneyCommand;
    type Event = JourneyEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: JourneyCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: JourneyEvent) {
        match event {
            JourneyEvent::JourneyDefined { number, version } => {
                if self.standing == JourneyStanding::Unknown {
                    self.standing = JourneyStanding::Defined;
                }
                self.versions.insert(number, *version);
            }
            JourneyEvent::JourneyEnabled { version } => {
                self.standing = JourneyStanding::Enabled;
                self.enabled_version = Some(version);
            }
            JourneyEvent::JourneyDisabled { in_flight } => {
                self.standing = JourneyStanding::Disabled;
                self.in_flight = in_flight;
            }
        }
    }
}

impl Noun for Journey {
    fn claims(&self, _id: &str, event: &JourneyEvent) -> ClaimChanges {
        match event {
            JourneyEvent::JourneyDefined { .. } => ClaimChanges {
                handles: vec![Key::new(EVERY_SCOPE, EVERY)],
                drop_handles: vec![EVERY_SCOPE],
                ..ClaimChanges::default()
            },
            JourneyEvent::JourneyEnabled { .. } | JourneyEvent::JourneyDisabled { .. } => {
                ClaimChanges::default()
            }
        }
    }

    fn effects(&self, _id: &str, _event: &JourneyEvent) -> Vec<Effect> {
        Vec::new()
    }
}
