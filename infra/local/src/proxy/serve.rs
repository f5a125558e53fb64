//! The proxy's server: one connection after another, one call after another.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use shared::cloud::{REQUEST_ID_HEADER, SENT_HEADER};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::calls::Recording;
use super::{Action, BACKGROUND, Service, Upstream, operation, shapes};
use crate::here::is_here;
use crate::state::LocalState;

/// The largest call, in bytes: DynamoDB takes 16 MB, and S3 gets no more than 20 MiB from us.
const LARGEST: usize = 64 << 20;

/// How long a call takes at the least: an emulator in the same process would otherwise answer before a call that was
/// sent beside the first has arrived, and the two would look like steps one after the other.
const LEAST: Duration = Duration::from_millis(10);

/// Serves `upstream` behind `listener` until the returned future is dropped; its connections end with it.
pub(crate) async fn serve<U: Upstream>(
    listener: TcpListener,
    service: Service,
    upstream: U,
    state: Arc<LocalState>,
) {
    let front = Arc::new(Front {
        service,
        upstream,
        state,
    });
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(Arc::clone(&front).connection(stream));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

struct Front<U> {
    service: Service,
    upstream: U,
    state: Arc<LocalState>,
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error("reset on order")]
    Reset,
    #[error("reply lost on order")]
    LostReply,
    #[error("unreadable: {0}")]
    Unreadable(String),
    #[error("upstream: {0}")]
    Upstream(String),
}

impl<U: Upstream> Front<U> {
    async fn connection(self: Arc<Self>, stream: TcpStream) {
        // Answers are small and waited for.
        let _ = stream.set_nodelay(true);
        let handle = reset_handle(&stream);
        let (stream, handle) = match handle {
            Ok(handle) => (stream, Arc::new(handle)),
            Err(_) => return,
        };
        let service = service_fn(move |request| {
            let front = Arc::clone(&self);
            let handle = Arc::clone(&handle);
            async move {
                let outcome = front.call(request).await;
                if matches!(outcome, Err(Cut::Reset)) {
                    // The connection is dropped with unsent data thrown away: the client sees a reset.
                    let _ = handle.set_zero_linger();
                }
                outcome.map(|response| response.map(Full::new))
            }
        });
        let served = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(error) = served {
            tracing::debug!(%error, "connection to a front ended");
        }
    }

    async fn call(&self, request: Request<Incoming>) -> Result<Response<Bytes>, Cut> {
        if let Some(sentence) = refusal(self.service, request.headers()) {
            let body = serde_json::json!({ "error": sentence }).to_string();
            return Ok(shapes::respond(403, "application/json", body));
        }
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, LARGEST)
            .collect()
            .await
            .map_err(|error| Cut::Unreadable(error.to_string()))?
            .to_bytes();
        let header = |name: &str| {
            let value = parts.headers.get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let request_id = header(REQUEST_ID_HEADER);
        let sent = header(SENT_HEADER).and_then(|sent| sent.parse().ok());
        let request = Request::from_parts(parts, body);
        let operation = operation::name(self.service, &request);
        let arrived = Instant::now();
        let mut recording =
            self.state
                .calls
                .start(self.service, &operation, request_id.clone(), sent);
        if self.service == Service::DynamoDb {
            recording.about(request.body());
        }
        let background = request_id
            .as_deref()
            .is_some_and(|id| id.starts_with(BACKGROUND));
        let faults = &self.state.faults;
        let partition = recording.partition();
        let outcome = match faults.strike(self.service, &operation, partition, background) {
            Some(Action::Throttle) => Ok(shapes::throttle(self.service)),
            Some(Action::Conflict) => {
                Ok(shapes::conflict(self.service, &operation, request.body()))
            }
            Some(Action::Error { code }) => Ok(shapes::error(self.service, code)),
            Some(Action::Reset) => Err(Cut::Reset),
            Some(Action::Timeout) => {
                // Ends when the client closes the connection: hyper then drops this future.
                let never: Infallible = std::future::pending().await;
                match never {}
            }
            Some(Action::LostReply) => {
                self.forward(request, &mut recording).await?;
                Err(Cut::LostReply)
            }
            Some(Action::Crash) => {
                self.forward(request, &mut recording).await?;
                if let Some(id) = request_id {
                    self.state.running.kill(&id);
                }
                Err(Cut::LostReply)
            }
            Some(Action::Delay(time)) => {
                tokio::time::sleep(time).await;
                self.forward(request, &mut recording).await
            }
            None => self.forward(request, &mut recording).await,
        };
        tokio::time::sleep_until((arrived + LEAST).into()).await;
        outcome
    }

    async fn forward(
        &self,
        request: Request<Bytes>,
        recording: &mut Recording,
    ) -> Result<Response<Bytes>, Cut> {
        let response = self.upstream.answer(request).await.map_err(Cut::Upstream)?;
        if self.service == Service::DynamoDb {
            recording.consumed(response.body());
        }
        Ok(response)
    }
}

/// Why a call is none of a program of this machine. Any page that somebody has open can send requests here, and some engines let
/// every page read their answers. To the bucket pages send their forms, which are signed.
fn refusal(service: Service, headers: &HeaderMap) -> Option<&'static str> {
    let host = headers.get(header::HOST);
    if host.is_some_and(|host| !host.to_str().is_ok_and(is_here)) {
        return Some("Host: this port answers to the names of this machine only.");
    }
    let is_page = headers.contains_key(header::ORIGIN) && service != Service::S3;
    is_page.then_some("Origin: this port takes nothing from pages.")
}

/// A second handle on the connection, by which it can be told to reset.
fn reset_handle(stream: &TcpStream) -> std::io::Result<TcpStream> {
    use std::os::fd::AsFd;
    let copy = stream.as_fd().try_clone_to_owned()?;
    let copy = std::net::TcpStream::from(copy);
    copy.set_nonblocking(true)?;
    TcpStream::from_std(copy)
}
