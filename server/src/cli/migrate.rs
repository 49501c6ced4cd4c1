//! `rapport migrate`: brings the database to this binary's schema, or prints the SQL for the roles that it needs.

use std::str::FromStr;

use clap::Args;
use schema::migrate::newest_version;
use schema::roles::{ENGINE, ERASER, REQUEST};
use serde_json::json;

use super::attached::located;
use super::output::{self, Format};
use super::{Outcome, Reason};
use crate::config::DatabaseSettings;
use crate::database;

/// Who logs in where the database's URL names nobody.
const USUAL_LOGIN: &str = "rapport";

/// Bring the database to this binary's schema, and say what was applied.
///
/// `serve` and every other subcommand do the same when they start; this is for deployments that want it done before.
/// Several processes may migrate at once. Where the login may not create roles, an administrator runs what
/// --print-roles prints.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport migrate --print-roles | psql \"$ADMIN_DATABASE_URL\"\n  rapport migrate"
)]
pub struct MigrateArgs {
    /// Print the SQL that makes the three roles, and change nothing.
    #[arg(long)]
    print_roles: bool,
}

pub async fn migrate(settings: &DatabaseSettings, args: &MigrateArgs, format: Format) -> Outcome {
    if args.print_roles {
        return print_roles(settings, format);
    }
    located(settings, async |url, _| {
        let applied = database::migrate(url).await?;
        let version = newest_version();
        if format == Format::Json {
            return output::document(&json!({ "version": version, "applied": applied }));
        }
        for name in &applied {
            output::line(&format!("applied {name}"))?;
        }
        let standing = if applied.is_empty() {
            "was already"
        } else {
            "is now"
        };
        Ok(output::line(&format!(
            "the database {standing} at schema {version}"
        ))?)
    })
    .await
}

fn print_roles(settings: &DatabaseSettings, format: Format) -> Outcome {
    let statements = role_statements(&login(settings)?);
    match format {
        Format::Json => output::document(&json!({ "statements": statements })),
        Format::Table => Ok(output::line(&statements.join("\n"))?),
    }
}

fn login(settings: &DatabaseSettings) -> Result<String, Reason> {
    let Some(url) = &settings.database_url else {
        return Ok(USUAL_LOGIN.to_owned());
    };
    let config = tokio_postgres::Config::from_str(url)?;
    Ok(config.get_user().unwrap_or(USUAL_LOGIN).to_owned())
}

fn role_statements(login: &str) -> [String; 4] {
    let quoted = login.replace('"', "\"\"");
    [
        format!("create role {REQUEST} nologin;"),
        format!("create role {ENGINE} nologin;"),
        format!("create role {ERASER} nologin;"),
        format!("grant {REQUEST}, {ENGINE}, {ERASER} to \"{quoted}\";"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_with_a_quote_stays_one_identifier() {
        let [_, _, _, grant] = role_statements("o\"hara");
        assert_eq!(
            grant,
            "grant rapport_request, rapport_engine, rapport_eraser to \"o\"\"hara\";"
        );
    }
}
