//! The way to AWS of somebody at a terminal: their own sign-in, and patience for a connection from far away.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::ProvideCredentials as _;
use aws_sdk_dynamodb::error::DisplayErrorContext;

use crate::failure::{Failure, readable};

/// What the operator said about AWS on the command line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account<'a> {
    /// `--region`.
    pub(crate) region: Option<&'a str>,
    /// `--profile`.
    pub(crate) profile: Option<&'a str>,
}

/// A function gives up after half a second without a connection. Somebody in a train should not have to.
const CONNECT: Duration = Duration::from_secs(10);
const ATTEMPT: Duration = Duration::from_secs(20);
const OPERATION: Duration = Duration::from_mins(1);

impl Account<'_> {
    /// Region, credentials and timeouts. The engines of a local cloud check no credentials, so none are looked for.
    pub(crate) async fn config(self, local: bool) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(timeouts.build())
            .retry_config(RetryConfig::standard().with_max_attempts(4));
        if let Some(profile) = self.profile {
            loader = loader.profile_name(profile);
        }
        loader = loader.region(self.region_chain());
        if local {
            loader = loader.test_credentials();
        }
        loader.load().await
    }

    /// What was named, else the environment's, else the profile's. Asking the machine's metadata service, as the SDK
    /// would, costs seconds where there is none.
    fn region_chain(self) -> RegionProviderChain {
        let mut profile = ProfileFileRegionProvider::builder();
        if let Some(name) = self.profile {
            profile = profile.profile_name(name);
        }
        RegionProviderChain::first_try(self.region.map(|name| Region::new(name.to_owned())))
            .or_else(EnvironmentVariableRegionProvider::new())
            .or_else(profile.build())
    }

    /// Whether it is known where to look, and somebody is signed in.
    ///
    /// # Errors
    /// What to set, or what to run to sign in.
    pub(crate) async fn ready(self, sdk: &SdkConfig) -> Result<(), Failure> {
        if sdk.region().is_none() {
            let sentence = "AWS_REGION: it is not set; expected --region, AWS_REGION or a region in the profile.";
            return Err(Failure::Usage(sentence.to_owned()));
        }
        let Some(provider) = sdk.credentials_provider() else {
            return Err(self.nobody("nothing provides any"));
        };
        match provider.provide_credentials().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.nobody(&DisplayErrorContext(&error).to_string())),
        }
    }

    fn nobody(self, cause: &str) -> Failure {
        let profile = self.profile.map(str::to_owned).or_else(profile_of_process);
        let option = profile.map_or_else(String::new, |name| format!(" --profile {name}"));
        let sign_in = match SignIn::of(cause) {
            SignIn::IdentityCenter => format!(
                "the session of IAM Identity Center is missing or over: run `aws sso login{option}`, then this again"
            ),
            SignIn::Console => {
                format!(
                    "the console session is missing or over: run `aws login{option}`, then this again"
                )
            }
            SignIn::Process => {
                "the profile's credential_process gave none: run that command by hand to see why"
                    .to_owned()
            }
            SignIn::NoProfile => {
                "expected the name of a profile that `aws configure list-profiles` shows".to_owned()
            }
            SignIn::Unknown => format!(
                "sign in with `aws sso login{option}` or `aws login{option}`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY; --local works on a local cloud"
            ),
        };
        Failure::Denied(format!(
            "there are no credentials for AWS on this machine ({}); {sign_in}",
            first_line(readable(cause))
        ))
    }
}

/// What the SDK found, without its list of everywhere it looked, unless a profile is missing there.
fn first_line(cause: &str) -> &str {
    let missing = cause.lines().find(|line| line.contains("was not defined"));
    let line = missing.or_else(|| cause.lines().next()).unwrap_or_default();
    line.trim_start_matches("  Profile: ")
        .trim_end_matches(". Attempted:")
}

/// How the profile means to sign in, as far as the SDK's refusal tells.
enum SignIn {
    IdentityCenter,
    Console,
    Process,
    NoProfile,
    Unknown,
}

impl SignIn {
    fn of(cause: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| cause.contains(word));
        if says(&["Sso", "SSO", "sso/cache"]) {
            Self::IdentityCenter
        } else if says(&["LoginToken", "Login token", "login/cache"]) {
            Self::Console
        } else if says(&[
            "credential_process",
            "CredentialProcess",
            "external process",
        ]) {
            Self::Process
        } else if says(&["was not defined"]) {
            Self::NoProfile
        } else {
            Self::Unknown
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "AWS_PROFILE is the SDK's variable and no setting of ours; it is only repeated in a sentence"
)]
fn profile_of_process() -> Option<String> {
    std::env::var("AWS_PROFILE").ok()
}
