//! Clients that name themselves by the address of a document about them (OAuth Client ID Metadata Document): what such a
//! document must say before anybody is asked to trust it. Fetching it is somebody else's business.

use domain::refusal::Refusal;
use serde::Deserialize;

use super::redirects;

/// The largest document, in bytes.
pub const MAX_BYTES: usize = 5 * 1024;
/// The longest name that is shown.
const MAX_NAME_CHARS: usize = 80;

/// What is used of a document; whatever else it says is left alone.
#[derive(Deserialize)]
struct Document {
    client_id: String,
    #[serde(default)]
    client_name: Option<String>,
    redirect_uris: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_method: Option<String>,
    #[serde(default)]
    grant_types: Option<Vec<String>>,
    #[serde(default)]
    client_secret: Option<serde_json::Value>,
}

/// A client as its document tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    pub client_id: String,
    /// As it calls itself: not to be believed, so the address's host is shown beside it.
    pub name: String,
    pub redirect_uris: Vec<String>,
}

/// Whether a client's id is the address of a document: with a path, and nothing that could be read in two ways.
pub fn is_address(client_id: &str) -> bool {
    let Ok(url) = url::Url::parse(client_id) else {
        return false;
    };
    let is_plain = url.as_str() == client_id
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_plain && ["https", "http"].contains(&url.scheme()) && url.path().len() > 1
}

/// Reads a document that was found at the address `client_id`. Refused with 400 `client-document-invalid`.
pub fn read(client_id: &str, text: &[u8]) -> Result<Described, Refusal> {
    let refuse = |why: &str| {
        let detail = format!("the client's metadata document cannot be used: {why}");
        Err(Refusal::malformed("client-document-invalid", detail))
    };
    let document: Document = match serde_json::from_slice(text) {
        Ok(document) => document,
        Err(error) => return refuse(&error.to_string()),
    };
    if document.client_id != client_id {
        return refuse("its client_id is not its address");
    }
    let method = document.token_endpoint_auth_method.as_deref();
    if method.is_some_and(|method| method != "none") || document.client_secret.is_some() {
        return refuse(
            "only public clients (token_endpoint_auth_method none) may describe themselves",
        );
    }
    let grants = document.grant_types.unwrap_or_default();
    if !grants.is_empty() && !grants.iter().any(|grant| grant == "authorization_code") {
        return refuse("it does not use authorization_code");
    }
    let uris = document.redirect_uris;
    if uris.is_empty() || uris.len() > redirects::MAX_URIS {
        return refuse("it names between 1 and 10 redirect_uris");
    }
    for uri in &uris {
        redirects::check(uri)?;
    }
    let name: String = document.client_name.unwrap_or_default();
    let shown = name.chars().filter(|letter| !letter.is_control());
    Ok(Described {
        client_id: client_id.to_owned(),
        name: shown.take(MAX_NAME_CHARS).collect(),
        redirect_uris: uris,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "https://app.example/oauth/client.json";

    fn read_with(field: &str, value: Value) -> Result<Described, Refusal> {
        let mut document = json!({
            "client_id": ID, "client_name": "App", "redirect_uris": ["http://127.0.0.1/callback"],
            "token_endpoint_auth_method": "none", "logo_uri": "https://app.example/logo.png",
        });
        document[field] = value;
        read(ID, document.to_string().as_bytes())
    }

    #[test]
    fn a_document_must_be_about_its_own_address_and_hold_no_secret() {
        assert_eq!(read_with("client_name", json!("App")).unwrap().name, "App");
        for (field, value) in [
            ("client_id", json!("https://other.example/client.json")),
            ("redirect_uris", json!([])),
            ("redirect_uris", json!(["http://app.example/callback"])),
            ("token_endpoint_auth_method", json!("client_secret_basic")),
            ("client_secret", json!("x")),
            ("grant_types", json!(["client_credentials"])),
        ] {
            assert!(read_with(field, value.clone()).is_err(), "{field}: {value}");
        }
        assert!(read(ID, b"[]").is_err());
    }

    #[test]
    fn an_address_can_be_read_in_one_way_only() {
        assert!(is_address(ID));
        for wrong in [
            "https://app.example",
            "https://app.example/",
            "https://u:p@app.example/client.json",
            "https://app.example/client.json#x",
            "https://app.example/a/../client.json",
            "HTTPS://app.example/client.json",
            "file:///etc/passwd",
            "0199c0de",
        ] {
            assert!(!is_address(wrong), "{wrong}");
        }
    }
}
