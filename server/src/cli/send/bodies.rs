//! Where a command's body comes from: the argument itself, a file, standard input, or fields one by one.

use std::fs::File;
use std::io::{self, Read};

use domain::refusal::Refusal;
use serde_json::{Value, json};

use super::fields;
use crate::cli::Reason;
use crate::http::COMMAND_LIMIT_BYTES;

const STANDARD_INPUT: &str = "-";
const FILE_MARK: char = '@';

/// The body as given. Without a body and fields it is empty.
pub fn read(body: Option<&str>, pairs: &[String], schema: &Value) -> Result<Value, Reason> {
    let text = match body {
        None if pairs.is_empty() => return Ok(json!({})),
        None => return Ok(fields::collect(schema, pairs)?),
        Some(STANDARD_INPUT) => read_limited(io::stdin().lock(), "standard input")?,
        Some(body) => match body.strip_prefix(FILE_MARK) {
            Some(path) => {
                let file =
                    File::open(path).map_err(|error| format!("could not open {path}: {error}"))?;
                read_limited(file, path)?
            }
            None => body.to_owned(),
        },
    };
    match serde_json::from_str(&text) {
        Ok(body) => Ok(body),
        Err(error) => Err(Refusal::malformed(
            "json-malformed",
            format!("the body is not JSON: {error}"),
        )
        .into()),
    }
}

/// The same limit as over HTTP, so that what works here works there.
fn read_limited(source: impl Read, name: &str) -> Result<String, Reason> {
    let limit = u64::try_from(COMMAND_LIMIT_BYTES)?;
    let mut text = String::new();
    source
        .take(limit + 1)
        .read_to_string(&mut text)
        .map_err(|error| format!("could not read {name}: {error}"))?;
    if text.len() > COMMAND_LIMIT_BYTES {
        let detail = format!("a command has at most {COMMAND_LIMIT_BYTES} bytes");
        return Err(Refusal::malformed("body-too-large", detail).into());
    }
    Ok(text)
}
