//! Finds PostgreSQL's programs on this machine, in the version that an existing cluster asks for.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::account::Account;
use super::error::EmbeddedError;

/// The oldest major version whose SQL we speak.
const OLDEST_VERSION: u32 = 15;

/// Debian's and Ubuntu's packages put each major version into a directory of its own here, off the PATH.
const VERSIONED_DIRECTORY: &str = "/usr/lib/postgresql";

const NEEDED: [&str; 3] = ["initdb", "postgres", "pg_ctl"];
const VERSION_LIMIT: Duration = Duration::from_secs(10);

/// PostgreSQL's programs, all of one version.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    directory: PathBuf,
    version: u32,
}

impl Programs {
    /// The programs for a cluster of major version `wanted`; for a new cluster those on the PATH, else the newest.
    pub(super) async fn find(account: Account, wanted: Option<u32>) -> Result<Self, EmbeddedError> {
        let mut on_path = candidates(path_directories());
        let mut versioned = candidates(versioned_directories());
        let mut usable: Vec<Self> = Vec::new();
        let mut too_old = BTreeSet::new();
        on_path.append(&mut versioned);
        for directory in on_path {
            let Some(version) = version_of(account, &directory).await else {
                continue;
            };
            if version < OLDEST_VERSION {
                too_old.insert(version);
            } else {
                usable.push(Self { directory, version });
            }
        }
        let found: BTreeSet<u32> = usable.iter().map(|programs| programs.version).collect();
        let chosen = match wanted {
            Some(version) => usable.into_iter().find(|each| each.version == version),
            None => usable.into_iter().next(),
        };
        chosen.ok_or_else(|| EmbeddedError::NotInstalled {
            advice: advice(wanted, &found, &too_old),
        })
    }

    pub(super) fn initdb(&self, account: Account) -> Command {
        account.command(&self.directory.join("initdb"))
    }

    pub(super) fn postgres(&self, account: Account) -> Command {
        account.command(&self.directory.join("postgres"))
    }

    /// A client program of PostgreSQL's: beside the others, or beside what they are links to.
    pub(super) fn client(&self, account: Account, name: &str) -> Result<Command, EmbeddedError> {
        let real = fs::canonicalize(self.directory.join("postgres")).ok();
        let beside = real.as_deref().and_then(Path::parent).map(Path::to_owned);
        let directories = [Some(self.directory.clone()), beside].into_iter().flatten();
        let mut paths = directories.map(|directory| directory.join(name));
        match paths.find(|path| path.is_file()) {
            Some(path) => Ok(account.command(&path)),
            None => Err(EmbeddedError::NotInstalled {
                advice: format!(
                    "PostgreSQL's {name} is not beside its other programs in {}: install its client programs too",
                    self.directory.display()
                ),
            }),
        }
    }

    pub(super) fn pg_ctl(&self, account: Account) -> Command {
        account.command(&self.directory.join("pg_ctl"))
    }
}

fn path_directories() -> Vec<PathBuf> {
    env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default()
}

/// Newest first.
fn versioned_directories() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(VERSIONED_DIRECTORY)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, path)| path).collect()
}

fn candidates(directories: Vec<PathBuf>) -> Vec<PathBuf> {
    directories
        .into_iter()
        .filter(|directory| directory.is_absolute())
        .filter(|directory| NEEDED.iter().all(|name| directory.join(name).is_file()))
        .collect()
}

async fn version_of(account: Account, directory: &Path) -> Option<u32> {
    let mut command = account.command(&directory.join("postgres"));
    command.arg("--version").kill_on_drop(true);
    let output = timeout(VERSION_LIMIT, command.output()).await.ok()?.ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// The major version in the likes of `postgres (PostgreSQL) 15.4 (Debian 15.4-1)` and `postgres (PostgreSQL) 18beta1`.
fn parse_version(text: &str) -> Option<u32> {
    let (_, number) = text.split_once("(PostgreSQL) ")?;
    let digits = number.split(|letter: char| !letter.is_ascii_digit()).next();
    digits?.parse().ok()
}

fn advice(wanted: Option<u32>, found: &BTreeSet<u32>, too_old: &BTreeSet<u32>) -> String {
    let list = |versions: &BTreeSet<u32>| {
        let names: Vec<String> = versions.iter().map(u32::to_string).collect();
        names.join(", ")
    };
    let how = |package: &str| {
        format!(
            "On Debian or Ubuntu: `apt-get install {package}` (or `scripts/bootstrap`). Elsewhere: install the \
             PostgreSQL server so that initdb, postgres and pg_ctl are on the PATH. Or name a server of your own \
             with --database-url."
        )
    };
    match wanted {
        Some(version) if !found.is_empty() => format!(
            "This data directory was made by PostgreSQL {version}, and only version {} is installed. {}",
            list(found),
            how(&format!("postgresql-{version}"))
        ),
        Some(version) => format!(
            "This data directory was made by PostgreSQL {version}, which is not installed. {}",
            how(&format!("postgresql-{version}"))
        ),
        None if !too_old.is_empty() => format!(
            "PostgreSQL {} is too old: version {OLDEST_VERSION} or newer is needed. {}",
            list(too_old),
            how("postgresql")
        ),
        None => format!(
            "PostgreSQL {OLDEST_VERSION} or newer is needed and was found neither on the PATH nor under \
             {VERSIONED_DIRECTORY}. {}",
            how("postgresql")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{BTreeSet, advice, parse_version};

    #[test]
    fn versions_are_read_from_what_postgres_says() {
        let debian = "postgres (PostgreSQL) 15.4 (Debian 15.4-1)\n";
        assert_eq!(parse_version(debian), Some(15));
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_version("something else"), None);
    }

    #[test]
    fn the_error_names_the_package_to_install() {
        let nothing = BTreeSet::new();
        assert!(advice(None, &nothing, &nothing).contains("apt-get install postgresql`"));
        let newer = BTreeSet::from([17]);
        assert!(advice(Some(15), &newer, &nothing).contains("postgresql-15`"));
        let old = BTreeSet::from([13]);
        assert!(advice(None, &nothing, &old).contains("13 is too old"));
    }
}
