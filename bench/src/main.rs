//! `make bench`: our figures beside our peers', in one run on one PostgreSQL, and whether the floors hold that we promise.

mod appends;
mod bookings;
mod catch_up;
mod checks;
mod cpu;
mod deliveries;
mod dispatched;
mod drive;
mod facts;
mod ground;
mod growth;
mod http;
mod limits;
mod notarised;
mod peer;
mod projected;
mod report;
mod rounds;
mod rows;
mod sink;
mod streams;
mod tenant;
mod understanding;
mod verified;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use domain::ids::TenantId;
use event_store::store::Store;
use event_store::vault::Vault;
use identity::keys;
use identity::new_keys::NewKey;
use identity::principals::PrincipalKind;
use identity::roles::Role as PrincipalRole;
use outbox::delivery::Endpoints;
use server::app::{self, Plan};
use server::config::Role;

use self::checks::Check;
use self::ground::Ground;
use self::rounds::{Acknowledged, Rounds};

/// What every fallible call here answers.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The principal of commands that are dispatched in this process.
const IN_PROCESS: &str = "system";

/// Measures Rapport beside pgbench and postgres-es, prints a table, writes target/bench.json, and fails when a floor
/// does not hold.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Options {
    /// How many rounds to take; figures are medians over them.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// How long each system is measured in each round, after a second of warming up.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Measure these groups alone.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Group>,
    /// Measure these systems alone, by the beginning of their names as they are printed: peer, command, message, pgbench,
    /// http, quiet, hot. Figures whose counterpart is missing are zero.
    #[arg(long, value_delimiter = ',')]
    systems: Vec<String>,
    /// Measure nothing but how the append does when the log has grown to this many events; takes about a kilobyte and a half
    /// of disk for each.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1_000_001..=100_000_000))]
    growth: Option<u64>,
}

/// What is measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Group {
    /// Commands a second and their latencies, at 1, 8 and 32 clients.
    Append,
    /// The same command over HTTP and in process, at 64.
    Http,
    /// From a command's answer to the read model.
    Projected,
    /// Commands without and with the notary, how far it is behind, and verifying what it sealed.
    Notary,
    /// Verifying a file of a million audit entries.
    Verify,
    /// Catching up and rebuilding.
    CatchUp,
    /// Rebuilding from a million events of streams that lie among each other.
    Rebuild,
    /// Messages delivered to an HTTP sink.
    Deliver,
}

/// As in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    if std::env::args().nth(1).as_deref() == Some(sink::OPTION) {
        sink::serve().await?;
        return Ok(ExitCode::SUCCESS);
    }
    let options = Options::parse();
    let groups = match options.only.as_slice() {
        [] => Group::value_variants().to_vec(),
        only => only.to_vec(),
    };
    say("starting PostgreSQL and filling it");
    let ground = Ground::prepare(streams::STREAMS).await?;
    let outcome = measure(&ground, &options, &groups).await;
    ground.clear_away().await?;
    outcome
}

