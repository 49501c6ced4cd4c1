//! Where things lie: the cluster in the data directory, or under /var/lib when PostgreSQL's account cannot get there,
//! and a directory for the socket whose path is short enough for a socket.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::account::Account;
use super::error::EmbeddedError;
use super::private_files;

/// Taken by `rapport serve` alone.
pub(super) const SERVE_LOCK: &str = "serve.lock";
/// Taken while PostgreSQL is made, started or stopped.
pub(super) const START_LOCK: &str = "postgres.start.lock";
/// Shared by all who use PostgreSQL; the one who gets it alone is the last one out.
pub(super) const USERS_LOCK: &str = "postgres.users.lock";
pub(super) const ADMIN_PASSWORD: &str = "postgres.admin.password";
pub(super) const LOGIN_PASSWORD: &str = "postgres.password";
pub(super) const PORT: &str = "postgres.port";
/// What the postmaster says before its own log is open.
pub(super) const START_LOG: &str = "postgres.start.log";

const CLUSTER: &str = "postgres";
/// Records where the cluster is when it is not in the data directory.
const LOCATION: &str = "postgres.location";
const ELSEWHERE: &str = "/var/lib/rapport";
/// Socket paths end at 107 bytes, and data directories lie deep.
const SOCKET_PARENT: &str = "/tmp";

const OWNER_ONLY: u32 = 0o700;
const PASSABLE: u32 = 0o711;
const OTHERS_MAY: u32 = 0o077;
const ENTER_BITS: u32 = 0o011;
const HASH_BYTES: usize = 8;

/// The data directory, made if need be, by the one name that all processes use for it.
pub(super) fn open_data_dir(data_dir: &Path) -> Result<PathBuf, EmbeddedError> {
    let made = make_directory(data_dir, OWNER_ONLY).and_then(|()| fs::canonicalize(data_dir));
    made.map_err(|source| EmbeddedError::file("make the data directory", data_dir, source))
}

/// Where the cluster is, or is to be made.
pub(super) fn locate_cluster(data_dir: &Path, account: Account) -> Result<PathBuf, EmbeddedError> {
    let usual = data_dir.join(CLUSTER);
    if usual.exists() {
        return Ok(usual);
    }
    let record = data_dir.join(LOCATION);
    match fs::read(&record) {
        Ok(path) => return Ok(PathBuf::from(OsString::from_vec(path))),
        Err(source) if source.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(EmbeddedError::file("read", &record, source)),
    }
    if account == Account::Ourselves {
        return Ok(usual);
    }
    if account.reaches(data_dir.parent().unwrap_or(data_dir)) {
        let opened = fs::metadata(data_dir).and_then(|found| {
            let passable = Permissions::from_mode(found.mode() | ENTER_BITS);
            fs::set_permissions(data_dir, passable)
        });
        opened.map_err(|source| EmbeddedError::file("open up", data_dir, source))?;
        return Ok(usual);
    }
    settle_elsewhere(data_dir, &record)
}

/// The directory for the socket, which only PostgreSQL's account may enter.
pub(super) fn open_socket_directory(
    cluster: &Path,
    account: Account,
) -> Result<PathBuf, EmbeddedError> {
    let path = Path::new(SOCKET_PARENT).join(format!("rapport-{}", short_hash(cluster)));
    let failed = |source| EmbeddedError::file("make the socket directory", &path, source);
    match DirBuilder::new().mode(OWNER_ONLY).create(&path) {
        Ok(()) => account.own(&path)?,
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {}
        Err(source) => return Err(failed(source)),
    }
    // Anybody may make directories there, and one that is not ours could listen in.
    let found = fs::symlink_metadata(&path).map_err(failed)?;
    let ours = found.is_dir()
        && found.uid() == account.user_id()
        && found.permissions().mode() & OTHERS_MAY == 0;
    if ours {
        Ok(path)
    } else {
        let text = "it exists and belongs to somebody else, or others may enter it; remove it";
        Err(failed(io::Error::other(text)))
    }
}

/// Takes away what a dead postmaster left in its socket directory.
pub(super) fn clear_socket_directory(directory: &Path) -> Result<(), EmbeddedError> {
    let failed = |source| EmbeddedError::file("clear", directory, source);
    for entry in fs::read_dir(directory).map_err(failed)? {
        fs::remove_file(entry.map_err(failed)?.path()).map_err(failed)?;
    }
    Ok(())
}

/// Parents that are missing get the usual mode; `mode` is for the directory itself, and only when it is made here.
pub(super) fn make_directory(path: &Path, mode: u32) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    DirBuilder::new().recursive(true).mode(mode).create(path)
}

fn settle_elsewhere(data_dir: &Path, record: &Path) -> Result<PathBuf, EmbeddedError> {
    let elsewhere = Path::new(ELSEWHERE);
    make_directory(elsewhere, PASSABLE)
        .map_err(|source| EmbeddedError::file("make", elsewhere, source))?;
    let mut cluster = elsewhere.join(short_hash(data_dir));
    if cluster.exists() {
        let suffix = private_files::random_suffix()
            .map_err(|source| EmbeddedError::file("choose a name in", elsewhere, source))?;
        let older = cluster;
        cluster = elsewhere.join(format!("{}-{suffix}", short_hash(data_dir)));
        tracing::warn!(
            older = %older.display(),
            "a data directory of this name was deleted, but its PostgreSQL cluster is still there and is left alone"
        );
    }
    private_files::replace(record, cluster.as_os_str().as_bytes())
        .map_err(|source| EmbeddedError::file("write", record, source))?;
    Ok(cluster)
}

fn short_hash(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    private_files::hex(&digest[..HASH_BYTES])
}
