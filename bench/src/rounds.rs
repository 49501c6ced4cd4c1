//! The rounds: every system at every number of clients, one after the other, in an order that is turned by one with
//! each round, so that no system always runs first or on the fullest tables.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use commands::dispatch::Dispatcher;
use domain::ids::TenantId;
use event_store::store::Store;

use crate::deliveries::{self, COURIERS, Courier};
use crate::drive::{Offered, Sample, WARM_UP};
use crate::ground::Ground;
use crate::limits::Script;
use crate::sink::Sink;
use crate::{
    Group, Result, appends, catch_up, dispatched, http, notarised, peer, projected, streams,
};

/// The numbers of clients at which appends are measured.
pub const CLIENTS: [u32; 3] = [1, 8, MANY];
/// From how many clients on they are many.
pub const MANY: u32 = 32;
/// Commands a second, where nothing better is known.
const MODEST: f64 = 4_000.0;
/// The number of connections at which HTTP is measured.
pub const CONNECTIONS: u32 = 64;

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum System {
    Pgbench(Script),
    Peer,
    /// A whole command, in this process.
    Command,
    /// The same on any stream at all, which is seldom known to the process.
    Stranger,
    /// The store alone, with a message in the outbox.
    Message,
    /// A whole command, over HTTP.
    Http,
    /// A whole command by a process that wakes nobody.
    Quiet,
    /// Everybody on one stream: whole commands, and the peer's.
    Hot,
    HotPeer,
}

/// What is being measured with.
pub struct Rounds<'a> {
    pub ground: &'a Ground,
    /// The server's own.
    pub dispatcher: &'a Dispatcher,
    /// Where a process writes that wakes nobody.
    pub quiet: &'a Store,
    pub tenant_id: &'a TenantId,
    pub address: SocketAddr,
    pub api_key: &'a str,
    pub measured: Duration,
    /// The beginnings of the names of those to measure; all, when there are none.
    pub systems: &'a [String],
}

/// One round's figures.
#[derive(Clone, Debug, Default)]
pub struct Round {
    pub samples: BTreeMap<(System, u32), Sample>,
    pub catch_up: Option<catch_up::Round>,
    /// From a command's answer to the read model, at half of the commands that this round had at many clients.
    pub projected: Option<Sample>,
    pub deliveries: BTreeMap<Courier, deliveries::Run>,
    pub notarised: Option<notarised::Round>,
}

/// How much of what was sent came back well, to be found again in the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Acknowledged {
    pub in_process: u64,
    pub over_http: u64,
    pub messages: u64,
}

