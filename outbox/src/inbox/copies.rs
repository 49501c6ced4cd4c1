//! Letters that somebody who works here has copied or forwarded to the address that is named for that: a copy is a note in
//! the thread of whom it went to, a forwarded letter is a message of whoever wrote it first.

use domain::ids::TenantId;
use domain::tenants::Tenant;
use event_store::store::Store;
use identity::colleagues::Colleagues;
use integrations::catalogue::COPIES;
use integrations::mail_news::ReceivedMail;
use serde_json::{Value, json};

use super::Asked;
use super::mails::received;
use crate::Result;

/// Customers whom one letter is filed for.
const MAX_FILED: usize = 10;

/// Who may copy letters to a tenant, and where to.
pub(super) struct Copies<'a> {
    pub store: &'a Store,
    pub colleagues: &'a Colleagues,
    pub tenant_id: &'a TenantId,
    pub tenant: &'a Tenant,
    /// The provider that the mail has come by.
    pub provider: &'a str,
}

impl Copies<'_> {
    /// Whoever copied this mail to us; `None` when it is an ordinary one, or nobody who works here.
    pub(super) async fn writer_of(&self, mail: &ReceivedMail) -> Result<Option<String>> {
        let Some(address) = self.address() else {
            return Ok(None);
        };
        if mail.is_automatic || !mail.to.contains(&address) {
            return Ok(None);
        }
        self.colleagues
            .find(self.store, self.tenant_id, &mail.from)
            .await
    }

    /// What a copied mail becomes.
    pub(super) fn file(&self, mail: ReceivedMail, person_id: &str, webhook_id: &str) -> Vec<Asked> {
        if let Some(forwarded) = mail.forwarded {
            let first = ReceivedMail {
                from: forwarded.from,
                from_name: forwarded.from_name,
                subject: forwarded.subject.unwrap_or(mail.subject),
                text: forwarded.text,
                forwarded: None,
                ..mail
            };
            return received("email", first, webhook_id).into_iter().collect();
        }
        let senders = &self.tenant.settings.senders;
        let ours = [
            self.address(),
            senders.email_from.clone(),
            senders.email_reply_to.clone(),
        ];
        let is_ours = |address: &String| {
            let mut ours = ours.iter().flatten();
            *address == mail.from || ours.any(|one| one.trim().eq_ignore_ascii_case(address))
        };
        let customers = mail.to.iter().filter(|address| !is_ours(address));
        customers
            .take(MAX_FILED)
            .map(|to| {
                let body = json!({
                    "to": to, "person_id": person_id, "subject": mail.subject, "content": mail.text,
                });
                Asked::new("file-copied-letter", body)
            })
            .collect()
    }

    fn address(&self) -> Option<String> {
        let settings = &self.tenant.providers.get(self.provider)?.settings;
        let address = settings.get(COPIES).and_then(Value::as_str)?.trim();
        (!address.is_empty()).then(|| address.to_lowercase())
    }
}
