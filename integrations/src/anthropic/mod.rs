//! Messages in Anthropic's style over `reqwest`. <https://docs.anthropic.com/en/api/messages>

use reqwest::Client;
use reqwest::header::AUTHORIZATION;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::calls::{self, Answered, base};
use crate::completions::{Completion, Prompt, RateLeft, TIMEOUT};
use crate::outcome::Failure;
use crate::secret::Secret;

mod answers;
mod wire;

/// Where Anthropic lives; the sandbox lives at `http://<sandbox>/anthropic`.
pub const BASE_URL: &str = "https://api.anthropic.com";
/// The version of the API that these wire types were written for, sent with every call.
pub const API_VERSION: &str = "2026-10-21";

/// One account. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct Anthropic {
    http: Client,
    base_url: String,
    api_key: Secret,
}

impl Anthropic {
    /// `base_url` is [`BASE_URL`] or the sandbox's, without `/v1`.
    pub fn new(http: Client, base_url: impl Into<String>, api_key: Secret) -> Anthropic {
        Anthropic {
            http,
            base_url: base(base_url),
            api_key,
        }
    }

    /// `POST /v1/messages`.
    ///
    /// # Errors
    /// As classified. Nothing changes outside, so even `Unknown` may be asked again, at the price of another answer.
    pub async fn complete(&self, prompt: &Prompt) -> Result<Completion, Failure> {
        let body = wire::request(prompt)?;
        let request = self
            .http
            .post(format!("{}/v1/messages", self.base_url))
            .header(AUTHORIZATION, calls::sensitive("Bearer", &self.api_key)?)
            .header("anthropic-version", API_VERSION)
            .header("X-Client-Request-Id", &prompt.message_id)
            .json(&body);
        let answered = calls::call(request, TIMEOUT).await?;
        if !answered.is_success() {
            return Err(answers::classify(&answers::Answer {
                status: answered.status,
                should_retry: answered.header("x-should-retry"),
                retry_after: answered.retry_after(),
                request_id: answered.header("request-id"),
                body: &answered.body,
            }));
        }
        let mut completion = wire::completion(prompt, answered.json("anthropic")?);
        completion.cost.provider_request_id = answered.header("request-id").map(str::to_owned);
        completion.cost.first_byte_ms =
            u64::try_from(answered.first_byte.as_millis()).unwrap_or(u64::MAX);
        completion.left = left(&answered);
        Ok(completion)
    }
}

fn left(answered: &Answered) -> RateLeft {
    let number = |name: &str| answered.header(name)?.parse().ok();
    let now = OffsetDateTime::now_utc();
    let reset = ["requests", "tokens", "input-tokens", "output-tokens"]
        .iter()
        .filter_map(|what| {
            let at = answered.header(&format!("anthropic-ratelimit-{what}-reset"))?;
            let at = OffsetDateTime::parse(at, &Rfc3339).ok()?;
            (at - now).try_into().ok()
        })
        .max();
    RateLeft {
        requests: number("anthropic-ratelimit-requests-remaining"),
        tokens: number("anthropic-ratelimit-tokens-remaining")
            .or_else(|| number("anthropic-ratelimit-input-tokens-remaining")),
        reset,
    }
}
