//! What can be set about mail and texts.

use lettre::message::Mailbox;
use secrecy::SecretString;
use url::Url;

use crate::cloud::Setup;
use crate::config::settings::{self as s, Setting};
use crate::config::{Public, Reader};
use crate::domain::id::is_hex;
use crate::domain::identifier::EmailAddress;

/// Everything that messaging needs to know.
#[derive(Clone, Debug)]
pub struct MessagingSettings {
    pub public: Public,
    pub mail: MailSettings,
    /// How texts go; `None` where Twilio is not configured, and then no phone is served.
    pub text: Option<TextSettings>,
}

impl MessagingSettings {
    /// Reads the section.
    pub fn read(reader: &mut Reader, setup: &Setup, public: &Public) -> Self {
        Self {
            public: public.clone(),
            mail: MailSettings::read(reader, setup),
            text: TextSettings::read(reader, setup, public),
        }
    }
}

/// Who sends mail, and from which address.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// `MAIL_FROM`.
    pub from: Mailbox,
    /// `MAIL_PROVIDER` and what belongs to it.
    pub provider: MailProvider,
}

/// A provider of mail.
#[derive(Clone, Debug)]
pub enum MailProvider {
    /// Amazon SES.
    Ses {
        /// `AWS_ENDPOINT_URL_SES`.
        endpoint: Option<String>,
        /// `SES_CONFIGURATION_SET`; without one SES reports nothing back, so only the local stage may go without.
        configuration_set: Option<String>,
    },
    /// SendGrid.
    Sendgrid {
        /// `SENDGRID_BASE_URL`.
        base_url: String,
        /// `SENDGRID_API_KEY`.
        api_key: SecretString,
    },
}

impl MailSettings {
    /// Reads the section.
    pub fn read(reader: &mut Reader, setup: &Setup) -> Self {
        let from = reader.required(&s::MAIL_FROM, nobody, mailbox);
        let sendgrid = base_url(reader, setup, &s::SENDGRID_BASE_URL);
        let provider = if by_sendgrid(reader) {
            MailProvider::Sendgrid {
                base_url: sendgrid,
                api_key: required_secret(reader, &s::SENDGRID_API_KEY),
            }
        } else {
            let configuration_set = reader.optional(&s::SES_CONFIGURATION_SET, |name| {
                let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
                (name.len() <= 64 && name.bytes().all(good)).then(|| name.to_owned())
            });
            if configuration_set.is_none()
                && setup.variables.get(s::SES_CONFIGURATION_SET.name).is_none()
                && !is_local(setup)
            {
                reader.complain(&s::SES_CONFIGURATION_SET, None);
            }
            MailProvider::Ses {
                endpoint: setup.endpoint(reader, &s::AWS_ENDPOINT_URL_SES),
                configuration_set,
            }
        };
        Self { from, provider }
    }
}

/// Whether mail goes through SendGrid, and not through SES.
pub fn by_sendgrid(reader: &mut Reader) -> bool {
    reader.required(
        &s::MAIL_PROVIDER,
        || false,
        |word| match word {
            "ses" => Some(false),
            "sendgrid" => Some(true),
            _ => None,
        },
    )
}

fn mailbox(text: &str) -> Option<Mailbox> {
    let plain = !text.chars().any(char::is_control);
    let mailbox: Mailbox = plain.then(|| text.parse().ok()).flatten()?;
    EmailAddress::parse(mailbox.email.as_ref()).ok()?;
    Some(mailbox)
}

/// Stands in for a sender that was refused; the start is refused with it.
fn nobody() -> Mailbox {
    "nobody@invalid.example"
        .parse()
        .expect("this literal is an address")
}

/// The ways on which texts go.
#[derive(Clone, Debug)]
pub struct TextSettings {
    /// `TWILIO_ACCOUNT_SID`.
    pub account_sid: String,
    /// `TWILIO_AUTH_TOKEN`.
    pub auth_token: SecretString,
    /// `TWILIO_BASE_URL`.
    pub base_url: String,
    /// Where Verify's API is: a host of its own at Twilio, the same base elsewhere.
    pub verify_base_url: String,
    /// `TWILIO_WEBHOOK_URL`, as given.
    pub webhook_url: String,
    /// Who texts come from.
    pub sender: Option<Sender>,
    /// `TWILIO_VERIFY_SERVICE_SID`: codes by SMS then go through Twilio Verify, as our own `CustomCode`.
    pub verify: Option<String>,
    /// The way of a WhatsApp message.
    pub whatsapp: Option<WhatsappWay>,
}

