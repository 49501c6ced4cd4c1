//! Files that come with a message: named by where they lie, and sealed as one list.

use domain::refusal::Problems;
use domain::sealed::{Pii, Sealed};
use event_store::vault::SubjectKey;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::Result;

/// The most files with one message; what carriers take in a multimedia message.
pub const MAX_ATTACHMENTS: usize = 10;
const MAX_URL_CHARS: usize = 2_048;
const MAX_FILE_NAME_CHARS: usize = 255;
const MAX_CONTENT_TYPE_CHARS: usize = 127;

/// A file that comes with a message.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// Where it lies: an https address of at most 2,048 characters.
    pub url: Pii<String>,
    /// Its media type, such as `image/jpeg`.
    pub content_type: String,
    /// Its name, at most 255 characters.
    #[serde(default)]
    pub name: Option<Pii<String>>,
}

/// Notes what is wrong with a list of attachments.
pub fn check(problems: &mut Problems, attachments: &[Attachment]) {
    if attachments.len() > MAX_ATTACHMENTS {
        let message = format!("at most {MAX_ATTACHMENTS} attachments");
        problems.add("/attachments", "list-too-long", message);
    }
    for (index, attachment) in attachments.iter().enumerate().take(MAX_ATTACHMENTS) {
        let at = |field: &str| format!("/attachments/{index}/{field}");
        let url = attachment.url.expose();
        let is_url = url.len() <= MAX_URL_CHARS
            && url
                .strip_prefix("https://")
                .is_some_and(|rest| !rest.is_empty())
            && url.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_url {
            problems.add(&at("url"), "url-invalid", "an https address");
        }
        let content_type = &attachment.content_type;
        let is_type = content_type.len() <= MAX_CONTENT_TYPE_CHARS
            && content_type.split('/').count() == 2
            && content_type.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_type {
            problems.add(
                &at("content_type"),
                "content-type-invalid",
                "a media type such as image/jpeg",
            );
        }
        let name = attachment.name.as_ref().map(Pii::expose);
        if name.is_some_and(|name| {
            name.chars().count() > MAX_FILE_NAME_CHARS || name.chars().any(char::is_control)
        }) {
            let message = format!("one line of at most {MAX_FILE_NAME_CHARS} characters");
            problems.add(&at("name"), "name-invalid", message);
        }
    }
}

/// The list under the thread's key; none for no attachments.
pub fn seal(key: &SubjectKey, event: &str, attachments: &[Attachment]) -> Result<Option<Sealed>> {
    if attachments.is_empty() {
        return Ok(None);
    }
    let plain = |attachment: &Attachment| {
        json!({
            "url": attachment.url.expose(),
            "content_type": attachment.content_type,
            "name": attachment.name.as_ref().map(Pii::expose),
        })
    };
    let list: Vec<_> = attachments.iter().map(plain).collect();
    let text = serde_json::to_string(&list)?;
    Ok(Some(key.seal(event, "attachments", &text)?))
}
