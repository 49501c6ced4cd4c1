//! May this message go to this person now? The one answer to that question, given when a message is queued and again when
//! it is delivered; what it rests on is kept with every message.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::keywords::Keyword;
use crate::customers::consents::{Channel, Consents, Purpose, Source, Standing};
use crate::ids::{CustomerId, MessageId};
use crate::slots::Slot;
use crate::zones::{TimeZoneName, local_date, local_slot, starts_at};

/// Marketing goes out from 8:00 to 21:00 where the customer is (47 CFR 64.1200(c)(1)), in minutes of the day.
const MARKETING_FROM_MINUTE: u16 = 8 * 60;
const MARKETING_UNTIL_MINUTE: u16 = 21 * 60;
const MARKETING_FROM: &str = "08:00";
/// Whoever writes to us may be answered for so long, unless they have said no.
pub const ANSWER_DAYS: i64 = 30;
/// A free-form answer on WhatsApp is possible for a day after the customer's last message.
pub const WHATSAPP_ANSWER_HOURS: i64 = 24;

/// What a message that was allowed rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "basis", rename_all = "snake_case")]
pub enum Basis {
    /// The customer has granted consent to this channel and purpose.
    Consent {
        customer_id: CustomerId,
        #[serde(with = "time::serde::rfc3339")]
        #[schemars(with = "String")]
        granted_at: OffsetDateTime,
        #[serde(default)]
        source: Option<Source>,
        /// The words that the customer saw or said.
        #[serde(default)]
        wording: String,
    },
    /// The customer wrote first, and this is an answer.
    Answer {
        message_id: MessageId,
        #[serde(with = "time::serde::rfc3339")]
        #[schemars(with = "String")]
        written_at: OffsetDateTime,
    },
    /// The customer sent a keyword, which has to be answered once.
    Keyword {
        message_id: MessageId,
        keyword: Keyword,
    },
}

/// The decision as it is kept with the message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    #[serde(flatten)]
    pub basis: Basis,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub decided_at: OffsetDateTime,
    /// Quiet hours hold it back until then.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    #[schemars(with = "Option<String>")]
    pub held_until: Option<OffsetDateTime>,
}

/// Why a message may not go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Denial {
    /// Nobody has consented to this channel and purpose, and there is nothing to answer.
    ConsentMissing,
    ConsentWithdrawn,
    /// STOP was sent in this thread.
    OptedOut,
    /// A message to this address came back for good, and nothing has come from it since.
    AddressUnreachable,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allowed(Basis),
    /// Allowed, and not before then.
    HeldUntil(OffsetDateTime, Basis),
    Denied(Denial),
}

/// A message of the customer's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbound {
    pub message_id: MessageId,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// The person that a thread's messages go to, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recipient {
    /// None while nobody knows whose address it is.
    pub customer_id: Option<CustomerId>,
    pub consents: Consents,
    pub time_zone: TimeZoneName,
    /// Since when the address on the thread's channel is known to be out of reach.
    pub suspended_since: Option<OffsetDateTime>,
}

/// Everything that the answer depends on.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub channel: Channel,
    pub purpose: Purpose,
    pub recipient: &'a Recipient,
    pub standing: ThreadStanding,
    /// The newest message of the customer's in the thread.
    pub last_inbound: Option<&'a Inbound>,
    pub now: OffsetDateTime,
}

/// Whether STOP holds in the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadStanding {
    Open,
    OptedOut,
}

impl Denial {
    /// The refusal's code, and that of the failure.
    pub fn code(self) -> &'static str {
        match self {
            Self::ConsentMissing => "consent-missing",
            Self::ConsentWithdrawn => "consent-withdrawn",
            Self::OptedOut => "opted-out",
            Self::AddressUnreachable => "address-unreachable",
        }
    }

    pub fn detail(self) -> &'static str {
        match self {
            Self::ConsentMissing => {
                "the customer has not consented to such messages on this channel; record a consent by update-consent first"
            }
            Self::ConsentWithdrawn => {
                "the customer has withdrawn consent to such messages on this channel"
            }
            Self::OptedOut => {
                "the customer has stopped messages on this channel; only their START brings them back"
            }
            Self::AddressUnreachable => {
                "a message to the customer's address came back for good; correct the address, or record a consent anew"
            }
        }
    }
}

impl Decision {
    pub fn new(basis: Basis, decided_at: OffsetDateTime) -> Self {
        Self {
            basis,
            decided_at,
            held_until: None,
        }
    }
}

