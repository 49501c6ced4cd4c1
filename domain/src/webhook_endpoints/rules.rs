//! What a webhook endpoint may be told to do, and when.

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use time::OffsetDateTime;

use super::events::WebhookEndpointEvent;
use super::{
    DisabledReason, EVERY_EVENT, EndpointChanges, EndpointStanding, LONGEST_REPLAY,
    MAX_DESCRIPTION_CHARS, MAX_EVENT_TYPES, MAX_REPLAY_RATE, Replay, SECRET_OVERLAP,
    WebhookEndpoint, WebhookEndpointCommand,
};
use crate::access::Access;
use crate::evolution;
use crate::operations::Operation;
use crate::refusal::{Problems, Refusal};
use crate::views::View;

impl WebhookEndpoint {
    /// The events that `command` leads to; none when all is as asked already.
    pub fn decide(
        &self,
        command: WebhookEndpointCommand,
    ) -> Result<Vec<WebhookEndpointEvent>, Refusal> {
        match command {
            WebhookEndpointCommand::Create {
                url,
                event_types,
                description,
                payload,
                handshake,
                secret,
            } => {
                let mut problems = Problems::default();
                check_filter(&mut problems, &event_types);
                check_description(&mut problems, &description);
                problems.finish()?;
                Ok(vec![WebhookEndpointEvent::WebhookEndpointCreated {
                    url,
                    event_types,
                    description,
                    payload,
                    handshake,
                    secret,
                }])
            }
            WebhookEndpointCommand::Update(changes) => self.update(changes),
            WebhookEndpointCommand::Enable => self.enable(),
            WebhookEndpointCommand::Disable(reason) => self.disable(reason),
            WebhookEndpointCommand::RotateSecret { secret, now } => {
                self.require()?;
                Ok(vec![WebhookEndpointEvent::WebhookSecretRotated {
                    secret,
                    previous_until: now + SECRET_OVERLAP,
                }])
            }
            WebhookEndpointCommand::Ping => {
                self.require()?;
                Ok(vec![WebhookEndpointEvent::WebhookEndpointPinged {}])
            }
            WebhookEndpointCommand::Replay { replay, now } => self.replay(replay, now),
            WebhookEndpointCommand::CancelReplay { replay_id } => {
                self.require()?;
                if !self.replays.contains(&replay_id) {
                    let detail = "the endpoint has no such replay, or it was cancelled before";
                    return Err(Refusal::not_found("webhook-replay-not-found", detail));
                }
                Ok(vec![WebhookEndpointEvent::WebhookReplayCancelled {
                    replay_id,
                }])
            }
            WebhookEndpointCommand::Delete => Ok(match self.standing {
                EndpointStanding::Deleted => Vec::new(),
                _ => {
                    self.require()?;
                    vec![WebhookEndpointEvent::WebhookEndpointDeleted {}]
                }
            }),
        }
    }

    fn update(&self, changes: EndpointChanges) -> Result<Vec<WebhookEndpointEvent>, Refusal> {
        self.require()?;
        let mut problems = Problems::default();
        if let Some(event_types) = &changes.event_types {
            check_filter(&mut problems, event_types);
        }
        if let Some(description) = &changes.description {
            check_description(&mut problems, description);
        }
        problems.finish()?;
        let mut events = Vec::new();
        if let Some(url) = changes.url.filter(|url| *url != self.url) {
            events.push(WebhookEndpointEvent::WebhookEndpointMoved { url });
        }
        let event_types = changes
            .event_types
            .unwrap_or_else(|| self.event_types.clone());
        let payload = changes.payload.unwrap_or(self.payload);
        if event_types != self.event_types || payload != self.payload {
            events.push(WebhookEndpointEvent::WebhookEndpointSubscriptionChanged {
                event_types,
                payload,
            });
        }
        let handshake = changes.handshake.unwrap_or(self.handshake);
        if handshake != self.handshake {
            events.push(WebhookEndpointEvent::WebhookHandshakeChanged { handshake });
        }
        let description = changes.description;
        if let Some(description) = description.filter(|text| *text != self.description) {
            events.push(WebhookEndpointEvent::WebhookEndpointDescribed { description });
        }
        Ok(events)
    }

    fn enable(&self) -> Result<Vec<WebhookEndpointEvent>, Refusal> {
        self.require()?;
        Ok(match self.standing {
            EndpointStanding::Enabled => Vec::new(),
            _ => vec![WebhookEndpointEvent::WebhookEndpointEnabled {}],
        })
    }

    /// An endpoint that is disabled stays so for its first reason, and one that is gone is left alone by the relay.
    fn disable(&self, reason: DisabledReason) -> Result<Vec<WebhookEndpointEvent>, Refusal> {
        match (self.standing, reason) {
            (EndpointStanding::Disabled, _) => return Ok(Vec::new()),
            (EndpointStanding::Deleted, DisabledReason::Gone | DisabledReason::Failing) => {
                return Ok(Vec::new());
            }
            _ => self.require()?,
        };
        Ok(vec![WebhookEndpointEvent::WebhookEndpointDisabled {
            reason,
        }])
    }

