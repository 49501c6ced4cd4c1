//! Reads `postmaster.pid`, in which a running postmaster says who and where it is, and tells a living one from what a
//! dead one has left behind.

use std::fs;
use std::io;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::cluster::Cluster;
use super::error::EmbeddedError;

const NAME: &str = "postmaster.pid";
const PROCESSES: &str = "/proc";

/// Lines of the file, counted from zero: <https://www.postgresql.org/docs/15/storage-file-layout.html>.
const PROCESS_LINE: usize = 0;
const PORT_LINE: usize = 3;

/// A postmaster that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Living {
    pub(super) process_id: i32,
    /// Absent in the first moments of its life.
    pub(super) port: Option<u16>,
}

/// The postmaster of this cluster, if one lives.
pub(super) fn living(cluster: &Cluster) -> Option<Living> {
    let found = read(&cluster.directory)?;
    let lives = exists(found.process_id) && works_in(found.process_id, &cluster.directory);
    lives.then_some(found)
}

/// Whether processes of a dead postmaster still have the cluster's shared memory. Without /proc we cannot know;
/// PostgreSQL then refuses to start by itself.
pub(super) fn has_leftovers(cluster: &Cluster) -> bool {
    fs::read_dir(PROCESSES)
        .into_iter()
        .flatten()
        .flatten()
        .any(|process| {
            let directory = fs::read_link(process.path().join("cwd"));
            directory.is_ok_and(|directory| directory == cluster.directory)
        })
}

/// Removes the file of a dead postmaster whose process id has since gone to somebody else, or which nobody has reaped:
/// PostgreSQL would take it for alive. Call it only when nothing lives and nothing is left over.
pub(super) fn remove_misleading(cluster: &Cluster) -> Result<(), EmbeddedError> {
    let misleads = read(&cluster.directory).is_some_and(|found| exists(found.process_id));
    if !misleads {
        return Ok(());
    }
    let path = cluster.directory.join(NAME);
    match fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(EmbeddedError::file("remove", &path, source))
        }
        _ => Ok(()),
    }
}

fn read(directory: &Path) -> Option<Living> {
    let text = fs::read_to_string(directory.join(NAME)).ok()?;
    let lines: Vec<&str> = text.lines().collect();
    Some(Living {
        process_id: lines.get(PROCESS_LINE)?.trim().parse().ok()?,
        port: lines
            .get(PORT_LINE)
            .and_then(|line| line.trim().parse().ok()),
    })
}

fn exists(process_id: i32) -> bool {
    // EPERM means that it exists and belongs to another account.
    process_id > 0 && kill(Pid::from_raw(process_id), None) != Err(Errno::ESRCH)
}

/// A postmaster's working directory is its cluster, so a stranger with its process id is found out. A zombie has none.
fn works_in(process_id: i32, directory: &Path) -> bool {
    let processes = Path::new(PROCESSES);
    if !processes.join("self").exists() {
        return true;
    }
    fs::read_link(processes.join(process_id.to_string()).join("cwd"))
        .is_ok_and(|found| found == directory)
}
