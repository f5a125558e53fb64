//! What a signed-in client holds: the claims of its access token, and the parts of its refresh token.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::id::{SessionId, UserId};

/// The claims of an access token (RFC 9068 section 2.2).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct AccessClaims {
    /// Who issued it: the API's public URL.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// Whose it is.
    pub sub: UserId,
    /// Its session; when that ends, so does the token.
    pub sid: SessionId,
    /// Its own name.
    pub jti: String,
    /// When it was issued, in seconds since 1970.
    #[cfg_attr(feature = "document", schema(minimum = 0))]
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    #[cfg_attr(feature = "document", schema(minimum = 0))]
    pub exp: i64,
    /// When a code was proven, in seconds since 1970, however often the session was refreshed since.
    #[cfg_attr(feature = "document", schema(minimum = 0))]
    pub auth_time: i64,
    /// How: `otp`, and `email`, `sms` or `whatsapp` (RFC 8176 names the first and the third).
    pub amr: Vec<String>,
    /// What the person may do beyond their own profile.
    pub roles: Vec<String>,
    /// The application.
    pub client_id: String,
}

/// What stands before a refresh token, so that people and secret scanners know it.
pub const REFRESH_PREFIX: &str = "rt_";

/// Bytes of a refresh token's MAC.
const MAC: usize = 16;
/// Bytes under the MAC: layout, pepper version, user, session, generation, secret.
const BOUND: usize = 1 + 4 + 16 + 16 + 4 + 16;
/// Bytes of the whole token: those under the MAC, the MAC, a CRC-32.
const WHOLE: usize = BOUND + MAC + 4;
/// The layout that this file writes and reads.
const LAYOUT: u8 = 1;

/// A refresh token: `rt_` and base64url of its parts, a MAC over them, and a checksum.
///
/// Its holder may act for its session, so it has no `Display`, and `Debug` shows no more than its names.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The pepper that the MAC is made with.
    pub pepper_version: u32,
    /// Whose session it refreshes.
    pub user: UserId,
    pub session: SessionId,
    /// How often the session was refreshed before this token was made.
    pub generation: u32,
    /// The session's random bytes, which the store knows by their hash only.
    pub secret: [u8; 16],
    /// Over [`RefreshToken::bound`]; a parsed token's MAC is checked by the keyring, and by it alone.
    pub mac: [u8; MAC],
}

impl RefreshToken {
    /// Reads a token whose spelling and checksum are right; nobody has checked its MAC yet.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let body = text.strip_prefix(REFRESH_PREFIX)?;
        let bytes = URL_SAFE_NO_PAD.decode(body).ok()?;
        let (parts, checksum) = bytes.split_last_chunk::<4>()?;
        let (bound, mac) = parts.split_last_chunk::<MAC>()?;
        if bytes.len() != WHOLE || crc32(parts).to_be_bytes() != *checksum {
            return None;
        }
        let (layout, rest) = bound.split_first()?;
        let (pepper_version, rest) = rest.split_first_chunk::<4>()?;
        let (user, rest) = rest.split_first_chunk::<16>()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let (generation, secret) = rest.split_first_chunk::<4>()?;
        (*layout == LAYOUT).then_some(Self {
            pepper_version: u32::from_be_bytes(*pepper_version),
            user: UserId::from_bytes(*user),
            session: SessionId::from_bytes(*session),
            generation: u32::from_be_bytes(*generation),
            secret: secret.try_into().ok()?,
            mac: *mac,
        })
    }

    /// The token's text, for its person's eyes only.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut bytes = self.bound();
        bytes.extend_from_slice(&self.mac);
        let checksum = crc32(&bytes);
        bytes.extend_from_slice(&checksum.to_be_bytes());
        format!("{REFRESH_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The bytes that the MAC is made over.
    #[must_use]
    pub fn bound(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(WHOLE);
        bytes.push(LAYOUT);
        bytes.extend_from_slice(&self.pepper_version.to_be_bytes());
        bytes.extend_from_slice(self.user.as_bytes());
        bytes.extend_from_slice(self.session.as_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.secret);
        bytes
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("session", &self.session)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// CRC-32 (ISO 3309, as in PNG): tells a typo or a cut-off copy from a token; it protects nothing.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn tokens()(
            pepper_version: u32, user: [u8; 16], session: [u8; 16], generation: u32, secret: [u8; 16], mac: [u8; 16],
        ) -> RefreshToken {
            RefreshToken {
                pepper_version,
                user: UserId::from_bytes(user),
                session: SessionId::from_bytes(session),
                generation,
                secret,
                mac,
            }
        }
    }

    proptest! {
        #[test]
        fn every_token_reads_back(token in tokens()) {
            let text = token.encode();
            prop_assert!(text.len() < 120 && text.starts_with("rt_"));
            prop_assert_eq!(RefreshToken::parse(&text), Some(token));
        }

        #[test]
        fn a_slip_of_one_character_is_noticed(token in tokens(), at in 0_usize..107, to in "[ -~]") {
            let mut text = token.encode();
            prop_assume!(at < text.len() && text[at..=at] != to);
            text.replace_range(at..=at, &to);
            prop_assert_eq!(RefreshToken::parse(&text), None);
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            prop_assert_eq!(RefreshToken::parse(&text), None);
        }
    }

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn what_is_shown_opens_nothing() {
        let token = RefreshToken {
            pepper_version: 1,
            user: UserId::from_bytes([1; 16]),
            session: SessionId::from_bytes([2; 16]),
            generation: 3,
            secret: [0xAB; 16],
            mac: [0xCD; 16],
        };
        let shown = format!("{token:?}");
        assert!(!shown.contains("171") && !shown.contains("205"), "{shown}");
    }
}
