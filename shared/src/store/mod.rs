//! The door to DynamoDB.
