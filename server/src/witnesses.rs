//! Witnesses of the audit log: places that the owner of the database cannot write, which are told every signed
//! checkpoint. Without one the log only shows what outsiders have changed.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use event_store::Result;
use event_store::notary::witnesses::{self, Telling};
use event_store::store::Store;
use integrations::audit_witnesses;
use integrations::http::HttpClient;
use integrations::smtp::Smtp;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::database::Reason;

/// How often it is looked whether there is something to tell.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The least pause between two tellings.
const POST_PAUSE: Duration = Duration::from_secs(10);
const MAIL_PAUSE: Duration = Duration::from_secs(60 * 60);
/// Whom mails are from.
const SENDER: &str = "Rapport <rapport@localhost.localdomain>";

/// One place that keeps checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witness {
    /// A file that lines are added to, best on another machine's disk or one that keeps what was written.
    File(PathBuf),
    /// An address that they are posted to.
    Http(String),
    /// Somebody's mailbox.
    Mail(String),
}

/// Who is told, and through which mail server.
#[derive(Clone, Default)]
pub struct Witnesses {
    pub all: Vec<Witness>,
    pub mail_server: Option<Arc<Smtp>>,
}

impl FromStr for Witness {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        if let Some(path) = text.strip_prefix("file:").filter(|path| !path.is_empty()) {
            return Ok(Self::File(PathBuf::from(path)));
        }
        if let Some(address) = text
            .strip_prefix("mailto:")
            .filter(|address| address.contains('@'))
        {
            return Ok(Self::Mail(address.to_owned()));
        }
        if audit_witnesses::is_postable(text) {
            return Ok(Self::Http(text.to_owned()));
        }
        Err("a witness is file:<path>, https://<address> (http on this machine only) or mailto:<address>".to_owned())
    }
}

impl std::fmt::Display for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Http(url) => f.write_str(url),
            Self::Mail(address) => write!(f, "mailto:{address}"),
        }
    }
}

impl Witness {
    fn pause(&self) -> Duration {
        match self {
            Self::File(_) => Duration::ZERO,
            Self::Http(_) => POST_PAUSE,
            Self::Mail(_) => MAIL_PAUSE,
        }
    }
}

impl Witnesses {
    /// Refused in a sentence where mails are wanted and no mail server is named.
    pub fn new(all: Vec<Witness>, mail_server: Option<&str>) -> std::result::Result<Self, Reason> {
        let needs_mail = all
            .iter()
            .any(|witness| matches!(witness, Witness::Mail(_)));
        let mail_server = match mail_server {
            Some(url) => Some(Arc::new(
                audit_witnesses::mail_server(url).map_err(|failure| failure.detail)?,
            )),
            None if needs_mail => {
                return Err(
                    "a witness by mail needs --audit-smtp, the server that takes the mail".into(),
                );
            }
            None => None,
        };
        Ok(Self { all, mail_server })
    }

    /// Tells them until told to stop.
    pub async fn run(self, store: Store, http: HttpClient, stop: CancellationToken) {
        while !stop.is_cancelled() {
            for witness in &self.all {
                if let Err(error) = self.tell(&store, &http, witness).await {
                    tracing::warn!(%witness, %error, "a witness of the audit log could not be told");
                }
            }
            let waited = stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY));
            if waited.await.is_none() {
                return;
            }
        }
    }

    async fn tell(&self, store: &Store, http: &HttpClient, witness: &Witness) -> Result<()> {
        let client = store.pools.engine.get().await?;
        let name = witness.to_string();
        witnesses::register(&client, &name).await?;
        let Some(telling) = witnesses::next(&client, (&name, witness.pause())).await? else {
            return Ok(());
        };
        drop(client);
        let told = self.send(http, witness, &telling).await;
        let client = store.pools.engine.get().await?;
        match told {
            Ok(()) => witnesses::done(&client, &name, &telling).await,
            Err(failure) => {
                tracing::warn!(%witness, failure, "a witness of the audit log could not be told; it will be tried again");
                witnesses::failed(&client, &name, (&telling, &failure)).await
            }
        }
    }

    async fn send(
        &self,
        http: &HttpClient,
        witness: &Witness,
        telling: &Telling,
    ) -> std::result::Result<(), String> {
        let notes = &telling.notes;
        match (witness, &self.mail_server) {
            (Witness::File(path), _) => {
                let (path, notes) = (path.clone(), notes.clone());
                let written = tokio::task::spawn_blocking(move || append(&path, &notes)).await;
                let written = written.map_err(|error| error.to_string())?;
                written.map_err(|error| error.to_string())
            }
            (Witness::Http(url), _) => {
                let posted = audit_witnesses::post(http, url, notes).await;
                posted.map_err(|failure| failure.detail)
            }
            (Witness::Mail(to), Some(server)) => {
                let mailed = audit_witnesses::mail(server, (SENDER, to), notes).await;
                mailed.map_err(|failure| failure.detail)
            }
            (Witness::Mail(_), None) => Err("there is no mail server".to_owned()),
        }
    }
}

/// One line a note, on the disk before it counts as told.
fn append(path: &Path, notes: &[String]) -> std::io::Result<()> {
    let lines: String = notes
        .iter()
        .map(|note| format!("{}\n", json!({ "note": note })))
        .collect();
    let mut options = std::fs::File::options();
    let mut file = options.append(true).create(true).mode(0o644).open(path)?;
    file.write_all(lines.as_bytes())?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_is_read_as_it_is_written() {
        for text in [
            "file:/var/audit/notes",
            "https://witness.example/rapport",
            "mailto:auditor@example.org",
        ] {
            let witness: Witness = text.parse().unwrap();
            assert_eq!(witness.to_string(), text);
        }
        for text in [
            "",
            "file:",
            "http://witness.example/",
            "mailto:nobody",
            "/var/audit",
        ] {
            assert!(text.parse::<Witness>().is_err(), "{text}");
        }
    }

    #[test]
    fn mail_without_a_server_is_refused_at_start() {
        let mail = || vec![Witness::Mail("auditor@example.org".to_owned())];
        assert!(Witnesses::new(mail(), None).is_err());
        assert!(Witnesses::new(mail(), Some("smtp://127.0.0.1:25")).is_ok());
    }
}
