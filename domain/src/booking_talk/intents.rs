//! What a message wants, by the words that people use for it. Everything else is not guessed at.

/// What a message wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// A person of the business.
    Person,
    /// Angry, or a complaint.
    Upset,
    Cancel,
    Refund,
    Reschedule,
    /// How their booking stands, and when it is.
    Status,
    /// How and where to pay.
    PaymentLink,
    Price,
    Book,
    Thanks,
    Greeting,
    No,
    /// Something else is asked.
    Question,
}

/// The first table that has a phrase of the message says what it wants.
const PHRASES: &[(Intent, &[&str])] = &[
    (
        Intent::Upset,
        &[
            "angry",
            "furious",
            "terrible",
            "awful",
            "worst",
            "ridiculous",
            "unacceptable",
            "complaint",
            "complain",
            "scam",
            "rip off",
            "ripoff",
            "lawyer",
            "sue you",
            "disgusting",
            "disappointed",
            "food poisoning",
            "bullshit",
            "wtf",
            "pissed",
        ],
    ),
    (
        Intent::Person,
        &[
            "a human",
            "real person",
            "speak to someone",
            "talk to someone",
            "speak with someone",
            "talk to a person",
            "speak to a person",
            "speak with a person",
            "an actual person",
            "representative",
            "the manager",
            "your manager",
            "a manager",
            "call me",
            "customer service",
            "is this a bot",
            "are you a bot",
            "not a bot",
            "the owner",
        ],
    ),
    (Intent::Refund, &["refund", "money back"]),
    (Intent::Cancel, &["cancel", "call off", "call it off"]),
    (
        Intent::Reschedule,
        &[
            "reschedule",
            "move my",
            "move our",
            "move the",
            "move it",
            "change the date",
            "change my booking",
            "change our booking",
            "change the time",
            "change my date",
            "different day instead",
            "postpone",
            "push it",
            "push our",
            "push my",
        ],
    ),
    (
        Intent::PaymentLink,
        &[
            "payment link",
            "pay the deposit",
            "how do i pay",
            "how can i pay",
            "where do i pay",
            "link to pay",
            "deposit link",
            "send the link",
            "send me the link",
            "the link again",
        ],
    ),
    (
        Intent::Status,
        &[
            "my booking",
            "our booking",
            "my reservation",
            "our reservation",
            "still on",
            "are we confirmed",
            "is it confirmed",
            "are we all set",
            "when is our party",
            "when is my party",
            "when's our",
            "what time is our",
            "what time is my",
        ],
    ),
    (
        Intent::Price,
        &[
            "how much",
            "price",
            "pricing",
            "cost",
            "rates",
            "quote",
            "per person",
            "per head",
            "what do you charge",
            "expensive",
        ],
    ),
    (
        Intent::Book,
        &[
            "book",
            "reserve",
            "reservation",
            "hire",
            "availab",
            "are you free",
            "do you have a chef",
            "want a chef",
            "need a chef",
            "hibachi",
            "plan a party",
            "birthday",
            "have a party",
            "party of",
            "catering",
        ],
    ),
];

/// What the message wants; `None` where it only says something.
pub fn of(text: &str) -> Option<Intent> {
    let low = text.to_lowercase().replace('’', "'");
    let padded = format!(" {low} ");
    let has = |phrase: &&str| {
        padded
            .match_indices(*phrase)
            .any(|(start, _)| !padded[..start].ends_with(char::is_alphanumeric))
    };
    let found = PHRASES.iter().find(|(_, phrases)| phrases.iter().any(has));
    if let Some((intent, _)) = found {
        return Some(*intent);
    }
    let words: Vec<&str> = low
        .split(|letter: char| !letter.is_alphanumeric() && letter != '\'')
        .filter(|word| !word.is_empty())
        .collect();
    let first = words.first().copied().unwrap_or_default();
    if low.contains('?') {
        return Some(Intent::Question);
    }
    if words
        .iter()
        .any(|word| matches!(*word, "thanks" | "thank" | "thx" | "ty"))
    {
        return Some(Intent::Thanks);
    }
    if matches!(first, "no" | "nope" | "nah") {
        return Some(Intent::No);
    }
    matches!(first, "hi" | "hello" | "hey" | "hiya" | "good" | "howdy").then_some(Intent::Greeting)
}

#[cfg(test)]
mod tests {
    use super::{Intent, of};

    #[test]
    fn messages_want_what_their_words_say() {
        for (text, expected) in [
            ("I want to cancel my booking", Some(Intent::Cancel)),
            (
                "This is unacceptable, I want a refund!",
                Some(Intent::Upset),
            ),
            ("Can I talk to a person?", Some(Intent::Person)),
            (
                "Can we move our booking to Sunday?",
                Some(Intent::Reschedule),
            ),
            ("How much is it for 10?", Some(Intent::Price)),
            ("Are we confirmed?", Some(Intent::Status)),
            (
                "Could you send me the payment link",
                Some(Intent::PaymentLink),
            ),
            ("Are you available on Friday", Some(Intent::Book)),
            ("Hey there", Some(Intent::Greeting)),
            ("Thank you so much", Some(Intent::Thanks)),
            ("Do you do vegan?", Some(Intent::Question)),
            ("10 adults", None),
            ("I read a facebook post", None),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
