//! Twilio's Messages API over `reqwest`. Making a message knows no idempotency key, so a message whose answer was lost is
//! looked for before it is sent again (`find_sent`). See <https://www.twilio.com/docs/messaging/api/message-resource>.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc2822;
use time::macros::format_description;

use crate::calls::{self, Answered, base, segment};
use crate::form::Form;
use crate::outcome::{Failure, FailureKind};
use crate::secret::Secret;
use crate::texts::{NewText, Sent};

mod answers;
pub mod signatures;
pub mod webhooks;

/// Where Twilio lives; the sandbox lives at `http://<sandbox>/twilio`.
pub const BASE_URL: &str = "https://api.twilio.com";
/// The version of the API that these wire types were written for.
pub const API_VERSION: &str = "2010-04-01";
/// Longest whole call.
pub const TIMEOUT: Duration = Duration::from_secs(20);
/// Twilio's limit on the length of a body; longer ones are refused with 21617.
pub const BODY_LIMIT_CHARS: usize = 1_600;

/// Messages in one page of a look-up, and pages that are read.
const PAGE_SIZE: usize = 100;
const PAGES_LIMIT: usize = 10;
/// Clocks of ours and of Twilio's may differ by this much.
const CLOCK_SKEW: time::Duration = time::Duration::minutes(2);
const DAY: &[BorrowedFormatItem<'static>] = format_description!("[year]-[month]-[day]");

/// Whose account, and which credential signs in.
#[derive(Clone, Debug)]
pub struct Account {
    /// `AC…`; part of every path.
    pub account_sid: String,
    /// The account's own sid with its auth token, or an API key `SK…` with its secret.
    pub user: String,
    pub password: Secret,
}

/// From where texts are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// One number, E.164.
    Number(String),
    /// A pool of numbers, `MG…`; Twilio chooses one per recipient and keeps it.
    MessagingService(String),
}

/// One Twilio account that sends from one place. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct Twilio {
    http: Client,
    base_url: String,
    account: Account,
    sender: Sender,
}

impl Twilio {
    /// `base_url` is [`BASE_URL`] or the sandbox's.
    pub fn new(
        http: Client,
        base_url: impl Into<String>,
        account: Account,
        sender: Sender,
    ) -> Twilio {
        Twilio {
            http,
            base_url: base(base_url),
            account,
            sender,
        }
    }

