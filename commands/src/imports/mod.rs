//! Commands about imports: say what the columns are, run, stop, try again, undo. Each row is a command of its own; the relay
//! sends them, and brings back how far it is.

pub mod rows;
pub mod taking_back;
pub mod undo;

use cqrs_es::Aggregate;
use domain::ids::ImportId;
use domain::imports::mapping::Field;
use domain::imports::{
    Counts, Format, Import, ImportCommand, ImportStanding, OnDuplicate, Opening, Pass, Plan, Rest,
};
use domain::refusal::Refusal;
use domain::sealed::Pii;
use event_store::commit::KeyChange;
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Loaded, Work};

/// The event and fields that a file's name and header are sealed as.
const OPENED: &str = "ImportOpened";
pub const FILE_NAME_FIELD: &str = "file_name";
pub const COLUMNS_FIELD: &str = "columns";

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    const WRITE: Permission = Permission::CustomersWrite;
    vec![
        command!("map-import", map_import, MapImport, WRITE, Risk::Write),
        command!("start-import", start_import, StartImport, WRITE, Risk::Bulk),
        command!("stop-import", stop_import, StopImport, WRITE, Risk::Write),
        command!("retry-import", retry_import, RetryImport, WRITE, Risk::Bulk),
        command!("undo-import", undo_import, UndoImport, WRITE, Risk::Bulk),
        command!(
            "open-import",
            open_import,
            OpenImport,
            WRITE,
            Risk::Write,
            internal
        ),
        command!(
            "receive-import",
            receive_import,
            ReceiveImport,
            WRITE,
            Risk::Write,
            internal
        ),
        command!(
            "import-customer",
            rows::import_customer,
            rows::ImportCustomer,
            WRITE,
            Risk::Write,
            internal
        ),
        command!(
            "take-back-import",
            taking_back::take_back_import,
            taking_back::TakeBackImport,
            WRITE,
            Risk::Write,
            internal
        ),
        command!(
            "advance-import",
            advance_import,
            AdvanceImport,
            WRITE,
            Risk::Write,
            internal
        ),
        command!(
            "purge-import",
            purge_import,
            PurgeImport,
            WRITE,
            Risk::Destructive,
            internal
        ),
    ]
}

/// # Map an import
///
/// Says which column of the file is what, and what becomes of rows whose customer is there already. Ask `import-preview`
/// for a guess, and for what would become of each row.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapImport {
    pub import_id: ImportId,
    /// For each column, in order, the field that it fills; `null` leaves the column out.
    #[schemars(length(min = 1, max = 100))]
    pub mapping: Vec<Option<Field>>,
    /// A customer is known by e-mail address, or else by phone number.
    #[serde(default)]
    pub on_duplicate: OnDuplicate,
    /// Tags that everybody in the file gets, at most 10.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// # Start an import
///
/// Runs the rows one after the other in the background, or goes on after a stop. `imports` shows how far it is,
/// `import-rows` what became of each row.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartImport {
    pub import_id: ImportId,
}

/// # Stop an import
///
/// After the rows under way no further ones are seen to. It can be started again, or undone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopImport {
    pub import_id: ImportId,
}

/// # Retry an import
///
/// Tries the rows again that failed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryImport {
    pub import_id: ImportId,
}

/// # Undo an import
///
/// Takes the whole import back: customers that it made are archived, unless somebody has used them since; fields that it
/// changed are as before, unless somebody has changed them since; tags that it gave are taken away.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoImport {
    pub import_id: ImportId,
}

/// # Open an import
///
/// Notes a file that was uploaded.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenImport {
    pub import_id: ImportId,
    pub format: Format,
    pub encoding: String,
    pub size_bytes: u64,
    pub rows: u32,
    /// SHA-256 of the file, hex: another file under the same key is another request.
    pub digest: String,
    pub file_name: Pii<String>,
    /// The header as a JSON list.
    pub columns: Pii<String>,
    /// The principal who uploaded it.
    pub by: String,
}

/// # Receive an import
///
/// All rows are kept.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveImport {
    pub import_id: ImportId,
}

/// # Advance an import
///
/// Rows have been seen to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdvanceImport {
    pub import_id: ImportId,
    pub pass: u32,
    pub through: u32,
    pub counts: Counts,
    pub rest: Rest,
}

/// # Purge an import
///
/// Destroys the key to its rows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurgeImport {
    pub import_id: ImportId,
}

/// How an import stands.
#[derive(Serialize)]
pub struct ImportSummary {
    pub import_id: String,
    pub standing: ImportStanding,
    pub rows: u32,
    pub counts: Counts,
}

