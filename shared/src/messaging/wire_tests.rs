//! What a provider's behaviour on the wire makes of a message: over a real socket, since that is where it is decided.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::clock::SystemClock;
use crate::cloud::Setup;
use crate::config::{Public, Reader, SecretDocument, Variables};
use crate::domain::code::OtpCode;
use crate::domain::identifier::{EmailAddress, PhoneNumber};

use super::*;

/// What the other end does with a connection.
#[derive(Clone)]
pub(super) enum Provider {
    /// Nobody listens.
    Absent,
    /// It reads the request and hangs up.
    HangsUp,
    /// It answers.
    Answers(&'static str, &'static str, &'static str),
}

/// Starts a provider and hands out its URL, and later the one request that it saw.
pub(super) async fn provider(behaviour: Provider) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = match behaviour {
        Provider::Absent => tokio::spawn(async { String::new() }),
        Provider::HangsUp => tokio::spawn(async move { read(&listener).await.0 }),
        Provider::Answers(status, headers, body) => tokio::spawn(async move {
            let (request, mut socket) = read(&listener).await;
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            socket.write_all(answer.as_bytes()).await.unwrap();
            request
        }),
    };
    (url, task)
}

async fn read(listener: &TcpListener) -> (String, tokio::net::TcpStream) {
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let n = socket.read(&mut buffer).await.unwrap();
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if body.len() >= length || n == 0 {
                return (text, socket);
            }
        }
    }
}

/// Messaging with these settings besides the usual ones.
pub(super) fn messaging(settings: &[(&str, &str)]) -> Messaging {
    let mut variables: Variables = [
        ("STAGE", "local"),
        ("PUBLIC_URL", "https://api.example.com"),
        ("MAIL_FROM", "Acme <no-reply@acme.example>"),
    ]
    .into_iter()
    .collect();
    for (name, value) in settings {
        variables.set(*name, *value);
    }
    let setup = setup(variables);
    let mut reader = setup.reader();
    let public = Public::read(&mut reader);
    let settings = MessagingSettings::read(&mut reader, &setup, &public);
    Messaging::new(reader.finish(settings).unwrap(), &setup).unwrap()
}

pub(super) fn setup(variables: Variables) -> Setup {
    let credentials = aws_sdk_ses::config::Credentials::new("id", "key", None, None, "test");
    let provider = aws_sdk_ses::config::SharedCredentialsProvider::new(credentials);
    Setup {
        variables,
        secrets: SecretDocument::default(),
        clock: std::sync::Arc::new(SystemClock),
        sdk: aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new("eu-central-1"))
            .credentials_provider(provider)
            .sleep_impl(aws_sdk_ses::config::SharedAsyncSleep::new(TokioSleep))
            .build(),
    }
}

#[derive(Debug)]
struct TokioSleep;

impl aws_sdk_ses::config::AsyncSleep for TokioSleep {
    fn sleep(&self, duration: Duration) -> aws_sdk_ses::config::Sleep {
        aws_sdk_ses::config::Sleep::new(tokio::time::sleep(duration))
    }
}

pub(super) fn code_for(recipient: Recipient) -> Message {
    Message {
        delivery_id: "dlv_0193a5b2c3d47e8f9a0b1c2d3e4f5061abcdef".into(),
        recipient,
        language: Language::English,
        content: Content::SignInCode {
            code: OtpCode::parse("012345", 6).unwrap(),
            expires_in: Duration::from_secs(599),
        },
    }
}

pub(super) fn jane() -> Recipient {
    Recipient::Email(EmailAddress::parse("jane@example.com").unwrap())
}

pub(super) fn reason(dispatch: Dispatch) -> Reason {
    match dispatch {
        Dispatch::Refused(refusal) => refusal.reason,
        other => panic!("refused, not {other:?}"),
    }
}

mod ses {
    use super::*;

