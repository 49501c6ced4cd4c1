//! One archive out of many files, written to whoever reads it as it grows: in the format of tar, for its entries need no more
//! than their length beforehand, and every usual computer opens it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use actix_web::web::Bytes;
use domain::ids::TenantId;
use event_store::store::Store;
use tar::{EntryType, Header};
use time::OffsetDateTime;
use tokio::sync::mpsc::Sender;

use crate::database::Reason;

/// How much is read of a file, and sent, at once.
const PIECE_BYTES: usize = 64 * 1024;
/// Everything in an archive is filled up to a multiple of this.
const BLOCK_BYTES: usize = 512;
/// What is taken out of the archive is nobody else's.
const OWNER_ONLY: u32 = 0o600;

/// What the reader gets.
pub enum Piece {
    Bytes(Bytes),
    /// It is whole; what ends without this does not.
    End,
}

/// An archive while it is written.
pub struct Archive<'a> {
    pub store: &'a Store,
    pub tenant_id: &'a TenantId,
    pub out: Sender<Piece>,
    /// How long the reader may take for one piece.
    pub patience: Duration,
    /// The folder that all of it unpacks into.
    pub folder: &'a str,
}

impl Archive<'_> {
    /// Adds a file that is whole.
    pub async fn add(&self, name: &str, path: &Path) -> Result<(), Reason> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut header = Header::new_gnu();
        header.set_path(format!("{}/{name}", self.folder))?;
        header.set_entry_type(EntryType::Regular);
        header.set_size(length);
        header.set_mode(OWNER_ONLY);
        header.set_mtime(u64::try_from(OffsetDateTime::now_utc().unix_timestamp())?);
        header.set_cksum();
        self.send(Bytes::copy_from_slice(header.as_bytes())).await?;
        let mut left = length;
        while left > 0 {
            let mut piece = vec![0; PIECE_BYTES.min(usize::try_from(left).unwrap_or(PIECE_BYTES))];
            file.read_exact(&mut piece)?;
            left -= u64::try_from(piece.len())?;
            self.send(piece.into()).await?;
        }
        let over = usize::try_from(length % BLOCK_BYTES as u64)?;
        match over {
            0 => Ok(()),
            over => self.send(vec![0; BLOCK_BYTES - over].into()).await,
        }
    }

    /// Two empty blocks end it.
    pub async fn finish(self) -> Result<(), Reason> {
        self.send(vec![0; 2 * BLOCK_BYTES].into()).await?;
        self.pass(Piece::End).await
    }

    async fn send(&self, bytes: Bytes) -> Result<(), Reason> {
        self.store.directory.require_active(self.tenant_id)?;
        self.pass(Piece::Bytes(bytes)).await
    }

    async fn pass(&self, piece: Piece) -> Result<(), Reason> {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the reader takes nothing more");
        let sent = tokio::time::timeout(self.patience, self.out.send(piece)).await;
        Ok(sent
            .map_err(late)?
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?)
    }
}
