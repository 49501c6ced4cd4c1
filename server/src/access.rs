//! Writes down who was refused and what was read that is audited. Requests only leave a note; what is alike within a
//! moment is counted, and written as one event. The notes are bounded: what is more is counted too, and said.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::ServiceResponse;
use actix_web::{HttpMessage, web};
use cqrs_es::{Aggregate, DomainEvent};
use domain::access::{Access, AccessEvent};
use domain::ids::TenantId;
use domain::operations::INSTALLATION;
use event_store::Result;
use event_store::error::Error;
use event_store::recording::{self, Fact};
use event_store::store::Store;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::App;
use crate::http::problems::{self, Problem};
use crate::http::request_log::Asker;

/// How often notes are written down.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// Notes that differ, between two writings.
const MAX_NOTES: usize = 1_000;
/// Who acts where nobody is known.
const ANONYMOUS: &str = "anonymous";
/// Statuses that are written down.
const NOTED: [u16; 3] = [401, 403, 429];
/// A bad signature leaves a counter and no more: whoever sends such can send many.
const COUNTED_ROUTES: &str = "/webhooks/";
/// Queries whose every answer is written down, whoever asks.
const AUDITED_QUERIES: [&str; 1] = ["webhook-secret"];

/// Who, in which tenant, and what, with `times` left at 1.
type Note = (String, String, AccessEvent);

#[derive(Default)]
struct Notes {
    counted: HashMap<Note, u64>,
    lost: u64,
}

/// Takes notes.
#[derive(Default)]
pub struct Recorder(Mutex<Notes>);

impl Recorder {
    /// Leaves a note; it costs no more than a look into a map.
    pub fn note(&self, tenant_id: &str, actor: &str, event: AccessEvent) {
        let tenant_id = if tenant_id.is_empty() {
            INSTALLATION
        } else {
            tenant_id
        };
        let actor = if actor.is_empty() { ANONYMOUS } else { actor };
        let note = (tenant_id.to_owned(), actor.to_owned(), event);
        self.notes().add(note, 1);
    }

    /// Notes a refusal within a batch, whose answer as a whole is none.
    pub fn note_refused(&self, (tenant_id, actor): (&str, &str), name: &str, error: &Error) {
        let status = problems::status(error).as_u16();
        if NOTED.contains(&status) {
            let event = refused(status, error, ("POST", "/commands"), Some(name));
            self.note(tenant_id, actor, event);
        }
    }

    /// Notes a refusal that is shown on a page, whose answer is a redirect.
    pub fn note_shown(&self, tenant_id: &str, route: &str, error: &Error) {
        let status = problems::status(error).as_u16();
        if NOTED.contains(&status) {
            let event = refused(status, error, ("GET", route), None);
            self.note(tenant_id, "", event);
        }
    }

    /// Notes a query's answer if it is one that is written down.
    pub fn note_read(&self, (tenant_id, actor): (&str, &str), query: &str, how: Read<'_>) {
        let (how, subject) = match how {
            Read::Export => ("export", None),
            Read::Shown(subject) if AUDITED_QUERIES.contains(&query) => ("read", subject),
            Read::Shown(_) => return,
        };
        let event = AccessEvent::RecordsRead {
            query: query.to_owned(),
            how: how.to_owned(),
            subject: subject.map(str::to_owned),
            times: 1,
        };
        self.note(tenant_id, actor, event);
    }

    /// Writes notes down until told to stop, and then what is left.
    pub async fn run(app: web::Data<App>, stop: CancellationToken) {
        loop {
            let waited = stop
                .run_until_cancelled(tokio::time::sleep(WRITE_EVERY))
                .await;
            if let Err(error) = app.access.write(&app.store).await {
                tracing::warn!(%error, "accesses could not be written down; they will be tried again");
            }
            if waited.is_none() {
                return;
            }
        }
    }

