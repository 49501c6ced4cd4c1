//! vCards (RFC 6350, 2426, and the older 2.1) as rows of a table with a fixed header. Only what a customer has is read:
//! name, e-mail, phone, address, categories and time zone; the preferred of several, or the first.

use crate::imports::{MAX_CELL_CHARS, MAX_ROWS};
use crate::refusal::Refusal;

/// What the columns are called, so that the mapping is guessed whole.
const COLUMNS: [&str; 7] = [
    "first_name",
    "last_name",
    "email",
    "phone",
    "address",
    "tags",
    "time_zone",
];

/// One property of a card.
struct Property<'t> {
    name: String,
    parameters: Vec<&'t str>,
    value: String,
}

/// One card while it is read.
#[derive(Default)]
struct Card {
    cells: [String; COLUMNS.len()],
    is_preferred: [bool; COLUMNS.len()],
    formatted: String,
}

/// The header, and one row per card.
pub fn read(text: &str) -> Result<(Vec<String>, Vec<Vec<String>>), Refusal> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut card: Option<Card> = None;
    for (number, line) in unfold(text) {
        let Some(property) = parse(&line) else {
            let detail = format!("line {number} is no line of a vCard: NAME:value");
            return Err(Refusal::invalid("file-malformed", detail));
        };
        let is_card = property.value.trim().eq_ignore_ascii_case("vcard");
        match (property.name.as_str(), &mut card) {
            ("BEGIN", None) if is_card => card = Some(Card::default()),
            ("END", Some(_)) if is_card => {
                if rows.len() >= MAX_ROWS {
                    let detail =
                        format!("a file has at most {MAX_ROWS} cards; cut it into several");
                    return Err(Refusal::invalid("row-limit-reached", detail));
                }
                rows.extend(card.take().map(Card::into_row));
            }
            (_, Some(card)) => card.take_over(&property),
            (_, None) => {
                let detail = format!("line {number} stands outside BEGIN:VCARD and END:VCARD");
                return Err(Refusal::invalid("file-malformed", detail));
            }
        }
    }
    if card.is_some() {
        let detail = "the last card has no END:VCARD";
        return Err(Refusal::invalid("file-malformed", detail));
    }
    if let Some(row) = rows
        .iter()
        .position(|row| row.iter().any(|cell| cell.chars().count() > MAX_CELL_CHARS))
    {
        let detail = format!(
            "a value of card {} is longer than {MAX_CELL_CHARS} characters",
            row + 1
        );
        return Err(Refusal::invalid("cell-too-long", detail));
    }
    Ok((COLUMNS.map(str::to_owned).to_vec(), rows))
}

/// Lines as they were before they were folded (RFC 6350, 3.2), and soft line breaks of quoted-printable, with the number
/// of the first.
fn unfold(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let goes_on = |last: &String| last.ends_with('=') && is_quoted_printable(last);
        match lines.last_mut() {
            Some((_, last)) if line.starts_with([' ', '\t']) => last.push_str(&line[1..]),
            Some((_, last)) if goes_on(last) => {
                last.pop();
                last.push_str(line);
            }
            _ if line.trim().is_empty() => {}
            _ => lines.push((index + 1, line.to_owned())),
        }
    }
    lines
}

fn is_quoted_printable(line: &str) -> bool {
    let head = line.split(':').next().unwrap_or_default();
    head.to_ascii_uppercase().contains("QUOTED-PRINTABLE")
}

fn parse(line: &str) -> Option<Property<'_>> {
    let (head, value) = split_outside_quotes(line)?;
    let mut parameters = head.split(';');
    let name = parameters.next()?.trim();
    // Groups, as in `item1.EMAIL`, say nothing that we read.
    let name = name.rsplit('.').next()?.to_ascii_uppercase();
    if name.is_empty() {
        return None;
    }
    let value = match is_quoted_printable(head) {
        true => quoted_printable(value),
        false => value.to_owned(),
    };
    Some(Property {
        name,
        parameters: parameters.collect(),
        value,
    })
}

fn split_outside_quotes(line: &str) -> Option<(&str, &str)> {
    let mut is_quoted = false;
    let colon = line.char_indices().find(|(_, letter)| {
        if *letter == '"' {
            is_quoted = !is_quoted;
        }
        *letter == ':' && !is_quoted
    });
    let (place, _) = colon?;
    Some((&line[..place], &line[place + 1..]))
}

