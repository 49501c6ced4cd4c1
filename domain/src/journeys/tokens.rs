//! The words, numbers and signs of a journey's expressions, each with its place.

use time::Duration;

use super::yaml::{Fault, Place};

/// The longest length of time that a journey names.
const MAX_DAYS: i64 = 730;
const SIGNS: &[&str] = &["==", "!=", "<=", ">=", "<", ">", "(", ")", "+", "-"];

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Number(i64),
    Length(Duration),
    Sign(&'static str),
}

/// The parts of an expression that begins at `start`.
pub(super) fn tokens(source: &str, start: Place) -> Result<Vec<(Place, Token)>, Fault> {
    let letters: Vec<char> = source.chars().collect();
    let (mut tokens, mut at) = (Vec::new(), 0);
    while let Some(letter) = letters.get(at) {
        let place = Place {
            line: start.line,
            column: start.column + at,
        };
        if letter.is_whitespace() {
            at += 1;
            continue;
        }
        let rest = letters.get(at..).unwrap_or_default();
        let sign = SIGNS.iter().find(|sign| {
            sign.chars()
                .zip(rest)
                .filter(|(one, other)| one == *other)
                .count()
                == sign.len()
        });
        let (token, length) = match letter {
            'a'..='z' | 'A'..='Z' => {
                let is_part = |c: &&char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
                let word: String = rest.iter().take_while(is_part).collect();
                let length = word.len();
                (Token::Word(word), length)
            }
            '0'..='9' => number(rest, place)?,
            '\'' | '"' => quoted(rest, place)?,
            _ => match sign {
                Some(sign) => (Token::Sign(sign), sign.len()),
                None => {
                    let message = format!("{letter:?} means nothing here");
                    return Err(Fault::new(place, "expression-invalid", message));
                }
            },
        };
        tokens.push((place, token));
        at += length;
    }
    Ok(tokens)
}

/// A number, or a length of time where a unit stands behind it.
fn number(rest: &[char], place: Place) -> Result<(Token, usize), Fault> {
    let digits: String = rest.iter().take_while(|c| c.is_ascii_digit()).collect();
    let unit: String = rest
        .iter()
        .skip(digits.len())
        .take_while(|c| c.is_ascii_alphanumeric())
        .collect();
    let wrong = |message: String| Fault::new(place, "length-invalid", message);
    let count: i64 = digits
        .parse()
        .map_err(|_| wrong("the number is too large".to_owned()))?;
    let minutes = match unit.as_str() {
        "" => return Ok((Token::Number(count), digits.len())),
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        "w" => 7 * 24 * 60,
        _ => {
            let message = format!("{unit:?} is no unit; units are m, h, d and w");
            return Err(wrong(message));
        }
    };
    let most = MAX_DAYS * 24 * 60;
    match count.checked_mul(minutes) {
        Some(minutes) if minutes <= most => {
            let length = Token::Length(Duration::minutes(minutes));
            Ok((length, digits.len() + unit.len()))
        }
        _ => Err(wrong(format!("at most {MAX_DAYS} days"))),
    }
}

fn quoted(rest: &[char], place: Place) -> Result<(Token, usize), Fault> {
    let quote = rest.first().copied().unwrap_or('\'');
    let text: String = rest.iter().skip(1).take_while(|c| **c != quote).collect();
    let length = text.chars().count() + 2;
    match rest.len() < length {
        true => Err(Fault::new(
            place,
            "expression-invalid",
            "the quote is not closed",
        )),
        false => Ok((Token::Text(text), length)),
    }
}
