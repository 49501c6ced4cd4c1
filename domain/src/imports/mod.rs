//! Imports: a file of customers that somebody uploads, maps to our fields, looks through and runs; and may undo as a whole.
//! What stands in the file lies beside the log, row by row, under a key of the import's own that ends with its term.

pub mod events;
pub mod files;
pub mod mapping;
mod rules;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use self::events::ImportEvent;
use self::mapping::Field;
use crate::effects::{Call, Effect, Timer};
use crate::ids::ImportId;
use crate::noun::{ClaimChanges, Noun};
use crate::refusal::Refusal;
use crate::sealed::Sealed;

/// The largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 10 * 1024 * 1024;
/// The most rows of one file.
pub const MAX_ROWS: usize = 50_000;
/// The most columns of one file.
pub const MAX_COLUMNS: usize = 100;
/// The most characters of one cell.
pub const MAX_CELL_CHARS: usize = 2_000;
/// The most tags that an import gives to everybody in it.
pub const MAX_TAGS: usize = 10;
pub const MAX_FILE_NAME_CHARS: usize = 200;
/// How long the rows are kept after they came, and the import can be undone.
pub const TERM: Duration = Duration::days(30);

/// An import as its events tell it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Import {
    pub standing: ImportStanding,
    pub format: Format,
    /// What its bytes were found to be: `UTF-8`, `UTF-16LE`, `windows-1252`, …
    pub encoding: String,
    pub size_bytes: u64,
    pub rows: u32,
    /// What the file was called.
    pub file_name: Sealed,
    /// Its header, as a JSON list.
    pub columns: Sealed,
    /// The principal who uploaded it.
    pub by: String,
    pub plan: Option<Plan>,
    /// Each run, continuation, retry and undo is a pass.
    pub pass: u32,
    /// The last row that the pass has seen to.
    pub through: u32,
    pub counts: Counts,
    /// Whether the rows can still be read.
    pub purged: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportStanding {
    /// Never heard of.
    #[default]
    Unknown,
    /// Its rows are still being put away.
    Receiving,
    /// May be mapped, looked through and run.
    Ready,
    Running,
    /// Stopped by somebody; may go on or be undone.
    Stopped,
    Finished,
    Undoing,
    Undone,
}

impl ImportStanding {
    /// As it is written in events and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Receiving => "receiving",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Finished => "finished",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    #[default]
    Csv,
    /// Versions 2.1, 3.0 and 4.0.
    Vcard,
}

/// How rows become customers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// For each column the field that it fills; none leaves it out.
    pub mapping: Vec<Option<Field>>,
    pub on_duplicate: OnDuplicate,
    /// Everybody in the file gets these.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// What becomes of a row whose customer is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDuplicate {
    /// The customer stays as it is.
    #[default]
    Skip,
    /// Only what is not known yet is added.
    Fill,
    /// What the row says takes the place of what is known.
    Update,
}

/// How the rows stand, all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Counts {
    /// Not looked at yet.
    pub waiting: u32,
    pub created: u32,
    pub updated: u32,
    /// The customer was there, and there was nothing to do.
    pub unchanged: u32,
    /// The customer was there, and was to be left alone.
    pub skipped: u32,
    pub failed: u32,
    /// Created or updated, and taken back again.
    pub undone: u32,
    /// Not taken back: somebody has used or changed the customer since.
    pub kept: u32,
}

/// What a pass picks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pass {
    /// Rows that were not looked at yet.
    Run,
    /// Rows that failed.
    Retry,
    /// Rows that were created or updated.
    Undo,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ImportCommand {
    Open(Box<Opening>),
    /// All rows have been put away.
    Receive,
    Plan(Plan),
    /// Runs what waits, or what failed, or takes back.
    Begin(Pass),
    /// Rows up to this one have been seen to.
    Advance {
        pass: u32,
        through: u32,
        counts: Counts,
        rest: Rest,
    },
    Stop,
    /// The term is over.
    Purge {
        at: OffsetDateTime,
    },
}

/// Whether the pass goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    More,
    Nothing,
}

/// A file as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    pub format: Format,
    pub encoding: String,
    pub size_bytes: u64,
    pub rows: u32,
    pub file_name: Sealed,
    pub columns: Sealed,
    pub by: String,
    pub at: OffsetDateTime,
}

