//! The assistant without a model: rules that hold the booking conversation, suggestions that people settle, and hand-overs.

use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::{self, ADDRESS, text};
use tests::inbox::{Visitor, last_answer, runs, thread};

async fn open(ai_mode: &str) -> TestApp {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    Visitor::begin_threads(&app, ai_mode).await;
    app
}

fn contact(name: &str) -> String {
    format!("{name} Lovelace, {}, 213 555 0142", given::email(name))
}

/// Books as a newcomer does; answers the thread.
async fn book(visitor: &Visitor<'_>, day: i64) -> Value {
    let date = given::day(day);
    visitor
        .say(&format!("We are 10 adults on {date} at 6pm"))
        .await;
    visitor.say(&format!("It is {ADDRESS}")).await;
    visitor.say(&contact("Ada")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_books_in_the_chat_and_gets_the_payment_link_there() {
    let app = open("auto").await;
    let visitor = Visitor::of(&app, "visitor-1");
    let date = given::day(0);
    let asked = visitor
        .ask(&format!("We are 10 adults on {date} at 6pm"))
        .await;
    assert!(
        asked.contains("is free") && asked.contains("address"),
        "{asked}"
    );
    let asked = visitor.ask(&format!("It is {ADDRESS}")).await;
    assert!(
        asked.contains("name, e-mail address and phone number"),
        "{asked}"
    );
    let thread = visitor.say(&contact("Ada")).await;
    let written = thread["messages"].to_string();
    assert!(
        written.contains("Done!") && written.contains("$550.00"),
        "{written}"
    );
    let bookings = app.tenant.owner.items("bookings").await;
    assert_eq!(bookings.len(), 1, "{bookings:?}");
    assert_eq!(bookings[0]["source"], "ai_chat");
    assert_eq!(bookings[0]["channel_thread_id"], thread["thread_id"]);
    assert_eq!(bookings[0]["customer_id"], thread["customer_id"]);
    let link = text(&bookings[0], "stripe_checkout_url");
    assert!(last_answer(&thread).contains(link), "{written}");
    let runs = runs(&app, &thread).await;
    assert_eq!(runs.len(), 3, "{runs:?}");
    for run in &runs {
        assert_eq!(
            (&run["engine"]["kind"], &run["standing"]),
            (&json!("rules"), &json!("answered"))
        );
        assert_eq!(run["calls"], 0);
    }
    let tools = runs[0]["tools"].to_string();
    assert!(
        tools.contains("create_booking") && tools.contains("\"done\""),
        "{tools}"
    );
    let agents = app.tenant.owner.items("agents").await;
    assert_eq!(
        (&agents[0]["engine"], &agents[0]["answered"]),
        (&json!("rules"), &json!(3))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_books_by_text_message_and_whoever_has_booked_is_known_by_their_number() {
    let app = open("auto").await;
    let newcomer = Visitor::texting(&app, "+12135550177").await;
    let date = given::day(1);
    let wanted = format!("Hi! 12 people on {date} at 3pm, {ADDRESS}");
    let asked = newcomer.ask(&wanted).await;
    assert!(
        asked.contains("name and e-mail address") && !asked.contains("phone"),
        "{asked}"
    );
    let thread = newcomer
        .say(&format!("Bo Li, {}", given::email("Bo")))
        .await;
    let link = last_answer(&thread);
    assert!(
        link.starts_with("Here you can pay the deposit of $100.00: http"),
        "{link}"
    );
    assert_eq!(
        thread["messages"].as_array().unwrap().last().unwrap()["status"],
        "sent"
    );
    let order = given::order_without_deposit("Ada", &given::day(2), "18:00");
    let phone = text(&order["customer"], "phone").to_owned();
    given::booking(&app.tenant.agent, order).await;
    let known = Visitor::texting(&app, Box::leak(phone.into_boxed_str())).await;
    let answer = known.ask("What time is our party?").await;
    assert!(answer.starts_with("Your booking for"), "{answer}");
    let answer = known.ask("move it to 3pm please").await;
    assert!(
        answer.contains("Which day") || answer.contains("has moved"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_time_is_answered_with_the_free_ones() {
    let app = open("auto").await;
    let order = given::order_without_deposit("Grace", &given::day(0), "18:00");
    given::booking(&app.tenant.agent, order).await;
    let visitor = Visitor::of(&app, "visitor-1");
    let date = given::day(0);
    let answer = visitor
        .ask(&format!("Hi, are you available on {date} at 6pm?"))
        .await;
    assert!(answer.contains("nobody free at 6:00 PM"), "{answer}");
    assert!(answer.contains("12:00 PM or 3:00 PM"), "{answer}");
    let answer = visitor.ask("3 then").await;
    assert!(answer.contains("How many adults"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_booking_is_told_of_and_moved_but_never_cancelled() {
    let app = open("auto").await;
    let visitor = Visitor::of(&app, "visitor-1");
    book(&visitor, 0).await;
    let answer = visitor.ask("When is my booking?").await;
    assert!(answer.contains("deposit of $100.00"), "{answer}");
    let later = given::day(3);
    let answer = visitor.ask(&format!("Can we reschedule to {later}?")).await;
    assert!(answer.contains("has moved to"), "{answer}");
    let bookings = app.tenant.owner.items("bookings").await;
    assert_eq!(bookings[0]["date"], later.as_str());
    let thread = visitor.say("Please cancel it").await;
    assert_eq!(
        (&thread["ai_mode"], &thread["handed_over"]),
        (&json!("off"), &json!("needs_approval"))
    );
    let bookings = app.tenant.owner.items("bookings").await;
    assert_eq!(bookings[0]["status"], "deposit_pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_learns_nothing_of_bookings_that_were_not_made_in_it() {
    let app = open("auto").await;
    let order = given::order("Ada", &given::day(0), "18:00");
    given::booking(&app.tenant.agent, order).await;
    let owner = &app.tenant.owner;
    let body = json!({ "channel": "web_chat", "from": "visitor-9", "content": "When is my booking?", "email": given::email("Ada") });
    let received = owner.accepted("receive-message", body).await["result"].clone();
    app.settle().await;
    let thread = thread(&app, text(&received, "thread_id")).await;
    // Anybody can claim an address: it makes a candidate of its owner, and no more.
    assert_eq!(
        (&thread["customer_id"], &thread["candidate_count"]),
        (&Value::Null, &json!(1))
    );
    assert_eq!(
        (&thread["handed_over"], &thread["status"]),
        (&json!("unsure"), &json!("open")),
        "a person's turn"
    );
    let said = last_answer(&thread);
    assert!(
        said.contains("cannot find a booking") && !said.contains('$'),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_person_goes_to_one_and_stays_there() {
    let app = open("auto").await;
    for (name, content, reason) in [
        ("visitor-1", "Can I talk to a person?", "asked_for"),
        ("visitor-2", "This is ridiculous!!", "upset"),
        ("visitor-3", "Do you do vegan?", "unsure"),
    ] {
        let visitor = Visitor::of(&app, name);
        let thread = visitor.say(content).await;
        assert_eq!(
            (&thread["ai_mode"], &thread["handed_over"]),
            (&json!("off"), &json!(reason)),
            "{content}"
        );
        assert!(!last_answer(&thread).is_empty());
        let before = thread["messages"].as_array().unwrap().len();
        let after = visitor.say("Hello? Book Friday at 6pm").await;
        assert_eq!(after["messages"].as_array().unwrap().len(), before + 1);
    }
    let agents = app.tenant.owner.items("agents").await;
    assert_eq!(agents[0]["hand_over_rate"], 1.0, "{agents:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_a_thread_over_has_the_word() {
    let app = open("auto").await;
    let visitor = Visitor::of(&app, "visitor-1");
    let thread = visitor.say("Hi there").await;
    let reply = given::answer(&thread["thread_id"], "Kim here, I take this.");
    app.tenant.owner.accepted("send-message", reply).await;
    let thread = visitor.say("Great. Book Friday at 6pm").await;
    assert_eq!(thread["ai_mode"], "suggest");
    assert_eq!(last_answer(&thread), "Kim here, I take this.");
    assert!(!thread["suggestion"].is_null(), "{thread}");
    let assigned = Visitor::of(&app, "visitor-2").say("Hello").await;
    let body = json!({ "thread_id": assigned["thread_id"], "assignee": "kim" });
    let summary = app.tenant.owner.accepted("assign-thread", body).await;
    assert_eq!(summary["result"]["ai_mode"], "suggest");
    let body = json!({ "thread_id": assigned["thread_id"], "assignee": "kim" });
    let summary = app.tenant.owner.accepted("hand-over-thread", body).await;
    assert_eq!(summary["result"]["handed_over"], "by_hand");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_is_sent_as_it_is_or_in_other_words_or_dismissed() {
    let app = open("suggest").await;
    let owner = &app.tenant.owner;
    let visitor = Visitor::of(&app, "visitor-1");
    let thread = visitor.say("How much is it?").await;
    assert_eq!(last_answer(&thread), "");
    let suggestion = &thread["suggestion"];
    let suggested = text(suggestion, "content");
    assert!(suggested.contains("$55.00 per adult"), "{suggested}");
    assert_eq!(suggestion["reasons"], json!(["asks-for-price"]));
    let accept = json!({ "suggestion_id": suggestion["run_id"] });
    let accepted = owner.accepted("accept-suggestion", accept.clone()).await;
    assert_eq!(accepted["result"]["standing"], "accepted");
    owner
        .command("accept-suggestion", accept)
        .await
        .refused(409, "suggestion-settled");
    app.settle().await;
    let after = tests::inbox::thread(&app, text(&thread, "thread_id")).await;
    assert_eq!(last_answer(&after), suggested);
    assert!(after["suggestion"].is_null());
    let thread = visitor.say("And on Friday?").await;
    let edit = json!({ "suggestion_id": thread["suggestion"]["run_id"], "content": "Any time.", "sender_type": "human", "sender_id": "kim" });
    app.tenant
        .agent
        .command("accept-suggestion", edit.clone())
        .await
        .refused(403, "sender-type-forbidden");
    let edited = owner.accepted("accept-suggestion", edit).await;
    assert_eq!(edited["result"]["standing"], "edited");
    let thread = visitor.say("Friday at 6pm then").await;
    let dismiss = json!({ "suggestion_id": thread["suggestion"]["run_id"] });
    owner.accepted("dismiss-suggestion", dismiss).await;
    app.settle().await;
    let agents = owner.items("agents").await;
    let counts =
        ["accepted", "edited", "dismissed", "suggested"].map(|name| agents[0][name].as_i64());
    assert_eq!(counts, [Some(1), Some(1), Some(1), Some(3)]);
    let rate = agents[0]["acceptance_rate"].as_f64().unwrap();
    assert!((rate - 1.0 / 3.0).abs() < 1e-9, "{agents:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_proposes_what_would_make_it_true_and_changes_nothing() {
    let app = open("suggest").await;
    let owner = &app.tenant.owner;
    let visitor = Visitor::of(&app, "visitor-1");
    let date = given::day(0);
    let all = format!(
        "Book 10 adults on {date} at 6pm, {ADDRESS}. My name is Ada Lovelace, {}, 213 555 0142",
        given::email("Ada")
    );
    let thread = visitor.say(&all).await;
    let suggestion = &thread["suggestion"];
    assert!(
        text(suggestion, "content").starts_with("We can do that"),
        "{suggestion}"
    );
    assert!(owner.items("bookings").await.is_empty());
    let action = &suggestion["actions"][0];
    assert_eq!(action["command"], "create-booking");
    owner
        .accepted("create-booking", action["body"].clone())
        .await;
    let late = json!({ "suggestion_id": suggestion["run_id"] });
    visitor.write("Wait!").await;
    owner
        .command("accept-suggestion", late)
        .await
        .refused(409, "reply-collision");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn during_its_hours_a_business_may_want_suggestions_only() {
    let app = open("auto").await;
    let owner = &app.tenant.owner;
    let days = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let hours = days.map(|day| (day.to_owned(), json!([{ "from": "00:00", "to": "00:00" }])));
    let hours = serde_json::Map::from_iter(hours);
    let always = json!({ "assistant": { "answers": "off_hours", "hours": hours } });
    owner.accepted("update-settings", always).await;
    let thread = Visitor::of(&app, "visitor-1").say("Hi there").await;
    assert_eq!(last_answer(&thread), "");
    assert!(text(&thread["suggestion"], "content").contains("Fire & Rice"));
    let run = &runs(&app, &thread).await[0];
    assert_eq!(
        (&run["ai_mode"], &run["engine"]["settings_version"]),
        (&json!("suggest"), &json!(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyword_or_a_thread_without_the_assistant_starts_no_run() {
    let app = open("off").await;
    let thread = Visitor::of(&app, "visitor-1").say("Book Friday").await;
    assert!(runs(&app, &thread).await.is_empty());
    let wrong = json!({ "suggestion_id": "0199b0c2-5b7e-7d31-9c5e-3f2a1b4c5d6f" });
    let owner = &app.tenant.owner;
    owner
        .command("accept-suggestion", wrong.clone())
        .await
        .refused(404, "suggestion-not-found");
    owner
        .command("finish-assistant-run", wrong)
        .await
        .refused(404, "command-unknown");
}
