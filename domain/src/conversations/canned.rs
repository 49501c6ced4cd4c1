//! Canned replies: texts that a tenant writes once and sends often, with variables in double braces (`{{first_name}}`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// The most canned replies of one tenant, removed ones included: their names keep their versions.
pub const MAX_CANNED_REPLIES: usize = 500;
pub const MAX_CANNED_CHARS: usize = 4_000;
/// The most different variables in one text.
pub const MAX_VARIABLES: usize = 20;
const MAX_VARIABLE_CHARS: usize = 32;

/// A canned reply as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CannedReply {
    /// Counts up with every change, so that a message can say which text it was.
    pub version: u32,
    /// None once it was removed.
    pub text: Option<String>,
}

/// Which canned reply, or which version of a template, a message was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CannedUse {
    /// That of the canned reply, or the template's id.
    pub name: String,
    pub version: u32,
    /// SHA-256 of a template's words; a canned reply has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Plain(&'t str),
    Variable(&'t str),
}

/// The variables of a text; refused with `canned-reply-invalid` when a brace does not close or a name is none.
pub fn variables(text: &str) -> Result<BTreeSet<&str>, Refusal> {
    let mut found = BTreeSet::new();
    for piece in pieces(text)? {
        if let Piece::Variable(name) = piece {
            found.insert(name);
        }
    }
    if found.len() > MAX_VARIABLES {
        let detail = format!("at most {MAX_VARIABLES} different variables");
        return Err(Refusal::invalid("canned-reply-invalid", detail));
    }
    Ok(found)
}

/// The text with its variables filled in. One without a value is refused with `variable-missing`: nobody is to read
/// braces, or a gap where their name should be.
pub fn render(text: &str, values: &BTreeMap<String, String>) -> Result<String, Refusal> {
    let mut written = String::with_capacity(text.len());
    for piece in pieces(text)? {
        match piece {
            Piece::Plain(plain) => written.push_str(plain),
            Piece::Variable(name) => {
                let value = values.get(name).filter(|value| !value.trim().is_empty());
                let missing =
                    || Refusal::invalid("variable-missing", format!("give a value for {name}"));
                written.push_str(value.ok_or_else(missing)?);
            }
        }
    }
    Ok(written)
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Refusal> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((plain, behind)) = rest.split_once("{{") {
        let Some((name, after)) = behind.split_once("}}") else {
            return Err(Refusal::invalid(
                "canned-reply-invalid",
                "{{ has no }} behind it",
            ));
        };
        pieces.push(Piece::Plain(plain));
        pieces.push(Piece::Variable(variable(name)?));
        rest = after;
    }
    pieces.push(Piece::Plain(rest));
    Ok(pieces)
}

fn variable(name: &str) -> Result<&str, Refusal> {
    let name = name.trim();
    let is_name = (1..=MAX_VARIABLE_CHARS).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !is_name {
        let detail = format!(
            "a variable is 1 to {MAX_VARIABLE_CHARS} lower-case letters, digits and underscores, such as {{{{first_name}}}}"
        );
        return Err(Refusal::invalid("canned-reply-invalid", detail));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_and_their_values_are_not_read_again() {
        let text = "Hi {{first_name}}, {{ business }} here. {{first_name}}!";
        let names: Vec<&str> = variables(text).unwrap().into_iter().collect();
        assert_eq!(names, ["business", "first_name"]);
        let values = BTreeMap::from([
            ("first_name".to_owned(), "{{business}}".to_owned()),
            ("business".to_owned(), "Fire & Rice".to_owned()),
        ]);
        assert_eq!(
            render(text, &values).unwrap(),
            "Hi {{business}}, Fire & Rice here. {{business}}!"
        );
    }

    #[test]
    fn a_variable_without_a_value_is_never_sent() {
        for values in [
            BTreeMap::new(),
            BTreeMap::from([("first_name".to_owned(), "  ".to_owned())]),
        ] {
            let refusal = render("Hi {{first_name}}", &values).unwrap_err();
            assert_eq!(refusal.code, "variable-missing");
        }
    }

    #[test]
    fn what_is_no_variable_is_refused_when_the_text_is_written() {
        for text in [
            "Hi {{first_name",
            "Hi {{}}",
            "Hi {{First Name}}",
            "{{a{{b}}}}",
        ] {
            assert_eq!(
                variables(text).unwrap_err().code,
                "canned-reply-invalid",
                "{text}"
            );
        }
        assert!(
            variables("A set { like } this, and }} alone")
                .unwrap()
                .is_empty()
        );
    }
}
