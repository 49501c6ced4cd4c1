//! The one error of every crate with I/O: refused (the caller's doing), busy (try again), or internal (ours).

use std::time::Duration;

use deadpool_postgres::HookError;
use domain::refusal::Refusal;
use tokio_postgres::error::SqlState;

/// How long a caller is asked to wait when a dependency is down.
pub const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub enum Error {
    /// A business or validation refusal; safe to show as it is.
    Refused(Box<Refusal>),
    /// A dependency is down or too slow, or a conflict outlived all retries; nothing was changed.
    Busy {
        code: &'static str,
        detail: String,
        retry_after: Duration,
    },
    /// A fault of ours or of the data; logged once, never shown.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    pub fn busy(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Busy {
            code,
            detail: detail.into(),
            retry_after: BUSY_RETRY_AFTER,
        }
    }

    /// The same once more, for another of those who waited for the same thing.
    pub fn share(&self) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(refusal.clone()),
            Self::Busy {
                code,
                detail,
                retry_after,
            } => Self::Busy {
                code,
                detail: detail.clone(),
                retry_after: *retry_after,
            },
            Self::Internal(source) => Self::internal(source.to_string()),
        }
    }

    /// An impossible case, as a sentence.
    pub fn internal(sentence: impl Into<String>) -> Self {
        Self::Internal(sentence.into().into())
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Busy { code, detail, .. } => write!(f, "{code}: {detail}"),
            Self::Internal(source) => write!(f, "internal: {source}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        if is_passing(&error) {
            return Self::busy(
                "database-unavailable",
                "the database did not answer; try again",
            );
        }
        Self::internal(describe(&error))
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            // A connection may be cut while it is being made ready, too.
            deadpool_postgres::PoolError::Backend(error)
            | deadpool_postgres::PoolError::PostCreateHook(HookError::Backend(error)) => {
                error.into()
            }
            deadpool_postgres::PoolError::Timeout(_) => Self::busy(
                "database-busy",
                "all database connections are in use; try again",
            ),
            other => Self::Internal(Box::new(other)),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(Box::new(error))
    }
}

/// What an operator needs of a database error. Its detail is left out: that quotes rows.
fn describe(error: &tokio_postgres::Error) -> String {
    let Some(database) = error.as_db_error() else {
        let source = std::error::Error::source(error)
            .map(ToString::to_string)
            .unwrap_or_default();
        return format!("database: {error} {source}");
    };
    let (code, message) = (database.code().code(), database.message());
    let table = database.table().unwrap_or("-");
    let constraint = database.constraint().unwrap_or("-");
    format!("database: {code} {message} (table {table}, constraint {constraint})")
}

/// Whether the same statement may well succeed in a moment: the server is away, starting, full, or chose us as victim.
fn is_passing(error: &tokio_postgres::Error) -> bool {
    let Some(code) = error.code() else {
        // Without an SQLSTATE it is the wire: closed or reset, unless a value could not be converted.
        return error.is_closed()
            || std::error::Error::source(error)
                .is_some_and(|source| source.is::<std::io::Error>());
    };
    let passing = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
    ];
    passing.contains(code) || code.code().starts_with("08") || code.code().starts_with("53")
}

#[cfg(test)]
mod tests {
    use deadpool_postgres::PoolError;

    use super::*;

    #[tokio::test]
    async fn a_connection_that_breaks_while_it_is_made_ready_is_no_fault_of_ours() {
        let nobody_listens = "host=127.0.0.1 port=1 user=nobody";
        let connected = tokio_postgres::connect(nobody_listens, tokio_postgres::NoTls).await;
        let Err(broken) = connected else {
            panic!("somebody listens on port 1");
        };
        let error = Error::from(PoolError::PostCreateHook(HookError::Backend(broken)));
        assert!(matches!(error, Error::Busy { .. }), "{error}");
    }
}
