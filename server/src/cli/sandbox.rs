//! `rapport sandbox`: our stand-in for every provider as a process of its own, so that its ledger outlives us.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;

use integrations::sandbox::{self, SandboxConfig};

use super::Outcome;
use super::attached::interrupted;
use crate::config::{DatabaseSettings, SandboxSettings};

/// The ledger's name in the data directory.
const LEDGER: &str = "sandbox.ndjson";
/// The data directory holds keys; nobody else has any business in it.
const OWNER_ONLY: u32 = 0o700;

pub async fn sandbox(settings: &DatabaseSettings, sandbox_settings: &SandboxSettings) -> Outcome {
    DirBuilder::new()
        .recursive(true)
        .mode(OWNER_ONLY)
        .create(&settings.data_dir)?;
    let config = SandboxConfig {
        listen: sandbox_settings.sandbox_listen,
        smtp_listen: sandbox_settings.sandbox_smtp_listen,
        ledger: settings.data_dir.join(LEDGER),
    };
    let shutdown = async {
        // Only a signal ends it; that is how it is meant to end.
        let _ = interrupted().await;
    };
    Ok(sandbox::run(config, shutdown).await?)
}
