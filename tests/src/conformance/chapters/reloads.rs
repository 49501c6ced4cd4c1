//! Reload: whatever a store keeps so as not to read a stream from its start, a reload equals the fold of all events, after
//! batches of any size, across every boundary.

use crate::conformance::chapters::Stage;
use crate::conformance::following::{certain, length};
use crate::conformance::{Finding, StoreUnderTest};
use crate::{ensure, scale};

/// A command appends so many events at most.
const WIDEST: u64 = 9;

pub async fn run<S: StoreUnderTest>(mut stage: Stage<S>) -> Finding {
    let (streams, commands) = (scale::size(6, 60), scale::size(12, 60));
    let mut checked = 0;
    for number in 0..streams {
        let stream = format!("reload-{number}");
        let mut counted: u64 = 0;
        for _ in 0..commands {
            let by = stage.dice.roll(WIDEST);
            certain(
                stage
                    .store
                    .count_up(&stream, usize::try_from(by).unwrap_or(0))
                    .await,
            )?;
            counted += by;
            let stand = length(&stage.store, &stream).await;
            ensure!(
                u64::try_from(stand) == Ok(counted),
                "{stream} has {stand} events where {counted} were appended"
            );
            let reloaded = certain(stage.store.reload(&stream).await)?;
            ensure!(
                reloaded == counted,
                "{counted} events reload as a state that counted {reloaded}"
            );
            checked += 1;
        }
    }
    Ok(format!("{checked} reloads equal the fold"))
}
