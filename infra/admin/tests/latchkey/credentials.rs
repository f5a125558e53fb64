//! How an operator signs in to AWS: each way of the AWS command line's, and what to run where it is over.

use std::path::{Path, PathBuf};

use tests::House;

use crate::account::{STACK, WELL};
use crate::{Ended, latchkey};

/// A home of its own for one test, gone with it.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("latchkey-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("a directory");
        std::fs::write(&path, text).expect("written");
        path
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a command as the profile's owner; gives the access keys that AWS saw.
async fn as_profile(home: &Home, config: &str) -> (Ended, Vec<String>) {
    let house = House::open().await;
    let _ = house.visitor("jane@example.com").signs_in().await;
    let account = WELL.open(&house).await;
    let config = home.write(".aws/config", config);
    let (config, home) = (config.display().to_string(), home.0.display().to_string());
    let mut environment = account.endpoints();
    environment.extend([
        ("HOME", home.as_str()),
        ("PATH", "/usr/bin:/bin"),
        ("AWS_CONFIG_FILE", &config),
        ("AWS_PROFILE", "work"),
        ("AWS_ENDPOINT_URL_SSO", &account.url),
    ]);
    let arguments = [
        "--json",
        "--stack",
        STACK,
        "users",
        "find",
        "jane@example.com",
    ];
    let ended = latchkey(&arguments, &environment).await;
    let seen = account.seen.lock().expect("no panic");
    let keys = seen.iter().filter_map(|authorization| {
        let (_, rest) = authorization.split_once("Credential=")?;
        Some(rest.split('/').next()?.to_owned())
    });
    let mut keys: Vec<String> = keys.collect();
    keys.dedup();
    (ended, keys)
}

#[tokio::test]
async fn a_credential_process_is_asked() {
    let home = Home::new("process");
    let script = home.write(
        "credentials.sh",
        r#"echo '{"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "x", "Expiration": "2100-01-01T00:00:00Z"}'"#,
    );
    let config = format!(
        "[profile work]\ncredential_process = sh {}\n",
        script.display()
    );
    let (ended, keys) = as_profile(&home, &config).await;
    let found = ended.json();
    assert!(found.to_string().contains("usr_"), "{found}");
    assert_eq!(keys, ["AKIDPROCESS"]);
}

const SSO: &str = "[profile work]\nsso_session = company\nsso_account_id = 000000000000\nsso_role_name = Admin\n\
                   [sso-session company]\nsso_start_url = https://company.awsapps.com/start\nsso_region = us-east-1\n";

#[tokio::test]
async fn identity_center_gives_the_credentials_of_its_role() {
    let home = Home::new("sso");
    let token = r#"{"accessToken": "token", "expiresAt": "2100-01-01T00:00:00Z"}"#;
    let name = sha1_name("company");
    home.write(&format!(".aws/sso/cache/{name}.json"), token);
    let (ended, keys) = as_profile(&home, SSO).await;
    let _ = ended.json();
    assert_eq!(keys, ["AKIDSSO"]);
}

/// What the AWS command line calls the file of a session.
fn sha1_name(session: &str) -> String {
    let digest = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY,
        session.as_bytes(),
    );
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[tokio::test]
async fn a_session_of_identity_center_that_is_missing_or_over_is_told() {
    let home = Home::new("sso-missing");
    let (ended, _) = as_profile(&home, SSO).await;
    ended.failed(6, "`aws sso login --profile work`");
    assert!(!ended.err.contains("cargo feature"), "{ended:?}");
    let over = r#"{"accessToken": "token", "expiresAt": "2020-01-01T00:00:00Z"}"#;
    home.write(
        &format!(".aws/sso/cache/{}.json", sha1_name("company")),
        over,
    );
    let (ended, _) = as_profile(&home, SSO).await;
    ended.failed(6, "`aws sso login --profile work`");
}

const LOGIN: &str = "[profile work]\nlogin_session = arn:aws:iam::000000000000:user/jane\n";

#[tokio::test]
async fn a_console_session_gives_its_credentials() {
    let home = Home::new("login");
    let digest = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA256,
        b"arn:aws:iam::000000000000:user/jane",
    );
    let name: String = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let token = serde_json::json!({
        "accessToken": {
            "accessKeyId": "AKIDLOGIN", "secretAccessKey": "x", "sessionToken": "y", "accountId": "000000000000",
            "expiresAt": "2100-01-01T00:00:00Z",
        },
        "tokenType": "aws_sigv4", "refreshToken": "r", "idToken": "i", "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": "-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----\n",
    });
    home.write(&format!(".aws/login/cache/{name}.json"), &token.to_string());
    let (ended, keys) = as_profile(&home, LOGIN).await;
    let _ = ended.json();
    assert_eq!(keys, ["AKIDLOGIN"]);
}

#[tokio::test]
async fn a_console_session_that_is_missing_is_told() {
    let home = Home::new("login-missing");
    let (ended, _) = as_profile(&home, LOGIN).await;
    ended.failed(6, "`aws login --profile work`");
    assert!(!ended.err.contains("cargo feature"), "{ended:?}");
}

#[tokio::test]
async fn a_credential_process_that_fails_is_told() {
    let home = Home::new("process-fails");
    let config = "[profile work]\ncredential_process = false\n";
    let (ended, _) = as_profile(&home, config).await;
    ended.failed(6, "credential_process");
}

#[tokio::test]
async fn a_profile_that_is_not_there_is_told() {
    let home = Home::new("no-profile");
    let (ended, _) = as_profile(&home, "[profile other]\nregion = us-east-1\n").await;
    ended.failed(6, "profile `work` was not defined");
    assert!(
        ended.err.contains("aws configure list-profiles"),
        "{ended:?}"
    );
}
