//! The steps of a journey, read one by one.

use super::MAX_STEPS;
use super::definition::{
    Action, Arm, Asked, Faults, Question, Send, Share, Step, Wait, condition, event, find, is_name,
    list, map, require, text,
};
use super::expressions;
use super::yaml::{Entry, Kind, Node};
use crate::customers::consents::{Channel, Purpose};
use crate::values::MAX_TAG_CHARS;

const KINDS: &[&str] = &[
    "wait", "send", "command", "branch", "split", "ask-ai", "webhook", "tag",
];
const CHANNELS: &[(&str, Channel)] = &[
    ("email", Channel::Email),
    ("sms", Channel::Sms),
    ("whatsapp", Channel::Whatsapp),
];
const PURPOSES: &[(&str, Purpose)] = &[
    ("transactional", Purpose::Transactional),
    ("marketing", Purpose::Marketing),
];
/// Steps within steps.
const MAX_DEPTH: usize = 5;
/// Arms of a branch, and shares of a split.
const MAX_ARMS: usize = 10;
const MAX_ANSWERS: usize = 10;
const MAX_ANSWER_CHARS: usize = 40;
const MAX_QUESTION_CHARS: usize = 500;
const MAX_ENDPOINT_CHARS: usize = 64;

/// What is being read.
struct Reading<'f> {
    faults: &'f mut Faults,
    /// Steps so far.
    count: usize,
    /// Answers that have been asked for so far.
    asked: Vec<String>,
}

/// Every step of a journey.
pub(super) fn all(node: &Node, faults: &mut Faults) -> Vec<Step> {
    let mut reading = Reading {
        faults,
        count: 0,
        asked: Vec::new(),
    };
    let steps = reading.steps(node, "", 0);
    if matches!(&node.kind, Kind::List(listed) if listed.is_empty()) {
        let message = "a journey has at least one step";
        reading.faults.add(node.place, "steps-missing", message);
    }
    steps
}

