//! What a backup says of itself. The root key is never part of it: only its fingerprint is, to know the right one by.

use std::fs;
use std::io;
use std::path::Path;

use domain::refusal::Refusal;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::cli::Reason;
use crate::embedded::private_files;

/// The manifest's name in the backup's directory; it is written last, so that a backup with one is whole.
pub const MANIFEST: &str = "backup.json";
pub const DUMP: &str = "database.dump";
const FORMAT: &str = "rapport-backup";
const FORMAT_VERSION: u32 = 1;
const MAX_MANIFEST_BYTES: u64 = 64 * 1024;

/// Where the people's keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    InTheDump,
    Apart,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: String,
    version: u32,
    #[serde(with = "time::serde::rfc3339")]
    pub made_at: OffsetDateTime,
    /// Of the database.
    pub schema_version: i32,
    pub root_key_fingerprint: String,
    pub events: i64,
    /// The log's newest position.
    pub position: i64,
    pub bytes: u64,
    pub sha256: String,
    /// The people's keys are not in it, but in copies of their own.
    #[serde(default)]
    pub without_keys: bool,
}

impl Manifest {
    pub fn new(
        (schema_version, root_key_fingerprint): (i32, String),
        (events, position): (i64, i64),
        (bytes, sha256): (u64, String),
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: FORMAT_VERSION,
            made_at: OffsetDateTime::now_utc(),
            schema_version,
            root_key_fingerprint,
            events,
            position,
            bytes,
            sha256,
            without_keys: false,
        }
    }

    /// The same, of a dump that has no keys of people in it.
    pub fn without_keys(self, keys: Keys) -> Self {
        Self {
            without_keys: keys == Keys::Apart,
            ..self
        }
    }

    /// Refused with 404 `backup-missing` or 422 `backup-invalid`.
    pub fn read(directory: &Path) -> Result<Self, Reason> {
        let path = directory.join(MANIFEST);
        let bytes = match fs::metadata(&path) {
            Ok(found) if found.len() > MAX_MANIFEST_BYTES => {
                return Err(invalid("its manifest is too large").into());
            }
            Ok(_) => fs::read(&path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let detail = format!(
                    "{} holds no whole backup; name what `rapport backup` has made",
                    directory.display()
                );
                return Err(Refusal::not_found("backup-missing", detail).into());
            }
            Err(error) => return Err(error.into()),
        };
        let read: Self =
            serde_json::from_slice(&bytes).map_err(|error| invalid(&error.to_string()))?;
        if read.format != FORMAT || read.version != FORMAT_VERSION {
            return Err(invalid("it was made by another version of this program").into());
        }
        Ok(read)
    }

    pub fn write(&self, directory: &Path) -> Result<(), Reason> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(private_files::create(&directory.join(MANIFEST), &text)?)
    }
}

/// A refusal of a backup, saying what is wrong with it.
pub fn invalid(what: &str) -> Refusal {
    Refusal::invalid(
        "backup-invalid",
        format!("the backup cannot be used: {what}"),
    )
}
