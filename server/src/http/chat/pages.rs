//! The widget that a page embeds with one script tag, and a page of our own that embeds it.

use actix_web::{HttpRequest, HttpResponse, web};

use super::callers::Caller;
use crate::app::App;
use crate::http::problems;

const WIDGET: &str = include_str!("widget.js");
const PAGE: &str = include_str!("page.html");
/// How long browsers keep the widget.
const WIDGET_CACHE: &str = "public, max-age=300";
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /chat/widget.js`
pub async fn get_widget() -> problems::Answer {
    Ok(HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header(("cache-control", WIDGET_CACHE))
        .insert_header(("cross-origin-resource-policy", "cross-origin"))
        .body(WIDGET))
}

/// `GET /chat/{tenant}`: where one can play the customer.
pub async fn get_page(
    app: web::Data<App>,
    request: HttpRequest,
    slug: web::Path<String>,
) -> problems::Answer {
    Caller::admit(&app, &request, &slug).await?;
    // A slug of a tenant that is there holds no markup.
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("content-security-policy", PAGE_POLICY))
        .body(PAGE.replace("{tenant}", &slug)))
}
