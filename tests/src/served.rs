//! The program as an operator runs it: the binary itself, with its private PostgreSQL and the sandbox beside it, on a data
//! directory and ports of its own. It can be killed at any moment and started again.

use std::fs::File;
use std::net::TcpListener;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use uuid::Uuid;

use crate::client::Client;
use crate::wait;

/// The first start makes a database and fills the demo; a debug build on a busy machine takes its time.
const START_PATIENCE: Duration = Duration::from_secs(180);

/// Below the ports that Linux gives to those who ask for any (`ip_local_port_range`).
const PORTS: Range<u16> = 12_000..32_000;

/// `rapport serve --demo`, running or killed.
pub struct Served {
    pub data_dir: PathBuf,
    pub base_url: String,
    child: Option<Child>,
    ports: [u16; 3],
    http: reqwest::Client,
}

impl Served {
    /// Starts on a new data directory and waits until the demo is there.
    pub async fn start() -> Self {
        let data_dir =
            std::env::temp_dir().join(format!("rapport-served-{}", Uuid::new_v4().simple()));
        std::fs::create_dir_all(&data_dir).expect("a directory can be made");
        let ports = [free_port(), free_port(), free_port()];
        let http = integrations::http::client().expect("a client can be built");
        let base_url = format!("http://127.0.0.1:{}", ports[0]);
        let mut served = Self {
            data_dir,
            base_url,
            child: None,
            ports,
            http,
        };
        served.run();
        served.ready().await;
        served
    }

    /// Starts the process, without waiting for it.
    pub fn run(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.data_dir.join("serve.out"))
            .expect("a log file");
        let child = self
            .command(&["serve", "--demo"])
            .stdout(Stdio::null())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .expect("the binary runs; build it with `cargo build -p server`");
        self.child = Some(child);
    }

    /// `rapport` with these arguments, on this data directory and these ports.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        let [listen, sandbox, smtp] = self.ports.map(|port| format!("127.0.0.1:{port}"));
        command
            .args(arguments)
            .env("RAPPORT_DATA_DIR", &self.data_dir)
            .env("RAPPORT_LISTEN", listen)
            .env("RAPPORT_SANDBOX_LISTEN", sandbox)
            .env("RAPPORT_SANDBOX_SMTP_LISTEN", smtp)
            .env_remove("DATABASE_URL");
        command
    }

    /// Waits until the server is ready and the demo is written down.
    pub async fn ready(&self) {
        let answered = wait::for_answer(START_PATIENCE, async || {
            let response = self
                .http
                .get(format!("{}/readyz", self.base_url))
                .send()
                .await
                .ok()?;
            (response.status().is_success() && self.data_dir.join("demo.json").exists())
                .then_some(())
        });
        if answered.await.is_none() {
            let log = std::fs::read_to_string(self.data_dir.join("serve.out")).unwrap_or_default();
            let end: Vec<&str> = log.lines().rev().take(20).collect();
            panic!(
                "the server was not ready within {START_PATIENCE:?}; its last lines, newest first:\n{}",
                end.join("\n")
            );
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the process can be killed");
            child.wait().expect("it is gone");
        }
    }

    /// Asks the process to stop and waits until it has.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let id = i32::try_from(child.id()).expect("process ids are small");
            kill(Pid::from_raw(id), Signal::SIGTERM).expect("the process can be signalled");
            child.wait().expect("it is gone");
        }
    }

    /// What the demo wrote down.
    pub fn manifest(&self) -> Value {
        let text =
            std::fs::read_to_string(self.data_dir.join("demo.json")).expect("demo.json is there");
        serde_json::from_str(&text).expect("demo.json is JSON")
    }

    /// The demo's first tenant, as its agent.
    pub fn agent(&self) -> Client {
        Client::new(
            &self.base_url,
            self.manifest()["tenants"][0]["agent_key"]
                .as_str()
                .expect("an agent's key"),
        )
    }

    /// The demo's first tenant, with every right.
    pub fn owner(&self) -> Client {
        Client::new(
            &self.base_url,
            self.manifest()["tenants"][0]["api_key"]
                .as_str()
                .expect("an owner's key"),
        )
    }

    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop();
        // The sandbox is a process of its own; its id lies beside its ledger.
        let pid = std::fs::read_to_string(self.data_dir.join("sandbox.pid")).ok();
        if let Some(pid) = pid.and_then(|text| text.trim().parse().ok()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let _ = std::fs::remove_dir_all(&self.data_dir);
    }
}

/// The debug binary of this workspace.
pub fn binary() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"));
    target.join("debug/rapport")
}

/// The offline verifier of audit logs, as `cargo build` makes it.
pub fn verifier() -> PathBuf {
    binary().with_file_name("rapport-verify")
}

/// A free port that stays ours while the server is down for a moment: outside of the range from which systems take ports
/// for those who ask for any, so that no other test's server comes to answer in its place.
pub fn free_port() -> u16 {
    let mut candidates = std::iter::repeat_with(|| {
        let random = Uuid::new_v4().as_u128() % u128::from(PORTS.end - PORTS.start);
        PORTS.start + u16::try_from(random).expect("it is smaller than a port")
    });
    let found = candidates.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    found.expect("some port is free")
}
