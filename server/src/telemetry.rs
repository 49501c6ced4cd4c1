//! Logs to standard error, by `RAPPORT_LOG` (default: our own lines from `info`).

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// What is logged when nothing is said.
const DEFAULT_FILTER: &str = "info,actix_server=warn,tokio_postgres=warn,refinery_core=warn";

/// Starts logging; a second call changes nothing.
pub fn start(format: LogFormat) {
    let mut filter = EnvFilter::try_from_env("RAPPORT_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    // The driver logs every parameter at debug, names and addresses included: no setting may turn that on.
    if let Ok(directive) = "tokio_postgres=warn".parse() {
        filter = filter.add_directive(directive);
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber is refused; the first one stays.
    let _ = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Pretty => builder.with_target(false).try_init(),
    };
}
