//! Claims: of many who take one value at once exactly one gets it; given back, it may be taken again; several at once in
//! any order do not deadlock.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::conformance::chapters::Stage;
use crate::conformance::following::certain;
use crate::conformance::seeds::Dice;
use crate::conformance::{Append, Claim, Failure, Finding, NewEvent, StoreUnderTest, faults};
use crate::{ensure, scale};

const RACERS: usize = 32;
const WRITERS: usize = 12;
const VALUES: usize = 8;

pub async fn run<S: StoreUnderTest>(mut stage: Stage<S>) -> Finding {
    let (races, rounds) = (scale::size(8, 200), scale::size(20, 600));
    for race in 0..races {
        race_for_one(&mut stage, race).await?;
    }
    let dice = &mut stage.dice;
    let takers = (0..WRITERS).map(|taker| take_several(&stage.store, taker, rounds, dice.fork()));
    let mut taken = 0;
    for count in join_all(takers).await {
        taken += count?;
    }
    stage.store.close().await;
    let deadlocks = faults::count_deadlocks(&stage.place).await;
    ensure!(deadlocks == 0, "{deadlocks} deadlocks");
    Ok(format!(
        "{races} races of {RACERS}: 1 winner each; {taken} of {} takers of several got all, 0 deadlocks",
        WRITERS * rounds
    ))
}

fn take(owner: &str, values: &[String], event: NewEvent) -> Append {
    let mut append = Append::one(owner, 0, event);
    append.take = values
        .iter()
        .map(|value| Claim {
            value: value.clone(),
            owner: owner.to_owned(),
        })
        .collect();
    append
}

/// Gives everything of the owner's back.
async fn release<S: StoreUnderTest>(store: &S, owner: &str) -> Result<(), String> {
    let mut append = Append::of(Vec::new());
    append.release = vec![owner.to_owned()];
    certain(store.append(&append).await).map(drop)
}

async fn race_for_one<S: StoreUnderTest>(stage: &mut Stage<S>, race: usize) -> Result<(), String> {
    let value = ["the-one".to_owned()];
    let owners: Vec<String> = (0..RACERS)
        .map(|racer| format!("race-{race}-{racer}"))
        .collect();
    let (store, dice) = (&stage.store, &mut stage.dice);
    let sent = owners.iter().map(|owner| {
        let event = NewEvent {
            value: dice.draw(),
            linger_ms: dice.roll(3),
            ..NewEvent::default()
        };
        let append = take(owner, &value, event);
        async move { store.append(&append).await }
    });
    let outcomes = join_all(sent).await;
    let winners: BTreeSet<&String> = owners
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| outcome.is_ok())
        .map(|(owner, _)| owner)
        .collect();
    ensure!(winners.len() == 1, "{} owners of one value", winners.len());
    let losers_know = outcomes
        .iter()
        .filter(|outcome| outcome.is_err())
        .all(|outcome| *outcome == Err(Failure::ClaimHeld));
    ensure!(losers_know, "a loser was not told that the claim is held");
    let loaded = certain(store.load(&owners).await)?;
    let written = loaded.iter().filter(|events| !events.is_empty()).count();
    ensure!(written == 1, "{written} racers have written events");
    let winner = winners.into_iter().next().map_or("", String::as_str);
    release(store, winner).await
}

/// Takes several values at once in a random order, gives them back, and so on; answers how often it got them.
async fn take_several<S: StoreUnderTest>(
    store: &S,
    taker: usize,
    rounds: usize,
    mut dice: Dice,
) -> Result<usize, String> {
    let mut taken = 0;
    for round in 0..rounds {
        let mut values: Vec<String> = (0..VALUES).map(|value| format!("value-{value}")).collect();
        dice.shuffle(&mut values);
        values.truncate(3);
        let owner = format!("several-{taker}-{round}");
        let event = NewEvent {
            value: dice.draw(),
            linger_ms: dice.roll(3),
            ..NewEvent::default()
        };
        match store.append(&take(&owner, &values, event)).await {
            Err(Failure::ClaimHeld) => {}
            outcome => {
                certain(outcome)?;
                taken += 1;
                release(store, &owner).await?;
            }
        }
    }
    Ok(taken)
}
