//! Imports at work. A message sees to some rows and brings back how they went, which makes the next message; so an import goes
//! on where it was after any crash. Each row is a command whose key names the import and the row: seen to twice, it is done
//! once.

pub mod rows;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use commands::context::{Context, Mode};
use commands::dispatch::{Request, Run};
use commands::imports::rows::{Outcome, RowSummary};
use commands::imports::taking_back::TakenBack;
use commands::imports::undo::Undo;
use domain::ids::ImportId;
use domain::imports::mapping::Draft;
use domain::imports::{Import, ImportStanding, Pass, Plan, Rest};
use domain::refusal::Refusal;
use event_store::error::Error;
use event_store::vault::SubjectKey;
use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use identity::principals::Principal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use self::rows::{Mark, NextRow, Note};
use crate::Result;
use crate::deliver::{Delivered, Undelivered};
use crate::delivery::{Delivery, fold};
use crate::work::Job;

/// Rows that one message sees to.
const ROWS_AT_ONCE: usize = 200;
/// Rows under way at once. Those that speak of one person are in one lane, in their order.
const LANES: usize = 8;

/// An answer, as far as its result.
#[derive(Deserialize)]
struct ResultOf<T> {
    result: T,
}

/// One import while some of its rows are seen to.
struct Working<'j> {
    delivery: &'j Delivery,
    job: &'j Job,
    import_id: &'j str,
    pass: Pass,
    plan: Plan,
    key: SubjectKey,
}

impl Delivery {
    /// Sees to the next rows, and brings back how all stand.
    pub(crate) async fn run_import(
        &self,
        job: &Job,
        import_id: &ImportId,
        (pass, number, after): (Pass, u32, u32),
    ) -> std::result::Result<Delivered, Undelivered> {
        let import_id = import_id.as_str();
        let read = self.read(&job.tenant_id, &[("import", import_id)]).await?;
        let import: Import = fold(&read, import_id)?;
        let is_wanted = matches!(
            import.standing,
            ImportStanding::Running | ImportStanding::Undoing
        );
        if !is_wanted || import.pass != number {
            return Ok(Delivered::Withheld("the import was stopped"));
        }
        if import.purged {
            return Ok(Delivered::Withheld("the rows are not kept any longer"));
        }
        let store = &self.dispatcher.store;
        let working = Working {
            delivery: self,
            job,
            import_id,
            pass,
            plan: import.plan.unwrap_or_default(),
            key: rows::key(store, &job.tenant_id, import_id).await?,
        };
        let rows = working.next(after).await?;
        let through = rows.last().map_or(i64::from(after), |row| row.number);
        let rest = match rows.len() < ROWS_AT_ONCE {
            true => Rest::Nothing,
            false => Rest::More,
        };
        let marks = match pass {
            Pass::Run | Pass::Retry => working.bring_all_in(rows).await?,
            Pass::Undo => working.take_all_back(&rows).await?,
        };
        rows::mark(store, working.place(), &marks).await?;
        let counts = rows::count(store, &job.tenant_id, import_id).await?;
        let body = json!({
            "import_id": import_id, "pass": number, "through": through, "counts": counts, "rest": rest,
        });
        self.bring_back(job, "advance-import", body).await?;
        Ok(Delivered::Done)
    }

    /// The rows cannot be seen to for now: a person may start the import again.
    pub(crate) async fn give_import_up(&self, job: &Job, import_id: &ImportId) -> Result<()> {
        let body = json!({ "import_id": import_id });
        match self.bring_back(job, "stop-import", body).await {
            Err(Error::Refused(_)) => Ok(()),
            outcome => outcome,
        }
    }

    /// The term is over.
    pub(crate) async fn purge_import(
        &self,
        job: &Job,
        import_id: &ImportId,
    ) -> std::result::Result<Delivered, Undelivered> {
        let store = &self.dispatcher.store;
        rows::delete(store, &job.tenant_id, import_id.as_str()).await?;
        let body = json!({ "import_id": import_id });
        self.bring_back(job, "purge-import", body).await?;
        Ok(Delivered::Done)
    }
}

