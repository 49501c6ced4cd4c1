//! The command line: one file a subcommand. Human tables by default, `--json` for scripts; exit codes mean something.

mod ask;
mod attached;
mod audit;
mod backup;
mod demo;
mod destinations;
pub mod doctor;
mod events;
mod keys;
mod migrate;
mod operator;
mod outbox;
mod output;
mod privacy;
mod projections;
mod sandbox;
mod send;
mod serve;
mod set_up_link;
mod store;
mod tenant_choice;
mod tenant_deletions;
mod tenants;
mod webhooks;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use domain::refusal::Refusal;
use event_store::error::Error;

use self::attached::Interrupted;
use self::output::Format;
use crate::config::{DatabaseSettings, LogFormat, SandboxSettings, ServeSettings};
use crate::database::Reason;
use crate::telemetry::{self, Voice};

/// Exit codes, as `rapport --help` explains them.
pub const EXIT_FAILED: u8 = 1;
pub const EXIT_REFUSED: u8 = 3;
pub const EXIT_BUSY: u8 = 4;
/// What a shell reports for a program that was interrupted.
pub const EXIT_INTERRUPTED: u8 = 130;

/// A CRM that remembers everything and repeats nothing.
///
/// Start with `rapport serve --demo` and open http://127.0.0.1:8080. Every other subcommand attaches to the PostgreSQL
/// that a running server uses, or starts the private one for as long as it takes.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused (the reason is printed), 4 busy or behind, try again,
/// 130 interrupted.
#[derive(Parser)]
#[command(
    name = "rapport",
    version,
    max_term_width = 100,
    next_help_heading = "Everywhere"
)]
pub struct Cli {
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// Print JSON instead of tables.
    #[arg(long, global = true)]
    pub json: bool,
    /// How log lines look.
    #[arg(
        long,
        env = "RAPPORT_LOG_FORMAT",
        value_enum,
        default_value = "pretty",
        global = true
    )]
    pub log_format: LogFormat,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Run the API, the projectors and the relay.
    #[command(after_help = "Example:\n  rapport serve --listen 127.0.0.1:8080 --data-dir .rapport")]
    Serve(ServeSettings),
    Migrate(migrate::MigrateArgs),
    Backup(backup::BackupArgs),
    Restore(backup::restore::RestoreArgs),
    Doctor(doctor::DoctorArgs),
    /// Make and list tenants: the businesses that share this installation.
    #[command(subcommand)]
    Tenants(tenants::TenantsCommand),
    /// Make, list and revoke API keys; wrap data keys anew and copy them.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    SetUpLink(set_up_link::SetUpLinkArgs),
    /// Keep erased people erased.
    #[command(subcommand)]
    Privacy(privacy::PrivacyCommand),
    Send(send::SendArgs),
    Ask(ask::AskArgs),
    /// Look into the log of events.
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Prove that the log is what was written.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// See how far the read tables are, and build them anew.
    #[command(subcommand)]
    Projections(projections::ProjectionsCommand),
    /// Look at the event store as it lies in PostgreSQL.
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// See what is to be sent to the world, and mend what could not be sent.
    #[command(subcommand)]
    Outbox(outbox::OutboxCommand),
    /// See, hold and limit the places that messages go to.
    #[command(subcommand)]
    Destinations(destinations::DestinationsCommand),
    /// See whom events are told to, and mend what they missed.
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksCommand),
    /// What `rapport serve --demo` has made.
    #[command(subcommand)]
    Demo(demo::DemoCommand),
    /// Run our stand-in for every provider, until a signal comes.
    ///
    /// It answers for Stripe, with a checkout page on which one can press Pay, and takes mail into a mailbox that it
    /// shows. Every effect is written to <data-dir>/sandbox.ndjson before it is answered for. `rapport serve --demo`
    /// starts one by itself.
    #[command(after_help = "Example:\n  rapport sandbox --sandbox-listen 127.0.0.1:8090")]
    Sandbox(SandboxSettings),
}

