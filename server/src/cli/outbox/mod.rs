//! `rapport outbox`: what is to be sent to the world, what was tried, and what to do about what could not be sent.

mod blocked;
mod listing;
mod redrive;
mod remedies;

use clap::Subcommand;
use outbox::attempts;
use outbox::operators::Remedy;

use super::attached::attached;
use super::output::Format;
use super::{Outcome, Reason};
use crate::config::DatabaseSettings;

#[derive(Subcommand, Debug)]
pub enum OutboxCommand {
    List(listing::ListArgs),
    /// Show one message: what it asks for, and every attempt at it.
    #[command(after_help = "Example:\n  rapport outbox show 0199a5b0-6c1f-7d5e-9d5a-0d9a6c1f7d5e")]
    Show {
        /// The message's id.
        message_id: String,
    },
    Blocked(blocked::BlockedArgs),
    Stats(listing::StatsArgs),
    Retry(remedies::RetryArgs),
    Cancel(remedies::CancelArgs),
    #[command(visible_alias = "discard")]
    Skip(remedies::SkipArgs),
    Resolve(remedies::ResolveArgs),
    Redrive(redrive::RedriveArgs),
}

pub async fn run(settings: &DatabaseSettings, command: &OutboxCommand, format: Format) -> Outcome {
    attached(settings, async |store| match command {
        OutboxCommand::List(args) => listing::list(store, args, format).await,
        OutboxCommand::Show { message_id } => {
            let message = attempts::find_message(&store.pools.engine, None, message_id).await?;
            listing::show(&message, format)
        }
        OutboxCommand::Blocked(args) => blocked::blocked(store, args, format).await,
        OutboxCommand::Stats(args) => listing::stats(store, args, format).await,
        OutboxCommand::Retry(args) => remedies::retry(store, args, format).await,
        OutboxCommand::Cancel(args) => {
            remedies::apply(store, &args.chosen, Remedy::Cancel, format).await
        }
        OutboxCommand::Skip(args) => {
            remedies::apply(store, &args.chosen, Remedy::Skip, format).await
        }
        OutboxCommand::Resolve(args) => {
            remedies::apply(store, &args.chosen, args.remedy(), format).await
        }
        OutboxCommand::Redrive(args) => redrive::redrive(store, args, format).await,
    })
    .await
}
