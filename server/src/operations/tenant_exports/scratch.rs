//! Where an export's files lie until they are sent: a directory of its own that nobody else may look into, gone with the export.

use std::fs::{self, DirBuilder, DirEntry};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::embedded::private_files;

const PREFIX: &str = "rapport-export-";
const OWNER_ONLY: u32 = 0o700;
/// What lies there for longer was left by a process that was killed: no export takes this long.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 3_600);

pub struct Scratch(PathBuf);

impl Scratch {
    /// Below the system's directory for such, which `TMPDIR` names.
    pub fn make() -> io::Result<Self> {
        let parent = std::env::temp_dir();
        clear(&parent);
        let path = parent.join(format!("{PREFIX}{}", private_files::random_suffix()?));
        DirBuilder::new().mode(OWNER_ONLY).create(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "the files of an export could not be removed");
        }
    }
}

/// What cannot be removed is somebody else's, and stays.
fn clear(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten().filter(is_left_behind) {
        let _ = fs::remove_dir_all(entry.path());
    }
}

fn is_left_behind(entry: &DirEntry) -> bool {
    let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
    let age = entry.metadata().and_then(|found| found.modified());
    let age = age.ok().and_then(|at| at.elapsed().ok());
    is_ours && age.is_some_and(|age| age > LEFT_BEHIND)
}