impl Rounds<'_> {
    /// Runs round `number` of the groups asked for.
    pub async fn run(
        &self,
        number: usize,
        groups: &[Group],
        acknowledged: &mut Acknowledged,
    ) -> Result<Round> {
        let mut round = Round::default();
        let mut turns = Vec::new();
        if groups.contains(&Group::Append) {
            let systems = [
                System::Pgbench(Script::SelectThenInsert),
                System::Pgbench(Script::ThreeRows),
                System::Peer,
                System::Command,
                System::Stranger,
                System::Message,
            ];
            turns.extend(
                CLIENTS
                    .iter()
                    .flat_map(|clients| turned(&systems, number, *clients)),
            );
            let others = [System::Quiet, System::Hot, System::HotPeer];
            turns.extend(turned(&others, number, MANY));
        }
        if groups.contains(&Group::Http) {
            turns.extend(turned(
                &[System::Command, System::Http],
                number,
                CONNECTIONS,
            ));
        }
        turns.retain(|(system, _)| self.is_wanted(*system));
        for (system, clients) in turns {
            let process = self.process(system, acknowledged).await?;
            let before = self.ground.wal_bytes().await?;
            let sample = self.turn(system, (&process, clients), acknowledged).await?;
            let written = self.ground.wal_bytes().await? - before;
            let all = sample.per_second * (WARM_UP + self.measured).as_secs_f64();
            let sample = Sample {
                wal_bytes: written / all.max(1.0),
                ..sample
            };
            crate::say(&format!(
                "  {system:?} at {clients}: {:.0}/s, p50 {:.2} ms, p99 {:.2} ms, {:.0} us of processor, {:.0} bytes, stolen {:.1} %",
                sample.per_second,
                sample.p50_ms,
                sample.p99_ms,
                sample.cpu_micros,
                sample.wal_bytes,
                sample.stolen_percent
            ));
            round.samples.insert((system, clients), sample);
        }
        if groups.contains(&Group::Projected) {
            round.projected = Some(self.project(&round, acknowledged).await?);
        }
        if groups.contains(&Group::Notary) {
            round.notarised = Some(self.notarise(number, acknowledged).await?);
        }
        if groups.contains(&Group::CatchUp) {
            let read = catch_up::measure(&self.ground.store, self.measured).await?;
            crate::say(&read.to_string());
            round.catch_up = Some(read);
        }
        if groups.contains(&Group::Deliver) {
            round.deliveries = self.deliver(number).await?;
        }
        Ok(round)
    }

    async fn deliver(&self, number: usize) -> Result<BTreeMap<Courier, deliveries::Run>> {
        let sink = Sink::start().await?;
        let mut couriers = COURIERS;
        couriers.rotate_left(number % COURIERS.len());
        let mut runs = BTreeMap::new();
        for courier in couriers {
            let run = deliveries::measure(self.ground, &sink, courier).await?;
            crate::say(&format!(
                "  {courier:?}: {:.0} messages/s, {} lost, {} more than once, stolen {:.1} %",
                run.per_second, run.lost, run.repeated, run.stolen_percent
            ));
            runs.insert(courier, run);
        }
        Ok(runs)
    }

    /// Half of what could be sent, or of a modest rate where that was not measured.
    async fn project(&self, round: &Round, acknowledged: &mut Acknowledged) -> Result<Sample> {
        let peak = round.samples.get(&(System::Command, MANY));
        let rate = peak.map_or(MODEST, |sample| sample.per_second) / 2.0;
        let process = self.process(System::Command, acknowledged).await?;
        let measured = (rate, self.measured);
        let (sample, sent) =
            projected::measure(&self.ground.store, &process, self.tenant_id, measured).await?;
        acknowledged.in_process += sent;
        crate::say(&format!(
            "  from commit to read model at {rate:.0}/s: p50 {:.2} ms, p99 {:.2} ms",
            sample.p50_ms, sample.p99_ms
        ));
        Ok(sample)
    }

    async fn notarise(
        &self,
        number: usize,
        acknowledged: &mut Acknowledged,
    ) -> Result<notarised::Round> {
        let process = self.process(System::Command, acknowledged).await?;
        let setting = notarised::Setting {
            ground: self.ground,
            dispatcher: &process,
            tenant_id: self.tenant_id,
            measured: self.measured,
        };
        let (round, sent) = setting.measure(number).await?;
        acknowledged.in_process += sent;
        crate::say(&format!(
            "  {}; at full load {}; lag p99 {:.0} ms, a million verified in {:.2} s",
            round.moderate, round.full, round.lag_p99_ms, round.verify_seconds
        ));
        Ok(round)
    }

    fn is_wanted(&self, system: System) -> bool {
        let name = format!("{system:?}").to_lowercase();
        self.systems.is_empty() || self.systems.iter().any(|wanted| name.starts_with(wanted))
    }

    /// Whoever sends the commands of a turn: a process that has been running for a while and so has met the lively streams,
    /// or a stranger. Others have written since the last turn, and so none remembers what it has not met in this one.
    async fn process(&self, system: System, acknowledged: &mut Acknowledged) -> Result<Dispatcher> {
        let process = match system {
            System::Quiet => Dispatcher::new(self.quiet.clone()),
            System::Http => self.dispatcher.clone(),
            _ => Dispatcher::new(self.ground.store.clone()),
        };
        if matches!(
            system,
            System::Command | System::Quiet | System::Hot | System::Http
        ) {
            acknowledged.in_process += dispatched::meet(&process, self.tenant_id).await?;
        }
        Ok(process)
    }

    async fn turn(
        &self,
        system: System,
        (process, clients): (&Dispatcher, u32),
        acknowledged: &mut Acknowledged,
    ) -> Result<Sample> {
        let (ground, count) = (self.ground, usize::try_from(clients)?);
        let offered = Offered::full(count, self.measured);
        match system {
            System::Pgbench(script) => ground.limits.measure(script, count, self.measured).await,
            System::Peer => {
                peer::measure(&ground.peer, streams::pick, clients, self.measured).await
            }
            System::HotPeer => {
                peer::measure(&ground.peer, streams::pick_hot, clients, self.measured).await
            }
            System::Command | System::Stranger | System::Quiet | System::Hot => {
                let pick = match system {
                    System::Stranger => streams::pick_any,
                    System::Hot => streams::pick_hot,
                    _ => streams::pick,
                };
                let (sample, sent) =
                    dispatched::measure(process, self.tenant_id, pick, offered).await?;
                acknowledged.in_process += sent;
                Ok(sample)
            }
            System::Message => {
                let (sample, sent) =
                    appends::measure(&ground.store, self.tenant_id, count, self.measured).await?;
                acknowledged.messages += sent;
                Ok(sample)
            }
            System::Http => {
                let (sample, sent) =
                    http::measure(self.address, self.api_key, count, self.measured).await?;
                acknowledged.over_http += sent;
                Ok(sample)
            }
        }
    }
}

fn turned(systems: &[System], number: usize, clients: u32) -> Vec<(System, u32)> {
    let mut systems = systems.to_vec();
    let by = number % systems.len();
    systems.rotate_left(by);
    systems
        .into_iter()
        .map(|system| (system, clients))
        .collect()
}
