//! Our stand-in for a mail server: takes every mail in, shows it in the mailbox, and delivers nothing.

use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{BufReader, split};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Duration, timeout};

use crate::sandbox::entries::{Entry, Mail};
use crate::sandbox::mailbox;
use crate::sandbox::smtp::sessions::Session;
use crate::sandbox::store::{Shared, now_unix};

mod commands;
mod lines;
mod sessions;

/// The header by which mails are counted per booking.
pub(super) const BOOKING_HEADER: &str = "X-Rapport-Booking";
/// Connections served at once; further ones wait.
const CONNECTIONS_LIMIT: usize = 256;
/// Longest life of one connection.
const SESSION_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// Wait after a failed accept, which would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A mail as it came over the wire.
#[derive(Debug, Default, PartialEq, Eq)]
struct Received {
    from: String,
    to: Vec<String>,
    content: Vec<u8>,
}

/// Accepts connections until told to stop; mails under way then are dropped, unanswered.
pub(super) async fn serve(
    shared: Arc<Shared>,
    listener: TcpListener,
    mut stop: watch::Receiver<()>,
) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_LIMIT));
    let mut sessions = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            _ = stop.changed() => return,
            accepted = listener.accept() => accepted,
        };
        // Ended sessions are reaped, or their results would pile up.
        while sessions.try_join_next().is_some() {}
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        sessions.spawn(async move {
            let (reader, writer) = split(stream);
            let session = Session::new(shared, BufReader::new(reader), writer);
            let _ = timeout(SESSION_TIMEOUT, session.run()).await;
            drop(permit);
        });
    }
}

/// Writes a mail to the ledger; it is durable when this returns.
async fn keep(shared: &Arc<Shared>, received: Received) -> io::Result<u64> {
    shared
        .transact(move |store| {
            let (message_id, subject, booking) =
                mailbox::summary(&received.content, BOOKING_HEADER);
            let number = store.state().mail_count + 1;
            store.commit(vec![Entry::Mail(Mail {
                number,
                at: now_unix(),
                from: received.from,
                to: received.to,
                message_id,
                subject,
                booking,
                raw: BASE64_STANDARD.encode(&received.content),
                id: None,
            })])?;
            Ok(number)
        })
        .await
}
