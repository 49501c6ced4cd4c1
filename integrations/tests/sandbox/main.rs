//! The sandbox over real HTTP and SMTP, driven by our own clients: what the ledger says is what happened.

#![allow(clippy::unwrap_used, reason = "a helper of tests may panic")]

mod checkouts;
mod emails;
mod failures;
mod given;
mod mails;
mod models;
mod ringcentral;
mod texts;
mod whatsapp;
