//! The little language of journeys: conditions such as `booking.guests >= 10 and customer.tags has 'vip'`, moments such as
//! `booking.starts_at - 24h`, and lengths such as `90m`. Names and kinds are checked when it is read, so that nothing can go
//! wrong when it is asked; what is not known is never true.

use time::{Duration, OffsetDateTime};

use super::facts::{Facts, Sort, Value, sort_of};
use super::tokens::{Token, tokens};
use super::yaml::{Fault, Place};

/// Conditions within conditions.
const MAX_DEPTH: usize = 20;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Not(Box<Condition>),
    /// A flag.
    Is(String),
    /// A list of texts has this one.
    Has(String, String),
    Compared(Operand, Comparison, Operand),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Named(String),
    Text(String),
    Number(i64),
    Moment(Moment),
}

/// A moment that is known, and how long before or after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    pub name: String,
    pub offset: Duration,
}

impl Condition {
    /// Whether it holds.
    pub fn holds(&self, facts: &Facts) -> bool {
        match self {
            Self::Any(all) => all.iter().any(|one| one.holds(facts)),
            Self::All(all) => all.iter().all(|one| one.holds(facts)),
            Self::Not(one) => !one.holds(facts),
            Self::Is(name) => facts.get(name) == Some(&Value::Flag(true)),
            Self::Has(name, text) => {
                matches!(facts.get(name), Some(Value::Texts(texts)) if texts.contains(text))
            }
            Self::Compared(one, comparison, other) => {
                let (one, other) = (one.value(facts), other.value(facts));
                match (one, other) {
                    (Some(one), Some(other)) => comparison.holds(&one, &other),
                    // What is not known is unlike everything.
                    _ => *comparison == Comparison::Unequal,
                }
            }
        }
    }
}

impl Comparison {
    fn holds(self, one: &Value, other: &Value) -> bool {
        let order = match (one, other) {
            (Value::Number(one), Value::Number(other)) => one.cmp(other),
            (Value::Moment(one), Value::Moment(other)) => one.cmp(other),
            (Value::Text(one), Value::Text(other)) => one.cmp(other),
            _ => return self == Self::Unequal,
        };
        match self {
            Self::Equal => order.is_eq(),
            Self::Unequal => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::More => order.is_gt(),
            Self::MoreOrEqual => order.is_ge(),
        }
    }
}

impl Operand {
    fn value(&self, facts: &Facts) -> Option<Value> {
        match self {
            Self::Named(name) => facts.get(name).cloned(),
            Self::Text(text) => Some(Value::Text(text.clone())),
            Self::Number(number) => Some(Value::Number(*number)),
            Self::Moment(moment) => moment.of(facts).map(Value::Moment),
        }
    }

    fn sort(&self) -> Sort {
        match self {
            Self::Named(name) => sort_of(name).unwrap_or(Sort::Text),
            Self::Text(_) => Sort::Text,
            Self::Number(_) => Sort::Number,
            Self::Moment(_) => Sort::Moment,
        }
    }
}

impl Moment {
    /// When that is; none while the moment it hangs on is not known.
    pub fn of(&self, facts: &Facts) -> Option<OffsetDateTime> {
        facts.moment(&self.name)?.checked_add(self.offset)
    }
}

/// Reads a condition that begins at `place`.
pub fn condition(source: &str, place: Place) -> Result<Condition, Fault> {
    let mut reader = Reader::new(source, place)?;
    let found = reader.any(0)?;
    reader.end()?;
    Ok(found)
}

/// Reads a moment that begins at `place`.
pub fn moment(source: &str, place: Place) -> Result<Moment, Fault> {
    let mut reader = Reader::new(source, place)?;
    let at = reader.place();
    let Operand::Moment(found) = reader.operand()? else {
        let message = "a moment such as booking.starts_at - 24h";
        return Err(Fault::new(at, "moment-invalid", message));
    };
    reader.end()?;
    Ok(found)
}

/// Reads a length of time such as `30m`, `24h`, `2d` or `1w`.
pub fn length(source: &str, place: Place) -> Result<Duration, Fault> {
    let mut reader = Reader::new(source, place)?;
    let found = match reader.next() {
        Some(Token::Length(length)) => length,
        _ => {
            let message = "a length of time such as 30m, 24h, 2d or 1w";
            return Err(Fault::new(place, "length-invalid", message));
        }
    };
    reader.end()?;
    Ok(found)
}

