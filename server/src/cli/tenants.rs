//! `rapport tenants`: makes and lists the businesses that share this installation.

use clap::Subcommand;
use commands::dispatch::Dispatcher;
use domain::ids::TenantId;
use event_store::store::Store;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Outcome;
use super::attached::attached;
use super::output::{self, Format};
use super::send::{print_answer, system_request};
use crate::config::DatabaseSettings;

#[derive(Subcommand, Debug)]
pub enum TenantsCommand {
    /// Make a tenant.
    ///
    /// Its slug is part of webhooks' addresses and never changes. Prices, zones and slots are set afterwards, by
    /// `rapport send update-settings` and `rapport send set-price-book`; then make a key with `rapport keys create`.
    #[command(
        after_help = "Example:\n  rapport tenants create --slug fire-and-rice --name \"Fire & Rice\" \
                      --time-zone America/Los_Angeles"
    )]
    Create {
        /// 1 to 64 lower-case letters, digits and inner dashes.
        #[arg(long)]
        slug: String,
        /// The business's own name.
        #[arg(long)]
        name: String,
        /// IANA name of the time zone that dates and slots are meant in.
        #[arg(long, value_name = "ZONE")]
        time_zone: Option<String>,
        /// A module that it uses; may be given several times.
        #[arg(long = "module", value_name = "MODULE", default_value = "catering")]
        modules: Vec<String>,
    },
    /// List the tenants.
    #[command(after_help = "Example:\n  rapport tenants list --json")]
    List,
}

pub async fn run(settings: &DatabaseSettings, command: &TenantsCommand, format: Format) -> Outcome {
    attached(settings, async |store| match command {
        TenantsCommand::Create {
            slug,
            name,
            time_zone,
            modules,
        } => {
            let mut body = Map::new();
            body.insert("slug".to_owned(), json!(slug));
            body.insert("name".to_owned(), json!(name));
            body.insert("modules".to_owned(), json!(modules));
            if let Some(time_zone) = time_zone {
                body.insert("settings".to_owned(), json!({ "time_zone": time_zone }));
            }
            create(store, Value::Object(body), format).await
        }
        TenantsCommand::List => list(store, format).await,
    })
    .await
}

async fn create(store: &Store, body: Value, format: Format) -> Outcome {
    let tenant_id = TenantId::from(Uuid::now_v7());
    // The slug can be taken only once, so the key needs no remembering.
    let request = system_request(
        tenant_id,
        "create-tenant",
        body,
        &Uuid::new_v4().to_string(),
    );
    print_answer(
        &Dispatcher::new(store.clone()).dispatch(&request).await?,
        format,
    )
}

async fn list(store: &Store, format: Format) -> Outcome {
    let dispatcher = Dispatcher::new(store.clone());
    let mut tenants = Vec::new();
    for (tenant_id, slug) in store.directory.list().await? {
        let tenant = dispatcher.find_tenant(&tenant_id).await?;
        tenants.push(json!({
            "slug": slug, "name": tenant.name, "tenant_id": tenant_id, "time_zone": tenant.settings.time_zone,
            "modules": tenant.modules,
        }));
    }
    if format == Format::Json {
        return output::document(&json!({ "tenants": tenants }));
    }
    let heads = ["slug", "name", "tenant_id", "time_zone", "modules"];
    let row = |tenant: &Value| heads.map(|head| output::cell(tenant.get(head))).to_vec();
    let none = "There is no tenant yet; make one with `rapport tenants create`.";
    Ok(output::table(
        &["slug", "name", "id", "time zone", "modules"],
        tenants.iter().map(row).collect(),
        none,
    )?)
}
