//! A journey as it was written, read into types. Everything that is wrong with it is found at once, each with its line and
//! column, before anything is kept.

use time::Duration;

use super::expressions::{self, Condition, Moment};
use super::yaml::{self, Entry, Fault, Kind, Node, Place};
use super::{MAX_SOURCE_BYTES, steps};
use crate::customers::consents::{Channel, Purpose};
use crate::evolution;
use crate::refusal::{FieldError, Refusal};
use crate::templates::MAX_NAME_CHARS;

/// Faults that one answer tells.
const MAX_FAULTS: usize = 20;
/// Events that end a journey.
const MAX_EXITS: usize = 20;
/// Whose events journeys begin, wait and end on: those that have a customer.
pub const SUBJECTS: &[&str] = &["booking", "customer", "conversation", "payment"];

/// A journey.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    pub name: String,
    pub version: u32,
    pub trigger: Trigger,
    /// Events that end a run.
    pub exits: Vec<String>,
    pub steps: Vec<Step>,
}

/// What begins a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    pub event: String,
    pub when: Option<Condition>,
}

/// One step. Its label says where it stands: `4.1.2` is the second step of the first arm of the fourth step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub label: String,
    pub line: usize,
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Wait(Wait),
    Send(Send),
    Command(Asked),
    Tag { tag: String },
    Webhook { endpoint_id: String },
    Ask(Question),
    Branch(Vec<Arm>),
    Split(Vec<Share>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Wait {
    For(Duration),
    Until(Moment),
    /// For an event, and no longer than this.
    Event {
        event: String,
        timeout: Duration,
    },
}

/// A message in the words of a published template.
#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    pub channel: Channel,
    pub template: String,
    pub purpose: Purpose,
}

/// A command of ours, with names of facts in its body as `{{ customer.id }}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub name: String,
    pub body: serde_json::Value,
    pub place: Place,
}

/// A question to a model about what the customer has written.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What the answer is known by afterwards.
    pub name: String,
    pub question: String,
    /// The only answers there are; the last one is taken where nobody can say.
    pub answers: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// None otherwise.
    pub when: Option<Condition>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    pub percent: u8,
    pub steps: Vec<Step>,
}

impl Action {
    /// As YAML names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Wait(_) => "wait",
            Self::Send(_) => "send",
            Self::Command(_) => "command",
            Self::Tag { .. } => "tag",
            Self::Webhook { .. } => "webhook",
            Self::Ask(_) => "ask-ai",
            Self::Branch(_) => "branch",
            Self::Split(_) => "split",
        }
    }

    /// The steps within, arm by arm.
    pub fn arms(&self) -> Vec<&[Step]> {
        match self {
            Self::Branch(arms) => arms.iter().map(|arm| arm.steps.as_slice()).collect(),
            Self::Split(shares) => shares.iter().map(|share| share.steps.as_slice()).collect(),
            _ => Vec::new(),
        }
    }
}

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    /// `journey-invalid`, with each fault under `/definition`, its message beginning with line and column.
    pub fn parse(source: &str) -> Result<Self, Refusal> {
        if source.len() > MAX_SOURCE_BYTES {
            let message = format!("at most {MAX_SOURCE_BYTES} bytes");
            return Err(Refusal::field(
                "/definition",
                "definition-too-long",
                message,
            ));
        }
        let mut faults = Faults::default();
        let read = faults.keep(yaml::read(source));
        let definition = read.and_then(|node| definition(&node, &mut faults));
        match definition {
            Some(definition) if faults.0.is_empty() => Ok(definition),
            _ => Err(faults.refusal()),
        }
    }

    /// Every step, those within others too.
    pub fn all_steps(&self) -> Vec<&Step> {
        fn collect<'a>(steps: &'a [Step], all: &mut Vec<&'a Step>) {
            for step in steps {
                all.push(step);
                for arm in step.action.arms() {
                    collect(arm, all);
                }
            }
        }
        let mut all = Vec::new();
        collect(&self.steps, &mut all);
        all
    }

    /// Whether such an event ends a run.
    pub fn ends_on(&self, event: &str) -> bool {
        self.exits.iter().any(|exit| exit == event)
    }

    /// Every event that a run may listen to.
    pub fn hears(&self) -> Vec<String> {
        let mut heard = self.exits.clone();
        for step in self.all_steps() {
            if let Action::Wait(Wait::Event { event, .. }) = &step.action {
                heard.push(event.clone());
            }
        }
        heard.sort();
        heard.dedup();
        heard
    }
}

/// Everything that is wrong so far.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, place: Place, code: &'static str, message: impl Into<String>) {
        if self.0.len() < MAX_FAULTS {
            self.0.push(Fault::new(place, code, message));
        }
    }

    /// Keeps what was read, or notes why it could not be.
    pub fn keep<T>(&mut self, read: Result<T, Fault>) -> Option<T> {
        match read {
            Ok(read) => Some(read),
            Err(fault) => {
                self.add(fault.place, fault.code, fault.message);
                None
            }
        }
    }

    fn refusal(self) -> Refusal {
        let errors: Vec<FieldError> = self.0.into_iter().map(told).collect();
        let detail = match errors.as_slice() {
            [only] => only.message.clone(),
            many => format!(
                "{} things are wrong with the journey; see errors",
                many.len()
            ),
        };
        Refusal {
            errors,
            ..Refusal::invalid("journey-invalid", detail)
        }
    }
}

/// A fault as a field's error.
fn told(fault: Fault) -> FieldError {
    let Place { line, column } = fault.place;
    FieldError {
        pointer: "/definition".to_owned(),
        code: fault.code.to_owned(),
        message: format!("line {line}, column {column}: {}", fault.message),
    }
}

