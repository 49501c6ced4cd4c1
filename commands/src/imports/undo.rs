//! What it takes to take rows of an import back. Several rows of a file may speak of one person; what they did is undone
//! together, from the last to the first, as far as nobody else has written in between.

use domain::customers::CustomerDetails;
use serde::{Deserialize, Serialize};

/// What a row, or several of one person, wrote, and what stood there before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    /// What stood in the fields that were written; a field that was empty is in `written` alone.
    pub before: CustomerDetails,
    pub written: CustomerDetails,
    /// Tags that the customer did not have.
    pub tags: Vec<String>,
    /// The customer was brought back from the archive.
    pub was_archived: bool,
    /// Between two rows somebody else has written one of the fields: what they wrote is what comes back.
    #[serde(default)]
    pub is_broken: bool,
}

impl Undo {
    pub(super) fn is_nothing(&self) -> bool {
        self.written == CustomerDetails::default() && self.tags.is_empty() && !self.was_archived
    }

    /// With what an earlier row of the same person did. What a row wrote is taken back to what stood before the earlier one
    /// only where it found what that one had left.
    pub fn after(mut self, earlier: Self) -> Self {
        let (before, written) = (&mut self.before, &mut self.written);
        let (old, new) = (earlier.before, earlier.written);
        let mut is_whole = true;
        is_whole &= join(
            &mut before.first_name,
            &mut written.first_name,
            (old.first_name, new.first_name),
        );
        is_whole &= join(
            &mut before.last_name,
            &mut written.last_name,
            (old.last_name, new.last_name),
        );
        is_whole &= join(
            &mut before.email,
            &mut written.email,
            (old.email, new.email),
        );
        is_whole &= join(
            &mut before.phone,
            &mut written.phone,
            (old.phone, new.phone),
        );
        is_whole &= join(
            &mut before.address,
            &mut written.address,
            (old.address, new.address),
        );
        is_whole &= join(
            &mut before.time_zone,
            &mut written.time_zone,
            (old.time_zone, new.time_zone),
        );
        for tag in earlier.tags {
            if !self.tags.contains(&tag) {
                self.tags.push(tag);
            }
        }
        self.was_archived |= earlier.was_archived;
        self.is_broken |= earlier.is_broken || !is_whole;
        self
    }
}

/// One field. Answers whether the later row found what the earlier one had written.
fn join<T: PartialEq>(
    before: &mut Option<T>,
    written: &mut Option<T>,
    (old, new): (Option<T>, Option<T>),
) -> bool {
    let Some(new) = new else {
        return true;
    };
    if written.is_none() {
        (*before, *written) = (old, Some(new));
        return true;
    }
    let is_whole = before.as_ref() == Some(&new);
    if is_whole {
        *before = old;
    }
    is_whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(before: Option<&str>, written: Option<&str>) -> Undo {
        let details = |zone: Option<&str>| CustomerDetails {
            time_zone: zone.map(|zone| serde_json::from_value(serde_json::json!(zone)).unwrap()),
            ..CustomerDetails::default()
        };
        Undo {
            before: details(before),
            written: details(written),
            ..Undo::default()
        }
    }

    #[test]
    fn two_rows_go_back_to_what_stood_before_both() {
        let later = zone(Some("Europe/Paris"), Some("Europe/Rome"));
        let both = later.after(zone(Some("Europe/Vienna"), Some("Europe/Paris")));
        assert_eq!(both, zone(Some("Europe/Vienna"), Some("Europe/Rome")));
    }

    #[test]
    fn a_field_that_one_row_alone_wrote_goes_back_as_that_row_says() {
        let one = zone(Some("Europe/Vienna"), Some("Europe/Paris"));
        assert_eq!(Undo::default().after(one.clone()), one);
        assert_eq!(one.clone().after(Undo::default()), one);
    }

    #[test]
    fn what_somebody_wrote_between_two_rows_comes_back() {
        let later = zone(Some("Europe/Oslo"), Some("Europe/Rome"));
        let both = later.after(zone(Some("Europe/Vienna"), Some("Europe/Paris")));
        assert_eq!(both.before, zone(Some("Europe/Oslo"), None).before);
        assert!(both.is_broken);
    }

    #[test]
    fn tags_of_both_go_and_whoever_was_archived_is_archived_again() {
        let of = |tags: &[&str], was_archived| Undo {
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            was_archived,
            ..Undo::default()
        };
        let both = of(&["vip", "spring"], false).after(of(&["spring", "new"], true));
        assert_eq!(both, of(&["vip", "spring", "new"], true));
    }
}
