//! Which URLs may replace an AWS service's own endpoint.

use url::Url;

use crate::config::is_on_loopback;

/// The URL, if nobody can read along: https, or plain http on this machine. In stage `local` any
/// plain http is taken.
pub(super) fn accepted(text: &str, local: bool) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let plain = url.scheme() == "http" && (local || is_on_loopback(&url));
    (url.scheme() == "https" || plain).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for text in [
            "https://vpce-1.dynamodb.eu-central-1.vpce.amazonaws.com",
            "http://127.0.0.1:4566",
            "http://[::1]:4566",
            "http://localhost:4566",
        ] {
            assert_eq!(accepted(text, false).as_deref(), Some(text));
        }
        for text in [
            "http://dynamodb.eu-central-1.amazonaws.com",
            "http://192.168.1.7:8000",
            "http://127.0.0.1.example.com",
            "ftp://127.0.0.1",
            "127.0.0.1:4566",
        ] {
            assert_eq!(accepted(text, false), None, "{text}");
        }
    }

    #[test]
    fn in_the_local_stage_it_may_leave_it() {
        let host = "http://host.docker.internal:8000";
        assert_eq!(accepted(host, true).as_deref(), Some(host));
        assert_eq!(accepted("ftp://127.0.0.1", true), None);
    }
}
