//! A way to PostgreSQL on which the reply to a marked statement is lost: the statement has been carried out, and whoever
//! sent it never hears of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// How much travels in one piece.
const PIECE_BYTES: usize = 64 * 1024;

/// Replies that were lost so far.
#[derive(Clone, Debug, Default)]
pub struct Lost(Arc<AtomicUsize>);

impl Lost {
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Listens on a port of its own, which it answers. The first statement with `mark` in it loses its reply and its
/// connection; all others pass.
pub async fn start(socket: PathBuf, mark: &str) -> (u16, Lost) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    let lost = Lost::default();
    let (counter, mark) = (lost.clone(), Arc::<[u8]>::from(mark.as_bytes()));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = UnixStream::connect(&socket)
                .await
                .expect("PostgreSQL listens");
            tokio::spawn(carry(client, server, mark.clone(), counter.clone()));
        }
    });
    (port, lost)
}

async fn carry(client: TcpStream, server: UnixStream, mark: Arc<[u8]>, lost: Lost) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let marked = AtomicBool::new(false);
    let there = async {
        let mut piece = vec![0; PIECE_BYTES];
        while let Ok(length @ 1..) = from_client.read(&mut piece).await {
            let is_marked = piece[..length]
                .windows(mark.len())
                .any(|window| *window == *mark);
            if is_marked && lost.count() == 0 {
                marked.store(true, Ordering::SeqCst);
            }
            if to_server.write_all(&piece[..length]).await.is_err() {
                return;
            }
        }
    };
    let back = async {
        let mut piece = vec![0; PIECE_BYTES];
        while let Ok(length @ 1..) = from_server.read(&mut piece).await {
            if marked.load(Ordering::SeqCst) {
                lost.0.fetch_add(1, Ordering::SeqCst);
                return;
            }
            if to_client.write_all(&piece[..length]).await.is_err() {
                return;
            }
        }
    };
    // Whichever ends first takes the connection with it.
    tokio::select! { () = there => {}, () = back => {} }
}
