//! A listener of `GET /stream`: reads server-sent events one by one.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::client::Client;
use crate::wait::PATIENCE;

/// An open stream.
pub struct Listener {
    response: Response,
    unread: String,
}

/// One event of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub id: String,
    pub topic: String,
    pub data: Value,
}

impl Listener {
    /// Opens a stream of these topics, behind `last_event_id` if one is given.
    pub async fn open(client: &Client, topics: &str, last_event_id: Option<&str>) -> Self {
        let mut request = client.request(Method::GET, &format!("/stream?topics={topics}"));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        Self::of(request).await
    }

    /// Opens whatever stream is asked for.
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("the stream opens");
        assert_eq!(response.status(), 200);
        let mut listener = Self {
            response,
            unread: String::new(),
        };
        // The greeting says that from here on nothing is missed.
        listener.block().await;
        listener
    }

    /// The next change.
    pub async fn next(&mut self) -> Change {
        loop {
            let block = tokio::time::timeout(PATIENCE, self.block())
                .await
                .expect("a change comes in time");
            if let Some(change) = parse(&block) {
                return change;
            }
        }
    }

    /// Whether nothing comes for a while.
    pub async fn is_silent_for(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.next()).await.is_err()
    }

    /// Everything up to the next empty line.
    async fn block(&mut self) -> String {
        loop {
            if let Some(end) = self.unread.find("\n\n") {
                let block = self.unread[..end].to_owned();
                self.unread.drain(..end + 2);
                return block;
            }
            let chunk = self
                .response
                .chunk()
                .await
                .expect("the stream goes on")
                .expect("the stream does not end");
            self.unread
                .push_str(std::str::from_utf8(&chunk).expect("the stream is text"));
        }
    }
}

fn parse(block: &str) -> Option<Change> {
    let field = |name: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
    };
    Some(Change {
        id: field("id:")?.to_owned(),
        topic: field("event:")?.to_owned(),
        data: serde_json::from_str(field("data:")?).expect("a change is JSON"),
    })
}
