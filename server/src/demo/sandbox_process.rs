//! The sandbox as a process of its own, so that what providers have done outlives a crash of ours: started when nothing
//! answers, adopted when something does, started again when it dies.

use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use integrations::http::HttpClient;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::config::SandboxSettings;
use crate::database::Reason;
use crate::embedded::private_files;

const PID_FILE: &str = "sandbox.pid";
const LOG_FILE: &str = "sandbox.log";
/// How long a new sandbox may take to answer, and an old one to end.
const START_PATIENCE: Duration = Duration::from_secs(10);
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// How often it is asked while somebody waits for it.
const POLL: Duration = Duration::from_millis(20);
/// How often an adopted one is asked whether it still lives, and how many silences count as death.
const PULSE: Duration = Duration::from_millis(500);
const SILENCES: u32 = 3;
/// Longest wait for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// Waits before it is started again; they double while it keeps dying young.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);
const GROWN_UP: Duration = Duration::from_secs(60);

/// The sandbox and how to reach it.
pub(super) struct SandboxProcess {
    settings: SandboxSettings,
    data_dir: PathBuf,
    client: HttpClient,
    webhooks: Vec<Value>,
    child: Option<Child>,
    origin: Origin,
}

/// Whose sandbox it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Started for this data directory; its pid file goes when its end is wanted.
    Ours,
    /// Somebody else started it.
    Foreign,
}

/// Where a tenant's webhooks go.
pub(super) struct Webhook<'a> {
    pub provider: &'a str,
    pub account: &'a str,
    pub url: String,
    pub secret: &'a str,
    pub merchant: &'a str,
    /// What people write to, where the provider carries texts.
    pub number: Option<String>,
}

impl SandboxProcess {
    /// A sandbox that answers.
    pub(super) async fn ensure(
        settings: &SandboxSettings,
        data_dir: &Path,
    ) -> Result<Self, Reason> {
        let client = integrations::http::client().map_err(|failure| failure.detail)?;
        let mut sandbox = Self {
            settings: settings.clone(),
            data_dir: data_dir.to_owned(),
            client,
            webhooks: Vec::new(),
            child: None,
            origin: Origin::Foreign,
        };
        if sandbox.answers().await {
            if find_process(&sandbox.data_dir).is_some() {
                sandbox.origin = Origin::Ours;
            } else {
                tracing::warn!(
                    url = sandbox.url(),
                    "a sandbox runs that was not started for this data directory"
                );
            }
        } else {
            sandbox.start().await?;
        }
        Ok(sandbox)
    }

    pub(super) fn url(&self) -> String {
        url(self.settings.sandbox_listen)
    }

    /// Has the sandbox send what happens on an account to one of our addresses.
    pub(super) async fn register(&mut self, webhook: Webhook<'_>) -> Result<(), Reason> {
        let body = json!({
            "provider": webhook.provider,
            "account": webhook.account,
            "url": webhook.url,
            "secret": webhook.secret,
            "merchant": webhook.merchant,
            "number": webhook.number,
        });
        self.post_webhook(&body).await?;
        self.webhooks.push(body);
        Ok(())
    }

    /// Keeps it running for as long as this process does, or until [`stop`] is asked for.
    pub(super) async fn supervise(mut self) {
        let mut backoff = FIRST_BACKOFF;
        loop {
            let begun = Instant::now();
            self.wait_for_death().await;
            if self.origin == Origin::Ours && find_pid(&self.data_dir).is_none() {
                return;
            }
            tracing::warn!(log = %self.data_dir.join(LOG_FILE).display(), "the sandbox has died; starting it again");
            if begun.elapsed() > GROWN_UP {
                backoff = FIRST_BACKOFF;
            }
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(LONGEST_BACKOFF);
            if let Err(error) = self.restart().await {
                tracing::error!(%error, "the sandbox does not start");
            }
        }
    }

    async fn restart(&mut self) -> Result<(), Reason> {
        self.start().await?;
        for webhook in &self.webhooks {
            self.post_webhook(webhook).await?;
        }
        Ok(())
    }

