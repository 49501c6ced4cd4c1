//! An export as a page that people can read: no script, nothing fetched, everything escaped.

use serde_json::Value;

/// How deep a page nests lists; payloads of ours are flatter.
const MAX_DEPTH: usize = 12;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Personal data</title>\n\
    <style>body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}\
    dt{font-weight:600}dd{margin:0 0 .4rem 1rem}section{border-top:1px solid #ccc;margin-top:1.5rem}\
    code{word-break:break-all}</style></head><body>\n";

/// The page of an export's document.
pub(super) fn write(document: &Value) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("<h1>Everything we hold about you</h1>\n");
    list(&mut page, &document["export"], 0);
    for stream in items(&document["streams"]) {
        page.push_str("<section><h2>");
        escape(&mut page, &words(stream["aggregate_type"].as_str()));
        page.push_str("</h2>\n");
        for event in items(&stream["events"]) {
            page.push_str("<h3>");
            escape(&mut page, event["type"].as_str().unwrap_or_default());
            page.push_str("</h3><p>");
            escape(&mut page, event["occurred_at"].as_str().unwrap_or_default());
            page.push_str("</p>\n");
            list(&mut page, &event["data"], 0);
        }
        page.push_str("</section>\n");
    }
    for row in items(&document["imported_rows"]) {
        page.push_str("<section><h2>Row of an imported file</h2>\n");
        list(&mut page, row, 0);
        page.push_str("</section>\n");
    }
    page.push_str("<section><h2>That this is all</h2>\n");
    list(&mut page, &document["proof"], 0);
    page.push_str("</section></body></html>\n");
    page
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn list(page: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(fields) if depth < MAX_DEPTH => {
            page.push_str("<dl>");
            for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                page.push_str("<dt>");
                escape(page, &words(Some(name)));
                page.push_str("</dt><dd>");
                list(page, value, depth + 1);
                page.push_str("</dd>");
            }
            page.push_str("</dl>\n");
        }
        Value::Array(values) if depth < MAX_DEPTH => {
            page.push_str("<ul>");
            for value in values {
                page.push_str("<li>");
                list(page, value, depth + 1);
                page.push_str("</li>");
            }
            page.push_str("</ul>\n");
        }
        Value::String(text) => escape(page, text),
        other => escape(page, &other.to_string()),
    }
}

/// A name of ours in words.
fn words(name: Option<&str>) -> String {
    name.unwrap_or_default().replace(['_', '-'], " ")
}

fn escape(page: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            other => page.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_somebody_wrote_is_shown_and_never_run() {
        let document = json!({
            "export": { "customer_id": "c1" },
            "streams": [{ "aggregate_type": "customer", "events": [
                { "type": "NoteAdded", "occurred_at": "2026-03-01T12:00:00Z", "data": { "text": "<script>'hi'</script>" } },
            ] }],
            "proof": { "events": 1 },
        });
        let page = write(&document);
        assert!(page.contains("&lt;script&gt;&#39;hi&#39;&lt;/script&gt;"));
        assert!(!page.contains("<script>") && page.ends_with("</body></html>\n"));
    }
}
