//! Idempotency: a key counts once, whatever happens to its senders, and its answer is the first one, byte for byte.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::conformance::chapters::Stage;
use crate::conformance::following::{certain, length};
use crate::conformance::{
    Append, Appended, Failure, Finding, NewEvent, Origin, StoreUnderTest, cutter,
};
use crate::{ensure, wait};

/// How often the same command is sent at once.
const SENDERS: usize = 100;

pub async fn run<S: StoreUnderTest>(mut stage: Stage<S>) -> Finding {
    let first = storm(&mut stage).await?;
    another_body(&stage, &first).await?;
    nothing_to_write(&mut stage).await?;
    reply_lost(&mut stage).await?;
    Ok(format!(
        "{SENDERS} at once: 1 execution, {SENDERS} equal answers; a lost reply is given again"
    ))
}

/// The same command from many at once: one of them executes it, all get its answer.
async fn storm<S: StoreUnderTest>(stage: &mut Stage<S>) -> Result<Append, String> {
    let append = Append::one("storm", 0, NewEvent::plain(stage.dice.draw()));
    let sent = (0..SENDERS).map(|_| stage.store.append(&append));
    let answers = join_all(sent).await.into_iter().map(certain);
    let answers: Vec<Appended> = answers.collect::<Result<_, _>>()?;
    let distinct: BTreeSet<(&str, Option<i64>)> = answers
        .iter()
        .map(|answer| (answer.answer.as_str(), answer.position))
        .collect();
    ensure!(distinct.len() == 1, "{} answers to one key", distinct.len());
    let executed = answers
        .iter()
        .filter(|answer| answer.origin == Origin::Executed)
        .count();
    ensure!(executed == 1, "executed {executed} times");
    let written = length(&stage.store, "storm").await;
    ensure!(written == 1, "{written} events of one command");
    Ok(append)
}

/// The same key with another body is refused, and writes nothing.
async fn another_body<S: StoreUnderTest>(stage: &Stage<S>, first: &Append) -> Result<(), String> {
    let mut other = first.clone();
    other.streams[0].events[0].value ^= 1;
    other.streams[0].expected = 1;
    let refused = stage.store.append(&other).await;
    ensure!(
        refused == Err(Failure::KeyReused),
        "another body got {refused:?}"
    );
    let written = length(&stage.store, "storm").await;
    ensure!(written == 1, "a refused body was written");
    Ok(())
}

/// A command that decides to write nothing is remembered as well, and stays so when the state has changed.
async fn nothing_to_write<S: StoreUnderTest>(stage: &mut Stage<S>) -> Result<(), String> {
    let nothing = Append::of(Vec::new());
    let first = certain(stage.store.append(&nothing).await)?;
    let between = Append::one("nothing", 0, NewEvent::plain(stage.dice.draw()));
    certain(stage.store.append(&between).await)?;
    let again = certain(stage.store.append(&nothing).await)?;
    ensure!(
        first.origin == Origin::Executed && again.origin == Origin::Replayed,
        "a command without events was executed twice"
    );
    ensure!(
        first.answer == again.answer && first.position == again.position,
        "a command without events is answered in two ways"
    );
    Ok(())
}

/// The commit stands and its reply never arrives; whoever asks again gets the answer, and nothing is written twice.
async fn reply_lost<S: StoreUnderTest>(stage: &mut Stage<S>) -> Result<(), String> {
    let value = stage.dice.draw() >> 12;
    let append = Append::one("lost", 0, NewEvent::plain(value));
    let mark = format!("\"value\":{value}");
    let (port, lost) = cutter::start(stage.place.socket(), &mark).await;
    let cut_off = S::open(&stage.place.through(port)).await;
    // A store may ask again by itself, and then it has the answer.
    let first = match cut_off.append(&append).await {
        Ok(first) => Some(first.answer),
        Err(Failure::Unknown(_)) => None,
        Err(failure) => return Err(format!("a lost reply was taken for {failure:?}")),
    };
    ensure!(lost.count() == 1, "no reply was lost");
    let written = length(&stage.store, "lost").await;
    ensure!(
        written == 1,
        "{written} events stand when the reply is lost"
    );
    let again = wait::until("the lost answer is given", async || {
        cut_off.append(&append).await.ok()
    })
    .await;
    let elsewhere = certain(stage.store.append(&append).await)?;
    ensure!(
        again.origin == Origin::Replayed && again == elsewhere,
        "the lost answer comes back as {again:?} and {elsewhere:?}"
    );
    ensure!(
        first.is_none_or(|first| first == again.answer),
        "the lost answer comes back as another one"
    );
    let written = length(&stage.store, "lost").await;
    ensure!(written == 1, "{written} events after it was sent again");
    cut_off.close().await;
    Ok(())
}
