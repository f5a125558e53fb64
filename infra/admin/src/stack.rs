//! `--stack NAME`: everything that a deployed stack tells about itself.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_cloudformation::error::{DisplayErrorContext, ProvideErrorMetadata as _};
use shared::config::{Variables, settings};

use crate::failure::Failure;

/// A deployed stack.
pub(crate) struct Stack {
    pub(crate) name: String,
    /// Such as `UPDATE_COMPLETE`.
    pub(crate) status: String,
    outputs: BTreeMap<String, String>,
    resources: Vec<Resource>,
    /// Why the functions' settings could not be read, where they could not.
    pub(crate) unread: Option<String>,
}

/// Something that the stack made.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    /// What the template calls it.
    pub(crate) logical: String,
    /// What AWS calls it.
    pub(crate) physical: String,
    kind: String,
}

/// The alias that routes and triggers call.
pub(crate) const LIVE: &str = "live";

/// Which output holds which setting.
const OUTPUTS: [(&str, &str); 7] = [
    ("PublicUrl", "PUBLIC_URL"),
    ("AccountsTable", "ACCOUNTS_TABLE"),
    ("EphemeralTable", "EPHEMERAL_TABLE"),
    ("AvatarBucket", "AVATAR_BUCKET"),
    ("AvatarUrl", "AVATAR_BASE_URL"),
    ("EventBus", "EVENT_BUS"),
    ("SecretArn", "SECRET_ID"),
];

impl Stack {
    /// Looks a stack up.
    ///
    /// # Errors
    /// It does not exist in this region, or AWS does not answer.
    pub(crate) async fn find(sdk: &SdkConfig, name: &str) -> Result<Self, Failure> {
        let client = aws_sdk_cloudformation::Client::new(sdk);
        let region = sdk.region().map_or("no region", |region| region.as_ref());
        let described = client.describe_stacks().stack_name(name).send().await;
        let described = described.map_err(|error| {
            let missing = error
                .as_service_error()
                .and_then(|error| error.message())
                .is_some_and(|message| message.contains("does not exist"));
            if missing {
                return Failure::NotFound(unknown(name, region));
            }
            Failure::of(&DisplayErrorContext(&error).to_string())
        })?;
        let Some(found) = described.stacks().first() else {
            return Err(Failure::NotFound(unknown(name, region)));
        };
        let outputs = found.outputs().iter().filter_map(|output| {
            Some((
                output.output_key()?.to_owned(),
                output.output_value()?.to_owned(),
            ))
        });
        Ok(Self {
            name: name.to_owned(),
            status: found
                .stack_status()
                .map_or("unknown", |status| status.as_str())
                .to_owned(),
            outputs: outputs.collect(),
            resources: resources(&client, name).await?,
            unread: None,
        })
    }

    /// One of its outputs.
    pub(crate) fn output(&self, name: &str) -> Option<&str> {
        self.outputs
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// What it made of one kind, such as `AWS::SQS::Queue`.
    pub(crate) fn all(&self, kind: &'static str) -> impl Iterator<Item = &Resource> {
        self.resources
            .iter()
            .filter(move |resource| resource.kind == kind)
    }

    /// What the template calls so.
    pub(crate) fn named(&self, logical: &str) -> Option<&str> {
        let found = self
            .resources
            .iter()
            .find(|resource| resource.logical == logical);
        found.map(|resource| resource.physical.as_str())
    }

    /// The settings of what answers: those of the functions, and where they may not be read, what the outputs hold.
    pub(crate) async fn settings(&mut self, sdk: &SdkConfig) -> Variables {
        let mut variables = Variables::default();
        for (output, setting) in OUTPUTS {
            if let Some(value) = self.output(output) {
                variables.set(setting, value);
            }
        }
        let client = aws_sdk_lambda::Client::new(sdk);
        let functions = self.all("AWS::Lambda::Function");
        let read = functions.map(|function| environment(&client, &function.physical));
        for environment in futures_util::future::join_all(read).await {
            match environment {
                Ok(environment) => {
                    for (name, value) in environment {
                        if settings::ALL.iter().any(|setting| setting.name == name) {
                            variables.set(name, value);
                        }
                    }
                }
                Err(cause) => self.unread = Some(cause),
            }
        }
        variables
    }
}

fn unknown(name: &str, region: &str) -> String {
    format!(
        "there is no stack {name} in {region}; expected the name that `sam deploy` was given (samconfig.toml), and its region in \
         --region, AWS_REGION or the profile"
    )
}

async fn resources(
    client: &aws_sdk_cloudformation::Client,
    name: &str,
) -> Result<Vec<Resource>, Failure> {
    let pages = client.list_stack_resources().stack_name(name);
    let mut pages = pages.into_paginator().send();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Failure::of(&DisplayErrorContext(&error).to_string()))?;
        let made = page
            .stack_resource_summaries()
            .iter()
            .filter_map(|summary| {
                Some(Resource {
                    logical: summary.logical_resource_id()?.to_owned(),
                    physical: summary.physical_resource_id()?.to_owned(),
                    kind: summary.resource_type()?.to_owned(),
                })
            });
        all.extend(made);
    }
    Ok(all)
}

/// A function's variables, of the version that answers where it has an alias.
async fn environment(
    client: &aws_sdk_lambda::Client,
    function: &str,
) -> Result<BTreeMap<String, String>, String> {
    let ask = |qualifier: Option<&str>| {
        client
            .get_function_configuration()
            .function_name(function)
            .set_qualifier(qualifier.map(str::to_owned))
            .send()
    };
    let answer = match ask(Some(LIVE)).await {
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_resource_not_found_exception()) =>
        {
            ask(None).await
        }
        answer => answer,
    };
    let answer = answer.map_err(|error| {
        crate::failure::readable(&DisplayErrorContext(&error).to_string()).to_owned()
    })?;
    let variables = answer
        .environment()
        .and_then(|environment| environment.variables());
    Ok(variables
        .into_iter()
        .flatten()
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect())
}
