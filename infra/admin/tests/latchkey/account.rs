//! An AWS account with one stack in it, and what Twilio and SendGrid say: as far as the command line asks, on one port.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tests::{ACCOUNTS, EPHEMERAL, House};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The stack's name.
pub(crate) const STACK: &str = "latchkey-test";

/// How an account is set up.
#[derive(Clone)]
pub(crate) struct Account {
    /// SES's plan, by its name in the API.
    pub(crate) plan: &'static str,
    /// Out of the sandbox, sending, verified, signed.
    pub(crate) mail: bool,
    /// What the configuration set reports.
    pub(crate) reports: &'static [&'static str],
    /// What Twilio answers for the account.
    pub(crate) twilio: u16,
    /// What SendGrid's key may do; `None` where SendGrid does not know it.
    pub(crate) scopes: Option<&'static str>,
    pub(crate) status: &'static str,
    /// The version behind `live`, and the newest one.
    pub(crate) versions: (u32, u32),
    /// A variable that `$LATEST` has and the version behind `live` has not.
    pub(crate) unpublished: Option<(&'static str, &'static str)>,
    /// Whether the streams are read.
    pub(crate) mapping: &'static str,
    /// Messages in each queue.
    pub(crate) queued: u32,
    /// The alarm topic's subscription, if there is one.
    pub(crate) subscription: Option<&'static str>,
    /// Whether the bucket tells of uploads.
    pub(crate) notifies: bool,
    /// What the host of pictures answers.
    pub(crate) pictures: u16,
    /// Settings of the functions besides those of the local cloud.
    pub(crate) settings: &'static [(&'static str, &'static str)],
}

pub(crate) const WELL: Account = Account {
    plan: "NONE",
    mail: true,
    reports: &["DELIVERY", "BOUNCE", "COMPLAINT"],
    twilio: 200,
    scopes: Some("mail.send"),
    status: "UPDATE_COMPLETE",
    versions: (12, 12),
    unpublished: None,
    mapping: "Enabled",
    queued: 0,
    subscription: Some("arn:aws:sns:us-east-1:000000000000:alarms:1"),
    notifies: true,
    pictures: 403,
    settings: &[
        ("MAIL_PROVIDER", "ses"),
        ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
        ("TWILIO_FROM", "+14155550199"),
        ("EDGE", "off"),
    ],
};

/// An account that answers until the test ends; its stack has the tables and the secret of a local cloud.
pub(crate) struct Standing {
    /// Where all of AWS is.
    pub(crate) url: String,
    /// Every `Authorization` that came, in order.
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
    dynamodb: String,
    secrets: String,
}

impl Account {
    /// Opens it for a local cloud.
    pub(crate) async fn open(self, house: &House) -> Standing {
        let endpoints = house.get("/_local/endpoints").send().await.json();
        let text = |name: &str| endpoints[name].as_str().unwrap_or_default().to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let server = Arc::new(Server {
            account: self,
            settings: settings(&house.cloud().url(), &text("secret_id"), &url),
            dynamodb: text("dynamodb"),
            seen: Arc::clone(&seen),
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&server).serve(stream));
            }
        });
        Standing {
            dynamodb: url.clone(),
            url,
            seen,
            secrets: text("secretsmanager"),
        }
    }
}

impl Standing {
    /// Where the SDKs find it, and nothing else: credentials are the test's business.
    pub(crate) fn endpoints(&self) -> Vec<(&str, &str)> {
        vec![
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_ENDPOINT_URL", &self.url),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &self.secrets),
            ("TWILIO_BASE_URL", &self.url),
            ("SENDGRID_BASE_URL", &self.url),
        ]
    }

