//! The way in: AWS by the name of a stack or by the environment, or a local cloud by its development API.

use std::sync::Arc;

use aws_config::Region;
use jiff::Timestamp;
use shared::avatars::AvatarBucket;
use shared::clock::{SharedClock, SystemClock};
use shared::cloud::{SecretSource, Setup};
use shared::config::{Avatars, Complaints, Variables, settings};
use shared::keyring::{Peppers, SigningKeys};
use shared::store::Store;

use crate::aws::Account;
use crate::failure::Failure;
use crate::local::endpoints;
use crate::stack::Stack;

/// Where `cargo run` listens.
pub(crate) const LOCAL: &str = "http://localhost:3000";

/// What every command works with.
pub(crate) struct App {
    /// Settings, clock and the way to AWS.
    pub(crate) setup: Setup,
    pub(crate) store: Store,
    /// The names of the secret's members.
    pub(crate) members: Vec<String>,
    /// Why the secret could not be read, if it could not.
    unread: Option<String>,
    /// The local cloud's URL, if it is one.
    pub(crate) local: Option<String>,
    /// The deployed stack, if one was named.
    pub(crate) stack: Option<Stack>,
}

/// What the operator said about where to work.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    /// `--local`.
    pub(crate) local: Option<&'a str>,
    /// `--stack`.
    pub(crate) stack: Option<&'a str>,
    /// `--region` and `--profile`.
    pub(crate) account: Account<'a>,
    /// `--set`, each `NAME=VALUE`.
    pub(crate) set: &'a [String],
}

impl App {
    /// Connects.
    ///
    /// # Errors
    /// A sentence: which setting is wrong, or that the local cloud does not answer.
    pub(crate) async fn open(way: Way<'_>) -> Result<Self, Failure> {
        let local = way.local.map(|url| url.trim_end_matches('/'));
        let process = Variables::from_process();
        let in_local_stage = local.is_some()
            || way.stack.is_none() && process.get(settings::STAGE.name) == Some("local");
        let mut sdk = way.account.config(in_local_stage).await;
        let mut clock = Arc::new(SystemClock) as SharedClock;
        let mut stack = None;
        let mut variables = match (local, way.stack) {
            (Some(url), _) => {
                let (variables, moved) = endpoints(url).await?;
                clock = moved;
                variables
            }
            (None, Some(name)) => {
                way.account.ready(&sdk).await?;
                let stack = stack.insert(Stack::find(&sdk, name).await?);
                let mut variables = stack.settings(&sdk).await;
                keep_endpoints(&mut variables, &process);
                variables
            }
            (None, None) => process,
        };
        for pair in way.set {
            set(&mut variables, pair)?;
        }
        if in_local_stage {
            // A local engine stands where its setting says, and checks no region.
            let region = variables.get(settings::AWS_REGION.name);
            let region = region.or(settings::AWS_REGION.default).map(str::to_owned);
            sdk = sdk.into_builder().region(region.map(Region::new)).build();
        } else if let Some(region) = sdk.region() {
            variables.set(settings::AWS_REGION.name, region.as_ref());
        }
        let hint = |error: String| Failure::Usage(hint(error, local));
        let mut setup =
            Setup::over(variables, clock, sdk).map_err(|error| hint(error.to_string()))?;
        let mut reader = setup.reader();
        let store = Store::open(&setup, &mut reader);
        let store = reader
            .finish(store)
            .map_err(|error| hint(error.to_string()))?;
        if !in_local_stage && stack.is_none() {
            way.account.ready(&setup.sdk).await?;
        }
        // A secret that cannot be read stops only what needs it, such as not `keys new`.
        let unread = match setup.secret_source() {
            Some(source) => source
                .read()
                .await
                .map(|document| setup.secrets = document)
                .err(),
            None => None,
        };
        Ok(Self {
            members: setup.secrets.names().map(str::to_owned).collect(),
            setup,
            store,
            unread,
            local: local.map(str::to_owned),
            stack,
        })
    }

