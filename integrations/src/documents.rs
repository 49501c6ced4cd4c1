//! Small public documents at addresses that somebody else has chosen: metadata of clients, keys of issuers. Fetched without
//! redirects, up to a limit, and never from a machine of ours: addresses are judged after names are resolved.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, StatusCode, Url};

use crate::http::{build, builder};
use crate::outcome::{Failure, FailureKind};
use crate::webhooks_out::{Guarded, MayReach};

/// The longest whole fetch.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// Fetches documents.
#[derive(Clone)]
pub struct Documents {
    client: Client,
    may_reach: MayReach,
}

impl Documents {
    /// # Errors
    /// When no TLS set-up can be built.
    pub fn new(may_reach: MayReach) -> Result<Self, Failure> {
        let client = build(|| {
            builder()
                .timeout(TIMEOUT)
                .dns_resolver(Guarded { may_reach })
        })?;
        Ok(Self { client, may_reach })
    }

    /// The JSON at this address, at most `limit` bytes of it.
    ///
    /// # Errors
    /// When it may not be reached, does not answer 200 with JSON in time, or is too long; the detail names no address.
    pub async fn fetch(&self, url: &str, limit: usize) -> Result<Vec<u8>, Failure> {
        let refuse = |detail: &str| Err(Failure::new(FailureKind::Refused, detail));
        let url = judged(url, self.may_reach)?;
        let call = self.client.get(url).header(ACCEPT, "application/json");
        let Ok(mut answer) = call.send().await else {
            return refuse("it could not be fetched");
        };
        if answer.status() != StatusCode::OK {
            return refuse("it is answered by another status than 200");
        }
        let media_type = answer.headers().get(CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok());
        let media_type = media_type.and_then(|value| value.split(';').next());
        let is_json = media_type.is_some_and(|value| {
            value.trim() == "application/json" || value.trim().ends_with("+json")
        });
        if !is_json {
            return refuse("it is no JSON by its content type");
        }
        let mut body = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                    return refuse("it is too long");
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(body),
                Err(_) => return refuse("it could not be read to its end"),
            }
        }
    }

    /// Whether a written address would be connected to.
    pub fn may_reach(&self, address: IpAddr) -> bool {
        (self.may_reach)(address)
    }
}

/// An address as it may be called: https, or plain http on this machine, and none that is written out and not to be reached.
/// Names are judged when they are resolved.
///
/// # Errors
/// When it may not be called; the detail names no address.
pub(crate) fn judged(url: &str, may_reach: MayReach) -> Result<Url, Failure> {
    let refuse = |detail: &str| Err(Failure::new(FailureKind::Refused, detail));
    let Ok(url) = Url::parse(url) else {
        return refuse("the address cannot be read");
    };
    // An address that is written out is never resolved, so it is judged here.
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse();
    let is_loopback = match literal {
        Ok(address) if !may_reach(address) => return refuse("its address is not public"),
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost",
    };
    match url.scheme() == "https" || url.scheme() == "http" && is_loopback {
        true => Ok(url),
        false => refuse("it is not at an https address"),
    }
}
