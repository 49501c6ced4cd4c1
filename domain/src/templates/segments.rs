//! How a text message is cut on its way: into segments of 160 characters of the GSM alphabet (3GPP TS 23.038), or of 70
//! where one character is outside it. Carriers bill each.

use serde::Serialize;

/// The basic alphabet.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension: each counts twice.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// A message alone, and one part of several, which gives up room for saying which part it is.
const GSM_ALONE: usize = 160;
const GSM_PART: usize = 153;
const UCS2_ALONE: usize = 70;
const UCS2_PART: usize = 67;

/// What a text costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Segments {
    pub alphabet: Alphabet,
    /// Places taken: septets, or units of UTF-16.
    pub units: usize,
    pub segments: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alphabet {
    Gsm,
    Unicode,
}

impl Segments {
    pub fn of(text: &str) -> Self {
        let septets = |letter: char| match (BASIC.contains(letter), EXTENDED.contains(letter)) {
            (true, _) => Some(1),
            (false, true) => Some(2),
            (false, false) => None,
        };
        let (alphabet, alone, part, sizes) = match text.chars().map(septets).collect() {
            Some(sizes) => (Alphabet::Gsm, GSM_ALONE, GSM_PART, sizes),
            None => {
                let sizes: Vec<usize> = text.chars().map(char::len_utf16).collect();
                (Alphabet::Unicode, UCS2_ALONE, UCS2_PART, sizes)
            }
        };
        let units: usize = sizes.iter().sum();
        let segments = match units {
            0 => 0,
            units if units <= alone => 1,
            _ => parts(&sizes, part),
        };
        Self {
            alphabet,
            units,
            segments,
        }
    }
}

/// No character is cut in two.
fn parts(sizes: &[usize], part: usize) -> usize {
    let (mut parts, mut taken) = (1, 0);
    for size in sizes {
        if taken + size > part {
            (parts, taken) = (parts + 1, 0);
        }
        taken += size;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_as_carriers_cut_it() {
        let table = [
            (String::new(), Alphabet::Gsm, 0, 0),
            ("a".repeat(160), Alphabet::Gsm, 160, 1),
            ("a".repeat(161), Alphabet::Gsm, 161, 2),
            ("a".repeat(306), Alphabet::Gsm, 306, 2),
            ("a".repeat(307), Alphabet::Gsm, 307, 3),
            ("€".repeat(80), Alphabet::Gsm, 160, 1),
            // 76 in the first part: the 77th would be cut in two.
            ("€".repeat(153), Alphabet::Gsm, 306, 3),
            ("ж".repeat(70), Alphabet::Unicode, 70, 1),
            ("ж".repeat(71), Alphabet::Unicode, 71, 2),
            ("🙂".repeat(35), Alphabet::Unicode, 70, 1),
            ("🙂".repeat(36), Alphabet::Unicode, 72, 2),
        ];
        for (text, alphabet, units, segments) in table {
            let cut = Segments {
                alphabet,
                units,
                segments,
            };
            assert_eq!(Segments::of(&text), cut, "{text}");
        }
    }
}
