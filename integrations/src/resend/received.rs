//! Mails that came in at Resend: the news of one holds neither its text nor its files, so it is fetched as it came over the
//! wire. <https://resend.com/docs/api-reference/emails/retrieve-received-email>

use reqwest::header::AUTHORIZATION;
use reqwest::{Response, Url};
use serde::Deserialize;

use super::{Resend, TIMEOUT, answers};
use crate::calls::{self, segment};
use crate::http::lost_call;
use crate::outcome::{Failure, FailureKind};

/// The largest mail that is fetched.
const MAIL_LIMIT_BYTES: usize = 3 * 1024 * 1024;

#[derive(Deserialize)]
struct Received {
    raw: Option<Raw>,
}

#[derive(Deserialize)]
struct Raw {
    download_url: String,
}

impl Resend {
    /// `GET /emails/receiving/{id}`, and then the mail itself.
    ///
    /// # Errors
    /// As classified. Nothing is changed by it, so it may be tried again.
    pub async fn fetch_received(&self, email_id: &str) -> Result<Vec<u8>, Failure> {
        let url = format!("{}/emails/receiving/{}", self.base_url, segment(email_id));
        let request = self
            .http
            .get(url)
            .header(AUTHORIZATION, calls::sensitive("Bearer", &self.api_key)?);
        let answered = calls::call(request, TIMEOUT).await?;
        if !answered.is_success() {
            return Err(answers::classify(
                answered.status,
                answered.retry_after(),
                &answered.body,
            ));
        }
        let received: Received = answered.json("resend")?;
        let raw = received.raw.ok_or_else(|| {
            Failure::new(FailureKind::Transient, "resend does not have the mail yet")
        })?;
        self.download(&raw.download_url).await
    }

    /// The address is signed; our key stays with Resend itself.
    async fn download(&self, address: &str) -> Result<Vec<u8>, Failure> {
        let url = Url::parse(address).ok();
        let ours = url.filter(|url| url.scheme() == "https" || address.starts_with(&self.base_url));
        let url = ours.ok_or_else(|| {
            Failure::new(
                FailureKind::Refused,
                "resend keeps the mail at no https address",
            )
        })?;
        let request = self.http.get(url).timeout(TIMEOUT);
        let response = request.send().await.map_err(|error| lost_call(&error))?;
        if !response.status().is_success() {
            let detail = format!(
                "the mail could not be fetched: {}",
                response.status().as_u16()
            );
            return Err(Failure::new(FailureKind::Transient, detail));
        }
        read(response).await
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut mail = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost_call(&error))? {
        if mail.len() + chunk.len() > MAIL_LIMIT_BYTES {
            let detail = format!("the mail has more than {MAIL_LIMIT_BYTES} bytes");
            return Err(Failure::new(FailureKind::Refused, detail));
        }
        mail.extend_from_slice(&chunk);
    }
    Ok(mail)
}