    async fn send(behaviour: Provider) -> (Dispatch, String) {
        let (url, task) = provider(behaviour).await;
        let messaging = messaging(&[
            ("AWS_ENDPOINT_URL_SES", &url),
            ("SES_CONFIGURATION_SET", "latchkey"),
        ]);
        let dispatch = messaging.send(&code_for(jane())).await;
        (dispatch, task.await.unwrap())
    }

    #[tokio::test]
    async fn an_accepted_mail_carries_its_delivery_id() {
        let answer = r#"<SendRawEmailResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><SendRawEmailResult><MessageId>0100-1</MessageId></SendRawEmailResult></SendRawEmailResponse>"#;
        let (dispatch, request) = send(Provider::Answers(
            "200 OK",
            "content-type: text/xml\r\n",
            answer,
        ))
        .await;
        assert_eq!(
            dispatch,
            Dispatch::Accepted {
                provider_message_id: "0100-1".into(),
                via: Channel::Email
            }
        );
        for part in [
            "Action=SendRawEmail",
            "ConfigurationSetName=latchkey",
            "Tags.member.1.Name=delivery_id",
            "Tags.member.1.Value=dlv_0193a5b2c3d47e8f9a0b1c2d3e4f5061abcdef",
            "Destinations.member.1=jane%40example.com",
        ] {
            assert!(request.contains(part), "{part} in {request}");
        }
    }

    #[tokio::test]
    async fn an_error_status_is_a_refusal() {
        for (status, code, message, expected) in [
            (
                "400 Bad Request",
                "Throttling",
                "Maximum sending rate exceeded.",
                Reason::Throttled,
            ),
            (
                "400 Bad Request",
                "Throttling",
                "Daily message quota exceeded.",
                Reason::Quota,
            ),
            (
                "400 Bad Request",
                "MessageRejected",
                "Email address is not verified.",
                Reason::Other,
            ),
            (
                "503 Service Unavailable",
                "ServiceUnavailable",
                "",
                Reason::Other,
            ),
        ] {
            let body = format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
            );
            let (dispatch, _) = send(Provider::Answers(
                status,
                "content-type: text/xml\r\n",
                body.leak(),
            ))
            .await;
            assert_eq!(reason(dispatch), expected, "{code} {message}");
        }
        let (dispatch, _) = send(Provider::Answers("502 Bad Gateway", "", "<html>")).await;
        assert_eq!(
            reason(dispatch),
            Reason::Other,
            "a status decides without a body that can be read"
        );
    }

    #[tokio::test]
    async fn no_connection_is_a_refusal_and_a_lost_reply_is_not() {
        assert_eq!(reason(send(Provider::Absent).await.0), Reason::NotConnected);
        assert_eq!(send(Provider::HangsUp).await.0, Dispatch::Unknown);
    }
}

fn phone() -> PhoneNumber {
    PhoneNumber::parse("+14155552671").unwrap()
}

/// The form of a request, decoded.
fn form(request: &str) -> Vec<(String, String)> {
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect()
}

mod twilio {
    use super::*;

    const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
    const CREATED: Provider = Provider::Answers(
        "201 Created",
        "content-type: application/json\r\n",
        r#"{"sid": "SM0123456789abcdef0123456789abcdef", "status": "queued"}"#,
    );

    async fn send(
        behaviour: Provider,
        settings: &[(&str, &str)],
        recipient: Recipient,
    ) -> (Dispatch, String) {
        let (url, task) = provider(behaviour).await;
        let mut all = vec![
            ("TWILIO_BASE_URL", url.as_str()),
            ("TWILIO_ACCOUNT_SID", ACCOUNT),
            ("TWILIO_AUTH_TOKEN", "token"),
        ];
        all.extend_from_slice(settings);
        let dispatch = messaging(&all).send(&code_for(recipient)).await;
        (dispatch, task.await.unwrap())
    }

