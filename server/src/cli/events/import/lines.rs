//! The lines of an export, read back one at a time.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use event_store::recorded::{Payload, Recorded};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::cli::Reason;
use crate::embedded::private_files;
use crate::operations::events::exports::manifest::{Piece, invalid};

/// The longest line; an event of the largest command is far shorter.
const MAX_LINE_BYTES: u64 = 4 * 1024 * 1024;

/// One event as the export wrote it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLine<'a> {
    position: i64,
    tenant_id: String,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    #[serde(with = "time::serde::rfc3339")]
    occurred_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    recorded_at: OffsetDateTime,
    command_id: String,
    correlation_id: String,
    causation_id: String,
    actor: String,
    #[serde(borrow)]
    metadata: &'a RawValue,
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// Reads a file of the export line by line, and knows at its end whether it is what the manifest says.
pub struct Lines<'a> {
    piece: &'a Piece,
    reader: BufReader<File>,
    hash: Sha256,
    read: u64,
    line: Vec<u8>,
    is_over: bool,
}

impl<'a> Lines<'a> {
    pub fn open(directory: &Path, piece: &'a Piece) -> Result<Self, Reason> {
        let path = directory.join(&piece.file);
        let file = File::open(&path)
            .map_err(|error| invalid(&format!("{} cannot be read: {error}", piece.file)))?;
        Ok(Self {
            piece,
            reader: BufReader::new(file),
            hash: Sha256::new(),
            read: 0,
            line: Vec::new(),
            is_over: false,
        })
    }

    /// The next line, without its end. At the end of the file refused with 422 `manifest-invalid` unless lines and
    /// checksum are the manifest's.
    pub fn next(&mut self) -> Result<Option<&[u8]>, Reason> {
        self.line.clear();
        if self.is_over {
            return Ok(None);
        }
        let mut limited = (&mut self.reader).take(MAX_LINE_BYTES);
        let bytes = limited.read_until(b'\n', &mut self.line)?;
        if bytes == 0 {
            let found = private_files::hex(&self.hash.finalize_reset());
            if found != self.piece.sha256 || self.read != self.piece.lines {
                return Err(self.damaged("it is not what was exported").into());
            }
            self.is_over = true;
            return Ok(None);
        }
        if self.line.last() != Some(&b'\n') {
            return Err(self
                .damaged("it ends within a line, or a line is too long")
                .into());
        }
        self.hash.update(&self.line);
        self.read += 1;
        self.line.pop();
        Ok(Some(&self.line))
    }

    /// As `next`, for a file of events.
    pub fn next_event(&mut self) -> Result<Option<Recorded>, Reason> {
        let (file, number) = (self.piece.file.clone(), self.read + 1);
        let Some(line) = self.next()? else {
            return Ok(None);
        };
        let event: EventLine<'_> = serde_json::from_slice(line)
            .map_err(|error| invalid(&format!("{file}, line {number}: {error}")))?;
        Ok(Some(Recorded {
            position: event.position,
            tenant_id: domain::ids::TenantId::new(event.tenant_id),
            aggregate_type: event.aggregate_type,
            aggregate_id: event.aggregate_id,
            sequence: event.sequence,
            event_type: event.event_type,
            event_version: event.event_version,
            payload: Payload(event.payload.get().to_owned()),
            metadata: Payload(event.metadata.get().to_owned()),
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
            command_id: event.command_id,
            correlation_id: event.correlation_id,
            causation_id: event.causation_id,
            actor: event.actor,
        }))
    }

    fn damaged(&self, how: &str) -> domain::refusal::Refusal {
        invalid(&format!("{}: {how}", self.piece.file))
    }
}