/// A refusal for one place of a definition.
pub fn refuse_at(place: Place, code: &'static str, message: impl Into<String>) -> Refusal {
    let mut faults = Faults::default();
    faults.add(place, code, message);
    faults.refusal()
}

/// The entries of a map; none and a fault for anything else, and a fault for each key that is none of `known`.
pub(super) fn map<'n>(node: &'n Node, known: &[&str], faults: &mut Faults) -> Option<&'n [Entry]> {
    let Kind::Map(entries) = &node.kind else {
        let message = format!("a map of {} was expected", known.join(", "));
        faults.add(node.place, "map-expected", message);
        return None;
    };
    for entry in entries
        .iter()
        .filter(|entry| !known.contains(&entry.key.as_str()))
    {
        let message = format!(
            "there is no {:?} here; there are {}",
            entry.key,
            known.join(", ")
        );
        faults.add(entry.place, "key-unknown", message);
    }
    Some(entries)
}

/// What stands under a key.
pub(super) fn find<'n>(entries: &'n [Entry], key: &str) -> Option<&'n Node> {
    let mut entries = entries.iter();
    entries
        .find(|entry| entry.key == key)
        .map(|entry| &entry.value)
}

/// What stands under a key that must be there.
pub(super) fn require<'n>(
    (place, entries): (Place, &'n [Entry]),
    key: &str,
    faults: &mut Faults,
) -> Option<&'n Node> {
    let found = find(entries, key);
    if found.is_none() {
        faults.add(place, "key-missing", format!("{key} is missing"));
    }
    found
}

pub(super) fn text<'n>(node: &'n Node, faults: &mut Faults) -> Option<&'n str> {
    let found = node.text().filter(|text| !text.is_empty());
    if found.is_none() {
        faults.add(node.place, "text-expected", "a text was expected");
    }
    found
}

pub(super) fn list<'n>(node: &'n Node, faults: &mut Faults) -> &'n [Node] {
    match &node.kind {
        Kind::List(list) => list,
        Kind::Text { .. } | Kind::Map(_) => {
            faults.add(node.place, "list-expected", "a list was expected");
            &[]
        }
    }
}

/// The name of an event that journeys can hear of.
pub(super) fn event(node: &Node, faults: &mut Faults) -> Option<String> {
    let name = text(node, faults)?;
    let known = evolution::known_events();
    let mut heard = known.iter().filter(|(kind, _)| SUBJECTS.contains(kind));
    if heard.any(|(_, names)| names.contains(&name)) {
        return Some(name.to_owned());
    }
    let message = format!(
        "journeys do not hear of {name:?}; they hear of events such as BookingConfirmed, MessageReceived, ThreadOptedOut"
    );
    faults.add(node.text_place(), "event-unknown", message);
    None
}

pub(super) fn condition(node: &Node, faults: &mut Faults) -> Option<Condition> {
    let source = text(node, faults)?;
    faults.keep(expressions::condition(source, node.text_place()))
}

fn definition(node: &Node, faults: &mut Faults) -> Option<Definition> {
    let known = ["journey", "version", "trigger", "exit", "steps"];
    let entries = map(node, &known, faults)?;
    let whole = (node.place, entries);
    let name = require(whole, "journey", faults).and_then(|node| name(node, faults));
    let version = require(whole, "version", faults).and_then(|node| version(node, faults));
    let trigger = require(whole, "trigger", faults).and_then(|node| trigger(node, faults));
    let exits = match find(entries, "exit") {
        Some(node) => exits(node, faults),
        None => Vec::new(),
    };
    let steps = require(whole, "steps", faults).map(|node| steps::all(node, faults));
    Some(Definition {
        name: name?,
        version: version?,
        trigger: trigger?,
        exits,
        steps: steps?,
    })
}

/// A name: lower-case letters, digits and inner dashes.
pub(super) fn is_name(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=MAX_NAME_CHARS).contains(&name.len())
        && name.chars().all(letters)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn name(node: &Node, faults: &mut Faults) -> Option<String> {
    let name = text(node, faults)?;
    if is_name(name) {
        return Some(name.to_owned());
    }
    let message =
        format!("a name is 1 to {MAX_NAME_CHARS} lower-case letters, digits and inner dashes");
    faults.add(node.place, "name-invalid", message);
    None
}

fn version(node: &Node, faults: &mut Faults) -> Option<u32> {
    let read = node.text().and_then(|text| text.parse::<u32>().ok());
    let version = read.filter(|version| (1..=1_000_000).contains(version));
    if version.is_none() {
        let message = "a version is a number from 1; each change has a higher one";
        faults.add(node.place, "version-invalid", message);
    }
    version
}

fn trigger(node: &Node, faults: &mut Faults) -> Option<Trigger> {
    let entries = map(node, &["event", "when"], faults)?;
    let named = require((node.place, entries), "event", faults)?;
    let when = match find(entries, "when") {
        Some(node) => Some(condition(node, faults)?),
        None => None,
    };
    Some(Trigger {
        event: event(named, faults)?,
        when,
    })
}

fn exits(node: &Node, faults: &mut Faults) -> Vec<String> {
    let listed = list(node, faults);
    if listed.len() > MAX_EXITS {
        faults.add(
            node.place,
            "list-too-long",
            format!("at most {MAX_EXITS} exits"),
        );
    }
    let exits = listed.iter().take(MAX_EXITS).filter_map(|node| {
        let entries = map(node, &["event"], faults)?;
        let named = require((node.place, entries), "event", faults)?;
        event(named, faults)
    });
    exits.collect()
}

#[cfg(test)]
mod tests;
