//! Restore: a dump taken into a new server, whose transaction counter starts from the beginning. Streams are whole, and a
//! reader with an old checkpoint reads on, through new holes, without losing or repeating anything.

use tokio::sync::watch;

use crate::conformance::chapters::{Stage, gaps};
use crate::conformance::following::{
    Streams, certain, check_log, check_streams, count, follow, streams,
};
use crate::conformance::private::PrivateServer;
use crate::conformance::seeds::Dice;
use crate::conformance::{Append, Capability, End, Finding, NewEvent, StoreUnderTest, offers};
use crate::{ensure, scale};

/// Events that the dump holds.
const DUMPED: i64 = 60;
/// Transaction ids that the old server is ahead of the new one, at least.
const AHEAD: i64 = 5_000;

const BURN_IDS: &str = "
    do $$ begin
        for number in 1..10000 loop
            perform pg_current_xact_id();
            commit;
        end loop;
    end $$";
const FIND_ID: &str = "select pg_current_xact_id()::text::bigint";

pub async fn run<S: StoreUnderTest>(mut dice: Dice) -> Finding {
    let rounds = scale::size(15, 400);
    let (mut old, old_server) = Stage::<S>::set_private(dice.fork()).await;
    fill(&mut old).await?;
    let name = ["dumped".to_owned()];
    let before = streams(&old.store, &name).await;
    let checkpoint = read_all(&old, &before).await?;
    let admin = old.place.admin().await;
    admin.batch_execute(BURN_IDS).await.unwrap();
    let old_id: i64 = admin.query_one(FIND_ID, &[]).await.unwrap().get(0);
    drop(admin);
    old.store.close().await;

    let new_server = PrivateServer::empty().await;
    new_server.restore(&old_server.dump().await).await;
    drop(old_server);
    let place = new_server.place();
    let admin = place.admin().await;
    let new_id: i64 = admin.query_one(FIND_ID, &[]).await.unwrap().get(0);
    drop(admin);
    ensure!(
        new_id + AHEAD < old_id,
        "the new server's counter stands at {new_id}, the old one's at {old_id}"
    );
    let store = S::open(&place).await;
    let mut new = Stage { store, place, dice };
    let after = streams(&new.store, &name).await;
    check_streams(&after)?;
    ensure!(before == after, "the restored streams differ");
    let mut said = format!("{DUMPED} events, transaction ids from {old_id} back to {new_id}");
    if let Some(checkpoint) = checkpoint {
        let on = gaps::read_while_written(&mut new, ("restored", rounds), checkpoint).await?;
        said.push_str(&format!("; read on from {checkpoint}: {on}"));
    } else {
        let next = Append::one("dumped", DUMPED, NewEvent::plain(new.dice.draw()));
        certain(new.store.append(&next).await)?;
    }
    new.store.close().await;
    Ok(said)
}

/// Appends one after the other, some rolled back in between, so that the dump has holes, one of them at its very end.
async fn fill<S: StoreUnderTest>(stage: &mut Stage<S>) -> Result<(), String> {
    for expected in 0..DUMPED {
        let value = stage.dice.draw();
        certain(
            stage
                .store
                .append(&Append::one("dumped", expected, NewEvent::plain(value)))
                .await,
        )?;
        if stage.dice.one_in(3) || expected + 1 == DUMPED {
            let event = NewEvent {
                value,
                linger_ms: 0,
                end: End::Aborts,
            };
            let aborted = Append::one("dumped", expected + 1, event);
            let outcome = stage.store.append(&aborted).await;
            ensure!(outcome.is_err(), "an append that aborts was acknowledged");
        }
    }
    Ok(())
}

/// Reads the log from its start, which must show these streams; answers how far it went.
async fn read_all<S: StoreUnderTest>(
    stage: &Stage<S>,
    streams: &Streams,
) -> Result<Option<i64>, String> {
    if !offers::<S>(&[Capability::Log]) {
        return Ok(None);
    }
    let (_, goal) = watch::channel(Some(count(streams)));
    let seen = follow(stage.store.clone(), 0, goal).await;
    check_log(&seen, streams)?;
    Ok(seen.last().map(|event| event.position))
}
