//! Who is connected, and for how long they may take: so many connections from one address, and none that is neither asking
//! nor being answered. The first request's head is timed by the HTTP library; later ones, which it does not time, by us.

use std::any::Any;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream as Accepted;
use actix_web::web::Bytes;
use tokio_util::sync::CancellationToken;

use crate::http::chat::limits::is_near;
use crate::http::rates::WEBHOOKS_PER_MINUTE;

/// How often it is looked who takes too long.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What one client may take.
#[derive(Clone, Copy, Debug)]
pub struct ClientLimits {
    /// For a request's head to come.
    pub head: Duration,
    /// For a request's body to come.
    pub body: Duration,
    /// For the next request to begin.
    pub keep_alive: Duration,
    /// Connections from one public address.
    pub per_address: usize,
    /// Connections from one address of our own network: it may be a proxy, which brings many.
    pub per_neighbour: usize,
    /// Webhooks that come in for one tenant in a minute; 0 for no limit.
    pub webhooks_per_minute: u32,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(5),
            body: Duration::from_secs(30),
            keep_alive: Duration::from_secs(5),
            per_address: 200,
            per_neighbour: 10_000,
            webhooks_per_minute: WEBHOOKS_PER_MINUTE,
        }
    }
}

/// Everybody who is connected to this process.
pub struct Connections {
    limits: ClientLimits,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    by_address: HashMap<IpAddr, usize>,
    all: HashMap<u64, Arc<Connection>>,
    newest: u64,
}

/// One connection.
struct Connection {
    /// A second handle of the socket, to end it by.
    socket: TcpStream,
    /// Requests that are being answered.
    busy: AtomicUsize,
    /// When it began, or the last answer ended.
    quiet_since: Mutex<Instant>,
}

/// Stands for one connection for as long as it lives.
pub struct Place {
    connections: Arc<Connections>,
    connection: Arc<Connection>,
    address: IpAddr,
    number: u64,
}

/// Keeps a connection from being cut while a request is answered.
pub struct Answering(Arc<Connection>);

impl Connections {
    pub fn new(limits: ClientLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            open: Mutex::default(),
        })
    }

    /// Takes a new connection in, or ends it when its address has too many.
    pub fn accept(self: &Arc<Self>, stream: &dyn Any, extensions: &mut Extensions) {
        let Some(stream) = stream.downcast_ref::<Accepted>() else {
            return;
        };
        let (Ok(peer), Ok(handle)) = (stream.peer_addr(), stream.as_fd().try_clone_to_owned())
        else {
            return;
        };
        let (address, socket) = (peer.ip().to_canonical(), TcpStream::from(handle));
        let most = match is_near(address) {
            true => self.limits.per_neighbour,
            false => self.limits.per_address,
        };
        let mut open = self.open();
        let count = open.by_address.entry(address).or_default();
        if *count >= most {
            drop(open);
            metrics::counter!("rapport_connections_refused_total").increment(1);
            let _ = socket.shutdown(Shutdown::Both);
            return;
        }
        *count += 1;
        open.newest += 1;
        let number = open.newest;
        let connection = Arc::new(Connection {
            socket,
            busy: AtomicUsize::new(0),
            quiet_since: Mutex::new(Instant::now()),
        });
        open.all.insert(number, connection.clone());
        drop(open);
        extensions.insert(Place {
            connections: self.clone(),
            connection,
            address,
            number,
        });
    }

    /// Cuts those that take too long to ask, until told to stop.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let most = self.limits.head + self.limits.keep_alive;
        while stop
            .run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
            .await
            .is_some()
        {
            let slow: Vec<Arc<Connection>> = {
                let open = self.open();
                let slow = open.all.values().filter(|one| one.is_quiet_for(most));
                slow.cloned().collect()
            };
            for connection in slow {
                metrics::counter!("rapport_connections_cut_total").increment(1);
                let _ = connection.socket.shutdown(Shutdown::Both);
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn is_quiet_for(&self, most: Duration) -> bool {
        let since = self
            .quiet_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.busy.load(Ordering::Acquire) == 0 && since.elapsed() > most
    }
}

impl Place {
    /// A request of this connection is being answered.
    pub fn answering(&self) -> Answering {
        self.connection.busy.fetch_add(1, Ordering::AcqRel);
        Answering(self.connection.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        open.all.remove(&self.number);
        if let Some(count) = open.by_address.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let mut since = self
            .0
            .quiet_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *since = Instant::now();
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An answer's body, which counts as answering until its last byte was taken.
pub struct Answer {
    body: BoxBody,
    answering: Option<Answering>,
}

impl Answer {
    pub fn new(body: BoxBody, answering: Option<Answering>) -> Self {
        Self { body, answering }
    }
}

impl MessageBody for Answer {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, answering } = self;
        body.try_into_bytes()
            .map_err(|body| Self { body, answering })
    }
}
