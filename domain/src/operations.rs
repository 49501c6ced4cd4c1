//! What operators do beside commands: who exported, paused, rebuilt or gave up what, and how it ended. Each act is a stream
//! of its own, so that no two of them ever wait for each other. It is written down and never decided.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::evolution;
use crate::refusal::Refusal;

/// The tenant of what concerns all tenants at once: projections, backups, the log itself. No tenant's id looks like it.
pub const INSTALLATION: &str = "$installation";

/// What was done, to what, and why. Neither subject nor details hold personal data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Act {
    /// Kebab-case and imperative: `export-events`, `retry-message`.
    pub action: String,
    /// A message, a projection, a range of the log, a file's checksum.
    pub subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default)]
    pub details: Value,
}

/// One act. Who did it and when stands beside the events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    #[serde(flatten)]
    pub act: Act,
    pub standing: Standing,
    /// What came of it; null until it is over.
    pub result: Value,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Begun, and not over; if its process is gone, whoever looks at it next writes down that it failed.
    #[default]
    Running,
    Done,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OperationEvent {
    /// Done with this event, in one transaction or so soon that there is nothing to wait for.
    OperationPerformed(Act),
    /// What takes its time; another event tells how it ended.
    OperationBegun(Act),
    OperationCompleted {
        result: Value,
    },
    OperationFailed {
        code: String,
        detail: String,
    },
}

impl DomainEvent for OperationEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::OperationPerformed(_) => "OperationPerformed",
            Self::OperationBegun(_) => "OperationBegun",
            Self::OperationCompleted { .. } => "OperationCompleted",
            Self::OperationFailed { .. } => "OperationFailed",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(Operation::TYPE, &self.event_type())
    }
}

impl Aggregate for Operation {
    const TYPE: &'static str = "operation";
    type Command = ();
    type Event = OperationEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), _: &EventSink<Self>) -> Result<(), Refusal> {
        Ok(())
    }

    fn apply(&mut self, event: OperationEvent) {
        match event {
            OperationEvent::OperationPerformed(act) => {
                (self.act, self.standing) = (act, Standing::Done);
            }
            OperationEvent::OperationBegun(act) => {
                (self.act, self.standing) = (act, Standing::Running);
            }
            OperationEvent::OperationCompleted { result } => {
                (self.result, self.standing) = (result, Standing::Done);
            }
            OperationEvent::OperationFailed { code, detail } => {
                self.standing = Standing::Failed;
                self.result = serde_json::json!({ "code": code, "detail": detail });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn act() -> Act {
        Act {
            action: "rebuild-projection".to_owned(),
            subject: "bookings".to_owned(),
            ..Act::default()
        }
    }

    #[test]
    fn what_was_begun_runs_until_it_is_told_how_it_ended() {
        let mut operation = Operation::default();
        operation.apply(OperationEvent::OperationBegun(act()));
        assert_eq!(operation.standing, Standing::Running);
        let mut failed = operation.clone();
        operation.apply(OperationEvent::OperationCompleted {
            result: json!({ "events": 7 }),
        });
        assert_eq!(operation.standing, Standing::Done);
        assert_eq!(
            (&operation.act, &operation.result["events"]),
            (&act(), &json!(7))
        );
        failed.apply(OperationEvent::OperationFailed {
            code: "tables-busy".to_owned(),
            detail: "somebody reads for long".to_owned(),
        });
        assert_eq!(failed.standing, Standing::Failed);
        assert_eq!(failed.result["code"], "tables-busy");
    }

    #[test]
    fn what_was_done_at_once_is_done() {
        let mut operation = Operation::default();
        operation.apply(OperationEvent::OperationPerformed(act()));
        assert_eq!(operation.standing, Standing::Done);
    }
}
