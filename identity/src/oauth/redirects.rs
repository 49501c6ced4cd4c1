//! Where answers may be sent: addresses that a client has named beforehand, letter by letter. Only the port of a program on
//! the asker's own machine may differ, since it takes whichever is free (RFC 8252, 7.3).

use domain::refusal::Refusal;
use url::{Host, Url};

/// The longest address.
pub const MAX_URI_BYTES: usize = 2_000;
/// Addresses of one client.
pub const MAX_URIS: usize = 10;

/// Refused with 422 `redirect-uri-invalid` unless answers may be sent there: https, this machine over http, or a scheme of
/// the program's own with a dot in it; never with a fragment or a user.
pub fn check(text: &str) -> Result<(), Refusal> {
    let refuse = |why: &str| {
        let message = format!("{text:.80}: {why}");
        Err(Refusal::field(
            "/redirect_uris",
            "redirect-uri-invalid",
            message,
        ))
    };
    if text.len() > MAX_URI_BYTES || !text.chars().all(|letter| letter.is_ascii_graphic()) {
        return refuse("an address has at most 2,000 printable ASCII characters");
    }
    let Ok(url) = Url::parse(text) else {
        return refuse("not an absolute address");
    };
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return refuse("it holds neither a fragment nor a user");
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => refuse("http is for programs on one's own machine; others use https"),
        scheme if scheme.contains('.') => Ok(()),
        _ => refuse("https, http on loopback, or a scheme of its own such as com.example.app"),
    }
}

/// Whether answers for this client may go to `asked`.
pub fn is_registered(registered: &[String], asked: &str) -> bool {
    registered.iter().any(|one| {
        one == asked
            || match (Url::parse(one), Url::parse(asked)) {
                (Ok(one), Ok(asked)) => is_same_but_for_port(&one, &asked),
                _ => false,
            }
    })
}

/// The address with these parameters behind what it has already.
pub fn with(text: &str, parameters: &[(&str, &str)]) -> Option<String> {
    let mut url = Url::parse(text).ok()?;
    url.query_pairs_mut().extend_pairs(parameters);
    Some(url.into())
}

/// The host of an address, with its port where that is unusual.
pub fn host(text: &str) -> String {
    let url = Url::parse(text).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    match url.as_ref().and_then(Url::port) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Who is shown to a person as the place that their answer goes to.
pub fn place(text: &str) -> String {
    let Ok(url) = Url::parse(text) else {
        return String::new();
    };
    match (url.host_str(), is_loopback(&url)) {
        (Some(_), true) => "a program on this computer".to_owned(),
        (Some(host), false) => host.to_owned(),
        (None, _) => format!("a program that opens {}:", url.scheme()),
    }
}

/// What a page's policy must let a form lead to: the origin, or the scheme of a program.
pub fn policy_source(text: &str) -> String {
    let Ok(url) = Url::parse(text) else {
        return String::new();
    };
    match url.origin().is_tuple() {
        true => url.origin().ascii_serialization(),
        false => format!("{}:", url.scheme()),
    }
}

fn is_same_but_for_port(one: &Url, asked: &Url) -> bool {
    let parts = |url: &Url| {
        (
            url.scheme().to_owned(),
            url.host_str().map(str::to_owned),
            url.path().to_owned(),
            url.query().map(str::to_owned),
        )
    };
    one.scheme() == "http"
        && is_loopback(one)
        && asked.fragment().is_none()
        && asked.username().is_empty()
        && asked.password().is_none()
        && parts(one) == parts(asked)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_only_where_nobody_on_the_way_can_read_them() {
        for good in [
            "https://app.example/callback",
            "http://127.0.0.1/callback",
            "http://[::1]:8000/",
            "http://localhost:3000/cb?x=1",
            "com.example.app:/callback",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "http://app.example/callback",
            "https://app.example/#fragment",
            "https://user@app.example/",
            "/callback",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://app.example/ü",
            "http://127.0.0.1.example/",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_compared_letter_by_letter_but_for_a_port_of_ones_own_machine() {
        let registered = [
            "https://app.example/callback".to_owned(),
            "http://127.0.0.1/callback".to_owned(),
        ];
        for good in [
            "https://app.example/callback",
            "http://127.0.0.1:51004/callback",
        ] {
            assert!(is_registered(&registered, good), "{good}");
        }
        for bad in [
            "https://app.example/callback/",
            "https://app.example/callback?next=1",
            "https://app.example:8443/callback",
            "https://APP.example/callback",
            "http://127.0.0.1:51004/other",
            "http://127.0.0.1:51004/callback?x",
            "http://127.0.0.2:51004/callback",
            "http://user@127.0.0.1/callback",
            "https://127.0.0.1/callback",
        ] {
            assert!(!is_registered(&registered, bad), "{bad}");
        }
    }
}
