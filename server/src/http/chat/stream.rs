//! A visitor's own thread as server-sent events: each message as it stands whenever it is written or its status moves.
//! Resumable by `Last-Event-ID`.

use std::collections::VecDeque;
use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use commands::answer::{parse_position, position_token};
use domain::refusal::Refusal;
use event_store::Result;
use event_store::store::Store;
use queries::visitors::{self, Visitor};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::callers::Caller;
use super::limits::StreamPlace;
use crate::app::App;
use crate::http::principals::header_text;
use crate::http::problems;

/// How often a silent stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The longest a stream waits before it looks whether other processes have moved the projection.
const POLL: Duration = Duration::from_secs(1);
/// Moves within this time of each other are looked at once.
const DEBOUNCE: Duration = Duration::from_millis(50);
/// A stream ends after this time, or with its session; the browser opens the next one.
const LIFE_SECONDS: i64 = 3_600;
/// How long a browser waits before it opens the next one, in milliseconds.
const RETRY_MS: u32 = 1_000;

struct Follower {
    store: Store,
    visitor: Visitor,
    position: i64,
    pending: VecDeque<String>,
    spoken: Instant,
    ends_at: Instant,
    moved: tokio::sync::watch::Receiver<u64>,
    closing: CancellationToken,
    _place: StreamPlace,
}

/// `GET /chat/{tenant}/stream`
pub async fn get_stream(
    app: web::Data<App>,
    request: HttpRequest,
    slug: web::Path<String>,
) -> problems::Answer {
    let caller = Caller::admit(&app, &request, &slug).await?;
    let answer = open(&app, &caller, &request).await;
    caller.answer(answer)
}

async fn open(app: &App, caller: &Caller, request: &HttpRequest) -> problems::Answer {
    caller.count(app)?;
    let session = caller.session()?;
    let visitor = caller.visitor(&session);
    let place = app.chat.open_stream(&session.visitor)?;
    let position = match header_text(request, "last-event-id") {
        Some(token) => parse_position(token).ok_or_else(|| {
            let detail = "Last-Event-ID is the id of an event of this stream, or the last_event_id of the messages";
            Refusal::malformed("header-invalid", detail)
        })?,
        None => {
            visitors::history(&app.store, &visitor, None)
                .await?
                .position
        }
    };
    let left = session.expires_at - caller.now.unix_timestamp();
    let life = u64::try_from(left.min(LIFE_SECONDS)).unwrap_or_default();
    let follower = Follower {
        store: app.store.clone(),
        visitor,
        position,
        pending: VecDeque::from([format!("retry: {RETRY_MS}\n\n")]),
        spoken: Instant::now(),
        ends_at: Instant::now() + Duration::from_secs(life),
        moved: app.store.moved.subscribe(),
        closing: app.closing.clone(),
        _place: place,
    };
    let chunks = futures_util::stream::unfold(follower, |mut follower| async move {
        let closing = follower.closing.clone();
        let chunk = closing.run_until_cancelled(follower.next_chunk()).await??;
        let chunk = web::Bytes::from(chunk);
        Some((Ok::<_, std::convert::Infallible>(chunk), follower))
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(chunks))
}

impl Follower {
    /// The next piece of the stream: a message, or a sign of life; `None` at its end.
    async fn next_chunk(&mut self) -> Option<String> {
        loop {
            if let Some(chunk) = self.pending.pop_front() {
                self.spoken = Instant::now();
                return Some(chunk);
            }
            if Instant::now() >= self.ends_at {
                return None;
            }
            self.moved.borrow_and_update();
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "a visitor's stream could not be read on; it will be tried again");
            }
            if !self.pending.is_empty() {
                continue;
            }
            if self.spoken.elapsed() > HEARTBEAT {
                self.spoken = Instant::now();
                return Some(": alive\n\n".to_owned());
            }
            if let Ok(Ok(())) = tokio::time::timeout(POLL, self.moved.changed()).await {
                tokio::time::sleep(DEBOUNCE).await;
            }
        }
    }

    async fn look(&mut self) -> Result<()> {
        let changes = visitors::changes(&self.store, &self.visitor, self.position).await?;
        for (position, message) in changes.messages {
            let (id, data) = (position_token(position), serde_json::to_string(&message)?);
            self.pending
                .push_back(format!("id: {id}\nevent: message\ndata: {data}\n\n"));
        }
        self.position = changes.position;
        Ok(())
    }
}
