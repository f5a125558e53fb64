//! DynamoDB's refusals and failures: the only place that looks into the SDK's errors.

use std::future::Future;
use std::time::Duration;

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

use super::item::Item;
use crate::{Error, entropy};

/// Why a call to DynamoDB did not do what was asked.
#[derive(Debug)]
pub(crate) enum StoreError {
    /// The condition did not hold; the item as it was (empty where there was none). An answer, not a failure.
    Condition(Item),
    /// The transaction's conditions: for each action whether it was refused, and the item as it was.
    Cancelled(Vec<Option<Item>>),
    /// Another write was under way, or the table is too busy: nothing was done.
    Busy(String),
    /// Nobody knows whether it was done.
    Unknown(String),
    /// The call itself was wrong, which is a bug; nothing was done.
    Mistaken(String),
}

impl From<StoreError> for Error {
    fn from(fault: StoreError) -> Self {
        match fault {
            StoreError::Busy(cause) | StoreError::Unknown(cause) => Self::Unavailable(cause),
            StoreError::Mistaken(cause) => Self::Internal(cause),
            StoreError::Condition(_) | StoreError::Cancelled(_) => {
                Self::internal("a condition that nobody handles did not hold")
            }
        }
    }
}

/// What became of a write whose condition says that there is still something to do: where it does not hold, all is
/// well.
pub(crate) fn settled<T>(outcome: Result<T, StoreError>) -> crate::Result<()> {
    match outcome {
        Ok(_) | Err(StoreError::Condition(_)) => Ok(()),
        Err(fault) => Err(fault.into()),
    }
}

/// Errors that can say which condition did not hold.
pub(crate) trait Conditions {
    /// The refused condition, if that is what the error is.
    fn conditions(&self) -> Option<StoreError> {
        None
    }
}

impl Conditions for UpdateItemError {
    fn conditions(&self) -> Option<StoreError> {
        let Self::ConditionalCheckFailedException(refused) = self else {
            return None;
        };
        Some(StoreError::Condition(
            refused.item().cloned().unwrap_or_default(),
        ))
    }
}

impl Conditions for aws_sdk_dynamodb::operation::put_item::PutItemError {
    fn conditions(&self) -> Option<StoreError> {
        let Self::ConditionalCheckFailedException(refused) = self else {
            return None;
        };
        Some(StoreError::Condition(
            refused.item().cloned().unwrap_or_default(),
        ))
    }
}

impl Conditions for aws_sdk_dynamodb::operation::delete_item::DeleteItemError {
    fn conditions(&self) -> Option<StoreError> {
        let Self::ConditionalCheckFailedException(refused) = self else {
            return None;
        };
        Some(StoreError::Condition(
            refused.item().cloned().unwrap_or_default(),
        ))
    }
}

impl Conditions for TransactWriteItemsError {
    fn conditions(&self) -> Option<StoreError> {
        let Self::TransactionCanceledException(cancelled) = self else {
            return None;
        };
        let reasons = cancelled.cancellation_reasons();
        let code = |wanted: &str| reasons.iter().any(|reason| reason.code() == Some(wanted));
        if code("ConditionalCheckFailed") {
            let refused = reasons.iter().map(|reason| {
                (reason.code() == Some("ConditionalCheckFailed"))
                    .then(|| reason.item().cloned().unwrap_or_default())
            });
            return Some(StoreError::Cancelled(refused.collect()));
        }
        let codes: Vec<_> = reasons
            .iter()
            .filter_map(|reason| reason.code())
            .filter(|code| *code != "None")
            .collect();
        let cause = format!("transaction cancelled: {codes:?}");
        Some(if codes.contains(&"ValidationError") {
            StoreError::Mistaken(cause)
        } else if codes.iter().all(|code| {
            matches!(
                *code,
                "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"
            )
        }) {
            StoreError::Busy(cause)
        } else {
            StoreError::Unknown(cause)
        })
    }
}

macro_rules! without_conditions {
    ($($operation:ident::$error:ident),* $(,)?) => {
        $(impl Conditions for aws_sdk_dynamodb::operation::$operation::$error {})*
    };
}
without_conditions!(
    get_item::GetItemError,
    query::QueryError,
    batch_get_item::BatchGetItemError,
    batch_write_item::BatchWriteItemError,
    scan::ScanError,
);

const BUSY: [&str; 6] = [
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "TransactionConflictException",
    "TransactionInProgressException",
    "ReplicatedWriteConflictException",
];

/// Errors that no retry makes right.
const MISTAKEN: [&str; 2] = [
    "ValidationException",
    "IdempotentParameterMismatchException",
];

impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: Conditions + ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        if let Some(condition) = error.as_service_error().and_then(Conditions::conditions) {
            return condition;
        }
        match error.code() {
            Some(code) if BUSY.contains(&code) => Self::Busy(code.to_owned()),
            Some(code) if MISTAKEN.contains(&code) => {
                Self::Mistaken(DisplayErrorContext(&error).to_string())
            }
            Some(code) => Self::Unknown(code.to_owned()),
            None => Self::Unknown(DisplayErrorContext(&error).to_string()),
        }
    }
}

/// A pause of a quarter of `longest` milliseconds and up to that much more.
pub(super) fn jittered(longest: u64) -> Duration {
    let [jitter] = entropy::bytes::<1>();
    Duration::from_millis(longest / 4 + longest * u64::from(jitter) / 256)
}

/// Repeats a call that found the item or the table busy: at most four times, jittered; such a refusal did nothing, so
/// any call may be repeated after it. What is unknown is not repeated here.
pub(crate) async fn when_busy<T, F>(call: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    for longest in [20_u64, 40, 80, 160] {
        match call().await {
            Err(StoreError::Busy(_)) => {}
            other => return other,
        }
        tokio::time::sleep(jittered(longest)).await;
    }
    call().await
}
