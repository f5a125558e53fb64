//! One struct per module, each holding only the settings that module needs.

use std::time::Duration;

use url::Url;

use super::edge::Edge;
use super::own_origins::{OwnOrigins, is_on_loopback};
use super::reader::Reader;
use super::settings as s;
use crate::domain::locale::is_country;

/// How the service is known outside.
#[derive(Clone, Debug)]
pub struct Public {
    /// `PUBLIC_URL`, without a slash at the end.
    pub url: String,
    /// `SERVICE_NAME`.
    pub service_name: String,
    /// `SERVICE_DOMAIN`.
    pub service_domain: String,
    /// `CORS_ORIGINS`.
    pub cors_origins: Vec<String>,
    /// `PAGES`: whether the service has pages of its own.
    pub has_pages: bool,
    /// `EDGE` and `EDGE_SECRETS`.
    pub edge: Edge,
}

impl Public {
    /// Reads the section.
    pub fn read(reader: &mut Reader) -> Self {
        let url = reader.required(
            &s::PUBLIC_URL,
            || "https://invalid.example".to_owned(),
            public_url,
        );
        let host = Url::parse(&url)
            .ok()
            .and_then(|u| u.host_str().map(str::to_owned))
            .unwrap_or_default();
        Self {
            service_name: reader.required(&s::SERVICE_NAME, String::new, |name| {
                ((1..=40).contains(&name.chars().count()) && !name.chars().any(char::is_control))
                    .then(|| name.to_owned())
            }),
            service_domain: reader.optional(&s::SERVICE_DOMAIN, domain).unwrap_or(host),
            cors_origins: reader
                .optional(&s::CORS_ORIGINS, origins)
                .unwrap_or_default(),
            has_pages: reader.required(
                &s::PAGES,
                || true,
                |word| match word {
                    "on" => Some(true),
                    "off" => Some(false),
                    _ => None,
                },
            ),
            edge: Edge::read(reader),
            url,
        }
    }
}

impl Public {
    /// The web origins that are the service's own.
    #[must_use]
    pub fn own_origins(&self) -> OwnOrigins {
        OwnOrigins::of(&self.url)
    }

    /// Where people sign in: our own page, where there is one.
    #[must_use]
    pub fn home(&self) -> Option<String> {
        self.has_pages.then(|| format!("{}/", self.url))
    }
}

fn public_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && is_on_loopback(&url));
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    (scheme && bare && anonymous && url.host().is_some())
        .then(|| url.as_str().trim_end_matches('/').to_owned())
}

fn domain(text: &str) -> Option<String> {
    let url = Url::parse(&format!("https://{text}")).ok()?;
    (url.host_str() == Some(text) && matches!(url.host(), Some(url::Host::Domain(_))))
        .then(|| text.to_owned())
}

fn origins(text: &str) -> Option<Vec<String>> {
    text.split(',')
        .map(|part| {
            let url = Url::parse(part.trim()).ok()?;
            let origin = url.origin().ascii_serialization();
            (matches!(url.scheme(), "http" | "https") && origin == part.trim()).then_some(origin)
        })
        .collect()
}

/// How codes are made, sent and limited.
#[derive(Clone, Copy, Debug)]
pub struct OtpRules {
    /// How long a code is valid.
    pub expiry: Duration,
    /// How many digits it has.
    pub digits: u8,
    /// How many comparisons it stands, in each lane.
    pub max_attempts: u32,
    /// The wait between two sends.
    pub resend: Duration,
    /// Sends in any hour, at most ten.
    pub sends_per_hour: u8,
    /// Sends in any 24 hours, at most ten.
    pub sends_per_day: u8,
    /// Failures in a row that close the channel.
    pub failure_cap: u32,
}

impl OtpRules {
    /// Reads the section.
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            expiry: reader.time(&s::OTP_EXPIRY_MINUTES),
            digits: small(reader.whole(&s::OTP_CODE_LENGTH)),
            max_attempts: reader.whole(&s::OTP_MAX_ATTEMPTS),
            resend: reader.time(&s::OTP_RESEND_SECONDS),
            sends_per_hour: small(reader.whole(&s::OTP_SENDS_PER_HOUR)),
            sends_per_day: small(reader.whole(&s::OTP_SENDS_PER_DAY)),
            failure_cap: reader.whole(&s::OTP_FAILURE_CAP),
        }
    }
}

