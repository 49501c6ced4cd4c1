//! Room on the disks that we can see: the data directory's, and that of the private PostgreSQL.

use std::path::Path;

use nix::sys::statvfs::statvfs;

use super::findings::{Finding, State};
use crate::config::DatabaseSettings;

const GIBIBYTE: u64 = 1 << 30;
/// A full disk stops PostgreSQL; below this it is a matter of hours.
const WARN_BELOW_BYTES: u64 = 2 * GIBIBYTE;
const FAIL_BELOW_BYTES: u64 = GIBIBYTE / 4;

/// Where there is another database, its disk is out of our sight.
pub fn examine(settings: &DatabaseSettings, postgres: Option<&Path>) -> Vec<Finding> {
    let Some(postgres) = postgres else {
        return Vec::new();
    };
    let mut findings = vec![examine_one(
        "disk of the data directory",
        &settings.data_dir,
    )];
    findings.push(examine_one("disk of PostgreSQL", postgres));
    findings
}

fn examine_one(check: &'static str, path: &Path) -> Finding {
    match statvfs(path) {
        Ok(found) => judge(
            check,
            found
                .blocks_available()
                .saturating_mul(found.fragment_size()),
        ),
        Err(error) => {
            let detail = format!("{} could not be looked at: {error}", path.display());
            Finding::warn(check, detail, "look at it by hand: df -h")
        }
    }
}

fn judge(check: &'static str, free_bytes: u64) -> Finding {
    let state = match free_bytes {
        _ if free_bytes < FAIL_BELOW_BYTES => State::Fail,
        _ if free_bytes < WARN_BELOW_BYTES => State::Warn,
        _ => State::Ok,
    };
    let detail = format!("{:.1} GiB free", free_bytes as f64 / GIBIBYTE as f64);
    Finding::new(
        check,
        state,
        detail,
        "make room, or move the data directory to a larger disk",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_room_is_warned_of_before_it_fails() {
        let states = [GIBIBYTE * 9, GIBIBYTE, GIBIBYTE / 8]
            .map(|free_bytes| judge("disk", free_bytes).state);
        assert_eq!(states, [State::Ok, State::Warn, State::Fail]);
    }
}
