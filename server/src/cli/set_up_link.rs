//! `rapport set-up-link`: lets the first person in, or one more owner when nobody can get in any more.

use clap::Args;
use identity::accounts::Accounts;
use identity::links::Purpose;
use serde_json::json;
use time::OffsetDateTime;

use super::attached::attached;
use super::output::{self, Format};
use super::{Outcome, operator};
use crate::config::DatabaseSettings;

/// Make a link that makes an owner, who is an operator of the installation as well.
///
/// It is good for fifteen minutes and once; an earlier one ends. A fresh installation prints one by itself.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport set-up-link --public-url https://crm.example.com")]
pub struct SetUpLinkArgs {
    /// How browsers reach the server, without a trailing slash.
    #[arg(
        long,
        env = "RAPPORT_PUBLIC_URL",
        default_value = "http://127.0.0.1:8080"
    )]
    public_url: String,
}

pub async fn run(settings: &DatabaseSettings, args: &SetUpLinkArgs, format: Format) -> Outcome {
    attached(settings, async |store| {
        let accounts = Accounts::new(store.clone());
        let now = OffsetDateTime::now_utc();
        let (token, expires_at) = accounts.make_set_up_link(&operator::name(), now).await?;
        let base = args.public_url.trim_end_matches('/');
        let link = format!("{base}{}", Purpose::SetUp.path(token.expose()));
        match format {
            Format::Json => output::document(&json!({
                "link": link, "token": token.expose(), "expires_at": output::instant(expires_at),
            })),
            Format::Table => {
                output::line(&link)?;
                output::remark("The link is good for fifteen minutes, and once.");
                Ok(())
            }
        }
    })
    .await
}
