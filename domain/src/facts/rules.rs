//! Which facts count: what a person has accepted before what was taken by itself, the newer before the older, and nothing
//! that was rejected or undone.

use super::events::FactEvent;
use super::{
    Evidence, Extraction, Fact, FactCommand, FactSheet, FactStanding, FoundFact, Looked, MAX_FACTS,
    SURE_FROM_PERCENT,
};
use crate::facts::fields::FactField;
use crate::ids::{FactId, MessageId};
use crate::refusal::Refusal;

type Decided = Result<Vec<FactEvent>, Refusal>;

impl FactSheet {
    /// The events that `command` leads to; none when all is as asked already.
    pub fn decide(&self, command: FactCommand) -> Decided {
        match command {
            FactCommand::Request { by } => Ok(match self.requested {
                true => Vec::new(),
                false => vec![FactEvent::FactsRequested { by }],
            }),
            FactCommand::TakeIn(extraction) => Ok(match self.has_seen(&extraction.extraction_id) {
                true => Vec::new(),
                false => vec![FactEvent::FactsExtracted(Box::new(
                    self.judged(*extraction),
                ))],
            }),
            FactCommand::Fail {
                extraction_id,
                code,
                at,
            } => Ok(match self.has_seen(&extraction_id) {
                true => Vec::new(),
                false => vec![FactEvent::FactExtractionFailed {
                    extraction_id,
                    code,
                    at,
                }],
            }),
            FactCommand::Accept { fact_id, by } => {
                let stands = self.require_open(&fact_id)?.standing;
                Ok(match stands {
                    FactStanding::Accepted => Vec::new(),
                    _ => vec![FactEvent::FactAccepted { fact_id, by }],
                })
            }
            FactCommand::Reject { fact_id, by } => {
                let stands = self.require_open(&fact_id)?.standing;
                Ok(match stands {
                    FactStanding::Rejected => Vec::new(),
                    _ => vec![FactEvent::FactRejected { fact_id, by }],
                })
            }
            FactCommand::Undo { extraction_id, by } => self.undo(extraction_id, by),
        }
    }

    fn has_seen(&self, extraction_id: &MessageId) -> bool {
        let is_last = |last: &Looked| last.extraction_id == *extraction_id;
        self.last.as_ref().is_some_and(is_last)
            || self
                .facts
                .iter()
                .any(|fact| fact.extraction_id == *extraction_id)
    }

    /// What is weak, or speaks against what a person has accepted, waits for a person.
    fn judged(&self, mut extraction: Extraction) -> Extraction {
        for found in &mut extraction.found {
            let is_weak = found.confidence_percent < SURE_FROM_PERCENT
                || found.evidence == Evidence::Inferred;
            let current = self.current(found.field);
            let is_settled = !found.field.is_many()
                && current.is_some_and(|fact| fact.standing == FactStanding::Accepted);
            found.standing = match is_weak || is_settled {
                true => FactStanding::Review,
                false => FactStanding::Kept,
            };
        }
        extraction
    }

    fn require_open(&self, fact_id: &FactId) -> Result<&Fact, Refusal> {
        let mut facts = self.facts.iter();
        let fact = facts.find(|fact| fact.fact_id == *fact_id).ok_or_else(|| {
            let detail = "there is no such fact in this conversation; the query facts tells them";
            Refusal::not_found("fact-not-found", detail)
        })?;
        if fact.standing == FactStanding::Undone {
            let detail =
                "it was taken back with its extraction; have the conversation looked at again";
            return Err(Refusal::conflict("fact-undone", detail));
        }
        Ok(fact)
    }

    fn undo(&self, extraction_id: MessageId, by: String) -> Decided {
        let of_it = || {
            let facts = self.facts.iter();
            facts.filter(|fact| fact.extraction_id == extraction_id)
        };
        if of_it().next().is_none() {
            let detail = "no fact of this conversation comes from such an extraction";
            return Err(Refusal::not_found("extraction-not-found", detail));
        }
        let is_undone = of_it().all(|fact| fact.standing == FactStanding::Undone);
        Ok(match is_undone {
            true => Vec::new(),
            false => vec![FactEvent::ExtractionUndone { extraction_id, by }],
        })
    }

