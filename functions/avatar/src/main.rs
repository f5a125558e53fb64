//! The Lambda function `avatar`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::run(avatar::open).await
}
