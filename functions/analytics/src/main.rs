//! The Lambda function `analytics`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::run(analytics::open).await
}
