//! The engine as the proxy sees it.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};

use super::{Engines, Tables, refusals};
use crate::proxy::Upstream;
use crate::state::LocalState;

/// Hands calls on to the engine that holds the tables; the world counts its writes.
pub(crate) struct Engine {
    engines: Engines,
    state: Arc<LocalState>,
}

impl Tables {
    /// The engine of these tables, to stand behind a proxy.
    pub(crate) fn engine(&self, state: Arc<LocalState>) -> Engine {
        Engine {
            engines: self.engines.clone(),
            state,
        }
    }
}

impl Upstream for Engine {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let answer = match &self.engines {
            Engines::Other(engine, _) => engine.forward(request).await,
            Engines::Embedded(engine, _) => refusals::or_forward(engine, request).await,
            Engines::Compared(engine, _, comparison) => {
                // Goes on when its caller gives up, so that no call reaches one engine alone.
                let (engine, comparison) = (engine.clone(), Arc::clone(comparison));
                let both = tokio::spawn(async move { comparison.answer(&engine, request).await });
                both.await.map_err(|error| error.to_string())?
            }
        };
        self.state.writes.send_modify(|count| *count += 1);
        answer
    }
}
