//! When an import may be mapped, run, stopped, tried again and undone.

use super::events::ImportEvent;
use super::mapping::Field;
use super::{Import, ImportCommand, ImportStanding, MAX_TAGS, Pass, Plan, Rest};
use crate::refusal::{Problems, Refusal};
use crate::values::{MAX_TAG_CHARS, bounded_text};

impl Import {
    /// The events that `command` leads to; none when all is as asked already.
    pub fn decide(&self, command: ImportCommand) -> Result<Vec<ImportEvent>, Refusal> {
        match command {
            ImportCommand::Open(opening) => match self.standing {
                ImportStanding::Unknown => Ok(vec![ImportEvent::ImportOpened {
                    format: opening.format,
                    encoding: opening.encoding,
                    size_bytes: opening.size_bytes,
                    rows: opening.rows,
                    file_name: opening.file_name,
                    columns: opening.columns,
                    by: opening.by,
                    at: opening.at,
                }]),
                _ => Err(Refusal::conflict(
                    "import-exists",
                    "the import exists already",
                )),
            },
            ImportCommand::Receive => Ok(match self.require()?.standing {
                ImportStanding::Receiving => vec![ImportEvent::ImportReceived {}],
                _ => Vec::new(),
            }),
            ImportCommand::Plan(plan) => self.map(plan),
            ImportCommand::Begin(pass) => self.begin(pass),
            ImportCommand::Advance {
                pass,
                through,
                counts,
                rest,
            } => Ok(self.advance((pass, through), counts, rest)),
            ImportCommand::Stop => Ok(match self.require()?.standing {
                ImportStanding::Running => vec![ImportEvent::ImportStopped {}],
                ImportStanding::Stopped => Vec::new(),
                _ => return Err(self.not("running", "it can only be stopped while it runs")),
            }),
            ImportCommand::Purge { at } => {
                self.require()?;
                Ok(match self.purged {
                    true => Vec::new(),
                    false => vec![ImportEvent::ImportPurged { at }],
                })
            }
        }
    }

    fn map(&self, plan: Plan) -> Result<Vec<ImportEvent>, Refusal> {
        self.require_rows()?;
        if self.standing != ImportStanding::Ready {
            return Err(self.not("ready", "it can only be mapped before it runs"));
        }
        let plan = parse_plan(plan)?;
        Ok(match self.plan.as_ref() == Some(&plan) {
            true => Vec::new(),
            false => vec![ImportEvent::ImportMapped(plan)],
        })
    }

    fn begin(&self, kind: Pass) -> Result<Vec<ImportEvent>, Refusal> {
        self.require_rows()?;
        let pass = self.pass + 1;
        let standing = self.standing;
        match kind {
            Pass::Run => match standing {
                ImportStanding::Ready if self.plan.is_some() => {
                    Ok(vec![ImportEvent::ImportStarted { pass }])
                }
                ImportStanding::Ready => {
                    let detail = "say first which column is what, by map-import";
                    Err(Refusal::conflict("import-not-mapped", detail))
                }
                ImportStanding::Stopped => Ok(vec![ImportEvent::ImportContinued { pass }]),
                ImportStanding::Running | ImportStanding::Finished => Ok(Vec::new()),
                _ => Err(self.not("ready", "it can be run once it has been received")),
            },
            Pass::Retry => match standing {
                ImportStanding::Finished if self.counts.failed > 0 => {
                    Ok(vec![ImportEvent::ImportRetried { pass }])
                }
                ImportStanding::Finished => Ok(Vec::new()),
                _ => Err(self.not(
                    "finished",
                    "what failed can be tried again once it has ended",
                )),
            },
            Pass::Undo => match standing {
                ImportStanding::Finished | ImportStanding::Stopped => {
                    Ok(vec![ImportEvent::ImportUndoStarted { pass }])
                }
                ImportStanding::Undoing | ImportStanding::Undone => Ok(Vec::new()),
                _ => Err(self.not("finished", "stop it, or wait until it has ended")),
            },
        }
    }

