//! Where everybody's messages go: a small HTTP server in a process of its own, so that whoever sends pays for nothing but
//! sending, which counts how often each message came.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use actix_web::web::{Bytes, Data, get, post};
use actix_web::{App, HttpResponse, HttpServer};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Result;

/// The hidden option under which this program is nothing but a sink.
pub const OPTION: &str = "--sink";

/// How often each message came.
type Counts = Mutex<HashMap<u64, u32>>;

/// What every message has; the rest is carried along.
#[derive(Deserialize)]
struct Message {
    id: u64,
}

/// What came since the last time.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    pub distinct: u64,
    /// How many came more than once.
    pub repeated: u64,
}

/// Serves until the process is ended; the first line that it prints is its address.
#[allow(clippy::print_stdout)]
pub async fn serve() -> Result<()> {
    let counts = Data::new(Counts::default());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(counts.clone())
            .route("/", post().to(take))
            .route("/tally", get().to(tally))
    })
    .workers(1)
    .disable_signals()
    .bind(("127.0.0.1", 0))?;
    let address = server.addrs().first().copied().ok_or("no address")?;
    println!("http://{address}/");
    Ok(server.run().await?)
}

async fn take(counts: Data<Counts>, body: Bytes) -> HttpResponse {
    let Ok(message) = serde_json::from_slice::<Message>(&body) else {
        return HttpResponse::BadRequest().finish();
    };
    let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
    *counts.entry(message.id).or_default() += 1;
    HttpResponse::Ok().body("ok")
}

async fn tally(counts: Data<Counts>) -> HttpResponse {
    let counts = std::mem::take(&mut *counts.lock().unwrap_or_else(PoisonError::into_inner));
    let repeated = counts.values().filter(|count| **count > 1).count();
    HttpResponse::Ok().json(Tally {
        distinct: u64::try_from(counts.len()).unwrap_or(u64::MAX),
        repeated: u64::try_from(repeated).unwrap_or(u64::MAX),
    })
}

/// The sink's process; it ends with this value.
pub struct Sink {
    pub url: String,
    http: reqwest::Client,
    _child: Child,
}

impl Sink {
    pub async fn start() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(OPTION)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().ok_or("the sink has no output")?;
        let mut lines = BufReader::new(output).lines();
        let url = lines.next_line().await?.ok_or("the sink does not start")?;
        Ok(Self {
            url,
            http: integrations::http::client().map_err(|failure| failure.detail)?,
            _child: child,
        })
    }

    /// What came since the last time.
    pub async fn tally(&self) -> Result<Tally> {
        let answer = self.http.get(format!("{}tally", self.url)).send().await?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }
}
