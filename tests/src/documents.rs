//! A small server of JSON documents, as clients that describe themselves and issuers of tokens have one.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Most of what is sent along that is read.
const MAX_SENT_BYTES: usize = 64 * 1024;

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub struct Documents {
    address: SocketAddr,
    all: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<AtomicUsize>,
}

impl Documents {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let documents = Self {
            address: listener.local_addr().expect("its address"),
            all: Arc::default(),
            asked: Arc::default(),
        };
        let served = documents.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let served = served.clone();
                tokio::spawn(async move { served.answer(stream).await });
            }
        });
        documents
    }

    /// The address of a document.
    pub fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Puts a document there, in the place of what was there.
    pub fn put(&self, path: &str, document: Value) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(path.to_owned(), document.to_string());
    }

    /// How often it was asked for one.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Acquire)
    }

    async fn answer(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            match stream.read_line(&mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) if line.trim().is_empty() => break,
                Ok(_) => lines.push(line),
            }
        }
        // What is sent along is read and let be: a connection that closes on it would lose the answer.
        let length = lines.iter().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        });
        let mut sent = vec![0; length.unwrap_or(0).min(MAX_SENT_BYTES)];
        if stream.read_exact(&mut sent).await.is_err() {
            return;
        }
        let path = lines[0].split(' ').nth(1).unwrap_or_default().to_owned();
        self.asked.fetch_add(1, Ordering::AcqRel);
        let found = {
            let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            all.get(&path).cloned()
        };
        let (status, body) =
            found.map_or(("404 Not Found", "{}".to_owned()), |body| ("200 OK", body));
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.get_mut().write_all(answer.as_bytes()).await;
    }
}
