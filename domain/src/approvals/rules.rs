//! What an approval allows and refuses: never by who asked, once, in time, and for exactly what was asked.

use time::OffsetDateTime;

use super::events::ApprovalEvent;
use super::{Approval, ApprovalCommand, Decision, Proposal, Standing};
use crate::refusal::Refusal;

impl Approval {
    /// Decides without a look at anything else.
    pub fn decide(&self, command: ApprovalCommand) -> Result<Vec<ApprovalEvent>, Refusal> {
        match command {
            ApprovalCommand::Propose(proposal) => Ok(match self.standing {
                Standing::Unknown => vec![ApprovalEvent::ApprovalProposed(proposal)],
                _ => Vec::new(),
            }),
            ApprovalCommand::Decide {
                by,
                decision,
                note,
                at,
            } => {
                let proposal = self.require()?;
                if proposal.proposer == by {
                    let detail = "whoever asked cannot decide; another person must";
                    return Err(Refusal::forbidden("approver-is-proposer", detail));
                }
                self.require_open(at)?;
                if decision == Decision::Approve && self.endorsed_by.contains(&by) {
                    let detail = "you have agreed already; another person has to agree as well";
                    return Err(Refusal::conflict("approval-endorsed", detail));
                }
                Ok(vec![match decision {
                    Decision::Approve if !self.is_last_word() => {
                        ApprovalEvent::ApprovalEndorsed { by, note }
                    }
                    Decision::Approve => ApprovalEvent::ApprovalGranted { by, note },
                    Decision::Reject => ApprovalEvent::ApprovalRejected { by, note },
                }])
            }
            ApprovalCommand::Withdraw { by } => self.withdraw(&by),
            ApprovalCommand::Execute {
                by,
                digest,
                command_id,
                at,
            } => {
                self.require_granted((&by, &digest), at)?;
                Ok(vec![ApprovalEvent::ApprovalExecuted { command_id }])
            }
            ApprovalCommand::Expire { at } => Ok(match (self.standing, &self.proposal) {
                (Standing::Proposed | Standing::Approved, Some(proposal))
                    if proposal.expires_at <= at =>
                {
                    vec![ApprovalEvent::ApprovalExpired {}]
                }
                _ => Vec::new(),
            }),
        }
    }

    /// What was asked, or the refusal `approval-not-found`.
    pub fn require(&self) -> Result<&Proposal, Refusal> {
        self.proposal
            .as_ref()
            .ok_or_else(|| Refusal::not_found("approval-not-found", "there is no such approval"))
    }

    /// Whether the next person who agrees is the last who has to.
    pub fn is_last_word(&self) -> bool {
        let wanted = self
            .proposal
            .as_ref()
            .map_or(1, |proposal| proposal.approvers);
        self.endorsed_by.len() + 1 >= usize::from(wanted)
    }

    /// How it stands at this moment: it may have run out before the timer said so.
    pub fn standing_at(&self, at: OffsetDateTime) -> Standing {
        let is_late = self
            .proposal
            .as_ref()
            .is_some_and(|proposal| proposal.expires_at <= at);
        match self.standing {
            Standing::Proposed | Standing::Approved if is_late => Standing::Expired,
            standing => standing,
        }
    }

    fn require_open(&self, at: OffsetDateTime) -> Result<(), Refusal> {
        match self.standing_at(at) {
            Standing::Proposed => Ok(()),
            standing => Err(standing.refusal()),
        }
    }

    fn withdraw(&self, by: &str) -> Result<Vec<ApprovalEvent>, Refusal> {
        if self.require()?.proposer != by {
            let detail = "only who asked for an approval can withdraw it";
            return Err(Refusal::forbidden("approval-not-yours", detail));
        }
        match self.standing {
            Standing::Proposed | Standing::Approved => {
                Ok(vec![ApprovalEvent::ApprovalWithdrawn {}])
            }
            Standing::Withdrawn => Ok(Vec::new()),
            standing => Err(standing.refusal()),
        }
    }

    fn require_granted(
        &self,
        (by, digest): (&str, &str),
        at: OffsetDateTime,
    ) -> Result<(), Refusal> {
        let proposal = self.require()?;
        if proposal.proposer != by {
            let detail = "this approval was given to somebody else";
            return Err(Refusal::forbidden("approval-not-yours", detail));
        }
        match self.standing_at(at) {
            Standing::Approved => {}
            Standing::Proposed => {
                let detail = "nobody has agreed yet; send the same call again once somebody has";
                return Err(Refusal::conflict("approval-pending", detail));
            }
            standing => return Err(standing.refusal()),
        }
        if proposal.digest != digest {
            let detail = "the approval is for another call: command, arguments and policy must be those that were \
                          agreed to; send exactly that call, or ask anew without an approval";
            return Err(Refusal::conflict("approval-mismatch", detail));
        }
        Ok(())
    }
}