fn quoted_printable(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        let hex = bytes.get(place + 1..place + 3).filter(|_| *byte == b'=');
        let decoded = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        plain.push(decoded.unwrap_or(*byte));
        place += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The parts of a structured value, unescaped.
fn parts(value: &str, sign: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        let next = match letter {
            '\\' => match letters.next() {
                Some('n' | 'N') => '\n',
                Some(escaped) => escaped,
                None => '\\',
            },
            letter if letter == sign => {
                parts.push(String::new());
                continue;
            }
            letter => letter,
        };
        if let Some(last) = parts.last_mut() {
            last.push(next);
        }
    }
    parts
        .into_iter()
        .map(|part| part.trim().to_owned())
        .collect()
}

impl Card {
    fn take_over(&mut self, property: &Property<'_>) {
        let text = |value: &str| parts(value, '\0').concat();
        match property.name.as_str() {
            "N" => {
                let mut parts = parts(&property.value, ';').into_iter();
                self.cells[1] = parts.next().unwrap_or_default();
                self.cells[0] = parts.next().unwrap_or_default();
            }
            "FN" => self.formatted = text(&property.value),
            "ORG" if self.formatted.is_empty() => {
                self.formatted = parts(&property.value, ';').swap_remove(0);
            }
            "EMAIL" => self.prefer(
                2,
                property,
                without_scheme(&text(&property.value), "mailto:"),
            ),
            "TEL" => self.prefer(3, property, without_scheme(&text(&property.value), "tel:")),
            "ADR" => {
                let parts = parts(&property.value, ';').into_iter();
                let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
                self.prefer(4, property, parts.join(", "));
            }
            "CATEGORIES" => self.prefer(5, property, parts(&property.value, ',').join(";")),
            "TZ" if property.value.contains('/') => self.prefer(6, property, text(&property.value)),
            _ => {}
        }
    }

    fn prefer(&mut self, cell: usize, property: &Property<'_>, value: String) {
        let is_preferred = property.parameters.iter().any(|parameter| {
            let parameter = parameter.to_ascii_uppercase();
            parameter == "PREF"
                || parameter == "PREF=1"
                || parameter
                    .strip_prefix("TYPE=")
                    .is_some_and(|types| types.split(',').any(|kind| kind == "PREF"))
        });
        if self.cells[cell].is_empty() || is_preferred && !self.is_preferred[cell] {
            self.cells[cell] = value;
            self.is_preferred[cell] = is_preferred;
        }
    }

    fn into_row(mut self) -> Vec<String> {
        if self.cells[0].is_empty() && self.cells[1].is_empty() {
            self.cells[0] = self.formatted;
        }
        self.cells.to_vec()
    }
}

fn without_scheme(value: &str, scheme: &str) -> String {
    let head = value.get(..scheme.len());
    match head.filter(|head| head.eq_ignore_ascii_case(scheme)) {
        Some(_) => value[scheme.len()..].to_owned(),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARDS: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lovelace;Ada;;;\r\nFN:Ada Lovelace\r\n\
        item1.EMAIL;TYPE=INTERNET:old@example.org\r\nEMAIL;TYPE=INTERNET,PREF:ada@exa\r\n mple.org\r\n\
        ADR;TYPE=home:;;1 Vine\\, Street;Napa;CA;94558;USA\r\nCATEGORIES:vip,spring\r\nEND:VCARD\r\n\
        BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Bottega\r\nTEL;VALUE=uri;TYPE=\"voice,home\":tel:+14155550123\r\n\
        TZ:America/New_York\r\nEND:VCARD\r\n\
        BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:D=C3=B6r;Zo=\r\n=C3=AB\r\n\
        TEL;CELL:+14155550124\r\nEND:VCARD\r\n";

    #[test]
    fn cards_of_every_version_become_rows() {
        let (columns, rows) = read(CARDS).unwrap();
        assert_eq!(columns, COLUMNS);
        let address = "1 Vine, Street, Napa, CA, 94558, USA";
        assert_eq!(
            rows[0],
            [
                "Ada",
                "Lovelace",
                "ada@example.org",
                "",
                address,
                "vip;spring",
                ""
            ]
        );
        let zone = "America/New_York";
        assert_eq!(rows[1], ["Bottega", "", "", "+14155550123", "", "", zone]);
        assert_eq!(rows[2], ["Zoë", "Dör", "", "+14155550124", "", "", ""]);
    }

    #[test]
    fn what_is_no_card_is_refused() {
        let code = |text: &str| read(text).unwrap_err().code;
        assert_eq!(code("name,email\nAda,ada@example.org\n"), "file-malformed");
        assert_eq!(code("FN:Ada\n"), "file-malformed");
        assert_eq!(code("BEGIN:VCARD\nFN:Ada\n"), "file-malformed");
        let long = "x".repeat(MAX_CELL_CHARS + 1);
        let card = format!("BEGIN:VCARD\nFN:{long}\nEND:VCARD\n");
        assert_eq!(code(&card), "cell-too-long");
    }
}
