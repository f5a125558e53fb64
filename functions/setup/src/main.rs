//! The Lambda function `setup`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    setup::run().await
}
