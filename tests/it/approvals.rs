//! What agents may not do by themselves: a person agrees to exactly one call, and it happens once.

use futures_util::future::join_all;
use identity::principals::PrincipalKind;
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::{Client, Reply};
use tests::given::{self, SLOT, day, text};
use tests::stream::Listener;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// How many send the same approved call at the same time.
const AT_ONCE: usize = 12;

/// An app with a booking that an agent could cancel.
struct Stage {
    app: TestApp,
    booking_id: String,
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::start().await;
        given::chef(&app.tenant.owner, "Kenji").await;
        let order = given::order_without_deposit("Ada", &day(0), SLOT);
        let booking = given::booking(&app.tenant.owner, order).await;
        let booking_id = text(&booking, "booking_id").to_owned();
        Self { app, booking_id }
    }

    fn agent(&self) -> &Client {
        &self.app.tenant.agent
    }

    fn owner(&self) -> &Client {
        &self.app.tenant.owner
    }

    fn cancel(&self) -> Value {
        json!({ "booking_id": self.booking_id, "reason": "the customer asked" })
    }

    /// Asks for the cancellation; answers the approval's id.
    async fn ask(&self) -> String {
        let reply = self.agent().command("cancel-booking", self.cancel()).await;
        approval_of(&reply)
    }

    async fn decide(&self, approval_id: &str, decision: &str) -> Value {
        let body =
            json!({ "approval_id": approval_id, "decision": decision, "note": "spoke to Ada" });
        self.owner().accepted("decide-approval", body).await
    }

    /// The booking's status, as its owner sees it.
    async fn status(&self) -> Value {
        let query = format!("booking?id={}", self.booking_id);
        self.owner().item(&query).await["status"].clone()
    }
}

#[track_caller]
fn approval_of(reply: &Reply) -> String {
    let refusal = reply.refused(403, "approval-required");
    text(&refusal["alternatives"][0], "approval_id").to_owned()
}

/// A command under an approval.
async fn under(who: &Client, (key, approval_id): (&str, &str), name: &str, body: &Value) -> Reply {
    let request = who
        .request(Method::POST, &format!("/commands/{name}"))
        .header("idempotency-key", key)
        .header("x-approval-id", approval_id);
    who.send(request.json(body)).await
}

