//! The Lambda function `otp-request`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::run(otp_request::open).await
}
