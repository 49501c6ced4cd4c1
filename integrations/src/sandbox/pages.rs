//! The sandbox's pages: server-rendered, one style, no script, nothing loaded from elsewhere. What strangers wrote is
//! escaped by the templates and, where it is HTML, shut into a sandboxed frame.

use std::io;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpResponse, web};
use minijinja::value::Serde;
use minijinja::{Environment, Error, UndefinedBehavior, Value, context};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::sandbox::entries::{Endpoint, Session, SessionStatus};
use crate::sandbox::lines::Line;
use crate::sandbox::state::State;
use crate::sandbox::store::{Shared, now_unix};

const TEMPLATES: [(&str, &str); 9] = [
    ("style.css", include_str!("templates/style.css")),
    ("page.html", include_str!("templates/page.html")),
    ("index.html", include_str!("templates/index.html")),
    ("checkout.html", include_str!("templates/checkout.html")),
    ("notice.html", include_str!("templates/notice.html")),
    ("mailbox.html", include_str!("templates/mailbox.html")),
    ("mail.html", include_str!("templates/mail.html")),
    ("phones.html", include_str!("templates/phones.html")),
    ("phone.html", include_str!("templates/phone.html")),
];
/// No scripts, nothing from elsewhere, never in somebody's frame.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; \
     base-uri 'none'; frame-ancestors 'none'";
const TIME: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
/// Lines of each list on the first page.
const RECENT_LIMIT: usize = 15;
/// Currencies without a minor unit that Stripe charges in whole units.
const WHOLE_UNIT_CURRENCIES: [&str; 15] = [
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
    "xof", "xpf",
];

pub(super) fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("when", when);
    environment.add_filter("money", money);
    environment.add_filter("short", short);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

/// Renders one page with the headers that all of them have.
pub(super) fn respond(
    pages: &Environment<'_>,
    status: StatusCode,
    template: &str,
    values: Value,
) -> HttpResponse {
    let rendered = pages
        .get_template(template)
        .and_then(|template| template.render(values));
    match rendered {
        Ok(body) => HttpResponse::build(status)
            .insert_header(ContentType::html())
            .insert_header((CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((REFERRER_POLICY, "no-referrer"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(body),
        Err(error) => failed(&io::Error::other(error)),
    }
}

/// One message and a way back.
pub(super) fn notice(
    pages: &Environment<'_>,
    status: StatusCode,
    title: &str,
    text: &str,
) -> HttpResponse {
    respond(pages, status, "notice.html", context! { title, text })
}

pub(super) fn failed(error: &io::Error) -> HttpResponse {
    tracing::error!(%error, "the sandbox failed");
    HttpResponse::InternalServerError().body("The sandbox failed; its log says why.")
}

/// `GET /`
pub(super) async fn index(shared: web::Data<Shared>) -> HttpResponse {
    let overview = shared
        .transact(|store| {
            store.expire_due()?;
            Ok(overview(store.state()))
        })
        .await;
    match overview {
        Ok(overview) => respond(&shared.pages, StatusCode::OK, "index.html", overview),
        Err(error) => failed(&error),
    }
}

fn overview(state: &State) -> Value {
    let mut open: Vec<&Session> = state
        .sessions
        .values()
        .filter(|session| matches!(session.status, SessionStatus::Open | SessionStatus::Pending))
        .collect();
    open.sort_by_key(|session| std::cmp::Reverse(session.created));
    open.truncate(RECENT_LIMIT);
    let endpoints: Vec<EndpointRow<'_>> = state.endpoints.values().map(EndpointRow::from).collect();
    let lines: Vec<&Line> = state
        .lines
        .iter()
        .rev()
        .filter(|line| !matches!(line.kind, "answer" | "event" | "delivery"))
        .take(RECENT_LIMIT)
        .collect();
    context! {
        title => "Sandbox",
        sessions => state.sessions.len(),
        charges => state.charges.len(),
        refunds => state.refunds.len(),
        disputes => state.disputes.len(),
        mails => state.mail_count,
        texts => state.texts.len(),
        waiting => state.pending.len(),
        now => now_unix() + state.clock_offset_seconds,
        offset => state.clock_offset_seconds,
        open => Value::from(Serde(open)),
        endpoints => Value::from(Serde(endpoints)),
        lines => Value::from(Serde(lines)),
    }
}

/// An endpoint without its secret.
#[derive(Serialize)]
struct EndpointRow<'a> {
    provider: &'a str,
    account: &'a str,
    url: &'a str,
}

impl<'a> From<&'a Endpoint> for EndpointRow<'a> {
    fn from(endpoint: &'a Endpoint) -> EndpointRow<'a> {
        EndpointRow {
            provider: &endpoint.provider,
            account: &endpoint.account,
            url: &endpoint.url,
        }
    }
}

fn when(unix: i64) -> String {
    OffsetDateTime::from_unix_timestamp(unix)
        .ok()
        .and_then(|time| time.format(TIME).ok())
        .unwrap_or_else(|| unix.to_string())
}

/// At most so many characters, with an ellipsis in the place of what is left out.
fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `10000`, `usd` → `$100.00`.
pub(super) fn money(amount: i64, currency: &str) -> String {
    let figure = if WHOLE_UNIT_CURRENCIES.contains(&currency) {
        amount.to_string()
    } else {
        format!("{}.{:02}", amount / 100, amount % 100)
    };
    match currency {
        "usd" => format!("${figure}"),
        "eur" => format!("€{figure}"),
        "gbp" => format!("£{figure}"),
        "jpy" => format!("¥{figure}"),
        other => format!("{figure} {}", other.to_ascii_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::{environment, money, when};

    #[test]
    fn money_and_time_are_written_for_people() {
        assert_eq!(money(10_005, "usd"), "$100.05");
        assert_eq!(money(500, "jpy"), "¥500");
        assert_eq!(money(1, "chf"), "0.01 CHF");
        assert_eq!(when(1_773_511_200), "2026-03-14 18:00:00 UTC");
    }

    #[test]
    fn what_strangers_wrote_is_escaped() {
        let page = environment()
            .unwrap()
            .get_template("notice.html")
            .unwrap()
            .render(context! { title => "<script>", text => "\"><b>" })
            .unwrap();
        assert!(
            !page.contains("<script>") && !page.contains("<b>"),
            "{page}"
        );
    }
}
