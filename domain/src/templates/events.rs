//! What can happen to a template.

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};

use super::catalogue::About;
use super::content::Content;
use super::{Place, Template};
use crate::evolution;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TemplateEvent {
    TemplateDrafted {
        place: Place,
        about: About,
        draft: Box<Content>,
    },
    /// Another draft took the place of the one before.
    TemplateRevised {
        draft: Box<Content>,
    },
    TemplateDraftDiscarded {},
    /// It says itself what it published, so that a version can be read without what came before.
    TemplatePublished {
        version: u32,
        digest: String,
        content: Box<Content>,
    },
    TemplateRetired {},
}

impl DomainEvent for TemplateEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::TemplateDrafted { .. } => "TemplateDrafted",
            Self::TemplateRevised { .. } => "TemplateRevised",
            Self::TemplateDraftDiscarded {} => "TemplateDraftDiscarded",
            Self::TemplatePublished { .. } => "TemplatePublished",
            Self::TemplateRetired {} => "TemplateRetired",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(Template::TYPE, &self.event_type())
    }
}
