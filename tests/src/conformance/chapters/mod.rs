//! The chapters: one promise each, put to one store on a database of its own.

pub mod claims;
pub mod clocks;
pub mod conflicts;
pub mod crashes;
pub mod far_transactions;
pub mod gaps;
pub mod keys;
pub mod many_streams;
pub mod order;
pub mod reloads;
pub mod restores;
pub mod wakes;

use crate::conformance::place::Place;
use crate::conformance::private::PrivateServer;
use crate::conformance::seeds::{Dice, Seed};
use crate::conformance::{Capability, Finding, StoreUnderTest, faults, offers, store_history};

/// One promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chapter {
    Gaps,
    Order,
    Keys,
    Conflicts,
    ManyStreams,
    Reloads,
    Claims,
    Crashes,
    Restores,
    FarTransactions,
    Wakes,
    Clocks,
    Histories,
}

/// All of them, in the order of the table.
pub const ALL: &[Chapter] = &[
    Chapter::Gaps,
    Chapter::Order,
    Chapter::Keys,
    Chapter::Conflicts,
    Chapter::ManyStreams,
    Chapter::Reloads,
    Chapter::Claims,
    Chapter::Crashes,
    Chapter::Restores,
    Chapter::FarTransactions,
    Chapter::Wakes,
    Chapter::Clocks,
    Chapter::Histories,
];

/// What came of a chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passes(String),
    Fails(String),
    NotOffered,
}

/// One store in its place, with the dice of the run.
pub struct Stage<S> {
    pub store: S,
    pub place: Place,
    pub dice: Dice,
}

impl Chapter {
    /// As the table names it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Gaps => "a reader of the log loses nothing",
            Self::Order => "streams keep their order",
            Self::Keys => "a key counts once",
            Self::Conflicts => "fifty writers on one stream",
            Self::ManyStreams => "several streams or none",
            Self::Reloads => "a reload equals the fold",
            Self::Claims => "a claim has one owner",
            Self::Crashes => "kill -9 of PostgreSQL",
            Self::Restores => "a dump restored elsewhere",
            Self::FarTransactions => "a long transaction in another database",
            Self::Wakes => "wake-ups lost",
            Self::Clocks => "clocks that jump back",
            Self::Histories => "histories under kills",
        }
    }

    fn needs(self) -> &'static [Capability] {
        match self {
            Self::Gaps | Self::FarTransactions | Self::Wakes => &[Capability::Log],
            Self::Keys => &[Capability::Keys],
            Self::ManyStreams => &[Capability::ManyStreams],
            Self::Claims => &[Capability::Claims],
            Self::Clocks => &[Capability::Log, Capability::Times],
            Self::Order
            | Self::Conflicts
            | Self::Reloads
            | Self::Crashes
            | Self::Restores
            | Self::Histories => &[],
        }
    }

    /// Puts the chapter to a store.
    pub async fn run<S: StoreUnderTest>(self, seed: &Seed) -> Verdict {
        if !offers::<S>(self.needs()) {
            return Verdict::NotOffered;
        }
        let dice = seed.dice();
        let finding = match self {
            Self::Crashes => crashes::run::<S>(dice).await,
            Self::Restores => restores::run::<S>(dice).await,
            Self::FarTransactions => far_transactions::run::<S>(dice).await,
            Self::Histories => store_history::run::<S>(dice).await,
            Self::Gaps => shared(dice, gaps::run::<S>).await,
            Self::Order => shared(dice, order::run::<S>).await,
            Self::Keys => shared(dice, keys::run::<S>).await,
            Self::Conflicts => shared(dice, conflicts::run::<S>).await,
            Self::ManyStreams => shared(dice, many_streams::run::<S>).await,
            Self::Reloads => shared(dice, reloads::run::<S>).await,
            Self::Claims => shared(dice, claims::run::<S>).await,
            Self::Wakes => shared(dice, wakes::run::<S>).await,
            Self::Clocks => shared(dice, clocks::run::<S>).await,
        };
        match finding {
            Ok(seen) => Verdict::Passes(seen),
            Err(why) => Verdict::Fails(why),
        }
    }
}

impl<S: StoreUnderTest> Stage<S> {
    /// Sets a store up in a place, with its faults.
    pub async fn set(place: Place, dice: Dice) -> Self {
        S::prepare(&place).await;
        faults::install(&place, S::EVENTS).await;
        let store = S::open(&place).await;
        Self { store, place, dice }
    }

    /// As `set`, on a server that may be killed.
    pub async fn set_private(dice: Dice) -> (Self, PrivateServer) {
        let server = PrivateServer::start().await;
        (Self::set(server.place(), dice).await, server)
    }
}

/// Runs a chapter in a database of the shared server.
async fn shared<S, F>(dice: Dice, chapter: impl FnOnce(Stage<S>) -> F) -> Finding
where
    S: StoreUnderTest,
    F: Future<Output = Finding>,
{
    let stage = Stage::<S>::set(Place::shared().await, dice).await;
    let (store, place) = (stage.store.clone(), stage.place.clone());
    let finding = chapter(stage).await;
    store.close().await;
    place.leave().await;
    finding
}
