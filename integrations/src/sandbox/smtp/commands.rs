//! The commands of SMTP (RFC 5321) as text, read once into a type.

/// Longest address that is taken, as in RFC 5321.
const PATH_LIMIT_BYTES: usize = 254;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Ehlo,
    Helo,
    /// The sender (empty for bounces) and the size that was announced.
    Mail {
        from: String,
        size_bytes: Option<u64>,
    },
    Rcpt {
        to: String,
    },
    Data,
    Rset,
    Noop,
    Quit,
    /// With its initial response, if there is one.
    AuthPlain(Option<String>),
    AuthLogin(Option<String>),
    /// Known, and its arguments are wrong.
    BadArguments,
    Unknown,
}

pub(super) fn parse(line: &[u8]) -> Command {
    let Ok(line) = std::str::from_utf8(line) else {
        return Command::Unknown;
    };
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" if !rest.is_empty() => Command::Ehlo,
        "HELO" if !rest.is_empty() => Command::Helo,
        "EHLO" | "HELO" => Command::BadArguments,
        "MAIL" => mail(rest).unwrap_or(Command::BadArguments),
        "RCPT" => match path(rest, "TO:") {
            Some((to, _)) if !to.is_empty() => Command::Rcpt { to },
            _ => Command::BadArguments,
        },
        "DATA" => Command::Data,
        "RSET" => Command::Rset,
        "NOOP" => Command::Noop,
        "QUIT" => Command::Quit,
        "AUTH" => auth(rest),
        _ => Command::Unknown,
    }
}

fn mail(rest: &str) -> Option<Command> {
    let (from, parameters) = path(rest, "FROM:")?;
    let size_bytes = parameters
        .split_whitespace()
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("SIZE"))
        .map(|(_, size)| size.parse());
    match size_bytes {
        Some(Err(_)) => None,
        Some(Ok(size)) => Some(Command::Mail {
            from,
            size_bytes: Some(size),
        }),
        None => Some(Command::Mail {
            from,
            size_bytes: None,
        }),
    }
}

/// `FROM:<address> PARAMETERS` → address and parameters.
fn path<'a>(rest: &'a str, prefix: &str) -> Option<(String, &'a str)> {
    let head = rest.get(..prefix.len())?;
    if !head.eq_ignore_ascii_case(prefix) {
        return None;
    }
    let inner = rest.get(prefix.len()..)?.trim_start().strip_prefix('<')?;
    let (address, parameters) = inner.split_once('>')?;
    let is_plain = address.len() <= PATH_LIMIT_BYTES
        && !address.chars().any(|c| c.is_control() || c.is_whitespace())
        && (address.is_empty() || address.contains('@'));
    is_plain.then(|| (address.to_owned(), parameters))
}

fn auth(rest: &str) -> Command {
    let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
    let initial = Some(initial.trim().to_owned()).filter(|initial| !initial.is_empty());
    match mechanism.to_ascii_uppercase().as_str() {
        "PLAIN" => Command::AuthPlain(initial),
        "LOGIN" => Command::AuthLogin(initial),
        _ => Command::BadArguments,
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, parse};

    #[test]
    fn commands_are_read_in_any_case() {
        assert_eq!(parse(b"ehlo client"), Command::Ehlo);
        assert_eq!(parse(b"data"), Command::Data);
        assert_eq!(
            parse(b"mail from:<a@x.test> body=8bitmime size=12"),
            Command::Mail {
                from: "a@x.test".into(),
                size_bytes: Some(12)
            }
        );
        assert_eq!(
            parse(b"RCPT TO: <b@x.test>"),
            Command::Rcpt {
                to: "b@x.test".into()
            }
        );
        assert_eq!(
            parse(b"AUTH PLAIN AGEAYg=="),
            Command::AuthPlain(Some("AGEAYg==".into()))
        );
    }

    #[test]
    fn bounces_have_an_empty_sender_and_no_recipient_is_empty() {
        assert_eq!(
            parse(b"MAIL FROM:<>"),
            Command::Mail {
                from: String::new(),
                size_bytes: None
            }
        );
        assert_eq!(parse(b"RCPT TO:<>"), Command::BadArguments);
    }

    #[test]
    fn wrong_arguments_and_unknown_verbs_are_told_apart() {
        for line in [
            "MAIL a@x.test",
            "MAIL FROM:a@x.test",
            "RCPT TO:<a b@x>",
            "EHLO",
            "AUTH CRAM-MD5",
            "MAIL FROM:<a@x> SIZE=big",
            "RCPT TÖ:<a@x>",
        ] {
            assert_eq!(parse(line.as_bytes()), Command::BadArguments, "{line}");
        }
        assert_eq!(parse(b"VRFY a"), Command::Unknown);
        assert_eq!(parse(&[0xff, 0xfe]), Command::Unknown);
        assert_eq!(parse(b""), Command::Unknown);
    }
}
