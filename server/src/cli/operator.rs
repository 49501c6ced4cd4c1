//! Who sits at the command line, for the record of administrative acts.

use nix::unistd::{User, geteuid};

/// `operator:<account>`: the system's account, for the command line knows no other.
pub fn name() -> String {
    let id = geteuid();
    match User::from_uid(id) {
        Ok(Some(user)) => format!("operator:{}", user.name),
        _ => format!("operator:{id}"),
    }
}
