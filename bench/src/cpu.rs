//! What was really spent: the processor time of this process and of PostgreSQL, which tells more than rates do on a machine
//! that is shared.

use std::fs;
use std::sync::OnceLock;

/// The kernel counts in hundredths of a second, see proc(5).
const TICK_MICROS: f64 = 10_000.0;
/// Where the fields that follow the command's name begin, and which of them are meant.
const PARENT: usize = 1;
const OWN_TIME: [usize; 2] = [11, 12];
const REAPED_TIME: [usize; 2] = [13, 14];

static POSTMASTER: OnceLock<u32> = OnceLock::new();

/// Counts PostgreSQL in from now on, whose child this backend is.
pub fn count_postmaster_of(backend: i32) {
    let fields = u32::try_from(backend).ok().and_then(stat);
    let parent = fields.and_then(|fields| u32::try_from(*fields.get(PARENT)?).ok());
    if let Some(parent) = parent {
        let _ = POSTMASTER.set(parent);
    }
}

/// Microseconds so far, of this process, of the postmaster and of its children, the ended ones included.
pub fn used() -> f64 {
    let with_reaped = |fields: Vec<u64>| sum(&fields, &OWN_TIME) + sum(&fields, &REAPED_TIME);
    let mut ticks = stat(std::process::id()).map_or(0, with_reaped);
    let Some(postmaster) = POSTMASTER.get().copied() else {
        return to_micros(ticks);
    };
    ticks += stat(postmaster).map_or(0, with_reaped);
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ticks += ids
        .filter_map(stat)
        .filter(|fields| fields.get(PARENT) == Some(&u64::from(postmaster)))
        .map(|fields| sum(&fields, &OWN_TIME))
        .sum::<u64>();
    to_micros(ticks)
}

/// What this process holds in memory, in MiB.
pub fn resident_mib() -> f64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1_024.0
}

/// The numbers behind the name, which may hold anything; what is no number is zero.
fn stat(process_id: u32) -> Option<Vec<u64>> {
    let text = fs::read_to_string(format!("/proc/{process_id}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    let numbers = fields.split_whitespace();
    Some(numbers.map(|field| field.parse().unwrap_or(0)).collect())
}

fn sum(fields: &[u64], which: &[usize]) -> u64 {
    which.iter().filter_map(|index| fields.get(*index)).sum()
}

#[allow(clippy::cast_precision_loss)]
fn to_micros(ticks: u64) -> f64 {
    ticks as f64 * TICK_MICROS
}
