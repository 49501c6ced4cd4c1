//! How the library's requests go out: by our own client, to addresses that may be called, and with answers of a bounded
//! length.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use openidconnect::{HttpRequest, HttpResponse, http};
use tokio::sync::Semaphore;

use crate::documents::judged;
use crate::http::{HttpClient, lost_call};
use crate::outcome::{Failure, FailureKind};
use crate::webhooks_out::MayReach;

/// The largest answer of a provider, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// Calls to providers at once.
const MAX_CALLS: usize = 32;

/// Makes calls; a clone shares what it is bounded by.
#[derive(Clone)]
pub(super) struct Caller {
    client: HttpClient,
    pub(super) may_reach: MayReach,
    places: Arc<Semaphore>,
}

impl Caller {
    pub(super) fn new(client: HttpClient, may_reach: MayReach) -> Self {
        Self {
            client,
            may_reach,
            places: Arc::new(Semaphore::new(MAX_CALLS)),
        }
    }

    /// What the library calls with.
    pub(super) fn as_client(
        &self,
    ) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, Failure>> + Send + Sync + 'static
    {
        let caller = self.clone();
        move |request| {
            let caller = caller.clone();
            Box::pin(async move { caller.call(request).await })
        }
    }

    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let Ok(_place) = self.places.try_acquire() else {
            let detail = "too many people are signing in right now; try again in a moment";
            return Err(Failure::new(FailureKind::Transient, detail));
        };
        let (head, body) = request.into_parts();
        let url = judged(&head.uri.to_string(), self.may_reach)?;
        let asked = self
            .client
            .request(head.method, url)
            .headers(head.headers)
            .body(body);
        let mut answer = asked.send().await.map_err(|error| lost_call(&error))?;
        let mut read = http::Response::builder().status(answer.status());
        if let Some(headers) = read.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| lost_call(&error))? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                let detail = "the provider's answer is too long";
                return Err(Failure::new(FailureKind::Refused, detail));
            }
            body.extend_from_slice(&chunk);
        }
        read.body(body)
            .map_err(|_| Failure::new(FailureKind::Refused, "the provider's answer cannot be read"))
    }
}
