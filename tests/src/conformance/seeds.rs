//! Chance that can be told again: a run's seed is printed, kept in a file when the run fails, and taken from
//! `RAPPORT_TEST_SEED` when that is set.

use std::io::Write;
use std::path::PathBuf;

/// Names the seed to run again with.
pub const VARIABLE: &str = "RAPPORT_TEST_SEED";
/// Where the seeds of failed runs are kept, below the target directory.
const KEPT: &str = "conformance/failed-seeds.txt";

/// A run's seed. When its run panics, it is written down.
#[derive(Debug)]
pub struct Seed {
    pub number: u64,
    what: String,
}

impl Seed {
    /// The seed to use, printed.
    pub fn choose(what: &str) -> Self {
        let given = std::env::var(VARIABLE).ok();
        let number = match given {
            Some(text) => text
                .parse()
                .unwrap_or_else(|_| panic!("{VARIABLE} is a whole number, not {text:?}")),
            None => u64::from_le_bytes(uuid::Uuid::new_v4().as_bytes()[..8].try_into().unwrap()),
        };
        eprintln!("{what}: {VARIABLE}={number}");
        Self {
            number,
            what: what.to_owned(),
        }
    }

    pub fn dice(&self) -> Dice {
        Dice(self.number)
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let path = target().join(KEPT);
        let _ = std::fs::create_dir_all(path.parent().unwrap_or(&path));
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&path);
        if let Ok(mut file) = file {
            let _ = writeln!(file, "{VARIABLE}={} {}", self.number, self.what);
        }
        eprintln!("to run it again: {VARIABLE}={}", self.number);
    }
}

/// A generator of random numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Any number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.draw() % sides
    }

    /// As `roll`, as an index.
    pub fn pick(&mut self, count: usize) -> usize {
        usize::try_from(self.roll(count as u64)).unwrap_or(0)
    }

    /// Whether one of `sides` has come up.
    pub fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    /// Dice of their own for one of several at once.
    pub fn fork(&mut self) -> Self {
        Self(self.draw())
    }

    /// Puts the items in a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.pick(last + 1));
        }
    }
}

/// Where the build puts its things.
fn target() -> PathBuf {
    let given = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    given.unwrap_or_else(|| crate::sources::root().join("target"))
}
