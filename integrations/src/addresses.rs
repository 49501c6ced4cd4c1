//! Where the providers are: each at its own address, or all of them at one stand-in, as `<url>/<provider>`.

use crate::{anthropic, openai, resend, ringcentral, stripe, twilio, whatsapp};

/// Addresses of every provider, without trailing slashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    stand_in: Option<String>,
}

impl Addresses {
    /// The providers themselves.
    pub fn real() -> Addresses {
        Addresses::default()
    }

    /// One that stands in for all of them, such as the sandbox.
    pub fn stand_in(url: &str) -> Addresses {
        Addresses {
            stand_in: Some(url.trim_end_matches('/').to_owned()),
        }
    }

    /// The base address of a provider's API; `None` for one that has none of its own.
    pub fn of(&self, provider: &str) -> Option<String> {
        let real = match provider {
            "stripe" => stripe::BASE_URL,
            "twilio" => twilio::BASE_URL,
            "ringcentral" => ringcentral::BASE_URL,
            "whatsapp" => whatsapp::BASE_URL,
            "resend" => resend::BASE_URL,
            "openai" => openai::BASE_URL,
            "anthropic" => anthropic::BASE_URL,
            _ => return None,
        };
        Some(match &self.stand_in {
            Some(url) => format!("{url}/{provider}"),
            None => real.to_owned(),
        })
    }

    /// Whether nothing real can happen.
    pub fn is_stand_in(&self) -> bool {
        self.stand_in.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::Addresses;

    #[test]
    fn a_stand_in_has_a_path_for_each_provider() {
        let sandbox = Addresses::stand_in("http://127.0.0.1:8090/");
        assert_eq!(
            sandbox.of("twilio").as_deref(),
            Some("http://127.0.0.1:8090/twilio")
        );
        assert_eq!(
            Addresses::real().of("twilio").as_deref(),
            Some("https://api.twilio.com")
        );
        assert_eq!(sandbox.of("smtp"), None);
    }
}
