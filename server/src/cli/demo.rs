//! `rapport demo`: shows what `rapport serve --demo` has made, from the file that it wrote.

use std::io::ErrorKind;

use clap::Subcommand;
use domain::refusal::Refusal;
use serde_json::Value;

use super::Outcome;
use super::output::{self, Format, cell};
use crate::config::DatabaseSettings;

/// The file's name in the data directory.
const MANIFEST: &str = "demo.json";

#[derive(Subcommand, Debug)]
pub enum DemoCommand {
    /// Show where the demo runs, and the keys of its tenants.
    ///
    /// Reads <data-dir>/demo.json, which `rapport serve --demo` writes and keeps stable across restarts. `api_key` may do
    /// everything within its tenant, `agent_key` is an AI agent's.
    #[command(after_help = "Example:\n  rapport demo show --json | jq -r '.tenants[0].api_key'")]
    Show,
}

pub fn run(settings: &DatabaseSettings, command: &DemoCommand, format: Format) -> Outcome {
    let DemoCommand::Show = command;
    let path = settings.data_dir.join(MANIFEST);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let detail = format!(
                "there is no {}; `rapport serve --demo` makes it",
                path.display()
            );
            return Err(Refusal::not_found("demo-not-found", detail).into());
        }
        Err(error) => return Err(format!("could not read {}: {error}", path.display()).into()),
    };
    let manifest: Value = serde_json::from_str(&text)?;
    match format {
        Format::Json => output::document(&manifest),
        Format::Table => show(&manifest),
    }
}

fn show(manifest: &Value) -> Outcome {
    let scalars = manifest
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_array());
    let pairs: Vec<(&str, String)> = scalars
        .map(|(name, value)| (name.as_str(), cell(Some(value))))
        .collect();
    output::record(&pairs)?;
    output::line("")?;
    let tenants = manifest["tenants"].as_array().into_iter().flatten();
    let row = |tenant: &Value| {
        [&tenant["slug"], &tenant["api_key"], &tenant["agent_key"]]
            .map(|value| cell(Some(value)))
            .to_vec()
    };
    Ok(output::table(
        &["slug", "api key", "agent key"],
        tenants.map(row).collect(),
        "The demo has no tenants.",
    )?)
}
