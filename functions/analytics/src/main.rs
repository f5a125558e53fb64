//! The Lambda function `analytics`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::entry::run(analytics::open).await
}