    pub(super) fn take(&mut self, event: FactEvent) {
        match event {
            FactEvent::FactsRequested { .. } => self.requested = true,
            FactEvent::FactsExtracted(extraction) => self.take_in(*extraction),
            FactEvent::FactExtractionFailed {
                extraction_id,
                code,
                at,
            } => {
                self.requested = false;
                self.last = Some(Looked {
                    extraction_id,
                    failed: Some(code),
                    at,
                });
            }
            FactEvent::FactAccepted { fact_id, by } => {
                self.settle(&fact_id, FactStanding::Accepted, by);
            }
            FactEvent::FactRejected { fact_id, by } => {
                self.settle(&fact_id, FactStanding::Rejected, by);
            }
            FactEvent::ExtractionUndone { extraction_id, .. } => {
                let facts = self.facts.iter_mut();
                for fact in facts.filter(|fact| fact.extraction_id == extraction_id) {
                    fact.standing = FactStanding::Undone;
                }
            }
        }
        self.mark_current();
    }

    fn take_in(&mut self, extraction: Extraction) {
        let Extraction {
            extraction_id,
            engine,
            found,
            at,
            ..
        } = extraction;
        self.facts
            .extend(found.into_iter().map(|found: FoundFact| Fact {
                fact_id: found.fact_id,
                extraction_id: extraction_id.clone(),
                field: found.field,
                value: found.value,
                quote: found.quote,
                message_id: found.message_id,
                evidence: found.evidence,
                confidence_percent: found.confidence_percent,
                standing: found.standing,
                is_current: false,
                engine: engine.clone(),
                decided_by: None,
                found_at: at,
            }));
        while self.facts.len() > MAX_FACTS {
            let spare = self.facts.iter().position(|fact| !fact.is_current);
            self.facts.remove(spare.unwrap_or(0));
        }
        self.requested = false;
        self.last = Some(Looked {
            extraction_id,
            failed: None,
            at,
        });
    }

    fn settle(&mut self, fact_id: &FactId, standing: FactStanding, by: String) {
        let mut facts = self.facts.iter_mut();
        if let Some(fact) = facts.find(|fact| fact.fact_id == *fact_id) {
            fact.standing = standing;
            fact.decided_by = Some(by);
        }
    }

