//! Commands within commands: what a journey's step or a bulk run's turn comes to is decided by the handlers of the commands
//! themselves, in the one commit of the command around them.

use domain::refusal::Refusal;
use event_store::error::Error;
use serde_json::Value;

use crate::Result;
use crate::registry;
use crate::work::Work;

/// A command that was decided.
pub(crate) struct Decided {
    /// What it was about: aggregate type and id.
    pub about: (String, String),
    /// How many events it adds; none where all was as asked already.
    pub events: usize,
}

/// Has a command of ours decided within this one: its writes stand or fall with the others'. What it refuses leaves nothing
/// behind.
pub(crate) async fn decide(
    work: &mut Work,
    name: &str,
    body: &Value,
) -> Result<std::result::Result<Decided, Refusal>> {
    let Some(command) = registry::find(name) else {
        let detail = format!("there is no command {name}");
        return Ok(Err(Refusal::not_found("command-unknown", detail)));
    };
    let place = work.mark();
    let before = work.kept.summaries.len();
    let outcome = async {
        command.validate(body)?;
        let wanted = (command.wanted)(&work.facts(), body)?;
        work.fetch(wanted).await?;
        (command.handle)(work, body).await
    }
    .await;
    match outcome {
        Ok(_) => Ok(Ok(Decided {
            about: work.decided_about(),
            events: work.kept.summaries.len().saturating_sub(before),
        })),
        Err(Error::Refused(refusal)) => {
            work.back_to(place);
            Ok(Err(*refusal))
        }
        Err(error) => Err(error),
    }
}

/// The code that says most: that of the field, where one field is wrong.
pub(crate) fn code_of(refusal: &Refusal) -> String {
    match refusal.errors.as_slice() {
        [only] => only.code.clone(),
        _ => refusal.code.clone(),
    }
}
