//! What an export says of itself: whose events, which range, which files with how many lines, and each file's checksum.
//! It is written anew after every file, so that an interrupted export goes on behind the last whole one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use domain::refusal::Refusal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::database::Reason;
use crate::embedded::private_files;

/// The manifest's name in its directory.
pub const MANIFEST: &str = "manifest.json";
/// What tells an export from other directories, and its layout from later ones.
pub const FORMAT: &str = "rapport-events";
pub const FORMAT_VERSION: u32 = 1;
/// The largest manifest that is read; one of a thousand million events is smaller.
const MAX_MANIFEST_BYTES: u64 = 16 * 1024 * 1024;
/// Sealed or not, an export is nobody else's.
const OWNER_ONLY: u32 = 0o600;

/// An export as a whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: String,
    pub version: u32,
    pub tenant_id: String,
    pub slug: String,
    /// Of the key that the tenant's key is wrapped under, in hexadecimal digits.
    pub root_key_fingerprint: String,
    /// Events behind this position …
    pub after: i64,
    /// … up to this one …
    pub until: i64,
    /// … without those that were still being written when the export began.
    pub left_out: Vec<i64>,
    /// Personal data lie open; such an export cannot be imported.
    pub decrypted: bool,
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    pub complete: bool,
    pub events: u64,
    /// The tenant's and its subjects' wrapped keys, claims and handles, as of `until`.
    pub keys: Option<Piece>,
    pub chunks: Vec<Chunk>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    pub file: String,
    pub lines: u64,
    pub bytes: u64,
    pub sha256: String,
}

/// One file of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    pub first_position: i64,
    pub last_position: i64,
    pub piece: Piece,
}

impl Manifest {
    /// The manifest of a directory; `None` where there is none.
    ///
    /// Refused with 422 `manifest-invalid` when it is damaged, of a later layout, or names files elsewhere.
    pub fn read(directory: &Path) -> Result<Option<(Self, String)>, Reason> {
        let path = directory.join(MANIFEST);
        let bytes = match fs::metadata(&path) {
            Ok(found) if found.len() > MAX_MANIFEST_BYTES => {
                return Err(invalid("it is too large").into());
            }
            Ok(_) => fs::read(&path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let manifest: Self =
            serde_json::from_slice(&bytes).map_err(|error| invalid(&error.to_string()))?;
        if manifest.format != FORMAT || manifest.version != FORMAT_VERSION {
            let found = format!("{} {}", manifest.format, manifest.version);
            return Err(invalid(&format!(
                "its format is {found}; this binary reads {FORMAT} {FORMAT_VERSION}"
            ))
            .into());
        }
        let is_plain = |piece: &Piece| !piece.file.contains('/') && !piece.file.starts_with('.');
        let pieces = manifest.chunks.iter().map(|chunk| &chunk.piece);
        if !pieces.chain(&manifest.keys).all(is_plain) {
            return Err(invalid("it names files outside its directory").into());
        }
        let hash = private_files::hex(&Sha256::digest(&bytes));
        Ok(Some((manifest, hash)))
    }

    /// Writes it in the place of the one before, whole or not at all.
    pub fn write(&self, directory: &Path) -> Result<(), Reason> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(private_files::replace(&directory.join(MANIFEST), &text)?)
    }
}

/// A file while it is written: counted and summed as it goes.
pub struct PieceWriter {
    name: String,
    out: BufWriter<File>,
    hash: Sha256,
    lines: u64,
    bytes: u64,
}

impl PieceWriter {
    /// Begins the file anew: what an interrupted run has left of it is overwritten.
    pub fn create(directory: &Path, name: String) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(OWNER_ONLY)
            .open(directory.join(&name))?;
        Ok(Self {
            name,
            out: BufWriter::new(file),
            hash: Sha256::new(),
            lines: 0,
            bytes: 0,
        })
    }

    /// One JSON document, one line.
    pub fn line(&mut self, document: &impl Serialize) -> Result<(), Reason> {
        let mut line = serde_json::to_vec(document)?;
        line.push(b'\n');
        self.hash.update(&line);
        self.bytes += u64::try_from(line.len())?;
        self.lines += 1;
        Ok(self.out.write_all(&line)?)
    }

    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Puts it on the disk, and says what it has become.
    pub fn finish(self) -> Result<Piece, Reason> {
        let file = self.out.into_inner().map_err(io::Error::from)?;
        file.sync_all()?;
        Ok(Piece {
            file: self.name,
            lines: self.lines,
            bytes: self.bytes,
            sha256: private_files::hex(&self.hash.finalize()),
        })
    }
}

/// A refusal of a manifest, saying what is wrong with it.
pub fn invalid(what: &str) -> Refusal {
    Refusal::invalid(
        "manifest-invalid",
        format!("the manifest cannot be used: {what}"),
    )
}
