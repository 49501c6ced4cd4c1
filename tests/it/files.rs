//! Files that come with mails are kept, sealed, and given to whoever may see what customers write.

use identity::principals::PrincipalKind;
use identity::roles::Role;
use reqwest::Method;
use serde_json::json;
use tests::app::TestApp;
use tests::given::text;
use tests::wait;

const SECRET: &str = "whsec_c2VjcmV0IG9mIGEgdGVzdCBvZiBmaWxlcw==";
const MAIL: &str = "From: Ada <ada@example.test>\r\nTo: hello@fire.example\r\nSubject: The garden\r\n\
    Message-ID: <garden@example.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain\r\n\r\nHere it is.\r\n\
    --b\r\nContent-Type: text/html; name=\"garden.html\"\r\nContent-Transfer-Encoding: base64\r\n\
    Content-Disposition: attachment; filename=\"garden.html\"\r\n\r\nPHA+UGVyZ29sYTwvcD4=\r\n--b--\r\n";
const CONTENT: &str = "<p>Pergola</p>";

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_resend_receives_is_fetched_with_its_files() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let secrets = json!({ "api_key": "re_files", "webhook_secret": SECRET });
    let body = json!({ "provider": "resend", "secrets": secrets });
    owner.accepted("configure-provider", body).await;
    let url = format!("{}/webhooks/{}/resend", app.base_url, app.tenant.slug);
    let order = json!({ "provider": "resend", "account": "re_files", "url": url, "secret": SECRET, "number": "+12015550100" });
    app.providers.post("/sandbox/webhooks", &order).await;
    let arrival = json!({ "account": "re_files", "raw": MAIL });
    app.providers.post("/sandbox/arrivals", &arrival).await;
    let thread = wait::until("the mail is in the inbox", async || {
        let threads = owner.items("inbox").await;
        threads
            .into_iter()
            .find(|thread| thread["last_message"] == "Here it is.")
    })
    .await;
    let shown = owner
        .item(&format!("thread?id={}", text(&thread, "thread_id")))
        .await;
    let url = text(&shown["messages"][0]["attachments"][0], "url").to_owned();
    let content = wait::until("the file is kept", async || {
        let reply = owner.get(&url).await;
        (reply.status == 200).then_some(reply.text)
    })
    .await;
    assert_eq!(content, CONTENT);
}

async fn post(app: &TestApp) {
    let path = format!("/webhooks/{}/email", app.tenant.slug);
    let request = app.tenant.owner.anonymous(Method::POST, &path);
    let request = request.bearer_auth(SECRET).body(MAIL);
    let reply = app.tenant.owner.send(request).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_mail_is_kept_sealed_and_shown_in_its_thread() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let body = json!({ "provider": "email", "secrets": { "webhook_secret": SECRET } });
    owner.accepted("configure-provider", body).await;
    for _ in 0..2 {
        post(&app).await;
    }
    let thread = wait::until("the mail is in the inbox", async || {
        let threads = owner.items("inbox").await;
        threads
            .into_iter()
            .find(|thread| thread["last_message"] == "Here it is.")
    })
    .await;
    wait::until("the file is kept", async || {
        (app.count("select count(*) from message_files").await == 1).then_some(())
    })
    .await;
    let shown = owner
        .item(&format!("thread?id={}", text(&thread, "thread_id")))
        .await;
    let file = &shown["messages"][0]["attachments"][0];
    assert_eq!(
        (&file["name"], &file["content_type"], &file["size_bytes"]),
        (
            &json!("garden.html"),
            &json!("text/html"),
            &json!(CONTENT.len())
        )
    );
    let url = text(file, "url");
    let reply = owner.get(url).await;
    assert_eq!((reply.status, reply.text.as_str()), (200, CONTENT));
    for (header, value) in [
        ("content-type", "text/html"),
        ("content-disposition", "attachment"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
    ] {
        assert_eq!(reply.header(header), Some(value));
    }
    let leaks =
        "select count(*) from message_files where encode(sealed, 'escape') like '%Pergola%'";
    assert_eq!(app.count(leaks).await, 0);
    let viewer = app.client(PrincipalKind::Person, Role::Viewer).await;
    viewer.get(url).await.refused(403, "permission-missing");
    let another = app.another_tenant("moon-and-tide").await;
    another.owner.get(url).await.refused(404, "file-not-found");
    let stranger = owner.send(owner.anonymous(Method::GET, url)).await;
    assert_eq!(stranger.status, 401);
}
