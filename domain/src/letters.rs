//! The letters as they go out: our words and the tenant's, in one frame. Ours are templates in minijinja, strict (a missing
//! value is an error, never an empty word) and with a limit on the work that one may cause. Each has a subject, a text and
//! an HTML form.

use minijinja::value::Serde;
use minijinja::{Environment, Error, UndefinedBehavior};
use serde::Serialize;

use crate::effects::{AccountLetter, EmailTemplate};
use crate::templates::catalogue::{self, About};
use crate::templates::content::Words;
use crate::templates::facts::Facts;
use crate::tenants::deletion::{Asker, EndNews};
use crate::tenants::{Standing, Tenant};
use crate::zones::format_instant;

/// Instructions that one letter may cost.
const FUEL: u64 = 50_000;

/// What a letter to somebody who signs in may speak of.
#[derive(Serialize)]
pub struct AccountFacts {
    pub business: String,
    pub name: String,
    pub link: String,
    /// How long the link is good.
    pub lasts: String,
}

/// What a letter to an owner about the end of the business may speak of.
#[derive(Serialize)]
pub struct EndFacts<'a> {
    business: &'a str,
    name: &'a str,
    /// Where it can be taken back.
    link: String,
    /// Empty where nothing is scheduled.
    when: String,
    by_operator: bool,
    is_suspended: bool,
}

impl<'a> EndFacts<'a> {
    pub fn of(tenant: &'a Tenant, name: &'a str, (news, public_url): (&EndNews, &str)) -> Self {
        let (when, by) = match news {
            EndNews::Scheduled { due_at, by } => {
                (format_instant(&tenant.settings.time_zone, *due_at), by)
            }
            EndNews::Withdrawn { by } => (String::new(), by),
        };
        Self {
            business: &tenant.name,
            name,
            link: format!("{public_url}/settings/danger"),
            when,
            by_operator: *by == Asker::Operator,
            is_suspended: tenant.standing == Standing::Suspended,
        }
    }
}

/// What the frame of a letter of the tenant's speaks of.
#[derive(Serialize)]
struct Framed<'a> {
    business: &'a str,
    content: &'a str,
    is_booking: bool,
}

/// A letter, written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

pub struct Letters {
    environment: Environment<'static>,
}

/// (name, subject and text, html body)
const TEMPLATES: &[(&str, &str, &str)] = &[
    (
        "booking_created",
        include_str!("letters/booking_created.txt"),
        include_str!("letters/booking_created.html"),
    ),
    (
        "booking_created_link_follows",
        include_str!("letters/booking_created_link_follows.txt"),
        include_str!("letters/booking_created_link_follows.html"),
    ),
    (
        "booking_requested",
        include_str!("letters/booking_requested.txt"),
        include_str!("letters/booking_requested.html"),
    ),
    (
        "deposit_paid",
        include_str!("letters/deposit_paid.txt"),
        include_str!("letters/deposit_paid.html"),
    ),
    (
        "booking_rescheduled",
        include_str!("letters/booking_rescheduled.txt"),
        include_str!("letters/booking_rescheduled.html"),
    ),
    (
        "booking_cancelled",
        include_str!("letters/booking_cancelled.txt"),
        include_str!("letters/booking_cancelled.html"),
    ),
    (
        "payment_refunded",
        include_str!("letters/payment_refunded.txt"),
        include_str!("letters/payment_refunded.html"),
    ),
    (
        "account_invitation",
        include_str!("letters/account_invitation.txt"),
        include_str!("letters/account_invitation.html"),
    ),
    (
        "account_reset",
        include_str!("letters/account_reset.txt"),
        include_str!("letters/account_reset.html"),
    ),
    (
        "deletion_scheduled",
        include_str!("letters/deletion_scheduled.txt"),
        include_str!("letters/deletion_scheduled.html"),
    ),
    (
        "deletion_withdrawn",
        include_str!("letters/deletion_withdrawn.txt"),
        include_str!("letters/deletion_withdrawn.html"),
    ),
];

