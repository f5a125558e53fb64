//! The door to S3: avatars and exports.