/// Who texts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A number (`TWILIO_FROM`).
    Number(String),
    /// A Messaging Service (`TWILIO_MESSAGING_SERVICE_SID`), which goes before a number.
    MessagingService(String),
}

/// How a WhatsApp message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatsappWay {
    /// `TWILIO_WHATSAPP_FROM`.
    pub from: String,
    /// `TWILIO_WHATSAPP_CONTENT_SID`.
    pub content_sid: String,
}

impl TextSettings {
    /// Reads the section; `None` where no `TWILIO_…` setting for sending is set.
    pub fn read(reader: &mut Reader, setup: &Setup, public: &Public) -> Option<Self> {
        let account = reader.optional(&s::TWILIO_ACCOUNT_SID, |sid| twilio_sid("AC", sid));
        let from = reader.optional(&s::TWILIO_FROM, e164);
        let service = reader.optional(&s::TWILIO_MESSAGING_SERVICE_SID, |sid| {
            twilio_sid("MG", sid)
        });
        let verify = reader.optional(&s::TWILIO_VERIFY_SERVICE_SID, |sid| twilio_sid("VA", sid));
        let whatsapp_from = reader.optional(&s::TWILIO_WHATSAPP_FROM, e164);
        let content = reader.optional(&s::TWILIO_WHATSAPP_CONTENT_SID, |sid| twilio_sid("HX", sid));

        let whatsapp = match (whatsapp_from, content) {
            (Some(from), Some(content_sid)) => Some(WhatsappWay { from, content_sid }),
            (Some(_), None) => {
                complain_if_absent(reader, setup, &s::TWILIO_WHATSAPP_CONTENT_SID);
                None
            }
            (None, Some(_)) => {
                complain_if_absent(reader, setup, &s::TWILIO_WHATSAPP_FROM);
                None
            }
            (None, None) => None,
        };
        let sender = service
            .map(Sender::MessagingService)
            .or(from.map(Sender::Number));
        if sender.is_none() && verify.is_none() && whatsapp.is_none() {
            return None;
        }
        let Some(account_sid) = account else {
            complain_if_absent(reader, setup, &s::TWILIO_ACCOUNT_SID);
            return None;
        };
        let base_url = base_url(reader, setup, &s::TWILIO_BASE_URL);
        Some(Self {
            account_sid,
            auth_token: required_secret(reader, &s::TWILIO_AUTH_TOKEN),
            verify_base_url: if Some(base_url.as_str()) == s::TWILIO_BASE_URL.default {
                "https://verify.twilio.com".to_owned()
            } else {
                base_url.clone()
            },
            base_url,
            webhook_url: twilio_webhook_url(reader, public),
            sender,
            verify,
            whatsapp,
        })
    }
}

/// The callback URL exactly as Twilio gets it: every byte of it is signed.
pub fn twilio_webhook_url(reader: &mut Reader, public: &Public) -> String {
    reader
        .optional(&s::TWILIO_WEBHOOK_URL, |text| {
            let url = Url::parse(text).ok()?;
            let host = url.host_str()?;
            // Twilio refuses underscores in the host, and does not say whether it signs a fragment.
            let good = url.scheme() == "https" && !host.contains('_') && url.fragment().is_none();
            good.then(|| text.to_owned())
        })
        .unwrap_or_else(|| format!("{}/api/webhooks/twilio/", public.url))
}

fn is_local(setup: &Setup) -> bool {
    setup.variables.get(s::STAGE.name) == Some("local")
}

fn complain_if_absent(reader: &mut Reader, setup: &Setup, setting: &'static Setting) {
    // One that is set and wrong has been complained about already.
    if setup.variables.get(setting.name).is_none() {
        reader.complain(setting, None);
    }
}

fn required_secret(reader: &mut Reader, setting: &'static Setting) -> SecretString {
    reader.required(setting, SecretString::default, |text| {
        let plain = !text.chars().any(|c| c.is_control() || c.is_whitespace());
        plain.then(|| SecretString::from(text))
    })
}

fn base_url(reader: &mut Reader, setup: &Setup, setting: &'static Setting) -> String {
    setup
        .endpoint(reader, setting)
        .map(|url| url.trim_end_matches('/').to_owned())
        .unwrap_or_default()
}

fn twilio_sid(prefix: &str, text: &str) -> Option<String> {
    is_hex(text.strip_prefix(prefix)?, 32).then(|| text.to_owned())
}

fn e164(text: &str) -> Option<String> {
    let digits = text.strip_prefix('+')?;
    let good = (7..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    good.then(|| text.to_owned())
}