fn small(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// The limits of a caller's address.
#[derive(Clone, Copy, Debug)]
pub struct IpLimits {
    /// Code requests a minute.
    pub sends_per_minute: u32,
    /// Code requests at once.
    pub sends_burst: u32,
    /// Requests an hour for codes by text.
    pub texts_per_hour: u32,
    /// Verifications a minute, and at once.
    pub verifies_per_minute: u32,
}

impl IpLimits {
    /// Reads the section.
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            sends_per_minute: reader.whole(&s::IP_SENDS_PER_MINUTE),
            sends_burst: reader.whole(&s::IP_SENDS_BURST),
            texts_per_hour: reader.whole(&s::IP_TEXTS_PER_HOUR),
            verifies_per_minute: reader.whole(&s::IP_VERIFIES_PER_MINUTE),
        }
    }
}

/// The limits of texts, which cost money.
#[derive(Clone, Debug)]
pub struct TextLimits {
    /// Countries that are served, ISO 3166 alpha-2; `None` for all of them.
    pub countries: Option<Vec<String>>,
    /// Messages a UTC day over all numbers, SMS and WhatsApp together.
    pub daily_budget: u32,
}

impl TextLimits {
    /// Reads the section.
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            countries: reader
                .optional(&s::SMS_COUNTRIES, countries)
                .unwrap_or_else(|| Some(Vec::new())),
            daily_budget: reader.whole(&s::SMS_DAILY_BUDGET),
        }
    }

    /// Whether numbers of this country are texted.
    #[must_use]
    pub fn serves(&self, country: &str) -> bool {
        self.countries
            .as_ref()
            .is_none_or(|served| served.iter().any(|code| code == country))
    }
}

/// `*`, or codes such as `DE,AT`.
fn countries(text: &str) -> Option<Option<Vec<String>>> {
    if text == "*" {
        return Some(None);
    }
    text.split(',')
        .map(|code| {
            let code = code.trim();
            is_country(code).then(|| code.to_owned())
        })
        .collect::<Option<Vec<_>>>()
        .map(Some)
}

/// What access and refresh tokens say, and how long they live.
#[derive(Clone, Debug)]
pub struct TokenRules {
    /// The `iss` claim.
    pub issuer: String,
    /// The `aud` claim.
    pub audience: String,
    /// The `client_id` claim.
    pub client_id: String,
    /// How long an access token is valid.
    pub access: Duration,
    /// How long a session lasts at the most.
    pub absolute: Duration,
    /// How long a session lasts unused.
    pub idle: Duration,
    /// How long the immediate predecessor still answers.
    pub grace: Duration,
    /// Sessions of one person.
    pub sessions_per_user: u32,
}

impl TokenRules {
    /// Reads the section; the issuer is `PUBLIC_URL`.
    pub fn read(reader: &mut Reader, public: &Public) -> Self {
        let name = |text: &str| {
            (1..=255)
                .contains(&text.chars().count())
                .then(|| text.to_owned())
        };
        Self {
            issuer: public.url.clone(),
            audience: reader
                .optional(&s::TOKEN_AUDIENCE, name)
                .unwrap_or_else(|| public.url.clone()),
            client_id: reader.required(&s::TOKEN_CLIENT_ID, String::new, name),
            access: reader.time(&s::ACCESS_TOKEN_MINUTES),
            absolute: reader.time(&s::REFRESH_TOKEN_DAYS),
            idle: reader.time(&s::REFRESH_IDLE_DAYS),
            grace: reader.time(&s::REFRESH_GRACE_SECONDS),
            sessions_per_user: reader.whole(&s::SESSIONS_PER_USER),
        }
    }
}

/// The names of the two tables.
#[derive(Clone, Debug)]
pub struct Tables {
    /// People, sessions, claims, statistics.
    pub accounts: String,
    /// Codes, limits, deliveries, suppressions.
    pub ephemeral: String,
}

impl Tables {
    /// Reads the section.
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            accounts: reader.text(&s::ACCOUNTS_TABLE),
            ephemeral: reader.text(&s::EPHEMERAL_TABLE),
        }
    }
}

/// Where pictures are served from.
#[derive(Clone, Debug)]
pub struct Avatars {
    /// What the URLs of pictures begin with, without a slash at the end.
    pub base_url: String,
}

impl Avatars {
    /// Reads the section.
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            base_url: reader.required(&s::AVATAR_BASE_URL, String::new, base_url),
        }
    }
}

/// An https URL with or without a path (http on a loopback address only).
fn base_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && is_on_loopback(&url));
    let bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (scheme && bare && url.host().is_some()).then(|| url.as_str().trim_end_matches('/').to_owned())
}
