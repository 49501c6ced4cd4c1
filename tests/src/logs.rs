//! Everything that is logged from now on in this process, kept for tests that look for what must not be in it.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tracing_subscriber::EnvFilter;

/// All that we say ourselves, down to the smallest detail, and what others say of their work. The driver of PostgreSQL is
/// left out: at `debug` it tells every parameter, which is why nobody may turn that on where people's data is.
const FILTER: &str = "debug,tokio_postgres=info,commands=trace,event_store=trace,outbox=trace,server=trace,integrations=trace,\
    identity=trace,projectors=trace,queries=trace";

static KEPT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Keeper;

impl Write for Keeper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        kept().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to keep what is logged; a second call changes nothing.
pub fn keep() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let builder = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(FILTER))
            .with_writer(|| Keeper);
        builder.try_init().expect("nobody else has taken the logs");
    });
}

/// What was logged since.
pub fn read() -> String {
    String::from_utf8_lossy(&kept()).into_owned()
}

fn kept() -> MutexGuard<'static, Vec<u8>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}