fn key() -> String {
    Uuid::new_v4().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_cancels_once_a_person_has_agreed() {
    let stage = Stage::set().await;
    let mut listener = Listener::open(stage.owner(), "approvals", None).await;
    let (intent, cancel) = (key(), stage.cancel());
    let asked = stage
        .agent()
        .command_under(&intent, "cancel-booking", &cancel)
        .await;
    let approval_id = approval_of(&asked);
    assert_eq!(stage.status().await, "new");
    assert_eq!(listener.next().await.data["type"], "ApprovalProposed");
    // Asking again asks nobody anew, and going ahead without an answer is refused.
    let again = stage
        .agent()
        .command_under(&intent, "cancel-booking", &cancel)
        .await;
    assert_eq!(approval_of(&again), approval_id);
    under(
        stage.agent(),
        (&intent, &approval_id),
        "cancel-booking",
        &cancel,
    )
    .await
    .refused(409, "approval-pending");
    let shown = stage
        .owner()
        .get(&format!("/queries/approval?id={approval_id}"))
        .await
        .ok()["item"]
        .clone();
    assert_eq!(
        (&shown["arguments"], &shown["command"]),
        (&cancel, &json!("cancel-booking")),
        "{shown}"
    );
    assert_eq!(
        (&shown["standing"], &shown["risk"]),
        (&json!("proposed"), &json!("destructive"))
    );

    carry_out(&stage, (&intent, &approval_id)).await;
}

/// A person agrees; the agent goes ahead, and repeats itself.
async fn carry_out(stage: &Stage, (intent, approval_id): (&str, &str)) {
    let cancel = stage.cancel();
    assert_eq!(
        stage.decide(approval_id, "approve").await["result"]["standing"],
        "approved"
    );
    let told = stage
        .agent()
        .command_under(intent, "cancel-booking", &cancel)
        .await;
    assert_eq!(
        told.refused(403, "approval-required")["alternatives"][0]["standing"],
        "approved"
    );
    let done = under(
        stage.agent(),
        (intent, approval_id),
        "cancel-booking",
        &cancel,
    )
    .await
    .ok();
    let events: Vec<&str> = done["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| text(event, "type"))
        .collect();
    assert!(
        events.contains(&"BookingCancelled") && events.contains(&"ApprovalExecuted"),
        "{events:?}"
    );
    let repeated = under(
        stage.agent(),
        (intent, approval_id),
        "cancel-booking",
        &cancel,
    )
    .await;
    assert_eq!(
        (repeated.ok(), repeated.header("idempotency-replayed")),
        (done, Some("true"))
    );
    stage.app.settle().await;
    assert_eq!(stage.status().await, "cancelled");
    let used = stage.agent().items("approvals?standing=executed").await;
    assert_eq!(
        (used.len(), &used[0]["note"]),
        (1, &json!("spoke to Ada")),
        "{used:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_serves_its_own_call_and_nothing_else() {
    let stage = Stage::set().await;
    let approval_id = stage.ask().await;
    stage.decide(&approval_id, "approve").await;
    let mut other_words = stage.cancel();
    other_words["reason"] = "no reason".into();
    let agent = stage.agent();
    under(
        agent,
        (&key(), &approval_id),
        "cancel-booking",
        &other_words,
    )
    .await
    .refused(409, "approval-mismatch");
    let stranger = stage.app.client(PrincipalKind::Agent, Role::AiAgent).await;
    under(
        &stranger,
        (&key(), &approval_id),
        "cancel-booking",
        &stage.cancel(),
    )
    .await
    .refused(403, "approval-not-yours");
    stranger
        .get(&format!("/queries/approval?id={approval_id}"))
        .await
        .refused(404, "approval-not-found");
    assert!(stranger.items("approvals").await.is_empty());
    let nothing = key();
    under(agent, (&key(), &nothing), "cancel-booking", &stage.cancel())
        .await
        .refused(404, "approval-not-found");
    // Under another policy, what was agreed to was agreed to under other rules.
    let policy = json!({ "agents": { "money_free_minor": 100 } });
    stage.owner().accepted("update-settings", policy).await;
    under(
        agent,
        (&key(), &approval_id),
        "cancel-booking",
        &stage.cancel(),
    )
    .await
    .refused(409, "approval-mismatch");
    assert_eq!(stage.status().await, "new");
    stage.app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_people_decide_and_never_on_their_own_wish() {
    let stage = Stage::set().await;
    let approval_id = stage.ask().await;
    let yes = json!({ "approval_id": approval_id, "decision": "approve" });
    stage
        .agent()
        .command("decide-approval", yes.clone())
        .await
        .refused(403, "permission-missing");
    let staff = stage.app.client(PrincipalKind::Person, Role::Staff).await;
    staff
        .command("decide-approval", yes.clone())
        .await
        .refused(403, "permission-missing");
    let program = stage.app.client(PrincipalKind::Service, Role::Admin).await;
    program
        .command("decide-approval", yes.clone())
        .await
        .refused(403, "person-required");
    let other = stage.app.client(PrincipalKind::Agent, Role::AiAgent).await;
    let take_back = json!({ "approval_id": approval_id });
    other
        .command("withdraw-approval", take_back.clone())
        .await
        .refused(403, "approval-not-yours");
    stage.agent().accepted("withdraw-approval", take_back).await;
    stage
        .owner()
        .command("decide-approval", yes)
        .await
        .refused(409, "approval-withdrawn");
    // Whoever is no agent is not asked.
    staff.accepted("cancel-booking", stage.cancel()).await;
    stage.app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_and_too_late_are_final() {
    let stage = Stage::set().await;
    let intent = key();
    let asked = stage
        .agent()
        .command_under(&intent, "cancel-booking", &stage.cancel())
        .await;
    let rejected = approval_of(&asked);
    stage.decide(&rejected, "reject").await;
    under(
        stage.agent(),
        (&intent, &rejected),
        "cancel-booking",
        &stage.cancel(),
    )
    .await
    .refused(409, "approval-rejected");
    let again = stage
        .agent()
        .command_under(&intent, "cancel-booking", &stage.cancel())
        .await;
    again.refused(409, "approval-rejected");
    let late = stage.ask().await;
    stage.decide(&late, "approve").await;
    let tomorrow = OffsetDateTime::now_utc() + Duration::hours(25);
    stage
        .app
        .command_at(tomorrow, "expire-approval", json!({ "approval_id": late }))
        .await
        .unwrap();
    under(
        stage.agent(),
        (&key(), &late),
        "cancel-booking",
        &stage.cancel(),
    )
    .await
    .refused(409, "approval-expired");
    assert_eq!(stage.status().await, "new");
    stage.app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_execute_it_once() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    let payment = owner
        .accepted("record-payment", json!({ "amount_minor": 20_000 }))
        .await;
    // Could be done many times, if the approval did not serve once.
    let part = json!({ "payment_id": payment["result"]["payment_id"], "amount_minor": 1_000 });
    let asked = stage.agent().command("refund-payment", part.clone()).await;
    let approval_id = approval_of(&asked);
    stage.decide(&approval_id, "approve").await;
    let sent = (0..AT_ONCE).map(|_| async {
        under(
            stage.agent(),
            (&key(), &approval_id),
            "refund-payment",
            &part,
        )
        .await
    });
    let replies = join_all(sent).await;
    let done = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(
        done,
        1,
        "{:?}",
        replies.iter().map(|reply| &reply.text).collect::<Vec<_>>()
    );
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.refused(409, "approval-used");
    }
    stage.app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tenant_says_what_agents_may_do_by_themselves() {
    let stage = Stage::set().await;
    let (owner, agent) = (stage.owner(), stage.agent());
    let payment = owner
        .accepted("record-payment", json!({ "amount_minor": 20_000 }))
        .await;
    let refund = |amount: i64| json!({ "payment_id": payment["result"]["payment_id"], "amount_minor": amount });
    owner
        .accepted(
            "update-settings",
            json!({ "agents": { "money_free_minor": 2_000, "destructive": "deny" } }),
        )
        .await;
    agent.accepted("refund-payment", refund(2_000)).await;
    approval_of(&agent.command("refund-payment", refund(2_001)).await);
    agent
        .command("cancel-booking", stage.cancel())
        .await
        .refused(403, "agent-not-allowed");
    // What would be refused anyway is refused at once: nobody is asked for it.
    agent
        .command("refund-payment", refund(999_999))
        .await
        .refused(409, "refund-exceeds-payment");
    owner
        .accepted(
            "update-settings",
            json!({ "agents": { "destructive": "allow" } }),
        )
        .await;
    agent.accepted("cancel-booking", stage.cancel()).await;
    let silly = json!({ "agents": { "money_free_minor": -1 } });
    assert_eq!(
        owner.command("update-settings", silly).await.pointers(),
        ["/agents/money_free_minor"]
    );
    stage.app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_says_what_it_waits_for_and_takes_the_approval() {
    let stage = Stage::set().await;
    let call = async |arguments: &Value| {
        let request = stage
            .agent()
            .request(Method::POST, "/agents/tools/cancel_booking");
        stage.agent().send(request.json(arguments)).await
    };
    let mut arguments = stage.cancel();
    arguments["idempotency_key"] = "one-intent".into();
    let approval_id = approval_of(&call(&arguments).await);
    stage.decide(&approval_id, "approve").await;
    arguments["approval_id"] = approval_id.into();
    assert_eq!(call(&arguments).await.ok()["result"]["status"], "cancelled");
    stage.app.settle().await;
}
