//! What answers: each function's alias against what was deployed last.

use std::collections::BTreeMap;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::DisplayErrorContext;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;

use super::{Finding, clean};
use crate::stack::{LIVE, Resource, Stack};

/// Whether `live` answers with the newest version of every function, and that version with the newest settings.
pub(super) async fn live(client: &Client, stack: &Stack) -> Finding {
    let functions: Vec<&Resource> = stack.all("AWS::Lambda::Function").collect();
    let looks = functions.iter().map(|function| look(client, function));
    let (mut versions, mut wrong) = (Vec::new(), Vec::new());
    for looked in futures_util::future::join_all(looks).await {
        match looked {
            Ok(Some(version)) => versions.push(version),
            Ok(None) => {}
            Err(told) => wrong.push(told),
        }
    }
    if versions.is_empty() && wrong.is_empty() {
        return Finding::Unwell(format!(
            "no function of {} has an alias {LIVE}; deploy the template again",
            stack.name
        ));
    }
    Finding::that(wrong.is_empty(), versions.join(", "), wrong.join(" "))
}

/// A function without the alias, such as one that only deployments call, has nothing to compare.
async fn look(client: &Client, function: &Resource) -> Result<Option<String>, String> {
    let name = &function.logical;
    let failed = |cause: String| format!("{name}: Lambda does not answer: {}.", clean(&cause));
    let alias = client
        .get_alias()
        .function_name(&function.physical)
        .name(LIVE);
    let alias = match alias.send().await {
        Ok(alias) => alias,
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_resource_not_found_exception()) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(failed(DisplayErrorContext(&error).to_string())),
    };
    let answers = alias.function_version().unwrap_or("none").to_owned();
    let moving = alias
        .routing_config()
        .and_then(|routing| routing.additional_version_weights());
    if let Some((next, share)) = moving.into_iter().flatten().next() {
        return Err(format!(
            "{name}: a deployment is under way, version {next} gets {:.0} % of the calls and {answers} the others; look again \
             when it is over.",
            share * 100.0
        ));
    }
    let newest = newest(client, function).await.map_err(failed)?;
    if newest.as_ref().is_some_and(|newest| *newest != answers) {
        return Err(format!(
            "{name}: {LIVE} answers with version {answers}, the newest is {}; the last deployment was turned back. Mend its \
             cause and deploy again.",
            newest.unwrap_or_default()
        ));
    }
    let latest = configuration(client, function, "$LATEST")
        .await
        .map_err(failed)?;
    let answering = configuration(client, function, &answers)
        .await
        .map_err(failed)?;
    let differing = differing(&latest, &answering);
    if differing.is_empty() {
        return Ok(Some(format!("{name} {answers}")));
    }
    Err(format!(
        "{name}: {LIVE} answers with version {answers}, which has another {} than was deployed; no version was published. Deploy \
         again.",
        differing.join(", ")
    ))
}

async fn newest(client: &Client, function: &Resource) -> Result<Option<String>, String> {
    let pages = client
        .list_versions_by_function()
        .function_name(&function.physical);
    let mut pages = pages.into_paginator().send();
    let mut newest: Option<u64> = None;
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| DisplayErrorContext(&error).to_string())?;
        let numbers = page
            .versions()
            .iter()
            .filter_map(|version| version.version()?.parse().ok());
        newest = numbers.chain(newest).max();
    }
    Ok(newest.map(|number| number.to_string()))
}

async fn configuration(
    client: &Client,
    function: &Resource,
    qualifier: &str,
) -> Result<GetFunctionConfigurationOutput, String> {
    let call = client
        .get_function_configuration()
        .function_name(&function.physical);
    let answer = call.qualifier(qualifier).send().await;
    answer.map_err(|error| DisplayErrorContext(&error).to_string())
}

/// The names of what differs; a variable's value stays where it is.
fn differing(
    latest: &GetFunctionConfigurationOutput,
    answering: &GetFunctionConfigurationOutput,
) -> Vec<String> {
    let variables = |of: &GetFunctionConfigurationOutput| -> BTreeMap<String, String> {
        let variables = of
            .environment()
            .and_then(|environment| environment.variables());
        variables
            .into_iter()
            .flatten()
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect()
    };
    let (latest_variables, answering_variables) = (variables(latest), variables(answering));
    let mut names: Vec<String> = latest_variables
        .keys()
        .chain(answering_variables.keys())
        .filter(|name| latest_variables.get(*name) != answering_variables.get(*name))
        .cloned()
        .collect();
    names.sort_unstable();
    names.dedup();
    if latest.code_sha256() != answering.code_sha256() {
        names.push("code".to_owned());
    }
    names
}
