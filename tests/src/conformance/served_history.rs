//! A history of the whole program: clients that tag customers and read their timelines over HTTP, while the server is
//! killed and its connections to PostgreSQL are cut. A timeline is a list in the order of the log; a read names the
//! newest position that anybody was told of, and must show what lies before it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::Client;
use crate::conformance::history::{Freshness, Name, Outcome, Recorder, Step, Transaction};
use crate::conformance::seeds::Dice;
use crate::wait;

/// How long an answer may take, over crashes and restarts.
const PATIENCE: Duration = Duration::from_secs(120);
/// Customers that are written to at the same time.
pub const LISTS: usize = 6;
/// After so many transactions another customer is taken; few enough that none gets too many tags.
pub const LIST_LIFE: usize = 40;
/// What a tag's line of the timeline begins with.
const LINE: &str = "Tagged ";

/// What one client needs.
pub struct Reader {
    pub number: usize,
    pub client: Client,
    pub customers: Arc<Vec<String>>,
    pub recorder: Recorder,
    /// Transactions so far, of all clients.
    pub done: Arc<AtomicUsize>,
    pub goal: usize,
    /// The newest position that any client was told of.
    pub newest: Arc<AtomicI64>,
    pub dice: Dice,
}

impl Reader {
    /// Tags and reads until all clients together have done enough.
    pub async fn run(mut self) {
        let mut next = 0;
        loop {
            let done = self.done.load(Ordering::Relaxed);
            if done >= self.goal {
                return;
            }
            let list = done / LIST_LIFE + self.dice.pick(LISTS);
            let customer = self.customers[list.min(self.customers.len() - 1)].clone();
            let transaction = if self.dice.one_in(2) {
                next += 1;
                let value = ((self.number as u64) << 32) | next;
                Some(self.append(&customer, value).await)
            } else {
                self.read(&customer).await
            };
            if let Some(transaction) = transaction {
                self.recorder.answer(transaction);
                self.done.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    async fn append(&self, customer: &str, value: u64) -> Transaction {
        let mut transaction = Transaction::called(self.number, self.recorder.call());
        transaction.steps.push(Step::Append {
            list: Name::from(customer),
            value,
        });
        let body = json!({ "customer_id": customer, "tag": format!("t{value}") });
        let (status, position) = send(&self.client, "tag-customer", &body).await;
        transaction.position = position;
        transaction.outcome = if status == 200 {
            Outcome::Done
        } else {
            Outcome::Failed
        };
        self.newest
            .fetch_max(position.unwrap_or(0), Ordering::SeqCst);
        transaction
    }

    /// A read that was answered; the server may be away, or say that it is behind.
    async fn read(&self, customer: &str) -> Option<Transaction> {
        let position = self.newest.load(Ordering::SeqCst);
        let mut transaction = Transaction::called(self.number, self.recorder.call());
        let values = timeline(&self.client, customer, position).await?;
        transaction.freshness = Freshness::ReadAfter(position);
        transaction.outcome = Outcome::Done;
        transaction.steps.push(Step::Read {
            list: Name::from(customer),
            values,
        });
        Some(transaction)
    }
}

/// Sends a command under one key until it is certain what became of it; answers the status and the position.
async fn send(client: &Client, name: &str, body: &Value) -> (u16, Option<i64>) {
    let key = Uuid::new_v4().to_string();
    wait::for_answer(PATIENCE, async || {
        let request = client.request(Method::POST, &format!("/commands/{name}"));
        let request = request.header("idempotency-key", &key).json(body);
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let position = response.headers().get("x-position");
        let position = position.and_then(|value| value.to_str().ok()?.parse().ok());
        (status < 500 && status != 429).then_some((status, position))
    })
    .await
    .expect("a command is answered in the end")
}

/// A new customer; answers the id.
pub async fn make_customer(client: &Client) -> String {
    let key = Uuid::new_v4().to_string();
    let body =
        json!({ "source": "web", "first_name": "List", "email": format!("{key}@example.test") });
    let reply = client.command_under(&key, "create-lead", &body).await;
    crate::given::id_of(&reply.ok())
}

/// The numbers of a customer's tags, in the order of the log; nothing when the server does not answer so.
async fn timeline(client: &Client, customer: &str, read_after: i64) -> Option<Vec<u64>> {
    let path = format!("/queries/customer-360?id={customer}");
    let request = client.request(Method::GET, &path);
    let request = request.header("x-read-after", read_after.to_string());
    let response = request.send().await.ok()?;
    if response.status().as_u16() != 200 {
        return None;
    }
    let body: Value = response.json().await.ok()?;
    let lines = body["item"]["timeline"].as_array()?.iter().rev();
    let summaries = lines.filter_map(|line| line["summary"].as_str()?.strip_prefix(LINE));
    Some(
        summaries
            .filter_map(|tag| tag.strip_prefix('t')?.parse().ok())
            .collect(),
    )
}

/// All lists as they stand in the end.
pub async fn read_all(
    client: &Client,
    customers: &[String],
    read_after: i64,
) -> BTreeMap<Name, Vec<u64>> {
    let mut lists = BTreeMap::new();
    for customer in customers {
        let values = wait::for_answer(PATIENCE, async || {
            timeline(client, customer, read_after).await
        });
        let values = values.await.expect("the program answers in the end");
        lists.insert(Name::from(customer.as_str()), values);
    }
    lists
}
