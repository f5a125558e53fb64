//! The settings that the local cloud gives its functions: where the engines are, and made-up credentials.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Map, Value, json};
use shared::config::Variables;

use crate::emulators::Credentials;
use crate::emulators::secrets::SECRET_ID;
use crate::keys::Keys;
use crate::options::Options;
use crate::proxy::Service;
use crate::template::Table;

/// The region that everything local is in.
pub(crate) const REGION: &str = "us-east-1";
/// The bucket of avatars and exports.
pub(crate) const BUCKET: &str = "latchkey-avatars";
/// The bus of domain events.
pub(crate) const EVENT_BUS: &str = "latchkey-local";
/// The topic that SES's emulator reports to.
pub(crate) const TOPIC_ARN: &str = "arn:aws:sns:us-east-1:000000000000:latchkey-mail-events";
/// The made-up Twilio account.
pub(crate) const ACCOUNT_SID: &str = "AC00000000000000000000000000000001";

/// Where everything of one local cloud listens.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    /// The gateway's address on 127.0.0.1.
    pub(crate) gateway: SocketAddr,
    services: BTreeMap<&'static str, SocketAddr>,
}

impl Endpoints {
    /// The gateway, and no service yet.
    pub(crate) fn new(gateway: SocketAddr) -> Self {
        Self {
            gateway,
            services: BTreeMap::new(),
        }
    }

    /// The gateway's URL for people. Browsers take a host name only for the scope of a passkey, and call `localhost` a
    /// secure context.
    pub(crate) fn public_url(&self) -> String {
        format!("http://localhost:{}", self.gateway.port())
    }

    /// One more service.
    pub(crate) fn add(&mut self, service: Service, address: SocketAddr) {
        self.services.insert(service.as_str(), address);
    }

    /// The URL of a service, by its name in the development API.
    pub(crate) fn url(&self, service: &str) -> Option<String> {
        self.services
            .get(service)
            .map(|address| format!("http://{address}"))
    }

    /// The URLs by name.
    pub(crate) fn urls(&self) -> Map<String, Value> {
        self.services
            .iter()
            .map(|(name, address)| ((*name).to_owned(), json!(format!("http://{address}"))))
            .collect()
    }
}

/// The variable of each service's URL.
const URL_VARIABLES: [(Service, &str); 8] = [
    (Service::DynamoDb, "AWS_ENDPOINT_URL_DYNAMODB"),
    (Service::S3, "AWS_ENDPOINT_URL_S3"),
    (Service::Ses, "AWS_ENDPOINT_URL_SES"),
    (Service::Sns, "AWS_ENDPOINT_URL_SNS"),
    (Service::SecretsManager, "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
    (Service::EventBridge, "AWS_ENDPOINT_URL_EVENTBRIDGE"),
    (Service::Twilio, "TWILIO_BASE_URL"),
    (Service::SendGrid, "SENDGRID_BASE_URL"),
];

/// What the functions find in their environment; the options' settings stand over the local ones.
pub(crate) fn variables(
    options: &Options,
    endpoints: &Endpoints,
    tables: &[Table],
    keys: &Keys,
) -> Variables {
    let gateway = endpoints.public_url();
    let mut all: BTreeMap<String, String> = [
        ("STAGE", "local"),
        ("AWS_REGION", REGION),
        ("PUBLIC_URL", &gateway),
        ("MAIL_FROM", "Latchkey <no-reply@latchkey.example>"),
        ("SES_CONFIGURATION_SET", "latchkey-local"),
        ("SMS_COUNTRIES", "*"),
        // Everybody here comes from one address; ten a minute and 20 at once are let through for mail as well.
        ("IP_TEXTS_PER_HOUR", "600"),
        ("TWILIO_ACCOUNT_SID", ACCOUNT_SID),
        ("TWILIO_FROM", "+14155550199"),
        ("TWILIO_WHATSAPP_FROM", "+14155238886"),
        (
            "TWILIO_WHATSAPP_CONTENT_SID",
            "HX00000000000000000000000000000001",
        ),
        ("SNS_TOPIC_ARNS", TOPIC_ARN),
        ("SNS_CERT_PEM", &keys.sns_certificate),
        ("AVATAR_BUCKET", BUCKET),
        ("AVATAR_BASE_URL", &format!("{gateway}/_local/avatars")),
        ("EVENT_BUS", EVENT_BUS),
        ("SECRET_ID", SECRET_ID),
        ("ATTACK_CONSENT", "local"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for (service, name) in URL_VARIABLES {
        if let Some(url) = endpoints.url(service.as_str()) {
            all.insert(name.to_owned(), url);
        }
    }
    for table in tables {
        all.insert(table.setting.clone(), table.name.clone());
    }
    options.apply(&mut all);
    all.into_iter().collect()
}

/// What the emulators of Twilio and SendGrid expect: what the functions are given.
pub(crate) fn credentials(options: &Options, keys: &Keys) -> Credentials {
    let given = |name: &str| {
        let chosen = options.settings.iter().rev().find(|(n, _)| n == name);
        chosen.map(|(_, value)| value.clone())
    };
    Credentials {
        twilio_account: given("TWILIO_ACCOUNT_SID").unwrap_or_else(|| ACCOUNT_SID.to_owned()),
        twilio_token: keys.text("TWILIO_AUTH_TOKEN").to_owned(),
        sendgrid_key: keys.text("SENDGRID_API_KEY").to_owned(),
    }
}
