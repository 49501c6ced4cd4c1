//! The assistant's tools: our own commands and queries, through the same doors as everybody's, as an agent whose rights are
//! cut. None of them can be told whose record to look at: it is the thread's own customer. In `suggest` nothing is done;
//! it is checked, and proposed to a person.

use commands::context::{Context, Mode};
use commands::dispatch::{Request, Run};
use cqrs_es::Aggregate;
use domain::assistant_runs::ToolOutcome;
use domain::booking_talk::ToolAnswer;
use domain::bookings::Booking;
use domain::conversations::{AiMode, Conversation};
use domain::ids::{CustomerId, MessageId, TenantId};
use domain::refusal::Refusal;
use event_store::error::Error;
use event_store::readings::{self, Reading};
use identity::permissions::{Permission, PermissionSet};
use identity::principals::{Principal, PrincipalKind};
use identity::roles::Role;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::arguments::{CancelBooking, CheckAvailability, CreateBooking, RescheduleBooking, parse};
use super::situation::Situation;
use crate::Result;
use crate::delivery::{Delivery, fold};
use crate::work::Job;

/// Bookings of the customer's that are told of.
const MAX_BOOKINGS: u16 = 10;
/// Longest arguments and answers that a run keeps of one use of a tool.
const MAX_DETAIL_BYTES: usize = 8 * 1024;

/// Nothing that spends, gives back, merges or configures. It may ask for a cancellation; a person decides.
const RIGHTS: PermissionSet = PermissionSet::of(&[
    Permission::BookingsRead,
    Permission::BookingsWrite,
    Permission::BookingsCancel,
    Permission::ChefsRead,
    Permission::CustomersRead,
    Permission::PersonalDataRead,
    Permission::TenantsRead,
]);

/// The tools in one run.
pub(super) struct Toolbox<'a> {
    delivery: &'a Delivery,
    job: &'a Job,
    situation: &'a Situation,
    principal: Principal,
    pub uses: Vec<ToolUsed>,
    /// Commands that a person may send to make a suggestion true.
    pub actions: Vec<Value>,
    /// Whose thread it has turned out to be.
    pub customer_id: Option<CustomerId>,
}

/// One use, as the run keeps it.
#[derive(Clone, Debug)]
pub(super) struct ToolUsed {
    pub tool: String,
    pub outcome: ToolOutcome,
    pub code: Option<String>,
    pub detail: String,
}

impl<'a> Toolbox<'a> {
    pub fn new(
        delivery: &'a Delivery,
        job: &'a Job,
        situation: &'a Situation,
        model: Option<String>,
    ) -> Self {
        Self {
            delivery,
            job,
            situation,
            principal: agent(&job.tenant_id, model, &situation.message_id),
            uses: Vec::new(),
            actions: Vec::new(),
            customer_id: None,
        }
    }

    /// Uses a tool. What is refused is an answer; only what is broken on our side is an error.
    pub async fn call(&mut self, tool: &str, arguments: &Value) -> Result<ToolAnswer> {
        let answer = match self.carry_out(tool, arguments).await {
            Ok(answer) => answer,
            Err(Error::Refused(refusal)) => refused(*refusal),
            Err(error) => return Err(error),
        };
        let (outcome, code, result) = match &answer {
            ToolAnswer::Done(result) => (ToolOutcome::Done, None, result.clone()),
            ToolAnswer::Proposed(result) => (ToolOutcome::Proposed, None, result.clone()),
            ToolAnswer::Refused {
                code, alternatives, ..
            } => (
                ToolOutcome::Refused,
                Some(code.clone()),
                json!({ "alternatives": alternatives }),
            ),
        };
        let detail = json!({ "arguments": arguments, "result": result }).to_string();
        let detail = match detail.len() {
            0..=MAX_DETAIL_BYTES => detail,
            _ => json!({ "too_long": detail.len() }).to_string(),
        };
        self.uses.push(ToolUsed {
            tool: tool.chars().take(64).collect(),
            outcome,
            code,
            detail,
        });
        Ok(answer)
    }

    async fn carry_out(&mut self, tool: &str, arguments: &Value) -> Result<ToolAnswer> {
        match tool {
            "check_availability" => self.check_availability(parse(arguments)?).await,
            "list_bookings" => self.list_bookings().await,
            "create_booking" => self.create_booking(parse(arguments)?).await,
            "reschedule_booking" => self.reschedule_booking(parse(arguments)?).await,
            "cancel_booking" => self.cancel_booking(parse(arguments)?).await,
            _ => {
                let detail = format!("there is no tool {tool:?}");
                Err(Refusal::not_found("tool-unknown", detail).into())
            }
        }
    }

