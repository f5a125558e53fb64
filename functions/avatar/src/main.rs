//! The Lambda function `avatar`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::entry::run(avatar::open).await
}
