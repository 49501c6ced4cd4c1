//! Which life of the database server something was read in. A server that has been restored, or has handed over to
//! another, may have forgotten what this process remembers; every such change ends all connections, so it is enough to
//! look when a new one is made.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_postgres::Client;

/// Microseconds since 1970; no two servers have started in the same one.
const FIND_START: &str =
    "select (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint";

/// One life of the database server: what was read in it still holds as long as it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Era(i64);

/// The era that the newest connection has found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Eras(Arc<Mutex<Option<Era>>>);

impl Eras {
    /// Notes which server a new connection leads to; before anybody may use it.
    pub async fn look(&self, client: &Client) -> std::result::Result<(), tokio_postgres::Error> {
        let started = client.query_one(FIND_START, &[]).await?.get(0);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Era(started));
        Ok(())
    }

    /// `None` until there was a connection.
    pub fn current(&self) -> Option<Era> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