impl Reading<'_> {
    fn steps(&mut self, node: &Node, within: &str, depth: usize) -> Vec<Step> {
        if depth > MAX_DEPTH {
            let message = format!("at most {MAX_DEPTH} steps within one another");
            self.faults.add(node.place, "steps-too-deep", message);
            return Vec::new();
        }
        let listed = list(node, self.faults);
        let numbered = listed.iter().enumerate();
        numbered
            .filter_map(|(index, node)| self.step(node, format!("{within}{}", index + 1), depth))
            .collect()
    }

    fn step(&mut self, node: &Node, label: String, depth: usize) -> Option<Step> {
        self.count += 1;
        if self.count > MAX_STEPS {
            if self.count == MAX_STEPS + 1 {
                let message = format!("a journey has at most {MAX_STEPS} steps");
                self.faults.add(node.place, "steps-too-many", message);
            }
            return None;
        }
        let entry = match &node.kind {
            Kind::Map(entries) if entries.len() == 1 => entries.first()?,
            _ => {
                let message = format!("a step is one of {}", KINDS.join(", "));
                self.faults.add(node.place, "step-invalid", message);
                return None;
            }
        };
        let action = self.action(entry, &label, depth)?;
        Some(Step {
            label,
            line: node.place.line,
            action,
        })
    }

    fn action(&mut self, entry: &Entry, label: &str, depth: usize) -> Option<Action> {
        let node = &entry.value;
        match entry.key.as_str() {
            "wait" => wait(node, self.faults).map(Action::Wait),
            "send" => send(node, self.faults).map(Action::Send),
            "command" => command(node, self.faults).map(Action::Command),
            "tag" => tag(node, self.faults),
            "webhook" => webhook(node, self.faults),
            "ask-ai" => {
                let question = question(node, self.faults)?;
                self.asked.push(question.name.clone());
                Some(Action::Ask(question))
            }
            "branch" => self.branch(node, label, depth).map(Action::Branch),
            "split" => self.split(node, label, depth).map(Action::Split),
            other => {
                let message = format!("there is no step {other:?}; steps are {}", KINDS.join(", "));
                self.faults.add(entry.place, "step-unknown", message);
                None
            }
        }
    }

    fn branch(&mut self, node: &Node, label: &str, depth: usize) -> Option<Vec<Arm>> {
        let listed = self.arms(node)?;
        let mut arms = Vec::with_capacity(listed.len());
        for (index, node) in listed.iter().enumerate() {
            let entries = map(node, &["when", "steps", "otherwise"], self.faults)?;
            let within = format!("{label}.{}.", index + 1);
            let arm = match (find(entries, "otherwise"), find(entries, "when")) {
                (Some(steps), None) => {
                    if index + 1 < listed.len() {
                        let message = "otherwise is the last arm";
                        self.faults.add(node.place, "otherwise-not-last", message);
                    }
                    Arm {
                        when: None,
                        steps: self.steps(steps, &within, depth + 1),
                    }
                }
                (None, Some(when)) => {
                    let read = condition(when, self.faults);
                    self.check_answers(when);
                    let steps = require((node.place, entries), "steps", self.faults)?;
                    Arm {
                        steps: self.steps(steps, &within, depth + 1),
                        when: Some(read?),
                    }
                }
                _ => {
                    let message = "an arm has when and steps, or otherwise";
                    self.faults.add(node.place, "arm-invalid", message);
                    return None;
                }
            };
            arms.push(arm);
        }
        Some(arms)
    }

    fn split(&mut self, node: &Node, label: &str, depth: usize) -> Option<Vec<Share>> {
        let listed = self.arms(node)?;
        let mut shares = Vec::with_capacity(listed.len());
        for (index, node) in listed.iter().enumerate() {
            let entries = map(node, &["percent", "steps"], self.faults)?;
            let whole = (node.place, entries);
            let percent = require(whole, "percent", self.faults)?;
            let steps = require(whole, "steps", self.faults)?;
            let read = percent.text().and_then(|text| text.parse::<u8>().ok());
            let Some(percent) = read.filter(|percent| (1..=100).contains(percent)) else {
                let message = "a whole number from 1 to 100";
                self.faults.add(percent.place, "percent-invalid", message);
                return None;
            };
            shares.push(Share {
                percent,
                steps: self.steps(steps, &format!("{label}.{}.", index + 1), depth + 1),
            });
        }
        let sum: u32 = shares.iter().map(|share| u32::from(share.percent)).sum();
        if sum != 100 {
            let message = format!("the shares come to {sum}, not to 100");
            self.faults.add(node.place, "shares-not-hundred", message);
        }
        Some(shares)
    }

    fn arms<'n>(&mut self, node: &'n Node) -> Option<&'n [Node]> {
        let listed = list(node, self.faults);
        if (1..=MAX_ARMS).contains(&listed.len()) {
            return Some(listed);
        }
        let message = format!("1 to {MAX_ARMS} arms");
        self.faults.add(node.place, "arms-invalid", message);
        None
    }

    /// An answer can be asked about once its question stands before it.
    fn check_answers(&mut self, when: &Node) {
        let source = when.text().unwrap_or_default();
        for part in source.split("answers.").skip(1) {
            let is_part = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
            let name: String = part.chars().take_while(is_part).collect();
            if !self.asked.contains(&name) {
                let message = format!("nothing before this asks for {name:?}");
                self.faults
                    .add(when.text_place(), "answer-unknown", message);
            }
        }
    }
}

fn wait(node: &Node, faults: &mut Faults) -> Option<Wait> {
    let entries = map(node, &["for", "until", "event", "timeout"], faults)?;
    let found = |key: &str| find(entries, key);
    match (found("for"), found("until"), found("event")) {
        (Some(node), None, None) => {
            let source = text(node, faults)?;
            let length = faults.keep(expressions::length(source, node.text_place()))?;
            Some(Wait::For(length))
        }
        (None, Some(node), None) => {
            let source = text(node, faults)?;
            let moment = faults.keep(expressions::moment(source, node.text_place()))?;
            Some(Wait::Until(moment))
        }
        (None, None, Some(named)) => {
            let event = event(named, faults);
            let longest = require((node.place, entries), "timeout", faults)?;
            let source = text(longest, faults)?;
            let timeout = faults.keep(expressions::length(source, longest.text_place()))?;
            Some(Wait::Event {
                event: event?,
                timeout,
            })
        }
        _ => {
            let message = "a wait is for a length, until a moment, or for an event with a timeout";
            faults.add(node.place, "wait-invalid", message);
            None
        }
    }
}

