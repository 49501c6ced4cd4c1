//! Waiting for what happens by itself: asked again and again until it is so, or until patience ends.

use std::time::Duration;

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How often the question is asked.
const EVERY: Duration = Duration::from_millis(10);

/// The first answer; `None` when none came in time.
pub async fn for_answer<T, F>(patience: Duration, mut ask: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let asking = async {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    tokio::time::timeout(patience, asking).await.ok()
}

/// As `for_answer`, within `PATIENCE`; a test that waited in vain fails, saying what for.
pub async fn until<T, F>(what: &str, ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let answer = for_answer(PATIENCE, ask).await;
    answer.unwrap_or_else(|| panic!("waited {PATIENCE:?} in vain until {what}"))
}
