//! How the AWS clients are set up: timeouts, retries, endpoints, and a count of every call.

mod endpoint;
mod secret;
mod web;

pub use secret::{SecretSource, Stored, WriteError};

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_runtime::user_agent::UserAgentInterceptor;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{
    Intercept, disable_interceptor, dyn_dispatch_hint,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

use crate::clock::SharedClock;
use crate::config::settings::{self as s, Setting};
use crate::config::{Complaints, Reader, SecretDocument, Variables};
use crate::telemetry;

/// What a function starts from: its settings, its clock and the way to the cloud.
#[derive(Clone)]
pub struct Setup {
    pub variables: Variables,
    /// The secret's document, as read at the start.
    pub secrets: SecretDocument,
    pub clock: SharedClock,
    /// Region, credentials and timeouts that every client shares.
    pub sdk: SdkConfig,
}

/// Why a function does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Settings(#[from] Complaints),
    /// The secret could not be read.
    #[error("SECRET_ID: the secret could not be read: {0}")]
    Secret(String),
    /// A client of a web API cannot be made.
    #[error("no client for a provider's API could be made: {0}")]
    Client(String),
}

impl Setup {
    /// Prepares the way to the cloud and reads the secret, where `SECRET_ID` names one.
    ///
    /// # Errors
    /// A sentence for the operator: which setting, what was found, what is expected.
    pub async fn load(variables: Variables, clock: SharedClock) -> Result<Self, StartError> {
        let mut setup = Self::prepare(variables, clock)?;
        if let Some(source) = setup.secret_source() {
            setup.secrets = source.read().await.map_err(StartError::Secret)?;
        }
        Ok(setup)
    }

    /// Prepares the way to the cloud; the secret is not read.
    ///
    /// # Errors
    /// As [`Setup::load`].
    pub fn prepare(variables: Variables, clock: SharedClock) -> Result<Self, StartError> {
        let secrets = SecretDocument::default();
        let mut reader = Reader::new(&variables, &secrets);
        let region = reader.text(&s::AWS_REGION);
        let local = reader.text(&s::STAGE) == "local";
        reader.optional_text(&s::SECRET_ID);
        reader.whole(&s::SECRET_GENERATION);
        endpoint(&mut reader, &s::AWS_ENDPOINT_URL_SECRETS_MANAGER, local);
        let region = reader.finish(region)?;
        let sdk = sdk_config(region, local);
        Ok(Self {
            variables,
            secrets,
            clock,
            sdk,
        })
    }

    /// The same with the caller's own SDK configuration, for callers that may wait longer than a function.
    ///
    /// # Errors
    /// As [`Setup::load`].
    pub fn over(
        variables: Variables,
        clock: SharedClock,
        sdk: SdkConfig,
    ) -> Result<Self, StartError> {
        let setup = Self {
            secrets: SecretDocument::default(),
            variables,
            clock,
            sdk,
        };
        let mut reader = setup.reader();
        reader.optional_text(&s::SECRET_ID);
        setup.endpoint(&mut reader, &s::AWS_ENDPOINT_URL_SECRETS_MANAGER);
        reader.finish(())?;
        Ok(setup)
    }

    /// A reader over the settings.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(&self.variables, &self.secrets)
    }

    /// Where the secret is read from again after the start; `None` where `SECRET_ID` names none.
    #[must_use]
    pub fn secret_source(&self) -> Option<SecretSource> {
        let mut reader = self.reader();
        let id = reader.optional_text(&s::SECRET_ID)?;
        let endpoint = self.endpoint(&mut reader, &s::AWS_ENDPOINT_URL_SECRETS_MANAGER);
        Some(SecretSource::new(self.sdk.clone(), endpoint, id))
    }

    /// The endpoint of a service where it is not AWS's own; plain http only on this machine or in stage `local`.
    pub fn endpoint(&self, reader: &mut Reader, setting: &'static Setting) -> Option<String> {
        endpoint(
            reader,
            setting,
            self.variables.get(s::STAGE.name) == Some("local"),
        )
    }
}

fn endpoint(reader: &mut Reader, setting: &'static Setting, local: bool) -> Option<String> {
    reader.optional(setting, |text| endpoint::accepted(text, local))
}

/// The longest that one call to AWS may take, retries included.
pub const OPERATION_TIMEOUT: Duration = Duration::from_millis(2_500);

/// A Lambda environment has one request and a core to itself. A local cloud may have sixty at once in one debug build,
/// so there a slow answer says nothing about the engine.
const LOCAL_PATIENCE: u32 = 3;

/// What all clients share. Lambda gives a function its credentials in the environment, so that they are looked for
/// nowhere else: the SDK's own search through files, roles and metadata services would be a twentieth of each binary
/// and a part of every cold start.
fn sdk_config(region: String, local: bool) -> SdkConfig {
    let patience = if local { LOCAL_PATIENCE } else { 1 };
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(500) * patience)
        .operation_attempt_timeout(Duration::from_millis(800) * patience)
        .operation_timeout(OPERATION_TIMEOUT * patience)
        .build();
    let credentials = if local {
        // The local engines check none.
        SharedCredentialsProvider::new(Credentials::for_tests())
    } else {
        SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())
    };
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(credentials)
        .http_client(web::client())
        .timeout_config(timeouts)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(3)
                .with_initial_backoff(Duration::from_millis(50)),
        )
        .build()
}

/// Sends our request id along with every call to AWS and counts the call, so that a log line or a trace can tell
/// which calls a request made.
///
/// Every client gets one: `Builder::from(&setup.sdk).interceptor(Trace::of("dynamodb"))`.
#[derive(Debug)]
pub struct Trace {
    service: &'static str,
}

/// What a call says it comes from.
pub(crate) const USER_AGENT: &str = concat!("latchkey/", env!("CARGO_PKG_VERSION"));

/// The header in which our request id travels upstream.
pub const REQUEST_ID_HEADER: &str = "x-latchkey-request-id";

/// The header in which the moment of sending travels upstream, as [`ticks`] gives it: so the local cloud sees which
/// calls were sent together, however long each of them waits for a busy machine before it arrives.
pub const SENT_HEADER: &str = "x-latchkey-sent-us";

/// Microseconds since the process first asked, by a clock that only goes forward.
#[must_use]
pub fn ticks() -> u64 {
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(ORIGIN.elapsed().as_micros()).unwrap_or(u64::MAX)
}

impl Trace {
    /// An interceptor for a client of this service.
    #[must_use]
    pub fn of(service: &'static str) -> Self {
        Self { service }
    }
}

#[derive(Debug)]
struct StartedAt(Instant);

impl Storable for StartedAt {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for Trace {
    fn name(&self) -> &'static str {
        "Trace"
    }

    // The SDK composes its two of three hundred bytes anew for each call, and signs one of them.
    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let ours = disable_interceptor::<UserAgentInterceptor>("the program names itself");
        bag.interceptor_state().store_put(ours);
        Ok(())
    }

    // After signing: a link that is signed for somebody else to fetch must name no header of ours.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().store_put(StartedAt(Instant::now()));
        let headers = context.request_mut().headers_mut();
        headers.insert("user-agent", USER_AGENT);
        if let Some(id) = telemetry::request_id() {
            headers.insert(REQUEST_ID_HEADER, id);
            headers.insert(SENT_HEADER, ticks().to_string());
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let elapsed = bag
            .load::<StartedAt>()
            .map(|started| started.0.elapsed())
            .unwrap_or_default();
        let operation = bag
            .load::<Metadata>()
            .map_or("unknown", |metadata| metadata.name());
        telemetry::upstream(self.service, operation, elapsed);
        Ok(())
    }
}