/// One of some names.
fn one_of<T: Copy>(
    node: &Node,
    known: &[(&str, T)],
    code: &'static str,
    faults: &mut Faults,
) -> Option<T> {
    let name = text(node, faults)?;
    let found = known.iter().find(|(known, _)| *known == name);
    if found.is_none() {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        faults.add(node.place, code, format!("one of {}", names.join(", ")));
    }
    found.map(|(_, value)| *value)
}

fn send(node: &Node, faults: &mut Faults) -> Option<Send> {
    let entries = map(node, &["channel", "template", "purpose"], faults)?;
    let whole = (node.place, entries);
    let channel = require(whole, "channel", faults)
        .and_then(|node| one_of(node, CHANNELS, "channel-unknown", faults));
    let purpose = require(whole, "purpose", faults)
        .and_then(|node| one_of(node, PURPOSES, "purpose-unknown", faults));
    let template = require(whole, "template", faults)?;
    let name = text(template, faults)?;
    if !is_name(name) {
        let message = "a template's name, such as reminder-24h";
        faults.add(template.place, "template-invalid", message);
    }
    Some(Send {
        channel: channel?,
        purpose: purpose?,
        template: name.to_owned(),
    })
}

fn command(node: &Node, faults: &mut Faults) -> Option<Asked> {
    let entries = map(node, &["name", "body"], faults)?;
    let whole = (node.place, entries);
    let named = require(whole, "name", faults)?;
    let body = require(whole, "body", faults)?;
    let name = text(named, faults)?;
    if !matches!(body.kind, Kind::Map(_)) {
        faults.add(body.place, "map-expected", "the body of a command is a map");
        return None;
    }
    Some(Asked {
        name: name.to_owned(),
        body: body.to_json(),
        place: named.place,
    })
}

fn tag(node: &Node, faults: &mut Faults) -> Option<Action> {
    let tag = text(node, faults)?;
    if tag.chars().count() > MAX_TAG_CHARS {
        let message = format!("a tag has at most {MAX_TAG_CHARS} characters");
        faults.add(node.place, "text-too-long", message);
        return None;
    }
    Some(Action::Tag {
        tag: tag.to_owned(),
    })
}

fn webhook(node: &Node, faults: &mut Faults) -> Option<Action> {
    let entries = map(node, &["endpoint"], faults)?;
    let endpoint = require((node.place, entries), "endpoint", faults)?;
    let id = text(endpoint, faults)?;
    if id.len() > MAX_ENDPOINT_CHARS {
        let message = "the id of a webhook endpoint";
        faults.add(endpoint.place, "endpoint-invalid", message);
        return None;
    }
    Some(Action::Webhook {
        endpoint_id: id.to_owned(),
    })
}

fn question(node: &Node, faults: &mut Faults) -> Option<Question> {
    let entries = map(node, &["name", "question", "answers"], faults)?;
    let whole = (node.place, entries);
    let named = require(whole, "name", faults)?;
    let asked = require(whole, "question", faults)?;
    let listed = require(whole, "answers", faults)?;
    let name = text(named, faults)?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.chars().all(is_word) || name.len() > MAX_ANSWER_CHARS {
        let message = "a word of letters, digits and underscores";
        faults.add(named.place, "name-invalid", message);
    }
    let question = text(asked, faults)?;
    if question.chars().count() > MAX_QUESTION_CHARS {
        let message = format!("at most {MAX_QUESTION_CHARS} characters");
        faults.add(asked.place, "text-too-long", message);
    }
    let answers: Vec<String> = list(listed, faults)
        .iter()
        .filter_map(|node| text(node, faults).map(str::to_owned))
        .collect();
    let fits = |answer: &String| answer.chars().count() <= MAX_ANSWER_CHARS;
    if !(2..=MAX_ANSWERS).contains(&answers.len()) || !answers.iter().all(fits) {
        let message =
            format!("2 to {MAX_ANSWERS} answers of at most {MAX_ANSWER_CHARS} characters");
        faults.add(listed.place, "answers-invalid", message);
    }
    Some(Question {
        name: name.to_owned(),
        question: question.to_owned(),
        answers,
    })
}