    fn mark_current(&mut self) {
        for field in FactField::ALL {
            let place = |standing: FactStanding| {
                let counts = |fact: &Fact| fact.field == field && fact.standing == standing;
                self.facts.iter().rposition(counts)
            };
            let current = place(FactStanding::Accepted).or_else(|| place(FactStanding::Kept));
            let facts = self.facts.iter_mut().enumerate();
            for (index, fact) in facts.filter(|(_, fact)| fact.field == field) {
                let counts = matches!(fact.standing, FactStanding::Accepted | FactStanding::Kept);
                fact.is_current = Some(index) == current || (field.is_many() && counts);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::Aggregate;
    use time::OffsetDateTime;

    use super::*;
    use crate::assistant_runs::Engine;
    use crate::sealed::Sealed;

    fn found(
        id: &str,
        field: FactField,
        (evidence, confidence_percent): (Evidence, u8),
    ) -> FoundFact {
        FoundFact {
            fact_id: FactId::new(id),
            field,
            value: Sealed::new(id.to_owned()),
            quote: Sealed::default(),
            message_id: MessageId::new("m"),
            evidence,
            confidence_percent,
            standing: FactStanding::Kept,
        }
    }

    fn take_in(id: &str, found: Vec<FoundFact>) -> FactCommand {
        FactCommand::TakeIn(Box::new(Extraction {
            extraction_id: MessageId::new(id),
            engine: Engine::default(),
            found,
            left_out: Vec::new(),
            at: OffsetDateTime::UNIX_EPOCH,
        }))
    }

    fn by(command: fn(FactId, String) -> FactCommand, id: &str) -> FactCommand {
        command(FactId::new(id), "kim".to_owned())
    }

    const ACCEPT: fn(FactId, String) -> FactCommand =
        |fact_id, by| FactCommand::Accept { fact_id, by };
    const REJECT: fn(FactId, String) -> FactCommand =
        |fact_id, by| FactCommand::Reject { fact_id, by };
    const SURE: (Evidence, u8) = (Evidence::Stated, 90);
    const DATE: FactField = FactField::Date;

    fn undo(id: &str) -> FactCommand {
        FactCommand::Undo {
            extraction_id: MessageId::new(id),
            by: "kim".to_owned(),
        }
    }

    fn after(commands: Vec<FactCommand>) -> FactSheet {
        let mut sheet = FactSheet::default();
        for command in commands {
            for event in sheet.decide(command).unwrap() {
                sheet.apply(event);
            }
        }
        sheet
    }

    fn current(sheet: &FactSheet) -> Option<&str> {
        sheet.current(DATE).map(|fact| fact.fact_id.as_str())
    }

    #[test]
    fn what_is_weak_waits_for_a_person() {
        for (evidence, confidence, standing) in [
            (Evidence::Stated, 70, FactStanding::Kept),
            (Evidence::Answered, 90, FactStanding::Kept),
            (Evidence::Stated, 69, FactStanding::Review),
            (Evidence::Inferred, 99, FactStanding::Review),
        ] {
            let sheet = after(vec![take_in(
                "e",
                vec![found("f", DATE, (evidence, confidence))],
            )]);
            assert_eq!(
                sheet.facts[0].standing, standing,
                "{evidence:?} {confidence}"
            );
            assert_eq!(sheet.facts[0].is_current, standing == FactStanding::Kept);
        }
    }

    #[test]
    fn the_newer_fact_counts_and_undoing_brings_the_older_one_back() {
        let both = vec![
            take_in("e1", vec![found("old", DATE, SURE)]),
            take_in("e2", vec![found("new", DATE, SURE)]),
        ];
        let mut sheet = after(both);
        assert_eq!(current(&sheet), Some("new"));
        for event in sheet.decide(undo("e2")).unwrap() {
            sheet.apply(event);
        }
        assert_eq!(current(&sheet), Some("old"));
        assert_eq!(sheet.decide(undo("e2")), Ok(Vec::new()));
        assert_eq!(
            sheet.decide(undo("e9")).unwrap_err().code,
            "extraction-not-found"
        );
        assert_eq!(
            sheet.decide(by(ACCEPT, "new")).unwrap_err().code,
            "fact-undone"
        );
    }

    #[test]
    fn what_a_person_has_accepted_is_not_replaced_by_itself() {
        let sheet = after(vec![
            take_in("e1", vec![found("old", DATE, SURE)]),
            by(ACCEPT, "old"),
            take_in("e2", vec![found("new", DATE, SURE)]),
        ]);
        assert_eq!(current(&sheet), Some("old"));
        assert_eq!(sheet.in_review(), 1);
        let sheet = after(vec![
            take_in(
                "e1",
                vec![found("old", DATE, SURE), found("other", DATE, SURE)],
            ),
            by(REJECT, "other"),
        ]);
        assert_eq!(current(&sheet), Some("old"));
        assert_eq!(sheet.decide(by(REJECT, "other")), Ok(Vec::new()));
        assert_eq!(
            sheet.decide(by(REJECT, "none")).unwrap_err().code,
            "fact-not-found"
        );
    }

    #[test]
    fn an_extraction_is_taken_in_once_and_wanted_once() {
        let request = || FactCommand::Request {
            by: "kim".to_owned(),
        };
        let sheet = after(vec![request(), take_in("e", Vec::new())]);
        assert_eq!(
            sheet.decide(take_in("e", vec![found("f", DATE, SURE)])),
            Ok(Vec::new())
        );
        assert_eq!(after(vec![request()]).decide(request()), Ok(Vec::new()));
        assert_eq!(sheet.decide(request()).unwrap().len(), 1);
    }

    #[test]
    fn a_sheet_forgets_what_does_not_count_first() {
        let many = |extraction: &str, count: usize| {
            let facts = (0..count).map(|index| found(&format!("{extraction}-{index}"), DATE, SURE));
            take_in(extraction, facts.collect())
        };
        let mut commands = vec![take_in(
            "first",
            vec![found("kept", FactField::Email, SURE)],
        )];
        commands.extend((0..11).map(|index| many(&format!("e{index}"), 20)));
        let sheet = after(commands);
        assert_eq!(sheet.facts.len(), MAX_FACTS);
        assert!(sheet.current(FactField::Email).is_some());
    }
}
