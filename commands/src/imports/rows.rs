//! `import-customer`: one row of an import becomes a customer, or makes one that is there more complete. What it has
//! written, and what stood there before, goes back with its answer as ciphertext, so that it can be taken back.

use domain::customers::consents::Source;
use domain::customers::{Customer, CustomerCommand, CustomerDetails};
use domain::imports::OnDuplicate;
use domain::imports::mapping::{Draft, Person};
use domain::sealed::Pii;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::undo::Undo;
use crate::Result;
use crate::customers::corrections::{self, Wishes};
use crate::customers::people::{self, Somebody};
use crate::registry::Input;
use crate::work::{Facts, Work};

/// Where customers of an import come in.
const CHANNEL: &str = "import";

/// # Import a customer
///
/// One row of an import.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportCustomer {
    /// What the row says, as JSON text.
    pub draft: Pii<String>,
    /// Tags that everybody of the import gets.
    pub tags: Vec<String>,
    pub on_duplicate: OnDuplicate,
}

/// What a row has become.
#[derive(Debug, Serialize, Deserialize)]
pub struct RowSummary {
    pub customer_id: String,
    pub outcome: Outcome,
    /// The customer's, after the row.
    pub sequence: i64,
    /// Events of the customer that the row has made.
    pub wrote: i64,
    pub undo: Option<Undo>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Created,
    Updated,
    Unchanged,
    Skipped,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
        }
    }
}

impl Input for ImportCustomer {
    fn wanted(&self, facts: &Facts) -> Load {
        let draft: Draft = serde_json::from_str(self.draft.expose()).unwrap_or_default();
        people::wanted(facts, draft.email.as_deref(), draft.phone.as_deref())
    }
}

pub async fn import_customer(work: &mut Work, input: ImportCustomer) -> Result<RowSummary> {
    work.tenant().require()?;
    let draft: Draft = serde_json::from_str(input.draft.expose())?;
    let mut row = draft.parse(&work.tenant().settings.region)?;
    row.tags.extend(input.tags);
    let person = people::Person {
        first_name: row.first_name.clone(),
        last_name: row.last_name.clone(),
        email: row.email.clone(),
        phone: row.phone.clone(),
        address: row.address.clone(),
        time_zone: row.time_zone.clone(),
    };
    let mut somebody = people::find(work, &person, draft.phone.as_deref()).await?;
    let is_new = somebody.origin.is_new();
    let before = somebody.customer.sequence;
    if is_new {
        let how = (Source::Import, CHANNEL);
        people::write_down(work, &mut somebody, &person, how).await?;
    }
    let was_archived = somebody.customer.state.is_archived();
    let leave = !is_new && !was_archived && input.on_duplicate == OnDuplicate::Skip;
    let undo = match leave {
        true => None,
        false => Some(change(work, &mut somebody, (&row, input.on_duplicate)).await?),
    };
    // Answered for by the customer even where nothing is to be done.
    let nothing = CustomerCommand::Correct {
        details: CustomerDetails::default(),
        cleared: Default::default(),
    };
    work.execute(&mut somebody.customer, nothing).await?;
    let outcome = match &undo {
        None => Outcome::Skipped,
        Some(_) if is_new => Outcome::Created,
        Some(undo) if undo.is_nothing() => Outcome::Unchanged,
        Some(_) => Outcome::Updated,
    };
    Ok(RowSummary {
        outcome,
        sequence: somebody.customer.sequence,
        wrote: somebody.customer.sequence - before,
        customer_id: somebody.customer.id,
        undo: undo.filter(|_| !matches!(outcome, Outcome::Unchanged)),
    })
}

/// Brings the customer to what the row says, and notes what that takes to be undone.
async fn change(
    work: &mut Work,
    somebody: &mut Somebody,
    (row, on_duplicate): (&Person, OnDuplicate),
) -> Result<Undo> {
    let mut undo = Undo {
        was_archived: somebody.customer.state.is_archived(),
        ..Undo::default()
    };
    if undo.was_archived {
        let at = work.ctx.now;
        work.execute(&mut somebody.customer, CustomerCommand::Unarchive { at })
            .await?;
    }
    if !somebody.origin.is_new() {
        let known = &somebody.customer.state;
        let wishes = wishes(row, known, on_duplicate);
        let details = corrections::details(work, &somebody.key, known, &wishes)?;
        undo.before = before(known, &details);
        undo.written = details.clone();
        let correct = CustomerCommand::Correct {
            details,
            cleared: Default::default(),
        };
        work.execute(&mut somebody.customer, correct).await?;
    }
    for tag in &row.tags {
        if somebody.customer.state.tags.contains(tag) {
            continue;
        }
        let give = CustomerCommand::Tag { tag: tag.clone() };
        work.execute(&mut somebody.customer, give).await?;
        undo.tags.push(tag.clone());
    }
    Ok(undo)
}

/// What the row says, less what is known already where only gaps are to be filled.
fn wishes(row: &Person, known: &Customer, on_duplicate: OnDuplicate) -> Wishes {
    let fills = on_duplicate != OnDuplicate::Update;
    let unless = |is_known: bool| !(fills && is_known);
    Wishes {
        first_name: Some(row.first_name.clone()).filter(|_| unless(known.first_name.is_some())),
        last_name: row
            .last_name
            .clone()
            .filter(|_| unless(known.last_name.is_some())),
        email: row.email.clone().filter(|_| unless(known.email.is_some())),
        phone: row.phone.clone().filter(|_| unless(known.phone.is_some())),
        address: row
            .address
            .clone()
            .filter(|_| unless(known.address.is_some())),
        // Everybody has one; only an update says that this is the right one.
        time_zone: row.time_zone.clone().filter(|_| !fills),
    }
}

/// What stood where `written` goes.
fn before(known: &Customer, written: &CustomerDetails) -> CustomerDetails {
    CustomerDetails {
        first_name: known
            .first_name
            .clone()
            .filter(|_| written.first_name.is_some()),
        last_name: known
            .last_name
            .clone()
            .filter(|_| written.last_name.is_some()),
        email: known.email.clone().filter(|_| written.email.is_some()),
        phone: known.phone.clone().filter(|_| written.phone.is_some()),
        address: known.address.clone().filter(|_| written.address.is_some()),
        time_zone: written.time_zone.as_ref().map(|_| known.time_zone.clone()),
    }
}