    fn replay(
        &self,
        replay: Replay,
        now: OffsetDateTime,
    ) -> Result<Vec<WebhookEndpointEvent>, Refusal> {
        self.require()?;
        if self.standing != EndpointStanding::Enabled {
            let detail = "enable the webhook endpoint first; nothing is sent to it until then";
            return Err(Refusal::conflict("webhook-endpoint-disabled", detail));
        }
        let mut problems = Problems::default();
        if replay.from >= replay.until || replay.until > now {
            let detail =
                "a replay covers a stretch of the past: from before until, until not in the future";
            problems.add("/until", "time-range-invalid", detail);
        } else if replay.until - replay.from > LONGEST_REPLAY {
            let detail = format!(
                "a replay covers at most {} days",
                LONGEST_REPLAY.whole_days()
            );
            problems.add("/from", "time-range-too-long", detail);
        }
        if !(1..=MAX_REPLAY_RATE).contains(&replay.messages_per_second) {
            let detail = format!("1 to {MAX_REPLAY_RATE} messages a second");
            problems.add("/messages_per_second", "rate-invalid", detail);
        }
        problems.finish()?;
        Ok(vec![WebhookEndpointEvent::WebhookReplayOrdered {
            replay_id: replay.replay_id,
            from: replay.from,
            until: replay.until,
            messages_per_second: replay.messages_per_second,
        }])
    }
}

/// Whether endpoints may hear of an aggregate's events: of the business, not of themselves, of what operators do, or of how
/// people look at lists.
pub fn is_told(aggregate_type: &str) -> bool {
    ![
        WebhookEndpoint::TYPE,
        Operation::TYPE,
        Access::TYPE,
        View::TYPE,
    ]
    .contains(&aggregate_type)
}

fn check_filter(problems: &mut Problems, event_types: &BTreeSet<String>) {
    if event_types.is_empty() || event_types.len() > MAX_EVENT_TYPES {
        let detail = format!("1 to {MAX_EVENT_TYPES} event types, or {EVERY_EVENT} for all");
        problems.add("/event_types", "event-types-invalid", detail);
    } else if event_types.contains(EVERY_EVENT) && event_types.len() > 1 {
        let detail = format!("{EVERY_EVENT} stands alone");
        problems.add("/event_types", "event-types-invalid", detail);
    }
    let known = evolution::known_events();
    let told = known.iter().filter(|(kind, _)| is_told(kind));
    let names: BTreeSet<&str> = told.flat_map(|(_, names)| names.iter().copied()).collect();
    let is_unknown = |name: &&String| *name != EVERY_EVENT && !names.contains(name.as_str());
    if let Some(unknown) = event_types.iter().find(is_unknown) {
        let shown: String = unknown.chars().take(64).collect();
        let detail =
            format!("there is no event {shown:?} to hear of; names are such as BookingCreated");
        problems.add("/event_types", "event-type-unknown", detail);
    }
}

