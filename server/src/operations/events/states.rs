//! Events as the domain's own types: whether one can be read at all, and what a stream of them comes to.

use cqrs_es::Aggregate;
use domain::access::Access;
use domain::approvals::Approval;
use domain::assistant_runs::AssistantRun;
use domain::bookings::Booking;
use domain::bulk_runs::BulkRun;
use domain::chefs::Chef;
use domain::conversations::Conversation;
use domain::customers::Customer;
use domain::facts::FactSheet;
use domain::imports::Import;
use domain::journey_runs::JourneyRun;
use domain::journeys::Journey;
use domain::operations::Operation;
use domain::payments::Payment;
use domain::refusal::Refusal;
use domain::templates::Template;
use domain::tenants::Tenant;
use domain::views::View;
use domain::webhook_endpoints::WebhookEndpoint;
use event_store::Result;
use event_store::recorded::Recorded;
use serde::Serialize;
use serde_json::Value;

/// The state that a stream comes to, as its read table would keep it; personal fields are sealed.
pub fn fold(stream: &[Recorded]) -> Result<Value> {
    let kind = stream.first().map(|first| first.aggregate_type.as_str());
    match kind {
        Some(Tenant::TYPE) => fold_as::<Tenant>(stream),
        Some(Customer::TYPE) => fold_as::<Customer>(stream),
        Some(Chef::TYPE) => fold_as::<Chef>(stream),
        Some(Access::TYPE) => fold_as::<Access>(stream),
        Some(Operation::TYPE) => fold_as::<Operation>(stream),
        Some(Conversation::TYPE) => fold_as::<Conversation>(stream),
        Some(Booking::TYPE) => fold_as::<Booking>(stream),
        Some(Payment::TYPE) => fold_as::<Payment>(stream),
        Some(Approval::TYPE) => fold_as::<Approval>(stream),
        Some(AssistantRun::TYPE) => fold_as::<AssistantRun>(stream),
        Some(FactSheet::TYPE) => fold_as::<FactSheet>(stream),
        Some(BulkRun::TYPE) => fold_as::<BulkRun>(stream),
        Some(Import::TYPE) => fold_as::<Import>(stream),
        Some(Journey::TYPE) => fold_as::<Journey>(stream),
        Some(JourneyRun::TYPE) => fold_as::<JourneyRun>(stream),
        Some(Template::TYPE) => fold_as::<Template>(stream),
        Some(View::TYPE) => fold_as::<View>(stream),
        Some(WebhookEndpoint::TYPE) => fold_as::<WebhookEndpoint>(stream),
        other => Err(unknown(other.unwrap_or_default()).into()),
    }
}

/// Whether this program can read the event; refused with 422 `event-unreadable` where it cannot.
pub fn check(event: &Recorded) -> std::result::Result<(), Refusal> {
    match event.aggregate_type.as_str() {
        Tenant::TYPE => check_as::<Tenant>(event),
        Customer::TYPE => check_as::<Customer>(event),
        Chef::TYPE => check_as::<Chef>(event),
        Access::TYPE => check_as::<Access>(event),
        Operation::TYPE => check_as::<Operation>(event),
        Conversation::TYPE => check_as::<Conversation>(event),
        Booking::TYPE => check_as::<Booking>(event),
        Payment::TYPE => check_as::<Payment>(event),
        Approval::TYPE => check_as::<Approval>(event),
        AssistantRun::TYPE => check_as::<AssistantRun>(event),
        FactSheet::TYPE => check_as::<FactSheet>(event),
        BulkRun::TYPE => check_as::<BulkRun>(event),
        Import::TYPE => check_as::<Import>(event),
        Journey::TYPE => check_as::<Journey>(event),
        JourneyRun::TYPE => check_as::<JourneyRun>(event),
        Template::TYPE => check_as::<Template>(event),
        View::TYPE => check_as::<View>(event),
        WebhookEndpoint::TYPE => check_as::<WebhookEndpoint>(event),
        other => Err(unknown(other)),
    }
}

fn fold_as<A: Aggregate + Serialize>(stream: &[Recorded]) -> Result<Value> {
    let mut aggregate = A::default();
    for event in stream {
        aggregate.apply(event.decode()?);
    }
    Ok(serde_json::to_value(&aggregate)?)
}

fn check_as<A: Aggregate>(event: &Recorded) -> std::result::Result<(), Refusal> {
    let read: Result<A::Event> = event.decode();
    read.map(drop)
        .map_err(|error| Refusal::invalid("event-unreadable", error.to_string()))
}

fn unknown(aggregate_type: &str) -> Refusal {
    let detail = format!("this program knows no aggregate of the type {aggregate_type:?}");
    Refusal::invalid("event-unreadable", detail)
}
