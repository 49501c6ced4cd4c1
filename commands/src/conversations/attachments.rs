//! Files that come with a message: named by where they lie, and sealed as one list.

use domain::refusal::Problems;
use domain::sealed::{Pii, Sealed};
use event_store::vault::SubjectKey;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Result;

/// The most files with one message; what carriers take in a multimedia message.
pub const MAX_ATTACHMENTS: usize = 10;
const MAX_FILE_ID_CHARS: usize = 64;
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

/// A file that came with a message and is kept here. Who brings it keeps it under this id beside the thread.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceivedFile {
    /// At most 64 letters, digits and dashes.
    pub file_id: String,
    /// Its media type, such as `image/jpeg`.
    pub content_type: String,
    /// Its name, at most 255 characters.
    #[serde(default)]
    pub name: Option<Pii<String>>,
    pub size_bytes: u64,
}

/// Notes what is wrong with a list of files.
pub fn check_files(problems: &mut Problems, files: &[ReceivedFile]) {
    if files.len() > MAX_ATTACHMENTS {
        let message = format!("at most {MAX_ATTACHMENTS} files");
        problems.add("/files", "list-too-long", message);
    }
    for (index, file) in files.iter().enumerate().take(MAX_ATTACHMENTS) {
        let at = |field: &str| format!("/files/{index}/{field}");
        let is_id = (1..=MAX_FILE_ID_CHARS).contains(&file.file_id.len())
            && file
                .file_id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_id {
            let message = format!("at most {MAX_FILE_ID_CHARS} letters, digits and dashes");
            problems.add(&at("file_id"), "file-id-invalid", message);
        }
        let name = file.name.as_ref();
        check_kind(problems, &at, (&file.content_type, name));
    }
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
        let name = attachment.name.as_ref();
        check_kind(problems, &at, (&attachment.content_type, name));
    }
}

/// What every file has: a media type and perhaps a name.
fn check_kind(
    problems: &mut Problems,
    at: &dyn Fn(&str) -> String,
    (content_type, name): (&str, Option<&Pii<String>>),
) {
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
    if name.map(Pii::expose).is_some_and(|name| {
        name.chars().count() > MAX_FILE_NAME_CHARS || name.chars().any(char::is_control)
    }) {
        let message = format!("one line of at most {MAX_FILE_NAME_CHARS} characters");
        problems.add(&at("name"), "name-invalid", message);
    }
}

/// The list under the thread's key; none for no attachments.
pub fn seal(key: &SubjectKey, event: &str, attachments: &[Attachment]) -> Result<Option<Sealed>> {
    if attachments.is_empty() {
        return Ok(None);
    }
    seal_list(key, event, attachments.iter().map(plain).collect())
}

/// As `seal`, of what came in: files that are kept here are named by their path.
pub fn seal_received(
    key: &SubjectKey,
    event: &str,
    (thread_id, attachments, files): (&str, &[Attachment], &[ReceivedFile]),
) -> Result<Option<Sealed>> {
    if files.is_empty() {
        return seal(key, event, attachments);
    }
    let kept = |file: &ReceivedFile| {
        json!({
            "url": format!("/files/{thread_id}/{}", file.file_id),
            "content_type": file.content_type,
            "name": file.name.as_ref().map(Pii::expose),
            "size_bytes": file.size_bytes,
        })
    };
    let list = attachments.iter().map(plain);
    seal_list(key, event, list.chain(files.iter().map(kept)).collect())
}

fn plain(attachment: &Attachment) -> Value {
    json!({
        "url": attachment.url.expose(),
        "content_type": attachment.content_type,
        "name": attachment.name.as_ref().map(Pii::expose),
    })
}

fn seal_list(key: &SubjectKey, event: &str, list: Vec<Value>) -> Result<Option<Sealed>> {
    let text = serde_json::to_string(&list)?;
    Ok(Some(key.seal(event, "attachments", &text)?))
}