impl Letters {
    /// # Errors
    /// When one of our own templates does not parse.
    pub fn new() -> Result<Self, Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_fuel(Some(FUEL));
        environment.add_template("layout.html", include_str!("letters/layout.html"))?;
        environment.add_template("framed.html", include_str!("letters/framed.html"))?;
        for (name, text, html) in TEMPLATES {
            environment.add_template_owned(format!("{name}.txt"), *text)?;
            environment.add_template_owned(format!("{name}.html"), *html)?;
        }
        Ok(Self { environment })
    }

    /// Writes a letter in our words. The first line of the text form is the subject.
    pub fn write(&self, template: EmailTemplate, facts: &Facts) -> Result<Letter, Error> {
        let name = catalogue::name_of(template);
        let facts = facts.completed(&catalogue::known(name, About::Booking), &[]);
        self.render(&name.replace('-', "_"), facts.values())
    }

    /// Writes a letter to somebody who signs in.
    pub fn write_to_person(
        &self,
        letter: AccountLetter,
        facts: &AccountFacts,
    ) -> Result<Letter, Error> {
        let name = match letter {
            AccountLetter::Invitation => "account_invitation",
            AccountLetter::Reset => "account_reset",
        };
        self.render(name, facts)
    }

    /// Writes a letter to an owner about the end of the business.
    pub fn write_of_end(&self, news: &EndNews, facts: &EndFacts<'_>) -> Result<Letter, Error> {
        let name = match news {
            EndNews::Scheduled { .. } => "deletion_scheduled",
            EndNews::Withdrawn { .. } => "deletion_withdrawn",
        };
        self.render(name, facts)
    }

    /// Puts the tenant's words into the frame that our letters have; a whole page of the tenant's stays as it is.
    pub fn frame(&self, words: Words, about: About, business: &str) -> Result<Letter, Error> {
        let html = words.html.unwrap_or_else(|| paragraphs(&words.text));
        let is_page = html.to_ascii_lowercase().contains("<html");
        let framed = Framed {
            business,
            content: &html,
            is_booking: about == About::Booking,
        };
        let html = match is_page {
            true => html,
            false => self
                .environment
                .get_template("framed.html")?
                .render(minijinja::Value::from(Serde(framed)))?,
        };
        Ok(Letter {
            subject: words.subject.unwrap_or_default(),
            text: words.text,
            html,
        })
    }

    fn render(&self, name: &str, facts: &impl Serialize) -> Result<Letter, Error> {
        let render = |file: String| -> Result<String, Error> {
            self.environment
                .get_template(&file)?
                .render(minijinja::Value::from(Serde(facts)))
        };
        let text = render(format!("{name}.txt"))?;
        let (subject, text) = text.split_once('\n').unwrap_or((text.as_str(), ""));
        Ok(Letter {
            subject: subject.trim().to_owned(),
            text: text.trim_start().to_owned(),
            html: render(format!("{name}.html"))?,
        })
    }
}

/// Text as HTML: a paragraph for each block, addresses to click on, and nothing of it read as HTML.
fn paragraphs(text: &str) -> String {
    let mut html = String::with_capacity(text.len() * 2);
    let text = text.replace("\r\n", "\n");
    for block in text.split("\n\n").filter(|block| !block.trim().is_empty()) {
        html.push_str("<p>");
        for (index, line) in block.trim_matches('\n').lines().enumerate() {
            if index > 0 {
                html.push_str("<br>\n");
            }
            for word in line.split_inclusive(char::is_whitespace) {
                add_word(&mut html, word);
            }
        }
        html.push_str("</p>\n");
    }
    html
}

fn add_word(html: &mut String, word: &str) {
    let bare = word.trim_end();
    let is_address = bare.starts_with("https://") || bare.starts_with("http://");
    let address = bare.trim_end_matches(['.', ',', ')', ';']);
    if !is_address {
        escape(html, word);
        return;
    }
    html.push_str("<a href=\"");
    escape(html, address);
    html.push_str("\">");
    escape(html, address);
    html.push_str("</a>");
    escape(html, &word[address.len()..]);
}

