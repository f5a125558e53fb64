//! What the stack made besides functions and tables: triggers, queues, topics, the bucket.

use aws_sdk_lambda::error::DisplayErrorContext;
use aws_sdk_sqs::types::QueueAttributeName;
use shared::config::settings;

use super::{Check, Finding, clean, functions};
use crate::connect::App;
use crate::stack::Stack;
use crate::web;

/// What is looked at of a stack; without one, what is left out.
pub(super) async fn checks(app: &App) -> Vec<Check> {
    let Some(stack) = &app.stack else {
        let reason = match app.local {
            Some(_) => "a local cloud has no stack",
            None => "--stack NAME looks at it",
        };
        return vec![("stack", Finding::Skipped(reason))];
    };
    let sdk = &app.setup.sdk;
    let lambda = aws_sdk_lambda::Client::new(sdk);
    let sns = aws_sdk_sns::Client::new(sdk);
    vec![
        ("stack", status(stack)),
        ("functions", functions::live(&lambda, stack).await),
        ("event sources", event_sources(&lambda, stack).await),
        (
            "queues",
            queues(&aws_sdk_sqs::Client::new(sdk), stack).await,
        ),
        ("alarms", alarms(&sns, stack).await),
        ("mail reports", mail_reports(&sns, app, stack).await),
        ("picture uploads", uploads(app, stack).await),
        ("pictures", pictures(app).await),
    ]
}

fn status(stack: &Stack) -> Finding {
    let (name, status) = (&stack.name, &stack.status);
    match status.as_str() {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => {
            Finding::Well(format!("{name} is {status}"))
        }
        _ if status.ends_with("_IN_PROGRESS") => Finding::Advice(format!(
            "{name} is {status}: a deployment is under way; look again when it is over"
        )),
        _ => Finding::Unwell(format!(
            "{name} is {status}, expected CREATE_COMPLETE or UPDATE_COMPLETE; `sam list stack-outputs` and the stack's events in \
             the console say what stopped the last deployment"
        )),
    }
}

async fn event_sources(client: &aws_sdk_lambda::Client, stack: &Stack) -> Finding {
    let (mut well, mut wrong) = (Vec::new(), Vec::new());
    for mapping in stack.all("AWS::Lambda::EventSourceMapping") {
        let name = &mapping.logical;
        match client
            .get_event_source_mapping()
            .uuid(&mapping.physical)
            .send()
            .await
        {
            Ok(found) => {
                let state = found.state().unwrap_or("unknown");
                let result = found.last_processing_result().unwrap_or_default();
                if state != "Enabled" {
                    wrong.push(format!(
                        "{name} is {state}, expected Enabled: counters and events stand still; `aws lambda \
                         update-event-source-mapping --enabled --uuid {}`.",
                        mapping.physical
                    ));
                } else if result.contains("PROBLEM") {
                    wrong.push(format!("{name}: {result}; the log of Events says why."));
                } else {
                    well.push(name.clone());
                }
            }
            Err(error) => wrong.push(format!(
                "{name}: Lambda does not answer: {}.",
                clean(&DisplayErrorContext(&error).to_string())
            )),
        }
    }
    if well.is_empty() && wrong.is_empty() {
        return Finding::Unwell(
            "the stack reads no stream: counters and events stand still; deploy the template again"
                .to_owned(),
        );
    }
    Finding::that(wrong.is_empty(), well.join(", "), wrong.join(" "))
}

/// Every queue of the stack holds what failed, so each should be empty.
async fn queues(client: &aws_sdk_sqs::Client, stack: &Stack) -> Finding {
    let (mut empty, mut wrong) = (Vec::new(), Vec::new());
    for queue in stack.all("AWS::SQS::Queue") {
        let name = &queue.logical;
        let asked = client
            .get_queue_attributes()
            .queue_url(&queue.physical)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages);
        match asked.send().await {
            Ok(answer) => {
                let count = answer
                    .attributes()
                    .and_then(|all| all.get(&QueueAttributeName::ApproximateNumberOfMessages))
                    .map_or("0", String::as_str);
                if count == "0" {
                    empty.push(name.clone());
                } else {
                    wrong.push(format!(
                        "{name} holds {count} messages that failed, expected none; docs/OPERATIONS.md says what to do with them."
                    ));
                }
            }
            Err(error) => wrong.push(format!(
                "{name}: SQS does not answer: {}.",
                clean(&DisplayErrorContext(&error).to_string())
            )),
        }
    }
    Finding::that(
        wrong.is_empty(),
        format!("{} are empty", empty.join(", ")),
        wrong.join(" "),
    )
}