async fn measure(ground: &Ground, options: &Options, groups: &[Group]) -> Result<ExitCode> {
    for (name, value) in &ground.settings {
        say(&format!("  {name} = {value}"));
    }
    let running = app::start(plan(ground))?;
    let tenant_id = tenant::fill(&running.dispatcher).await?;
    ground.vacuum_logs().await?;
    let (principal, api_key) = make_key(&ground.store, &tenant_id).await?;
    let quiet = quiet(ground);
    let bench = Rounds {
        ground,
        dispatcher: &running.dispatcher,
        quiet: &quiet,
        tenant_id: &tenant_id,
        address: running.address.ok_or("the API does not listen")?,
        api_key: &api_key,
        measured: Duration::from_secs(options.seconds),
        systems: &options.systems,
    };
    let (mut rounds, mut acknowledged) = (Vec::new(), Acknowledged::default());
    acknowledged.in_process += dispatched::meet(&running.dispatcher, &tenant_id).await?;
    let idle = cpu::resident_mib();
    let mut rows = Vec::new();
    if let Some(events) = options.growth {
        let dispatcher = &running.dispatcher;
        let growth =
            growth::measure(ground, dispatcher, &tenant_id, (events, bench.measured)).await?;
        acknowledged.in_process += growth.acknowledged;
        rows.extend(rows::growth_row(&growth));
    } else {
        for number in 0..usize::try_from(options.rounds)? {
            say(&format!("round {} of {}", number + 1, options.rounds));
            rounds.push(bench.run(number, groups, &mut acknowledged).await?);
        }
        let rebuilds = match groups.contains(&Group::Rebuild) {
            true => bookings::measure(ground, options.rounds).await?,
            false => Vec::new(),
        };
        rows.extend(rows::rebuild_row(&rebuilds));
        rows.extend(rows::rows(&rounds));
        rows.extend(rows::memory_row(cpu::resident_mib(), idle));
        if groups.contains(&Group::Verify) {
            let rounds = options.rounds;
            rows.extend(verified::rows(&ground.store, &tenant_id, rounds).await?);
        }
        rows.extend(understanding::rows()?);
        rows.extend(facts::rows()?);
    }
    let mut checks = check(&ground.store, &principal, acknowledged).await?;
    checks.extend(checks::check_deliveries(&rounds)?);
    running.stop().await;
    report::print(&rows);
    report::write(&rows)?;
    tell(&checks);
    let holds = rows.iter().all(|row| row.holds) && checks.iter().all(Check::holds);
    Ok(if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The API as `rapport serve` would start it; no projectors and no relay beside the load, both are measured by themselves.
fn plan(ground: &Ground) -> Plan {
    Plan {
        store: ground.store.clone(),
        role: Role::Api,
        listen: ([127, 0, 0, 1], 0).into(),
        shards: Vec::new(),
        endpoints: Endpoints {
            stripe_url: String::new(),
            addresses: Default::default(),
            public_url: String::new(),
        },
        relay: outbox::work::Settings::default(),
        webhook_reach: domain::webhook_endpoints::reach::Reach::LoopbackToo,
        token_issuer: None,
        client_limits: Default::default(),
        notary: None,
        metrics: None,
        patient: None,
    }
}

fn tell(checks: &[Check]) {
    for check in checks {
        let verdict = match check.holds() {
            true => "as it must be",
            false => "WRONG",
        };
        let (name, found, expected) = (&check.name, check.found, check.expected);
        say(&format!("{name}: {found} of {expected}, {verdict}"));
    }
}

/// A store on the same database that is followed by nobody: it tells no other process of its commits.
fn quiet(ground: &Ground) -> Store {
    let vault = Vault::new(&ground::ROOT_KEY);
    Store::new(ground.store.pools.clone(), vault)
}

/// A key for HTTP; answers its principal and its text.
async fn make_key(store: &Store, tenant_id: &TenantId) -> Result<(String, String)> {
    let new = NewKey {
        kind: PrincipalKind::Agent,
        label: "bench".to_owned(),
        role: PrincipalRole::AiAgent,
        permissions: None,
        model: None,
        expires_at: None,
        address_ranges: Vec::new(),
        requests_per_minute: Some(0),
        owner_id: None,
    };
    let (key, plain) = keys::create(&store.pools.engine, tenant_id, &new).await?;
    let principal = key
        .principal(time::OffsetDateTime::now_utc())
        .map_err(|refusal| refusal.detail)?;
    Ok((principal.id, plain.expose().to_owned()))
}

async fn check(store: &Store, over_http: &str, acknowledged: Acknowledged) -> Result<Vec<Check>> {
    let mut checks = vec![checks::check_streams(store).await?];
    let sent = [
        ((IN_PROCESS, dispatched::COMMAND), acknowledged.in_process),
        ((over_http, dispatched::COMMAND), acknowledged.over_http),
        ((appends::PRINCIPAL, appends::NAME), acknowledged.messages),
    ];
    for (who, count) in sent {
        checks.extend(checks::check_commands(store, who, count).await?);
    }
    checks.push(checks::check_messages(store, appends::TARGET, acknowledged.messages).await?);
    Ok(checks)
}

/// Tells the operator how far it is.
#[allow(clippy::print_stdout)]
pub fn say(line: &str) {
    println!("{line}");
}
