//! What one check has found.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Ok,
    Warn,
    Fail,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    pub state: State,
    pub detail: String,
    /// What to do; always there unless all is well.
    pub remedy: Option<String>,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    /// The state of a measure that should be small.
    pub fn of(measure: f64, warn_above: f64, fail_above: f64) -> Self {
        match measure {
            _ if measure > fail_above => Self::Fail,
            _ if measure > warn_above => Self::Warn,
            _ => Self::Ok,
        }
    }
}

impl Finding {
    /// All is well.
    pub fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self {
            check,
            state: State::Ok,
            detail: detail.into(),
            remedy: None,
        }
    }

    pub fn warn(check: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(check, State::Warn, detail, remedy)
    }

    pub fn fail(check: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(check, State::Fail, detail, remedy)
    }

    /// The remedy is dropped where all is well.
    pub fn new(
        check: &'static str,
        state: State,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = (state != State::Ok).then(|| remedy.into());
        Self {
            check,
            state,
            detail: detail.into(),
            remedy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_at_its_limit_is_still_good() {
        let states = [0.0, 1.0, 1.1, 9.0, 9.1].map(|measure| State::of(measure, 1.0, 9.0));
        assert_eq!(
            states,
            [State::Ok, State::Ok, State::Warn, State::Warn, State::Fail]
        );
    }

    #[test]
    fn nothing_is_to_be_done_where_all_is_well() {
        assert_eq!(
            Finding::new("clock", State::Ok, "exact", "set it").remedy,
            None
        );
        assert!(Finding::fail("clock", "off", "set it").remedy.is_some());
    }
}
