//! Which addresses webhooks may be sent to: public ones, over https. Everything that could be a machine of ours or of the
//! provider that hosts us is closed, in whatever way it is written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::refusal::Refusal;

/// The longest URL, in bytes.
pub const MAX_URL_BYTES: usize = 2_000;

/// How far webhooks reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses, over https.
    #[default]
    Public,
    /// This machine as well, over plain http too: for development.
    LoopbackToo,
}

impl Reach {
    /// Whether a connection to this address may be made.
    pub fn allows(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self == Self::LoopbackToo && address.is_loopback()
    }

    /// The URL as it is kept. Names are looked at again when they are resolved. Refused with `url-invalid`, `url-not-https` or
    /// `url-not-public`.
    pub fn parse_url(self, text: &str) -> Result<String, Refusal> {
        if text.len() > MAX_URL_BYTES {
            let detail = format!("a URL has at most {MAX_URL_BYTES} bytes");
            return Err(Refusal::invalid("url-invalid", detail));
        }
        let url = Url::parse(text).map_err(|error| {
            Refusal::invalid("url-invalid", format!("not an absolute URL: {error}"))
        })?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            let detail = "a URL of a webhook holds neither a user nor a fragment; its signature is its credential";
            return Err(Refusal::invalid("url-invalid", detail));
        }
        let is_loopback = match url.host() {
            Some(Host::Domain(name)) => is_localhost(name),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
            None => false,
        };
        match (url.scheme(), self) {
            ("https", _) => {}
            ("http", Self::LoopbackToo) if is_loopback => {}
            _ => {
                return Err(Refusal::invalid(
                    "url-not-https",
                    "webhooks are sent over https",
                ));
            }
        }
        let is_open = match url.host() {
            Some(Host::Domain(name)) => self == Self::LoopbackToo || !is_localhost(name),
            Some(Host::Ipv4(address)) => self.allows(address.into()),
            Some(Host::Ipv6(address)) => self.allows(address.into()),
            None => false,
        };
        match is_open {
            true => Ok(url.into()),
            false => Err(Refusal::invalid(
                "url-not-public",
                "webhooks are sent to public addresses only",
            )),
        }
    }
}

/// Names that never leave this machine (RFC 6761).
fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// By the registry of special-purpose addresses (RFC 6890 and its successors); metadata services are link-local or shared.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = a == 0
        || a >= 224
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        // The platform address of a large host of machines, which answers as their metadata service does.
        || address == Ipv4Addr::new(168, 63, 129, 16);
    !is_special
}

/// Only the unicast space that is given out, without what carries an IPv4 address inside or is for documents.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let is_global = a & 0xe000 == 0x2000;
    let is_special = a == 0x2002 || (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || a == 0x3fff;
    is_global && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_open() {
        for closed in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.0.9",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!Reach::Public.allows(closed.parse().unwrap()), "{closed}");
        }
        for open in [
            "1.1.1.1",
            "93.184.215.14",
            "172.32.0.1",
            "2606:4700::1111",
            "2a00:1450::1",
        ] {
            assert!(Reach::Public.allows(open.parse().unwrap()), "{open}");
        }
    }

    #[test]
    fn an_address_is_closed_however_it_is_written() {
        for (url, code) in [
            ("https://2130706433/", "url-not-public"),
            ("https://0x7f000001/", "url-not-public"),
            ("https://0177.0.0.1/", "url-not-public"),
            ("https://127.1/", "url-not-public"),
            ("https://[::ffff:7f00:1]/", "url-not-public"),
            ("https://localhost/", "url-not-public"),
            ("https://LOCALHOST./", "url-not-public"),
            ("https://169.254.169.254/latest", "url-not-public"),
            ("http://example.com/", "url-not-https"),
            ("http://127.0.0.1/", "url-not-https"),
            ("ftp://example.com/", "url-not-https"),
            ("https://user:word@example.com/", "url-invalid"),
            ("https://example.com/#part", "url-invalid"),
            ("example.com", "url-invalid"),
            ("https://", "url-invalid"),
        ] {
            let refusal = Reach::Public.parse_url(url).unwrap_err();
            assert_eq!(refusal.code, code, "{url}");
        }
        let kept = Reach::Public.parse_url("https://Example.com/hooks?team=1");
        assert_eq!(kept.unwrap(), "https://example.com/hooks?team=1");
    }

    #[test]
    fn development_opens_this_machine_and_nothing_else() {
        let reach = Reach::LoopbackToo;
        for open in [
            "http://127.0.0.1:9/x",
            "http://localhost:9/x",
            "http://[::1]:9/x",
            "https://localhost/",
        ] {
            assert!(reach.parse_url(open).is_ok(), "{open}");
        }
        for closed in [
            "http://10.0.0.1/",
            "https://10.0.0.1/",
            "http://example.com/",
        ] {
            assert!(reach.parse_url(closed).is_err(), "{closed}");
        }
    }
}
