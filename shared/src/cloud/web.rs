//! The one HTTP client of all AWS clients, with Amazon's own roots.

use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// Amazon Root CA 1 to 4 and Starfield Services G2, which every AWS endpoint's certificate ends in
/// (<https://www.amazontrust.com/repository/>). The system's 140 roots take longer to parse than all else in a start.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon_roots.pem");

/// One client with one pool of connections.
pub(super) fn client() -> SharedHttpClient {
    let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    let context = TlsContext::builder()
        .with_trust_store(roots)
        .build()
        .expect("the roots are part of the program");
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .build_https()
}