    /// Writes all notes down, or keeps them.
    pub async fn write(&self, store: &Store) -> Result<()> {
        let taken = std::mem::take(&mut *self.notes());
        if taken.counted.is_empty() && taken.lost == 0 {
            return Ok(());
        }
        let written = append(store, &taken).await;
        match &written {
            Ok(()) => store.wake.committed_unknown(),
            Err(_) => self.notes().take_back(taken),
        }
        written
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How something was read.
#[derive(Clone, Copy, Debug)]
pub enum Read<'a> {
    /// As a file of rows.
    Export,
    /// With the record's id, where one was asked for.
    Shown(Option<&'a str>),
}

impl Notes {
    fn add(&mut self, note: Note, times: u64) {
        if let Some(counted) = self.counted.get_mut(&note) {
            *counted += times;
        } else if self.counted.len() < MAX_NOTES {
            self.counted.insert(note, times);
        } else {
            self.lost += times;
            metrics::counter!("rapport_audit_entries_lost_total").increment(times);
        }
    }

    fn take_back(&mut self, taken: Self) {
        self.lost += taken.lost;
        for (note, times) in taken.counted {
            self.add(note, times);
        }
    }
}

/// Notes the answer if it refuses somebody, and the route is one of those that are written down.
pub fn note_answer<B>(response: &ServiceResponse<B>, route: &str) {
    let status = response.status().as_u16();
    if !NOTED.contains(&status) || route.starts_with(COUNTED_ROUTES) {
        return;
    }
    let request = response.request();
    let problem = response
        .response()
        .error()
        .and_then(|error| error.as_error::<Problem>());
    let (Some(app), Some(problem)) = (request.app_data::<web::Data<App>>(), problem) else {
        return;
    };
    let asker = request
        .extensions()
        .get::<Asker>()
        .cloned()
        .unwrap_or_default();
    let name = request
        .match_info()
        .get("name")
        .filter(|name| is_known(name));
    let event = refused(status, &problem.0, (request.method().as_str(), route), name);
    app.access.note(&asker.tenant_id, &asker.principal, event);
}

/// What strangers put into a path is not written down.
fn is_known(name: &str) -> bool {
    commands::registry::find(name).is_some() || queries::registry::find(name).is_some()
}

fn refused(
    status: u16,
    error: &Error,
    (method, route): (&str, &str),
    name: Option<&str>,
) -> AccessEvent {
    let code = match error {
        Error::Refused(refusal) => refusal.code.clone(),
        Error::Busy { code, .. } => (*code).to_owned(),
        Error::Internal(_) => "internal-error".to_owned(),
    };
    AccessEvent::AccessRefused {
        status,
        code,
        method: method.to_owned(),
        route: route.to_owned(),
        name: name.map(str::to_owned),
        times: 1,
    }
}

async fn append(store: &Store, notes: &Notes) -> Result<()> {
    let mut rows = Vec::with_capacity(notes.counted.len() + 1);
    for ((tenant_id, actor, event), times) in &notes.counted {
        // The record of a tenant that is deleted ends with its deletion; the installation's goes on.
        let tenant_id = match store.directory.is_gone(&TenantId::new(tenant_id.clone())) {
            true => INSTALLATION,
            false => tenant_id,
        };
        rows.push(Row::of(tenant_id, actor, event.clone().repeated(*times))?);
    }
    if notes.lost > 0 {
        let lost = AccessEvent::AccessEntriesLost { times: notes.lost };
        rows.push(Row::of(INSTALLATION, ANONYMOUS, lost)?);
    }
    let facts: Vec<Fact<'_>> = rows.iter().map(Row::fact).collect();
    let client = store.pools.engine.get().await?;
    recording::append_streams(&client, &facts).await
}

struct Row {
    tenant_id: TenantId,
    id: String,
    actor: String,
    event_type: String,
    event_version: String,
    payload: String,
}

impl Row {
    fn of(tenant_id: &str, actor: &str, event: AccessEvent) -> Result<Self> {
        Ok(Self {
            tenant_id: TenantId::new(tenant_id),
            id: Uuid::now_v7().to_string(),
            actor: actor.to_owned(),
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: serde_json::to_string(&event)?,
        })
    }

    fn fact(&self) -> Fact<'_> {
        Fact {
            tenant_id: &self.tenant_id,
            aggregate_type: Access::TYPE,
            aggregate_id: &self.id,
            event_type: &self.event_type,
            event_version: &self.event_version,
            payload: &self.payload,
            actor: &self.actor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> AccessEvent {
        AccessEvent::RecordsRead {
            query: query.to_owned(),
            how: "export".to_owned(),
            subject: None,
            times: 1,
        }
    }

    #[test]
    fn what_is_alike_is_counted_and_what_is_too_much_is_counted_too() {
        let recorder = Recorder::default();
        for number in 0..MAX_NOTES + 5 {
            recorder.note("t1", "key:1", read(&number.to_string()));
        }
        recorder.note("t1", "key:1", read("0"));
        let notes = recorder.notes();
        assert_eq!((notes.counted.len(), notes.lost), (MAX_NOTES, 5));
        let note = ("t1".to_owned(), "key:1".to_owned(), read("0"));
        assert_eq!(notes.counted[&note], 2);
    }
}
