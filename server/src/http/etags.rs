//! Entity tags of queries. A tag stands for what was found, not for the bytes: where the log is by now and how a cursor is
//! sealed differ from answer to answer and say nothing new, so the tags are weak ones (RFC 9110, 8.8.1).

use std::io::{self, Write};

use event_store::Result;
use queries::ask::Found;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Bytes of a digest that a tag shows.
const TAG_BYTES: usize = 12;
/// What differs from answer to answer inside of an item and says nothing new, by query and JSON pointer: when the answer was
/// made and what is made of that, and sealed cursors. Whether there is any still counts.
const UNSTABLE: &[(&str, &str)] = &[
    ("subject-export", "/document/export/made_at"),
    ("subject-export", "/html"),
    ("thread", "/older"),
];

/// The entity tag of what `query` found, as the header has it; `content_type` is its form on the wire.
///
/// # Errors
/// When what was found cannot be written as JSON.
pub fn tag(query: &str, found: &Found, content_type: &str) -> Result<String> {
    let mut sink = Sink(Sha256::new());
    sink.0.update(content_type.as_bytes());
    match found {
        Found::List { items, next_cursor } => {
            write(&mut sink, items)?;
            sink.0.update([u8::from(next_cursor.is_some())]);
        }
        Found::One(item) => match lasting(query, item) {
            Some(item) => write(&mut sink, &item)?,
            None => write(&mut sink, item)?,
        },
    }
    let digest = sink.0.finalize();
    let hex: String = digest[..TAG_BYTES]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(format!("W/\"{hex}\""))
}

/// Whether a list of tags that the caller knows has this one (RFC 9110, 13.1.2).
pub fn matches(known: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    known
        .split(',')
        .map(str::trim)
        .any(|one| one == "*" || opaque(one) == opaque(tag))
}

/// The item without what differs each time; none where nothing does.
fn lasting(query: &str, item: &Value) -> Option<Value> {
    let mut unstable = UNSTABLE.iter().filter(|(of, _)| *of == query).peekable();
    unstable.peek()?;
    let mut item = item.clone();
    for (_, pointer) in unstable {
        if let Some(value) = item.pointer_mut(pointer) {
            *value = Value::Bool(!value.is_null());
        }
    }
    Some(item)
}

fn write<T: Serialize>(sink: &mut Sink, value: &T) -> Result<()> {
    Ok(serde_json::to_writer(sink, value)?)
}

/// Takes JSON in as it is written.
struct Sink(Sha256);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const JSON: &str = "application/json";

    fn page(name: &str, cursor: Option<&str>) -> Found {
        Found::List {
            items: vec![json!({ "name": name })],
            next_cursor: cursor.map(str::to_owned),
        }
    }

    #[test]
    fn how_a_cursor_is_sealed_changes_nothing_but_an_item_and_the_form_do() {
        let tag = |found: &Found, form| tag("customers", found, form).unwrap();
        let one = tag(&page("Ada", Some("x")), JSON);
        assert_eq!(one, tag(&page("Ada", Some("y")), JSON));
        assert_ne!(one, tag(&page("Ada", None), JSON));
        assert_ne!(one, tag(&page("Bob", Some("x")), JSON));
        assert_ne!(one, tag(&page("Ada", Some("x")), "text/csv"));
    }

    #[test]
    fn when_an_export_was_made_is_no_news() {
        let made = |at: &str, name: &str| {
            Found::One(
                json!({ "document": { "export": { "made_at": at }, "streams": [name] }, "html": at }),
            )
        };
        let tag = |found: &Found| tag("subject-export", found, JSON).unwrap();
        assert_eq!(tag(&made("noon", "Ada")), tag(&made("night", "Ada")));
        assert_ne!(tag(&made("noon", "Ada")), tag(&made("noon", "Bob")));
    }

    #[test]
    fn a_tag_is_known_in_any_list_weak_or_strong() {
        for known in ["W/\"a\"", "\"a\"", "\"b\", W/\"a\"", "*"] {
            assert!(matches(known, "W/\"a\""), "{known}");
        }
        assert!(!matches("\"b\"", "W/\"a\""));
    }
}
