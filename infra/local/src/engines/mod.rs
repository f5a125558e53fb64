//! Real engines behind the fronts: DynamoDB and S3.

mod database;
pub(crate) mod dynamodb;
mod refusals;
pub(crate) mod s3;
