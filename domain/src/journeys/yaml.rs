//! YAML as a tree whose every part knows its line and column, so that whatever is wrong can be pointed at. Anchors, aliases
//! and tags are refused: a definition says what it means where it stands, and cannot unfold into more than was sent.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// Parts within parts.
const MAX_DEPTH: usize = 40;
/// Parts in all.
const MAX_NODES: usize = 10_000;

/// Where something stands, both counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub place: Place,
    pub code: &'static str,
    pub message: String,
}

/// One part.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub place: Place,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A scalar as it was written; `quoted` when it cannot be anything but text.
    Text {
        text: String,
        quoted: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and what it stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub place: Place,
    pub key: String,
    pub value: Node,
}

impl Fault {
    pub fn new(place: Place, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            place,
            code,
            message: message.into(),
        }
    }
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// Where the text of a scalar begins, behind its quote.
    pub fn text_place(&self) -> Place {
        let quote = usize::from(matches!(self.kind, Kind::Text { quoted: true, .. }));
        Place {
            line: self.place.line,
            column: self.place.column + quote,
        }
    }

    /// The same as JSON, by YAML's core schema: plain `true`, `null` and numbers are what they look like.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.kind {
            Kind::Text { text, quoted: true } => text.as_str().into(),
            Kind::Text { text, .. } => match text.as_str() {
                "" | "~" | "null" => serde_json::Value::Null,
                "true" => true.into(),
                "false" => false.into(),
                _ => text
                    .parse::<i64>()
                    .map_or_else(|_| text.as_str().into(), Into::into),
            },
            Kind::List(list) => list.iter().map(Self::to_json).collect(),
            Kind::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

/// A part that is being read.
enum Open {
    List(Place, Vec<Node>),
    Map(Place, Vec<Entry>, Option<(Place, String)>),
}

/// Reads one document.
///
/// # Errors
/// The first thing that is wrong with it as YAML.
pub fn read(source: &str) -> Result<Node, Fault> {
    let (mut open, mut whole, mut count) = (Vec::<Open>::new(), None, 0_usize);
    for next in Parser::new_from_str(source) {
        let (event, span) = next.map_err(|error| {
            let mark = error.marker();
            let place = Place {
                line: mark.line(),
                column: mark.col() + 1,
            };
            Fault::new(place, "yaml-invalid", error.info().to_owned())
        })?;
        let place = place_of(span);
        count += 1;
        if open.len() > MAX_DEPTH || count > MAX_NODES {
            let message = format!("at most {MAX_NODES} parts, {MAX_DEPTH} deep");
            return Err(Fault::new(place, "yaml-too-large", message));
        }
        let finished = match event {
            Event::Scalar(text, style, 0, None) => Some(Node {
                place,
                kind: Kind::Text {
                    text: text.into_owned(),
                    quoted: style != ScalarStyle::Plain,
                },
            }),
            Event::SequenceStart(0, None) => {
                open.push(Open::List(place, Vec::new()));
                None
            }
            Event::MappingStart(0, None) => {
                open.push(Open::Map(place, Vec::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(close),
            Event::Alias(_)
            | Event::Scalar(..)
            | Event::SequenceStart(..)
            | Event::MappingStart(..) => {
                let message = "anchors, aliases and tags have no place here; write it out";
                return Err(Fault::new(place, "yaml-reference", message));
            }
            Event::DocumentStart(_) if whole.is_some() => {
                let message = "one document, without a second one behind it";
                return Err(Fault::new(place, "yaml-second-document", message));
            }
            _ => None,
        };
        if let Some(node) = finished {
            whole = put(&mut open, node)?.or(whole);
        }
    }
    let nothing = || {
        Fault::new(
            Place { line: 1, column: 1 },
            "yaml-empty",
            "nothing is in it",
        )
    };
    whole.ok_or_else(nothing)
}

fn place_of(span: Span) -> Place {
    Place {
        line: span.start.line(),
        column: span.start.col() + 1,
    }
}

fn close(open: Open) -> Node {
    match open {
        Open::List(place, list) => Node {
            place,
            kind: Kind::List(list),
        },
        Open::Map(place, entries, _) => Node {
            place,
            kind: Kind::Map(entries),
        },
    }
}

/// Puts a part into the one around it; answers it when there is none.
fn put(open: &mut [Open], node: Node) -> Result<Option<Node>, Fault> {
    match open.last_mut() {
        None => return Ok(Some(node)),
        Some(Open::List(_, list)) => list.push(node),
        Some(Open::Map(_, entries, waiting)) => match waiting.take() {
            Some((place, key)) => entries.push(Entry {
                place,
                key,
                value: node,
            }),
            None => {
                let Some(key) = node.text() else {
                    return Err(Fault::new(node.place, "yaml-key", "a key is a word"));
                };
                if entries.iter().any(|entry| entry.key == key) {
                    let message = format!("{key} stands here twice");
                    return Err(Fault::new(node.place, "yaml-key-twice", message));
                }
                *waiting = Some((node.place, key.to_owned()));
            }
        },
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_knows_its_line_and_column() {
        let node = read("one: 1\ntwo:\n  - three\n  - \"four\"\n").unwrap();
        let Kind::Map(entries) = &node.kind else {
            panic!("{node:?}")
        };
        assert_eq!((entries[1].place.line, entries[1].place.column), (2, 1));
        let Kind::List(list) = &entries[1].value.kind else {
            panic!("{node:?}")
        };
        assert_eq!((list[0].place.line, list[0].place.column), (3, 5));
        assert_eq!(list[1].text_place().column, 6);
        let json = serde_json::json!({ "one": 1, "two": ["three", "four"] });
        assert_eq!(node.to_json(), json);
    }

    #[test]
    fn what_could_unfold_or_mislead_is_refused_where_it_stands() {
        for (source, code, line) in [
            ("a: &x 1\nb: *x\n", "yaml-reference", 1),
            ("a: 1\na: 2\n", "yaml-key-twice", 2),
            ("a: !!binary x\n", "yaml-reference", 1),
            ("a: 1\n---\nb: 2\n", "yaml-second-document", 2),
            ("", "yaml-empty", 1),
        ] {
            let fault = read(source).unwrap_err();
            assert_eq!(
                (fault.code, fault.place.line),
                (code, line),
                "{source:?} {fault:?}"
            );
        }
        assert_eq!(read("a: [1, 2\nb: 3\n").unwrap_err().code, "yaml-invalid");
        let deep = format!("{}{}", "[".repeat(60), "]".repeat(60));
        assert_eq!(read(&deep).unwrap_err().code, "yaml-too-large");
    }
}
