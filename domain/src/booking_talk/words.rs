//! A message as words. Each finder marks what it has understood, so that a house number is never taken for a party and the
//! rest of a message may be somebody's name.

/// One word as it stands and in lower case, without the punctuation around it.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub raw: String,
    pub low: String,
    /// A comma, full stop or line ends after it.
    pub ends: bool,
    pub used: bool,
}

/// The words of one message.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(pub Vec<Word>);

/// What may stand around a word and does not belong to it.
const AROUND: &[char] = &[
    '.', ',', ';', '!', '?', '(', ')', '"', '\'', '…', ':', '*', '’',
];

impl Words {
    pub fn of(text: &str) -> Self {
        let mut words = Vec::new();
        for line in text.lines() {
            let before = words.len();
            words.extend(line.split_whitespace().filter_map(word));
            if let Some(last) = words[before..].last_mut() {
                last.ends = true;
            }
        }
        Self(words)
    }

    /// The word there in lower case, if nothing has used it yet.
    pub fn low(&self, index: usize) -> Option<&str> {
        let word = self.0.get(index).filter(|word| !word.used)?;
        Some(&word.low)
    }

    /// As `low`, used or not.
    pub fn any(&self, index: usize) -> Option<&str> {
        self.0.get(index).map(|word| word.low.as_str())
    }

    pub fn before(&self, index: usize, back: usize) -> Option<&str> {
        self.any(index.checked_sub(back)?)
    }

    /// Marks words as understood.
    pub fn take(&mut self, from: usize, count: usize) {
        for word in self.0.iter_mut().skip(from).take(count) {
            word.used = true;
        }
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// As they stand, with the commas between them.
    pub fn raw_with_ends(&self, from: usize, until: usize) -> String {
        let mut text = String::new();
        for word in self.0.get(from..until).unwrap_or_default() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&word.raw);
            if word.ends {
                text.push(',');
            }
        }
        text.trim_end_matches(',').to_owned()
    }
}

/// Where each word of a text begins and ends in it, in bytes, in the order and number of `Words::of`.
pub(super) fn starts_and_ends(text: &str) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    let mut begin = None;
    let ends = std::iter::once((text.len(), ' '));
    for (place, letter) in text.char_indices().chain(ends) {
        match (letter.is_whitespace(), begin) {
            (false, None) => begin = Some(place),
            (true, Some(start)) => {
                let whole = &text[start..place];
                let left = whole.len() - whole.trim_start_matches(AROUND).len();
                let raw = whole.trim_matches(AROUND);
                if !raw.is_empty() {
                    places.push((start + left, start + left + raw.len()));
                }
                begin = None;
            }
            _ => {}
        }
    }
    places
}

fn word(text: &str) -> Option<Word> {
    let raw = text.trim_matches(AROUND);
    let ends = text.ends_with([',', '.', ';', '!', '?', ':']);
    (!raw.is_empty()).then(|| Word {
        low: raw.to_lowercase().replace('’', "'"),
        raw: raw.to_owned(),
        ends,
        used: false,
    })
}

/// A whole number in digits or in words, up to twenty and the tens.
pub(super) fn number(word: &str) -> Option<u16> {
    const ONES: [&str; 21] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
    ];
    const TENS: [(&str, u16); 4] = [("thirty", 30), ("forty", 40), ("fifty", 50), ("sixty", 60)];
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    if word == "dozen" {
        return Some(12);
    }
    let tens = TENS.iter().find(|(name, _)| *name == word);
    let ones = ONES.iter().position(|name| *name == word);
    tens.map(|(_, number)| *number)
        .or(ones.and_then(|number| u16::try_from(number).ok()))
}

/// The number of an ordinal in digits: `14th`, or plain `14`.
pub(super) fn ordinal(word: &str) -> Option<u8> {
    let digits = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending))
        .unwrap_or(word);
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}