fn check_description(problems: &mut Problems, description: &str) {
    let is_plain = !description.chars().any(char::is_control);
    if !is_plain || description.chars().count() > MAX_DESCRIPTION_CHARS {
        let detail = format!("at most {MAX_DESCRIPTION_CHARS} characters, in one line");
        problems.add("/description", "description-invalid", detail);
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;
    use crate::sealed::Sealed;
    use crate::webhook_endpoints::{Handshake, PayloadStyle};

    const NOW: OffsetDateTime = datetime!(2026-03-14 18:00 UTC);

    fn filter(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn create(names: &[&str]) -> WebhookEndpointCommand {
        WebhookEndpointCommand::Create {
            url: "https://example.com/hooks".to_owned(),
            event_types: filter(names),
            description: String::new(),
            payload: PayloadStyle::Full,
            handshake: Handshake::None,
            secret: Sealed::new("s1".to_owned()),
        }
    }

    fn given(commands: &[WebhookEndpointCommand]) -> WebhookEndpoint {
        let mut endpoint = WebhookEndpoint::default();
        for command in commands {
            for event in endpoint.decide(command.clone()).unwrap() {
                endpoint.apply(event);
            }
        }
        endpoint
    }

    fn rotate(secret: &str, now: OffsetDateTime) -> WebhookEndpointCommand {
        let secret = Sealed::new(secret.to_owned());
        WebhookEndpointCommand::RotateSecret { secret, now }
    }

    fn replay(from: OffsetDateTime, until: OffsetDateTime) -> WebhookEndpointCommand {
        let replay = Replay {
            replay_id: "r".to_owned(),
            from,
            until,
            messages_per_second: 20,
        };
        WebhookEndpointCommand::Replay { replay, now: NOW }
    }

    #[test]
    fn an_endpoint_hears_of_what_it_asked_for_while_it_is_enabled() {
        let some = given(&[create(&["BookingCreated"])]);
        assert!(some.wants("BookingCreated") && !some.wants("ChefAdded"));
        let all = given(&[create(&["*"])]);
        assert!(all.wants("BookingCreated") && all.wants("ChefAdded"));
        let disabled = WebhookEndpointCommand::Disable(DisabledReason::ByHand);
        let silent = given(&[create(&["*"]), disabled]);
        assert!(!silent.wants("BookingCreated"));
    }

    #[test]
    fn a_filter_names_events_that_exist_and_that_tell_of_the_business() {
        for names in [
            &[][..],
            &["BookingDreamt"],
            &["*", "BookingCreated"],
            &["WebhookEndpointCreated"],
            &["OperationPerformed"],
        ] {
            let refusal = WebhookEndpoint::default()
                .decide(create(names))
                .unwrap_err();
            assert_eq!(refusal.errors[0].pointer, "/event_types", "{names:?}");
        }
    }

    #[test]
    fn only_what_differs_is_an_event() {
        let endpoint = given(&[create(&["*"])]);
        let same = EndpointChanges {
            url: Some(endpoint.url.clone()),
            event_types: Some(filter(&["*"])),
            description: Some(String::new()),
            payload: Some(PayloadStyle::Full),
            handshake: Some(Handshake::None),
        };
        let decided = endpoint.decide(WebhookEndpointCommand::Update(same));
        assert_eq!(decided.unwrap(), []);
        let thin = EndpointChanges {
            payload: Some(PayloadStyle::Thin),
            ..EndpointChanges::default()
        };
        let decided = endpoint.decide(WebhookEndpointCommand::Update(thin));
        assert_eq!(decided.unwrap().len(), 1);
    }

    #[test]
    fn two_secrets_sign_for_a_day_and_never_three() {
        let endpoint = given(&[create(&["*"]), rotate("s2", NOW)]);
        let texts = |endpoint: &WebhookEndpoint, now| -> Vec<String> {
            let secrets = endpoint.secrets(now).into_iter();
            secrets.map(|secret| secret.as_str().to_owned()).collect()
        };
        assert_eq!(texts(&endpoint, NOW), ["s2", "s1"]);
        assert_eq!(texts(&endpoint, NOW + Duration::hours(24)), ["s2"]);
        let again = given(&[create(&["*"]), rotate("s2", NOW), rotate("s3", NOW)]);
        assert_eq!(texts(&again, NOW), ["s3", "s2"]);
    }

    #[test]
    fn a_reason_is_kept_until_it_is_enabled_again() {
        let gone = WebhookEndpointCommand::Disable(DisabledReason::Gone);
        let by_hand = WebhookEndpointCommand::Disable(DisabledReason::ByHand);
        let endpoint = given(&[create(&["*"]), gone.clone(), by_hand]);
        assert_eq!(endpoint.disabled, Some(DisabledReason::Gone));
        let enabled = given(&[create(&["*"]), gone, WebhookEndpointCommand::Enable]);
        assert_eq!((enabled.disabled, enabled.wants("ChefAdded")), (None, true));
    }

    #[test]
    fn what_is_deleted_is_gone_and_holds_no_secret() {
        let deleted = given(&[
            create(&["*"]),
            rotate("s2", NOW),
            WebhookEndpointCommand::Delete,
        ]);
        assert_eq!(
            (&deleted.secret, &deleted.previous_secret),
            (&Sealed::default(), &None)
        );
        assert_eq!(deleted.decide(WebhookEndpointCommand::Delete).unwrap(), []);
        let gone = WebhookEndpointCommand::Disable(DisabledReason::Gone);
        assert_eq!(deleted.decide(gone).unwrap(), []);
        let refusal = deleted.decide(WebhookEndpointCommand::Ping).unwrap_err();
        assert_eq!(refusal.code, "webhook-endpoint-not-found");
    }

    #[test]
    fn a_replay_covers_a_bounded_stretch_of_the_past_of_an_enabled_endpoint() {
        let endpoint = given(&[create(&["*"])]);
        let day = Duration::DAY;
        assert_eq!(endpoint.decide(replay(NOW - day, NOW)).unwrap().len(), 1);
        for (from, until) in [
            (NOW, NOW - day),
            (NOW, NOW),
            (NOW - day, NOW + day),
            (NOW - day * 91, NOW),
        ] {
            assert!(
                endpoint.decide(replay(from, until)).is_err(),
                "{from} {until}"
            );
        }
        let by_hand = WebhookEndpointCommand::Disable(DisabledReason::ByHand);
        let disabled = given(&[create(&["*"]), by_hand]);
        let refusal = disabled.decide(replay(NOW - day, NOW)).unwrap_err();
        assert_eq!(refusal.code, "webhook-endpoint-disabled");
    }
}
