//! `file-copied-letter`: somebody who works here wrote to a customer from their own mail program and copied it to us. It
//! becomes a note in the customer's thread: it was not sent from here, so nothing here decided that it may go.

use domain::conversations::commands::ConversationCommand;
use domain::customers::EMAIL_SCOPE;
use domain::customers::consents::Channel;
use domain::ids::{CustomerId, NoteId};
use domain::refusal::{Problems, Refusal};
use domain::sealed::Pii;
use domain::values::{EmailAddress, MAX_NOTE_CHARS, free_text};
use event_store::load::Load;
use identity::permissions::Permission;
use identity::sessions::principal_id;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::recipients::{find_customer, load_all};
use super::starting::thread_on;
use crate::Result;
use crate::command;
use crate::customers::people::email_index;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Work};

/// The command of this file; only the system sends it.
pub fn commands() -> Vec<Command> {
    vec![command!(
        "file-copied-letter",
        file_copied_letter,
        FileCopiedLetter,
        Permission::ConversationsWrite,
        Risk::Write,
        internal
    )]
}

/// # File a letter that was copied to us
///
/// As a note in the e-mail thread of the customer whom it went to, which is opened where there is none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileCopiedLetter {
    /// Whom it went to.
    pub to: Pii<String>,
    /// The person who wrote it.
    pub person_id: String,
    #[serde(default)]
    pub subject: Option<Pii<String>>,
    pub content: Pii<String>,
}

#[derive(Serialize)]
pub struct FiledSummary {
    pub thread_id: String,
    pub note_id: String,
}

impl Input for FileCopiedLetter {
    fn wanted(&self, _: &Facts) -> Load {
        Load::default()
    }
}

pub async fn file_copied_letter(work: &mut Work, input: FileCopiedLetter) -> Result<FiledSummary> {
    let mut problems = Problems::default();
    let email = problems.check("/to", EmailAddress::parse(input.to.expose()));
    problems.finish()?;
    let email = email.ok_or_else(unknown)?;
    let keys = work.keys()?;
    let index = email_index(&keys, &email);
    let owner = work.find_claim(EMAIL_SCOPE, &index).await?;
    let customer_id = CustomerId::new(owner.ok_or_else(unknown)?);
    work.fetch(load_all(std::slice::from_ref(&customer_id)))
        .await?;
    let customer = find_customer(work, &customer_id).await?;
    let mut conversation = thread_on(work, &customer, Channel::Email).await?;
    let key = work.subject(&conversation.id).await?;
    let text = note(&input, email.as_str());
    let note_id = work.new_id();
    let add = ConversationCommand::AddNote {
        note_id: NoteId::new(note_id.clone()),
        text: key.seal("ThreadNoteAdded", "text", &text)?,
        author: principal_id(&input.person_id),
    };
    work.execute(&mut conversation, add).await?;
    Ok(FiledSummary {
        thread_id: conversation.id,
        note_id,
    })
}

/// What is too long for a note is cut: the letter lies in its writer's mail program.
fn note(input: &FileCopiedLetter, to: &str) -> String {
    let subject = input
        .subject
        .as_ref()
        .map_or("", |subject| subject.expose());
    let whole = format!("Mail to {to}: {subject}\n\n{}", input.content.expose());
    let shown = |letter: &char| !letter.is_control() || matches!(letter, '\n' | '\t');
    let cut: String = whole.chars().filter(shown).take(MAX_NOTE_CHARS).collect();
    free_text(&cut, MAX_NOTE_CHARS).unwrap_or_else(|_| format!("Mail to {to}"))
}

fn unknown() -> Refusal {
    Refusal::conflict(
        "copied-letter-unknown",
        "no customer has the address that the letter went to; create the customer, then copy the letter again",
    )
}
