//! When a template may be drafted, published and retired.

use super::catalogue::{About, Letter};
use super::content::Content;
use super::events::TemplateEvent;
use super::{MAX_NAME_CHARS, Place, Template, TemplateCommand, TemplateStanding, parse_language};
use crate::refusal::{Problems, Refusal};

impl Template {
    /// The events that `command` leads to; none when all is as asked already.
    pub fn decide(&self, command: TemplateCommand) -> Result<Vec<TemplateEvent>, Refusal> {
        match command {
            TemplateCommand::Save {
                place,
                about,
                draft,
            } => self.save(place, about, draft),
            TemplateCommand::Discard => {
                self.require()?;
                Ok(match self.draft {
                    Some(_) => vec![TemplateEvent::TemplateDraftDiscarded {}],
                    None => Vec::new(),
                })
            }
            TemplateCommand::Publish { digest } => self.publish(digest),
            TemplateCommand::Retire => {
                self.require()?;
                match self.standing {
                    TemplateStanding::Published => Ok(vec![TemplateEvent::TemplateRetired {}]),
                    TemplateStanding::Retired => Ok(Vec::new()),
                    TemplateStanding::Unknown | TemplateStanding::Draft => {
                        let detail = "it was never published; discard its draft instead";
                        Err(Refusal::conflict("template-not-published", detail))
                    }
                }
            }
        }
    }

    /// What the next version would say: the draft, or once more what was retired.
    pub fn next_content(&self) -> Option<&Content> {
        let retired = || {
            self.published
                .as_ref()
                .filter(|_| self.standing == TemplateStanding::Retired)
                .map(|published| &published.content)
        };
        self.draft.as_ref().or_else(retired)
    }

    fn save(
        &self,
        place: Place,
        about: About,
        draft: Box<Content>,
    ) -> Result<Vec<TemplateEvent>, Refusal> {
        let about = check_place(&place, about)?;
        draft.check(&place, about)?;
        if self.place.is_none() {
            return Ok(vec![TemplateEvent::TemplateDrafted {
                place,
                about,
                draft,
            }]);
        }
        if self.about != about {
            let detail = "a template stays about what it was made for; make another one";
            return Err(Refusal::conflict("template-fixed", detail));
        }
        Ok(match self.draft.as_ref() == Some(&*draft) {
            true => Vec::new(),
            false => vec![TemplateEvent::TemplateRevised { draft }],
        })
    }

    fn publish(&self, digest: String) -> Result<Vec<TemplateEvent>, Refusal> {
        let place = self.require()?;
        let Some(content) = self.next_content() else {
            return match self.standing {
                TemplateStanding::Published => Ok(Vec::new()),
                _ => {
                    let detail = "there is nothing to publish; send save-template-draft first";
                    Err(Refusal::conflict("template-draft-missing", detail))
                }
            };
        };
        // What could be sent when it was drafted can be sent still, unless the rules have changed since.
        content.check(place, self.about)?;
        let version = self.published.as_ref().map_or(1, |last| last.version + 1);
        Ok(vec![TemplateEvent::TemplatePublished {
            version,
            digest,
            content: Box::new(content.clone()),
        }])
    }
}

/// What a template at this place is about: that of the product's letter, where there is one.
fn check_place(place: &Place, about: About) -> Result<About, Refusal> {
    let mut problems = Problems::default();
    let name = place.name.as_str();
    let is_name = (1..=MAX_NAME_CHARS).contains(&name.len())
        && !name.starts_with('-')
        && !name.ends_with('-')
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !is_name {
        let message = format!("1 to {MAX_NAME_CHARS} lower-case letters, digits and inner dashes");
        problems.add("/name", "name-invalid", message);
    }
    problems.check("/language", parse_language(&place.language));
    let letter = Letter::find(name);
    if let Some(letter) = letter
        && !letter.channels.contains(&place.channel)
    {
        let channels: Vec<&str> = letter.channels.iter().map(|one| one.as_str()).collect();
        let message = format!("{name} goes by {}", channels.join(" and "));
        problems.add("/channel", "channel-invalid", message);
    }
    problems.finish()?;
    Ok(match letter {
        Some(_) => About::Booking,
        None => about,
    })
}

#[cfg(test)]
mod tests {
    use cqrs_es::Aggregate;

    use super::*;
    use crate::templates::catalogue::LETTERS;
    use crate::templates::content::Variable;
    use crate::templates::facts::Facts;
    use crate::templates::{TemplateChannel, catalogue};

    fn place(name: &str, channel: TemplateChannel) -> Place {
        Place {
            name: name.to_owned(),
            channel,
            language: "en".to_owned(),
        }
    }

    fn content(text: &str) -> Content {
        Content {
            subject: Some("About {{ when }}".to_owned()),
            text: text.to_owned(),
            ..Content::default()
        }
    }