impl ImportSummary {
    fn of(import: Loaded<Import>) -> Self {
        Self {
            import_id: import.id,
            standing: import.state.standing,
            rows: import.state.rows,
            counts: import.state.counts,
        }
    }
}

macro_rules! of_one_import {
    ($($input:ty),*) => {$(
        impl Input for $input {
            fn wanted(&self, _: &Facts) -> Load {
                load_of(&self.import_id)
            }
        }
    )*};
}

of_one_import!(
    MapImport,
    StartImport,
    StopImport,
    RetryImport,
    UndoImport,
    OpenImport,
    ReceiveImport,
    AdvanceImport,
    PurgeImport
);

pub async fn map_import(work: &mut Work, input: MapImport) -> Result<ImportSummary> {
    let import = work.find::<Import>(input.import_id.as_str()).await?;
    let key = work.kept_subject(&import.id).await?;
    let columns: Option<Vec<String>> = key
        .and_then(|key| key.open(COLUMNS_FIELD, &import.state.columns))
        .and_then(|columns| serde_json::from_str(&columns).ok());
    let width = columns.map_or(0, |columns| columns.len());
    if !import.state.purged && input.mapping.len() != width {
        let message = format!("the file has {width} columns; name one field, or null, for each");
        return Err(Refusal::field("/mapping", "mapping-incomplete", message).into());
    }
    let plan = Plan {
        mapping: input.mapping,
        on_duplicate: input.on_duplicate,
        tags: input.tags,
    };
    execute(work, import, ImportCommand::Plan(plan)).await
}

pub async fn start_import(work: &mut Work, input: StartImport) -> Result<ImportSummary> {
    begin(work, &input.import_id, Pass::Run).await
}

pub async fn retry_import(work: &mut Work, input: RetryImport) -> Result<ImportSummary> {
    begin(work, &input.import_id, Pass::Retry).await
}

pub async fn undo_import(work: &mut Work, input: UndoImport) -> Result<ImportSummary> {
    begin(work, &input.import_id, Pass::Undo).await
}

async fn begin(work: &mut Work, import_id: &ImportId, pass: Pass) -> Result<ImportSummary> {
    let import = work.find::<Import>(import_id.as_str()).await?;
    execute(work, import, ImportCommand::Begin(pass)).await
}

pub async fn stop_import(work: &mut Work, input: StopImport) -> Result<ImportSummary> {
    let import = work.find::<Import>(input.import_id.as_str()).await?;
    execute(work, import, ImportCommand::Stop).await
}

pub async fn open_import(work: &mut Work, input: OpenImport) -> Result<ImportSummary> {
    work.tenant().require()?;
    let import_id = input.import_id.as_str();
    let import = work.load::<Import>(import_id).await?;
    let key = work.subject(import_id).await?;
    let opening = Opening {
        format: input.format,
        encoding: input.encoding,
        size_bytes: input.size_bytes,
        rows: input.rows,
        file_name: key.seal(OPENED, FILE_NAME_FIELD, input.file_name.expose())?,
        columns: key.seal(OPENED, COLUMNS_FIELD, input.columns.expose())?,
        by: input.by,
        at: work.ctx.now,
    };
    execute(work, import, ImportCommand::Open(Box::new(opening))).await
}

pub async fn receive_import(work: &mut Work, input: ReceiveImport) -> Result<ImportSummary> {
    let import = work.find::<Import>(input.import_id.as_str()).await?;
    execute(work, import, ImportCommand::Receive).await
}

pub async fn advance_import(work: &mut Work, input: AdvanceImport) -> Result<ImportSummary> {
    let import = work.find::<Import>(input.import_id.as_str()).await?;
    let advance = ImportCommand::Advance {
        pass: input.pass,
        through: input.through,
        counts: input.counts,
        rest: input.rest,
    };
    execute(work, import, advance).await
}

pub async fn purge_import(work: &mut Work, input: PurgeImport) -> Result<ImportSummary> {
    let import = work.find::<Import>(input.import_id.as_str()).await?;
    if !import.state.purged {
        work.change_key(KeyChange::Destroy(import.id.clone()));
    }
    let at = work.ctx.now;
    execute(work, import, ImportCommand::Purge { at }).await
}

async fn execute(
    work: &mut Work,
    mut import: Loaded<Import>,
    command: ImportCommand,
) -> Result<ImportSummary> {
    work.execute(&mut import, command).await?;
    Ok(ImportSummary::of(import))
}

fn load_of(import_id: &ImportId) -> Load {
    Load {
        streams: vec![(Import::TYPE, import_id.to_string(), 0)],
        subjects: vec![import_id.to_string()],
        ..Load::default()
    }
}
