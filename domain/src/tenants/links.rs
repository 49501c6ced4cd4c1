//! Where the links of a text lead. Phones and mail programs make links of bare names too, so whatever they could take for one
//! counts.

/// The hosts that a text names, in lower case: behind `https://` and by themselves.
pub fn hosts(text: &str) -> impl Iterator<Item = String> + '_ {
    let is_between = |c: char| c.is_whitespace() || "<>()[]{}\"'`,;|".contains(c);
    text.split(is_between).filter_map(host)
}

/// Whether a text is the name of a host: labels of letters, digits and hyphens, the last of letters alone.
pub fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        let mut chars = label.chars();
        !label.is_empty() && chars.all(|c| c == '-' || (c.is_alphanumeric() && !c.is_uppercase()))
    };
    let Some((rest, last)) = text.rsplit_once('.') else {
        return false;
    };
    let is_last = last.chars().count() > 1 && last.chars().all(char::is_alphabetic);
    (is_last || last.starts_with("xn--")) && rest.split('.').all(is_label) && is_label(last)
}

fn host(word: &str) -> Option<String> {
    let word = word.to_lowercase();
    let (scheme, behind) = match word.split_once("://") {
        Some((_, behind)) => (true, behind),
        None => (false, word.as_str()),
    };
    let authority = behind.split(['/', '?', '#', '\\']).next()?;
    // What stands before the last `@` is who asks, and not where: in a link a disguise, by itself an e-mail address.
    let host = match authority.rsplit_once('@') {
        Some((_, host)) if scheme => host,
        Some(_) => return None,
        None => authority,
    };
    let host = host.split(':').next()?;
    let host = host.trim_matches(|c: char| !c.is_alphanumeric());
    // A link may also lead to a number, or to a name without a dot.
    (scheme && !host.is_empty() || is_host(host)).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_however_they_are_written() {
        let text = "Pay at HTTPS://Pay.Example.com/x?y, or (www.evil.example). Not https://good.example@evil.example:8/z, \
            nor http://10.0.0.1/a; write to ada@example.org by 6 p.m. or at 9.30, e.g. tomorrow. Also bare.example!";
        let found: Vec<String> = hosts(text).collect();
        assert_eq!(
            found,
            [
                "pay.example.com",
                "www.evil.example",
                "evil.example",
                "10.0.0.1",
                "bare.example"
            ]
        );
    }

    #[test]
    fn hosts_are_names_with_a_dot() {
        for right in [
            "example.com",
            "pay.example.co.uk",
            "b\u{fc}cher.example",
            "a.xn--p1ai",
        ] {
            assert!(is_host(right), "{right}");
        }
        for wrong in [
            "",
            "com",
            "https://example.com",
            "Example.com",
            ".com",
            "a..com",
            "1.2",
        ] {
            assert!(!is_host(wrong), "{wrong}");
        }
    }
}