    /// Late word of an earlier pass, or of one that was stopped, changes nothing but the counts at the end.
    fn advance(
        &self,
        (pass, through): (u32, u32),
        counts: super::Counts,
        rest: Rest,
    ) -> Vec<ImportEvent> {
        let is_undo = self.standing == ImportStanding::Undoing;
        if pass != self.pass || !(is_undo || self.standing == ImportStanding::Running) {
            return Vec::new();
        }
        let kind = match (is_undo, self.counts.waiting) {
            (true, _) => Pass::Undo,
            (false, 0) => Pass::Retry,
            (false, _) => Pass::Run,
        };
        vec![match rest {
            Rest::More => ImportEvent::ImportAdvanced {
                kind,
                pass,
                through,
                counts,
            },
            Rest::Nothing if is_undo => ImportEvent::ImportUndone { counts },
            Rest::Nothing => ImportEvent::ImportFinished { counts },
        }]
    }

    fn not(&self, wanted: &str, detail: &str) -> Refusal {
        let is = self.standing.as_str();
        Refusal::conflict(
            &format!("import-not-{wanted}"),
            format!("the import is {is}: {detail}"),
        )
    }
}

fn parse_plan(plan: Plan) -> Result<Plan, Refusal> {
    let mut problems = Problems::default();
    let given = |field: Field| {
        let columns = plan.mapping.iter();
        columns
            .filter(|column| column.as_ref() == Some(&field))
            .count()
    };
    for field in Field::ALL.iter().filter(|field| !field.may_repeat()) {
        if given(*field) > 1 {
            let message = format!("{} is filled by two columns; choose one", field.as_str());
            problems.add("/mapping", "field-repeated", message);
        }
    }
    if given(Field::Email) + given(Field::Phone) == 0 {
        let message = "one column has to be the email or the phone: by these customers are known";
        problems.add("/mapping", "contact-not-mapped", message);
    }
    if given(Field::FirstName) + given(Field::FullName) + given(Field::LastName) == 0 {
        let message = "one column has to be the first_name, the last_name or the full_name";
        problems.add("/mapping", "name-not-mapped", message);
    }
    if plan.tags.len() > MAX_TAGS {
        let message = format!("at most {MAX_TAGS} tags");
        problems.add("/tags", "list-too-long", message);
    }
    let tags = plan.tags.iter().enumerate().filter_map(|(index, tag)| {
        problems.check(&format!("/tags/{index}"), bounded_text(tag, MAX_TAG_CHARS))
    });
    let tags = tags.collect();
    problems.finish()?;
    Ok(Plan { tags, ..plan })
}

#[cfg(test)]
mod tests {
    use cqrs_es::Aggregate;
    use time::OffsetDateTime;

    use super::*;
    use crate::effects::Call;
    use crate::imports::{Counts, Format, Opening};
    use crate::noun::Noun;
    use crate::sealed::Sealed;

    fn plan() -> Plan {
        Plan {
            mapping: vec![Some(Field::FullName), None, Some(Field::Email)],
            tags: vec![" Spring ".to_owned()],
            ..Plan::default()
        }
    }

    fn opening() -> ImportCommand {
        ImportCommand::Open(Box::new(Opening {
            format: Format::Csv,
            encoding: "UTF-8".to_owned(),
            size_bytes: 10,
            rows: 3,
            file_name: Sealed::default(),
            columns: Sealed::default(),
            by: "p1".to_owned(),
            at: OffsetDateTime::UNIX_EPOCH,
        }))
    }

    fn after(commands: Vec<ImportCommand>) -> Import {
        let mut import = Import::default();
        for command in commands {
            let events = import.decide(command).unwrap();
            events.into_iter().for_each(|event| import.apply(event));
        }
        import
    }

    fn started() -> Import {
        after(vec![
            opening(),
            ImportCommand::Receive,
            ImportCommand::Plan(plan()),
            ImportCommand::Begin(Pass::Run),
        ])
    }