    /// The service's time, which a local cloud may have moved.
    pub(crate) fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }

    /// The peppers of the secret.
    pub(crate) fn peppers(&self) -> Result<Peppers, Failure> {
        self.readable()?;
        let mut reader = self.setup.reader();
        let peppers = Peppers::read(&mut reader);
        reader
            .finish(peppers)
            .map_err(|error| Failure::Usage(error.to_string()))
    }

    /// The signing keys of the secret.
    pub(crate) fn signing_keys(&self) -> Result<SigningKeys, Failure> {
        self.readable()?;
        let mut reader = self.setup.reader();
        let keys = SigningKeys::read(&mut reader);
        reader
            .finish(keys)
            .map_err(|error| Failure::Usage(error.to_string()))
    }

    /// The bucket.
    pub(crate) fn bucket(&self) -> Result<AvatarBucket, Failure> {
        let mut reader = self.setup.reader();
        let bucket = AvatarBucket::open(&self.setup, &mut reader);
        let sentence = |error: Complaints| hint(error.to_string(), self.local.as_deref());
        reader
            .finish(bucket)
            .map_err(|error| Failure::Usage(sentence(error)))
    }

    /// Where pictures are served from.
    pub(crate) fn avatars(&self) -> Result<Avatars, Failure> {
        let mut reader = self.setup.reader();
        let avatars = Avatars::read(&mut reader);
        let sentence = |error: Complaints| hint(error.to_string(), self.local.as_deref());
        reader
            .finish(avatars)
            .map_err(|error| Failure::Usage(sentence(error)))
    }

    /// Whether the secret could be read.
    pub(crate) fn readable(&self) -> Result<(), Failure> {
        match &self.unread {
            Some(cause) => Err(Failure::of(&format!(
                "SECRET_ID: the secret cannot be read: {cause}"
            ))),
            None => Ok(()),
        }
    }

    /// The secret itself.
    pub(crate) fn secret(&self) -> Result<SecretSource, Failure> {
        self.setup.secret_source().ok_or_else(|| {
            Failure::Usage(
                "SECRET_ID: it is not set; expected the name or ARN of the secret.".to_owned(),
            )
        })
    }
}

/// Where AWS itself or a provider stands elsewhere, it does so for the operator, whatever the stack says.
#[expect(
    clippy::disallowed_methods,
    reason = "AWS_ENDPOINT_URL is the SDK's variable and no setting of ours"
)]
fn keep_endpoints(variables: &mut Variables, process: &Variables) {
    let everywhere = std::env::var("AWS_ENDPOINT_URL").ok();
    for setting in settings::ALL {
        let name = setting.name;
        let of_aws = name.starts_with("AWS_ENDPOINT_URL_");
        let fallback = everywhere.as_deref().filter(|_| of_aws);
        let takes = of_aws || name.ends_with("_BASE_URL") && name != settings::AVATAR_BASE_URL.name;
        if let Some(url) = process.get(name).or(fallback)
            && takes
        {
            variables.set(name, url);
        }
    }
}

/// `NAME=VALUE`.
fn set(variables: &mut Variables, pair: &str) -> Result<(), Failure> {
    let known = |name: &str| settings::ALL.iter().any(|setting| setting.name == name);
    match pair.split_once('=') {
        Some((name, value)) if known(name) => {
            variables.set(name, value);
            Ok(())
        }
        _ => Err(Failure::Usage(format!(
            "--set {pair:?} sets nothing: expected NAME=VALUE with a name of docs/CONFIGURATION.md"
        ))),
    }
}

fn hint(sentence: String, local: Option<&str>) -> String {
    if local.is_some() {
        return sentence;
    }
    format!(
        "{sentence}\n--stack NAME takes these values from a deployed stack; --local works on a local cloud."
    )
}
