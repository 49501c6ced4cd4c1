//! An operator at the command line: the binary itself on a database of the test's, with a data directory of its own.

use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::{served, wait};

/// How long one command may take; a debug build on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody with a shell.
pub struct Operator {
    pub data_dir: PathBuf,
    database_url: String,
}

/// A program that serves; it is killed when this is dropped.
pub struct Serving {
    pub base_url: String,
    log: PathBuf,
    http: reqwest::Client,
    child: Child,
}

/// What a command has said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Operator {
    /// On this database, with this root key's file if it has one already.
    pub fn on(database_url: &str, root_key: Option<&str>) -> Self {
        let name = format!("rapport-operator-{}", Uuid::new_v4().simple());
        let data_dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&data_dir).expect("a directory can be made");
        if let Some(key) = root_key {
            let mut options = std::fs::File::options();
            options.write(true).create_new(true).mode(0o600);
            let mut file = options.open(data_dir.join("root.key")).expect("a key file");
            std::io::Write::write_all(&mut file, key.as_bytes()).expect("it can be written");
        }
        Self {
            data_dir,
            database_url: database_url.to_owned(),
        }
    }

    /// Runs `rapport` with these arguments to its end; whoever does not end in time fails the test.
    pub async fn run(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output();
        let output = tokio::time::timeout(PATIENCE, output).await;
        let output = output
            .unwrap_or_else(|_| panic!("rapport {arguments:?} did not end within {PATIENCE:?}"))
            .expect("the binary runs; build it with `cargo build -p server`");
        Said {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts `rapport` with these arguments, and does not wait for it.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the binary runs")
    }

    /// As `run`, with `--json`.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let said = self.run(&[arguments, &["--json"]].concat()).await;
        serde_json::from_str(&said.stdout)
            .unwrap_or_else(|error| panic!("rapport {arguments:?}: {error}\n{said:?}"))
    }

    /// Starts `rapport serve`, with nothing behind its providers, and waits until it is ready and has caught up.
    pub async fn serve(&self) -> Serving {
        self.serve_as(&[]).await
    }

    /// As `serve`, with further flags.
    pub async fn serve_as(&self, flags: &[&str]) -> Serving {
        let listen = format!("127.0.0.1:{}", served::free_port());
        let nowhere = "http://127.0.0.1:9";
        let mut command = self.command(&["serve", "--listen", &listen, "--stripe-url", nowhere]);
        let log = self.data_dir.join(format!("serve-{listen}.log"));
        let file = std::fs::File::create(&log).expect("a log file");
        command.args(flags).stdout(Stdio::null()).stderr(file);
        let serving = Serving {
            log,
            child: command.spawn().expect("the binary runs"),
            base_url: format!("http://{listen}"),
            http: integrations::http::client().expect("a client can be built"),
        };
        let ready = wait::for_answer(PATIENCE, async || {
            let body: Value = serde_json::from_str(&serving.get("/readyz").await?).ok()?;
            (body["status"] == "ready" && body["projection_lag_events"] == 0).then_some(())
        });
        assert!(ready.await.is_some(), "the program is not ready in time");
        serving
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(served::binary());
        command
            .args(arguments)
            .env("RAPPORT_DATA_DIR", &self.data_dir)
            .env("DATABASE_URL", &self.database_url)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

impl Serving {
    /// `kill -9`; answers when it is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the process can be killed");
    }

    /// `kill -STOP`, `kill -CONT` and their like.
    pub fn signal(&self, signal: Signal) {
        let id = self.child.id().expect("the process runs");
        let id = i32::try_from(id).expect("process ids are small");
        kill(Pid::from_raw(id), signal).expect("the process can be signalled");
    }

    /// The last lines that it has logged.
    pub fn said(&self) -> String {
        const LINES: usize = 20;
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    /// What lies at this path; `None` while nobody answers.
    pub async fn get(&self, path: &str) -> Option<String> {
        let url = format!("{}{path}", self.base_url);
        self.http.get(url).send().await.ok()?.text().await.ok()
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.data_dir);
    }
}
