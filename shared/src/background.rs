//! Work that a request begins and does not wait for; its function does, before it may be frozen.
//!
//! Lambda stops a process the moment it has answered. A call left under way would be cut off there, each time anew in a
//! function that is seldom called, so the end of an invocation waits a moment for what it started in the background.

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinHandle;

/// The longest that an answer waits for background work.
const PATIENCE: Duration = Duration::from_millis(300);

tokio::task_local! {
    static BEGUN: RefCell<Vec<JoinHandle<()>>>;
}

/// Starts `work` in the background of a request.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    let handle = tokio::spawn(work);
    // Outside of an invocation nobody waits: nothing is frozen there.
    let _ = BEGUN.try_with(|begun| begun.borrow_mut().push(handle));
}

/// Runs an invocation, and then waits, for a moment at most, for its background work.
pub async fn drain<T>(invocation: impl Future<Output = T>) -> T {
    let run = async {
        let outcome = invocation.await;
        let begun = BEGUN.with(RefCell::take);
        if !begun.is_empty() {
            let _ = tokio::time::timeout(PATIENCE, join_all(begun)).await;
        }
        outcome
    };
    BEGUN.scope(RefCell::default(), run).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn an_invocation_ends_after_what_it_began() {
        let done = Arc::new(AtomicBool::new(false));
        let flag = done.clone();
        let answer = drain(async move {
            spawn(async move {
                for _ in 0..5 {
                    tokio::task::yield_now().await;
                }
                flag.store(true, Ordering::SeqCst);
            });
            "answer"
        });
        assert_eq!(answer.await, "answer");
        assert!(done.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn patience_is_bounded() {
        let began = std::time::Instant::now();
        drain(async { spawn(std::future::pending()) }).await;
        assert!((PATIENCE..10 * PATIENCE).contains(&began.elapsed()));
    }
}
