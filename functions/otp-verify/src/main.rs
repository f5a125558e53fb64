//! The Lambda function `otp-verify`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::run(otp_verify::open).await
}
