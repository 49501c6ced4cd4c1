//! `rapport demo`: shows what `rapport serve --demo` has made, from the file that it wrote.

use std::io::ErrorKind;

use clap::Subcommand;
use domain::refusal::Refusal;
use identity::second_factors;
use serde_json::{Value, json};
use time::OffsetDateTime;

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
    /// Show the code that a demo tenant's owner signs in with at this moment.
    #[command(after_help = "Example:\n  rapport demo code --slug fire-and-rice")]
    Code {
        /// The tenant; the first one when absent.
        #[arg(long)]
        slug: Option<String>,
    },
}

pub fn run(settings: &DatabaseSettings, command: &DemoCommand, format: Format) -> Outcome {
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
    match (command, format) {
        (DemoCommand::Show, Format::Json) => output::document(&manifest),
        (DemoCommand::Show, Format::Table) => show(&manifest),
        (DemoCommand::Code { slug }, format) => show_code(&manifest, slug.as_deref(), format),
    }
}

fn show_code(manifest: &Value, slug: Option<&str>, format: Format) -> Outcome {
    let mut tenants = manifest["tenants"].as_array().into_iter().flatten();
    let tenant = tenants.find(|tenant| slug.is_none_or(|slug| tenant["slug"] == slug));
    let secret = tenant.and_then(|tenant| tenant["admin"]["totp_secret"].as_str());
    let Some(secret) = secret else {
        let detail =
            "the demo has no such tenant, or nobody who signs in; `rapport demo show` lists them";
        return Err(Refusal::not_found("demo-not-found", detail).into());
    };
    let code = second_factors::code_at(secret, OffsetDateTime::now_utc())?;
    match format {
        Format::Json => output::document(&json!({ "code": code })),
        Format::Table => Ok(output::line(&code)?),
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
    output::table(
        &["slug", "api key", "agent key"],
        tenants.map(row).collect(),
        "The demo has no tenants.",
    )?;
    output::line("")?;
    let tenants = manifest["tenants"].as_array().into_iter().flatten();
    let admin = |tenant: &Value| {
        let admin = &tenant["admin"];
        [
            &tenant["slug"],
            &admin["email"],
            &admin["password"],
            &admin["totp_secret"],
        ]
        .map(|value| cell(Some(value)))
        .to_vec()
    };
    Ok(output::table(
        &["slug", "e-mail", "password", "second factor"],
        tenants.map(admin).collect(),
        "Nobody can sign in.",
    )?)
}
