//! When a run may be started, counted, finished, and judged by a person.

use super::events::AssistantRunEvent;
use super::{
    AssistantRun, AssistantRunCommand, MAX_CALLS, MAX_REASONS, MAX_TOOL_USES, RunStanding, Wording,
};
use crate::assistant_runs::events::Said;
use crate::refusal::Refusal;

type Decided = Result<Vec<AssistantRunEvent>, Refusal>;

impl AssistantRun {
    /// The events that `command` leads to; none when all is as asked already.
    pub fn decide(&self, command: AssistantRunCommand) -> Decided {
        match command {
            AssistantRunCommand::Start(started) => Ok(match self.standing {
                RunStanding::Unknown => vec![AssistantRunEvent::AssistantRunStarted(started)],
                _ => Vec::new(),
            }),
            AssistantRunCommand::RecordCall(called) => {
                self.require()?;
                if self.calls >= MAX_CALLS {
                    let detail = format!("a run calls a model at most {MAX_CALLS} times");
                    return Err(Refusal::conflict("assistant-calls-used-up", detail));
                }
                Ok(vec![AssistantRunEvent::AssistantModelCalled(called)])
            }
            AssistantRunCommand::Suggest(said) => {
                self.once(AssistantRunEvent::ReplySuggested(bounded(said)))
            }
            AssistantRunCommand::Answer { said, message_id } => {
                let said = bounded(said);
                self.once(AssistantRunEvent::AssistantAnswered { said, message_id })
            }
            AssistantRunCommand::HandOver {
                reason,
                said,
                message_id,
                at,
            } => self.once(AssistantRunEvent::AssistantHandedOver {
                reason,
                said: said.map(bounded),
                message_id,
                at,
            }),
            AssistantRunCommand::End { code, at } => {
                self.once(AssistantRunEvent::AssistantRunEnded { code, at })
            }
            AssistantRunCommand::Accept(acceptance) => {
                self.require_waiting()?;
                let (message_id, by) = (acceptance.message_id, acceptance.by);
                Ok(vec![match acceptance.wording {
                    Wording::Suggested => AssistantRunEvent::SuggestionAccepted { message_id, by },
                    Wording::Other => AssistantRunEvent::SuggestionEdited { message_id, by },
                }])
            }
            AssistantRunCommand::Dismiss { by } => match self.standing {
                RunStanding::Dismissed => Ok(Vec::new()),
                _ => {
                    self.require_waiting()?;
                    Ok(vec![AssistantRunEvent::SuggestionDismissed { by }])
                }
            },
        }
    }

    /// A run ends once; a second end, of an attempt that was thought lost, changes nothing.
    fn once(&self, event: AssistantRunEvent) -> Decided {
        self.require()?;
        Ok(match self.standing {
            RunStanding::Running => vec![event],
            _ => Vec::new(),
        })
    }

    fn require_waiting(&self) -> Result<(), Refusal> {
        self.require()?;
        if self.standing == RunStanding::Suggested {
            return Ok(());
        }
        let detail = "only a suggestion that waits can be accepted or dismissed; this one has been settled, or was none";
        Err(Refusal::conflict("suggestion-settled", detail))
    }
}

/// What is more than a run may tell is left out; it stands in the log of commands anyway.
fn bounded(mut said: Box<Said>) -> Box<Said> {
    said.reasons.truncate(MAX_REASONS);
    said.tools.truncate(MAX_TOOL_USES);
    said
}

#[cfg(test)]
mod tests {
    use cqrs_es::Aggregate;
    use time::OffsetDateTime;

    use super::*;
    use crate::assistant_runs::events::{ModelCalled, RunStarted};
    use crate::assistant_runs::{Acceptance, HandOverReason};
    use crate::ids::{ConversationId, MessageId};
    use crate::sealed::Sealed;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn start() -> AssistantRunCommand {
        let started = RunStarted::new(ConversationId::new("thread"), MessageId::new("asked"), NOW);
        AssistantRunCommand::Start(Box::new(started))
    }

    fn said() -> Box<Said> {
        Box::new(Said {
            content: Sealed::new("sealed".to_owned()),
            after_message_id: MessageId::new("asked"),
            reasons: vec!["slot-free".to_owned(); MAX_REASONS + 1],
            tools: Vec::new(),
            draft: None,
            actions: None,
            needs_person: None,
            at: NOW,
        })
    }

    fn accept(wording: Wording) -> AssistantRunCommand {
        AssistantRunCommand::Accept(Acceptance {
            message_id: MessageId::new("sent"),
            wording,
            by: "kim".to_owned(),
        })
    }

    fn after(commands: Vec<AssistantRunCommand>) -> AssistantRun {
        let mut run = AssistantRun::default();
        for command in commands {
            for event in run.decide(command).unwrap() {
                run.apply(event);
            }
        }
        run
    }

    #[test]
    fn a_run_starts_once_and_ends_once() {
        let run = after(vec![start(), AssistantRunCommand::Suggest(said())]);
        assert_eq!(run.decide(start()), Ok(Vec::new()));
        let second = AssistantRunCommand::End {
            code: "overtaken".to_owned(),
            at: NOW,
        };
        assert_eq!(run.decide(second), Ok(Vec::new()));
        assert_eq!(run.said.unwrap().reasons.len(), MAX_REASONS);
    }

    #[test]
    fn nothing_comes_of_a_run_that_was_never_started() {
        let refusal = AssistantRun::default()
            .decide(AssistantRunCommand::Suggest(said()))
            .unwrap_err();
        assert_eq!(refusal.code, "suggestion-not-found");
    }

    #[test]
    fn calls_are_counted_with_what_they_cost_and_end_at_their_limit() {
        let called = |failure: Option<&str>| {
            AssistantRunCommand::RecordCall(Box::new(ModelCalled {
                input_tokens: 10,
                output_tokens: 5,
                cost_micros: failure.is_none().then_some(7),
                failure_kind: failure.map(str::to_owned),
                ..ModelCalled::default()
            }))
        };
        let mut run = after(vec![start(), called(None), called(Some("transient"))]);
        assert_eq!((run.calls, run.failed_calls), (2, 1));
        assert_eq!(
            (run.tokens(), run.cost_micros, run.unpriced_calls),
            (30, 7, 0)
        );
        run.calls = MAX_CALLS;
        assert_eq!(
            run.decide(called(None)).unwrap_err().code,
            "assistant-calls-used-up"
        );
    }

    #[test]
    fn a_suggestion_is_settled_once() {
        for (command, standing) in [
            (accept(Wording::Suggested), RunStanding::Accepted),
            (accept(Wording::Other), RunStanding::Edited),
            (
                AssistantRunCommand::Dismiss {
                    by: "kim".to_owned(),
                },
                RunStanding::Dismissed,
            ),
        ] {
            let run = after(vec![start(), AssistantRunCommand::Suggest(said()), command]);
            assert_eq!(run.standing, standing);
            let refusal = run.decide(accept(Wording::Suggested)).unwrap_err();
            assert_eq!(refusal.code, "suggestion-settled");
        }
    }

    #[test]
    fn what_was_answered_or_handed_over_cannot_be_accepted() {
        let handed_over = AssistantRunCommand::HandOver {
            reason: HandOverReason::Upset,
            said: None,
            message_id: None,
            at: NOW,
        };
        let run = after(vec![start(), handed_over]);
        assert_eq!(run.hand_over, Some(HandOverReason::Upset));
        assert_eq!(
            run.decide(accept(Wording::Other)).unwrap_err().code,
            "suggestion-settled"
        );
    }
}