struct Reader {
    tokens: Vec<(Place, Token)>,
    next: usize,
    last: Place,
}

impl Reader {
    fn new(source: &str, place: Place) -> Result<Self, Fault> {
        let tokens = tokens(source, place)?;
        let last = Place {
            line: place.line,
            column: place.column + source.chars().count(),
        };
        Ok(Self {
            tokens,
            next: 0,
            last,
        })
    }

    fn place(&self) -> Place {
        self.tokens
            .get(self.next)
            .map_or(self.last, |(place, _)| *place)
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += 1;
        token
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == Some(wanted);
        self.next += usize::from(found);
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.takes(&Token::Word(word.to_owned()))
    }

    fn end(&self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Fault::new(
                self.place(),
                "expression-invalid",
                "nothing was expected behind it",
            )),
        }
    }

    fn any(&mut self, depth: usize) -> Result<Condition, Fault> {
        let mut all = vec![self.all(depth)?];
        while self.takes_word("or") {
            all.push(self.all(depth)?);
        }
        Ok(match all.len() {
            1 => all.remove(0),
            _ => Condition::Any(all),
        })
    }

    fn all(&mut self, depth: usize) -> Result<Condition, Fault> {
        let mut all = vec![self.one(depth)?];
        while self.takes_word("and") {
            all.push(self.one(depth)?);
        }
        Ok(match all.len() {
            1 => all.remove(0),
            _ => Condition::All(all),
        })
    }

    fn one(&mut self, depth: usize) -> Result<Condition, Fault> {
        if depth > MAX_DEPTH {
            let message = format!("at most {MAX_DEPTH} within one another");
            return Err(Fault::new(self.place(), "expression-too-deep", message));
        }
        if self.takes_word("not") {
            return Ok(Condition::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.takes(&Token::Sign("(")) {
            let found = self.any(depth + 1)?;
            let place = self.place();
            if !self.takes(&Token::Sign(")")) {
                let message = "a closing parenthesis was expected";
                return Err(Fault::new(place, "expression-invalid", message));
            }
            return Ok(found);
        }
        let place = self.place();
        let left = self.operand()?;
        if let (Operand::Named(name), true) = (&left, self.takes_word("has")) {
            return self.has(name.clone(), place);
        }
        match self.comparison() {
            Some(comparison) => self.compared(left, comparison, place),
            None => match left {
                Operand::Named(name) if sort_of(&name) == Some(Sort::Flag) => {
                    Ok(Condition::Is(name))
                }
                _ => {
                    let message = "a comparison was expected, such as booking.guests >= 10";
                    Err(Fault::new(place, "expression-invalid", message))
                }
            },
        }
    }

    fn has(&mut self, name: String, place: Place) -> Result<Condition, Fault> {
        if sort_of(&name) != Some(Sort::Texts) {
            let message = format!("{name} is no list; customer.tags is");
            return Err(Fault::new(place, "expression-invalid", message));
        }
        let place = self.place();
        match self.next() {
            Some(Token::Text(text)) => Ok(Condition::Has(name, text)),
            _ => Err(Fault::new(
                place,
                "expression-invalid",
                "a text in quotes was expected",
            )),
        }
    }

    fn compared(
        &mut self,
        left: Operand,
        comparison: Comparison,
        place: Place,
    ) -> Result<Condition, Fault> {
        let right = self.operand()?;
        let (one, other) = (left.sort(), right.sort());
        let comparable = matches!(one, Sort::Number | Sort::Moment | Sort::Text);
        if one != other || !comparable {
            let message = "only numbers, moments and texts are compared, each with its like";
            return Err(Fault::new(place, "expression-invalid", message));
        }
        Ok(Condition::Compared(left, comparison, right))
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let found = match self.peek()? {
            Token::Sign("==") => Comparison::Equal,
            Token::Sign("!=") => Comparison::Unequal,
            Token::Sign("<") => Comparison::Less,
            Token::Sign("<=") => Comparison::LessOrEqual,
            Token::Sign(">") => Comparison::More,
            Token::Sign(">=") => Comparison::MoreOrEqual,
            _ => return None,
        };
        self.next += 1;
        Some(found)
    }

    fn operand(&mut self) -> Result<Operand, Fault> {
        let place = self.place();
        match self.next() {
            Some(Token::Text(text)) => Ok(Operand::Text(text)),
            Some(Token::Number(number)) => Ok(Operand::Number(number)),
            Some(Token::Word(name)) => {
                let Some(sort) = sort_of(&name) else {
                    let message = format!(
                        "there is no {name:?}; names are such as booking.starts_at, customer.tags, \
                         customer.consent.email.marketing"
                    );
                    return Err(Fault::new(place, "name-unknown", message));
                };
                match sort {
                    Sort::Moment => Ok(self.moved(name)),
                    _ => Ok(Operand::Named(name)),
                }
            }
            _ => Err(Fault::new(
                place,
                "expression-invalid",
                "a name, a number or a text in quotes was expected",
            )),
        }
    }

    /// A moment, with what is added to it or taken from it.
    fn moved(&mut self, name: String) -> Operand {
        let sign = match self.peek() {
            Some(Token::Sign("+")) => 1,
            Some(Token::Sign("-")) => -1,
            _ => {
                return Operand::Moment(Moment {
                    name,
                    offset: Duration::ZERO,
                });
            }
        };
        match self.tokens.get(self.next + 1) {
            Some((_, Token::Length(length))) => {
                let offset = *length * sign;
                self.next += 2;
                Operand::Moment(Moment { name, offset })
            }
            _ => Operand::Moment(Moment {
                name,
                offset: Duration::ZERO,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn facts() -> Facts {
        let mut facts = Facts::default();
        facts.set("booking.guests", Value::Number(13));
        facts.set(
            "booking.starts_at",
            Value::Moment(datetime!(2026-03-14 18:00 UTC)),
        );
        facts.set("now", Value::Moment(datetime!(2026-03-13 12:00 UTC)));
        facts.set("booking.status", Value::Text("confirmed".to_owned()));
        facts.set("customer.tags", Value::Texts(vec!["vip".to_owned()]));
        facts.set("customer.consent.email.marketing", Value::Flag(true));
        facts
    }

    const HERE: Place = Place {
        line: 7,
        column: 11,
    };

    #[test]
    fn conditions_hold_or_do_not() {
        for (source, holds) in [
            ("customer.consent.email.marketing", true),
            ("customer.consent.sms.marketing", false),
            ("not customer.consent.sms.marketing", true),
            ("booking.guests >= 13", true),
            ("booking.guests < 13 or customer.tags has 'vip'", true),
            ("booking.guests < 13 and customer.tags has 'vip'", false),
            ("booking.status == 'confirmed'", true),
            ("booking.status != \"confirmed\"", false),
            ("booking.zone == 'central'", false),
            ("booking.zone != 'central'", true),
            ("now < booking.starts_at - 24h", true),
            ("now < booking.starts_at - 2d", false),
            (
                "(booking.guests > 1 or booking.kids > 1) and not (booking.guests > 20)",
                true,
            ),
        ] {
            let read = condition(source, HERE).unwrap();
            assert_eq!(read.holds(&facts()), holds, "{source}");
        }
    }

    #[test]
    fn moments_and_lengths_are_read() {
        let before = moment("booking.starts_at - 24h", HERE).unwrap();
        assert_eq!(before.of(&facts()), Some(datetime!(2026-03-13 18:00 UTC)));
        assert_eq!(before.of(&Facts::default()), None);
        assert_eq!(length("90m", HERE).unwrap(), Duration::minutes(90));
        assert_eq!(length("1w", HERE).unwrap(), Duration::days(7));
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        for (source, code, column) in [
            ("booking.colour == 'red'", "name-unknown", 11),
            ("booking.guests >= 'many'", "expression-invalid", 11),
            ("booking.guests", "expression-invalid", 11),
            ("customer.tags has vip", "expression-invalid", 29),
            ("(customer.has_email", "expression-invalid", 30),
            ("customer.has_email and", "expression-invalid", 33),
            ("customer.has_email ~ 1", "expression-invalid", 30),
            ("booking.status == 'x", "expression-invalid", 29),
        ] {
            let fault = condition(source, HERE).unwrap_err();
            let found = (fault.code, fault.place.line, fault.place.column);
            assert_eq!(found, (code, 7, column), "{source}: {fault:?}");
        }
        assert_eq!(moment("tomorrow", HERE).unwrap_err().code, "name-unknown");
        assert_eq!(length("3y", HERE).unwrap_err().code, "length-invalid");
        assert_eq!(length("9999w", HERE).unwrap_err().code, "length-invalid");
    }
}
