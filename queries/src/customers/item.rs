//! A customer as it is shown.

use domain::customers::Customer;
use domain::customers::consents::{Channel, Purpose, Source, Standing};
use domain::customers::privacy::HoldGround;
use event_store::Result;
use event_store::recorded::Payload;
use schemars::JsonSchema;
use serde::Serialize;
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::bookings::item::full_name;
use crate::past::Then;
use crate::plain::Plain;

#[derive(Serialize, JsonSchema)]
pub(crate) struct CustomerItem {
    pub customer_id: String,
    pub name: String,
    pub first_name: String,
    pub last_name: String,
    /// Null without the permission to read personal data.
    pub email: Option<String>,
    /// E.164; null without the permission to read personal data.
    pub phone: Option<String>,
    /// Null without the permission to read personal data.
    pub address: Option<String>,
    pub time_zone: String,
    pub source: Source,
    /// `living`, `archived`, `merged` or `erased`.
    pub status: String,
    /// Where a merged customer lives on.
    pub merged_into: Option<String>,
    /// Another customer has the same phone.
    pub possible_duplicate: bool,
    pub tags: Vec<String>,
    pub consents: Vec<ConsentItem>,
    /// The data rests: the name is a stand-in, and nothing personal is shown.
    pub restricted: bool,
    /// When the data will be erased, if it will.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    pub erase_at: Option<OffsetDateTime>,
    /// Why the law wants the data kept, if so.
    pub hold: Option<HoldGround>,
    /// Channels by which nothing reaches the customer: a message came back for good.
    pub unreachable: Vec<UnreachableItem>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub updated_at: OffsetDateTime,
    /// For `If-Match`.
    pub sequence: i64,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ConsentItem {
    channel: Channel,
    purpose: Purpose,
    granted: bool,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    changed_at: OffsetDateTime,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct UnreachableItem {
    channel: Channel,
    /// The provider's code of the failure.
    code: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    since: OffsetDateTime,
}

/// A row as it was read, before its personal fields are opened.
pub(super) struct Read {
    customer_id: String,
    first_name: String,
    last_name: String,
    status: String,
    merged_into: Option<String>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    sequence: i64,
    state: Customer,
}

impl Read {
    pub fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            customer_id: row.try_get("customer_id")?,
            first_name: row.try_get("first_name")?,
            last_name: row.try_get("last_name")?,
            status: row.try_get("status")?,
            merged_into: row.try_get("merged_into")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            sequence: row.try_get("sequence")?,
            state: serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?,
        })
    }

    /// A customer folded from its stream.
    pub fn from_past(
        customer_id: &str,
        then: Then<Customer>,
        (first_name, last_name): (String, String),
    ) -> Self {
        let merged_into = then.state.merged_into().map(ToString::to_string);
        Self {
            customer_id: customer_id.to_owned(),
            first_name,
            last_name,
            status: match merged_into {
                Some(_) => "merged",
                None if then.state.is_archived() => "archived",
                None => "living",
            }
            .to_owned(),
            merged_into,
            created_at: then.created_at,
            updated_at: then.updated_at,
            sequence: then.sequence,
            state: then.state,
        }
    }

    /// Whose key its personal fields are sealed under.
    pub fn subject(&self) -> &str {
        &self.customer_id
    }

    pub fn show(self, plain: &Plain) -> CustomerItem {
        let open = |field, sealed| plain.open(&self.customer_id, field, sealed);
        let consent = |consent: &domain::customers::consents::Consent| ConsentItem {
            channel: consent.channel,
            purpose: consent.purpose,
            granted: consent.standing == Standing::Granted,
            changed_at: consent.at,
        };
        let unreachable = self.state.suspended.iter().map(|one| UnreachableItem {
            channel: one.channel,
            code: one.code.clone(),
            since: one.at,
        });
        CustomerItem {
            unreachable: unreachable.collect(),
            name: full_name(&self.first_name, &self.last_name),
            email: open(
                "email",
                self.state.email.as_ref().map(|email| &email.sealed),
            ),
            phone: open(
                "phone",
                self.state.phone.as_ref().map(|phone| &phone.sealed),
            ),
            address: open("address", self.state.address.as_ref()),
            time_zone: self.state.time_zone.as_str().to_owned(),
            source: self.state.source,
            possible_duplicate: self.state.possible_duplicate,
            restricted: self.state.privacy.is_restricted(),
            erase_at: self.state.privacy.erase_at,
            hold: self.state.privacy.hold,
            tags: self.state.tags.iter().cloned().collect(),
            consents: self.state.consents.iter().map(consent).collect(),
            customer_id: self.customer_id,
            first_name: self.first_name,
            last_name: self.last_name,
            status: self.status,
            merged_into: self.merged_into,
            created_at: self.created_at,
            updated_at: self.updated_at,
            sequence: self.sequence,
        }
    }
}