    async fn start(&mut self) -> Result<(), Reason> {
        let log = self.data_dir.join(LOG_FILE);
        let output = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&log)?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg("sandbox")
            .arg("--sandbox-listen")
            .arg(self.settings.sandbox_listen.to_string())
            .arg("--sandbox-smtp-listen")
            .arg(self.settings.sandbox_smtp_listen.to_string())
            .arg("--data-dir")
            .arg(&self.data_dir)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            // Out of our process group, so that a Ctrl-C for us is not one for it.
            .process_group(0)
            .spawn()?;
        let pid = child.id().unwrap_or_default();
        private_files::replace(&self.data_dir.join(PID_FILE), format!("{pid}\n").as_bytes())?;
        let deadline = Instant::now() + START_PATIENCE;
        while !self.answers().await {
            if let Some(status) = child.try_wait()? {
                return Err(format!(
                    "the sandbox ended at once ({status}); see {}",
                    log.display()
                )
                .into());
            }
            if Instant::now() > deadline {
                return Err(format!(
                    "the sandbox does not answer at {}; see {}",
                    self.url(),
                    log.display()
                )
                .into());
            }
            tokio::time::sleep(POLL).await;
        }
        tracing::info!(url = self.url(), pid, "the sandbox is up");
        (self.child, self.origin) = (Some(child), Origin::Ours);
        Ok(())
    }

    async fn wait_for_death(&mut self) {
        if let Some(child) = &mut self.child
            && child.wait().await.is_ok()
        {
            return;
        }
        let mut silences = 0;
        while silences < SILENCES {
            tokio::time::sleep(PULSE).await;
            silences = if self.answers().await {
                0
            } else {
                silences + 1
            };
        }
    }

    async fn answers(&self) -> bool {
        let asked = self
            .client
            .get(format!("{}/healthz", self.url()))
            .timeout(ANSWER_TIMEOUT)
            .send()
            .await;
        asked.is_ok_and(|answer| answer.status().is_success())
    }

    async fn post_webhook(&self, body: &Value) -> Result<(), Reason> {
        let url = format!("{}/sandbox/webhooks", self.url());
        let answer = self
            .client
            .post(url)
            .timeout(ANSWER_TIMEOUT)
            .json(body)
            .send()
            .await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        Err(format!(
            "the sandbox did not take the webhook ({status}): {}",
            answer.text().await?
        )
        .into())
    }
}

/// Stops the sandbox that a demo on this data directory started, if it runs; the next start finds its ledger.
pub(super) async fn stop(data_dir: &Path) {
    let process = find_process(data_dir);
    // Gone first, so that whoever watches the process knows that its end was wanted.
    let _ = std::fs::remove_file(data_dir.join(PID_FILE));
    let Some(process) = process else { return };
    if kill(process, Signal::SIGTERM).is_err() {
        return;
    }
    let deadline = Instant::now() + STOP_PATIENCE;
    while is_sandbox(process) && Instant::now() < deadline {
        tokio::time::sleep(POLL).await;
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// The process that the pid file names, if it is a sandbox still: numbers of processes come again.
fn find_process(data_dir: &Path) -> Option<Pid> {
    find_pid(data_dir).filter(|pid| is_sandbox(*pid))
}

fn find_pid(data_dir: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(data_dir.join(PID_FILE)).ok()?;
    text.trim()
        .parse()
        .ok()
        .filter(|pid| *pid > 1)
        .map(Pid::from_raw)
}

fn is_sandbox(pid: Pid) -> bool {
    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    arguments
        .split(|byte| *byte == 0)
        .any(|argument| argument == b"--sandbox-listen")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct TemporaryDir(PathBuf);

    impl TemporaryDir {
        fn new() -> Self {
            let path =
                std::env::temp_dir().join(format!("rapport-sandbox-{}", uuid::Uuid::now_v7()));
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for TemporaryDir {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    /// A shell that reads until its input ends, and is called with `argument`.
    fn shell_called_with(argument: &str) -> Child {
        Command::new("sh")
            .args(["-c", "read line", argument])
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    fn note_pid(data_dir: &Path, child: &Child) {
        let text = child.id().unwrap().to_string();
        std::fs::write(data_dir.join(PID_FILE), text).unwrap();
    }

    #[tokio::test]
    async fn a_sandbox_of_this_data_directory_is_stopped_and_its_pid_file_goes() {
        let data_dir = TemporaryDir::new();
        let mut child = shell_called_with("--sandbox-listen");
        note_pid(&data_dir.0, &child);
        let (status, ()) = tokio::join!(child.wait(), stop(&data_dir.0));
        assert!(!status.unwrap().success());
        assert_eq!(find_pid(&data_dir.0), None);
    }

    #[tokio::test]
    async fn a_process_that_has_come_by_the_number_of_a_sandbox_is_left_alone() {
        let data_dir = TemporaryDir::new();
        let mut child = shell_called_with("--something-else");
        note_pid(&data_dir.0, &child);
        stop(&data_dir.0).await;
        assert_eq!(child.try_wait().unwrap(), None);
    }

    #[tokio::test]
    async fn without_a_pid_file_there_is_nothing_to_stop() {
        let data_dir = TemporaryDir::new();
        stop(&data_dir.0).await;
        assert_eq!(find_process(&data_dir.0), None);
    }
}