    async fn check_availability(&self, wanted: CheckAvailability) -> Result<ToolAnswer> {
        let mut params = Map::from_iter([("date".to_owned(), wanted.date.into())]);
        if let Some(zone) = wanted.zone {
            params.insert("zone".to_owned(), zone.into());
        }
        let items = self.ask("availability", params).await?;
        let slots: Vec<&Value> = items.iter().map(|item| &item["slot"]).collect();
        Ok(ToolAnswer::Done(json!({ "slots": slots })))
    }

    /// The customer's open bookings; where anybody could be writing, those that were made in this thread.
    async fn list_bookings(&self) -> Result<ToolAnswer> {
        let Some(customer_id) = &self.situation.customer_id else {
            return Ok(ToolAnswer::Done(json!({ "bookings": [] })));
        };
        let params = Map::from_iter([
            ("customer_id".to_owned(), customer_id.as_str().into()),
            ("sort".to_owned(), "starts_at".into()),
            (
                "date_from".to_owned(),
                self.situation.now.date().to_string().into(),
            ),
            ("limit".to_owned(), MAX_BOOKINGS.into()),
        ]);
        let items = self.ask("bookings", params).await?;
        let thread_id = self.situation.thread_id.as_str();
        let is_open = |item: &&Value| {
            let status = item["status"].as_str().unwrap_or_default();
            matches!(status, "deposit_pending" | "new" | "confirmed")
        };
        let is_theirs = |item: &&Value| {
            self.situation.is_identified() || item["channel_thread_id"] == thread_id
        };
        let own = items.iter().filter(is_open).filter(is_theirs);
        let bookings: Vec<Value> = own.map(told).collect();
        Ok(ToolAnswer::Done(json!({ "bookings": bookings })))
    }

    async fn create_booking(&mut self, wanted: CreateBooking) -> Result<ToolAnswer> {
        let body = wanted.body(self.situation);
        let answer = self.command("create-booking", body).await?;
        if let ToolAnswer::Done(made) = &answer {
            let customer_id = made["customer_id"].as_str();
            self.customer_id = customer_id.map(CustomerId::new);
        }
        Ok(answer)
    }

    async fn reschedule_booking(&mut self, wanted: RescheduleBooking) -> Result<ToolAnswer> {
        self.require_own(&wanted.booking_id).await?;
        let body = json!({
            "booking_id": wanted.booking_id,
            "date": wanted.booking_date,
            "slot": wanted.booking_slot,
        });
        self.command("reschedule-booking", body).await
    }

    /// It is asked for; a person decides, and it happens and is told of then.
    async fn cancel_booking(&mut self, wanted: CancelBooking) -> Result<ToolAnswer> {
        self.require_own(&wanted.booking_id).await?;
        let reason = wanted
            .reason
            .unwrap_or_else(|| "asked for in a conversation".to_owned());
        let body = json!({ "booking_id": wanted.booking_id, "reason": reason });
        match self.command("cancel-booking", body).await {
            Err(Error::Refused(refusal)) if refusal.code == "approval-required" => {
                let mut asked = refusal.alternatives.into_iter();
                Ok(ToolAnswer::Proposed(asked.next().unwrap_or_default()))
            }
            outcome => outcome,
        }
    }

    /// Notes whose words the run looks at, before anything is done because of them.
    pub async fn note_reading(&self) -> Result<()> {
        let customer_id = self.situation.customer_id.as_ref();
        let reading = Reading {
            thread_id: self.situation.thread_id.to_string(),
            customer_id: customer_id.map(ToString::to_string).unwrap_or_default(),
        };
        let engine = &self.delivery.dispatcher.store.pools.engine;
        let reader = self.principal.reader();
        readings::note(engine, &self.job.tenant_id, &reader, &[reading]).await
    }