    /// The same for somebody who is signed in.
    pub(crate) fn signed_in(&self) -> Vec<(&str, &str)> {
        let mut environment = self.endpoints();
        environment.extend([
            ("AWS_ACCESS_KEY_ID", "AKIDOPERATOR"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
        ]);
        environment
    }
}

fn settings(public: &str, secret: &str, here: &str) -> Vec<(&'static str, String)> {
    vec![
        ("STAGE", "test".to_owned()),
        ("PUBLIC_URL", public.to_owned()),
        ("ACCOUNTS_TABLE", ACCOUNTS.to_owned()),
        ("EPHEMERAL_TABLE", EPHEMERAL.to_owned()),
        ("SECRET_ID", secret.to_owned()),
        ("SECRET_GENERATION", "3".to_owned()),
        ("AVATAR_BUCKET", "latchkey-test-avatars".to_owned()),
        ("AVATAR_BASE_URL", format!("{here}/pictures")),
        ("MAIL_FROM", "Example <no-reply@example.com>".to_owned()),
        ("SES_CONFIGURATION_SET", "events".to_owned()),
        (
            "SNS_TOPIC_ARNS",
            "arn:aws:sns:us-east-1:000000000000:reports".to_owned(),
        ),
    ]
}

struct Server {
    account: Account,
    settings: Vec<(&'static str, String)>,
    dynamodb: String,
    seen: Arc<Mutex<Vec<String>>>,
}

/// A request, as far as it is needed.
struct Asked {
    method: String,
    path: String,
    head: String,
    body: String,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Server {
    /// One request, one answer.
    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        let (mut request, mut part) = (Vec::new(), [0; 4096]);
        let asked = loop {
            let read = stream.read(&mut part).await.unwrap_or(0);
            request.extend_from_slice(&part[..read]);
            let text = String::from_utf8_lossy(&request).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let first = head.lines().next().unwrap_or_default();
                let mut words = first.split(' ').map(str::to_owned);
                let asked = Asked {
                    method: words.next().unwrap_or_default(),
                    path: words.next().unwrap_or_default(),
                    head: head.to_owned(),
                    body: body.to_owned(),
                };
                let length = asked.header("content-length").and_then(|n| n.parse().ok());
                if body.len() >= length.unwrap_or(0) {
                    break asked;
                }
            }
            if read == 0 {
                return;
            }
        };
        if let Some(authorization) = asked.header("authorization") {
            let mut seen = self.seen.lock().expect("no panic");
            seen.push(authorization.to_owned());
        }
        let (status, body) = self.answer(&asked).await;
        let answer = format!(
            "HTTP/1.1 {status} -\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    }

    async fn answer(&self, asked: &Asked) -> (u16, String) {
        let target = asked.header("x-amz-target").unwrap_or_default();
        let path = asked.path.split('?').next().unwrap_or_default();
        let action = asked
            .body
            .strip_prefix("Action=")
            .and_then(|rest| rest.split('&').next());
        match (asked.method.as_str(), path) {
            _ if target.starts_with("DynamoDB") => self.dynamodb(target, asked).await,
            _ if target == "AmazonSQS.GetQueueAttributes" => {
                let count = self.account.queued.to_string();
                (200, json!({ "Attributes": { "ApproximateNumberOfMessages": count } }).to_string())
            }
            ("GET", _) if path.starts_with("/v2/email/") => self.ses(path),
            ("GET", _) if path.starts_with("/2015-03-31/") => self.lambda(path, &asked.path),
            ("GET", "/v3/scopes") => match self.account.scopes {
                Some(scope) => (200, json!({ "scopes": [scope] }).to_string()),
                None => (401, "{}".to_owned()),
            },
            ("GET", _) if path.starts_with("/2010-04-01/Accounts/") => {
                let account = json!({ "status": "active", "type": "Full" });
                (self.account.twilio, account.to_string())
            }
            ("GET", "/pictures/latchkey-doctor") => (self.account.pictures, String::new()),
            ("GET", "/federation/credentials") => (200, json!({ "roleCredentials": {
                "accessKeyId": "AKIDSSO", "secretAccessKey": "x", "sessionToken": "y", "expiration": 4_102_444_800_000_i64,
            }}).to_string()),
            ("GET", _) if asked.path.contains("notification") => (200, self.notification()),
            ("POST", "/") => match action {
                Some("ListSubscriptionsByTopic") => (200, self.subscriptions(&asked.body)),
                Some(action) => self.cloudformation(action, &asked.body),
                None => (404, String::new()),
            },
            _ => panic!("the command line asks for {} {}", asked.method, asked.path),
        }
    }

    /// The local engine, but for backups, which it does not keep.
    #[expect(
        clippy::disallowed_methods,
        reason = "a proxy inside a test needs no timeouts"
    )]
    async fn dynamodb(&self, target: &str, asked: &Asked) -> (u16, String) {
        if target.ends_with("DescribeContinuousBackups") {
            let enabled = json!({ "ContinuousBackupsDescription": {
                "ContinuousBackupsStatus": "ENABLED",
                "PointInTimeRecoveryDescription": { "PointInTimeRecoveryStatus": "ENABLED" },
            }});
            return (200, enabled.to_string());
        }
        let mut forwarded = reqwest::Client::new()
            .post(&self.dynamodb)
            .body(asked.body.clone());
        for name in [
            "x-amz-target",
            "content-type",
            "authorization",
            "x-amz-date",
        ] {
            if let Some(value) = asked.header(name) {
                forwarded = forwarded.header(name, value);
            }
        }
        let answer = forwarded.send().await.expect("the local engine answers");
        (
            answer.status().as_u16(),
            answer.text().await.expect("a text"),
        )
    }

