//! Mails that people write to a business whose mail Resend receives: kept under an id, told by a webhook without their text,
//! and given out to whoever asks for them with the account's key.

use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::json;

use crate::sandbox::entries::{Entry, Event, Mail};
use crate::sandbox::mailbox;
use crate::sandbox::pages;
use crate::sandbox::providers::Provider;
use crate::sandbox::smtp::BOOKING_HEADER;
use crate::sandbox::store::{Shared, new_id, now_unix};

/// The largest mail that a test orders.
const MAIL_LIMIT_BYTES: usize = 1024 * 1024;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/sandbox/arrivals", web::post().to(receive_mail))
        .route("/resend/emails/receiving/{id}", web::get().to(find_mail))
        .route("/resend/raw/{id}", web::get().to(download_mail));
}

#[derive(Deserialize)]
struct Arrival {
    /// The account's key.
    account: String,
    /// The whole mail, as it comes over the wire.
    raw: String,
}

/// A person writes, ordered by a test.
async fn receive_mail(shared: web::Data<Shared>, order: web::Json<Arrival>) -> HttpResponse {
    let Arrival { account, raw } = order.into_inner();
    if raw.len() > MAIL_LIMIT_BYTES {
        let detail = format!("a mail has at most {MAIL_LIMIT_BYTES} bytes");
        return HttpResponse::BadRequest().json(json!({ "detail": detail }));
    }
    let id = uuid::Uuid::new_v4().to_string();
    let answer = json!({ "id": id });
    let written = shared
        .transact(move |store| {
            let account = Provider::Resend.account_id(&account);
            let (message_id, subject, booking) = mailbox::summary(raw.as_bytes(), BOOKING_HEADER);
            let state = store.state();
            let body =
                json!({"type": "email.received", "data": {"email_id": id, "subject": subject}});
            let event = Entry::Event(Event {
                id: new_id("msg"),
                account: account.clone(),
                event_type: "email.received".to_owned(),
                booking: booking.clone(),
                body: body.to_string(),
                endpoints: state.endpoints_of(Provider::Resend.name(), &account),
                url: None,
            });
            let mail = Entry::Mail(Mail {
                number: state.mail_count + 1,
                at: now_unix(),
                from: String::new(),
                to: Vec::new(),
                message_id,
                subject,
                booking,
                raw: BASE64_STANDARD.encode(&raw),
                id: Some(id),
            });
            store.commit(vec![mail, event])
        })
        .await;
    match written {
        Ok(()) => HttpResponse::Ok().json(answer),
        Err(error) => pages::failed(&error),
    }
}

/// `GET /emails/receiving/{id}`
async fn find_mail(
    request: HttpRequest,
    shared: web::Data<Shared>,
    id: web::Path<String>,
) -> HttpResponse {
    let is_signed_in = request.headers().get("authorization").is_some_and(|value| {
        value
            .to_str()
            .is_ok_and(|value| value.starts_with("Bearer re_"))
    });
    if !is_signed_in {
        return HttpResponse::Unauthorized().json(
            json!({"statusCode": 401, "name": "missing_api_key", "message": "Missing API Key"}),
        );
    }
    let address = {
        let place = request.connection_info();
        format!("{}://{}/resend/raw/{id}", place.scheme(), place.host())
    };
    match find(&shared, &id).await {
        Some(mail) => HttpResponse::Ok().json(
            json!({"object": "email", "id": mail.id, "subject": mail.subject,
            "text": null, "html": null, "raw": {"download_url": address}}),
        ),
        None => unknown(),
    }
}

async fn download_mail(shared: web::Data<Shared>, id: web::Path<String>) -> HttpResponse {
    let found = find(&shared, &id).await;
    match found.and_then(|mail| BASE64_STANDARD.decode(&mail.raw).ok()) {
        Some(raw) => HttpResponse::Ok().content_type("message/rfc822").body(raw),
        None => unknown(),
    }
}

async fn find(shared: &web::Data<Shared>, id: &str) -> Option<Mail> {
    let id = id.to_owned();
    let found = shared
        .transact(move |store| {
            let mut mails = store.state().mails.iter();
            Ok(mails
                .find(|mail| mail.id.as_deref() == Some(id.as_str()))
                .cloned())
        })
        .await;
    found.ok().flatten()
}

fn unknown() -> HttpResponse {
    HttpResponse::NotFound()
        .json(json!({"statusCode": 404, "name": "not_found", "message": "Email not found"}))
}
