//! A twin of the Lambda Runtime API (version 2018-06-01): one event, one answer.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// The twin: gives its one event to whoever asks first.
pub(super) struct Twin {
    address: SocketAddr,
    answers: mpsc::Receiver<(String, String)>,
}

impl Twin {
    pub(super) async fn start(event: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, answers) = mpsc::channel(4);
        let given = Arc::new(AtomicBool::new(false));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (event, sender, given) = (event.clone(), sender.clone(), Arc::clone(&given));
                let service = service_fn(move |request| {
                    answer(request, event.clone(), sender.clone(), Arc::clone(&given))
                });
                tokio::spawn(async move {
                    let connection = hyper::server::conn::http1::Builder::new();
                    let _ = connection
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { address, answers }
    }

    /// What goes into `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// What the function reports first: the path that it reports to, and the body.
    pub(super) async fn answer(mut self) -> (String, String) {
        self.answers.recv().await.expect("the twin lives")
    }
}

async fn answer(
    request: Request<Incoming>,
    event: String,
    answers: mpsc::Sender<(String, String)>,
    given: Arc<AtomicBool>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    if request.method() == Method::GET && path.ends_with("/runtime/invocation/next") {
        if given.swap(true, Ordering::SeqCst) {
            // There is no second event: the function waits, as it does between invocations.
            let never: Infallible = std::future::pending().await;
            match never {}
        }
        let response = Response::builder()
            .header(
                "lambda-runtime-aws-request-id",
                "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            )
            .header("lambda-runtime-deadline-ms", "4102444800000")
            .header(
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:123456789012:function:twin",
            )
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(event)));
        return Ok(response.expect("a response"));
    }
    let body = request
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let _ = answers
        .send((path, String::from_utf8_lossy(&body).into_owned()))
        .await;
    let response = Response::builder().status(202).body(Full::default());
    Ok(response.expect("a response"))
}
