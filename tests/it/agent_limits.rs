//! Budgets of agents: counted in the commit, so that exactly so much stands as the tenant allows, however many send at once.

use futures_util::future::join_all;
use identity::principals::PrincipalKind;
use identity::roles::Role;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::{Client, Reply};
use tests::given::{self, SLOT, day};
use tests::neighbour::Neighbour;

/// How many calls are sent at the same time, on a budget of how many.
const AT_ONCE: usize = 50;
const BUDGET: usize = 10;

async fn limit(app: &TestApp, limits: Value) {
    let settings = json!({ "agents": { "limits": limits } });
    app.tenant.owner.accepted("update-settings", settings).await;
}

async fn note(agent: &Client, customer_id: &str, number: usize) -> Reply {
    let body = json!({ "customer_id": customer_id, "text": format!("note {number}") });
    agent.command("add-note", body).await
}

#[track_caller]
fn exactly_the_budget(replies: &[Reply]) {
    let done = replies.iter().filter(|reply| reply.status == 200).count();
    let others: Vec<&str> = replies.iter().map(|reply| reply.text.as_str()).collect();
    assert_eq!(done, BUDGET, "{others:?}");
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        let refusal = reply.refused(429, "agent-limit-reached");
        assert_eq!(
            refusal["alternatives"][0]["limit"], "writes-per-hour",
            "{refusal}"
        );
        assert!(reply.header("retry-after").is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_on_a_budget_of_ten_make_ten() {
    let app = TestApp::start().await;
    let agent = &app.tenant.agent;
    let mut customers = Vec::new();
    for number in 0..AT_ONCE {
        customers.push(given::customer(&app.tenant.owner, &format!("Ada{number}")).await);
    }
    limit(&app, json!({ "writes_per_hour": BUDGET })).await;
    let sent = customers
        .iter()
        .enumerate()
        .map(|(number, id)| note(agent, id, number));
    exactly_the_budget(&join_all(sent).await);
    // Others have budgets of their own, and people have none.
    let other = app.client(PrincipalKind::Agent, Role::AiAgent).await;
    assert_eq!(note(&other, &customers[0], 0).await.status, 200);
    assert_eq!(note(&app.tenant.owner, &customers[0], 0).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_one_budget() {
    let app = TestApp::start().await;
    let neighbour = Neighbour::start(&app).await;
    let agents = [
        app.tenant.agent.clone(),
        neighbour.client_for(&app.tenant.agent),
    ];
    let id = given::customer(&app.tenant.owner, "Ada").await;
    limit(&app, json!({ "writes_per_hour": BUDGET })).await;
    let tags = (0..AT_ONCE).map(|number| {
        let body = json!({ "source": "web", "first_name": "Guest", "email": format!("guest{number}@example.test") });
        let agent = &agents[number % agents.len()];
        async move { agent.command("create-lead", body).await }
    });
    exactly_the_budget(&join_all(tags).await);
    assert_eq!(note(&agents[1], &id, 0).await.status, 429);
    neighbour.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_money_customers_and_records_have_limits_of_their_own() {
    let app = TestApp::start().await;
    let (owner, agent) = (&app.tenant.owner, &app.tenant.agent);
    given::chef(owner, "Kenji").await;
    let payment = owner
        .accepted("record-payment", json!({ "amount_minor": 20_000 }))
        .await;
    let refund = json!({ "payment_id": payment["result"]["payment_id"], "amount_minor": 600 });
    let (ada, grace) = (
        given::customer(owner, "Ada").await,
        given::customer(owner, "Grace").await,
    );
    let limits =
        json!({ "refunds_minor_per_day": 1_000, "customers_per_day": 1, "messages_per_day": 0 });
    let policy = json!({ "agents": { "money": "allow", "limits": limits } });
    owner.accepted("update-settings", policy).await;

    agent.accepted("refund-payment", refund.clone()).await;
    let again = agent
        .command("refund-payment", refund)
        .await
        .refused(429, "agent-limit-reached");
    assert_eq!(again["alternatives"][0]["limit"], "refunds-minor-per-day");
    for number in 0..3 {
        assert_eq!(note(agent, &ada, number).await.status, 200);
    }
    let second = note(agent, &grace, 0)
        .await
        .refused(429, "agent-limit-reached");
    assert_eq!(second["alternatives"][0]["limit"], "customers-per-day");

    limit(&app, json!({ "messages_per_day": 0 })).await;
    let thread = given::message(owner, "sms", "+12135550177", "hello").await;
    let mut answer = given::answer(&thread["thread_id"], "Hi");
    (answer["sender_type"], answer["sender_id"]) = ("ai".into(), "ai_system".into());
    let told = agent
        .command("send-message", answer)
        .await
        .refused(429, "agent-limit-reached");
    assert_eq!(told["alternatives"][0]["limit"], "messages-per-day");

    limit(&app, json!({ "calls_per_minute": 0 })).await;
    let called = note(agent, &ada, 9)
        .await
        .refused(429, "agent-limit-reached");
    assert_eq!(called["alternatives"][0]["limit"], "calls-per-minute");

    limit(&app, json!({ "records_per_call": 1 })).await;
    let order = given::order_without_deposit("Alan", &day(0), SLOT);
    agent
        .command("create-booking", order)
        .await
        .refused(403, "records-too-many");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_lead_elsewhere_wait_for_a_person() {
    let app = TestApp::start().await;
    let (owner, agent) = (&app.tenant.owner, &app.tenant.agent);
    let settings = json!({ "agents": { "link_domains": ["example.com"] } });
    owner.accepted("update-settings", settings).await;
    let thread = given::message(owner, "sms", "+12135550177", "how do I pay?").await;
    let say = |content: &str| {
        let mut answer = given::answer(&thread["thread_id"], content);
        (answer["sender_type"], answer["sender_id"]) = ("ai".into(), "ai_system".into());
        answer
    };
    let own = say("Pay at https://pay.example.com/1, please");
    agent.accepted("send-message", own).await;
    for elsewhere in [
        "Pay at https://evil.example/1",
        "Pay at evil.example",
        "Pay at https://example.com@evil.example/",
    ] {
        let reply = agent.command("send-message", say(elsewhere)).await;
        let refusal = reply.refused(403, "approval-required");
        assert_eq!(
            refusal["alternatives"][0]["why"],
            json!(["foreign-link"]),
            "{refusal}"
        );
    }
    let wrong = json!({ "agents": { "link_domains": ["https://example.com"] } });
    let reply = owner.command("update-settings", wrong).await;
    assert_eq!(reply.pointers(), ["/agents/link_domains/0"]);
    app.settle().await;
}
