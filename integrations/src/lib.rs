//! The world outside: one provider is one module over `reqwest` or `lettre`, with its own wire types, a classifier of
//! its answers and a verifier of its webhooks. No word of our business is known here; `sandbox` stands in for them all.

pub mod addresses;
pub mod anthropic;
pub mod audit_witnesses;
pub mod bounces;
mod calls;
pub mod catalogue;
pub mod completions;
pub mod documents;
pub mod form;
pub mod forwarded;
pub mod http;
pub mod inbound_mail;
pub mod mail_news;
pub mod openai;
#[cfg(feature = "oidc")]
pub mod openid;
pub mod outcome;
mod plain_text;
pub mod resend;
pub mod ringcentral;
pub mod sandbox;
pub mod secret;
pub mod senders;
pub mod smtp;
pub mod standard_webhooks;
pub mod stripe;
pub mod texts;
pub mod twilio;
pub mod webhooks_out;
pub mod whatsapp;
