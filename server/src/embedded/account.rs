//! The account that PostgreSQL's programs run as. PostgreSQL refuses to run as root, so root lends it another one.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;

use nix::unistd::{User, geteuid};
use tokio::process::Command;

use super::error::EmbeddedError;

/// In this order; the second exists nearly everywhere.
const UNPRIVILEGED_ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// Where programs that PostgreSQL's own programs call are looked for.
const PROGRAM_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

const ENTER_BIT: u32 = 0o1;

/// Who runs PostgreSQL: ourselves, or another account when we are root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    Ourselves,
    Other { user_id: u32, group_id: u32 },
}

impl Account {
    /// The account for this process.
    pub(super) fn choose() -> Result<Self, EmbeddedError> {
        if !geteuid().is_root() {
            return Ok(Self::Ourselves);
        }
        for name in UNPRIVILEGED_ACCOUNTS {
            if let Ok(Some(user)) = User::from_name(name) {
                return Ok(Self::Other {
                    user_id: user.uid.as_raw(),
                    group_id: user.gid.as_raw(),
                });
            }
        }
        Err(EmbeddedError::NotInstalled {
            advice: "PostgreSQL does not run as root, and this machine has neither an account \
                     `postgres` nor `nobody`: start rapport as an ordinary user"
                .to_owned(),
        })
    }

    /// The account that owns an existing cluster, since PostgreSQL runs for no other one.
    pub(super) fn of_owner(self, cluster: &Path) -> Self {
        match (self, fs::metadata(cluster)) {
            (Self::Other { .. }, Ok(owned)) if owned.uid() != 0 => Self::Other {
                user_id: owned.uid(),
                group_id: owned.gid(),
            },
            _ => self,
        }
    }

    pub(super) fn user_id(self) -> u32 {
        match self {
            Self::Ourselves => geteuid().as_raw(),
            Self::Other { user_id, .. } => user_id,
        }
    }

    /// Gives a file or directory that we made to this account.
    pub(super) fn own(self, path: &Path) -> Result<(), EmbeddedError> {
        match self {
            Self::Ourselves => Ok(()),
            Self::Other { user_id, group_id } => {
                std::os::unix::fs::chown(path, Some(user_id), Some(group_id))
                    .map_err(|source| EmbeddedError::file("give away", path, source))
            }
        }
    }

    /// Whether this account can get to what lies in `directory`.
    pub(super) fn reaches(self, directory: &Path) -> bool {
        directory
            .ancestors()
            .all(|ancestor| fs::metadata(ancestor).is_ok_and(|found| self.may_enter(&found)))
    }

    /// A command that runs as this account, away from our terminal's signals, and with none of our environment:
    /// PGDATA, PGPORT and their like would lead PostgreSQL's programs elsewhere.
    pub(super) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", PROGRAM_PATH)
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::null())
            .process_group(0);
        if let Self::Other { user_id, group_id } = self {
            // The standard library also gives up root's supplementary groups when it changes the user.
            command.uid(user_id).gid(group_id);
        }
        command
    }

    fn may_enter(self, directory: &Metadata) -> bool {
        let Self::Other { user_id, group_id } = self else {
            return true;
        };
        let shift = if directory.uid() == user_id {
            6
        } else if directory.gid() == group_id {
            3
        } else {
            0
        };
        (directory.mode() >> shift) & ENTER_BIT != 0
    }
}
