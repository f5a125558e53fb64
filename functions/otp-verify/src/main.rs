//! The Lambda function `otp-verify`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::entry::run(otp_verify::open).await
}
