//! cqrs-es on this store: its framework on both adapters, and `postgres-es` reading our streams.

use cqrs_es::persist::{PersistedEventRepository, PersistedEventStore};
use cqrs_es::{Aggregate, AggregateError, CqrsFramework, EventStore};
use domain::customers::consents::Source;
use domain::customers::{Customer, CustomerCommand, CustomerDetails, Duplicate};
use event_store::cqrs::{IDEMPOTENCY_KEY, TenantEvents};
use postgres_es::PostgresEventRepository;
use sqlx::postgres::PgPoolOptions;
use tests::app::TestApp;

fn events_of(app: &TestApp) -> TenantEvents {
    TenantEvents {
        store: app.store.clone(),
        tenant_id: app.tenant.id.clone(),
        principal: "test".to_owned(),
    }
}

fn lead() -> CustomerCommand {
    let details = CustomerDetails {
        first_name: Some(Default::default()),
        ..Default::default()
    };
    CustomerCommand::CreateLead {
        source: Source::Web,
        channel: "form".to_owned(),
        details,
        possible_duplicate: Duplicate::Unlikely,
    }
}

fn tag(tag: &str) -> CustomerCommand {
    CustomerCommand::Tag {
        tag: tag.to_owned(),
    }
}

/// The same story on any event store; answers its customer.
async fn tell<ES: EventStore<Customer>>(store: ES, id: &str) {
    let framework = CqrsFramework::new(store, Vec::new(), ());
    framework.execute(id, lead()).await.unwrap();
    framework.execute(id, tag("vip")).await.unwrap();
    let metadata = [(IDEMPOTENCY_KEY.to_owned(), format!("{id}-once"))];
    framework
        .execute_with_metadata(id, tag("early"), metadata.clone().into())
        .await
        .unwrap();
    let again = framework
        .execute_with_metadata(id, tag("late"), metadata.into())
        .await;
    assert!(
        matches!(again, Err(AggregateError::AggregateConflict)),
        "{again:?}"
    );
    let refused = framework.execute("nobody", tag("vip")).await;
    assert!(
        matches!(refused, Err(AggregateError::UserError(refusal)) if refusal.code == "customer-not-found")
    );
}

async fn tags_of(app: &TestApp, id: &str) -> Vec<String> {
    let events = EventStore::<Customer>::load_events(&events_of(app), id)
        .await
        .unwrap();
    let mut customer = Customer::default();
    for (number, event) in events.into_iter().enumerate() {
        assert_eq!(event.sequence, number + 1);
        customer.apply(event.payload);
    }
    customer.tags.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_framework_runs_on_our_event_store() {
    let app = TestApp::start().await;
    tell(events_of(&app), "on-store").await;
    assert_eq!(tags_of(&app, "on-store").await, ["early", "vip"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_framework_runs_on_our_repository_below_its_own_event_store() {
    let app = TestApp::start().await;
    let store = PersistedEventStore::<TenantEvents, Customer>::new_event_store(events_of(&app));
    tell(store, "on-repository").await;
    assert_eq!(tags_of(&app, "on-repository").await, ["early", "vip"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_es_reads_our_streams() {
    let app = TestApp::start().await;
    let id = tests::given::customer(&app.tenant.owner, "Ada").await;
    let body = serde_json::json!({ "customer_id": id, "tag": "vip" });
    app.tenant.owner.accepted("tag-customer", body).await;
    // The engine's role sees the streams of all tenants; ids are unique across them.
    let url = format!("{}?options=-c%20role%3Drapport_engine", app.database.url);
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .connect(&url)
        .await
        .unwrap();
    let repository = PostgresEventRepository::new(pool.clone());
    let events = repository.get_events::<Customer>(&id).await.unwrap();
    let told: Vec<(usize, &str)> = events
        .iter()
        .map(|event| (event.sequence, event.event_type.as_str()))
        .collect();
    assert_eq!(told, [(1, "LeadCreated"), (2, "CustomerTagged")]);
    let store =
        PersistedEventStore::<PostgresEventRepository, Customer>::new_event_store(repository);
    let loaded = store.load_events(&id).await.unwrap();
    let mut customer = Customer::default();
    loaded
        .into_iter()
        .for_each(|event| customer.apply(event.payload));
    assert!(customer.tags.contains("vip"));
    pool.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_shows_the_events_of_its_own_tenant_only() {
    let app = TestApp::start().await;
    let other = app.another_tenant("sea-and-smoke").await;
    tests::given::customer(&other.owner, "Eve").await;
    let id = tests::given::customer(&app.tenant.owner, "Ada").await;
    app.tenant.owner.items("customers").await;
    let mut stream = events_of(&app)
        .stream_all_events::<Customer>()
        .await
        .unwrap();
    let mut seen = Vec::new();
    while let Some(event) = stream.next::<Customer>(&[]).await {
        seen.push(event.unwrap().aggregate_id);
    }
    assert_eq!(seen, [id]);
}
