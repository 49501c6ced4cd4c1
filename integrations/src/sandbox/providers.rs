//! The providers that the sandbox plays, and how each of them tells its accounts apart.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One stand-in; its name is the first part of its paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Provider {
    Stripe,
    Twilio,
    RingCentral,
    WhatsApp,
    Resend,
    /// Nobody's API: it hands on what people write by mail.
    Email,
    OpenAi,
    Anthropic,
}

impl Provider {
    /// All of them, in the order in which they are shown.
    pub(super) const ALL: [Provider; 8] = [
        Provider::Stripe,
        Provider::Twilio,
        Provider::RingCentral,
        Provider::WhatsApp,
        Provider::Resend,
        Provider::Email,
        Provider::OpenAi,
        Provider::Anthropic,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Provider::Stripe => "stripe",
            Provider::Twilio => "twilio",
            Provider::RingCentral => "ringcentral",
            Provider::WhatsApp => "whatsapp",
            Provider::Resend => "resend",
            Provider::Email => "email",
            Provider::OpenAi => "openai",
            Provider::Anthropic => "anthropic",
        }
    }

    pub(super) fn find(name: &str) -> Option<Provider> {
        Provider::ALL
            .into_iter()
            .find(|provider| provider.name() == name)
    }

    /// The account behind a credential; an account's id stands for itself. The credential itself is kept nowhere.
    pub(super) fn account_id(self, credential_or_id: &str) -> String {
        let prefix = match self {
            Provider::Stripe => "acct",
            // Their calls name the account in clear: an account's sid, and a number's id.
            Provider::Twilio | Provider::WhatsApp => return credential_or_id.to_owned(),
            // The account is the address that is written to.
            Provider::Email => return credential_or_id.to_lowercase(),
            Provider::RingCentral => "rc",
            Provider::Resend => "team",
            Provider::OpenAi | Provider::Anthropic => "org",
        };
        let is_id = credential_or_id
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with('_'));
        if is_id {
            return credential_or_id.to_owned();
        }
        let hex: String = Sha256::digest(credential_or_id)
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{prefix}_{hex}")
    }
}

#[cfg(test)]
mod tests {
    use super::Provider;

    #[test]
    fn a_provider_is_found_by_the_name_it_has_on_the_wire() {
        for provider in Provider::ALL {
            assert_eq!(serde_json::to_value(provider).unwrap(), provider.name());
            assert_eq!(Provider::find(provider.name()), Some(provider));
        }
    }

    #[test]
    fn an_account_stands_for_itself_and_a_credential_for_its_account() {
        let account = Provider::Stripe.account_id("sk_test_1");
        assert_eq!(Provider::Stripe.account_id(&account), account);
        assert!(!account.contains("sk_test_1"));
    }
}
