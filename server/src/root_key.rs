//! The root key, under which every tenant's key is wrapped. It lies in a file of its own and never in the database,
//! which keeps only its fingerprint, so that a wrong key is refused before anything is sealed under it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event_store::vault::roots::{Fingerprint, fingerprint_of};
use zeroize::Zeroizing;

use crate::embedded::private_files;

const KEY_BYTES: usize = 32;
/// A key in base64 has 44 characters; more than this is another kind of file.
const MAX_FILE_BYTES: u64 = 256;
const OTHERS_MAY: u32 = 0o077;

/// The root key, wiped from memory when it is dropped.
pub struct RootKey(Zeroizing<[u8; KEY_BYTES]>);

/// Why there is no root key to work with.
#[derive(Debug)]
pub enum RootKeyError {
    /// The database was sealed under a key, and its file is not there.
    Missing { path: PathBuf, recorded: String },
    /// The file holds another key than the one the database was sealed under.
    Mismatch {
        path: PathBuf,
        found: String,
        recorded: String,
    },
    /// Others than the file's owner may read or write it.
    Exposed { path: PathBuf, mode: u32 },
    /// The file does not hold 32 bytes in base64.
    Malformed { path: PathBuf },
    /// The file could not be read or written.
    File { path: PathBuf, source: io::Error },
}

/// Reads the key from `path`; makes one there when there is none and the database records no fingerprint.
///
/// A key whose fingerprint is not the recorded one is refused. A key that the database does not record yet is taken as
/// it is: the process that made it may have died before the fingerprint was stored.
pub fn load_or_create(
    path: &Path,
    database_fingerprint: Option<&[u8]>,
) -> Result<RootKey, RootKeyError> {
    let key = match (load(path)?, database_fingerprint) {
        (Some(key), _) => key,
        (None, None) => create(path)?,
        (None, Some(recorded)) => {
            return Err(RootKeyError::Missing {
                path: path.to_owned(),
                recorded: private_files::hex(recorded),
            });
        }
    };
    let found = key.fingerprint();
    match database_fingerprint {
        Some(recorded) if found != *recorded => Err(RootKeyError::Mismatch {
            path: path.to_owned(),
            found: private_files::hex(&found),
            recorded: private_files::hex(recorded),
        }),
        _ => Ok(key),
    }
}

/// The place of the key that is to follow the one at `path`, while the root key is being changed.
pub fn next_path(path: &Path) -> PathBuf {
    beside(path, "next")
}

/// Puts the next key in the place of the one at `path`, which stays beside it under its fingerprint. Does nothing unless the
/// next key is the recorded one, so that it may be asked again after a crash; answers where the old one lies now.
pub fn take_over(path: &Path, recorded: &[u8]) -> Result<Option<PathBuf>, RootKeyError> {
    let next = next_path(path);
    let failed = |source| RootKeyError::File {
        path: path.to_owned(),
        source,
    };
    match load(&next)? {
        Some(key) if key.fingerprint() == *recorded => {}
        _ => return Ok(None),
    }
    let mut kept = None;
    if let Some(old) = load(path)?
        && old.fingerprint() != *recorded
    {
        let place = beside(path, &private_files::hex(&old.fingerprint()));
        fs::rename(path, &place).map_err(failed)?;
        kept = Some(place);
    }
    fs::rename(&next, path).map_err(failed)?;
    private_files::sync_directory_of(path).map_err(failed)?;
    Ok(kept)
}

/// Makes the next key's file, of these bytes, unless it is there.
pub fn keep_next(path: &Path, key: &[u8; KEY_BYTES]) -> Result<(), RootKeyError> {
    let next = next_path(path);
    if load(&next)?.is_some_and(|found| found.bytes() == key) {
        return Ok(());
    }
    let mut text = Zeroizing::new(STANDARD.encode(key));
    text.push('\n');
    let kept = private_files::replace(&next, text.as_bytes());
    kept.map_err(|source| RootKeyError::File { path: next, source })
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

impl RootKey {
    /// The key itself.
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// What the database records, to know the key by.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint_of(&self.0)
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RootKey([redacted])")
    }
}

