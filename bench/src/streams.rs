//! The streams that every system works on: how many, their ids, and how one is picked.

use std::sync::LazyLock;
use std::time::Instant;

use uuid::Uuid;

/// Streams of five events each, in every system.
pub const STREAMS: u64 = 100_000;
/// Those of them that nine of ten commands meet.
pub const LIVELY: u64 = 20_000;
/// The text that each fresh event carries.
pub const NOTE: &str = "Wants a revised quote by Friday; the decision maker joins the next call. Prefers the morning, \
                        and asks that the invoice goes to the office and not to the venue.";

/// How long everybody meets the same stream, where all are to meet one.
const HOT_MILLIS: u128 = 50;

static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The first bits of every stream's id; the rest is its number.
const FIRST_ID: u128 = 0x0190_0000_0000_7000_8000_0000_0000_0000;

/// The id of stream `number`.
pub fn id(number: u64) -> String {
    Uuid::from_u128(FIRST_ID + u128::from(number)).to_string()
}

/// A stream as a business meets them: nine times of ten one of those that it deals with these days, or else any.
pub fn pick() -> u64 {
    match random(10) {
        0 => pick_any(),
        _ => random(LIVELY) + 1,
    }
}

/// Any stream, each as likely as the others.
pub fn pick_any() -> u64 {
    random(STREAMS) + 1
}

/// One that is not lively: what is written past the dispatcher makes what it remembers old.
pub fn pick_quiet() -> u64 {
    LIVELY + random(STREAMS - LIVELY) + 1
}

/// One that everybody meets at this moment, and another a moment later: a stream takes only so many notes.
pub fn pick_hot() -> u64 {
    let moments = BEGUN.elapsed().as_millis() / HOT_MILLIS;
    LIVELY - u64::try_from(moments % u128::from(LIVELY)).unwrap_or_default()
}

fn random(below: u64) -> u64 {
    let random = Uuid::new_v4().as_u128() & u128::from(u64::MAX);
    u64::try_from(random % u128::from(below)).unwrap_or_default()
}
