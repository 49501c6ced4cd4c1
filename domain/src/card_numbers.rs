//! Numbers of payment cards in what people write. They are cut out before an event is built: events are for ever, and
//! nobody may keep such a number (PCI DSS 4.0, requirement 3).

/// Digits in a card's number (ISO/IEC 7812-1).
const MIN_DIGITS: usize = 13;
const MAX_DIGITS: usize = 19;
/// Digits that may stay, for people to know which card was meant.
const SHOWN: usize = 4;

/// One digit and where it stands.
#[derive(Clone, Copy)]
struct Digit {
    value: u8,
    /// In bytes.
    start: usize,
    /// Whether a group of digits begins, and ends, here.
    begins: bool,
    ends: bool,
}

/// The text with every card number in it cut down to its last four digits, as `[card …1111]`.
pub fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut written = 0;
    for run in runs(text) {
        let mut from = 0;
        while from < run.len() {
            let Some(length) = card_at(&run[from..]) else {
                from += 1;
                continue;
            };
            let last = run[from + length - 1].start;
            masked.push_str(&text[written..run[from].start]);
            masked.push_str("[card …");
            for digit in &run[from + length - SHOWN..from + length] {
                masked.push(char::from(b'0' + digit.value));
            }
            masked.push(']');
            written = last + 1;
            from += length;
        }
    }
    masked.push_str(&text[written..]);
    masked
}

/// Digits with no more than one space, dash or dot between them. What begins with a plus is a phone number.
fn runs(text: &str) -> Vec<Vec<Digit>> {
    let mut runs: Vec<Vec<Digit>> = Vec::new();
    let mut run: Vec<Digit> = Vec::new();
    let (mut gap, mut is_phone) = (0, false);
    for (start, letter) in text.char_indices() {
        match letter
            .to_digit(10)
            .and_then(|value| u8::try_from(value).ok())
        {
            Some(value) => {
                if let Some(last) = run.last_mut().filter(|_| gap > 0) {
                    last.ends = true;
                }
                let begins = run.is_empty() || gap > 0;
                run.push(Digit {
                    value,
                    start,
                    begins,
                    ends: false,
                });
                gap = 0;
            }
            None if !run.is_empty() && gap == 0 && is_separator(letter) => gap = 1,
            None => {
                finish(&mut run, &mut runs, is_phone);
                (gap, is_phone) = (0, letter == '+');
            }
        }
    }
    finish(&mut run, &mut runs, is_phone);
    runs
}

fn finish(run: &mut Vec<Digit>, runs: &mut Vec<Vec<Digit>>, is_phone: bool) {
    let mut run = std::mem::take(run);
    if let Some(last) = run.last_mut() {
        last.ends = true;
    }
    if run.len() >= MIN_DIGITS && !is_phone {
        runs.push(run);
    }
}

fn is_separator(letter: char) -> bool {
    matches!(letter, ' ' | '-' | '.' | '\u{a0}' | '\u{2011}')
}

/// How many digits a card's number has that begins here: whole groups, an issuer's beginning, and a check digit that fits.
fn card_at(digits: &[Digit]) -> Option<usize> {
    if !digits.first()?.begins {
        return None;
    }
    let longest = digits.len().min(MAX_DIGITS);
    (MIN_DIGITS..=longest).rev().find(|length| {
        let number = &digits[..*length];
        number[length - 1].ends && is_issued(number) && passes_luhn(number)
    })
}

/// Whether some issuer's numbers begin like this and are so long.
fn is_issued(number: &[Digit]) -> bool {
    let prefix = |count: usize| {
        number[..count]
            .iter()
            .fold(0_u32, |sum, digit| sum * 10 + u32::from(digit.value))
    };
    let (one, two, three, four) = (prefix(1), prefix(2), prefix(3), prefix(4));
    match number.len() {
        13 => one == 4,
        14 => matches!(two, 36 | 38 | 39) || matches!(three, 300..=305),
        15 => matches!(two, 34 | 37),
        16 => {
            one == 4
                || matches!(two, 50..=69)
                || matches!(four, 2_221..=2_720 | 3_528..=3_589)
                || two == 36
        }
        _ => one == 4 || matches!(two, 50 | 56..=59 | 60..=69) || matches!(four, 3_528..=3_589),
    }
}

fn passes_luhn(number: &[Digit]) -> bool {
    let sum: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(digit.value)) {
            (0, value) => value,
            (_, value) if value > 4 => value * 2 - 9,
            (_, value) => value * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that follow each other, the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % limit
        }

        fn digits(&mut self, count: usize) -> String {
            (0..count)
                .map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap()))
                .collect()
        }

        fn card(&mut self) -> String {
            let kinds = [
                ("4", 16),
                ("51", 16),
                ("2221", 16),
                ("34", 15),
                ("37", 15),
                ("6011", 16),
                ("36", 14),
                ("3530", 16),
                ("62", 19),
            ];
            let (prefix, length) = kinds[usize::try_from(self.below(9)).unwrap()];
            let body = format!("{prefix}{}", self.digits(length - prefix.len() - 1));
            let fits = |check: &char| {
                let number: Vec<Digit> = runs(&format!("{body}{check}")).remove(0);
                passes_luhn(&number)
            };
            let check = ('0'..='9').find(fits).unwrap();
            format!("{body}{check}")
        }
    }

    #[test]
    fn cards_are_cut_down_however_they_are_written() {
        for (text, masked) in [
            ("4111111111111111", "[card …1111]"),
            (
                "my card: 4111 1111 1111 1111, 12/30",
                "my card: [card …1111], 12/30",
            ),
            ("4111-1111-1111-1111 123", "[card …1111] 123"),
            ("3782 822463 10005.", "[card …0005]."),
            (
                "5555.5555.5555.4444 or 4012888888881881!",
                "[card …4444] or [card …1881]!",
            ),
            ("4111\u{a0}1111\u{a0}1111\u{a0}1111", "[card …1111]"),
        ] {
            assert_eq!(mask(text), masked);
        }
    }

    #[test]
    fn what_is_no_card_stays() {
        for text in [
            "",
            "no numbers at all, 13 guests",
            "4111 1111 1111 1112",
            "call +49 1512 3456789",
            "41111111111111111111111",
            "on 2026-11-21 at 18:00, 94110 San Francisco",
            "0199a5b0-6c1f-7d5e-9d5a-0d9a6c1f7d5e",
        ] {
            assert_eq!(mask(text), text);
        }
    }

    #[test]
    fn of_a_thousand_cards_none_stays_and_of_phones_and_bookings_hardly_one_goes() {
        let mut numbers = Numbers(7);
        for round in 0..1_000 {
            let card = numbers.card();
            let separator = ["", " ", "-", "."][round % 4];
            let groups: Vec<&str> = card
                .as_bytes()
                .chunks(4)
                .map(|group| std::str::from_utf8(group).unwrap())
                .collect();
            let text = format!("take {} please", groups.join(separator));
            assert_eq!(
                mask(&text),
                format!("take [card …{}] please", &card[card.len() - 4..]),
                "{text}"
            );
        }
        let mut hits = 0;
        for _ in 0..10_000 {
            let phone = format!(
                "({}) {}-{}",
                numbers.digits(3),
                numbers.digits(3),
                numbers.digits(4)
            );
            let abroad = format!("00{}", numbers.digits(12));
            let booking = format!("BK-{}", numbers.digits(10));
            let text = format!("{phone} {booking} / {abroad}");
            hits += usize::from(mask(&text) != text);
        }
        assert!(hits < 10, "{hits} of 10000");
    }
}
