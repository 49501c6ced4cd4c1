//! The list of all queries. One entry feeds HTTP, OpenAPI, the command line and later the agents' tools.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;

use event_store::Result;
use identity::permissions::Permission;
use jsonschema::Validator;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::ask::{Ctx, Found};
use crate::{
    approvals, assistant_runs, audit, availability, bookings, bulk_runs, chefs, conversations,
    customer_360, customers, dashboard, facts, imports, journey_runs, journeys, payments,
    schedule_board, subjects, templates, tenants, views, webhook_deliveries, webhook_endpoints,
    webhook_replays,
};

/// What a query's function returns.
pub type Finding<'c> = Pin<Box<dyn Future<Output = Result<Found>> + Send + 'c>>;

/// Whether a query answers with a list (`items`) or with one thing (`item`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    List,
    One,
}

/// One query.
pub struct Entry {
    /// Kebab-case; the path under `/queries/`.
    pub name: &'static str,
    pub title: &'static str,
    /// For people and models: what it answers and when to ask it.
    pub description: &'static str,
    pub shape: Shape,
    pub permission: Permission,
    /// The subscribers whose rows it reads; their least position is how fresh an answer is.
    pub projections: &'static [&'static str],
    /// JSON Schema (2020-12) of the parameters and of one item.
    pub params: fn() -> Value,
    pub item: fn() -> Value,
    pub run: for<'c, 'a> fn(&'c Ctx<'a>, Value) -> Finding<'c>,
}

/// An entry with what is made of it once.
pub struct Query {
    pub entry: &'static Entry,
    pub params_schema: Value,
    pub(crate) validator: std::result::Result<Validator, String>,
}

/// Every query, in alphabetical order.
pub const ALL: &[&Entry] = &[
    &assistant_runs::figures::AGENTS,
    &assistant_runs::figures::AI_USAGE,
    &approvals::APPROVAL,
    &approvals::APPROVALS,
    &assistant_runs::budget::ASSISTANT_BUDGET,
    &assistant_runs::ASSISTANT_RUNS,
    &audit::AUDIT,
    &subjects::reads::AUDITED_READS,
    &availability::AVAILABILITY,
    &bookings::BOOKING,
    &bookings::BOOKINGS,
    &bulk_runs::BULK_RUN,
    &bulk_runs::BULK_RUNS,
    &chefs::CHEFS,
    &conversations::stats::CONVERSATION_STATS,
    &customer_360::CUSTOMER_360,
    &customers::CUSTOMERS,
    &dashboard::DASHBOARD,
    &facts::FACTS,
    &imports::preview::IMPORT_PREVIEW,
    &imports::rows::IMPORT_ROWS,
    &imports::IMPORTS,
    &conversations::INBOX,
    &journeys::JOURNEY,
    &journey_runs::JOURNEY_RUNS,
    &journeys::JOURNEYS,
    &payments::PAYMENTS_FEED,
    &schedule_board::SCHEDULE_BOARD,
    &subjects::export::SUBJECT_EXPORT,
    &templates::TEMPLATE,
    &templates::LETTERS,
    &templates::PREVIEW,
    &templates::TEMPLATES,
    &tenants::TENANT,
    &conversations::thread::THREAD,
    &views::VIEWS,
    &webhook_deliveries::WEBHOOK_DELIVERIES,
    &webhook_endpoints::WEBHOOK_ENDPOINTS,
    &webhook_replays::WEBHOOK_REPLAY_PREVIEW,
    &webhook_replays::WEBHOOK_REPLAYS,
    &webhook_endpoints::WEBHOOK_SECRET,
];

/// The query of this name.
pub fn find(name: &str) -> Option<&'static Query> {
    QUERIES.get(name)
}

/// Every query with its schema, in alphabetical order.
pub fn list() -> impl Iterator<Item = &'static Query> {
    QUERIES.values()
}

/// The JSON Schema of a type, as all our schemas are made.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

static QUERIES: LazyLock<BTreeMap<&'static str, Query>> = LazyLock::new(|| {
    ALL.iter()
        .map(|entry| {
            let params_schema = (entry.params)();
            let validator =
                jsonschema::draft202012::new(&params_schema).map_err(|error| error.to_string());
            (
                entry.name,
                Query {
                    entry,
                    params_schema,
                    validator,
                },
            )
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_has_a_sound_schema_that_refuses_unknown_parameters() {
        for query in list() {
            assert!(
                query.validator.is_ok(),
                "{}: {:?}",
                query.entry.name,
                query.validator.as_ref().err()
            );
            assert_eq!(
                query.params_schema["additionalProperties"], false,
                "{}",
                query.entry.name
            );
            assert!(!query.entry.projections.is_empty(), "{}", query.entry.name);
            assert!((query.entry.item)().is_object());
        }
    }

    #[test]
    fn names_are_unique_kebab_case_and_in_order() {
        let names: Vec<&str> = ALL.iter().map(|entry| entry.name).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
        let is_kebab = |name: &str| {
            name.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        assert!(names.iter().all(|name| is_kebab(name)));
    }

    #[test]
    fn every_parameter_is_described() {
        for query in list() {
            for (name, schema) in query.params_schema["properties"]
                .as_object()
                .into_iter()
                .flatten()
            {
                assert!(
                    schema.get("description").is_some(),
                    "{} {name}",
                    query.entry.name
                );
            }
        }
    }
}
