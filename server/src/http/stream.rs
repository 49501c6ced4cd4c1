//! Changes as server-sent events: each is sent once the projection of its topic has passed it, so whoever hears of a
//! change can read it. Resumable by `Last-Event-ID`.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use commands::answer::parse_position;
use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};
use event_store::store::Store;
use event_store::{Result, checkpoints};
use identity::permissions::Permission;
use identity::principals::Principal;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::principals::{authenticate, header_text};
use super::problems;
use crate::app::App;

/// Streams open at once in one process.
pub const MAX_STREAMS: usize = 1_000;
/// How often a silent stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The longest a stream waits before it looks whether other processes have moved projections.
const POLL: Duration = Duration::from_millis(250);
/// Moves within this time of each other are looked at once.
const DEBOUNCE: Duration = Duration::from_millis(20);
/// Events of one look.
const PAGE: i64 = 500;

/// One topic: its name, the aggregate whose events it carries, the projection that must have passed them, and the right
/// to hear of it.
struct Topic {
    name: &'static str,
    aggregate_type: &'static str,
    projection: &'static str,
    permission: Permission,
}

const TOPICS: &[Topic] = &[
    Topic {
        name: "approvals",
        aggregate_type: "approval",
        projection: "approvals",
        permission: Permission::ApprovalsRead,
    },
    Topic {
        name: "assistant",
        aggregate_type: "assistant-run",
        projection: "assistant_runs",
        permission: Permission::ConversationsRead,
    },
    Topic {
        name: "bookings",
        aggregate_type: "booking",
        projection: "bookings",
        permission: Permission::BookingsRead,
    },
    Topic {
        name: "bulk-runs",
        aggregate_type: "bulk-run",
        projection: "bulk_runs",
        permission: Permission::CustomersRead,
    },
    Topic {
        name: "chefs",
        aggregate_type: "chef",
        projection: "chefs",
        permission: Permission::ChefsRead,
    },
    Topic {
        name: "customers",
        aggregate_type: "customer",
        projection: "customers",
        permission: Permission::CustomersRead,
    },
    Topic {
        name: "facts",
        aggregate_type: "fact-sheet",
        projection: "facts",
        permission: Permission::ConversationsRead,
    },
    Topic {
        name: "inbox",
        aggregate_type: "conversation",
        projection: "conversations",
        permission: Permission::ConversationsRead,
    },
    Topic {
        name: "journeys",
        aggregate_type: "journey",
        projection: "journeys",
        permission: Permission::TenantsRead,
    },
    Topic {
        name: "journey-runs",
        aggregate_type: "journey-run",
        projection: "journey_runs",
        permission: Permission::CustomersRead,
    },
    Topic {
        name: "payments",
        aggregate_type: "payment",
        projection: "payments",
        permission: Permission::PaymentsRead,
    },
    Topic {
        name: "templates",
        aggregate_type: "template",
        projection: "templates",
        permission: Permission::TenantsRead,
    },
    Topic {
        name: "tenants",
        aggregate_type: "tenant",
        projection: "tenants",
        permission: Permission::TenantsRead,
    },
    Topic {
        name: "imports",
        aggregate_type: "import",
        projection: "imports",
        permission: Permission::CustomersRead,
    },
    Topic {
        name: "thread",
        aggregate_type: "conversation",
        projection: "conversations",
        permission: Permission::ConversationsRead,
    },
    Topic {
        name: "views",
        aggregate_type: "view",
        projection: "views",
        permission: Permission::TenantsRead,
    },
    Topic {
        name: "webhooks",
        aggregate_type: "webhook-endpoint",
        projection: "webhook_endpoints",
        permission: Permission::WebhooksRead,
    },
];

const READ_CHANGES: &str = "
    select position, event_type, aggregate_type, aggregate_id, sequence from events
    where tenant_id = $1 and position > $2 and position <= $3 and aggregate_type = any ($4)
    order by position limit $5";

struct Follower {
    store: Store,
    tenant_id: TenantId,
    topics: Vec<&'static Topic>,
    /// The position behind which the stream goes on.
    position: i64,
    pending: VecDeque<String>,
    spoken: Instant,
    moved: tokio::sync::watch::Receiver<u64>,
    closing: CancellationToken,
    _slot: OwnedSemaphorePermit,
}

