//! The letters that the product sends by itself: when, in which words, and what a template in their place may speak of.

use domain::templates::TemplateChannel;
use domain::templates::catalogue::{self, About, Known};
use event_store::Result;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PROJECTION;
use crate::ask::{Ctx, Found};
use crate::params;
use crate::registry::{Entry, Shape, schema_of};

pub(crate) const LETTERS: Entry = Entry {
    name: "template-letters",
    title: "Letters of the product's own",
    description: "The letters and texts that are sent by themselves, each with when it is, our words for it, and what a \
        template under its name may speak of.",
    shape: Shape::List,
    permission: Permission::TenantsRead,
    projections: &[PROJECTION],
    params: schema_of::<LettersParams>,
    item: schema_of::<LetterItem>,
    run: |ctx, params| Box::pin(letters(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LettersParams {
    /// Only the letter of this name.
    name: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct LetterItem {
    name: &'static str,
    /// What makes it go.
    when: &'static str,
    channels: &'static [TemplateChannel],
    about: About,
    /// Our words, to begin a template with; empty where the channel has no subject.
    subject: &'static str,
    text: &'static str,
    /// What fills in by itself.
    known: Vec<KnownItem>,
}

/// A value that fills in by itself.
#[derive(Serialize, JsonSchema)]
pub(crate) struct KnownItem {
    name: &'static str,
    meaning: &'static str,
    sample: &'static str,
    /// Whether it may be missing: then it is used inside a condition, or with a fallback.
    may_be_missing: bool,
}

impl KnownItem {
    pub fn of(known: &Known) -> Self {
        Self {
            name: known.name,
            meaning: known.meaning,
            sample: known.sample,
            may_be_missing: !known.is_always,
        }
    }
}

async fn letters(_: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: LettersParams = params::parse(params)?;
    let wanted = params.name.as_deref();
    let items: Vec<LetterItem> = catalogue::LETTERS
        .iter()
        .filter(|letter| wanted.is_none_or(|name| name == letter.name))
        .map(|letter| {
            let (subject, text) = letter.words();
            let known = catalogue::known(letter.name, About::Booking);
            LetterItem {
                name: letter.name,
                when: letter.when,
                channels: letter.channels,
                about: About::Booking,
                subject,
                text,
                known: known.iter().map(KnownItem::of).collect(),
            }
        })
        .collect();
    Found::all(&items)
}
