//! Text out of what mail programs make of it: HTML without its tags, and a reply without the mail it quotes.

/// Elements that begin a new line.
const BLOCKS: [&str; 12] = [
    "p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "ul", "ol", "table",
];
/// Elements whose content is not text.
const HIDDEN: [&str; 4] = ["style", "script", "head", "title"];
const ENTITIES: [(&str, &str); 6] = [
    ("&nbsp;", " "),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&amp;", "&"),
];
/// How the line above a quoted mail begins or ends, in the mail programs' most frequent forms.
const QUOTE_HEADS: [&str; 3] = [
    "-----Original Message-----",
    "________________________________",
    "Begin forwarded message:",
];
/// Longest line "On … wrote:", counted over the two lines that it may be broken into.
const ATTRIBUTION_LIMIT_CHARS: usize = 250;

/// The text of an HTML document. It is for reading, never for showing as HTML again.
pub fn from_html(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        push_collapsed(&mut text, &rest[..start]);
        let after = &rest[start + 1..];
        let Some(end) = after.find('>') else {
            rest = "";
            break;
        };
        let tag = after[..end].to_ascii_lowercase();
        rest = &after[end + 1..];
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        if HIDDEN.contains(&name.as_str()) && !tag.starts_with('/') {
            let closing = format!("</{name}");
            rest = find_ignoring_case(rest, &closing).map_or("", |index| &rest[index..]);
        } else if BLOCKS.contains(&name.as_str()) && !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
    }
    push_collapsed(&mut text, rest);
    for (entity, character) in ENTITIES {
        text = text.replace(entity, character);
    }
    text.trim().to_owned()
}

/// What stands above the quoted mail. A text that is nothing but quote stays whole.
pub fn without_quote(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let lines: Vec<&str> = text.lines().collect();
    let begins = (0..lines.len()).find(|index| begins_quote(&lines, *index));
    let kept = lines
        .get(..begins.unwrap_or(lines.len()))
        .unwrap_or_default();
    let kept = kept.join("\n");
    if kept.trim().is_empty() {
        return text.trim().to_owned();
    }
    kept.trim().to_owned()
}

fn begins_quote(lines: &[&str], index: usize) -> bool {
    let line = lines.get(index).map_or("", |line| line.trim());
    if QUOTE_HEADS.iter().any(|head| line.starts_with(head)) {
        return true;
    }
    // A block of quoted lines down to the end.
    let is_quoted = |line: &&str| line.starts_with('>') || line.trim().is_empty();
    if line.starts_with('>') {
        return lines.iter().skip(index).all(is_quoted);
    }
    let next = lines.get(index + 1).map_or("", |line| line.trim());
    let is_attribution = |text: &str| {
        text.starts_with("On ") && text.ends_with("wrote:") && text.len() <= ATTRIBUTION_LIMIT_CHARS
    };
    is_attribution(line) || (line.starts_with("On ") && is_attribution(&format!("{line} {next}")))
}

/// Runs of white space are one space, as a browser shows them.
fn push_collapsed(text: &mut String, piece: &str) {
    for character in piece.chars() {
        if !character.is_whitespace() {
            text.push(character);
        } else if !text.is_empty() && !text.ends_with(char::is_whitespace) {
            text.push(' ');
        }
    }
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes()
        .windows(wanted.len())
        .position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{from_html, without_quote};

    #[test]
    fn html_is_read_as_a_person_would() {
        for (html, expected) in [
            ("<p>One</p>\n<p>two  three</p>", "One\ntwo three"),
            ("a<br/>b &lt;c&gt;", "a\nb <c>"),
            (
                "<HEAD><title>x</title></HEAD>y<script>if (a<b) {}</script>z",
                "yz",
            ),
            ("&amp;lt;", "&lt;"),
            ("broken <p", "broken"),
            ("", ""),
        ] {
            assert_eq!(from_html(html), expected, "{html}");
        }
    }

    #[test]
    fn what_stands_below_an_attribution_is_left_out() {
        for (text, expected) in [
            ("Yes\n\nOn Monday Ada wrote:\n> ok", "Yes"),
            (
                "Yes\n\nOn Mon, 1 Mar 2026 at 10:00, Ada\n<a@b.example> wrote:\n> ok",
                "Yes",
            ),
            ("Yes\r\n-----Original Message-----\r\nFrom: x", "Yes"),
            ("Yes\n> a\n> b\n", "Yes"),
            (
                "> you said\nNo\n> more\nNever",
                "> you said\nNo\n> more\nNever",
            ),
            (
                "On Monday I can\nand on Tuesday too",
                "On Monday I can\nand on Tuesday too",
            ),
            ("> only quote", "> only quote"),
        ] {
            assert_eq!(without_quote(text), expected, "{text}");
        }
    }
}
