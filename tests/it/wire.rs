//! How often a command waits for PostgreSQL, counted on the wire between the two: once to load, once to commit.

use commands::dispatch::{Dispatcher, Request};
use event_store::pg::{PoolSizes, Pools};
use event_store::store::Store;
use event_store::vault::Vault;
use identity::principals::Principal;
use serde_json::{Value, json};
use tests::app::{ROOT_KEY, TestApp, request};
use tests::given::{self, SLOT, day};
use tests::relay::{self, Waits};
use tests::{cluster, sql};

/// Times each command is sent first, so that statements are prepared and settings known.
const WARM_UPS: usize = 3;
/// Times each command is counted after that. What a command has to wait for it waits for each time; what the machine
/// held up between two of its statements shows as a wait once.
const COUNTED: usize = 3;
/// Clients that send at the same time, and how much each.
const CLIENTS: usize = 32;
const COMMANDS_EACH: usize = 5;

struct Counted {
    dispatcher: Dispatcher,
    waits: Waits,
    principal: Principal,
}

impl Counted {
    /// A dispatcher whose loads and appends go through the relay, on one connection; all else goes past it.
    async fn new(app: &TestApp) -> Self {
        let (port, waits) = relay::start(cluster::shared().await.socket()).await;
        let sizes = PoolSizes {
            request: 1,
            query: 1,
            engine: 2,
        };
        let through = format!(
            "postgresql://{}@127.0.0.1:{port}/{}",
            sql::LOGIN,
            app.database.name
        );
        let mut pools = Pools::new(&app.database.url, sizes).unwrap();
        pools.request = Pools::new(&through, sizes).unwrap().request;
        let dispatcher = Dispatcher::new(Store::new(pools, Vault::new(&ROOT_KEY)));
        Self {
            dispatcher,
            waits,
            principal: Principal::system(app.tenant.id.clone()),
        }
    }

    /// The fewest waits of several such commands.
    async fn count(&self, name: &str, mut body: impl FnMut(usize) -> Value) -> usize {
        let commands =
            (0..WARM_UPS + COUNTED).map(|round| request(self.principal.clone(), name, body(round)));
        let (waited, _) = self.fewest(commands).await;
        waited
    }

    /// The fewest waits of commands behind the first few, and whether all behind those were answered as repetitions.
    async fn fewest(&self, commands: impl Iterator<Item = Request>) -> (usize, bool) {
        let (mut fewest, mut replayed) = (usize::MAX, true);
        for (round, command) in commands.enumerate() {
            let before = self.waits.count();
            let answer = self.dispatcher.dispatch(&command).await;
            let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", command.name));
            if round >= WARM_UPS {
                fewest = fewest.min(self.waits.count() - before);
                replayed &= answer.replayed;
            }
        }
        (fewest, replayed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_waits_once_to_load_and_once_to_commit() {
    let app = TestApp::start().await;
    let id = given::customer(&app.tenant.owner, "Ada").await;
    let counted = Counted::new(&app).await;
    let note = |round: usize| json!({ "customer_id": id, "text": format!("note {round}") });
    // The customer is known to the process that has just written to it, so nothing is left to load.
    assert_eq!(counted.count("add-note", note).await, 1);
    let lead = |round: usize| json!({ "source": "web", "first_name": "Ada", "email": format!("guest{round}@example.test"), "phone": format!("+1213555010{round}") });
    assert_eq!(counted.count("create-lead", lead).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_waits_no_longer_than_any_other_command() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let counted = Counted::new(&app).await;
    let number = |round: usize| i64::try_from(round).unwrap();
    let order = |round: usize| {
        let mut order = given::order(&format!("Guest{round}"), &day(number(round)), SLOT);
        order["customer"]["phone"] = format!("+1213555010{round}").into();
        order
    };
    assert_eq!(counted.count("create-booking", order).await, 2);
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_command_waits_no_longer_than_a_new_one() {
    let app = TestApp::start().await;
    let id = given::customer(&app.tenant.owner, "Ada").await;
    let counted = Counted::new(&app).await;
    let mut command = request(
        counted.principal.clone(),
        "tag-customer",
        json!({ "customer_id": id, "tag": "vip" }),
    );
    command.key = Some("one-intent".to_owned());
    let again = std::iter::repeat_n(command, WARM_UPS + COUNTED);
    assert_eq!(counted.fewest(again).await, (2, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_come_together_share_their_waits() {
    let app = TestApp::start().await;
    let mut customers = Vec::new();
    for number in 0..CLIENTS {
        customers.push(given::customer(&app.tenant.owner, &format!("Ada{number}")).await);
    }
    let counted = Counted::new(&app).await;
    let note = |id: &str| {
        let body = json!({ "customer_id": id, "text": "seen" });
        request(counted.principal.clone(), "add-note", body)
    };
    // Connections are opened and statements prepared first.
    for id in &customers {
        counted.dispatcher.dispatch(&note(id)).await.unwrap();
    }
    let before = counted.waits.count();
    let clients = customers.iter().map(|id| async {
        for _ in 0..COMMANDS_EACH {
            counted.dispatcher.dispatch(&note(id)).await.unwrap();
        }
    });
    futures_util::future::join_all(clients).await;
    let (waited, sent) = (counted.waits.count() - before, CLIENTS * COMMANDS_EACH);
    assert!(waited * 2 <= sent, "{waited} waits for {sent} commands");
}
