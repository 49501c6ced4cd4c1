//! Faults that any store on PostgreSQL can be given from the side: an event says itself that its transaction commits
//! late or not at all, and a deferred trigger on the events' table sees to it.

use tokio_postgres::Client;

use crate::cluster;
use crate::conformance::place::Place;

/// It runs when the transaction commits, long after positions were drawn.
const MAKE_FUNCTION: &str = "
    create or replace function public.conformance_fault() returns trigger language plpgsql as $$
    begin
        perform pg_sleep(coalesce((new.payload->>'linger_ms')::float8, 0) / 1000);
        if new.payload->>'aborts' = 'true' then
            raise exception 'aborted by the test' using errcode = 'serialization_failure';
        end if;
        return null;
    end $$";
const COUNT_DEADLOCKS: &str =
    "select deadlocks from pg_stat_database where datname = current_database()";
/// Backends of the store under test are all that log in to this database, but for the one that asks.
const KILL_ONE: &str = "
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
        and application_name <> $1
    order by random() limit 1";
const KILL_LISTENERS: &str = "
    select count(pg_terminate_backend(pid)) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and query ilike any (array['listen%', 'notify%'])";

/// How the suite's own connections are told from the store's.
pub const BYSTANDER: &str = "conformance";

/// Gives the table its trigger.
pub async fn install(place: &Place, table: &str) {
    let admin = place.admin().await;
    admin.batch_execute(MAKE_FUNCTION).await.unwrap();
    let trigger = format!(
        "create constraint trigger conformance_fault after insert on {table} deferrable initially deferred
        for each row execute function public.conformance_fault()"
    );
    admin.batch_execute(&trigger).await.unwrap();
}

/// Ends one of the store's connections, whatever it is doing.
pub async fn kill_one_connection(admin: &Client) {
    let _ = admin.query(KILL_ONE, &[&BYSTANDER]).await;
}

/// Ends the connections that carry wake-ups; answers how many there were.
pub async fn kill_listeners(admin: &Client) -> i64 {
    admin.query_one(KILL_LISTENERS, &[]).await.unwrap().get(0)
}

/// How often PostgreSQL had to break a deadlock in this database. Backends report when they end, so close the store
/// first.
pub async fn count_deadlocks(place: &Place) -> i64 {
    let admin = cluster::connect(&place.admin_config()).await;
    admin.query_one(COUNT_DEADLOCKS, &[]).await.unwrap().get(0)
}
