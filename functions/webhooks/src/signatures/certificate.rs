//! The certificate that an SNS message names: from where it may come, and whether it counts now.

use jiff::Timestamp;
use shared::domain::id::is_hex;
use x509_parser::pem::Pem;

/// Whether a URL names a certificate of SNS in the topic's own region, and nothing besides.
///
/// The pattern of AWS's own validators lets `sns.s3-eu-west-1.amazonaws.com` through, where anybody can put a file; so
/// the host is compared with the one host that the topic's region has.
#[must_use]
pub(crate) fn is_of_topic(url: &str, topic: &str) -> bool {
    let Some(path) = path_at_sns(url, topic) else {
        return false;
    };
    path.strip_prefix("SimpleNotificationService-")
        .and_then(|rest| rest.strip_suffix(".pem"))
        .is_some_and(|hex| is_hex(hex, 32))
}

/// What follows `https://<SNS in the topic's region>/`; compared as text, because parsers normalise.
#[must_use]
pub(crate) fn path_at_sns<'a>(url: &'a str, topic: &str) -> Option<&'a str> {
    let mut parts = topic.split(':');
    let (Some("arn"), Some(partition), Some("sns"), Some(region)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let domain = if partition == "aws-cn" {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    url.strip_prefix(&format!("https://sns.{region}.{domain}/"))
}

/// Whether a text is a certificate in PEM form.
#[must_use]
pub(crate) fn is_certificate(pem: &str) -> bool {
    Pem::iter_from_buffer(pem.as_bytes())
        .next()
        .and_then(Result::ok)
        .is_some_and(|pem| pem.parse_x509().is_ok())
}

/// The public key of a certificate in PEM form, as PKCS#1 or SPKI leaves it in the certificate; `None` where it cannot
/// be read, or does not count at this moment.
///
/// The chain is not built: AWS serves the leaf alone, and the host it comes from is pinned and reached over TLS.
#[must_use]
pub(crate) fn key_at(pem: &str, now: Timestamp) -> Option<Vec<u8>> {
    let pem = Pem::iter_from_buffer(pem.as_bytes()).next()?.ok()?;
    let certificate = pem.parse_x509().ok()?;
    let validity = certificate.validity();
    let from = validity.not_before.timestamp();
    let to = validity.not_after.timestamp();
    (from..=to)
        .contains(&now.as_second())
        .then(|| certificate.public_key().subject_public_key.data.to_vec())
}
