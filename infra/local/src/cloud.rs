//! One local cloud: engines, emulators, gateway and development API, started and stopped together.

use std::fs::{File, TryLockError};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use shared::cloud::Setup;
use shared::config::Variables;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::callbacks::Callbacks;
use crate::clock::LocalClock;
use crate::dev_api::{self, DevApi};
use crate::emulators::request_id;
use crate::engines::dynamodb::Tables;
use crate::engines::s3::{Buckets, ObjectMade, S3};
use crate::event_sources::EventSources;
use crate::former_url;
use crate::gateway::{Gateway, Routes};
use crate::keys::Keys;
use crate::lambda_host::LambdaHost;
use crate::listeners::{Listeners, Taken};
use crate::options::Options;
use crate::proxies::{self, Parts};
use crate::settings::{self, Endpoints};
use crate::state::LocalState;
use crate::template::{Function, Template};

/// Why a local cloud does not start, as sentences for the person who started it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong, by its name.
    #[error("{0}")]
    Settings(String),
    /// The port is in use, or may not be taken.
    #[error(
        "port {port} on {on} cannot be taken: {source}; give another with --port (0 takes any free one)"
    )]
    Port {
        /// The port that was asked for.
        port: u16,
        /// On which of the two loopback addresses.
        on: IpAddr,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The data folder cannot be used.
    #[error("{}: {reason}", path.display())]
    Data {
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The template and the code do not fit together, or an engine does not start.
    #[error("{0}")]
    LocalState(String),
}

/// A running local cloud; it ends with [`Cloud::shutdown`], or at once when it is dropped.
pub struct Cloud {
    address: SocketAddr,
    state: Arc<LocalState>,
    gateway: Arc<Gateway>,
    endpoints: Endpoints,
    event_sources: Arc<EventSources>,
    stop: watch::Sender<bool>,
    /// What the person who started it should know.
    notice: Option<String>,
    /// Held as long as the cloud uses its folder.
    _lock: Option<File>,
    server: JoinHandle<()>,
    /// The proxies and engines; dropping it ends them.
    background: JoinSet<()>,
}

impl Cloud {
    /// Starts a cloud, and returns when it is ready to answer.
    ///
    /// # Errors
    /// [`StartError`], each as one or more sentences.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        options.check().map_err(StartError::Settings)?;
        let template = Template::own().map_err(StartError::LocalState)?;
        let listeners = listen(options.port).await?;
        let address = listeners.address;
        let (mut keys, lock, has_data) = keys(options.data.as_deref())?;
        // In the secret, where the operator finds and changes them.
        for (name, value) in options.secrets() {
            keys.replace(name, value);
        }
        let keys = Arc::new(keys);
        let state = Arc::new(LocalState::default());
        let mut background = JoinSet::new();
        let engines = Engines::open(&mut background, &options, &state, &template).await?;
        let parts = Parts {
            tables: engines.tables.clone(),
            s3: engines.s3,
            document: Value::Object(keys.document.clone()).to_string(),
            credentials: settings::credentials(&options, &keys),
        };
        let endpoints = proxies::start(&mut background, &state, parts, address)
            .await
            .map_err(|error| StartError::LocalState(error.to_string()))?;
        let variables = settings::variables(&options, &endpoints, &template.tables, &keys);
        let callbacks = Callbacks {
            variables: variables.clone(),
            keys,
        };
        let gateway = open_gateway(&state, variables, template.functions).await?;
        let notice = notice(options.data.as_deref(), has_data, &gateway.public_url)?;
        let event_sources = EventSources::start(
            &mut background,
            &gateway,
            &engines.tables,
            template.events,
            engines.objects_made,
            options.data.as_deref(),
        )
        .map_err(|reason| data_error(options.data.as_deref(), reason))?;
        let event_sources = Arc::new(event_sources);
        let dev_api = Arc::new(DevApi {
            state: Arc::clone(&state),
            tables: engines.tables,
            buckets: engines.buckets,
            gateway: Arc::clone(&gateway),
            endpoints: endpoints.clone(),
            settings: options.chosen(),
            callbacks,
            event_sources: Arc::clone(&event_sources),
        });
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(serve(listeners, dev_api::router(dev_api), stopped));
        Ok(Self {
            address,
            state,
            gateway,
            endpoints,
            event_sources,
            stop,
            notice,
            _lock: lock,
            server,
            background,
        })
    }

    /// Where the API is for people, `http://localhost:PORT`; `PUBLIC_URL` unless another is set.
    #[must_use]
    pub fn url(&self) -> String {
        self.endpoints.public_url()
    }

    /// The gateway's address on 127.0.0.1; `[::1]` has the same port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the person who started it should know: that tokens of an earlier start have ended, and why.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// The clock of everything in it.
    #[must_use]
    pub fn clock(&self) -> &Arc<LocalClock> {
        &self.state.clock
    }

    /// The loopback URL of an engine or emulator, by its name in the development API: `dynamodb`, `s3`, `ses` …
    #[must_use]
    pub fn endpoint(&self, service: &str) -> Option<String> {
        self.endpoints.url(service)
    }

    /// Calls a function with any JSON event: SNS, S3, a stream's records, a schedule.
    ///
    /// # Errors
    /// What Lambda would report as a function error.
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Value, String> {
        self.gateway
            .lambda_host
            .invoke(function, request_id(), event.to_string())
            .await
            .map_err(|failure| failure.0)
    }

    /// Waits until everything written so far was handed to the functions that read the streams, for ten seconds at the
    /// most; whether it was.
    pub async fn settle(&self) -> bool {
        self.event_sources.settle(Duration::from_secs(10)).await
    }

    /// Starts the functions anew on the same data: what they remembered in their process is gone.
    ///
    /// # Errors
    /// Why a function does not start again.
    pub async fn restart_functions(&self) -> Result<(), String> {
        self.gateway.lambda_host.reopen().await
    }

    /// Ends the cloud: requests under way are finished, for three seconds at the most.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(Duration::from_secs(3), &mut self.server).await;
        self.server.abort();
        self.background.shutdown().await;
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The engines that hold data.
struct Engines {
    tables: Tables,
    buckets: Buckets,
    s3: S3,
    objects_made: mpsc::UnboundedReceiver<ObjectMade>,
}

impl Engines {
    /// Opens them on the data folder, if there is one, and has TTL run on `background`.
    async fn open(
        background: &mut JoinSet<()>,
        options: &Options,
        state: &LocalState,
        template: &Template,
    ) -> Result<Self, StartError> {
        let data = options.data.as_deref();
        let (clock, schemas) = (Arc::clone(&state.clock), template.tables.clone());
        let tables = Tables::open(background, options, clock, schemas)
            .await
            .map_err(|reason| data_error(data, reason))?;
        background.spawn(sweeping(tables.clone()));
        let buckets = Buckets::open(data, settings::BUCKET)
            .map_err(|error| data_error(data, error.to_string()))?;
        let (object_made, objects_made) = mpsc::unbounded_channel();
        let s3 = buckets
            .engine(object_made, Arc::clone(&state.clock) as _)
            .map_err(StartError::LocalState)?;
        Ok(Self {
            tables,
            buckets,
            s3,
            objects_made,
        })
    }
}

async fn listen(port: u16) -> Result<Listeners, StartError> {
    Listeners::open(port)
        .await
        .map_err(|Taken { on, source }| StartError::Port { port, on, source })
}

/// Opens every function by these settings, behind a gateway.
async fn open_gateway(
    state: &Arc<LocalState>,
    variables: Variables,
    functions: Vec<Function>,
) -> Result<Arc<Gateway>, StartError> {
    let public_url = variables.get("PUBLIC_URL").unwrap_or_default();
    let public_url = public_url.trim_end_matches('/').to_owned();
    let setup = Setup::load(variables, Arc::clone(&state.clock) as _)
        .await
        .map_err(|error| StartError::Settings(error.to_string()))?;
    let routes = Routes::new(&functions);
    let lambda_host = LambdaHost::open(Arc::clone(state), setup, functions)
        .await
        .map_err(StartError::Settings)?;
    Ok(Arc::new(Gateway {
        state: Arc::clone(state),
        routes,
        lambda_host,
        public_url,
    }))
}

/// What the person who starts the cloud on this data should know.
fn notice(
    data: Option<&Path>,
    has_data: bool,
    public_url: &str,
) -> Result<Option<String>, StartError> {
    let Some(folder) = data else { return Ok(None) };
    former_url::remember(folder, has_data, public_url)
        .map_err(|error| data_error(Some(folder), error.to_string()))
}

/// Takes the data folder for this cloud alone, and reads the keys in it; whether it had any says whether it had data.
fn keys(data: Option<&Path>) -> Result<(Keys, Option<File>, bool), StartError> {
    let Some(folder) = data else {
        let keys = Keys::in_memory().map_err(StartError::LocalState)?;
        return Ok((keys, None, false));
    };
    let refused = |reason: String| data_error(Some(folder), reason);
    let told = |error: std::io::Error| refused(error.to_string());
    std::fs::create_dir_all(folder).map_err(told)?;
    let lock = File::create(folder.join("lock")).map_err(told)?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => refused("another local cloud keeps its data there".to_owned()),
        TryLockError::Error(error) => told(error),
    })?;
    let (keys, has_data) = Keys::on_disk(folder).map_err(refused)?;
    Ok((keys, Some(lock), has_data))
}

fn data_error(data: Option<&Path>, reason: String) -> StartError {
    match data {
        None => StartError::LocalState(reason),
        Some(path) => StartError::Data {
            path: path.to_owned(),
            reason,
        },
    }
}

/// TTL, once a minute; the development API sweeps too when it moves the clock.
async fn sweeping(tables: Tables) {
    let mut minute = tokio::time::interval(Duration::from_mins(1));
    loop {
        minute.tick().await;
        tables.sweep().await;
    }
}

/// Answers on both loopback addresses.
async fn serve(listeners: Listeners, router: axum::Router, stopped: watch::Receiver<bool>) {
    let mut servers = JoinSet::new();
    for listener in [Some(listeners.v4), listeners.v6].into_iter().flatten() {
        let service = router
            .clone()
            .into_make_service_with_connect_info::<SocketAddr>();
        let mut stopped = stopped.clone();
        let server = axum::serve(listener, service).with_graceful_shutdown(async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        });
        servers.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the gateway ended");
            }
        });
    }
    servers.join_all().await;
}
