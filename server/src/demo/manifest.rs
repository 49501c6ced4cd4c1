//! `demo.json`: where the demo is and how to get in, for people and scripts. Stable across restarts, because its secrets
//! are made once and then read back from it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::database::Reason;
use crate::embedded::private_files;

pub const FILE: &str = "demo.json";
/// What a first start has chosen before all of it is true; so that one that is killed leaves no keys that nobody knows.
const DRAFT: &str = "demo.json.draft";

/// The demo, as scripts read it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub base_url: String,
    pub sandbox_url: String,
    /// Steers the installation, for all its tenants.
    #[serde(default)]
    pub operator_key: String,
    pub tenants: Vec<Entry>,
}

/// One tenant of the demo and its secrets.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub slug: String,
    pub name: String,
    pub tenant_id: String,
    /// May do everything within the tenant.
    pub api_key: String,
    /// May do what an AI agent may.
    pub agent_key: String,
    /// Who signs in as the tenant's owner; that of the first tenant is an operator of the installation besides.
    #[serde(default)]
    pub admin: Admin,
    /// What the tenant signs in to the sandbox's Stripe with.
    pub stripe_secret_key: String,
    /// By provider.
    pub webhook_secrets: BTreeMap<String, String>,
}

/// Somebody who can sign in, with what they need for it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Admin {
    pub email: String,
    pub password: String,
    /// Base32, as apps take it.
    pub totp_secret: String,
}

/// Where the manifest of a data directory is.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE)
}

impl Manifest {
    /// What an earlier start published, or at least chose.
    pub(super) fn load(data_dir: &Path) -> Result<Option<Self>, Reason> {
        match read(&path(data_dir))? {
            Some(published) => Ok(Some(published)),
            None => read(&data_dir.join(DRAFT)),
        }
    }

    /// The secrets of a tenant.
    pub(super) fn find(&self, slug: &str) -> Option<&Entry> {
        self.tenants.iter().find(|entry| entry.slug == slug)
    }

    /// Keeps the secrets for the next start, should this one be killed.
    pub(super) fn write_draft(&self, data_dir: &Path) -> Result<(), Reason> {
        Ok(private_files::replace(
            &data_dir.join(DRAFT),
            self.text()?.as_bytes(),
        )?)
    }

    /// Says that everything in here holds.
    pub(super) fn publish(&self, data_dir: &Path) -> Result<(), Reason> {
        if read(&path(data_dir))?.as_ref() != Some(self) {
            private_files::replace(&path(data_dir), self.text()?.as_bytes())?;
        }
        match std::fs::remove_file(data_dir.join(DRAFT)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn text(&self) -> Result<String, Reason> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }
}

fn read(path: &Path) -> Result<Option<Manifest>, Reason> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot read {}: {error}", path.display()).into()),
    };
    let manifest = serde_json::from_str(&text).map_err(|error| {
        format!(
            "{} does not hold what the demo wrote: {error}; remove it to have new keys made",
            path.display()
        )
    })?;
    Ok(Some(manifest))
}
