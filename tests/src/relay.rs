//! A relay between the program and PostgreSQL that counts how often one waits for the other on the wire. Answers take a
//! while, as on a long line, so that whatever is sent without waiting for them has been sent by the time they come.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};

/// How long the line is: each answer is on its way for this time.
const LATENCY: Duration = Duration::from_millis(15);
/// How much travels in one piece.
const PIECE_BYTES: usize = 64 * 1024;

/// What was counted so far, over all connections.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    counted: Arc<AtomicUsize>,
}

impl Waits {
    pub fn count(&self) -> usize {
        self.counted.load(Ordering::SeqCst)
    }
}

/// Listens on a port of its own, which it answers, and carries every connection to the socket.
pub async fn start(socket: PathBuf) -> (u16, Waits) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    let waits = Waits::default();
    let counter = waits.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let _ = client.set_nodelay(true);
            let server = UnixStream::connect(&socket)
                .await
                .expect("PostgreSQL listens");
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            // Asked and not answered yet: the next answer ends a wait.
            let asked = Arc::new(AtomicBool::new(false));
            let answered = asked.clone();
            let counted = counter.counted.clone();
            tokio::spawn(carry(from_client, to_server, move || {
                asked.store(true, Ordering::SeqCst);
                std::future::ready(())
            }));
            tokio::spawn(carry(from_server, to_client, move || {
                let (answered, counted) = (answered.clone(), counted.clone());
                async move {
                    let _ = tokio::time::timeout(LATENCY, std::future::pending::<()>()).await;
                    if answered.swap(false, Ordering::SeqCst) {
                        counted.fetch_add(1, Ordering::SeqCst);
                    }
                }
            }));
        }
    });
    (port, waits)
}

async fn carry<F: Future<Output = ()> + Send>(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut before: impl FnMut() -> F,
) {
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(length) = from.read(&mut piece).await {
        if length == 0 {
            break;
        }
        before().await;
        if to.write_all(&piece[..length]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