/// What a subcommand answers.
pub type Outcome = Result<(), Reason>;

/// Runs the command line to its exit code.
pub fn run(cli: Cli) -> ExitCode {
    let voice = match cli.command {
        Command::Serve(_) | Command::Sandbox(_) => Voice::Server,
        _ => Voice::Command,
    };
    telemetry::start(cli.log_format, voice);
    let format = if cli.json {
        Format::Json
    } else {
        Format::Table
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error, format),
    };
    // actix-web brings a runtime of its own, on top of this one.
    let system = actix_web::rt::System::with_tokio_rt(|| runtime);
    match system.block_on(answer(&cli, format)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => complain(reason.as_ref(), format),
    }
}

async fn answer(cli: &Cli, format: Format) -> Outcome {
    let settings = &cli.database;
    match &cli.command {
        Command::Serve(serving) => serve::serve(settings, serving).await,
        Command::Migrate(args) => migrate::migrate(settings, args, format).await,
        Command::Backup(args) => backup::backup(settings, args, format).await,
        Command::Restore(args) => backup::restore::restore(settings, args, format).await,
        Command::Doctor(args) => doctor::doctor(settings, args, format).await,
        Command::Tenants(command) => tenants::run(settings, command, format).await,
        Command::Keys(command) => keys::run(settings, command, format).await,
        Command::SetUpLink(args) => set_up_link::run(settings, args, format).await,
        Command::Privacy(command) => privacy::run(settings, command, format).await,
        Command::Send(args) => send::send(settings, args, format).await,
        Command::Ask(args) => ask::ask(settings, args, format).await,
        Command::Events(command) => events::run(settings, command, format).await,
        Command::Audit(command) => audit::run(settings, command, format).await,
        Command::Projections(command) => projections::run(settings, command, format).await,
        Command::Store(command) => store::run(settings, command, format).await,
        Command::Outbox(command) => outbox::run(settings, command, format).await,
        Command::Destinations(command) => destinations::run(settings, command, format).await,
        Command::Webhooks(command) => webhooks::run(settings, command, format).await,
        Command::Demo(command) => demo::run(settings, command, format),
        Command::Sandbox(sandbox_settings) => sandbox::sandbox(settings, sandbox_settings).await,
    }
}

/// Says on standard error what went wrong, as the API would say it when JSON is wanted.
fn complain(reason: &(dyn std::error::Error + 'static), format: Format) -> ExitCode {
    if is_closed_pipe(reason) {
        // Whoever read our answer has seen enough of it.
        return ExitCode::SUCCESS;
    }
    if reason.is::<Interrupted>() {
        return ExitCode::from(EXIT_INTERRUPTED);
    }
    let error = match reason.downcast_ref::<Refusal>() {
        Some(refusal) => Some(&Error::from(refusal.clone())),
        None => reason.downcast_ref::<Error>(),
    };
    match error {
        Some(error) => output::explain(error, format),
        None => output::explain_failure(reason, format),
    }
    ExitCode::from(match error {
        Some(Error::Refused(_)) => EXIT_REFUSED,
        Some(Error::Busy { .. }) => EXIT_BUSY,
        Some(Error::Internal(_)) | None => EXIT_FAILED,
    })
}

fn is_closed_pipe(reason: &(dyn std::error::Error + 'static)) -> bool {
    let error = reason.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_flag_and_argument_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_subcommand_teaches_by_an_example() {
        let mut unread = vec![Cli::command()];
        while let Some(command) = unread.pop() {
            let below: Vec<_> = command.get_subcommands().cloned().collect();
            if below.is_empty() {
                let help = command
                    .get_after_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                assert!(help.contains("  rapport "), "{}", command.get_name());
                assert!(command.get_about().is_some(), "{}", command.get_name());
            }
            unread.extend(below);
        }
    }
}
