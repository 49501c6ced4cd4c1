//! The smallest aggregate whose state shows every event that was applied to it, once or twice.

use std::convert::Infallible;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};

use crate::conformance::KIND;

/// Counts its own events.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    pub counted: u64,
}

/// Appends so many events.
#[derive(Debug)]
pub struct CountUp {
    pub by: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    pub value: u64,
}

impl DomainEvent for Counted {
    fn event_type(&self) -> String {
        "Counted".to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl Aggregate for Tally {
    const TYPE: &'static str = KIND;
    type Command = CountUp;
    type Event = Counted;
    type Error = Infallible;
    type Services = ();

    async fn handle(
        &mut self,
        command: CountUp,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Infallible> {
        for _ in 0..command.by {
            let value = self.counted + 1;
            sink.write(Counted { value }, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, _: Counted) {
        self.counted += 1;
    }
}
