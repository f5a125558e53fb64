//! The tables: there, cleaning up after themselves, recoverable, streaming.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::{PointInTimeRecoveryStatus, TimeToLiveStatus};
use shared::config::{Tables, settings};

use super::{Check, Finding, clean};
use crate::connect::App;

pub(super) async fn checks(app: &App) -> Vec<Check> {
    let mut reader = app.setup.reader();
    let mut config = aws_sdk_dynamodb::config::Builder::from(&app.setup.sdk);
    config.set_endpoint_url(
        app.setup
            .endpoint(&mut reader, &settings::AWS_ENDPOINT_URL_DYNAMODB),
    );
    let client = Client::from_conf(config.build());
    let tables = Tables::read(&mut reader);
    vec![
        ("accounts table", table(&client, &tables.accounts).await),
        ("ephemeral table", table(&client, &tables.ephemeral).await),
        (
            "accounts recovery",
            recovery(&client, &tables.accounts, app.local.is_some()).await,
        ),
    ]
}

async fn table(client: &Client, name: &str) -> Finding {
    let described = match client.describe_table().table_name(name).send().await {
        Ok(described) => described,
        Err(error) => {
            return unanswered(name, &error);
        }
    };
    let streams = described
        .table()
        .and_then(|table| table.stream_specification())
        .is_some_and(aws_sdk_dynamodb::types::StreamSpecification::stream_enabled);
    if !streams {
        return Finding::Unwell(format!(
            "{name} has no stream: counters and events stand still; deploy the template again"
        ));
    }
    let ttl = client.describe_time_to_live().table_name(name).send().await;
    let cleaned = ttl.is_ok_and(|ttl| {
        ttl.time_to_live_description().is_some_and(|ttl| {
            ttl.attribute_name() == Some("ttl")
                && ttl.time_to_live_status() == Some(&TimeToLiveStatus::Enabled)
        })
    });
    Finding::that(
        cleaned,
        name,
        format!("{name} does not expire items by `ttl`; deploy the template again"),
    )
}

async fn recovery(client: &Client, name: &str, local: bool) -> Finding {
    if local {
        return Finding::Skipped("a local cloud keeps no backups");
    }
    match client
        .describe_continuous_backups()
        .table_name(name)
        .send()
        .await
    {
        Ok(answer) => {
            let on = answer
                .continuous_backups_description()
                .and_then(|backups| backups.point_in_time_recovery_description())
                .and_then(|recovery| recovery.point_in_time_recovery_status());
            Finding::that(
                on == Some(&PointInTimeRecoveryStatus::Enabled),
                "point-in-time recovery is on",
                format!("{name} cannot be restored to a point in time; deploy the template again"),
            )
        }
        Err(error) => unanswered(name, &error),
    }
}

fn unanswered(name: &str, error: &dyn std::error::Error) -> Finding {
    Finding::Unwell(format!(
        "{name}: DynamoDB does not answer: {}",
        clean(&DisplayErrorContext(error).to_string())
    ))
}
