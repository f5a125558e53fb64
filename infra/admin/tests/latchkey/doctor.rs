//! The doctor against twins of what it asks in an account: SES's settings and Twilio's account.

use std::net::Ipv4Addr;

use serde_json::Value;
use tests::{ACCOUNTS, EPHEMERAL, House};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::{Ended, latchkey};

/// How an account is set up.
#[derive(Clone, Copy)]
struct Account {
    sandbox: bool,
    word: &'static str,
    on: bool,
    events: &'static [&'static str],
    twilio: u16,
}

const WELL: Account = Account {
    sandbox: false,
    word: "Success",
    on: true,
    events: &["send", "delivery", "bounce", "complaint"],
    twilio: 200,
};

const ILL: Account = Account {
    sandbox: true,
    word: "Pending",
    on: false,
    events: &["send", "bounce"],
    twilio: 401,
};

impl Account {
    /// What SES's Query API, or Twilio's, answers.
    fn answer(self, request: &str) -> (u16, String) {
        let Self { word, on, .. } = self;
        let of_domain = |name: &str, value: String| {
            format!("<{name}><entry><key>example.com</key><value>{value}</value></entry></{name}>")
        };
        let action = request
            .split("Action=")
            .nth(1)
            .and_then(|rest| rest.split('&').next());
        let Some(action) = action else {
            return (
                self.twilio,
                r#"{"status": "active", "type": "Full"}"#.to_owned(),
            );
        };
        let result = match action {
            "GetSendQuota" => format!(
                "<Max24HourSend>{}</Max24HourSend><MaxSendRate>1</MaxSendRate><SentLast24Hours>7</SentLast24Hours>",
                if self.sandbox { 200 } else { 50_000 }
            ),
            "GetAccountSendingEnabled" => format!("<Enabled>{on}</Enabled>"),
            "GetIdentityVerificationAttributes" => {
                let status = format!("<VerificationStatus>{word}</VerificationStatus>");
                of_domain("VerificationAttributes", status)
            }
            "GetIdentityDkimAttributes" => of_domain(
                "DkimAttributes",
                format!(
                    "<DkimEnabled>{on}</DkimEnabled><DkimVerificationStatus>{word}</DkimVerificationStatus>"
                ),
            ),
            "GetIdentityMailFromDomainAttributes" => of_domain(
                "MailFromDomainAttributes",
                format!(
                    "<MailFromDomain>bounce.example.com</MailFromDomain><MailFromDomainStatus>{word}</MailFromDomainStatus>\
                     <BehaviorOnMXFailure>UseDefaultValue</BehaviorOnMXFailure>"
                ),
            ),
            "DescribeConfigurationSet" => {
                let kinds: String = self
                    .events
                    .iter()
                    .map(|kind| format!("<member>{kind}</member>"))
                    .collect();
                format!(
                    "<ConfigurationSet><Name>events</Name></ConfigurationSet><EventDestinations><member><Name>sns</Name>\
                     <Enabled>true</Enabled><MatchingEventTypes>{kinds}</MatchingEventTypes><SNSDestination>\
                     <TopicARN>arn:aws:sns:us-east-1:000000000000:mail</TopicARN></SNSDestination></member></EventDestinations>"
                )
            }
            other => panic!("the doctor asks for {other}"),
        };
        let answer = format!(
            "<{action}Response xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><{action}Result>{result}</{action}Result>\
             <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
        );
        (200, answer)
    }

    /// Answers until the test ends; where.
    async fn open(self) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(self.serve(stream));
            }
        });
        format!("http://{address}")
    }

    /// One request, one answer; a request without a body is Twilio's.
    async fn serve(self, mut stream: TcpStream) {
        let (mut request, mut part) = (String::new(), [0; 4096]);
        loop {
            let read = stream.read(&mut part).await.unwrap_or(0);
            request.push_str(&String::from_utf8_lossy(&part[..read]));
            let whole = request.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                let head = head.to_ascii_lowercase();
                let length = head.split("content-length: ").nth(1);
                let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
                body.len() >= length.unwrap_or(0)
            });
            if whole || read == 0 {
                break;
            }
        }
        let (status, body) = self.answer(&request);
        let answer = format!(
            "HTTP/1.1 {status} -\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// What the doctor says with the environment of a deployed function, whose clouds stand on this machine.
async fn doctor(account: Account) -> Vec<Value> {
    let house = House::open().await;
    let endpoints = house.get("/_local/endpoints").send().await.json();
    let text = |name: &str| endpoints[name].as_str().unwrap_or_default().to_owned();
    let (url, there) = (house.cloud().url(), account.open().await);
    let (dynamodb, secrets, secret) = (text("dynamodb"), text("secretsmanager"), text("secret_id"));
    let environment = [
        ("STAGE", "local"),
        ("AWS_REGION", "us-east-1"),
        ("PUBLIC_URL", &url),
        ("ACCOUNTS_TABLE", ACCOUNTS),
        ("EPHEMERAL_TABLE", EPHEMERAL),
        ("SECRET_ID", &secret),
        ("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &secrets),
        ("AWS_ENDPOINT_URL_SES", &there),
        ("MAIL_FROM", "Example <no-reply@example.com>"),
        ("SES_CONFIGURATION_SET", "events"),
        ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
        ("TWILIO_AUTH_TOKEN", "0123456789abcdef0123456789abcdef"),
        ("TWILIO_BASE_URL", &there),
    ];
    let Ended { code, out, err } = latchkey(&["--json", "doctor"], &environment).await;
    // A local engine keeps no backups, and a key of its own: to an operator of an account both are ill.
    assert_eq!(code, 5, "{err} {out}");
    assert!(err.contains("of the checks failed"), "{err}");
    let checks: Value = serde_json::from_str(&out).expect("JSON");
    checks.as_array().cloned().unwrap_or_default()
}

const ACCOUNT_CHECKS: [&str; 7] = [
    "SES sandbox",
    "SES sending",
    "sender",
    "DKIM",
    "MAIL FROM domain",
    "configuration set",
    "Twilio credentials",
];

fn state<'c>(checks: &'c [Value], name: &str) -> (&'c str, &'c str) {
    let found = checks.iter().find(|check| check["check"] == name);
    let found = found.unwrap_or_else(|| panic!("no check of {name}: {checks:#?}"));
    let text = |member: &str| found[member].as_str().unwrap_or_default();
    (text("state"), text("detail"))
}

#[tokio::test]
async fn an_account_that_is_set_up_is_found_well() {
    let checks = doctor(WELL).await;
    for name in ACCOUNT_CHECKS.into_iter().chain([
        "Twilio callback",
        "key set",
        "clock",
        "pepper",
        "accounts table",
        "ephemeral table",
    ]) {
        assert_eq!(state(&checks, name).0, "ok", "{name}: {checks:#?}");
    }
}

#[tokio::test]
async fn what_is_not_set_up_is_found_and_what_to_do_is_told() {
    let checks = doctor(ILL).await;
    let told = [
        "production access",
        "paused",
        "not verified",
        "Easy DKIM",
        "MX and TXT",
        "delivery, complaint",
        "does not accept",
    ];
    for (name, told) in ACCOUNT_CHECKS.into_iter().zip(told) {
        let (state, detail) = state(&checks, name);
        assert_eq!(state, "failed", "{name}: {checks:#?}");
        assert!(detail.contains(told), "{name}: {detail}");
    }
}
