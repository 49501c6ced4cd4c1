//! When a journey may be defined, enabled and disabled. Asking again for what is so already leads to no events.

use serde_json::json;

use super::events::JourneyEvent;
use super::{InFlight, Journey, JourneyCommand, JourneyStanding, MAX_VERSIONS, Version};
use crate::refusal::Refusal;

type Decision = Result<Vec<JourneyEvent>, Refusal>;

impl Journey {
    /// The events that `command` leads to.
    pub fn decide(&self, command: JourneyCommand) -> Decision {
        match command {
            JourneyCommand::Define { number, version } => self.define(number, version),
            JourneyCommand::Enable { version } => self.require()?.enable(version),
            JourneyCommand::Disable { in_flight } => Ok(self.require()?.disable(in_flight)),
        }
    }

    fn define(&self, number: u32, version: Box<Version>) -> Decision {
        if let Some(known) = self.versions.get(&number)
            && known.definition == version.definition
        {
            return Ok(Vec::new());
        }
        let newest = self.newest().unwrap_or(0);
        if number <= newest {
            let detail = format!(
                "version {number} stands, and versions never change; give the changed one version {}",
                newest + 1
            );
            let next = json!({ "version": newest + 1 });
            return Err(
                Refusal::conflict("journey-version-taken", detail).with_alternatives(vec![next])
            );
        }
        if self.versions.len() >= MAX_VERSIONS {
            let detail =
                format!("a journey has at most {MAX_VERSIONS} versions; define another one");
            return Err(Refusal::conflict("journey-version-limit-reached", detail));
        }
        Ok(vec![JourneyEvent::JourneyDefined { number, version }])
    }

    fn enable(&self, version: Option<u32>) -> Decision {
        let newest = self.newest().unwrap_or(0);
        let version = version.unwrap_or(newest);
        if !self.versions.contains_key(&version) {
            let detail = format!("there is no version {version}; the newest is {newest}");
            let newest = json!({ "version": newest });
            return Err(Refusal::not_found("journey-version-not-found", detail)
                .with_alternatives(vec![newest]));
        }
        let is_so =
            self.standing == JourneyStanding::Enabled && self.enabled_version == Some(version);
        Ok(match is_so {
            true => Vec::new(),
            false => vec![JourneyEvent::JourneyEnabled { version }],
        })
    }

    fn disable(&self, in_flight: InFlight) -> Vec<JourneyEvent> {
        let is_so = self.standing == JourneyStanding::Disabled && self.in_flight == in_flight;
        match is_so {
            true => Vec::new(),
            false => vec![JourneyEvent::JourneyDisabled { in_flight }],
        }
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::Aggregate;

    use super::*;

    fn version(definition: &str) -> Box<Version> {
        Box::new(Version {
            definition: definition.to_owned(),
            trigger: "BookingConfirmed".to_owned(),
            hears: Vec::new(),
            defined_by: "person:kim".to_owned(),
        })
    }

    fn define(number: u32, definition: &str) -> JourneyCommand {
        let version = version(definition);
        JourneyCommand::Define { number, version }
    }

    fn after(commands: Vec<JourneyCommand>) -> Journey {
        let mut journey = Journey::default();
        for command in commands {
            for event in journey.decide(command).unwrap() {
                journey.apply(event);
            }
        }
        journey
    }

    #[test]
    fn a_version_never_changes_and_the_next_one_is_told() {
        let journey = after(vec![define(3, "one")]);
        assert_eq!(journey.decide(define(3, "one")), Ok(Vec::new()));
        let refusal = journey.decide(define(3, "two")).unwrap_err();
        assert_eq!(refusal.code, "journey-version-taken");
        assert_eq!(refusal.alternatives[0]["version"], 4);
        assert!(journey.decide(define(4, "two")).is_ok());
    }

    #[test]
    fn a_new_version_changes_nothing_until_it_is_enabled() {
        let enable = |version| JourneyCommand::Enable { version };
        let journey = after(vec![define(1, "one"), enable(None), define(2, "two")]);
        assert_eq!(journey.in_force().unwrap().0, 1);
        assert_eq!(
            journey.decide(enable(None)),
            Ok(vec![JourneyEvent::JourneyEnabled { version: 2 }])
        );
        assert_eq!(journey.decide(enable(Some(1))), Ok(Vec::new()));
        let refusal = journey.decide(enable(Some(9))).unwrap_err();
        assert_eq!(refusal.code, "journey-version-not-found");
    }

    #[test]
    fn a_disabled_journey_begins_nothing_and_stops_what_is_under_way() {
        let disable = |in_flight| JourneyCommand::Disable { in_flight };
        let enable = JourneyCommand::Enable { version: None };
        let journey = after(vec![define(1, "one"), enable, disable(InFlight::Stop)]);
        assert_eq!((journey.in_force(), journey.stops_runs()), (None, true));
        assert_eq!(journey.decide(disable(InFlight::Stop)), Ok(Vec::new()));
        let milder = journey.decide(disable(InFlight::Finish)).unwrap();
        assert_eq!(milder.len(), 1);
        let unknown = Journey::default().decide(JourneyCommand::Enable { version: None });
        assert_eq!(unknown.unwrap_err().code, "journey-not-found");
    }
}
