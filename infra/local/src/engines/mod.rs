//! Real engines behind the fronts: DynamoDB and S3.

pub(crate) mod dynamodb;
pub(crate) mod s3;
