//! The load: closed loops of clients that send one operation after the other, and what is read off them. Rates of a
//! shared machine mean little by themselves, so every sample also says how much of the processor the host took away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::{Result, cpu};

/// Not measured: connections open, statements are prepared, caches fill.
pub const WARM_UP: Duration = Duration::from_secs(1);

/// How many send, for how long, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Offered {
    pub clients: usize,
    pub measured: Duration,
    /// Operations a second of all clients together; as many as they get answered when `None`.
    pub rate: Option<f64>,
}

impl Offered {
    /// As much as so many clients can send.
    pub fn full(clients: usize, measured: Duration) -> Self {
        Self {
            clients,
            measured,
            rate: None,
        }
    }

    /// From the start of one operation to the start of the same client's next.
    fn interval(&self) -> Duration {
        self.rate.map_or(Duration::ZERO, |rate| {
            Duration::from_secs_f64(count(self.clients) / rate)
        })
    }
}

/// What one run of one system gave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    pub per_second: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    /// Processor time that the host gave to others, in percent of the time that was to be had.
    pub stolen_percent: f64,
    /// Processor time of this process and of PostgreSQL together, for one operation.
    pub cpu_micros: f64,
    /// What PostgreSQL wrote to its log for one operation, in bytes.
    pub wal_bytes: f64,
}

impl Sample {
    /// From latencies in microseconds, taken within `measured`.
    pub fn of_latencies(mut micros: Vec<u32>, measured: Duration, stolen_percent: f64) -> Self {
        micros.sort_unstable();
        let at = |per_mille: usize| {
            let index = (micros.len() * per_mille / 1_000).min(micros.len().saturating_sub(1));
            micros
                .get(index)
                .map_or(0.0, |found| f64::from(*found) / 1_000.0)
        };
        Self {
            per_second: count(micros.len()) / measured.as_secs_f64(),
            p50_ms: at(500),
            p95_ms: at(950),
            p99_ms: at(990),
            stolen_percent,
            cpu_micros: 0.0,
            wal_bytes: 0.0,
        }
    }
}

/// Runs `operation` from closed loops, all at once. It is given a number that it shares with no other call of this
/// run. Answers the sample and how many operations came back well, those of the warm-up included.
pub async fn drive<Operation, Outcome>(
    offered: Offered,
    operation: Operation,
) -> Result<(Sample, u64)>
where
    Operation: Fn(u64) -> Outcome + Send + Sync + 'static,
    Outcome: Future<Output = Result<()>> + Send + 'static,
{
    let operation = Arc::new(operation);
    let numbers = Arc::new(AtomicU64::new(0));
    let (interval, start) = (offered.interval(), Instant::now() + WARM_UP);
    let end = start + offered.measured;
    let (clients, mut loops) = (u32::try_from(offered.clients)?, tokio::task::JoinSet::new());
    for client in 0..clients {
        let (operation, numbers) = (operation.clone(), numbers.clone());
        let mut due = Instant::now() + interval * client / clients;
        loops.spawn(async move {
            let mut latencies = Vec::new();
            loop {
                if !interval.is_zero() {
                    tokio::time::sleep_until(due.into()).await;
                    // Whoever is late lets those go that it has missed.
                    due = (due + interval).max(Instant::now());
                }
                let sent = Instant::now();
                if sent >= end {
                    return Result::Ok(latencies);
                }
                operation(numbers.fetch_add(1, Ordering::Relaxed)).await?;
                let answered = Instant::now();
                if sent >= start && answered <= end {
                    let micros = (answered - sent).as_micros();
                    latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
                }
            }
        });
    }
    tokio::time::sleep_until(start.into()).await;
    let clock = StolenTime::start();
    let (before, used) = (numbers.load(Ordering::Relaxed), cpu::used());
    let mut latencies = Vec::new();
    while let Some(finished) = loops.join_next().await {
        latencies.extend(finished??);
    }
    let sent = numbers.load(Ordering::Relaxed);
    let sample = Sample {
        cpu_micros: (cpu::used() - used) / whole(sent.saturating_sub(before).max(1)),
        ..Sample::of_latencies(latencies, offered.measured, clock.percent())
    };
    Ok((sample, sent))
}

/// A closed interval on the kernel's account of processor time.
pub struct StolenTime {
    before: Option<(u64, u64)>,
}

impl StolenTime {
    pub fn start() -> Self {
        Self {
            before: read_times(),
        }
    }

    /// Zero where the kernel keeps no such account.
    pub fn percent(&self) -> f64 {
        let (Some(before), Some(after)) = (self.before, read_times()) else {
            return 0.0;
        };
        let all = after.0.saturating_sub(before.0).max(1);
        100.0 * whole(after.1.saturating_sub(before.1)) / whole(all)
    }
}

/// The middle value; of an even number of values the mean of the two in the middle.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        even if even % 2 == 0 => f64::midpoint(values[half - 1], values[half]),
        _ => values[half],
    }
}

/// (all, stolen) in ticks since boot, see proc(5).
fn read_times() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<u64> = text
        .lines()
        .next()?
        .split_whitespace()
        .skip(1)
        .map_while(|field| field.parse().ok())
        .collect();
    // Guests' time is part of users' time already.
    Some((ticks.iter().take(8).sum(), *ticks.get(7)?))
}

/// A count as a number to divide; far below 2^53 here.
pub fn count(items: usize) -> f64 {
    whole(u64::try_from(items).unwrap_or(u64::MAX))
}

#[allow(clippy::cast_precision_loss)]
pub fn whole(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_value() {
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median([4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median([]).abs() < f64::EPSILON);
    }

    #[test]
    fn percentiles_are_taken_from_sorted_latencies() {
        let sample = Sample::of_latencies((1..=1_000).rev().collect(), Duration::from_secs(2), 0.0);
        assert!((sample.per_second - 500.0).abs() < f64::EPSILON);
        assert!((sample.p50_ms - 0.501).abs() < f64::EPSILON);
        assert!((sample.p99_ms - 0.991).abs() < f64::EPSILON);
    }
}
