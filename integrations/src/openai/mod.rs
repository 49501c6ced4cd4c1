//! Chat completions in OpenAI's style, of OpenAI or of anybody who speaks alike, over `reqwest`.
//! <https://platform.openai.com/docs/api-reference/chat>

use reqwest::Client;
use reqwest::header::AUTHORIZATION;

use crate::calls::{self, base};
use crate::completions::{Completion, Prompt, RateLeft, TIMEOUT, parse_reset};
use crate::outcome::Failure;
use crate::secret::Secret;

mod answers;
mod wire;

/// Where OpenAI lives; the sandbox lives at `http://<sandbox>/openai`.
pub const BASE_URL: &str = "https://api.openai.com";

/// One account with a model. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct OpenAi {
    http: Client,
    base_url: String,
    api_key: Secret,
}

impl OpenAi {
    /// `base_url` is [`BASE_URL`], the sandbox's or that of another server in this style, without `/v1`.
    pub fn new(http: Client, base_url: impl Into<String>, api_key: Secret) -> OpenAi {
        OpenAi {
            http,
            base_url: base(base_url),
            api_key,
        }
    }

    /// `POST /v1/chat/completions`.
    ///
    /// # Errors
    /// As classified. Nothing changes outside, so even `Unknown` may be asked again, at the price of another answer.
    pub async fn complete(&self, prompt: &Prompt) -> Result<Completion, Failure> {
        let body = wire::request(prompt)?;
        let request = self
            .http
            .post(format!("{}/v1/chat/completions", self.base_url))
            .header(AUTHORIZATION, calls::sensitive("Bearer", &self.api_key)?)
            .header("X-Client-Request-Id", &prompt.message_id)
            .json(&body);
        let answered = calls::call(request, TIMEOUT).await?;
        let reset = ["x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"]
            .iter()
            .filter_map(|name| parse_reset(answered.header(name)?))
            .max();
        if !answered.is_success() {
            return Err(answers::classify(&answers::Answer {
                status: answered.status,
                should_retry: answered.header("x-should-retry"),
                retry_after: answered.retry_after().or(reset),
                request_id: answered.header("x-request-id"),
                body: &answered.body,
            }));
        }
        let mut completion = wire::completion(prompt, answered.json("openai")?)?;
        completion.cost.provider_request_id = answered.header("x-request-id").map(str::to_owned);
        completion.cost.first_byte_ms =
            u64::try_from(answered.first_byte.as_millis()).unwrap_or(u64::MAX);
        let number = |name: &str| answered.header(name)?.parse().ok();
        completion.left = RateLeft {
            requests: number("x-ratelimit-remaining-requests"),
            tokens: number("x-ratelimit-remaining-tokens"),
            reset,
        };
        Ok(completion)
    }
}
