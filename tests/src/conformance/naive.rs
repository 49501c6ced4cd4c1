//! Our own store, read as one would without thinking: on from the highest position seen. It is there to fail, so that the
//! chapters on the log are seen to tell the difference.

use crate::conformance::ours::Ours;
use crate::conformance::place::Place;
use crate::conformance::{Append, Appended, Capability, Event, Failure, Page, StoreUnderTest};

#[derive(Clone)]
pub struct Naive(Ours);

impl StoreUnderTest for Naive {
    const NAME: &'static str = "naive reader";
    const OFFERS: &'static [Capability] = Ours::OFFERS;
    const EVENTS: &'static str = Ours::EVENTS;

    async fn prepare(place: &Place) {
        Ours::prepare(place).await;
    }

    async fn open(place: &Place) -> Self {
        Self(Ours::open(place).await)
    }

    async fn append(&self, append: &Append) -> Result<Appended, Failure> {
        self.0.append(append).await
    }

    async fn load(&self, streams: &[String]) -> Result<Vec<Vec<Event>>, Failure> {
        self.0.load(streams).await
    }

    async fn read_log(&self, after: i64) -> Result<Page, Failure> {
        let mut page = self.0.page(after, i64::MAX).await?;
        page.next = page.events.last().map_or(after, |event| event.position);
        Ok(page)
    }

    async fn count_up(&self, stream: &str, by: usize) -> Result<(), Failure> {
        self.0.count_up(stream, by).await
    }

    async fn reload(&self, stream: &str) -> Result<u64, Failure> {
        self.0.reload(stream).await
    }

    async fn close(self) {
        self.0.close().await;
    }
}