    fn advance(pass: u32, failed: u32, rest: Rest) -> ImportCommand {
        let counts = Counts {
            created: 3 - failed,
            failed,
            ..Counts::default()
        };
        ImportCommand::Advance {
            pass,
            through: 3,
            counts,
            rest,
        }
    }

    fn then(mut import: Import, command: ImportCommand) -> Import {
        let events = import.decide(command).unwrap();
        events.into_iter().for_each(|event| import.apply(event));
        import
    }

    #[test]
    fn an_import_is_mapped_before_it_is_run() {
        let ready = after(vec![opening(), ImportCommand::Receive]);
        let refusal = ready.decide(ImportCommand::Begin(Pass::Run)).unwrap_err();
        assert_eq!(refusal.code, "import-not-mapped");
        let receiving = after(vec![opening()]);
        let refusal = receiving.decide(ImportCommand::Plan(plan())).unwrap_err();
        assert_eq!(refusal.code, "import-not-ready");
        assert_eq!(started().plan.unwrap().tags, ["Spring"]);
    }

    #[test]
    fn a_mapping_needs_a_name_and_a_way_to_know_the_customer() {
        let ready = after(vec![opening(), ImportCommand::Receive]);
        let wrong = Plan {
            mapping: vec![Some(Field::TimeZone), Some(Field::TimeZone)],
            ..Plan::default()
        };
        let refusal = ready.decide(ImportCommand::Plan(wrong)).unwrap_err();
        let codes: Vec<&str> = refusal.errors.iter().map(|e| e.code.as_str()).collect();
        assert_eq!(
            codes,
            ["field-repeated", "contact-not-mapped", "name-not-mapped"]
        );
    }

    #[test]
    fn each_advance_asks_for_the_rows_behind_it_and_the_last_for_none() {
        let import = started();
        let events = import.decide(advance(1, 0, Rest::More)).unwrap();
        let effects = import.effects("i", &events[0]);
        assert!(matches!(
            effects[0].call,
            Call::RunImport {
                after: 3,
                pass: 1,
                kind: Pass::Run,
                ..
            }
        ));
        let events = import.decide(advance(1, 0, Rest::Nothing)).unwrap();
        assert!(import.effects("i", &events[0]).is_empty());
    }

    #[test]
    fn late_word_of_another_pass_changes_nothing() {
        let stopped = then(started(), ImportCommand::Stop);
        assert_eq!(stopped.decide(advance(1, 0, Rest::More)), Ok(Vec::new()));
        let again = then(stopped, ImportCommand::Begin(Pass::Run));
        assert_eq!(again.pass, 2);
        assert_eq!(again.decide(advance(1, 0, Rest::Nothing)), Ok(Vec::new()));
    }

    #[test]
    fn what_failed_is_tried_again_and_all_can_be_undone_once() {
        let ended = then(started(), advance(1, 1, Rest::Nothing));
        let events = ended.decide(ImportCommand::Begin(Pass::Retry)).unwrap();
        assert_eq!(events, [ImportEvent::ImportRetried { pass: 2 }]);
        let retried = then(ended.clone(), ImportCommand::Begin(Pass::Retry));
        let refusal = retried
            .decide(ImportCommand::Begin(Pass::Undo))
            .unwrap_err();
        assert_eq!(refusal.code, "import-not-finished");
        let undoing = then(ended, ImportCommand::Begin(Pass::Undo));
        assert_eq!(undoing.decide(ImportCommand::Begin(Pass::Undo)), Ok(vec![]));
        let undone = then(undoing, advance(2, 0, Rest::Nothing));
        assert_eq!(undone.standing, ImportStanding::Undone);
    }

    #[test]
    fn purged_rows_are_neither_run_nor_undone() {
        let at = OffsetDateTime::UNIX_EPOCH;
        let purged = then(started(), ImportCommand::Purge { at });
        for pass in [Pass::Run, Pass::Retry, Pass::Undo] {
            let refusal = purged.decide(ImportCommand::Begin(pass)).unwrap_err();
            assert_eq!(refusal.code, "import-purged");
        }
        assert_eq!(purged.decide(ImportCommand::Purge { at }), Ok(Vec::new()));
    }
}