    /// Refuses a booking that is not the thread's own customer's, as one that is not there.
    async fn require_own(&self, booking_id: &str) -> Result<()> {
        let streams = [(Booking::TYPE, booking_id)];
        let read = self.delivery.read(&self.job.tenant_id, &streams).await?;
        let booking: Booking = fold(&read, booking_id)?;
        let own = booking.record.as_deref().filter(|record| {
            let is_customers = self.situation.customer_id.as_ref() == Some(&record.customer_id);
            let thread_id = record.channel_thread_id.as_deref();
            let is_of_thread = thread_id == Some(self.situation.thread_id.as_str());
            is_customers && (self.situation.is_identified() || is_of_thread)
        });
        match own {
            Some(_) => Ok(()),
            None => {
                let detail = "the customer has no such booking; list_bookings shows theirs";
                Err(Refusal::not_found("booking-not-found", detail).into())
            }
        }
    }

    /// A command, once a run whatever the model says meanwhile; in `suggest` checked and proposed.
    async fn command(&mut self, name: &'static str, body: Value) -> Result<ToolAnswer> {
        let run = match self.situation.mode {
            AiMode::Auto => Run::Real,
            AiMode::Suggest | AiMode::Off => Run::Dry,
        };
        if run == Run::Real {
            self.require_the_word().await?;
        }
        let request = Request {
            ctx: Context {
                principal: self.principal.clone(),
                now: Context::clock(),
                mode: Mode::Live,
                command_id: Uuid::now_v7().to_string(),
                correlation_id: self.job.correlation_id.clone(),
                causation_id: self.job.causation_id.clone(),
                if_match: None,
                source_address: None,
            },
            name: name.to_owned(),
            body: body.clone(),
            key: Some(format!("{}:{name}", self.job.message_id)),
            run,
        };
        let answer = self.delivery.dispatcher.dispatch(&request).await?;
        let answer: Value = serde_json::from_str(&answer.body)?;
        let result = answer["result"].clone();
        Ok(match request.run {
            Run::Real | Run::Approved(_) => ToolAnswer::Done(result),
            Run::Dry => {
                self.actions.push(json!({ "command": name, "body": body }));
                ToolAnswer::Proposed(result)
            }
        })
    }

    /// Refused as soon as a person has taken the thread over, or the customer has written more.
    async fn require_the_word(&self) -> Result<()> {
        let id = self.situation.thread_id.as_str();
        let streams = [(Conversation::TYPE, id)];
        let read = self.delivery.read(&self.job.tenant_id, &streams).await?;
        let conversation: Conversation = fold(&read, id)?;
        let thread = conversation.require()?;
        let newest = thread.recent.last().map(|message| &message.message_id);
        if thread.ai_mode == AiMode::Auto && newest == Some(&self.situation.newest) {
            return Ok(());
        }
        let detail = "somebody has written in the thread or taken it over; do nothing more";
        Err(Refusal::conflict("thread-taken-over", detail).into())
    }

    async fn ask(&self, name: &str, params: Map<String, Value>) -> Result<Vec<Value>> {
        let store = &self.delivery.dispatcher.store;
        let answer = queries::ask::ask(store, &self.principal, name, params, None).await?;
        Ok(match answer.found {
            queries::ask::Found::List { items, .. } => items,
            queries::ask::Found::One(item) => vec![item],
        })
    }
}

/// What is told of a booking: nothing that the customer could not read in their own letters.
fn told(item: &Value) -> Value {
    let money = |name: &str| {
        let money = serde_json::from_value::<domain::money::Money>(item[name].clone());
        money.map(|money| money.to_string()).unwrap_or_default()
    };
    json!({
        "booking_id": item["booking_id"],
        "status": item["status"],
        "date": item["date"],
        "slot": item["slot"],
        "guests": item["guests"],
        "total": money("total"),
        "balance": money("balance"),
        "deposit_due": money("deposit"),
        "payment_link": item["stripe_checkout_url"],
    })
}

fn refused(refusal: Refusal) -> ToolAnswer {
    ToolAnswer::Refused {
        code: match refusal.code.as_str() {
            // The run has done it before, with other words.
            "idempotency-key-reused" => "done-before".to_owned(),
            _ => refusal.code,
        },
        fields: refusal
            .errors
            .into_iter()
            .map(|error| error.pointer)
            .collect(),
        alternatives: refusal.alternatives,
    }
}

/// Who acts in a run.
pub(super) fn agent(tenant_id: &TenantId, model: Option<String>, run_id: &MessageId) -> Principal {
    Principal {
        kind: PrincipalKind::Agent,
        role: Role::AiAgent,
        permissions: Role::AiAgent.permissions().intersection(RIGHTS),
        model,
        run_id: Some(run_id.to_string()),
        ..Principal::service(tenant_id.clone(), "assistant")
    }
}