    const NUMBER: (&str, &str) = ("TWILIO_FROM", "+14155550100");

    #[tokio::test]
    async fn an_sms_is_one_form_with_the_code_bound_to_the_domain() {
        let (dispatch, request) = send(CREATED, &[NUMBER], Recipient::Sms(phone())).await;
        assert_eq!(
            dispatch,
            Dispatch::Accepted {
                provider_message_id: "SM0123456789abcdef0123456789abcdef".into(),
                via: Channel::Sms
            }
        );
        assert!(request.starts_with(&format!(
            "POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json "
        )));
        // AC0123456789abcdef0123456789abcdef:token
        assert!(request.contains(
            "authorization: Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjp0b2tlbg=="
        ));
        let mut form = form(&request);
        form.sort();
        let expected = [
            (
                "Body",
                "Latchkey: your sign-in code is 012345. Never share it.\n\n@api.example.com #012345",
            ),
            ("From", "+14155550100"),
            ("RiskCheck", "enable"),
            ("SmartEncoded", "true"),
            (
                "StatusCallback",
                "https://api.example.com/api/webhooks/twilio/?d=dlv_0193a5b2c3d47e8f9a0b1c2d3e4f5061abcdef",
            ),
            ("To", "+14155552671"),
            ("ValidityPeriod", "599"),
        ];
        assert_eq!(
            form,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[tokio::test]
    async fn a_messaging_service_goes_before_a_number_and_a_query_is_kept() {
        let service = "MG0123456789abcdef0123456789abcdef";
        let settings = [
            NUMBER,
            ("TWILIO_MESSAGING_SERVICE_SID", service),
            (
                "TWILIO_WEBHOOK_URL",
                "https://hooks.example.com/t?stage=prod",
            ),
        ];
        let (_, request) = send(CREATED, &settings, Recipient::Sms(phone())).await;
        let form = form(&request);
        let value = |name: &str| {
            form.iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.as_str())
        };
        assert_eq!(value("MessagingServiceSid"), Some(service));
        assert_eq!(value("From"), None);
        let callback =
            "https://hooks.example.com/t?stage=prod&d=dlv_0193a5b2c3d47e8f9a0b1c2d3e4f5061abcdef";
        assert_eq!(value("StatusCallback"), Some(callback));
    }

    #[tokio::test]
    async fn whatsapp_takes_the_template_with_the_code_as_its_variable() {
        let content = "HX0123456789abcdef0123456789abcdef";
        let settings = [
            ("TWILIO_WHATSAPP_FROM", "+14155550101"),
            ("TWILIO_WHATSAPP_CONTENT_SID", content),
        ];
        let (dispatch, request) = send(CREATED, &settings, Recipient::Whatsapp(phone())).await;
        assert!(matches!(
            dispatch,
            Dispatch::Accepted {
                via: Channel::Whatsapp,
                ..
            }
        ));
        let form = form(&request);
        let value = |name: &str| {
            form.iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.as_str())
        };
        assert_eq!(value("To"), Some("whatsapp:+14155552671"));
        assert_eq!(value("From"), Some("whatsapp:+14155550101"));
        assert_eq!(value("ContentSid"), Some(content));
        assert_eq!(value("ContentVariables"), Some(r#"{"1":"012345"}"#));
        assert_eq!(value("Body"), None);
    }

    #[tokio::test]
    async fn verify_sends_our_own_code() {
        let service = "VA0123456789abcdef0123456789abcdef";
        let settings = [NUMBER, ("TWILIO_VERIFY_SERVICE_SID", service)];
        let (dispatch, request) = send(CREATED, &settings, Recipient::Sms(phone())).await;
        assert!(matches!(dispatch, Dispatch::Accepted { .. }));
        assert!(request.starts_with(&format!("POST /v2/Services/{service}/Verifications ")));
        assert!(form(&request).contains(&("CustomCode".into(), "012345".into())));
    }

    #[tokio::test]
    async fn twilios_codes_are_refusals() {
        for (status, body, expected) in [
            (
                "400 Bad Request",
                r#"{"code": 21211, "message": "x", "status": 400}"#,
                Reason::BadAddress,
            ),
            ("400 Bad Request", r#"{"code": 21610}"#, Reason::OptedOut),
            ("400 Bad Request", r#"{"code": 21408}"#, Reason::Region),
            (
                "429 Too Many Requests",
                r#"{"code": 20429}"#,
                Reason::Throttled,
            ),
            ("429 Too Many Requests", "<html>", Reason::Throttled),
            ("500 Internal Server Error", "", Reason::Other),
            ("302 Found", "", Reason::Other),
        ] {
            let answer = Provider::Answers(
                status,
                "location: http://127.0.0.1:1/\r\nretry-after: 7\r\n",
                body,
            );
            let (dispatch, _) = send(answer, &[NUMBER], Recipient::Sms(phone())).await;
            let Dispatch::Refused(refusal) = dispatch else {
                panic!("{dispatch:?}")
            };
            assert_eq!(refusal.reason, expected, "{status} {body}");
            assert_eq!(refusal.retry_after, Some(Duration::from_secs(7)));
        }
    }

    #[tokio::test]
    async fn no_connection_is_a_refusal_and_a_lost_reply_is_not() {
        let to = || Recipient::Sms(phone());
        assert_eq!(
            reason(send(Provider::Absent, &[NUMBER], to()).await.0),
            Reason::NotConnected
        );
        assert_eq!(
            send(Provider::HangsUp, &[NUMBER], to()).await.0,
            Dispatch::Unknown
        );
    }

    #[test]
    fn only_what_is_configured_is_offered() {
        let none = messaging(&[]);
        assert!(none.offers(Channel::Email));
        assert!(!none.offers(Channel::Sms) && !none.offers(Channel::Whatsapp));
        let sms = messaging(&[
            NUMBER,
            ("TWILIO_ACCOUNT_SID", ACCOUNT),
            ("TWILIO_AUTH_TOKEN", "t"),
        ]);
        assert!(sms.offers(Channel::Sms) && !sms.offers(Channel::Whatsapp));
    }
}

mod sendgrid {
    use super::*;

    async fn send(behaviour: Provider) -> (Dispatch, String) {
        let (url, task) = provider(behaviour).await;
        let messaging = messaging(&[
            ("MAIL_PROVIDER", "sendgrid"),
            ("SENDGRID_API_KEY", "SG.key"),
            ("SENDGRID_BASE_URL", &url),
        ]);
        let dispatch = messaging.send(&code_for(jane())).await;
        (dispatch, task.await.unwrap())
    }

    #[tokio::test]
    async fn an_accepted_mail_carries_its_delivery_id_and_is_not_tracked() {
        let answer = Provider::Answers("202 Accepted", "X-Message-Id: abc\r\n", "");
        let (dispatch, request) = send(answer).await;
        assert_eq!(
            dispatch,
            Dispatch::Accepted {
                provider_message_id: "abc".into(),
                via: Channel::Email
            }
        );
        assert!(request.starts_with("POST /v3/mail/send "));
        assert!(request.contains("authorization: Bearer SG.key\r\n"));
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let to = &body["personalizations"][0];
        assert_eq!(to["to"][0]["email"], "jane@example.com");
        assert_eq!(
            to["custom_args"]["delivery_id"],
            "dlv_0193a5b2c3d47e8f9a0b1c2d3e4f5061abcdef"
        );
        assert_eq!(body["tracking_settings"]["click_tracking"]["enable"], false);
        assert_eq!(body["tracking_settings"]["open_tracking"]["enable"], false);
        // Who unsubscribed from a newsletter still signs in; who bounced or complained is not mailed.
        let bypass = serde_json::json!({ "bypass_unsubscribe_management": { "enable": true } });
        assert_eq!(body["mail_settings"], bypass);
        assert_eq!(body["subject"], "012345 is your Latchkey sign-in code");
    }

    #[tokio::test]
    async fn sendgrids_no_is_a_refusal_and_its_silence_is_not() {
        for (status, body, expected) in [
            ("429 Too Many Requests", "{}", Reason::Throttled),
            (
                "401 Unauthorized",
                r#"{"errors": [{"message": "Maximum credits exceeded", "field": null}]}"#,
                Reason::Quota,
            ),
            (
                "400 Bad Request",
                r#"{"errors": [{"message": "bad", "field": "personalizations.0.to.0.email"}]}"#,
                Reason::BadAddress,
            ),
            ("500 Internal Server Error", "", Reason::Other),
        ] {
            let (dispatch, _) = send(Provider::Answers(status, "", body)).await;
            assert_eq!(reason(dispatch), expected, "{status}");
        }
        assert_eq!(reason(send(Provider::Absent).await.0), Reason::NotConnected);
        assert_eq!(send(Provider::HangsUp).await.0, Dispatch::Unknown);
    }
}

mod settings {
    use super::*;

    fn complaints(settings: &[(&str, &str)]) -> Vec<&'static str> {
        let mut variables: Variables = [("PUBLIC_URL", "https://api.example.com")]
            .into_iter()
            .collect();
        for (name, value) in settings {
            variables.set(*name, *value);
        }
        let setup = setup(variables);
        let mut reader: Reader = setup.reader();
        let public = Public::read(&mut reader);
        let settings = MessagingSettings::read(&mut reader, &setup, &public);
        reader
            .finish(settings)
            .err()
            .map(|complaints| complaints.0.iter().map(|c| c.name).collect())
            .unwrap_or_default()
    }

    const FROM: (&str, &str) = ("MAIL_FROM", "no-reply@acme.example");
    const SET: (&str, &str) = ("SES_CONFIGURATION_SET", "latchkey");
    const ACCOUNT: (&str, &str) = ("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef");
    const TOKEN: (&str, &str) = ("TWILIO_AUTH_TOKEN", "t");

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(complaints(&[FROM, SET]), [""; 0]);
        assert_eq!(complaints(&[SET]), ["MAIL_FROM"]);
        assert_eq!(complaints(&[FROM]), ["SES_CONFIGURATION_SET"]);
        assert_eq!(
            complaints(&[("MAIL_FROM", "a\nb@x.example"), SET]),
            ["MAIL_FROM"]
        );
        assert_eq!(
            complaints(&[FROM, SET, ("MAIL_PROVIDER", "smtp")]),
            ["MAIL_PROVIDER"]
        );
        assert_eq!(
            complaints(&[FROM, ("MAIL_PROVIDER", "sendgrid")]),
            ["SENDGRID_API_KEY"]
        );
        let number = ("TWILIO_FROM", "+14155550100");
        assert_eq!(complaints(&[FROM, SET, number]), ["TWILIO_ACCOUNT_SID"]);
        assert_eq!(
            complaints(&[FROM, SET, number, ACCOUNT]),
            ["TWILIO_AUTH_TOKEN"]
        );
        assert_eq!(complaints(&[FROM, SET, number, ACCOUNT, TOKEN]), [""; 0]);
        assert_eq!(
            complaints(&[
                FROM,
                SET,
                ACCOUNT,
                TOKEN,
                ("TWILIO_WHATSAPP_FROM", "+14155550100")
            ]),
            ["TWILIO_WHATSAPP_CONTENT_SID"]
        );
        assert_eq!(
            complaints(&[
                FROM,
                SET,
                number,
                ACCOUNT,
                TOKEN,
                ("TWILIO_BASE_URL", "http://twilio.example")
            ]),
            ["TWILIO_BASE_URL"],
            "plain http is for the local stage only"
        );
    }
}
