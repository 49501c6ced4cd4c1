//! The language of templates: values in double braces, conditions and loops, a handful of filters, and nothing that could
//! reach further or grow without end. A missing value is an error, never an empty word; in HTML all values are escaped.

use std::io;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, filters};

use super::facts::Facts;
use crate::refusal::Refusal;

/// Instructions that one part of a message may cost.
const FUEL: u64 = 50_000;
/// The most that one part may come to.
const MAX_WRITTEN_BYTES: usize = 256 * 1024;
/// What may stand between `{%` and `%}`: nothing that keeps or repeats text, or brings other templates in.
const TAGS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];
/// The code of the refusal that a value is missing.
pub(super) const MISSING: &str = "variable-missing";

/// Which part of a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Text in one line, whatever is filled in.
    Line,
    Text,
    Html,
}

/// Refuses what does not parse, tags that are not ours, and names that are not known.
pub(super) fn check(form: Form, source: &str, names: &[String]) -> Result<(), Refusal> {
    check_tags(source)?;
    let environment = environment();
    let template = environment
        .template_from_named_str(form.name(), source)
        .map_err(|error| invalid(&error))?;
    let mut unknown: Vec<String> = template
        .undeclared_variables(false)
        .into_iter()
        .filter(|name| !names.contains(name))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    unknown.sort_unstable();
    let detail = format!(
        "{} is not known here; known are {}, and whatever else the template declares",
        unknown.join(", "),
        names.join(", ")
    );
    Err(Refusal::invalid("variable-unknown", detail))
}

/// Writes one part.
pub(super) fn write(form: Form, source: &str, facts: &Facts) -> Result<String, Refusal> {
    check_tags(source)?;
    let environment = environment();
    let template = environment
        .template_from_named_str(form.name(), source)
        .map_err(|error| invalid(&error))?;
    let mut written = Bounded::default();
    let values = minijinja::Value::from(Serde(facts.values()));
    if let Err(error) = template.render_captured_to(values, &mut written) {
        let mut missing: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        missing.retain(|name| !facts.values().contains_key(name));
        missing.sort_unstable();
        return Err(match error.kind() {
            ErrorKind::UndefinedError if !missing.is_empty() => {
                let detail = format!("there is no value for {}", missing.join(", "));
                Refusal::invalid(MISSING, detail)
            }
            ErrorKind::WriteFailure => {
                let detail = format!("it comes to more than {MAX_WRITTEN_BYTES} bytes");
                Refusal::invalid("template-too-long", detail)
            }
            _ => invalid(&error),
        });
    }
    let written = String::from_utf8_lossy(&written.0).into_owned();
    Ok(match form {
        Form::Line => written.split_whitespace().collect::<Vec<_>>().join(" "),
        Form::Text | Form::Html => written,
    })
}

impl Form {
    /// Decides whether values are escaped.
    fn name(self) -> &'static str {
        match self {
            Self::Line => "subject",
            Self::Text => "text",
            Self::Html => "html",
        }
    }
}

fn environment<'source>() -> Environment<'source> {
    let mut environment = Environment::empty();
    environment.set_auto_escape_callback(|name| match name == Form::Html.name() {
        true => AutoEscape::Html,
        false => AutoEscape::None,
    });
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_fuel(Some(FUEL));
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("default", filters::default);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("title", filters::title);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("upper", filters::upper);
    environment
}

fn check_tags(source: &str) -> Result<(), Refusal> {
    for tag in source.split("{%").skip(1) {
        let tag = tag.trim_start_matches(['-', '+']).trim_start();
        let end = tag.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let word = end.map_or(tag, |end| &tag[..end]);
        if !TAGS.contains(&word) {
            let detail = format!(
                "{word:?} is no tag of templates; there are {}",
                TAGS.join(", ")
            );
            return Err(Refusal::invalid("template-invalid", detail));
        }
    }
    // Text times a number, or text put together from itself, costs little and comes to much.
    let values = source.split("{{").skip(1).chain(source.split("{%").skip(1));
    for value in values {
        let end = [value.find("}}"), value.find("%}")]
            .into_iter()
            .flatten()
            .min();
        let inside = end.map_or(value, |end| &value[..end]);
        if inside.contains(['*', '~', '+']) {
            let detail = "values are shown as they are: *, ~ and + are not for templates";
            return Err(Refusal::invalid("template-invalid", detail));
        }
    }
    Ok(())
}

fn invalid(error: &Error) -> Refusal {
    let what = match error.detail() {
        Some(detail) => detail.to_owned(),
        None => error.kind().to_string(),
    };
    let detail = match error.line() {
        Some(line) => format!("line {line}: {what}"),
        None => what,
    };
    Refusal::invalid("template-invalid", detail)
}

/// What is written, up to the limit.
#[derive(Default)]
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_WRITTEN_BYTES {
            return Err(io::Error::other("too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let mut facts = Facts::default();
        facts.set("first_name", "<b>Ada</b>\nLovelace");
        facts
    }

    #[test]
    fn values_are_escaped_in_html_and_nowhere_else_and_a_line_stays_one() {
        let source = "Hi {{ first_name }}";
        let write = |form| write(form, source, &facts()).unwrap();
        assert_eq!(write(Form::Text), "Hi <b>Ada</b>\nLovelace");
        assert_eq!(write(Form::Line), "Hi <b>Ada</b> Lovelace");
        assert!(write(Form::Html).starts_with("Hi &lt;b&gt;Ada"));
    }

    #[test]
    fn a_missing_value_is_named_and_a_condition_asks_for_it() {
        let refusal = write(Form::Text, "{{ payment_url }}", &facts()).unwrap_err();
        assert_eq!(refusal.code, MISSING);
        assert!(refusal.detail.contains("payment_url"), "{}", refusal.detail);
        let asked = "{% if payment_url %}{{ payment_url }}{% else %}later{% endif %}";
        assert_eq!(write(Form::Text, asked, &facts()).unwrap(), "later");
        let otherwise = "{{ payment_url | default('soon') }}";
        assert_eq!(write(Form::Text, otherwise, &facts()).unwrap(), "soon");
    }

    #[test]
    fn what_reaches_further_or_grows_is_no_template() {
        let names = ["first_name".to_owned()];
        for (source, code) in [
            ("{{ first_name", "template-invalid"),
            ("{% if first_name %}", "template-invalid"),
            ("{% include 'layout.html' %}", "template-invalid"),
            ("{%- set x = first_name %}", "template-invalid"),
            ("{% macro x() %}{% endmacro %}", "template-invalid"),
            ("{{ first_name * 1000000 }}", "template-invalid"),
            ("{{ colour }}", "variable-unknown"),
            ("{{ range(9) }}", "variable-unknown"),
        ] {
            assert_eq!(
                check(Form::Text, source, &names).unwrap_err().code,
                code,
                "{source}"
            );
        }
        let endless = "{% for a in first_name %}{% for b in first_name %}{% for c in first_name %}\
            {% for d in first_name %}x{% endfor %}{% endfor %}{% endfor %}{% endfor %}";
        assert_eq!(
            write(Form::Text, endless, &facts()).unwrap_err().code,
            "template-invalid"
        );
    }
}