/// Answers the question.
pub fn decide(question: &Question<'_>) -> Verdict {
    if question.standing == ThreadStanding::OptedOut {
        return Verdict::Denied(Denial::OptedOut);
    }
    let lives = |since: OffsetDateTime| question.last_inbound.is_some_and(|last| last.at > since);
    if question
        .recipient
        .suspended_since
        .is_some_and(|since| !lives(since))
    {
        return Verdict::Denied(Denial::AddressUnreachable);
    }
    let (channel, purpose) = (question.channel, question.purpose);
    let consents = &question.recipient.consents;
    let consent = consents.find(channel, purpose);
    let basis = match (consent, &question.recipient.customer_id) {
        (Some(consent), _) if consent.standing == Standing::Withdrawn => {
            return Verdict::Denied(Denial::ConsentWithdrawn);
        }
        (Some(consent), Some(customer_id)) => Some(Basis::Consent {
            customer_id: customer_id.clone(),
            granted_at: consent.at,
            source: consent.source,
            wording: consent.wording.clone(),
        }),
        _ => None,
    };
    let Some(basis) = basis.or_else(|| answer(question)) else {
        return Verdict::Denied(Denial::ConsentMissing);
    };
    match quiet_until(question) {
        Some(until) => Verdict::HeldUntil(until, basis),
        None => Verdict::Allowed(basis),
    }
}

/// Whoever asks may be answered; that is no consent to anything else.
fn answer(question: &Question<'_>) -> Option<Basis> {
    let inbound = question.last_inbound?;
    let patience = match question.channel {
        Channel::Whatsapp => Duration::hours(WHATSAPP_ANSWER_HOURS),
        _ => Duration::days(ANSWER_DAYS),
    };
    let is_answer =
        question.purpose == Purpose::Transactional && question.now - inbound.at <= patience;
    is_answer.then(|| Basis::Answer {
        message_id: inbound.message_id.clone(),
        written_at: inbound.at,
    })
}

