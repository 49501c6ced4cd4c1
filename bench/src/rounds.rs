//! The rounds: every system at every number of clients, one after the other, in an order that is turned by one with
//! each round, so that no system always runs first or on the fullest tables.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use commands::dispatch::Dispatcher;
use domain::ids::TenantId;

use crate::drive::Sample;
use crate::ground::Ground;
use crate::limits::Script;
use crate::{Group, Result, appends, catch_up, dispatched, http, peer, streams};

/// The numbers of clients at which appends are measured.
pub const CLIENTS: [u32; 3] = [1, 8, 32];
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
}

/// What is being measured with.
pub struct Rounds<'a> {
    pub ground: &'a Ground,
    pub dispatcher: &'a Dispatcher,
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
            let sample = self.turn(system, clients, acknowledged).await?;
            crate::say(&format!(
                "  {system:?} at {clients}: {:.0}/s, p50 {:.2} ms, p99 {:.2} ms, {:.0} us of processor, stolen {:.1} %",
                sample.per_second,
                sample.p50_ms,
                sample.p99_ms,
                sample.cpu_micros,
                sample.stolen_percent
            ));
            round.samples.insert((system, clients), sample);
        }
        if groups.contains(&Group::CatchUp) {
            let read = catch_up::measure(&self.ground.store, self.measured).await?;
            crate::say(&format!(
                "  catch-up {:.0}/s in batches, {:.0}/s one by one, rebuild {:.0}/s, reading alone {:.0}/s",
                read.batches.per_second,
                read.single.per_second,
                read.rebuild.per_second,
                read.reading_alone.per_second
            ));
            round.catch_up = Some(read);
        }
        Ok(round)
    }

    fn is_wanted(&self, system: System) -> bool {
        let name = format!("{system:?}").to_lowercase();
        self.systems.is_empty() || self.systems.iter().any(|wanted| name.starts_with(wanted))
    }

    async fn turn(
        &self,
        system: System,
        clients: u32,
        acknowledged: &mut Acknowledged,
    ) -> Result<Sample> {
        let (ground, count) = (self.ground, usize::try_from(clients)?);
        match system {
            System::Pgbench(script) => ground.limits.measure(script, count, self.measured).await,
            System::Peer => peer::measure(&ground.peer, clients, self.measured).await,
            System::Command | System::Stranger => {
                let pick = match system {
                    System::Stranger => streams::pick_any,
                    _ => streams::pick,
                };
                let (dispatcher, tenant_id) = (self.dispatcher, self.tenant_id);
                let (sample, sent) =
                    dispatched::measure(dispatcher, tenant_id, pick, count, self.measured).await?;
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
