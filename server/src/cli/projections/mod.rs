//! `rapport projections`: how far the read tables are, what they do with events that fail, and building them anew.

mod choice;
mod parked;
mod rebuild;
mod show;
mod steer;

use clap::Subcommand;

use super::attached::attached;
use super::output::Format;
use super::{Outcome, Reason};
use crate::config::DatabaseSettings;

#[derive(Subcommand, Debug)]
pub enum ProjectionsCommand {
    /// List the projections: where each stands, who runs it, whether it moves, and how many of its keys are parked.
    #[command(after_help = "Example:\n  rapport projections list")]
    List,
    Show(show::ShowArgs),
    Pause(steer::PauseArgs),
    Resume(steer::ResumeArgs),
    Policy(steer::PolicyArgs),
    Rewind(steer::RewindArgs),
    Rebuild(rebuild::RebuildArgs),
    Compare(rebuild::CompareArgs),
    Rollback(rebuild::RollbackArgs),
    Parked(parked::ParkedArgs),
}

pub async fn run(
    settings: &DatabaseSettings,
    command: &ProjectionsCommand,
    format: Format,
) -> Outcome {
    attached(settings, async |store| match command {
        ProjectionsCommand::List => show::list(store, format).await,
        ProjectionsCommand::Show(args) => show::show(store, args, format).await,
        ProjectionsCommand::Pause(args) => steer::pause(store, args, format).await,
        ProjectionsCommand::Resume(args) => steer::resume(store, args, format).await,
        ProjectionsCommand::Policy(args) => steer::policy(store, args, format).await,
        ProjectionsCommand::Rewind(args) => steer::rewind(store, args, format).await,
        ProjectionsCommand::Rebuild(args) => rebuild::rebuild(store, args, format).await,
        ProjectionsCommand::Compare(args) => rebuild::compare(store, args, format).await,
        ProjectionsCommand::Rollback(args) => rebuild::rollback(store, args, format).await,
        ProjectionsCommand::Parked(args) => parked::parked(store, args, format).await,
    })
    .await
}