impl Working<'_> {
    fn place(&self) -> (&domain::ids::TenantId, &str, &SubjectKey) {
        (&self.job.tenant_id, self.import_id, &self.key)
    }

    async fn next(&self, after: u32) -> Result<Vec<NextRow>> {
        let limit = i64::try_from(ROWS_AT_ONCE).unwrap_or(i64::MAX);
        let store = &self.delivery.dispatcher.store;
        rows::list_next(store, self.place(), (self.pass, after, limit)).await
    }

    /// All of them, lanes side by side.
    async fn bring_all_in(&self, rows: Vec<NextRow>) -> Result<Vec<Mark>> {
        let mut lanes: Vec<Vec<NextRow>> = (0..LANES).map(|_| Vec::new()).collect();
        for row in rows {
            let lane = self.lane(&row);
            lanes[lane].push(row);
        }
        let lanes = lanes.into_iter().map(async |lane| {
            let mut marks = Vec::with_capacity(lane.len());
            for row in lane {
                marks.push(self.bring_in(row).await?);
            }
            Ok::<_, Error>(marks)
        });
        Ok(try_join_all(lanes).await?.into_iter().flatten().collect())
    }

    /// Customer by customer, each with all of its rows; several side by side.
    async fn take_all_back(&self, rows: &[NextRow]) -> Result<Vec<Mark>> {
        let store = &self.delivery.dispatcher.store;
        let mut customers: BTreeMap<String, Vec<NextRow>> = BTreeMap::new();
        for row in rows::list_together(store, self.place(), rows).await? {
            let customer = row.customer_id.clone().unwrap_or_default();
            customers.entry(customer).or_default().push(row);
        }
        let taken_back = stream::iter(customers)
            .map(|(customer_id, rows)| self.take_back(customer_id, rows))
            .buffer_unordered(LANES);
        let marks: Vec<Vec<Mark>> = taken_back.try_collect().await?;
        Ok(marks.into_iter().flatten().collect())
    }

    fn lane(&self, row: &NextRow) -> usize {
        let mut hasher = DefaultHasher::new();
        if let Some(cells) = &row.cells {
            let draft = Draft::of(cells, &self.plan.mapping);
            let email = draft.email.map(|email| email.to_lowercase());
            email.or(draft.phone).hash(&mut hasher);
        }
        let lanes = u64::try_from(LANES).unwrap_or(1);
        usize::try_from(hasher.finish() % lanes).unwrap_or(0)
    }

    async fn bring_in(&self, row: NextRow) -> Result<Mark> {
        let Some(cells) = &row.cells else {
            return Ok(erased(row));
        };
        let draft = Draft::of(cells, &self.plan.mapping);
        let body = json!({
            "draft": serde_json::to_string(&draft)?, "tags": self.plan.tags, "on_duplicate": self.plan.on_duplicate,
        });
        match self
            .send::<RowSummary>("import-customer", format!("row:{}", row.number), body)
            .await?
        {
            Ok(summary) => Ok(Mark {
                number: row.number,
                standing: summary.outcome.as_str(),
                code: None,
                note: Note {
                    detail: None,
                    undo: summary.undo.map(serde_json::to_value).transpose()?,
                    sequence: summary.sequence,
                    wrote: summary.wrote,
                },
                customer_id: Some(summary.customer_id),
            }),
            Err(refusal) => Ok(failed(row, &refusal)),
        }
    }

    /// What the import did to one customer, from the last row to the first: the file's order is not always the rows', for
    /// some may have been tried again.
    async fn take_back(&self, customer_id: String, mut rows: Vec<NextRow>) -> Result<Vec<Mark>> {
        rows.sort_by_key(|row| Reverse(row.note.sequence));
        let mut undo: Option<Undo> = None;
        for row in &rows {
            let Some(noted) = &row.note.undo else {
                return Ok(rows.into_iter().map(erased).collect());
            };
            let earlier: Undo = serde_json::from_value(noted.clone())?;
            undo = Some(match undo {
                Some(later) => later.after(earlier),
                None => earlier,
            });
        }
        let made = rows.iter().find(|row| row.standing == "created");
        let outcome = match made {
            Some(_) => Outcome::Created,
            None => Outcome::Updated,
        };
        let since = |made: &NextRow| -> i64 {
            let others = rows.iter().filter(|row| row.number != made.number);
            made.note.sequence + others.map(|row| row.note.wrote).sum::<i64>()
        };
        let body = json!({
            "customer_id": customer_id, "outcome": outcome, "sequence": made.map_or(0, since),
            "undo": serde_json::to_string(&undo.unwrap_or_default())?,
        });
        let key = format!("undo:{customer_id}");
        let kept = match self
            .send::<TakenBack>("take-back-import", key, body)
            .await?
        {
            Ok(taken_back) => taken_back.kept,
            Err(refusal) => Some(refusal.code),
        };
        let standing = match kept {
            Some(_) => "kept",
            None => "undone",
        };
        let mark = |row: NextRow| Mark {
            number: row.number,
            standing,
            code: kept.clone(),
            note: row.note,
            customer_id: None,
        };
        Ok(rows.into_iter().map(mark).collect())
    }

    /// One command, of a row or of all rows of a customer. What it does wrong is told apart from what keeps all of them from
    /// being seen to.
    async fn send<T: DeserializeOwned>(
        &self,
        command: &str,
        what: String,
        body: Value,
    ) -> Result<std::result::Result<T, Refusal>> {
        let request = Request {
            ctx: Context {
                principal: Principal::service(self.job.tenant_id.clone(), "imports"),
                now: Context::clock(),
                mode: Mode::Live,
                command_id: Uuid::now_v7().to_string(),
                correlation_id: self.job.correlation_id.clone(),
                causation_id: self.job.causation_id.clone(),
                if_match: None,
                source_address: None,
            },
            name: command.to_owned(),
            body,
            key: Some(format!("import:{}:{what}", self.import_id)),
            run: Run::Real,
        };
        match self.delivery.dispatcher.dispatch(&request).await {
            Ok(answer) => {
                let answer: ResultOf<T> = serde_json::from_str(&answer.body)?;
                Ok(Ok(answer.result))
            }
            Err(Error::Refused(refusal)) => Ok(Err(*refusal)),
            Err(error) => Err(error),
        }
    }
}

/// A refusal for the eyes of whoever looks through the rows.
fn failed(row: NextRow, refusal: &Refusal) -> Mark {
    let told = |error: &domain::refusal::FieldError| {
        format!(
            "{}: {}",
            error.pointer.trim_start_matches('/'),
            error.message
        )
    };
    let errors: Vec<String> = refusal.errors.iter().map(told).collect();
    let first = refusal.errors.first();
    Mark {
        number: row.number,
        standing: "failed",
        code: Some(first.map_or(&refusal.code, |error| &error.code).clone()),
        note: Note {
            detail: Some(match errors.is_empty() {
                true => refusal.detail.clone(),
                false => errors.join("; "),
            }),
            ..Note::default()
        },
        customer_id: None,
    }
}

/// The person was erased before the row was seen to.
fn erased(row: NextRow) -> Mark {
    Mark {
        number: row.number,
        standing: "kept",
        code: Some("subject-erased".to_owned()),
        note: row.note,
        customer_id: None,
    }
}
