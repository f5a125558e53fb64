//! The Lambda function `webhooks`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::entry::run(webhooks::open).await
}
