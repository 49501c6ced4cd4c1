//! What a version of a template says: its words and the variables that it declares, checked when they are written, so that
//! nothing is left to go wrong when they are sent.

use serde::{Deserialize, Serialize};

use super::catalogue::{self, About, Known};
use super::facts::Facts;
use super::wording::{self, Form};
use super::{Place, TemplateChannel};
use crate::refusal::{Problems, Refusal};

pub const MAX_SUBJECT_CHARS: usize = 200;
pub const MAX_TEXT_CHARS: usize = 20_000;
pub const MAX_HTML_CHARS: usize = 60_000;
/// Ten segments of a long text message.
pub const MAX_SMS_CHARS: usize = 1_600;
pub const MAX_WHATSAPP_CHARS: usize = 4_096;
pub const MAX_VARIABLES: usize = 20;
pub const MAX_VARIABLE_CHARS: usize = 32;
pub const MAX_SAMPLE_CHARS: usize = 200;

/// The words of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Of an e-mail; one line, at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// At most 20,000 characters in an e-mail, 1,600 in an SMS, 4,096 over WhatsApp.
    pub text: String,
    /// Of an e-mail, at most 60,000 characters; made of the text unless given. What is filled in is escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What it uses beyond the values that fill in by themselves, and what stands in for those that may be missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
}

/// A variable of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// 1 to 32 lower-case letters, digits and underscores, beginning with a letter.
    pub name: String,
    /// Shown in previews, at most 200 characters.
    pub sample: String,
    /// What stands in its place when there is no value. Without one it may be used only inside `{% if name %}`, or must be
    /// given with every message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
}

/// What was written by a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub subject: Option<String>,
    pub text: String,
    /// What stands in the frame of a letter, or a whole page where the template has one.
    pub html: Option<String>,
}

impl Content {
    /// Refuses what could not be sent, everything at once, by JSON pointer.
    pub fn check(&self, place: &Place, about: About) -> Result<(), Refusal> {
        let mut problems = Problems::default();
        let known = catalogue::known(&place.name, about);
        self.check_variables(&mut problems, &known);
        self.check_sizes(&mut problems, place.channel);
        let names = catalogue::names(&known, &self.variables);
        for (pointer, form, source) in self.parts() {
            let checked = wording::check(form, source, &names);
            if problems.check(pointer, checked).is_some() {
                let tried = self.try_out(form, source, &known);
                problems.check(pointer, tried);
            }
        }
        problems.finish()
    }

    /// The words for these facts; `name` and `about` are the template's.
    ///
    /// # Errors
    /// `variable-missing`, when a value is missing that nothing stands in for.
    pub fn write(&self, name: &str, about: About, facts: &Facts) -> Result<Words, Refusal> {
        let facts = facts.completed(&catalogue::known(name, about), &self.variables);
        let write = |form, source: &String| wording::write(form, source, &facts);
        Ok(Words {
            subject: self
                .subject
                .as_ref()
                .map(|subject| write(Form::Line, subject))
                .transpose()?,
            text: write(Form::Text, &self.text)?,
            html: self
                .html
                .as_ref()
                .map(|html| write(Form::Html, html))
                .transpose()?,
        })
    }

    fn parts(&self) -> impl Iterator<Item = (&'static str, Form, &str)> {
        let subject = self.subject.as_deref();
        let html = self.html.as_deref();
        let subject = subject.map(|source| ("/subject", Form::Line, source));
        let html = html.map(|source| ("/html", Form::Html, source));
        let text = ("/text", Form::Text, self.text.as_str());
        subject.into_iter().chain([text]).chain(html)
    }

    /// Writes it with everything there, and then without each value that may be missing.
    fn try_out(&self, form: Form, source: &str, known: &[Known]) -> Result<(), Refusal> {
        let samples = Facts::samples(known, &self.variables);
        let complete = samples.completed(known, &self.variables);
        wording::write(form, source, &complete)?;
        for value in known.iter().filter(|value| !value.is_always) {
            let facts = samples
                .without(value.name)
                .completed(known, &self.variables);
            wording::write(form, source, &facts).map_err(|refusal| {
                let name = value.name;
                let detail = format!(
                    "{name} may be missing: put it inside {{% if {name} %}}…{{% endif %}}, or declare it among the variables with a fallback"
                );
                match refusal.code == wording::MISSING {
                    true => Refusal::invalid("variable-may-be-missing", detail),
                    false => refusal,
                }
            })?;
        }
        Ok(())
    }

    fn check_variables(&self, problems: &mut Problems, known: &[Known]) {
        if self.variables.len() > MAX_VARIABLES {
            let message = format!("at most {MAX_VARIABLES} variables");
            problems.add("/variables", "list-too-long", message);
        }
        for (index, variable) in self.variables.iter().enumerate().take(MAX_VARIABLES) {
            let pointer = |field: &str| format!("/variables/{index}/{field}");
            let name = variable.name.as_str();
            let is_name = name.starts_with(|letter: char| letter.is_ascii_lowercase())
                && name.len() <= MAX_VARIABLE_CHARS
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !is_name {
                let message = format!(
                    "1 to {MAX_VARIABLE_CHARS} lower-case letters, digits and underscores, beginning with a letter"
                );
                problems.add(&pointer("name"), "variable-invalid", message);
            }
            let before = self.variables.iter().take(index);
            if before.clone().any(|other| other.name == name) {
                problems.add(&pointer("name"), "variable-twice", "declare it once");
            }
            let is_ours = known.iter().any(|value| value.name == name);
            let lengths = [
                ("sample", Some(&variable.sample)),
                ("fallback", variable.fallback.as_ref()),
            ];
            for (field, text) in lengths {
                if text.is_some_and(|text| text.chars().count() > MAX_SAMPLE_CHARS) {
                    let message = format!("at most {MAX_SAMPLE_CHARS} characters");
                    problems.add(&pointer(field), "text-too-long", message);
                }
            }
            if !is_ours && variable.sample.trim().is_empty() {
                let message = "what a preview is to show in its place";
                problems.add(&pointer("sample"), "sample-missing", message);
            }
        }
    }

    fn check_sizes(&self, problems: &mut Problems, channel: TemplateChannel) {
        let limit = match channel {
            TemplateChannel::Email => MAX_TEXT_CHARS,
            TemplateChannel::Sms => MAX_SMS_CHARS,
            TemplateChannel::Whatsapp => MAX_WHATSAPP_CHARS,
        };
        let is_mail = channel == TemplateChannel::Email;
        let sizes = [
            ("/subject", self.subject.as_ref(), MAX_SUBJECT_CHARS),
            ("/text", Some(&self.text), limit),
            ("/html", self.html.as_ref(), MAX_HTML_CHARS),
        ];
        for (pointer, text, limit) in sizes {
            let Some(text) = text else { continue };
            if text.trim().is_empty() {
                problems.add(pointer, "text-missing", "write something");
            } else if text.chars().count() > limit {
                let message = format!("at most {limit} characters");
                problems.add(pointer, "text-too-long", message);
            } else if pointer != "/text" && !is_mail {
                problems.add(pointer, "part-unknown", "only an e-mail has it");
            }
        }
        match &self.subject {
            None if is_mail => problems.add("/subject", "text-missing", "an e-mail has a subject"),
            Some(subject) if subject.contains(['\n', '\r']) => {
                problems.add("/subject", "subject-invalid", "one line");
            }
            _ => {}
        }
    }
}
