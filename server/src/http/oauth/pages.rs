//! The pages that a person sees between a program and its answer: sign in, say yes or no. Plain forms without a script; their
//! policy lets in one style by its hash, and lets the form lead to us and to the client alone.

use std::fmt::Write;
use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::oauth::redirects;
use sha2::{Digest, Sha256};

use super::asked::{Asked, Parameters};
use crate::http::docs::escape;

const STYLE: &str = include_str!("page.css");

static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE.as_bytes())));

/// Who is signed in, as the page shows it.
pub struct Shown<'a> {
    pub name: &'a str,
    pub email: &'a str,
    pub business: &'a str,
}

/// Asks for e-mail address, password and code; then it goes on where it was.
pub fn sign_in(query: &str, said: Option<&str>) -> HttpResponse {
    let said = said.map_or(String::new(), |said| {
        format!("<p class=\"said\" role=\"alert\">{}</p>", escape(said))
    });
    let body = format!(
        "<h1>Sign in to Rapport</h1><p>A program asks to work for you. Sign in first; you are asked before it may do \
         anything.</p>{said}<form method=\"post\" action=\"/auth/oauth/sign-in\"><input type=\"hidden\" name=\"asked\" \
         value=\"{}\"><label>E-mail<input name=\"email\" type=\"email\" autocomplete=\"username\" required autofocus></label>\
         <label>Password<input name=\"password\" type=\"password\" autocomplete=\"current-password\" required></label>\
         <label>Code of your app, if you have one<input name=\"code\" autocomplete=\"one-time-code\"></label>\
         <button class=\"main\">Sign in</button></form>",
        escape(query)
    );
    page(StatusCode::OK, "Sign in", &body, "")
}

/// Asks whether the program may.
pub fn consent(asked: &Asked, parameters: &Parameters, shown: &Shown<'_>) -> HttpResponse {
    let name = match asked.asker.name.is_empty() {
        true => "A program",
        false => &asked.asker.name,
    };
    let origin = match &asked.asker.described_at {
        Some(host) => format!(
            "It says that it belongs to <b>{}</b>. Nobody has checked its name.",
            escape(host)
        ),
        None => "Your business has registered it.".to_owned(),
    };
    let mut body = format!(
        "<h1>{} asks to work for you</h1><p>{origin} Your answer goes to <b>{}</b>.</p><p class=\"who\">You are {} ({}), at \
         {}.</p><form method=\"post\" action=\"/auth/oauth/consent\">{}<fieldset><legend>It may</legend>",
        escape(name),
        escape(&redirects::place(&asked.back.redirect_uri)),
        escape(shown.name),
        escape(shown.email),
        escape(shown.business),
        hidden(parameters),
    );
    for scope in asked.scopes.iter() {
        // Writing to a String cannot fail.
        let _ = write!(
            body,
            "<label class=\"choice\"><input type=\"checkbox\" name=\"grant.{scope}\" value=\"yes\" checked>{}</label>",
            escape(scope.words())
        );
    }
    body.push_str(
        "</fieldset><p>It can never do more than you can, and what is grave needs a person's approval. You can end this at \
         any time.</p><div class=\"row\"><button class=\"main\" name=\"decision\" value=\"allow\">Allow</button><button \
         name=\"decision\" value=\"deny\">Do not allow</button></div></form>",
    );
    let target = redirects::policy_source(&asked.back.redirect_uri);
    page(StatusCode::OK, "Allow a program", &body, &target)
}

/// Says why nothing can be asked.
pub fn problem(status: StatusCode, detail: &str) -> HttpResponse {
    let body = format!(
        "<h1>This cannot be asked of you</h1><p class=\"said\">{}</p><p>Nothing was granted, and nothing was sent. Go back to \
         the program and begin anew; if this comes again, tell whoever runs it.</p>",
        escape(detail)
    );
    page(status, "Not possible", &body, "")
}

fn hidden(parameters: &Parameters) -> String {
    let all = [
        ("response_type", &parameters.response_type),
        ("client_id", &parameters.client_id),
        ("redirect_uri", &parameters.redirect_uri),
        ("state", &parameters.state),
        ("scope", &parameters.scope),
        ("resource", &parameters.resource),
        ("code_challenge", &parameters.code_challenge),
        ("code_challenge_method", &parameters.code_challenge_method),
    ];
    let given = all
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_ref()?)));
    given.fold(String::new(), |mut inputs, (name, value)| {
        let _ = write!(
            inputs,
            "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
            escape(value)
        );
        inputs
    })
}

fn page(status: StatusCode, title: &str, body: &str, form_target: &str) -> HttpResponse {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self' {form_target}; base-uri 'none'; frame-ancestors 'none'",
        *STYLE_HASH
    );
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header(("content-security-policy", policy))
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-frame-options", "DENY"))
        .body(format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width,initial-scale=1\"><title>{title} · Rapport</title><style>{STYLE}</style></head>\
             <body><main>{body}</main></body></html>"
        ))
}