    /// `POST …/Messages.json`.
    ///
    /// # Errors
    /// As classified. After `Unknown` ask [`Twilio::find_sent`] before sending again.
    pub async fn send_text(&self, new: &NewText) -> Result<Sent, Failure> {
        let mut form = Form::default();
        form.add("To", &new.to);
        match &self.sender {
            Sender::Number(number) => form.add("From", number),
            Sender::MessagingService(sid) => form.add("MessagingServiceSid", sid),
        }
        form.add("Body", &new.body);
        form.add_some("StatusCallback", new.callback_url().as_ref());
        let request = self
            .http
            .post(format!("{}{}", self.base_url, self.messages_path()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.encode());
        let message: Message = self.send(request).await?.json("twilio")?;
        Ok(Sent {
            provider_message_id: message.sid,
        })
    }

    /// Looks for a message with this recipient, sender and body that Twilio has taken on since `since`, and that is not
    /// one of `others`: ids already known to belong to other messages of ours. The earliest wins.
    ///
    /// # Errors
    /// As classified; and `Unknown` when there are more messages to this recipient than are looked through.
    pub async fn find_sent(
        &self,
        new: &NewText,
        since: OffsetDateTime,
        others: &[String],
    ) -> Result<Option<Sent>, Failure> {
        let since = since.to_offset(time::UtcOffset::UTC) - CLOCK_SKEW;
        let mut page = Some(self.first_page(new, since)?);
        let mut found: Option<(OffsetDateTime, String)> = None;
        for _ in 0..PAGES_LIMIT {
            let Some(path) = page else {
                return Ok(found.map(|(_, provider_message_id)| Sent {
                    provider_message_id,
                }));
            };
            let request = self.http.get(format!("{}{path}", self.base_url));
            let listed: Page = self.send(request).await?.json("twilio")?;
            for message in listed.messages {
                let Some(created) = self.matches(&message, new, since) else {
                    continue;
                };
                let is_earlier = found.as_ref().is_none_or(|(known, _)| created < *known);
                if is_earlier && !others.contains(&message.sid) {
                    found = Some((created, message.sid));
                }
            }
            // A page of another host would get our credential.
            page = listed.next_page_uri.filter(|path| path.starts_with('/'));
        }
        Err(Failure::new(
            FailureKind::Unknown,
            "twilio lists more messages than are looked through",
        ))
    }

    fn messages_path(&self) -> String {
        let account = segment(&self.account.account_sid);
        format!("/{API_VERSION}/Accounts/{account}/Messages.json")
    }

    fn first_page(&self, new: &NewText, since: OffsetDateTime) -> Result<String, Failure> {
        let day = since
            .date()
            .format(DAY)
            .map_err(|_| Failure::new(FailureKind::Refused, "the time has no date"))?;
        let mut query = Form::default();
        query.add("To", &new.to);
        if let Sender::Number(number) = &self.sender {
            query.add("From", number);
        }
        query.add("DateSent>", day);
        query.add("PageSize", PAGE_SIZE.to_string());
        Ok(format!("{}?{}", self.messages_path(), query.encode()))
    }

    /// When the message was made, if it is the one.
    fn matches(
        &self,
        message: &Message,
        new: &NewText,
        since: OffsetDateTime,
    ) -> Option<OffsetDateTime> {
        let is_ours = message.direction.as_deref() == Some("outbound-api");
        let is_from_here = match &self.sender {
            Sender::Number(number) => message.from.as_ref() == Some(number),
            Sender::MessagingService(sid) => message.messaging_service_sid.as_ref() == Some(sid),
        };
        let is_same =
            message.to.as_ref() == Some(&new.to) && message.body.as_ref() == Some(&new.body);
        let created = OffsetDateTime::parse(message.date_created.as_deref()?, &Rfc2822).ok()?;
        (is_ours && is_from_here && is_same && created >= since).then_some(created)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answered, Failure> {
        let account = &self.account;
        let request = request.basic_auth(&account.user, Some(account.password.expose()));
        let answered = calls::call(request, TIMEOUT).await?;
        if answered.is_success() {
            return Ok(answered);
        }
        Err(answers::classify(
            answered.status,
            answered.retry_after(),
            &answered.body,
        ))
    }
}

/// The part of a message that we read; Twilio adds fields within a version.
#[derive(Deserialize)]
struct Message {
    sid: String,
    direction: Option<String>,
    from: Option<String>,
    to: Option<String>,
    body: Option<String>,
    messaging_service_sid: Option<String>,
    /// RFC 2822.
    date_created: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
    next_page_uri: Option<String>,
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::{Account, Message, Sender, Twilio};
    use crate::http::client;
    use crate::secret::Secret;
    use crate::texts::NewText;

    fn twilio(sender: Sender) -> Twilio {
        let account = Account {
            account_sid: "AC1".into(),
            user: "AC1".into(),
            password: Secret::new("token"),
        };
        Twilio::new(client().unwrap(), "http://127.0.0.1:9", account, sender)
    }

    fn new() -> NewText {
        NewText {
            to: "+15551230001".into(),
            body: "See you at 6".into(),
            ..NewText::default()
        }
    }

    #[test]
    fn a_message_is_the_same_by_sender_recipient_body_and_time() {
        let twilio = twilio(Sender::Number("+15550000001".into()));
        let since = datetime!(2026-03-14 18:00:00 UTC);
        let message = |body: &str, from: &str, date: &str| Message {
            sid: "SM1".into(),
            direction: Some("outbound-api".into()),
            from: Some(from.into()),
            to: Some("+15551230001".into()),
            body: Some(body.into()),
            messaging_service_sid: None,
            date_created: Some(date.into()),
        };
        let at = "Sat, 14 Mar 2026 18:00:05 +0000";
        for (found, expected) in [
            (message("See you at 6", "+15550000001", at), true),
            (message("See you at 7", "+15550000001", at), false),
            (message("See you at 6", "+15550000002", at), false),
            (
                message(
                    "See you at 6",
                    "+15550000001",
                    "Sat, 14 Mar 2026 17:59:59 +0000",
                ),
                false,
            ),
            (message("See you at 6", "+15550000001", "soon"), false),
        ] {
            assert_eq!(twilio.matches(&found, &new(), since).is_some(), expected);
        }
    }

    #[test]
    fn the_look_up_names_recipient_sender_and_day() {
        let twilio = twilio(Sender::Number("+15550000001".into()));
        assert_eq!(
            twilio
                .first_page(&new(), datetime!(2026-03-14 00:00 UTC))
                .unwrap(),
            "/2010-04-01/Accounts/AC1/Messages.json?To=%2B15551230001&From=%2B15550000001\
             &DateSent%3E=2026%2D03%2D14&PageSize=100"
        );
    }

    #[test]
    fn the_token_is_not_printed() {
        assert!(!format!("{:?}", twilio(Sender::Number(String::new()))).contains("token"));
    }
}
