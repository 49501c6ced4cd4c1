//! The same command over HTTP, from as many kept connections as clients. The client is a bare one, so that what is
//! measured beside the commands is the server's part of HTTP and as little else as possible.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::Result;
use crate::dispatched::COMMAND;
use crate::drive::{Offered, Sample, drive};
use crate::streams::{self, NOTE};

/// The most that an answer's head and body together may take.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// One run; answers the sample and how many commands were acknowledged.
pub async fn measure(
    address: SocketAddr,
    api_key: &str,
    clients: usize,
    measured: Duration,
) -> Result<(Sample, u64)> {
    let mut connections = Vec::with_capacity(clients);
    for _ in 0..clients {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        connections.push(stream);
    }
    let free = Arc::new(Mutex::new(connections));
    let api_key: Arc<str> = api_key.into();
    let operation = move |_| {
        let (free, api_key) = (free.clone(), api_key.clone());
        async move {
            let connection = free.lock().await.pop();
            let mut connection = connection.ok_or("more clients than connections")?;
            post(&mut connection, &api_key).await?;
            free.lock().await.push(connection);
            Ok(())
        }
    };
    drive(Offered::full(clients, measured), operation).await
}

async fn post(connection: &mut TcpStream, api_key: &str) -> Result<()> {
    let customer_id = streams::id(streams::pick());
    let body = serde_json::json!({"customer_id": customer_id, "text": NOTE}).to_string();
    let request = format!(
        "POST /commands/{COMMAND} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {api_key}\r\n\
         Idempotency-Key: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        Uuid::now_v7(),
        body.len()
    );
    connection.write_all(request.as_bytes()).await?;
    let answer = read_answer(connection).await?;
    if answer.starts_with(b"HTTP/1.1 200 ") {
        return Ok(());
    }
    Err(format!("refused: {}", String::from_utf8_lossy(&answer)).into())
}

/// Head and body; the server always says how long the body is.
async fn read_answer(connection: &mut TcpStream) -> Result<Vec<u8>> {
    let mut answer = Vec::with_capacity(2_048);
    loop {
        if connection.read_buf(&mut answer).await? == 0 || answer.len() > MAX_ANSWER_BYTES {
            return Err("the answer broke off, or is too long".into());
        }
        let head = answer
            .windows(END_OF_HEAD.len())
            .position(|window| window == END_OF_HEAD);
        let Some(head) = head else { continue };
        let length = content_length(&answer[..head])?;
        if answer.len() >= head + END_OF_HEAD.len() + length {
            return Ok(answer);
        }
    }
}

fn content_length(head: &[u8]) -> Result<usize> {
    let head = std::str::from_utf8(head)?;
    let value = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim())
    });
    Ok(value
        .ok_or("the answer does not say how long it is")?
        .parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_an_answer_is_read_whatever_its_case() {
        let head = b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 12\r\netag: \"1\"";
        assert_eq!(content_length(head).unwrap(), 12);
        assert!(content_length(b"HTTP/1.1 200 OK").is_err());
    }
}
