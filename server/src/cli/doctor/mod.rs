//! `rapport doctor`: looks at everything that an installation rests on and says what to do about what is not well. It
//! changes nothing.

mod disks;
pub mod findings;
mod loads;
mod logs;
mod rights;
mod roots;
mod servers;
mod shapes;

use std::path::PathBuf;

use clap::Args;
use event_store::pg::{PoolSizes, Pools};
use tokio_postgres::{Client, NoTls};

use self::findings::{Finding, State};
use super::attached::located;
use super::output::{self, Format};
use super::{Outcome, Reason};
use crate::config::DatabaseSettings;
use crate::embedded::Embedded;

/// Look at the installation, and say what to do about what is not well.
///
/// Database server, schema, indexes, rights, row-level security, root key, event versions, holes in the log, projections,
/// outbox, webhooks, long transactions, clocks and disk. Each line is ok, warn or fail, with the remedy. Changes nothing. Exit code 1 when anything fails.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport doctor --json | jq '.findings[] | select(.state != \"ok\")'"
)]
pub struct DoctorArgs {}

/// What is looked at.
#[derive(Clone, Debug)]
pub struct Patient {
    pub settings: DatabaseSettings,
    pub url: String,
    /// Where the private PostgreSQL lies, if it is that.
    pub postgres_directory: Option<PathBuf>,
}

impl Patient {
    pub fn new(settings: &DatabaseSettings, url: &str, embedded: Option<&Embedded>) -> Self {
        Self {
            settings: settings.clone(),
            url: url.to_owned(),
            postgres_directory: embedded.map(Embedded::log_directory),
        }
    }
}

pub async fn doctor(settings: &DatabaseSettings, _: &DoctorArgs, format: Format) -> Outcome {
    located(settings, async |url, embedded| {
        let findings = examine(&Patient::new(settings, url, embedded)).await?;
        match format {
            Format::Json => output::document(&serde_json::json!({ "findings": findings }))?,
            Format::Table => print(&findings)?,
        }
        match findings
            .iter()
            .filter(|finding| finding.state == State::Fail)
            .count()
        {
            0 => Ok(()),
            1 => Err("one check failed".into()),
            several => Err(format!("{several} checks failed").into()),
        }
    })
    .await
}

/// Looks at everything, and changes nothing.
pub async fn examine(patient: &Patient) -> Result<Vec<Finding>, Reason> {
    let (client, connection) = tokio_postgres::connect(&patient.url, NoTls).await?;
    let carrying = tokio::spawn(connection);
    let findings = examine_all(patient, &client).await;
    drop(client);
    // What went wrong with the connection has shown itself in a statement.
    let _ = carrying.await;
    findings
}

async fn examine_all(patient: &Patient, client: &Client) -> Result<Vec<Finding>, Reason> {
    let settings = &patient.settings;
    let mut findings = servers::examine(client).await?;
    findings.extend(disks::examine(
        settings,
        patient.postgres_directory.as_deref(),
    ));
    let (schema, may_go_on) = rights::examine_schema(client).await?;
    findings.push(schema);
    let roles = rights::examine_roles(client).await?;
    let has_roles = roles.iter().all(|finding| finding.state != State::Fail);
    findings.extend(roles);
    // Without tables or roles the rest would only repeat that they are missing.
    if !may_go_on || !has_roles {
        return Ok(findings);
    }
    findings.extend(rights::examine_tables(client).await?);
    findings.extend(shapes::examine(client).await?);
    let pools = Pools::new(&patient.url, PoolSizes::default())?;
    let engine = pools.engine.get().await?;
    findings.push(roots::examine(settings, &engine).await?);
    findings.extend(logs::examine(&pools).await?);
    findings.extend(loads::examine(&pools, &engine).await?);
    Ok(findings)
}

fn print(findings: &[Finding]) -> Outcome {
    let row = |finding: &Finding| {
        vec![
            finding.state.as_str().to_owned(),
            finding.check.to_owned(),
            finding.detail.clone(),
        ]
    };
    output::table(
        &["state", "check", "finding"],
        findings.iter().map(row).collect(),
        "Nothing was looked at.",
    )?;
    let remedies: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.remedy.is_some())
        .collect();
    if !remedies.is_empty() {
        output::line("\nWhat to do:")?;
    }
    for finding in remedies {
        let remedy = finding.remedy.as_deref().unwrap_or_default();
        output::line(&format!("  {}: {remedy}", finding.check))?;
    }
    Ok(())
}
