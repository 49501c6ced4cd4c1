//! The offline verifier of audit logs. It shares no code with the server, opens no connection, and reads what
//! docs/audit.md describes: an export is recomputed entry by entry, a proof is followed to its signed checkpoint.

mod documents;
mod entries;
mod notes;
mod tree;

pub mod exports;
pub mod proofs;

use std::io::{BufRead, Read};

/// The longest line that is read, in bytes.
pub const MAX_LINE_BYTES: u64 = 64 * 1024 * 1024;

/// What is wrong, by its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An entry is not what was sealed, or not where it was.
    Altered = 2,
    /// The end is missing.
    Truncated = 3,
    /// Two histories were signed.
    Forked = 4,
    /// The key has not signed this.
    Signature = 5,
    /// This is no export and no proof, or cannot be read.
    Input = 6,
}

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub fault: Fault,
    pub detail: String,
}

impl Failure {
    pub(crate) fn new(fault: Fault, detail: impl Into<String>) -> Self {
        Self {
            fault,
            detail: detail.into(),
        }
    }
}

/// What whoever verifies knows from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The log's public key, `<name>+<id>+<base64>`; without it the export's own is taken, which proves less.
    pub key: Option<String>,
    /// Signed checkpoints that were kept elsewhere.
    pub witnessed: Vec<String>,
}

/// What was found to be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub origin: String,
    pub entries: u64,
    /// The tree's root, in base64.
    pub root: String,
    /// Checkpoints kept elsewhere that this log leads to.
    pub witnessed: usize,
}

/// Verifies an export or a proof, whichever it is.
pub fn verify(mut input: impl BufRead, trust: &Trust) -> Result<Verified, Failure> {
    let first = read_line(&mut input)?
        .ok_or_else(|| Failure::new(Fault::Input, "there is nothing in it"))?;
    match documents::format(&first.bytes)?.as_str() {
        documents::EXPORT => exports::verify(&first, input, trust),
        documents::PROOF => proofs::verify(&first.bytes, trust),
        other => Err(Failure::new(
            Fault::Input,
            format!("the format {other} is not known here; a newer rapport-verify may know it"),
        )),
    }
}

/// A line without its end, and whether it has one.
pub(crate) struct Line {
    pub bytes: Vec<u8>,
    pub is_whole: bool,
}

pub(crate) fn read_line(input: &mut impl BufRead) -> Result<Option<Line>, Failure> {
    let mut bytes = Vec::new();
    let read = input.take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes);
    let read = read.map_err(|error| Failure::new(Fault::Input, error.to_string()))?;
    if read as u64 == MAX_LINE_BYTES {
        return Err(Failure::new(Fault::Input, "a line is too long"));
    }
    let is_whole = bytes.pop_if(|last| *last == b'\n').is_some();
    Ok((read > 0).then_some(Line { bytes, is_whole }))
}
