//! The peer: postgres-es 0.5 through cqrs-es's own framework, on the schema that its documentation gives, with a pool
//! tuned for it (as many connections as clients, none tested before use).

use std::sync::Arc;
use std::time::Duration;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, AggregateError, DomainEvent};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::Result;
use crate::drive::{Offered, Sample, drive};
use crate::streams;

/// As postgres-es's own documentation has it.
pub const CREATE_TABLES: &str = "
    create schema peer;
    create table peer.events (
        aggregate_type text not null, aggregate_id text not null, sequence bigint check (sequence >= 0) not null,
        event_type text not null, event_version text not null, payload json not null, metadata json not null,
        primary key (aggregate_type, aggregate_id, sequence))";

/// $1 streams, $2 the payload's text.
pub const FILL: &str = "
    insert into peer.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
    select 'contact', '01900000-0000-7000-8000-' || lpad(to_hex(stream), 12, '0'), sequence, 'Noted', '1',
        json_build_object('Noted', json_build_object('number', sequence, 'note', $2::text)), '{}'
    from generate_series(1, 5) as sequence, generate_series(1, $1::bigint) as stream";

/// An aggregate that does as little as one can, so that the store is what is measured.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Contact {
    changes: u64,
    note: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum ContactEvent {
    Noted { number: u64, note: String },
}

#[derive(Debug)]
struct AddNote {
    number: u64,
}

impl DomainEvent for ContactEvent {
    fn event_type(&self) -> String {
        "Noted".to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl Aggregate for Contact {
    const TYPE: &'static str = "contact";
    type Command = AddNote;
    type Event = ContactEvent;
    type Error = std::convert::Infallible;
    type Services = ();

    async fn handle(
        &mut self,
        command: AddNote,
        (): &(),
        sink: &EventSink<Self>,
    ) -> std::result::Result<(), Self::Error> {
        let event = ContactEvent::Noted {
            number: command.number,
            note: streams::NOTE.to_owned(),
        };
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, event: ContactEvent) {
        let ContactEvent::Noted { note, .. } = event;
        self.changes += 1;
        self.note = note;
    }
}

/// The same server and database as everybody's, with the peer's own schema first.
pub fn options(config: &tokio_postgres::Config) -> PgConnectOptions {
    PgConnectOptions::new()
        .host("127.0.0.1")
        .port(config.get_ports().first().copied().unwrap_or_default())
        .username(config.get_user().unwrap_or_default())
        .password(&String::from_utf8_lossy(
            config.get_password().unwrap_or_default(),
        ))
        .database(config.get_dbname().unwrap_or_default())
        .options([("search_path", "peer")])
}

/// One run: load a stream that `pick` picks, decide, append one event; again when somebody else was first.
pub async fn measure(
    options: &PgConnectOptions,
    pick: fn() -> u64,
    clients: u32,
    measured: Duration,
) -> Result<Sample> {
    let pool = PgPoolOptions::new()
        .max_connections(clients)
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await?;
    let framework = Arc::new(postgres_es::postgres_cqrs::<Contact>(
        pool.clone(),
        vec![],
        (),
    ));
    let operation = move |number| {
        let framework = framework.clone();
        async move {
            let id = streams::id(pick());
            loop {
                match framework.execute(&id, AddNote { number }).await {
                    Err(AggregateError::AggregateConflict) => {}
                    outcome => return Ok(outcome?),
                }
            }
        }
    };
    let (sample, _) = drive(
        Offered::full(usize::try_from(clients)?, measured),
        operation,
    )
    .await?;
    pool.close().await;
    Ok(sample)
}
