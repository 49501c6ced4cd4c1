//! People who sign in: with a cookie, from a page of ours, and with a device that shows codes.

use std::sync::{Arc, Mutex, PoisonError};

use identity::accounts::Accounts;
use identity::people::Rights;
use identity::roles::Role;
use identity::second_factors;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::app::TestApp;
use crate::client::{Client, Reply};
use crate::tenants::Tenant;

pub const PASSWORD: &str = "quiet-otter-42-stairs";
/// A step of the device's clock.
const STEP: Duration = Duration::seconds(30);

/// A browser: it keeps the newest cookie, and says that requests come from our own pages.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    cookie: Arc<Mutex<Option<String>>>,
}

/// A device that shows codes; none is used twice.
pub struct Device {
    pub secret: String,
    used_until: OffsetDateTime,
}

impl Browser {
    /// One that is at this program, and has no cookie.
    pub fn at(app: &TestApp) -> Self {
        Self {
            client: Client::new(&app.base_url, ""),
            cookie: Arc::default(),
        }
    }

    /// A request with the cookie, as from a page of ours.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.foreign(method, path);
        request.header("sec-fetch-site", "same-origin")
    }

    /// A request with the cookie that does not say where it comes from.
    pub fn foreign(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.anonymous(method, path);
        match self.cookie() {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Reply {
        let reply = self.client.send(request).await;
        if let Some(cookie) = reply.header("set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default().to_owned();
            *self.cookie.lock().unwrap_or_else(PoisonError::into_inner) = Some(pair);
        }
        reply
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::POST, path).json(&body))
            .await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Sends a command under a fresh key.
    pub async fn command(&self, name: &str, body: Value) -> Reply {
        let key = uuid::Uuid::new_v4().to_string();
        let request = self.request(Method::POST, &format!("/commands/{name}"));
        self.send(request.header("idempotency-key", key).json(&body))
            .await
    }

    /// `name=token`, as it would be sent.
    pub fn cookie(&self) -> Option<String> {
        self.cookie
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub fn set_cookie(&self, cookie: Option<String>) {
        *self.cookie.lock().unwrap_or_else(PoisonError::into_inner) = cookie;
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Reply {
        self.post(
            "/auth/sign-in",
            json!({ "email": email, "password": password }),
        )
        .await
    }
}

impl Device {
    pub fn new(secret: &str) -> Self {
        Self {
            secret: secret.to_owned(),
            // The step after this one is good too, so two codes in a row can be shown without waiting.
            used_until: OffsetDateTime::now_utc() - STEP,
        }
    }

    /// A code that was not shown before, of a step that is good about now.
    pub fn code(&mut self) -> String {
        self.used_until += STEP;
        let latest = OffsetDateTime::now_utc() + STEP;
        assert!(
            self.used_until <= latest,
            "a test may use two codes of one device"
        );
        self.code_again()
    }

    /// The last code once more.
    pub fn code_again(&self) -> String {
        second_factors::code_at(&self.secret, self.used_until).expect("the secret is good")
    }
}

/// Somebody with this role and the usual password, who has a device.
pub async fn enrolled(app: &TestApp, tenant: &Tenant, email: &str, role: Role) -> Device {
    let secret = second_factors::new_secret().expect("a secret");
    enter(app, tenant, email, role, Some(&secret)).await;
    Device::new(&secret)
}

/// Somebody with this role and the usual password alone.
pub async fn enter(
    app: &TestApp,
    tenant: &Tenant,
    email: &str,
    role: Role,
    secret: Option<&str>,
) -> String {
    let accounts = Accounts::new(app.store.clone());
    let person = (email, "Ada Example", Rights::of(role));
    let entered = accounts.enter(&tenant.id, person, (PASSWORD, secret)).await;
    entered.expect("somebody can be entered")
}

/// A browser in which somebody has signed in, with the second factor if they have a device.
pub async fn signed_in(app: &TestApp, email: &str, device: Option<&mut Device>) -> Browser {
    let browser = Browser::at(app);
    let reply = browser.sign_in(email, PASSWORD).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    if let Some(device) = device {
        let reply = browser
            .post("/auth/second-factor", json!({ "code": device.code() }))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    browser
}