fn escape(html: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#x27;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let known = catalogue::known("booking-created", About::Booking);
        let mut facts = Facts::samples(&known, &[]);
        facts.set("business", "Fire & Ice <Catering>");
        facts
    }

    #[test]
    fn every_letter_can_be_written_and_escapes_what_it_is_given() {
        let letters = Letters::new().unwrap();
        for template in [
            EmailTemplate::BookingCreated,
            EmailTemplate::BookingCreatedLinkFollows,
            EmailTemplate::BookingRequested,
            EmailTemplate::DepositPaid,
            EmailTemplate::BookingRescheduled,
            EmailTemplate::BookingCancelled,
            EmailTemplate::PaymentRefunded,
        ] {
            let letter = letters.write(template, &facts()).unwrap();
            assert!(
                !letter.subject.is_empty() && !letter.subject.contains('\n'),
                "{template:?}"
            );
            assert!(
                letter.text.contains("Ada") && letter.text.contains("Fire & Ice <Catering>"),
                "{template:?}"
            );
            assert!(
                letter.html.contains("Fire &amp; Ice &lt;Catering&gt;"),
                "{template:?}"
            );
        }
    }

    #[test]
    fn letters_to_people_carry_their_link_and_escape_what_they_are_given() {
        let letters = Letters::new().unwrap();
        let facts = AccountFacts {
            business: "Fire & Ice <Catering>".into(),
            name: "Ada".into(),
            link: "https://crm.example/reset?token=a-b_c".into(),
            lasts: "30 minutes".into(),
        };
        for kind in [AccountLetter::Invitation, AccountLetter::Reset] {
            let letter = letters.write_to_person(kind, &facts).unwrap();
            assert!(letter.text.contains(&facts.link) && letter.text.contains("30 minutes"));
            assert!(
                letter.html.contains("Fire &amp; Ice &lt;Catering&gt;"),
                "{kind:?}"
            );
            assert!(letter.html.contains("token=a-b_c"), "{kind:?}");
        }
    }

    #[test]
    fn owners_are_told_when_it_ends_who_asked_and_how_it_is_taken_back() {
        let (letters, by) = (Letters::new().unwrap(), Asker::Owner);
        let due_at = time::macros::datetime!(2026-03-14 17:00 UTC);
        let news = EndNews::Scheduled { due_at, by };
        let mut tenant = Tenant {
            name: "Fire & Ice <Catering>".to_owned(),
            ..Tenant::default()
        };
        let write = |tenant: &Tenant, news: &EndNews| {
            let facts = EndFacts::of(tenant, "Ada", (news, "https://crm.example"));
            letters.write_of_end(news, &facts).unwrap()
        };
        let letter = write(&tenant, &news);
        assert_eq!(
            letter.subject,
            "Fire & Ice <Catering> is going to be deleted"
        );
        let link = "https://crm.example/settings/danger";
        for part in ["Saturday, 14 March 2026", "An owner of", link] {
            assert!(letter.text.contains(part), "{part}: {}", letter.text);
        }
        assert!(letter.html.contains("Fire &amp; Ice &lt;Catering&gt;"));
        let withdrawn = write(&tenant, &EndNews::Withdrawn { by });
        assert_eq!(withdrawn.subject, "Fire & Ice <Catering> stays");
        tenant.standing = Standing::Suspended;
        let by = Asker::Operator;
        let letter = write(&tenant, &EndNews::Scheduled { due_at, by });
        assert!(letter.text.contains("Whoever operates") && !letter.text.contains(link));
    }

    #[test]
    fn a_letter_with_a_link_carries_it() {
        let letter = Letters::new()
            .unwrap()
            .write(EmailTemplate::BookingCreated, &facts())
            .unwrap();
        assert!(letter.text.contains("https://pay.example/x?a=1&b=2"));
    }

    #[test]
    fn the_tenants_text_becomes_html_that_says_the_same() {
        let words = |text: &str, html: Option<&str>| Words {
            subject: Some("S".to_owned()),
            text: text.to_owned(),
            html: html.map(str::to_owned),
        };
        let letters = Letters::new().unwrap();
        let text = "Hello <Ada>,\nsee https://pay.example/x?a=1&b=2.\n\nBye";
        let letter = letters
            .frame(words(text, None), About::Booking, "A & B")
            .unwrap();
        assert_eq!(letter.text, text);
        let link =
            "<a href=\"https://pay.example/x?a=1&amp;b=2\">https://pay.example/x?a=1&amp;b=2</a>.";
        for part in ["<p>Hello &lt;Ada&gt;,<br>", link, "<p>Bye</p>", "A &amp; B"] {
            assert!(letter.html.contains(part), "{part}: {}", letter.html);
        }
        let own = words("x", Some("<h1>Mine</h1>"));
        let framed = letters.frame(own, About::Customer, "A").unwrap().html;
        assert!(framed.contains("<h1>Mine</h1>") && framed.contains("<!doctype html>"));
        let page = words("x", Some("<HTML><body>Mine</body></HTML>"));
        let whole = letters.frame(page, About::Customer, "A").unwrap().html;
        assert_eq!(whole, "<HTML><body>Mine</body></HTML>");
    }
}