    fn save(text: &str) -> TemplateCommand {
        TemplateCommand::Save {
            place: place("deposit-paid", TemplateChannel::Email),
            about: About::Customer,
            draft: Box::new(content(text)),
        }
    }

    fn publish(digest: &str) -> TemplateCommand {
        TemplateCommand::Publish {
            digest: digest.to_owned(),
        }
    }

    fn after(commands: Vec<TemplateCommand>) -> Template {
        let mut template = Template::default();
        for command in commands {
            let events = template.decide(command).unwrap();
            events.into_iter().for_each(|event| template.apply(event));
        }
        template
    }

    #[test]
    fn a_draft_becomes_a_version_and_the_version_never_changes() {
        let template = after(vec![save("One"), publish("d1"), save("Two")]);
        let sent = template.in_force().unwrap();
        assert_eq!((sent.version, sent.content.text.as_str()), (1, "One"));
        let template = after(vec![save("One"), publish("d1"), save("Two"), publish("d2")]);
        let sent = template.in_force().unwrap();
        assert_eq!((sent.version, sent.digest.as_str()), (2, "d2"));
        assert_eq!(template.decide(publish("d2")), Ok(Vec::new()));
        assert_eq!(template.about, About::Booking, "that of the letter");
    }

    #[test]
    fn what_is_retired_is_not_sent_until_it_is_published_again() {
        let mut template = after(vec![save("One"), publish("d1"), TemplateCommand::Retire]);
        assert_eq!(template.in_force(), None);
        assert_eq!(template.decide(TemplateCommand::Retire), Ok(Vec::new()));
        let events = template.decide(publish("d1")).unwrap();
        events.into_iter().for_each(|event| template.apply(event));
        assert_eq!(template.in_force().unwrap().version, 2);
        let draft = after(vec![save("One")]);
        let refusal = draft.decide(TemplateCommand::Retire).unwrap_err();
        assert_eq!(refusal.code, "template-not-published");
    }

    #[test]
    fn a_draft_that_could_not_be_sent_is_refused_by_the_place_of_the_fault() {
        let refused = |channel, name: &str, draft: Content| {
            let save = TemplateCommand::Save {
                place: place(name, channel),
                about: About::Customer,
                draft: Box::new(draft),
            };
            let refusal = Template::default().decide(save).unwrap_err();
            let error = &refusal.errors[0];
            (error.pointer.clone(), error.code.clone())
        };
        let at = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
        let (mail, sms) = (TemplateChannel::Email, TemplateChannel::Sms);
        for (text, code) in [
            ("{{ colour }}", "variable-unknown"),
            ("{{ hold_until }}", "variable-may-be-missing"),
            ("{{", "template-invalid"),
            (" ", "text-missing"),
        ] {
            assert_eq!(
                refused(mail, "deposit-paid", content(text)),
                at("/text", code),
                "{text}"
            );
        }
        assert_eq!(
            refused(sms, "deposit-paid", content("x")),
            at("/channel", "channel-invalid")
        );
        assert_eq!(
            refused(sms, "hello", content("x")),
            at("/subject", "part-unknown")
        );
        assert_eq!(
            refused(mail, "hello", content("x")),
            at("/subject", "variable-unknown")
        );
        assert_eq!(
            refused(mail, "Hello", content("x")),
            at("/name", "name-invalid")
        );
    }

    #[test]
    fn a_fallback_stands_in_for_what_may_be_missing() {
        let mut draft = content("Until {{ hold_until }}, {{ first_name }}");
        draft.variables.push(Variable {
            name: "hold_until".to_owned(),
            sample: String::new(),
            fallback: Some("soon".to_owned()),
        });
        let here = place("deposit-paid", TemplateChannel::Email);
        draft.check(&here, About::Booking).unwrap();
        let mut facts = Facts::default();
        facts.set("when", "Sunday");
        let words = draft.write("deposit-paid", About::Booking, &facts).unwrap();
        assert_eq!(words.text, "Until soon, there");
        assert_eq!(words.subject.as_deref(), Some("About Sunday"));
    }

    #[test]
    fn our_own_words_are_templates_that_could_be_published() {
        for letter in &LETTERS {
            let (subject, text) = letter.words();
            let draft = Content {
                subject: (!subject.is_empty()).then(|| subject.to_owned()),
                text: text.to_owned(),
                ..Content::default()
            };
            let here = place(letter.name, letter.channels[0]);
            draft
                .check(&here, About::Booking)
                .unwrap_or_else(|refusal| panic!("{}: {refusal:?}", letter.name));
        }
        let known = catalogue::known("booking-created", About::Booking);
        assert!(
            known
                .iter()
                .any(|one| one.name == "payment_url" && one.is_always)
        );
    }
}
