//! What tools take. It comes from a model, or from rules, and is checked like anything from outside.

use domain::refusal::Refusal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::situation::Situation;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckAvailability {
    pub date: String,
    #[serde(default)]
    pub zone: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateBooking {
    #[serde(default)]
    pub customer_first_name: Option<String>,
    #[serde(default)]
    pub customer_last_name: Option<String>,
    #[serde(default)]
    pub customer_email: Option<String>,
    #[serde(default)]
    pub customer_phone: Option<String>,
    pub booking_date: String,
    pub booking_slot: String,
    pub address: String,
    pub party_adults: u16,
    #[serde(default)]
    pub party_kids: u16,
    #[serde(default)]
    pub menu_items: Vec<Value>,
    #[serde(default)]
    pub notes: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RescheduleBooking {
    pub booking_id: String,
    pub booking_date: String,
    pub booking_slot: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelBooking {
    pub booking_id: String,
    #[serde(default)]
    pub reason: Option<String>,
}

/// Arguments of this type; what does not fit is told to whoever asks.
pub(super) fn parse<T: DeserializeOwned>(arguments: &Value) -> Result<T, Refusal> {
    T::deserialize(arguments).map_err(|error| {
        let detail = format!("the arguments do not fit: {error}");
        Refusal::invalid("arguments-invalid", detail)
    })
}

impl CreateBooking {
    /// The body of `create-booking`. What the record says of the customer wins: nobody books in another's name.
    pub fn body(self, situation: &Situation) -> Value {
        let known = situation.known.clone();
        let mut booking = json!({
            "date": self.booking_date,
            "slot": self.booking_slot,
            "address": self.address,
            "party": { "adults": self.party_adults, "kids": self.party_kids },
            "menu": self.menu_items,
        });
        if let Some(notes) = self.notes {
            booking["notes"] = notes.into();
        }
        json!({
            "source": "ai_chat",
            "customer": {
                "first_name": known.first_name.or(self.customer_first_name).unwrap_or_default(),
                "last_name": known.last_name.or(self.customer_last_name).unwrap_or_default(),
                "email": known.email.or(self.customer_email).unwrap_or_default(),
                "phone": known.phone.or(self.customer_phone).unwrap_or_default(),
            },
            "booking": booking,
            "channel_thread_id": situation.thread_id,
        })
    }
}
