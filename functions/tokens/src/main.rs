//! The Lambda function `tokens`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::run(tokens::open).await
}
