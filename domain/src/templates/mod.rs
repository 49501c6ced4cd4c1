//! Templates: what the tenant's letters and texts say, in its own words. One for each name, channel and language. A draft
//! is changed freely; what is published never changes, and is sent from then on until the next version or the end.

pub mod catalogue;
pub mod content;
pub mod events;
pub mod facts;
mod rules;
pub mod segments;
mod wording;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use self::catalogue::About;
use self::content::Content;
use self::events::TemplateEvent;
use crate::effects::Effect;
use crate::noun::{ClaimChanges, Key, Noun};
use crate::refusal::Refusal;

/// Handle: every template that was ever drafted, so that there is an end to them.
pub const EVERY_SCOPE: &str = "template";
/// The value of that handle.
pub const EVERY: &str = "*";
/// The most templates of one tenant, retired ones included: they keep their versions.
pub const MAX_TEMPLATES: usize = 500;
pub const MAX_NAME_CHARS: usize = 32;
/// The language of a template, and of a tenant, that names none.
pub const DEFAULT_LANGUAGE: &str = "en";

/// A template as its events tell it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Template {
    pub standing: TemplateStanding,
    /// None before the first draft.
    pub place: Option<Place>,
    pub about: About,
    /// What the next version says.
    pub draft: Option<Content>,
    /// What is sent, or was until the template was retired.
    pub published: Option<Published>,
}

/// What a template is found by. Its id follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub name: String,
    pub channel: TemplateChannel,
    pub language: String,
}

/// How messages of a template go.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TemplateChannel {
    /// Subject, text and HTML.
    Email,
    Sms,
    Whatsapp,
}

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TemplateStanding {
    /// Never heard of.
    #[default]
    Unknown,
    /// Never published.
    Draft,
    Published,
    /// It is not sent any more; publishing it again ends that.
    Retired,
}

/// A version; it never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// From 1.
    pub version: u32,
    /// SHA-256 of the content as canonical JSON, in hexadecimal.
    pub digest: String,
    pub content: Content,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TemplateCommand {
    /// A new draft, in the place of the one before.
    Save {
        place: Place,
        about: About,
        draft: Box<Content>,
    },
    /// The draft goes; what is published stays.
    Discard,
    /// The draft becomes the next version.
    Publish {
        digest: String,
    },
    Retire,
}

impl Place {
    /// The id of the template at this place, such as `deposit-paid.email.en`.
    pub fn id(&self) -> String {
        format!("{}.{}.{}", self.name, self.channel.as_str(), self.language)
    }
}

impl TemplateChannel {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Whatsapp => "whatsapp",
        }
    }
}

impl Template {
    /// Refuses a template that never was.
    pub fn require(&self) -> Result<&Place, Refusal> {
        let unknown = || Refusal::not_found("template-not-found", "there is no such template");
        self.place.as_ref().ok_or_else(unknown)
    }

    /// The version that is sent now, if any is.
    pub fn in_force(&self) -> Option<&Published> {
        self.published
            .as_ref()
            .filter(|_| self.standing == TemplateStanding::Published)
    }
}

/// Where to look for the words of a tenant with this language: in it, in it whatever the country, and in the default one.
pub fn languages(own: Option<&str>) -> Vec<String> {
    let own = own.unwrap_or(DEFAULT_LANGUAGE);
    let plain = own.split('-').next().unwrap_or(own);
    let mut languages = Vec::new();
    for language in [own, plain, DEFAULT_LANGUAGE] {
        if !languages.iter().any(|known| known == language) {
            languages.push(language.to_owned());
        }
    }
    languages
}

/// A language as `en`, `pt-BR` or `zh-Hant` (BCP 47: a language, and a script or a country).
///
/// # Errors
/// `language-invalid`.
pub fn parse_language(text: &str) -> Result<String, Refusal> {
    let mut parts = text.split('-');
    let is_language = parts.next().is_some_and(|part| {
        (2..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    let is_region = |part: &str| match part.len() {
        2 => part.bytes().all(|byte| byte.is_ascii_uppercase()),
        4 => part.bytes().all(|byte| byte.is_ascii_alphabetic()),
        _ => false,
    };
    let rest = parts.next();
    match is_language && rest.is_none_or(is_region) && parts.next().is_none() {
        true => Ok(text.to_owned()),
        false => Err(Refusal::invalid(
            "language-invalid",
            "a language such as en, pt-BR or zh-Hant",
        )),
    }
}

impl Aggregate for Template {
    const TYPE: &'static str = "template";
    type Command = TemplateCommand;
    type Event = TemplateEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: TemplateCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: TemplateEvent) {
        match event {
            TemplateEvent::TemplateDrafted {
                place,
                about,
                draft,
            } => {
                *self = Self {
                    standing: TemplateStanding::Draft,
                    place: Some(place),
                    about,
                    draft: Some(*draft),
                    published: None,
                };
            }
            TemplateEvent::TemplateRevised { draft } => self.draft = Some(*draft),
            TemplateEvent::TemplateDraftDiscarded {} => self.draft = None,
            TemplateEvent::TemplatePublished {
                version,
                digest,
                content,
            } => {
                self.standing = TemplateStanding::Published;
                self.draft = None;
                self.published = Some(Published {
                    version,
                    digest,
                    content: *content,
                });
            }
            TemplateEvent::TemplateRetired {} => self.standing = TemplateStanding::Retired,
        }
    }
}

impl Noun for Template {
    fn claims(&self, _id: &str, event: &TemplateEvent) -> ClaimChanges {
        match event {
            TemplateEvent::TemplateDrafted { .. } => ClaimChanges {
                handles: vec![Key::new(EVERY_SCOPE, EVERY)],
                ..ClaimChanges::default()
            },
            TemplateEvent::TemplateRevised { .. }
            | TemplateEvent::TemplateDraftDiscarded {}
            | TemplateEvent::TemplatePublished { .. }
            | TemplateEvent::TemplateRetired {} => ClaimChanges::default(),
        }
    }

    fn effects(&self, _id: &str, _event: &TemplateEvent) -> Vec<Effect> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_looked_for_in_the_nearest_language_first() {
        assert_eq!(languages(Some("pt-BR")), ["pt-BR", "pt", "en"]);
        assert_eq!(languages(Some("en-GB")), ["en-GB", "en"]);
        assert_eq!(languages(None), ["en"]);
    }

    #[test]
    fn a_language_is_told_by_its_code() {
        for good in ["en", "pt-BR", "zh-Hant", "fil"] {
            assert_eq!(parse_language(good).unwrap(), good);
        }
        for bad in ["", "english", "EN", "en_US", "en-us", "en-US-x", "e"] {
            assert_eq!(
                parse_language(bad).unwrap_err().code,
                "language-invalid",
                "{bad}"
            );
        }
    }
}
