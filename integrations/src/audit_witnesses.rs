//! Where signed checkpoints of the audit log are kept, out of reach of whoever owns the database: by HTTP, or by mail.

use std::time::Duration;

use reqwest::Url;
use serde::Serialize;

use crate::http::{self, HttpClient};
use crate::outcome::{Failure, FailureKind};
use crate::secret::Secret;
use crate::smtp::mails::Mail;
use crate::smtp::{Smtp, SmtpConfig, SmtpCredentials, Tls};

/// Longest whole call.
const TIMEOUT: Duration = Duration::from_secs(20);
const SMTP_PORT: u16 = 25;
const SMTPS_PORT: u16 = 465;

#[derive(Serialize)]
struct Body<'a> {
    checkpoints: &'a [String],
}

/// Posts `{"checkpoints": ["<signed note>", …]}`; anything but a 2xx is a failure.
///
/// # Errors
/// With the status, or that there was no answer.
pub async fn post(client: &HttpClient, url: &str, notes: &[String]) -> Result<(), Failure> {
    let call = client
        .post(url)
        .timeout(TIMEOUT)
        .json(&Body { checkpoints: notes });
    let response = call.send().await.map_err(|error| http::lost_call(&error))?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let detail = format!("the witness answered {}", status.as_u16());
    Err(Failure::new(FailureKind::Refused, detail))
}

/// Whether checkpoints may be posted there: https, or http on this machine.
pub fn is_postable(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let is_own = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && is_own)
}

/// A mail server from `smtps://user:password@host:465` (TLS), `smtp+starttls://…` or `smtp://host:25` (plain).
///
/// # Errors
/// With what is wrong with the URL.
pub fn mail_server(url: &str) -> Result<Smtp, Failure> {
    let wrong = |why: &str| {
        Failure::new(
            FailureKind::NotSent,
            format!("the mail server's URL: {why}"),
        )
    };
    let url = Url::parse(url).map_err(|_| wrong("it is none"))?;
    let (tls, port) = match url.scheme() {
        "smtp" => (Tls::None, SMTP_PORT),
        "smtp+starttls" => (Tls::StartTls, SMTP_PORT),
        "smtps" => (Tls::Tls, SMTPS_PORT),
        _ => {
            return Err(wrong(
                "it begins with smtp://, smtp+starttls:// or smtps://",
            ));
        }
    };
    let credentials = url.password().map(|password| SmtpCredentials {
        username: decoded(url.username()),
        password: Secret::new(decoded(password)),
    });
    Smtp::new(SmtpConfig {
        host: url
            .host_str()
            .ok_or_else(|| wrong("it names no host"))?
            .to_owned(),
        port: url.port().unwrap_or(port),
        tls,
        ca_certificate: None,
        credentials,
    })
}

/// Mails the notes, one below the other.
///
/// # Errors
/// As the mail server's.
pub async fn mail(
    server: &Smtp,
    (from, to): (&str, &str),
    notes: &[String],
) -> Result<(), Failure> {
    let newest = notes.last().map(String::as_str).unwrap_or_default();
    let mut head = newest.lines();
    let (log, size) = (
        head.next().unwrap_or_default(),
        head.next().unwrap_or_default(),
    );
    let mail = Mail {
        message_id: format!(
            "audit-{}-{size}@rapport.invalid",
            log.replace(['/', '$'], "-")
        ),
        from: from.to_owned(),
        to: to.to_owned(),
        subject: format!("Audit checkpoints of {log} up to {size}"),
        text: format!(
            "Keep these signed checkpoints: they tell whether the audit log was changed.\n\n{}",
            notes.join("\n")
        ),
        html: format!(
            "<p>Keep these signed checkpoints: they tell whether the audit log was changed.</p><pre>{}</pre>",
            notes.join("\n")
        ),
        ..Mail::default()
    };
    server.send(&mail).await.map(|_| ())
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_go_out_encrypted_or_not_far() {
        assert!(is_postable("https://witness.example/rapport"));
        assert!(is_postable("http://127.0.0.1:9000/"));
        assert!(!is_postable("http://witness.example/"));
        assert!(!is_postable("ftp://127.0.0.1/") && !is_postable("witness"));
    }

    #[test]
    fn a_mail_server_is_named_by_a_url() {
        assert!(mail_server("smtp://127.0.0.1:8025").is_ok());
        assert!(mail_server("smtps://me:p%40ss@mail.example").is_ok());
        assert!(mail_server("https://mail.example").is_err());
    }
}