/// `GET /stream?topics=bookings,payments`
pub async fn get_stream(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    let topics = topics_of(&request, &principal)?;
    let slot = app.streams.clone().try_acquire_owned().map_err(|_| {
        Refusal::new(
            Kind::TooMany,
            "streams-exhausted",
            format!("this server has {MAX_STREAMS} streams open; try again later"),
        )
    })?;
    let projections = projections(&topics);
    let position = match header_text(&request, "last-event-id") {
        Some(token) => parse_position(token).ok_or_else(|| {
            Refusal::malformed(
                "header-invalid",
                "Last-Event-ID is the id of an event of this stream",
            )
        })?,
        None => checkpoints::position(&app.store.pools.query.get().await?, &projections).await?,
    };
    let follower = Follower {
        moved: app.store.moved.subscribe(),
        closing: app.closing.clone(),
        store: app.store.clone(),
        tenant_id: principal.tenant_id.clone(),
        topics,
        position,
        pending: VecDeque::from([": welcome\n\n".to_owned()]),
        spoken: Instant::now(),
        _slot: slot,
    };
    let chunks = futures_util::stream::unfold(follower, |mut follower| async move {
        let closing = follower.closing.clone();
        let chunk = closing.run_until_cancelled(follower.next_chunk()).await??;
        Some((
            Ok::<_, std::convert::Infallible>(web::Bytes::from(chunk)),
            follower,
        ))
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(chunks))
}

fn topics_of(
    request: &HttpRequest,
    principal: &Principal,
) -> std::result::Result<Vec<&'static Topic>, Refusal> {
    let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string())
        .map_err(|error| Refusal::malformed("parameters-malformed", error.to_string()))?;
    let mut wanted = None;
    for (name, value) in query.into_inner() {
        match name.as_str() {
            "topics" => wanted = Some(value),
            _ => {
                return Err(Refusal::malformed(
                    "parameter-unknown",
                    format!("{name} is not known here; topics is"),
                ));
            }
        }
    }
    let Some(wanted) = wanted else {
        return Ok(TOPICS
            .iter()
            .filter(|topic| principal.may(topic.permission))
            .collect());
    };
    let known: Vec<&str> = TOPICS.iter().map(|topic| topic.name).collect();
    wanted
        .split(',')
        .map(|name| {
            let topic = TOPICS
                .iter()
                .find(|topic| topic.name == name.trim())
                .ok_or_else(|| {
                    Refusal::malformed(
                        "topic-unknown",
                        format!("there is no topic {name}; there are {}", known.join(", ")),
                    )
                })?;
            principal.require(topic.permission)?;
            Ok(topic)
        })
        .collect()
}

/// Each projection once: topics may share one.
fn projections(topics: &[&'static Topic]) -> Vec<&'static str> {
    let distinct: BTreeSet<&str> = topics.iter().map(|topic| topic.projection).collect();
    distinct.into_iter().collect()
}

impl Follower {
    /// The next piece of the stream: an event, or a sign of life; `None` once the tenant is suspended.
    async fn next_chunk(&mut self) -> Option<String> {
        loop {
            if let Some(chunk) = self.pending.pop_front() {
                self.spoken = Instant::now();
                return Some(chunk);
            }
            self.store.directory.require_active(&self.tenant_id).ok()?;
            self.moved.borrow_and_update();
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "a stream could not be read on; it will be tried again");
            }
            if !self.pending.is_empty() {
                continue;
            }
            if self.spoken.elapsed() > HEARTBEAT {
                self.spoken = Instant::now();
                return Some(": alive\n\n".to_owned());
            }
            if let Ok(Ok(())) = tokio::time::timeout(POLL, self.moved.changed()).await {
                tokio::time::sleep(DEBOUNCE).await;
            }
        }
    }

    async fn look(&mut self) -> Result<()> {
        let client = self.store.pools.engine.get().await?;
        let projections = projections(&self.topics);
        let until = checkpoints::position(&client, &projections).await?;
        if until <= self.position {
            return Ok(());
        }
        let kinds: Vec<&str> = self
            .topics
            .iter()
            .map(|topic| topic.aggregate_type)
            .collect();
        let statement = client.prepare_cached(READ_CHANGES).await?;
        let rows = client
            .query(
                &statement,
                &[
                    &self.tenant_id.as_str(),
                    &self.position,
                    &until,
                    &kinds,
                    &PAGE,
                ],
            )
            .await?;
        for row in &rows {
            let kind: &str = row.get("aggregate_type");
            let position: i64 = row.get("position");
            let data = json!({
                "type": row.get::<_, &str>("event_type"), "aggregate_type": kind,
                "aggregate_id": row.get::<_, &str>("aggregate_id"), "sequence": row.get::<_, i64>("sequence"),
            });
            for topic in &self.topics {
                if topic.aggregate_type == kind {
                    self.pending.push_back(format!(
                        "id: {position}\nevent: {}\ndata: {data}\n\n",
                        topic.name
                    ));
                }
            }
            self.position = position;
        }
        if i64::try_from(rows.len()).unwrap_or(PAGE) < PAGE {
            self.position = until;
        }
        Ok(())
    }
}
