//! How much the long tests do: a short form by default, all of it with `RAPPORT_TEST_SCALE=full`.

/// Picks the size of a long test.
pub fn size(short: usize, full: usize) -> usize {
    match std::env::var("RAPPORT_TEST_SCALE").as_deref() {
        Ok("full") => full,
        _ => short,
    }
}
