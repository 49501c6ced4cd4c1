//! PostgreSQL's own programs, and the account that they run as, since none of them runs as root.

use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{User, geteuid};

/// Where Debian puts each major version, off the PATH.
const VERSIONED: &str = "/usr/lib/postgresql";
/// In this order; the second exists nearly everywhere.
const UNPRIVILEGED_ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// A program of PostgreSQL: on the PATH, else of the newest version installed.
pub fn find(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut versioned: Vec<(u32, PathBuf)> = std::fs::read_dir(VERSIONED)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    versioned.sort_unstable_by_key(|(version, _)| std::cmp::Reverse(*version));
    let on_path =
        std::env::split_paths(&path).filter(|directory| directory.join("initdb").is_file());
    let mut directories = on_path.chain(versioned.into_iter().map(|(_, directory)| directory));
    let found = directories.find(|directory| directory.join(name).is_file());
    found
        .unwrap_or_else(|| panic!("PostgreSQL's {name} is not installed; see scripts/bootstrap"))
        .join(name)
}

/// Somebody who may run PostgreSQL's programs.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    ids: Option<(u32, u32)>,
}

impl Account {
    /// Ourselves, or an unprivileged account when we are root.
    pub fn choose() -> Self {
        if !geteuid().is_root() {
            return Self { ids: None };
        }
        let user = UNPRIVILEGED_ACCOUNTS
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten());
        let user = user.expect("PostgreSQL does not run as root, and there is no account for it");
        Self {
            ids: Some((user.uid.as_raw(), user.gid.as_raw())),
        }
    }

    /// The program, to be run as this account.
    pub fn command(&self, program: &Path) -> Command {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(program);
        if let Some((user_id, group_id)) = self.ids {
            command.uid(user_id).gid(group_id);
        }
        command.current_dir("/").env_remove("PGDATA");
        command
    }

    /// Hands a file to this account.
    pub fn own(&self, path: &Path) {
        if let Some((user_id, group_id)) = self.ids {
            std::os::unix::fs::chown(path, Some(user_id), Some(group_id))
                .expect("root may give files away");
        }
    }
}