/// Each subscription's protocol, and whether it is confirmed.
async fn subscriptions(
    client: &aws_sdk_sns::Client,
    topic: &str,
) -> Result<Vec<(String, bool)>, String> {
    let pages = client.list_subscriptions_by_topic().topic_arn(topic);
    let mut pages = pages.into_paginator().send();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| {
            let cause = DisplayErrorContext(&error).to_string();
            format!("SNS does not answer: {}", clean(&cause))
        })?;
        all.extend(page.subscriptions().iter().map(|subscription| {
            let arn = subscription.subscription_arn().unwrap_or_default();
            let protocol = subscription.protocol().unwrap_or_default();
            (protocol.to_owned(), arn.starts_with("arn:"))
        }));
    }
    Ok(all)
}

async fn alarms(client: &aws_sdk_sns::Client, stack: &Stack) -> Finding {
    let Some(topic) = stack.named("AlarmTopic") else {
        return Finding::Unwell(
            "the stack has no AlarmTopic; deploy the template again".to_owned(),
        );
    };
    match subscriptions(client, topic).await {
        Err(cause) => Finding::Unwell(cause),
        Ok(all) if all.is_empty() => Finding::Advice(
            "nobody is told of alarms; deploy with AlarmEmail, or subscribe to AlarmTopic"
                .to_owned(),
        ),
        Ok(all) => Finding::that(
            all.iter().all(|(_, confirmed)| *confirmed),
            format!(
                "{} told",
                if all.len() == 1 {
                    "one is"
                } else {
                    "several are"
                }
            ),
            "a subscription of AlarmTopic is not confirmed, so nobody is told by it; follow the link in the mail \"AWS \
             Notification - Subscription Confirmation\", or deploy with another AlarmEmail",
        ),
    }
}

async fn mail_reports(client: &aws_sdk_sns::Client, app: &App, stack: &Stack) -> Finding {
    let mut reader = app.setup.reader();
    if reader.optional_text(&settings::MAIL_PROVIDER).as_deref() == Some("sendgrid") {
        return Finding::Skipped("MAIL_PROVIDER is sendgrid, which calls back itself");
    }
    let Some(topic) = stack.named("MailReports") else {
        return Finding::Unwell(
            "the stack has no MailReports; deploy the template again".to_owned(),
        );
    };
    match subscriptions(client, topic).await {
        Err(cause) => Finding::Unwell(cause),
        Ok(all) => Finding::that(
            all.iter()
                .any(|(protocol, confirmed)| protocol == "lambda" && *confirmed),
            "SES's reports reach Webhooks",
            "the topic MailReports hands its reports to no function, so bounces are not noticed; deploy the template again",
        ),
    }
}

/// A file that a browser put into the bucket is worked off by the function Avatar.
async fn uploads(app: &App, stack: &Stack) -> Finding {
    let mut reader = app.setup.reader();
    let Some(bucket) = reader.optional_text(&settings::AVATAR_BUCKET) else {
        return Finding::Unwell("AVATAR_BUCKET is not set; deploy the template again".to_owned());
    };
    let mut config = aws_sdk_s3::config::Builder::from(&app.setup.sdk);
    if let Some(url) = app
        .setup
        .endpoint(&mut reader, &settings::AWS_ENDPOINT_URL_S3)
    {
        config = config.endpoint_url(url).force_path_style(true);
    }
    let client = aws_sdk_s3::Client::from_conf(config.build());
    let call = client.get_bucket_notification_configuration();
    match call.bucket(&bucket).send().await {
        Err(error) => Finding::Unwell(format!(
            "{bucket}: S3 does not answer: {}",
            clean(&aws_sdk_s3::error::DisplayErrorContext(&error).to_string())
        )),
        Ok(answer) => {
            let avatar = stack.named("Avatar").unwrap_or_default();
            let told = answer.lambda_function_configurations().iter().any(|to| {
                to.lambda_function_arn().contains(avatar)
                    && to
                        .events()
                        .iter()
                        .any(|event| event.as_str().starts_with("s3:ObjectCreated"))
            });
            Finding::that(
                told,
                format!("{bucket} tells Avatar of uploads"),
                format!(
                    "{bucket} tells no function of uploads, so no picture appears; deploy the template again"
                ),
            )
        }
    }
}

/// A picture that does not exist: the host of pictures answers 403 or 404, and nothing else does.
async fn pictures(app: &App) -> Finding {
    let mut reader = app.setup.reader();
    let Some(base) = reader.optional_text(&settings::AVATAR_BASE_URL) else {
        return Finding::Unwell("AVATAR_BASE_URL is not set; deploy the template again".to_owned());
    };
    let Ok(client) = web::client() else {
        return Finding::Skipped("no web client can be made");
    };
    let url = format!("{}/latchkey-doctor", base.trim_end_matches('/'));
    match client.get(&url).send().await {
        Ok(answer) => Finding::that(
            matches!(answer.status().as_u16(), 403 | 404),
            &base,
            format!(
                "{url} answers {}, expected 403 or 404 for a picture that is not there; is the distribution deployed and its \
                 origin the bucket?",
                answer.status()
            ),
        ),
        Err(error) => Finding::Unwell(format!(
            "{base} does not answer: {}; pictures cannot be seen until the distribution is deployed",
            web::told(error)
        )),
    }
}
