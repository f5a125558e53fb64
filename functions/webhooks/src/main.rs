//! The Lambda function `webhooks`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::run(webhooks::open).await
}
