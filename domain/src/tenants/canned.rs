//! When a canned reply may be written.

use std::collections::BTreeMap;

use super::TenantEvent;
use super::settings::is_alias;
use crate::conversations::canned::{CannedReply, MAX_CANNED_CHARS, MAX_CANNED_REPLIES, variables};
use crate::refusal::{Problems, Refusal};
use crate::values::bounded_text;

/// The next version of the reply of this name; nothing when its text is the same.
pub(super) fn define(
    known: &BTreeMap<String, CannedReply>,
    name: String,
    text: &str,
) -> Result<Vec<TenantEvent>, Refusal> {
    let mut problems = Problems::default();
    if !is_alias(&name) {
        problems.add(
            "/name",
            "name-invalid",
            "1 to 64 lower-case letters, digits and dashes",
        );
    }
    let text = problems.check("/text", bounded_text(text, MAX_CANNED_CHARS));
    if let Some(text) = &text {
        problems.check("/text", variables(text));
    }
    problems.finish()?;
    let text = text.unwrap_or_default();
    let old = known.get(&name);
    if old.is_none() && known.len() >= MAX_CANNED_REPLIES {
        let detail = format!("a tenant has at most {MAX_CANNED_REPLIES} canned replies");
        return Err(Refusal::conflict("canned-reply-limit-reached", detail));
    }
    if old.is_some_and(|old| old.text.as_ref() == Some(&text)) {
        return Ok(Vec::new());
    }
    let version = old.map_or(0, |old| old.version) + 1;
    Ok(vec![TenantEvent::CannedReplyDefined {
        name,
        version,
        text,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_up_also_over_a_removal() {
        let define = |known: &BTreeMap<_, _>, text| define(known, "thanks".to_owned(), text);
        let version = |known: &BTreeMap<_, _>| match &define(known, "Thanks!").unwrap()[..] {
            [TenantEvent::CannedReplyDefined { version, .. }] => *version,
            other => panic!("{other:?}"),
        };
        assert_eq!(version(&BTreeMap::new()), 1);
        let with = |text: Option<&str>| {
            let text = text.map(str::to_owned);
            BTreeMap::from([("thanks".to_owned(), CannedReply { version: 7, text })])
        };
        assert_eq!(version(&with(Some("Thank you."))), 8);
        assert_eq!(version(&with(None)), 8);
        assert_eq!(define(&with(Some("Thanks!")), " Thanks! ").unwrap(), []);
    }

    #[test]
    fn everything_wrong_with_a_canned_reply_is_told_at_once() {
        let refusal = define(&BTreeMap::new(), "No Name".to_owned(), "Hi {{").unwrap_err();
        let codes: Vec<&str> = refusal
            .errors
            .iter()
            .map(|error| error.code.as_str())
            .collect();
        assert_eq!(codes, ["name-invalid", "canned-reply-invalid"]);
    }
}
