//! The Lambda function `profile`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::entry::run(profile::open).await
}
