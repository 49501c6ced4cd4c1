//! A message of a conversation as a mail: the words as they are, in the thread of what they answer.

use domain::customers::consents::Purpose;
use domain::tenants::Tenant;
use integrations::outcome::Failure;
use integrations::smtp::mails::Mail;

use super::emails::sender;
use super::messages::Parcel;

/// The mail, under a Message-ID that stays the same over retries.
pub(super) fn write(tenant: &Tenant, parcel: &Parcel, message_id: &str) -> Result<Mail, Failure> {
    Ok(Mail {
        message_id: message_id.to_owned(),
        from: sender(tenant)?,
        reply_to: tenant.settings.senders.email_reply_to.clone(),
        to: parcel.to.clone(),
        subject: subject(tenant, parcel),
        text: parcel.content.clone(),
        html: as_html(&parcel.content),
        headers: headers(tenant, parcel),
    })
}

fn subject(tenant: &Tenant, parcel: &Parcel) -> String {
    let is_answer = |subject: &str| {
        subject
            .get(..3)
            .is_some_and(|re| re.eq_ignore_ascii_case("re:"))
    };
    match &parcel.subject {
        Some(subject) if parcel.in_reply_to.is_some() && !is_answer(subject) => {
            format!("Re: {subject}")
        }
        Some(subject) => subject.clone(),
        None => format!("A message from {}", tenant.name),
    }
}

fn headers(tenant: &Tenant, parcel: &Parcel) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    if let Some(id) = &parcel.in_reply_to {
        let id = format!("<{}>", id.trim_start_matches('<').trim_end_matches('>'));
        headers.push(("In-Reply-To".to_owned(), id.clone()));
        headers.push(("References".to_owned(), id));
    }
    let senders = &tenant.settings.senders;
    let answers = senders
        .email_reply_to
        .as_ref()
        .or(senders.email_from.as_ref());
    if let Some(address) = answers.filter(|_| parcel.purpose == Purpose::Marketing) {
        let unsubscribe = format!("<mailto:{address}?subject=unsubscribe>");
        headers.push(("List-Unsubscribe".to_owned(), unsubscribe));
    }
    headers
}

/// The text as it is, in paragraphs.
pub(super) fn as_html(text: &str) -> String {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    let paragraphs = escaped.replace("\r\n", "\n");
    let paragraphs = paragraphs
        .split("\n\n")
        .map(|paragraph| format!("<p>{}</p>", paragraph.trim().replace('\n', "<br>\n")));
    paragraphs.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_paragraphs_and_nothing_of_it_becomes_markup() {
        assert_eq!(
            as_html("Hi <Ada> & co,\nsee you.\r\n\r\n\"Kim\""),
            "<p>Hi &lt;Ada&gt; &amp; co,<br>\nsee you.</p>\n<p>&quot;Kim&quot;</p>"
        );
    }

    #[test]
    fn an_answer_says_so_once() {
        let tenant = Tenant {
            name: "Fire & Rice".to_owned(),
            ..Tenant::default()
        };
        let parcel = |subject: Option<&str>, answers: bool| Parcel {
            to: "ada@example.test".to_owned(),
            content: "Yes.".to_owned(),
            subject: subject.map(str::to_owned),
            purpose: Purpose::Transactional,
            context: std::collections::BTreeMap::new(),
            in_reply_to: answers.then(|| "<1@example.test>".to_owned()),
        };
        assert_eq!(
            subject(&tenant, &parcel(Some("Saturday"), true)),
            "Re: Saturday"
        );
        assert_eq!(
            subject(&tenant, &parcel(Some("RE: Saturday"), true)),
            "RE: Saturday"
        );
        assert_eq!(
            subject(&tenant, &parcel(Some("Saturday"), false)),
            "Saturday"
        );
        assert_eq!(
            subject(&tenant, &parcel(None, true)),
            "A message from Fire & Rice"
        );
        let headers = headers(&tenant, &parcel(None, true));
        assert_eq!(headers[0].1, "<1@example.test>");
    }
}
