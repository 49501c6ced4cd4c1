//! `rapport events`: the log as it is. What is sealed stays sealed: this shows what lies there, to nobody's harm.

pub(super) mod export;
mod import;
mod show;
mod stats;
mod tail;

use clap::Subcommand;

use super::Outcome;
use super::attached::{Interrupted, attached};
use super::output::Format;
use crate::config::DatabaseSettings;

#[derive(Subcommand, Debug)]
pub enum EventsCommand {
    Tail(tail::TailArgs),
    Show(show::ShowArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
    Stats(stats::StatsArgs),
}

pub async fn run(settings: &DatabaseSettings, command: &EventsCommand, format: Format) -> Outcome {
    let outcome = attached(settings, async |store| match command {
        EventsCommand::Tail(args) => tail::tail(store, args, format).await,
        EventsCommand::Show(args) => show::show(store, args, format).await,
        EventsCommand::Export(args) => export::export(store, args, format).await,
        EventsCommand::Import(args) => import::import(store, args, format).await,
        EventsCommand::Stats(args) => stats::stats(store, args, format).await,
    })
    .await;
    match (command, outcome) {
        // A tail has no other end than being interrupted.
        (EventsCommand::Tail(_), Err(reason)) if reason.is::<Interrupted>() => Ok(()),
        (_, outcome) => outcome,
    }
}
