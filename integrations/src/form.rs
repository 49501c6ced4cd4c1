//! Form bodies, `application/x-www-form-urlencoded`, with Stripe's nested names such as `metadata[booking]`. Written by
//! clients and read by the sandbox and by webhooks, so both directions stand side by side.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// Everything is escaped but the unreserved characters and the brackets of nested names.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'[')
    .remove(b']');

/// A form under construction; names keep the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    pub fn add(&mut self, name: &str, value: impl Into<String>) {
        self.pairs.push((name.to_owned(), value.into()));
    }

    pub fn add_some(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// Adds `name[key]` for every entry.
    pub fn add_map(&mut self, name: &str, map: &BTreeMap<String, String>) {
        for (key, value) in map {
            self.add(&format!("{name}[{key}]"), value);
        }
    }

    pub fn encode(&self) -> String {
        let mut body = String::new();
        for (name, value) in &self.pairs {
            if !body.is_empty() {
                body.push('&');
            }
            body.extend(utf8_percent_encode(name, ESCAPED));
            body.push('=');
            body.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
        body
    }
}

/// Reads a form body or a query string into its pairs; what is not UTF-8 is replaced.
pub fn decode(body: &str) -> Vec<(String, String)> {
    body.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (unescape(name), unescape(value))
        })
        .collect()
}

fn unescape(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode(spaced.as_bytes())
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Form, decode};

    #[test]
    fn names_nest_and_values_are_escaped() {
        let mut form = Form::default();
        form.add("mode", "payment");
        form.add(
            "line_items[0][price_data][product_data][name]",
            "Fish & chips + tea",
        );
        form.add_map(
            "metadata",
            &BTreeMap::from([("booking_id".to_owned(), "é=1".to_owned())]),
        );
        assert_eq!(
            form.encode(),
            "mode=payment&line_items[0][price_data][product_data][name]=Fish%20%26%20chips%20%2B%20tea\
             &metadata[booking_id]=%C3%A9%3D1"
        );
    }

    #[test]
    fn what_was_encoded_is_decoded() {
        let mut form = Form::default();
        form.add("a[b][0]", "x&y=z%");
        form.add("empty", "");
        assert_eq!(
            decode(&form.encode()),
            [
                ("a[b][0]".to_owned(), "x&y=z%".to_owned()),
                ("empty".to_owned(), String::new())
            ]
        );
    }

    #[test]
    fn browsers_plus_signs_and_escaped_brackets_are_read() {
        assert_eq!(
            decode("metadata%5Bk%5D=a+b&flag"),
            [
                ("metadata[k]".to_owned(), "a b".to_owned()),
                ("flag".to_owned(), String::new())
            ]
        );
    }
}