    fn ses(&self, path: &str) -> (u16, String) {
        let mail = self.account.mail;
        let word = if mail { "SUCCESS" } else { "PENDING" };
        let answer = match path.trim_start_matches("/v2/email/") {
            "account" => json!({
                "ProductionAccessEnabled": mail, "SendingEnabled": mail, "EnforcementStatus": "HEALTHY",
                "SendQuota": { "Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 7.0 },
                "PricingAttributes": { "CurrentPlan": self.account.plan },
            }),
            "identities/example.com" => json!({
                "IdentityType": "DOMAIN", "VerifiedForSendingStatus": mail,
                "DkimAttributes": { "SigningEnabled": mail, "Status": word },
                "MailFromAttributes": {
                    "MailFromDomain": "bounce.example.com", "MailFromDomainStatus": word,
                    "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
                },
            }),
            "configuration-sets/events/event-destinations" => json!({ "EventDestinations": [{
                "Name": "reports", "Enabled": true, "MatchingEventTypes": self.account.reports,
                "SnsDestination": { "TopicArn": "arn:aws:sns:us-east-1:000000000000:reports" },
            }]}),
            _ => {
                return (
                    404,
                    json!({ "__type": "NotFoundException", "message": "no such identity" })
                        .to_string(),
                );
            }
        };
        (200, answer.to_string())
    }

    fn lambda(&self, path: &str, whole: &str) -> (u16, String) {
        let (answers, newest) = self.account.versions;
        if path.contains("/event-source-mappings/") {
            return (
                200,
                json!({ "State": self.account.mapping, "LastProcessingResult": "OK" }).to_string(),
            );
        }
        // Only deployments call it, and it has no alias.
        let aliasless = path.contains("/Setup");
        let answer = match path.rsplit('/').next() {
            Some("live") if aliasless => {
                return (
                    404,
                    json!({ "__type": "ResourceNotFoundException", "Message": "no alias" })
                        .to_string(),
                );
            }
            Some("live") => json!({ "Name": "live", "FunctionVersion": answers.to_string() }),
            Some("versions") => json!({ "Versions": [
                { "Version": "$LATEST" }, { "Version": answers.to_string() }, { "Version": newest.to_string() },
            ]}),
            _ => {
                let mut variables: Value = self
                    .settings
                    .iter()
                    .map(|(n, v)| ((*n).to_owned(), json!(v)))
                    .collect();
                for (name, value) in self.account.settings {
                    variables[*name] = json!(value);
                }
                if let Some((name, value)) = self
                    .account
                    .unpublished
                    .filter(|_| whole.contains("LATEST"))
                {
                    variables[name] = json!(value);
                }
                json!({ "CodeSha256": "x", "Environment": { "Variables": variables } })
            }
        };
        (200, answer.to_string())
    }

    fn notification(&self) -> String {
        let to = "<CloudFunctionConfiguration><Id>1</Id><CloudFunction>arn:aws:lambda:us-east-1:000000000000:function:test-Avatar-1:live\
                  </CloudFunction><Event>s3:ObjectCreated:*</Event></CloudFunctionConfiguration>";
        let to = if self.account.notifies { to } else { "" };
        format!("<NotificationConfiguration>{to}</NotificationConfiguration>")
    }

    fn subscriptions(&self, body: &str) -> String {
        let (protocol, arn) = if body.contains("reports") {
            (
                "lambda",
                Some("arn:aws:sns:us-east-1:000000000000:reports:1"),
            )
        } else {
            ("email", self.account.subscription)
        };
        let member = arn.map_or_else(String::new, |arn| {
            format!("<member><Protocol>{protocol}</Protocol><SubscriptionArn>{arn}</SubscriptionArn></member>")
        });
        format!(
            "<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions>{member}</Subscriptions>\
             </ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>"
        )
    }

    fn cloudformation(&self, action: &str, body: &str) -> (u16, String) {
        if !body.contains(&format!("StackName={STACK}")) {
            return (400, "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id other does \
                          not exist</Message></Error></ErrorResponse>".to_owned());
        }
        let result = match action {
            "DescribeStacks" => self.stack(),
            _ => resources(),
        };
        (
            200,
            format!(
                "<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
            ),
        )
    }

    /// What `DescribeStacks` says of the stack.
    fn stack(&self) -> String {
        let outputs = [
            ("PublicUrl", "PUBLIC_URL"),
            ("AccountsTable", "ACCOUNTS_TABLE"),
            ("SecretArn", "SECRET_ID"),
        ];
        let outputs: String = outputs
            .iter()
            .filter_map(|(output, name)| {
                Some((output, self.settings.iter().find(|(n, _)| n == name)?))
            })
            .map(|(output, (_, value))| member(&[("OutputKey", output), ("OutputValue", value)]))
            .collect();
        let status = self.account.status;
        format!(
            "<Stacks><member><StackName>{STACK}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime>\
             <StackStatus>{status}</StackStatus><Outputs>{outputs}</Outputs></member></Stacks>"
        )
    }
}

/// What `ListStackResources` says: each with its logical name, its type and its physical name.
fn resources() -> String {
    let resources: String = [
        ("OtpRequest", "AWS::Lambda::Function", "test-OtpRequest-1"),
        ("Avatar", "AWS::Lambda::Function", "test-Avatar-1"),
        ("Setup", "AWS::Lambda::Function", "Setup-1"),
        (
            "EventsAccountsChanged",
            "AWS::Lambda::EventSourceMapping",
            "00000000-0000-0000-0000-000000000001",
        ),
        (
            "EventsFailures",
            "AWS::SQS::Queue",
            "https://sqs.us-east-1.amazonaws.com/000000000000/test-EventsFailures-1",
        ),
        (
            "AlarmTopic",
            "AWS::SNS::Topic",
            "arn:aws:sns:us-east-1:000000000000:alarms",
        ),
        (
            "MailReports",
            "AWS::SNS::Topic",
            "arn:aws:sns:us-east-1:000000000000:reports",
        ),
    ]
    .iter()
    .map(|(logical, kind, physical)| {
        member(&[
            ("LogicalResourceId", logical),
            ("PhysicalResourceId", physical),
            ("ResourceType", kind),
            ("ResourceStatus", "CREATE_COMPLETE"),
            ("LastUpdatedTimestamp", "2026-01-01T00:00:00Z"),
        ])
    })
    .collect();
    format!("<StackResourceSummaries>{resources}</StackResourceSummaries>")
}

/// An XML `member` of these parts.
fn member(parts: &[(&str, &str)]) -> String {
    let parts: String = parts
        .iter()
        .map(|(name, value)| format!("<{name}>{value}</{name}>"))
        .collect();
    format!("<member>{parts}</member>")
}
