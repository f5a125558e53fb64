//! The form with which a browser uploads a file straight to S3: a POST policy, signed by us, since the SDK for Rust
//! cannot (Amazon S3, "Browser-Based Uploads Using POST", Signature Version 4).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::config::Credentials;
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::unavailable;
use crate::Result;
use crate::domain::picture::Upload;
use crate::domain::quota::after;

/// Where to send the file, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = UploadForm))]
pub struct Form {
    /// Where to.
    #[cfg_attr(feature = "document", schema(format = "uri"))]
    pub url: String,
    /// The form's fields, which go before the file.
    pub fields: BTreeMap<String, String>,
    /// Seconds for which the form is taken.
    #[cfg_attr(feature = "document", schema(maximum = 600))]
    pub expires_in: u64,
    /// The most bytes that are taken.
    #[cfg_attr(feature = "document", schema(minimum = 1, maximum = 20_971_520))]
    pub max_bytes: u64,
}

impl Form {
    /// How long a form is taken.
    pub const EXPIRES_IN: Duration = Duration::from_mins(10);
}

pub(super) struct Signer<'a> {
    pub(super) bucket: &'a str,
    pub(super) region: &'a str,
    pub(super) endpoint: Option<&'a str>,
}

impl Signer<'_> {
    /// A form for exactly this key and media type.
    pub(super) fn form(
        &self,
        credentials: &Credentials,
        key: &str,
        media_type: &str,
        now: Timestamp,
    ) -> Result<Form> {
        let moment = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = &moment[..8];
        let mut fields: BTreeMap<String, String> = [
            ("key", key.to_owned()),
            ("Content-Type", media_type.to_owned()),
            ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
            (
                "x-amz-credential",
                format!(
                    "{}/{day}/{}/s3/aws4_request",
                    credentials.access_key_id(),
                    self.region
                ),
            ),
            ("x-amz-date", moment.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        if let Some(token) = credentials.session_token() {
            fields.insert("x-amz-security-token".to_owned(), token.to_owned());
        }

        let mut conditions: Vec<Value> = fields
            .iter()
            .map(|(name, value)| json!({ name.as_str(): value }))
            .collect();
        conditions.push(json!({ "bucket": self.bucket }));
        conditions.push(json!(["content-length-range", 1, Upload::MAX_BYTES]));
        let expiration = after(now, Form::EXPIRES_IN)
            .strftime("%Y-%m-%dT%H:%M:%S.000Z")
            .to_string();
        let policy = json!({ "expiration": expiration, "conditions": conditions });
        let policy = STANDARD.encode(policy.to_string());
        let signature = signature(credentials.secret_access_key(), now, self.region, &policy);
        fields.insert("policy".to_owned(), policy);
        fields.insert("x-amz-signature".to_owned(), signature);
        Ok(Form {
            url: self.url()?,
            fields,
            expires_in: Form::EXPIRES_IN.as_secs(),
            max_bytes: Upload::MAX_BYTES,
        })
    }

    fn url(&self) -> Result<String> {
        let Some(endpoint) = self.endpoint else {
            let suffix = if self.region.starts_with("cn-") {
                "amazonaws.com.cn"
            } else {
                "amazonaws.com"
            };
            return Ok(format!(
                "https://{}.s3.{}.{suffix}/",
                self.bucket, self.region
            ));
        };
        let mut url = url::Url::parse(endpoint).map_err(|error| unavailable("form", error))?;
        url.path_segments_mut()
            .map_err(|()| unavailable("form", "the endpoint cannot have a path"))?
            .pop_if_empty()
            .push(self.bucket);
        Ok(url.into())
    }
}

/// The signature of an encoded policy under a signing key of the day, region and service (SigV4).
fn signature(secret: &str, day: Timestamp, region: &str, policy: &str) -> String {
    let since = Duration::from_secs(u64::try_from(day.as_second()).unwrap_or(0));
    let moment = SystemTime::UNIX_EPOCH + since;
    let key = generate_signing_key(secret, moment, region, "s3");
    calculate_signature(key, policy.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS's documented example: "Example: Browser-Based Upload using HTTP POST (Using AWS Signature Version 4)".
    #[test]
    fn the_signature_is_that_of_the_documented_example() {
        let policy = [
            "{ \"expiration\": \"2015-12-30T12:00:00.000Z\",",
            "  \"conditions\": [",
            "    {\"bucket\": \"sigv4examplebucket\"},",
            "    [\"starts-with\", \"$key\", \"user/user1/\"],",
            "    {\"acl\": \"public-read\"},",
            "    {\"success_action_redirect\": \"http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html\"},",
            "    [\"starts-with\", \"$Content-Type\", \"image/\"],",
            "    {\"x-amz-meta-uuid\": \"14365123651274\"},",
            "    {\"x-amz-server-side-encryption\": \"AES256\"},",
            "    [\"starts-with\", \"$x-amz-meta-tag\", \"\"],",
            "",
            concat!("    {\"x-amz-credential\": \"AKIA", "IOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request\"},"),
            "    {\"x-amz-algorithm\": \"AWS4-HMAC-SHA256\"},",
            "    {\"x-amz-date\": \"20151229T000000Z\" }",
            "  ]",
            "}",
        ]
        .join("\r\n");
        let signature = signature(
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "2015-12-29T00:00:00Z".parse().unwrap(),
            "us-east-1",
            &STANDARD.encode(policy),
        );
        assert_eq!(
            signature,
            "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
        );
    }

    fn form(endpoint: Option<&str>, token: Option<&str>) -> Form {
        let credentials = Credentials::new("KEY", "secret", token.map(str::to_owned), None, "test");
        let signer = Signer {
            bucket: "pictures",
            region: "eu-central-1",
            endpoint,
        };
        let now = "2026-11-24T12:00:00Z".parse().unwrap();
        signer
            .form(&credentials, "uploads/a/b/c", "image/png", now)
            .unwrap()
    }

    #[test]
    fn every_field_is_bound_by_a_condition() {
        let form = form(None, Some("session token"));
        let policy = STANDARD.decode(&form.fields["policy"]).unwrap();
        let policy: Value = serde_json::from_slice(&policy).unwrap();
        assert_eq!(policy["expiration"], "2026-11-24T12:10:00.000Z");
        let conditions = policy["conditions"].as_array().unwrap();
        for (name, value) in &form.fields {
            if !matches!(name.as_str(), "policy" | "x-amz-signature") {
                assert!(
                    conditions.contains(&json!({ name.as_str(): value })),
                    "{name}"
                );
            }
        }
        assert!(conditions.contains(&json!({ "bucket": "pictures" })));
        assert!(conditions.contains(&json!(["content-length-range", 1, 20_971_520])));
        assert_eq!(form.fields["x-amz-security-token"], "session token");
        assert_eq!(
            form.fields["x-amz-credential"],
            "KEY/20261124/eu-central-1/s3/aws4_request"
        );
    }

    #[test]
    fn the_url_is_the_buckets() {
        assert_eq!(
            form(None, None).url,
            "https://pictures.s3.eu-central-1.amazonaws.com/"
        );
        for endpoint in ["http://127.0.0.1:9000", "http://127.0.0.1:9000/"] {
            assert_eq!(
                form(Some(endpoint), None).url,
                "http://127.0.0.1:9000/pictures"
            );
        }
        assert!(!form(None, None).fields.contains_key("x-amz-security-token"));
        let china = Signer {
            bucket: "pictures",
            region: "cn-north-1",
            endpoint: None,
        };
        let url = "https://pictures.s3.cn-north-1.amazonaws.com.cn/";
        assert_eq!(china.url().unwrap(), url);
    }
}
