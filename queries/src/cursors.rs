//! Keyset cursors: where the last page ended, sealed under the tenant's key. Sealing keeps names that a list is sorted by
//! out of URLs and logs, and makes a cursor of another query, tenant or making simply not open.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::vault::TenantKeys;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

/// Letters of a cursor that we care to read.
pub const MAX_CURSOR_LENGTH: usize = 2_048;

/// The sort and the last row's sort keys and id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub sort: String,
    pub keys: Vec<String>,
    pub id: String,
}

impl Cursor {
    /// The cursor behind a row sorted by an instant.
    pub fn at(sort: &str, instant: OffsetDateTime, id: &str) -> Result<Self> {
        let key = instant
            .format(&Rfc3339)
            .map_err(|error| unprintable(&error))?;
        Ok(Self {
            sort: sort.to_owned(),
            keys: vec![key],
            id: id.to_owned(),
        })
    }

    /// The sealed form that a caller gets.
    pub fn seal(&self, keys: &TenantKeys, query: &str) -> Result<String> {
        let plain = serde_json::to_vec(self)?;
        Ok(URL_SAFE_NO_PAD.encode(keys.seal_ingest(&purpose(query), &plain)?))
    }

    /// Reads a caller's cursor. Refused with 400 `cursor-invalid` unless this query made it for this tenant and sort.
    pub fn open(
        keys: &TenantKeys,
        query: &str,
        sort: &str,
        text: &str,
    ) -> std::result::Result<Self, Refusal> {
        if text.len() > MAX_CURSOR_LENGTH {
            return Err(invalid());
        }
        let envelope = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let plain = keys
            .open_ingest(&purpose(query), &envelope)
            .ok_or_else(invalid)?;
        let cursor: Self = serde_json::from_slice(&plain).map_err(|_| invalid())?;
        if cursor.sort == sort {
            Ok(cursor)
        } else {
            Err(invalid())
        }
    }

    /// The sort key as an instant.
    pub fn instant(&self) -> std::result::Result<OffsetDateTime, Refusal> {
        OffsetDateTime::parse(self.text(0)?, &Rfc3339).map_err(|_| invalid())
    }

    /// The sort key as a date.
    pub fn date(&self) -> std::result::Result<Date, Refusal> {
        domain::slots::parse_date(self.text(0)?).map_err(|_| invalid())
    }

    /// One of the sort keys as it is.
    pub fn text(&self, index: usize) -> std::result::Result<&str, Refusal> {
        self.keys.get(index).map(String::as_str).ok_or_else(invalid)
    }
}

fn purpose(query: &str) -> String {
    format!("cursor of {query}")
}

fn invalid() -> Refusal {
    Refusal::malformed(
        "cursor-invalid",
        "this cursor was not made by this query and sort; start without one",
    )
}

fn unprintable(error: &time::error::Format) -> event_store::error::Error {
    event_store::error::Error::internal(format!("an instant does not print: {error}"))
}

#[cfg(test)]
mod tests {
    use domain::ids::TenantId;
    use event_store::vault::Vault;
    use time::macros::datetime;

    use super::*;

    fn keys(tenant: &str) -> std::sync::Arc<TenantKeys> {
        let (vault, tenant_id) = (Vault::new(&[7; 32]), TenantId::new(tenant));
        let wrapped = vault.new_tenant(&tenant_id).unwrap();
        vault.unwrap_tenant(&tenant_id, &wrapped).unwrap()
    }

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let keys = keys("one");
        let cursor = Cursor::at(
            "-created_at",
            datetime!(2026-03-14 18:00:00.123456 UTC),
            "id",
        )
        .unwrap();
        let text = cursor.seal(&keys, "bookings").unwrap();
        let again = Cursor::open(&keys, "bookings", "-created_at", &text).unwrap();
        assert_eq!(again, cursor);
        assert_eq!(
            again.instant().unwrap(),
            datetime!(2026-03-14 18:00:00.123456 UTC)
        );
    }

    #[test]
    fn a_cursor_of_another_query_sort_tenant_or_hand_is_refused() {
        let keys_of_one = keys("one");
        let text = Cursor::at("a", datetime!(2026-03-14 18:00 UTC), "id")
            .unwrap()
            .seal(&keys_of_one, "bookings")
            .unwrap();
        let refused = |keys: &TenantKeys, query, sort, text: &str| {
            Cursor::open(keys, query, sort, text).unwrap_err().code == "cursor-invalid"
        };
        assert!(refused(&keys_of_one, "chefs", "a", &text));
        assert!(refused(&keys_of_one, "bookings", "-a", &text));
        assert!(refused(&keys("two"), "bookings", "a", &text));
        for forged in ["", "x", "!!", "e30", &text[1..], &text.repeat(50)] {
            assert!(refused(&keys_of_one, "bookings", "a", forged));
        }
    }
}
