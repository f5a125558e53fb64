//! What the gateway says about a request.

use std::net::IpAddr;

/// API Gateway's request context; `lambda` puts it into the request's extensions.
///
/// Nothing here comes from a header that the client could set, the user agent aside.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// `requestContext.requestId`.
    pub request_id: String,
    /// `requestContext.http.sourceIp`, or the viewer's address where an edge has proven itself; `None` where it is no
    /// address.
    pub source_ip: Option<IpAddr>,
    /// `requestContext.http.userAgent`.
    pub user_agent: Option<String>,
    /// The path and query as the caller wrote them.
    pub target: String,
    /// The name of the Lambda function; `None` locally.
    pub function: Option<String>,
    /// Whether this is the first request of its process.
    pub cold: bool,
}

impl Default for Arrival {
    /// A request that came by no gateway.
    fn default() -> Self {
        Self {
            request_id: "none".to_owned(),
            source_ip: None,
            user_agent: None,
            target: "/".to_owned(),
            function: None,
            cold: false,
        }
    }
}
