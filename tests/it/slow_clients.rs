//! Clients that take more than they need: slow heads and bodies, large heads, many connections, many who sign in at once.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use server::connections::ClientLimits;
use tests::app::TestApp;
use tests::people::Browser;
use tests::scale;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long anything that is to be cut may last.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long clients have; those who are in no way slow need less, on a busy machine too.
const SHORT: Duration = Duration::from_secs(2);
/// Attackers at once, in the short form; the long form has 500.
const MANY: usize = 100;

async fn connect(app: &TestApp) -> TcpStream {
    let address = app.base_url.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// All that comes until the other side ends the connection, which must not take long.
async fn until_cut(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let reading = stream.read_to_end(&mut said);
    // A connection that is reset has been cut too.
    let cut = tokio::time::timeout(PATIENCE, reading).await;
    assert!(
        cut.is_ok(),
        "it was not cut: {}",
        String::from_utf8_lossy(&said)
    );
    String::from_utf8_lossy(&said).into_owned()
}

fn hurried(limits: &mut ClientLimits) {
    limits.head = SHORT;
    limits.body = SHORT;
    limits.keep_alive = SHORT;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_and_bodies_are_cut_while_others_are_served() {
    let app = TestApp::start_public(|plan| hurried(&mut plan.client_limits)).await;
    let key = &app.tenant.owner.key;
    let mut slow = Vec::new();
    for _ in 0..scale::size(MANY, 5 * MANY) {
        let mut stream = connect(&app).await;
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            .await
            .unwrap();
        slow.push(stream);
    }
    let mut later = connect(&app).await;
    later
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nX-Slow: ")
        .await
        .unwrap();
    let mut body = connect(&app).await;
    let head = format!(
        "POST /commands/add-note HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: k\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"text\":"
    );
    body.write_all(head.as_bytes()).await.unwrap();
    let mut form = connect(&app).await;
    let head = "POST /auth/oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                Content-Length: 100\r\n\r\ngrant_type=";
    form.write_all(head.as_bytes()).await.unwrap();

    for _ in 0..20 {
        // Each on a connection of its own: one that was kept may be over by now.
        let client = tests::client::Client::new(&app.base_url, key);
        assert_eq!(client.query("bookings").await.status, 200);
    }
    for stream in &mut slow {
        let said = until_cut(stream).await;
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 408"),
            "{said}"
        );
    }
    let said = until_cut(&mut later).await;
    assert!(
        said.starts_with("HTTP/1.1 200"),
        "the first was answered: {said}"
    );
    for stream in [&mut body, &mut form] {
        let said = until_cut(stream).await;
        assert!(
            said.starts_with("HTTP/1.1 408") && said.contains("body-too-slow"),
            "{said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_lasts_is_not_cut() {
    let app = TestApp::start_public(|plan| hurried(&mut plan.client_limits)).await;
    let request = app
        .tenant
        .owner
        .request(Method::GET, "/stream?topics=bookings");
    let mut stream = request.send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let mut slow = connect(&app).await;
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET")
        .await
        .unwrap();
    until_cut(&mut slow).await;
    let order =
        tests::given::order_without_deposit("Ada", &tests::given::day(0), tests::given::SLOT);
    tests::given::chef(&app.tenant.owner, "Kenji").await;
    tests::given::booking(&app.tenant.owner, order).await;
    let mut told = String::new();
    while !told.contains("event: bookings") {
        let chunk = tokio::time::timeout(PATIENCE, stream.chunk())
            .await
            .expect("it is told");
        told.push_str(&String::from_utf8_lossy(
            &chunk.unwrap().expect("it goes on"),
        ));
    }
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_so_many_connections_and_gets_them_back() {
    const MOST: usize = 12;
    let app = TestApp::start_public(|plan| plan.client_limits.per_neighbour = MOST).await;
    let mut held = Vec::new();
    for _ in 0..2 * MOST {
        held.push(connect(&app).await);
    }
    // Whoever is one too many is cut as soon as the server has seen it.
    tests::wait::until("those who are too many are cut", async || {
        let is_cut = |stream: &&TcpStream| matches!(stream.try_read(&mut [0; 1]), Ok(0));
        (held.iter().filter(is_cut).count() >= MOST).then_some(())
    })
    .await;
    let mut refused = 0;
    for stream in &mut held {
        let asked = stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await;
        let said = match asked {
            Ok(()) => until_cut(stream).await,
            Err(_) => String::new(),
        };
        refused += usize::from(said.is_empty());
    }
    // The test's own client may hold some of the places.
    assert!((MOST..2 * MOST).contains(&refused), "{refused}");
    drop(held);
    tests::wait::until("places are free again", async || {
        let mut stream = connect(&app).await;
        let asked = stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await;
        let said = match asked {
            Ok(()) => until_cut(&mut stream).await,
            Err(_) => String::new(),
        };
        said.starts_with("HTTP/1.1 200").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_head_is_refused_by_its_own_status() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let with = |bytes: usize| {
        owner
            .request(Method::GET, "/queries/bookings")
            .header("x-large", "x".repeat(bytes))
    };
    assert_eq!(owner.send(with(12 * 1024)).await.status, 200);
    owner
        .send(with(17 * 1024))
        .await
        .refused(431, "headers-too-large");
    let mut stream = connect(&app).await;
    let head = format!(
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: {}",
        "x".repeat(200 * 1024)
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let said = until_cut(&mut stream).await;
    assert!(
        said.is_empty() || said.starts_with("HTTP/1.1 431"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_sign_in_at_once_do_not_keep_others_from_working() {
    let app = TestApp::start().await;
    let browser = Browser::at(&app);
    let crowd = (0..200).map(|number| {
        let request = browser.request(Method::POST, "/auth/sign-in");
        let request = request
            .header("x-forwarded-for", format!("198.51.100.{number}"))
            .json(
                &json!({ "email": format!("{number}@example.test"), "password": "not-what-it-is" }),
            );
        browser.send(request)
    });
    let crowd = futures_util::future::join_all(crowd);
    let work = async {
        for _ in 0..20 {
            assert_eq!(app.tenant.owner.query("bookings").await.status, 200);
            let customer = tests::given::customer(&app.tenant.owner, "Ada").await;
            assert!(!customer.is_empty());
        }
    };
    let (replies, ()) = tokio::join!(crowd, work);
    let count = |status: u16, code: &str| {
        let fits =
            |reply: &&tests::client::Reply| reply.status == status && reply.text.contains(code);
        replies.iter().filter(fits).count()
    };
    let (hashed, busy) = (count(401, "credentials-wrong"), count(429, "sign-in-busy"));
    assert_eq!(hashed + busy, 200);
    assert!(
        hashed >= 21 && busy > 0,
        "{hashed} were looked at, {busy} turned away"
    );
}
