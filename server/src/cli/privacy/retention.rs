//! `rapport privacy retention`: what a tenant's terms would take, and taking it now rather than within the hour.

use clap::Subcommand;
use commands::dispatch::Dispatcher;
use event_store::store::Store;
use outbox::retention::Foreseen;
use serde_json::json;

use crate::cli::output::{self, Format};
use crate::cli::tenant_choice::TenantChoice;
use crate::cli::{Outcome, operator};
use crate::operations::{By, Intent, retention};

#[derive(Subcommand, Debug)]
pub enum RetentionCommand {
    /// Say what would go, class by class: how much, since when, and some ids.
    #[command(after_help = "Example:\n  rapport privacy retention preview --tenant fire-and-rice")]
    Preview {
        #[command(flatten)]
        tenant: TenantChoice,
    },
    /// Take it now. What a hold keeps stays; a class with very much goes in several runs.
    #[command(after_help = "Example:\n  rapport privacy retention run --tenant fire-and-rice")]
    Run {
        #[command(flatten)]
        tenant: TenantChoice,
        /// Say what would go, and do nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

pub async fn run(store: &Store, command: &RetentionCommand, format: Format) -> Outcome {
    let dispatcher = Dispatcher::new(store.clone());
    match command {
        RetentionCommand::Preview { tenant } => {
            let scope = tenant.scope(store).await?;
            let foreseen = retention::preview(&dispatcher, &scope, None).await?;
            show(&foreseen, format, &json!({ "items": foreseen }))
        }
        RetentionCommand::Run { tenant, dry_run } => {
            let scope = tenant.scope(store).await?;
            let intent = if *dry_run { Intent::Say } else { Intent::Act };
            let name = operator::name();
            let by = By::without_reason(&name);
            let taken = retention::run(&dispatcher, &scope, (intent, by)).await?;
            if format == Format::Table {
                for gone in &taken.purged {
                    let more = if gone.whole { "" } else { "; there is more" };
                    let (purged, class) = (gone.purged, gone.class.as_str());
                    output::remark(&format!("{purged} of {class} went{more}"));
                }
            }
            let document = json!({ "dry_run": dry_run, "result": taken });
            show(&taken.foreseen, format, &document)
        }
    }
}

fn show(foreseen: &[Foreseen], format: Format, document: &serde_json::Value) -> Outcome {
    if format == Format::Json {
        return output::document(document);
    }
    let heads = ["class", "kept for", "would go", "held", "oldest"];
    let row = |class: &Foreseen| {
        let days = class.days;
        vec![
            class.class.as_str().to_owned(),
            days.map_or("ever".to_owned(), |days| format!("{days} days")),
            class.due.to_string(),
            class.held.to_string(),
            output::optional_instant(class.oldest),
        ]
    };
    let rows = foreseen.iter().map(row).collect();
    Ok(output::table(&heads, rows, "There are no classes.")?)
}