impl Standing {
    /// Why nothing more can be done with an approval that stands so.
    pub fn refusal(self) -> Refusal {
        let (code, detail) = match self {
            Self::Unknown => {
                return Refusal::not_found("approval-not-found", "there is no such approval");
            }
            Self::Proposed => ("approval-pending", "it still waits for a person"),
            Self::Approved => ("approval-granted", "it has been agreed to"),
            Self::Rejected => (
                "approval-rejected",
                "a person said no; do not ask for the same again",
            ),
            Self::Withdrawn => ("approval-withdrawn", "it was taken back"),
            Self::Executed => ("approval-used", "it was used; each approval serves once"),
            Self::Expired => (
                "approval-expired",
                "it has run out; send the call under a new Idempotency-Key to ask anew",
            ),
        };
        Refusal::conflict(code, detail)
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::sealed::Sealed;
    use cqrs_es::Aggregate;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn proposal() -> Box<Proposal> {
        Box::new(Proposal {
            command: "cancel-booking".to_owned(),
            risk: "destructive".to_owned(),
            why: vec!["policy".to_owned()],
            digest: "d".to_owned(),
            proposer: "agent:a".to_owned(),
            run_id: None,
            approvers: 1,
            arguments: Sealed::default(),
            expires_at: NOW + Duration::hours(1),
        })
    }

    fn after(commands: Vec<ApprovalCommand>) -> Approval {
        let mut approval = Approval::default();
        for command in commands {
            for event in approval.decide(command).unwrap() {
                approval.apply(event);
            }
        }
        approval
    }

    fn decide(by: &str, decision: Decision, at: OffsetDateTime) -> ApprovalCommand {
        ApprovalCommand::Decide {
            by: by.to_owned(),
            decision,
            note: None,
            at,
        }
    }

    fn execute(by: &str, digest: &str, at: OffsetDateTime) -> ApprovalCommand {
        ApprovalCommand::Execute {
            by: by.to_owned(),
            digest: digest.to_owned(),
            command_id: "c".to_owned(),
            at,
        }
    }

    fn proposed() -> ApprovalCommand {
        ApprovalCommand::Propose(proposal())
    }

    fn code(approval: &Approval, command: ApprovalCommand) -> String {
        approval.decide(command).unwrap_err().code
    }

    #[test]
    fn what_was_agreed_to_can_be_done_once() {
        let granted = after(vec![proposed(), decide("person:p", Decision::Approve, NOW)]);
        let used = {
            let mut used = granted.clone();
            let events = used.decide(execute("agent:a", "d", NOW)).unwrap();
            events.into_iter().for_each(|event| used.apply(event));
            used
        };
        assert_eq!(used.standing, Standing::Executed);
        assert_eq!(code(&used, execute("agent:a", "d", NOW)), "approval-used");
    }

    #[test]
    fn nobody_decides_on_what_they_asked_for() {
        let asked = after(vec![proposed()]);
        assert_eq!(
            code(&asked, decide("agent:a", Decision::Approve, NOW)),
            "approver-is-proposer"
        );
    }

    #[test]
    fn it_serves_nobody_else_and_nothing_else() {
        let granted = after(vec![proposed(), decide("person:p", Decision::Approve, NOW)]);
        assert_eq!(
            code(&granted, execute("agent:b", "d", NOW)),
            "approval-not-yours"
        );
        assert_eq!(
            code(&granted, execute("agent:a", "other", NOW)),
            "approval-mismatch"
        );
    }

    #[test]
    fn nothing_is_done_before_or_without_a_yes() {
        assert_eq!(
            code(&after(vec![proposed()]), execute("agent:a", "d", NOW)),
            "approval-pending"
        );
        let rejected = after(vec![proposed(), decide("person:p", Decision::Reject, NOW)]);
        assert_eq!(
            code(&rejected, execute("agent:a", "d", NOW)),
            "approval-rejected"
        );
        let withdraw = ApprovalCommand::Withdraw {
            by: "agent:a".to_owned(),
        };
        let withdrawn = after(vec![proposed(), withdraw]);
        assert_eq!(
            code(&withdrawn, execute("agent:a", "d", NOW)),
            "approval-withdrawn"
        );
        assert_eq!(
            code(&Approval::default(), execute("agent:a", "d", NOW)),
            "approval-not-found"
        );
    }

    #[test]
    fn it_runs_out_whether_or_not_the_timer_has_come() {
        let late = NOW + Duration::hours(1);
        let granted = after(vec![proposed(), decide("person:p", Decision::Approve, NOW)]);
        assert_eq!(
            code(&granted, execute("agent:a", "d", late)),
            "approval-expired"
        );
        assert_eq!(
            code(
                &after(vec![proposed()]),
                decide("person:p", Decision::Approve, late)
            ),
            "approval-expired"
        );
        assert_eq!(
            granted.decide(ApprovalCommand::Expire { at: NOW }).unwrap(),
            []
        );
        assert_eq!(
            granted
                .decide(ApprovalCommand::Expire { at: late })
                .unwrap()
                .len(),
            1
        );
    }

    #[test]
    fn where_two_have_to_agree_one_alone_does_not_do() {
        let two = Box::new(Proposal {
            approvers: 2,
            ..*proposal()
        });
        let yes = |by: &str| decide(by, Decision::Approve, NOW);
        let once = after(vec![ApprovalCommand::Propose(two), yes("person:p")]);
        assert_eq!(once.standing, Standing::Proposed);
        assert_eq!(code(&once, yes("person:p")), "approval-endorsed");
        assert_eq!(
            code(&once, execute("agent:a", "d", NOW)),
            "approval-pending"
        );
        let events = once.decide(yes("person:q")).unwrap();
        assert!(matches!(events[0], ApprovalEvent::ApprovalGranted { .. }));
        let no = once
            .decide(decide("person:p", Decision::Reject, NOW))
            .unwrap();
        assert!(matches!(no[0], ApprovalEvent::ApprovalRejected { .. }));
    }

    #[test]
    fn asking_again_changes_nothing() {
        let asked = after(vec![proposed()]);
        assert_eq!(asked.decide(proposed()).unwrap(), []);
    }
}
