//! A template filled in, as whoever gets it would see it.

use domain::letters::Letters;
use domain::refusal::Refusal;
use domain::templates::catalogue::About;
use domain::templates::content::Content;
use domain::templates::facts::Facts;
use domain::templates::segments::Segments;
use domain::templates::{Place, TemplateChannel};
use event_store::Result;
use event_store::error::Error;
use schemars::JsonSchema;
use serde::Serialize;

/// What would be sent.
#[derive(Serialize, JsonSchema)]
pub struct Shown {
    /// Of an e-mail.
    subject: Option<String>,
    text: String,
    /// Of an e-mail, in its frame.
    html: Option<String>,
    /// How an SMS is cut, and so billed.
    segments: Option<Segments>,
}

/// Fills a template in; refused as its content refuses.
pub fn show(place: &Place, about: About, content: &Content, facts: &Facts) -> Result<Shown> {
    let words = content.write(&place.name, about, facts)?;
    let segments = (place.channel == TemplateChannel::Sms).then(|| Segments::of(&words.text));
    if place.channel != TemplateChannel::Email {
        return Ok(Shown {
            subject: None,
            text: words.text,
            html: None,
            segments,
        });
    }
    let failed = |error| Error::Internal(Box::new(error));
    let business = facts.find("business").unwrap_or_default();
    let letter = Letters::new()
        .and_then(|letters| letters.frame(words, about, business))
        .map_err(failed)?;
    Ok(Shown {
        subject: Some(letter.subject),
        text: letter.text,
        html: Some(letter.html),
        segments: None,
    })
}

/// There is no such template, or it has no such version.
pub(super) fn unknown() -> Refusal {
    Refusal::not_found("template-not-found", "there is no such template")
}