impl fmt::Display for RootKeyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { path, recorded } => write!(
                out,
                "the root key file {} is not there, and the database was sealed under the root key with the \
                 fingerprint {recorded}: put that key's file back, or name it with --root-key-file",
                path.display()
            ),
            Self::Mismatch {
                path,
                found,
                recorded,
            } => write!(
                out,
                "the root key in {} has the fingerprint {found}, but the database was sealed under the one with \
                 {recorded}: name the right file with --root-key-file",
                path.display()
            ),
            Self::Exposed { path, mode } => write!(
                out,
                "others than its owner may use the root key file {} (mode {mode:04o}): `chmod 600` it",
                path.display()
            ),
            Self::Malformed { path } => write!(
                out,
                "the root key file {} does not hold {KEY_BYTES} bytes in base64",
                path.display()
            ),
            Self::File { path, source } => {
                write!(
                    out,
                    "could not use the root key file {}: {source}",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for RootKeyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}

fn load(path: &Path) -> Result<Option<RootKey>, RootKeyError> {
    let failed = |source| RootKeyError::File {
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed(source)),
    };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & OTHERS_MAY != 0 {
        return Err(RootKeyError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES as usize));
    file.take(MAX_FILE_BYTES)
        .read_to_end(&mut text)
        .map_err(failed)?;
    let decoded = STANDARD.decode(text.trim_ascii()).map(Zeroizing::new);
    let key = decoded
        .ok()
        .and_then(|bytes| bytes.as_slice().try_into().ok());
    match key {
        Some(bytes) => Ok(Some(RootKey(Zeroizing::new(bytes)))),
        None => Err(RootKeyError::Malformed {
            path: path.to_owned(),
        }),
    }
}

fn create(path: &Path) -> Result<RootKey, RootKeyError> {
    let failed = |source| RootKeyError::File {
        path: path.to_owned(),
        source,
    };
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(key.as_mut_slice()).map_err(|error| failed(io::Error::other(error)))?;
    let mut text = Zeroizing::new(STANDARD.encode(key.as_slice()));
    text.push('\n');
    match private_files::create(path, text.as_bytes()) {
        Ok(()) => Ok(RootKey(key)),
        // Another process was first; its key is the one.
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
            load(path)?.ok_or_else(|| failed(source))
        }
        Err(source) => Err(failed(source)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::{RootKeyError, load_or_create};
    use crate::embedded::private_files;

    struct Directory(PathBuf);

    impl Directory {
        fn new() -> Self {
            let name = format!("rapport-key-{}", private_files::random_suffix().unwrap());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn key(&self) -> PathBuf {
            self.0.join("root.key")
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_key_is_made_once_and_read_ever_after() {
        let directory = Directory::new();
        let made = load_or_create(&directory.key(), None).unwrap();
        let mode = fs::metadata(directory.key()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let fingerprint = made.fingerprint();
        let read = load_or_create(&directory.key(), Some(&fingerprint)).unwrap();
        assert_eq!(read.bytes(), made.bytes());
        let names = fs::read_dir(&directory.0).unwrap().count();
        assert_eq!(names, 1, "no draft is left behind");
    }

    #[test]
    fn the_key_is_not_made_anew_when_the_database_was_sealed_under_one() {
        let directory = Directory::new();
        let refused = load_or_create(&directory.key(), Some(&[7; 16])).unwrap_err();
        assert!(matches!(refused, RootKeyError::Missing { .. }));
        assert!(refused.to_string().contains("--root-key-file"));
        assert!(!directory.key().exists());
    }

    #[test]
    fn another_key_than_the_recorded_one_is_refused() {
        let directory = Directory::new();
        load_or_create(&directory.key(), None).unwrap();
        let refused = load_or_create(&directory.key(), Some(&[7; 16])).unwrap_err();
        assert!(matches!(refused, RootKeyError::Mismatch { .. }));
        let refused = load_or_create(&directory.key(), Some(&[])).unwrap_err();
        assert!(matches!(refused, RootKeyError::Mismatch { .. }));
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let directory = Directory::new();
        load_or_create(&directory.key(), None).unwrap();
        fs::set_permissions(directory.key(), Permissions::from_mode(0o640)).unwrap();
        let refused = load_or_create(&directory.key(), None).unwrap_err();
        assert!(refused.to_string().contains("0640"), "{refused}");
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused() {
        let directory = Directory::new();
        for content in ["", "not base64!", "c2hvcnQ="] {
            let _ = fs::remove_file(directory.key());
            private_files::create(&directory.key(), content.as_bytes()).unwrap();
            let refused = load_or_create(&directory.key(), None).unwrap_err();
            assert!(matches!(refused, RootKeyError::Malformed { .. }));
        }
    }

    #[test]
    fn processes_that_start_at_once_agree_on_one_key() {
        let directory = Directory::new();
        let path = directory.key();
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| *load_or_create(&path, None).unwrap().bytes()))
                .collect();
            let joined = started.into_iter().map(|thread| thread.join().unwrap());
            joined.collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn a_key_prints_blank() {
        let directory = Directory::new();
        let key = load_or_create(&directory.key(), None).unwrap();
        assert_eq!(format!("{key:?}"), "RootKey([redacted])");
    }
}