/// When quiet hours end, if a message of this purpose has to wait for that.
fn quiet_until(question: &Question<'_>) -> Option<OffsetDateTime> {
    if question.purpose == Purpose::Transactional {
        return None;
    }
    let (zone, now) = (&question.recipient.time_zone, question.now);
    let minute = local_slot(zone, now).minute_of_day();
    if (MARKETING_FROM_MINUTE..MARKETING_UNTIL_MINUTE).contains(&minute) {
        return None;
    }
    let today = local_date(zone, now);
    let day = match minute < MARKETING_FROM_MINUTE {
        true => Some(today),
        false => today.next_day(),
    };
    let morning = day.and_then(|day| {
        let slot = Slot::parse(MARKETING_FROM).ok()?;
        starts_at(zone, day, slot).ok()
    });
    // No zone skips eight in the morning; if one did, asking again an hour later would do.
    Some(morning.unwrap_or(now + Duration::HOUR))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customers::consents::Consent;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-03-14 19:00 UTC);

    fn consents(purpose: Purpose, standing: Standing) -> Consents {
        let mut consents = Consents::default();
        consents.set(Consent {
            channel: Channel::Sms,
            purpose,
            standing,
            at: datetime!(2026-03-01 12:00 UTC),
            source: Some(Source::Web),
            wording: "Texts about my booking".to_owned(),
        });
        consents
    }

    fn recipient(consents: Consents) -> Recipient {
        Recipient {
            customer_id: Some(CustomerId::new("c1")),
            consents,
            time_zone: TimeZoneName::default(),
            suspended_since: None,
        }
    }

    fn ask(purpose: Purpose, recipient: &Recipient, now: OffsetDateTime) -> Verdict {
        decide(&Question {
            channel: Channel::Sms,
            purpose,
            recipient,
            standing: ThreadStanding::Open,
            last_inbound: None,
            now,
        })
    }

    #[test]
    fn consent_is_to_one_purpose_only() {
        let granted = recipient(consents(Purpose::Transactional, Standing::Granted));
        let Verdict::Allowed(Basis::Consent { wording, .. }) =
            ask(Purpose::Transactional, &granted, NOON)
        else {
            panic!("a granted consent allows");
        };
        assert_eq!(wording, "Texts about my booking");
        assert_eq!(
            ask(Purpose::Marketing, &granted, NOON),
            Verdict::Denied(Denial::ConsentMissing)
        );
    }

    #[test]
    fn absent_is_never_consent_and_withdrawn_is_told_apart() {
        let unknown = recipient(Consents::default());
        assert_eq!(
            ask(Purpose::Transactional, &unknown, NOON),
            Verdict::Denied(Denial::ConsentMissing)
        );
        let withdrawn = recipient(consents(Purpose::Transactional, Standing::Withdrawn));
        assert_eq!(
            ask(Purpose::Transactional, &withdrawn, NOON),
            Verdict::Denied(Denial::ConsentWithdrawn)
        );
    }

    #[test]
    fn an_address_that_cannot_be_reached_is_left_alone_until_something_comes_from_it() {
        let mut granted = recipient(consents(Purpose::Transactional, Standing::Granted));
        granted.suspended_since = Some(NOON - Duration::days(1));
        let ask = |last_inbound| {
            decide(&Question {
                channel: Channel::Sms,
                purpose: Purpose::Transactional,
                recipient: &granted,
                standing: ThreadStanding::Open,
                last_inbound,
                now: NOON,
            })
        };
        let written = |at| Inbound {
            message_id: MessageId::new("m1"),
            at,
        };
        let before = written(NOON - Duration::days(2));
        for last in [None, Some(&before)] {
            assert_eq!(ask(last), Verdict::Denied(Denial::AddressUnreachable));
        }
        assert!(matches!(ask(Some(&written(NOON))), Verdict::Allowed(_)));
    }

    #[test]
    fn whoever_writes_may_be_answered_for_a_while_and_not_advertised_to() {
        let nobody = Recipient::default();
        let inbound = Inbound {
            message_id: MessageId::new("m1"),
            at: NOON,
        };
        let question = |channel, purpose, now| {
            decide(&Question {
                channel,
                purpose,
                recipient: &nobody,
                standing: ThreadStanding::Open,
                last_inbound: Some(&inbound),
                now,
            })
        };
        let answer = question(
            Channel::Sms,
            Purpose::Transactional,
            NOON + Duration::days(30),
        );
        assert!(
            matches!(answer, Verdict::Allowed(Basis::Answer { .. })),
            "{answer:?}"
        );
        let missing = Verdict::Denied(Denial::ConsentMissing);
        let later = NOON + Duration::days(31);
        assert_eq!(
            question(Channel::Sms, Purpose::Transactional, later),
            missing
        );
        assert_eq!(question(Channel::Sms, Purpose::Marketing, NOON), missing);
        let tomorrow = NOON + Duration::hours(25);
        assert_eq!(
            question(Channel::Whatsapp, Purpose::Transactional, tomorrow),
            missing
        );
    }

    #[test]
    fn stop_outweighs_everything() {
        let granted = recipient(consents(Purpose::Transactional, Standing::Granted));
        let verdict = decide(&Question {
            channel: Channel::Sms,
            purpose: Purpose::Transactional,
            recipient: &granted,
            standing: ThreadStanding::OptedOut,
            last_inbound: None,
            now: NOON,
        });
        assert_eq!(verdict, Verdict::Denied(Denial::OptedOut));
    }

    #[test]
    fn marketing_waits_for_the_customers_morning_and_the_rest_does_not() {
        let mut granted = recipient(consents(Purpose::Marketing, Standing::Granted));
        // Daylight saving time begins in Los Angeles on 8 March 2026 at 2:00.
        for (now, until) in [
            (
                datetime!(2026-03-08 05:00 UTC),
                Some(datetime!(2026-03-08 15:00 UTC)),
            ),
            (
                datetime!(2026-03-08 14:59 UTC),
                Some(datetime!(2026-03-08 15:00 UTC)),
            ),
            (datetime!(2026-03-08 15:00 UTC), None),
            (datetime!(2026-03-09 03:59 UTC), None),
            (
                datetime!(2026-03-09 04:00 UTC),
                Some(datetime!(2026-03-09 15:00 UTC)),
            ),
            (
                datetime!(2026-03-09 07:30 UTC),
                Some(datetime!(2026-03-09 15:00 UTC)),
            ),
        ] {
            let held = match ask(Purpose::Marketing, &granted, now) {
                Verdict::HeldUntil(until, _) => Some(until),
                Verdict::Allowed(_) => None,
                Verdict::Denied(denial) => panic!("{denial:?}"),
            };
            assert_eq!(held, until, "{now}");
        }
        granted.time_zone = TimeZoneName::parse("Europe/Berlin").unwrap();
        let verdict = ask(
            Purpose::Marketing,
            &granted,
            datetime!(2026-03-08 15:00 UTC),
        );
        assert!(matches!(verdict, Verdict::Allowed(_)), "{verdict:?}");
        let ordered = recipient(consents(Purpose::Transactional, Standing::Granted));
        let night = datetime!(2026-03-08 07:00 UTC);
        assert!(matches!(
            ask(Purpose::Transactional, &ordered, night),
            Verdict::Allowed(_)
        ));
    }
}
