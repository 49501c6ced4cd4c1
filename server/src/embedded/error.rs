//! What can go wrong with the private PostgreSQL, said so that an operator knows what to do next.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why the private PostgreSQL is not at our service.
#[derive(Debug)]
pub enum EmbeddedError {
    /// Another `rapport serve` holds this data directory.
    AlreadyServed { data_dir: PathBuf, process: String },
    /// There are no usable PostgreSQL programs; the text says what to install.
    NotInstalled { advice: String },
    /// A file or directory could not be read or written.
    File { action: String, source: io::Error },
    /// A PostgreSQL program answered with a failure.
    Program { action: String, output: String },
    /// Something took longer than its limit.
    TimedOut { action: String, limit: Duration },
    /// The server answered a statement of ours with an error.
    Database {
        action: &'static str,
        source: tokio_postgres::Error,
    },
}

impl EmbeddedError {
    pub(super) fn file(action: &str, path: &Path, source: io::Error) -> Self {
        Self::File {
            action: format!("{action} {}", path.display()),
            source,
        }
    }

    pub(super) fn timed_out(action: impl Into<String>, limit: Duration) -> Self {
        Self::TimedOut {
            action: action.into(),
            limit,
        }
    }
}

impl fmt::Display for EmbeddedError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyServed { data_dir, process } => write!(
                out,
                "another `rapport serve` (process {process}) uses the data directory {}; \
                 stop it, or choose another one with --data-dir",
                data_dir.display()
            ),
            Self::NotInstalled { advice } => out.write_str(advice),
            Self::File { action, source } => write!(out, "could not {action}: {source}"),
            Self::Program { action, output } => {
                write!(out, "PostgreSQL could not {action}: {output}")
            }
            Self::TimedOut { action, limit } => {
                write!(out, "gave up after {} s: {action}", limit.as_secs())
            }
            Self::Database { action, source } => {
                write!(out, "the private PostgreSQL could not {action}: {source}")?;
                match source.as_db_error() {
                    Some(detail) => write!(out, " ({})", detail.message()),
                    None => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for EmbeddedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            Self::Database { source, .. } => Some(source),
            _ => None,
        }
    }
}
