//! Notes and tags: what the tenant's people keep about a customer.

use domain::customers::{Customer, CustomerCommand};
use domain::ids::{CustomerId, NoteId};
use domain::refusal::Problems;
use domain::sealed::Pii;
use domain::values::{MAX_NOTE_CHARS, free_text};
use event_store::load::Load;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Work};

/// # Add a note
///
/// A note on a customer, for the tenant's own people.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddNote {
    pub customer_id: CustomerId,
    /// At most 4,000 characters.
    pub text: Pii<String>,
}

#[derive(Serialize)]
pub struct NoteSummary {
    pub customer_id: String,
    pub note_id: String,
}

/// # Tag a customer
///
/// Tags are free words; tagging twice is tagging once.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TagCustomer {
    pub customer_id: CustomerId,
    /// At most 64 characters.
    pub tag: String,
}

/// # Untag a customer
///
/// Takes a tag away; one that is not there is no mistake.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UntagCustomer {
    pub customer_id: CustomerId,
    /// The tag as it was given.
    pub tag: String,
}

#[derive(Serialize)]
pub struct TagsSummary {
    pub customer_id: String,
    pub tags: Vec<String>,
}

impl Input for AddNote {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.customer_id.as_str())
    }
}

impl Input for TagCustomer {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.customer_id.as_str())
    }
}

impl Input for UntagCustomer {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.customer_id.as_str())
    }
}

pub async fn add_note(work: &mut Work, input: AddNote) -> Result<NoteSummary> {
    let mut customer = work.find::<Customer>(input.customer_id.as_str()).await?;
    let key = work.subject(input.customer_id.as_str()).await?;
    let mut problems = Problems::default();
    let text = problems
        .check("/text", free_text(input.text.expose(), MAX_NOTE_CHARS))
        .unwrap_or_default();
    problems.finish()?;
    let note_id = work.new_id();
    let text = key.seal("NoteAdded", "text", &text)?;
    let author = work.ctx.principal.id.clone();
    let command = CustomerCommand::AddNote {
        note_id: NoteId::new(note_id.clone()),
        text,
        author,
    };
    work.execute(&mut customer, command).await?;
    Ok(NoteSummary {
        customer_id: customer.id,
        note_id,
    })
}

pub async fn tag_customer(work: &mut Work, input: TagCustomer) -> Result<TagsSummary> {
    change_tags(
        work,
        &input.customer_id,
        CustomerCommand::Tag { tag: input.tag },
    )
    .await
}

pub async fn untag_customer(work: &mut Work, input: UntagCustomer) -> Result<TagsSummary> {
    change_tags(
        work,
        &input.customer_id,
        CustomerCommand::Untag { tag: input.tag },
    )
    .await
}

async fn change_tags(
    work: &mut Work,
    customer_id: &CustomerId,
    command: CustomerCommand,
) -> Result<TagsSummary> {
    let mut customer = work.find::<Customer>(customer_id.as_str()).await?;
    work.execute(&mut customer, command).await?;
    Ok(TagsSummary {
        customer_id: customer.id,
        tags: customer.state.tags.into_iter().collect(),
    })
}
