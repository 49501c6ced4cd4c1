//! Logs to standard error, by `RAPPORT_LOG` (by default servers log from `info`, commands from `warn`).

pub mod metrics;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// What a server logs when nothing is said.
const SERVER_FILTER: &str = "info,actix_server=warn,refinery_core=warn";
/// What a command logs when nothing is said: its answer is on standard output.
const COMMAND_FILTER: &str = "warn";

/// Who logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// A process that stays.
    Server,
    /// A command that answers and ends.
    Command,
}

/// Starts logging; a second call changes nothing.
pub fn start(format: LogFormat, voice: Voice) {
    let default = match voice {
        Voice::Server => SERVER_FILTER,
        Voice::Command => COMMAND_FILTER,
    };
    let mut filter =
        EnvFilter::try_from_env("RAPPORT_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    // The driver logs every parameter at debug, names and addresses included: no setting may turn that on.
    if let Ok(directive) = "tokio_postgres=warn".parse() {
        filter = filter.add_directive(directive);
    }
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second subscriber is refused; the first one stays.
    let _ = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Pretty => builder.with_target(false).try_init(),
    };
}