impl Import {
    /// Refuses an import that never was.
    pub fn require(&self) -> Result<&Self, Refusal> {
        match self.standing {
            ImportStanding::Unknown => Err(Refusal::not_found(
                "import-not-found",
                "there is no such import",
            )),
            _ => Ok(self),
        }
    }

    /// Refuses one whose rows cannot be read any more.
    pub fn require_rows(&self) -> Result<&Self, Refusal> {
        self.require()?;
        if self.purged {
            let detail = "the rows of this import are not kept any longer; upload the file again";
            return Err(Refusal::conflict("import-purged", detail));
        }
        Ok(self)
    }
}

impl Aggregate for Import {
    const TYPE: &'static str = "import";
    type Command = ImportCommand;
    type Event = ImportEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: ImportCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: ImportEvent) {
        match event {
            ImportEvent::ImportOpened {
                format,
                encoding,
                size_bytes,
                rows,
                file_name,
                columns,
                by,
                ..
            } => {
                *self = Self {
                    standing: ImportStanding::Receiving,
                    format,
                    encoding,
                    size_bytes,
                    rows,
                    file_name,
                    columns,
                    by,
                    counts: Counts {
                        waiting: rows,
                        ..Counts::default()
                    },
                    ..Self::default()
                };
            }
            ImportEvent::ImportReceived {} => self.standing = ImportStanding::Ready,
            ImportEvent::ImportMapped(plan) => self.plan = Some(plan),
            ImportEvent::ImportStarted { pass }
            | ImportEvent::ImportContinued { pass }
            | ImportEvent::ImportRetried { pass } => {
                self.standing = ImportStanding::Running;
                (self.pass, self.through) = (pass, 0);
            }
            ImportEvent::ImportUndoStarted { pass } => {
                self.standing = ImportStanding::Undoing;
                (self.pass, self.through) = (pass, 0);
            }
            ImportEvent::ImportAdvanced {
                through, counts, ..
            } => (self.through, self.counts) = (through, counts),
            ImportEvent::ImportFinished { counts } => {
                (self.standing, self.counts) = (ImportStanding::Finished, counts);
            }
            ImportEvent::ImportUndone { counts } => {
                (self.standing, self.counts) = (ImportStanding::Undone, counts);
            }
            ImportEvent::ImportStopped {} => self.standing = ImportStanding::Stopped,
            ImportEvent::ImportPurged { .. } => {
                self.purged = true;
                self.file_name = Sealed::default();
                self.columns = Sealed::default();
            }
        }
    }
}

impl Noun for Import {
    fn claims(&self, _id: &str, _event: &ImportEvent) -> ClaimChanges {
        ClaimChanges::default()
    }

    fn effects(&self, id: &str, event: &ImportEvent) -> Vec<Effect> {
        let import_id = ImportId::new(id);
        let run = |kind: Pass, pass: u32, after: u32| {
            let call = Call::RunImport {
                import_id: import_id.clone(),
                kind,
                pass,
                after,
            };
            vec![Effect {
                name: "run-import",
                call,
                due: None,
                order_key: Some(id.to_owned()),
                expires_at: None,
            }]
        };
        match event {
            ImportEvent::ImportOpened { at, .. } => {
                let purge = Timer::PurgeImport {
                    import_id: import_id.clone(),
                };
                vec![Effect::timer("purge-import", *at + TERM, purge)]
            }
            ImportEvent::ImportStarted { pass } | ImportEvent::ImportContinued { pass } => {
                run(Pass::Run, *pass, 0)
            }
            ImportEvent::ImportRetried { pass } => run(Pass::Retry, *pass, 0),
            ImportEvent::ImportUndoStarted { pass } => run(Pass::Undo, *pass, 0),
            ImportEvent::ImportAdvanced {
                kind,
                pass,
                through,
                ..
            } => run(*kind, *pass, *through),
            ImportEvent::ImportReceived {}
            | ImportEvent::ImportMapped(_)
            | ImportEvent::ImportFinished { .. }
            | ImportEvent::ImportUndone { .. }
            | ImportEvent::ImportStopped {}
            | ImportEvent::ImportPurged { .. } => Vec::new(),
        }
    }
}

/// What a row's cells are sealed as, under the import's key.
pub fn cells_place(row: i64) -> String {
    format!("row/{row}")
}

/// What is noted beside a row is sealed as.
pub fn note_place(row: i64) -> String {
    format!("note/{row}")
}
