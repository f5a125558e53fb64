//! Real engines behind the proxies: DynamoDB and S3.

pub(crate) mod dynamodb;
pub(crate) mod s3;
