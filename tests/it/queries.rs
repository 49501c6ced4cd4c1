//! The contract of queries: pages, filters, unknown parameters, entity tags, CSV, and reading one's own writes.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given;

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_everything_once_and_in_order() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    for number in 0..7 {
        given::customer(owner, &format!("Guest{number}")).await;
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner
            .query(&format!("customers?limit=3&sort=created_at{cursor}"))
            .await
            .ok();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3 && !items.is_empty());
        names.extend(
            items
                .iter()
                .map(|item| given::text(item, "first_name").to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let expected: Vec<String> = (0..7).map(|number| format!("Guest{number}")).collect();
    assert_eq!(names, expected);
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_list_or_hand_is_refused() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    for name in ["Ada", "Bob"] {
        given::customer(owner, name).await;
    }
    let page = owner.query("customers?limit=1").await.ok();
    let cursor = given::text(&page, "next_cursor");
    owner
        .query(&format!("bookings?cursor={cursor}"))
        .await
        .refused(400, "cursor-invalid");
    owner
        .query(&format!("customers?sort=last_name&cursor={cursor}"))
        .await
        .refused(400, "cursor-invalid");
    owner
        .query("customers?cursor=nonsense")
        .await
        .refused(400, "cursor-invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_unsound_parameters_are_refused_all_at_once() {
    let app = TestApp::start().await;
    let reply = app
        .tenant
        .owner
        .query("bookings?colour=red&limit=1000&status=happy&flagged=maybe")
        .await;
    let refusal = reply.refused(400, "parameters-invalid");
    assert_eq!(refusal["errors"].as_array().unwrap().len(), 4, "{refusal}");
    assert!(
        reply.pointers().contains(&"/colour".to_owned()),
        "{refusal}"
    );
    let twice = app.tenant.owner.query("bookings?limit=1&limit=2").await;
    assert_eq!(twice.status, 400, "{}", twice.text);
    app.tenant
        .owner
        .query("horoscopes")
        .await
        .refused(404, "query-not-found");
    app.tenant
        .owner
        .query("booking?id=nothing")
        .await
        .refused(404, "booking-not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_not_sent_again() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let id = given::customer(owner, "Ada").await;
    let first = owner.query("customers").await;
    let tag = first.header("etag").unwrap().to_owned();
    let ask = || {
        owner
            .request(Method::GET, "/queries/customers")
            .header("if-none-match", &tag)
    };
    let same = owner.send(ask()).await;
    assert_eq!((same.status, same.text.as_str()), (304, ""));
    owner
        .accepted("tag-customer", json!({ "customer_id": id, "tag": "vip" }))
        .await;
    let changed = owner
        .send(ask().header("x-read-after", owner.position().unwrap()))
        .await;
    assert_eq!(changed.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_found_by_their_ids_and_taken_away_as_a_file() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let mut ids = Vec::new();
    for name in ["Ada", "Bob", "Cleo"] {
        ids.push(given::customer(owner, name).await);
    }
    app.catch_up().await;
    let chosen = format!("customers?ids={},{}", ids[0], ids[2]);
    let found = owner.items(&format!("{chosen}&sort=created_at")).await;
    let found: Vec<&str> = found
        .iter()
        .map(|row| given::text(row, "customer_id"))
        .collect();
    assert_eq!(found, [ids[0].as_str(), ids[2].as_str()]);
    let of_two = owner.items(&format!("{chosen}&search=cleo")).await;
    assert_eq!(of_two.len(), 1, "{of_two:?}");
    let request = owner.request(Method::GET, &format!("/queries/{chosen}"));
    let csv = owner.send(request.header("accept", "text/csv")).await;
    assert_eq!(csv.text.lines().count(), 3, "{}", csv.text);
    let many = vec!["x"; 201].join(",");
    let refused = owner.query(&format!("customers?ids={many}")).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(refused.text.contains("ids-too-many"), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_as_csv_is_safe_to_open_in_a_spreadsheet() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    for (number, name) in ["=1+1", "+SUM(A1)", "@cmd", "-2", "\t=2"]
        .iter()
        .enumerate()
    {
        let email = format!("guest{number}@example.test");
        let body = json!({ "source": "web", "first_name": name, "email": email });
        owner.accepted("create-lead", body).await;
    }
    let request = owner
        .request(Method::GET, "/queries/customers")
        .header("accept", "text/csv");
    let reply = owner
        .send(request.header("x-read-after", owner.position().unwrap()))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(
        reply
            .header("content-type")
            .unwrap()
            .starts_with("text/csv")
    );
    assert!(
        reply
            .header("content-disposition")
            .unwrap()
            .contains("customers.csv")
    );
    let rows: Vec<&str> = reply.text.lines().collect();
    assert_eq!(rows.len(), 6, "{}", reply.text);
    assert!(rows[0].starts_with("customer_id,"), "{}", rows[0]);
    let cells = rows[1..]
        .iter()
        .flat_map(|row| row.split(','))
        .map(|cell| cell.trim_start_matches('"'));
    let dangerous: Vec<&str> = cells
        .filter(|cell| cell.starts_with(['=', '+', '@', '-', '\t']))
        .collect();
    assert!(dangerous.is_empty(), "{dangerous:?} in {}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_names_a_position_reads_what_was_written_there() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    for number in 0..20 {
        let name = format!("Guest{number}");
        given::customer(owner, &name).await;
        let found = owner
            .items(&format!("customers?email={}", given::email(&name)))
            .await;
        assert_eq!(found.len(), 1, "round {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_does_not_come_is_answered_with_come_back() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let far = owner
        .request(Method::GET, "/queries/customers")
        .header("x-read-after", "999999999");
    let reply = owner.send(far).await;
    reply.refused(503, "projection-behind");
    assert!(reply.header("retry-after").is_some());
    let odd = owner
        .request(Method::GET, "/queries/customers")
        .header("x-read-after", "soon");
    owner.send(odd).await.refused(400, "header-invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_says_as_of_when_it_is() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::customer(owner, "Ada").await;
    let page = owner.query("customers").await.ok();
    let number = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
    assert!(number(&page["as_of"]) >= number(&json!(owner.position().unwrap())));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_answers_for_a_tenant_without_anything() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let listed = owner.get("/schemas/queries").await.ok();
    let mut seen = 0;
    for query in listed["queries"].as_array().unwrap() {
        let name = given::text(query, "name");
        let parameters = match name {
            "availability" => format!("?date={}", given::day(0)),
            "schedule-board" => format!("?from={}", given::day(0)),
            _ => String::new(),
        };
        let reply = owner.query(&format!("{name}{parameters}")).await;
        let is_list = query["list"] == true;
        // The rest is asked about one thing.
        let expected = if (is_list && name != "import-rows") || name == "tenant" {
            200
        } else {
            400
        };
        assert_eq!(reply.status, expected, "{name}: {}", reply.text);
        seen += 1;
    }
    assert!(seen >= 9, "{listed}");
}
