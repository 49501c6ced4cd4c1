//! From where the façades for existing clients may be called without a credential: browsers' origins, and networks.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::refusal::Refusal;

/// The most entries of the list.
pub const MAX_OPENINGS: usize = 50;
const MAX_ORIGIN_CHARS: usize = 200;

/// Refuses what is neither an origin (`https://book.example`) nor an address or network (`192.0.2.0/24`).
pub fn check(opening: &str) -> Result<(), Refusal> {
    if network(opening).is_some() || is_origin(opening) {
        return Ok(());
    }
    Err(Refusal::invalid(
        "opening-invalid",
        "an origin such as https://book.example, or an address or network such as 192.0.2.0/24",
    ))
}

/// Whether a browser at this origin may call.
pub fn admit_origin(openings: &[String], origin: &str) -> bool {
    openings.iter().any(|opening| opening == origin)
}

/// Whether somebody at this address may call.
pub fn admit_address(openings: &[String], address: IpAddr) -> bool {
    let address = address.to_canonical();
    let mut networks = openings.iter().filter_map(|opening| network(opening));
    networks.any(|network| network.contains(&address))
}

fn network(opening: &str) -> Option<IpNet> {
    let address = || opening.parse::<IpAddr>().ok().map(IpNet::from);
    opening.parse().ok().or_else(address)
}

fn is_origin(opening: &str) -> bool {
    let host = opening
        .strip_prefix("https://")
        .or_else(|| opening.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && opening.len() <= MAX_ORIGIN_CHARS
            && host.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:".contains(&byte)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_and_networks_are_told_from_everything_else() {
        for good in [
            "https://book.example",
            "http://localhost:3000",
            "127.0.0.0/8",
            "::1",
            "192.0.2.7",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "*",
            "book.example",
            "https://",
            "https://book.example/",
            "https://A.example",
            "127.0.0.0/40",
            "",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_network_admits_its_addresses_in_both_notations() {
        let openings = ["127.0.0.0/8".to_owned(), "https://book.example".to_owned()];
        let admits = |address: &str| admit_address(&openings, address.parse().unwrap());
        assert!(admits("127.0.0.1") && admits("::ffff:127.0.0.1"));
        assert!(!admits("192.0.2.7") && !admits("::1"));
        assert!(admit_origin(&openings, "https://book.example"));
        assert!(!admit_origin(&openings, "https://evil.example"));
    }
}
