//! The ledger on disk: one line of JSON per effect, synced before the effect is answered for. A last line torn by a crash
//! was never answered for and is cut off; any other unreadable line is an error.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::sandbox::entries::Transaction;

/// Effects kept; a full ledger refuses further ones, for counts must stay right.
const TRANSACTIONS_LIMIT: u64 = 500_000;

pub(super) struct LedgerFile {
    file: File,
    length_bytes: u64,
    next_number: u64,
}

impl LedgerFile {
    /// Opens or creates the file, hands every transaction to `replay`, and locks it against a second sandbox.
    pub(super) fn open(path: &Path, mut replay: impl FnMut(Transaction)) -> io::Result<LedgerFile> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(path)?;
        lock(&file, path)?;
        let mut ledger = LedgerFile {
            file,
            length_bytes: 0,
            next_number: 1,
        };
        ledger.read(&mut replay)?;
        ledger.file.set_len(ledger.length_bytes)?;
        ledger.file.seek(SeekFrom::Start(ledger.length_bytes))?;
        ledger.file.sync_all()?;
        Ok(ledger)
    }

    pub(super) fn next_number(&self) -> u64 {
        self.next_number
    }

    /// Writes and syncs one transaction; when that fails the file is as it was.
    pub(super) fn append(&mut self, transaction: &Transaction) -> io::Result<()> {
        if self.next_number > TRANSACTIONS_LIMIT {
            return Err(io::Error::new(
                ErrorKind::StorageFull,
                "the sandbox's ledger is full: begin a new one",
            ));
        }
        let mut line = serde_json::to_vec(transaction)?;
        line.push(b'\n');
        let written = self
            .file
            .write_all(&line)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.file.set_len(self.length_bytes)?;
            self.file.seek(SeekFrom::Start(self.length_bytes))?;
            return Err(error);
        }
        self.length_bytes += line.len() as u64;
        self.next_number += 1;
        Ok(())
    }

    fn read(&mut self, replay: &mut impl FnMut(Transaction)) -> io::Result<()> {
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(());
            }
            match serde_json::from_slice::<Transaction>(&line) {
                Ok(transaction) if line.ends_with(b"\n") => {
                    self.next_number = transaction.number + 1;
                    self.length_bytes += read as u64;
                    replay(transaction);
                }
                _ if reader.fill_buf()?.is_empty() => {
                    tracing::warn!("the sandbox's ledger ended in a torn line, which was cut off");
                    return Ok(());
                }
                _ => {
                    let detail =
                        format!("the ledger is damaged after entry {}", self.next_number - 1);
                    return Err(io::Error::new(ErrorKind::InvalidData, detail));
                }
            }
        }
    }
}

fn lock(file: &File, path: &Path) -> io::Result<()> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::new(
            ErrorKind::ResourceBusy,
            format!("another sandbox writes {}", path.display()),
        ),
        TryLockError::Error(error) => error,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::{Path, PathBuf};

    use super::LedgerFile;
    use crate::sandbox::entries::{Entry, Transaction};

    fn path() -> PathBuf {
        std::env::temp_dir().join(format!("ledger-{}.ndjson", uuid::Uuid::new_v4()))
    }

    fn transaction(number: u64) -> Transaction {
        Transaction {
            number,
            at: 1,
            entries: vec![Entry::Clock {
                offset_seconds: number.cast_signed(),
            }],
        }
    }

    fn read(path: &Path) -> (LedgerFile, Vec<Transaction>) {
        let mut seen = Vec::new();
        let ledger = LedgerFile::open(path, |transaction| seen.push(transaction)).unwrap();
        (ledger, seen)
    }

    #[test]
    fn what_was_appended_is_replayed() {
        let path = path();
        let (mut ledger, _) = read(&path);
        ledger.append(&transaction(1)).unwrap();
        ledger.append(&transaction(2)).unwrap();
        drop(ledger);
        let (ledger, seen) = read(&path);
        assert_eq!(seen, [transaction(1), transaction(2)]);
        assert_eq!(ledger.next_number(), 3);
    }

    #[test]
    fn a_line_torn_anywhere_is_cut_off_and_writing_goes_on() {
        let whole = {
            let path = path();
            let (mut ledger, _) = read(&path);
            ledger.append(&transaction(1)).unwrap();
            ledger.append(&transaction(2)).unwrap();
            std::fs::read(&path).unwrap()
        };
        let first_line = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for cut in first_line..whole.len() {
            let path = path();
            std::fs::write(&path, whole.get(..cut).unwrap()).unwrap();
            let (mut ledger, seen) = read(&path);
            assert_eq!(seen, [transaction(1)], "cut at {cut}");
            ledger.append(&transaction(2)).unwrap();
            drop(ledger);
            assert_eq!(std::fs::read(&path).unwrap(), whole, "cut at {cut}");
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn damage_before_the_end_is_an_error() {
        let path = path();
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(b"not json\n").unwrap();
        let line = serde_json::to_string(&transaction(1)).unwrap();
        writeln!(file, "{line}").unwrap();
        assert!(LedgerFile::open(&path, |_| {}).is_err());
    }

    #[test]
    fn a_second_sandbox_is_kept_off() {
        let path = path();
        let (_first, _) = read(&path);
        let second = LedgerFile::open(&path, |_| {});
        assert_eq!(
            second.err().map(|error| error.kind()),
            Some(std::io::ErrorKind::ResourceBusy)
        );
    }
}
