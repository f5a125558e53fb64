//! Peppers: secrets from which everything else is derived, a key of its own for each use.

use std::fmt;

use aws_lc_rs::{hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD_INDIFFERENT, URL_SAFE_NO_PAD_INDIFFERENT};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::reloading::FromSettings;
use crate::config::Reader;
use crate::config::settings::PEPPERS;
use crate::entropy;

/// The fewest bytes of a pepper.
const MIN_BYTES: usize = 32;

/// What a pepper is used for; each use has a key of its own (RFC 5869 section 3.2), so that what one use shows can
/// never be presented to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// One-time codes.
    Code,
    /// Refresh tokens.
    Refresh,
    /// Delivery ids, and the recipient of a delivery.
    Delivery,
    /// Device tokens.
    Device,
    /// Cursors of lists.
    Cursor,
    /// Suppressed addresses.
    Suppression,
}

impl Label {
    /// Every use, in the order of a pepper's keys.
    pub const ALL: [Self; 6] = [
        Self::Code,
        Self::Refresh,
        Self::Delivery,
        Self::Device,
        Self::Cursor,
        Self::Suppression,
    ];

    fn info(self) -> &'static [u8] {
        match self {
            Self::Code => b"latchkey/1/code",
            Self::Refresh => b"latchkey/1/refresh",
            Self::Delivery => b"latchkey/1/delivery",
            Self::Device => b"latchkey/1/device",
            Self::Cursor => b"latchkey/1/cursor",
            Self::Suppression => b"latchkey/1/suppression",
        }
    }
}

/// One pepper: a key for each [`Label`], and the version that tells it from the others.
pub struct Pepper {
    version: u32,
    keys: [hmac::Key; Label::ALL.len()],
}

impl Pepper {
    /// Derives the keys of every use from `secret`: HKDF-SHA256 (RFC 5869), then HMAC-SHA256 under the derived key.
    #[must_use]
    pub fn new(version: u32, secret: &[u8]) -> Self {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"latchkey").extract(secret);
        let keys = Label::ALL.map(|label| {
            let mut key = Zeroizing::new([0; 32]);
            root.expand(&[label.info()], hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(key.as_mut()))
                .expect("32 bytes are one block of HKDF-SHA256");
            hmac::Key::new(hmac::HMAC_SHA256, key.as_ref())
        });
        Self { version, keys }
    }

    /// The number under which the ring keeps it.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// HMAC-SHA256 over `parts`, each behind its length, so that no two lists of parts have the same MAC.
    #[must_use]
    pub fn mac(&self, label: Label, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.keys[label as usize]);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut mac = [0; 32];
        mac.copy_from_slice(context.sign().as_ref());
        mac
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pepper")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The peppers that count: the current one makes new values, the others check what was made with them. A next one is
/// known before it makes anything, so that a function whose ring is a minute old knows it too.
#[derive(Debug)]
pub struct Peppers(Vec<Pepper>);

impl Peppers {
    /// Reads `PEPPERS`: a JSON list of `{version, secret, state}`, each secret 32 bytes or more in base64. `state` is
    /// `current`, `next` or `previous`; where no entry has one, the first is current.
    pub fn read(reader: &mut Reader) -> Self {
        let peppers = reader.required(&PEPPERS, || None, |text| parse(text).map(Some));
        // The start is refused then; until it is, nothing may rest on a secret that anybody knows.
        peppers.unwrap_or_else(|| Self(vec![Pepper::new(0, &entropy::bytes::<32>())]))
    }

    /// A ring of one pepper.
    #[must_use]
    pub fn single(pepper: Pepper) -> Self {
        Self(vec![pepper])
    }

    /// A ring of these, the first one current; `None` for an empty list or two of one version.
    #[must_use]
    pub fn from_list(peppers: Vec<Pepper>) -> Option<Self> {
        let mut versions: Vec<_> = peppers.iter().map(Pepper::version).collect();
        versions.sort_unstable();
        versions.dedup();
        (!peppers.is_empty() && versions.len() == peppers.len()).then_some(Self(peppers))
    }

    /// The one that makes new values.
    #[must_use]
    pub fn current(&self) -> &Pepper {
        self.0.first().expect("a ring is never empty")
    }

    /// The one with this version, if it still counts.
    #[must_use]
    pub fn version(&self, version: u32) -> Option<&Pepper> {
        self.iter().find(|pepper| pepper.version == version)
    }

    /// All of them, the current one first.
    pub fn iter(&self) -> impl Iterator<Item = &Pepper> {
        self.0.iter()
    }
}

impl FromSettings for Peppers {
    fn read(reader: &mut Reader) -> Self {
        Self::read(reader)
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    version: u32,
    secret: SecretString,
    state: Option<State>,
}

#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Current,
    Next,
    Previous,
}

fn parse(text: &str) -> Option<Peppers> {
    let mut entries: Vec<Entry> = serde_json::from_str(text).ok()?;
    let has = |state| {
        entries
            .iter()
            .filter(|entry| entry.state == Some(state))
            .count()
    };
    let named = entries.iter().any(|entry| entry.state.is_some());
    if named && has(State::Current) != 1 {
        return None;
    }
    // The sort is stable: the others keep their order.
    entries.sort_by_key(|entry| named && entry.state != Some(State::Current));
    let peppers = entries.iter().map(|entry| {
        let secret = decode(entry.secret.expose_secret())?;
        (secret.len() >= MIN_BYTES).then(|| Pepper::new(entry.version, &secret))
    });
    Peppers::from_list(peppers.collect::<Option<_>>()?)
}

/// Base64 in either alphabet, padded or not: operators' tools differ.
fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    STANDARD_NO_PAD_INDIFFERENT
        .decode(text)
        .or_else(|_| URL_SAFE_NO_PAD_INDIFFERENT.decode(text))
        .ok()
        .map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{SecretDocument, Variables};
    use proptest::prelude::*;

    const A: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="; // 32 times "A"
    const B: &str = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI"; // 32 times "B", unpadded

    fn read(text: &str) -> Result<Peppers, String> {
        let variables: Variables = [("PEPPERS", text)].into_iter().collect();
        let nothing = SecretDocument::default();
        let mut reader = Reader::new(&variables, &nothing);
        let peppers = Peppers::read(&mut reader);
        reader.finish(peppers).map_err(|c| c.to_string())
    }

    #[test]
    fn the_first_makes_and_all_check() {
        let text =
            format!(r#"[{{"version": 7, "secret": "{A}"}}, {{"version": 3, "secret": "{B}"}}]"#);
        let ring = read(&text).unwrap();
        assert_eq!(ring.current().version(), 7);
        assert_eq!(ring.version(3).unwrap().version(), 3);
        assert!(ring.version(4).is_none());
        let direct = Pepper::new(7, &[b'A'; 32]);
        assert_eq!(
            ring.current().mac(Label::Code, &[b"x"]),
            direct.mac(Label::Code, &[b"x"])
        );
    }

    #[test]
    fn a_ring_may_name_its_current_pepper() {
        let ring = |a: &str, b: &str| {
            read(&format!(
                r#"[{{"version": 2, "secret": "{A}"{a}}}, {{"version": 1, "secret": "{B}"{b}}}]"#
            ))
        };
        let current = r#", "state": "current""#;
        let next = r#", "state": "next""#;
        let read = ring(next, current).unwrap();
        assert_eq!(read.current().version(), 1);
        assert_eq!(read.version(2).unwrap().version(), 2, "it is known already");
        assert_eq!(ring(current, "").unwrap().current().version(), 2);
        assert_eq!(ring("", current).unwrap().current().version(), 1);
        for (a, b) in [
            (current, current),
            (next, ""),
            (r#", "state": "best""#, current),
        ] {
            assert!(ring(a, b).is_err(), "{a} {b}");
        }
    }

    #[test]
    fn a_wrong_ring_is_a_sentence_without_the_secret() {
        let short = "c2hvcnQtc2VjcmV0LXNob3J0";
        for wrong in [
            "",
            "[]",
            "{}",
            "hello",
            &format!(r#"[{{"version": 1, "secret": "{short}"}}]"#),
            &format!(r#"[{{"version": -1, "secret": "{A}"}}]"#),
            &format!(r#"[{{"version": 1, "secret": "{A}", "more": 1}}]"#),
            &format!(r#"[{{"version": 1, "secret": "{A}"}}, {{"version": 1, "secret": "{B}"}}]"#),
            r#"[{"version": 1, "secret": "not base64 at all, but long enough for 32"}]"#,
        ] {
            let complaint = read(wrong).unwrap_err();
            assert!(complaint.starts_with("PEPPERS: "), "{complaint}");
            assert!(complaint.contains("expected a JSON list"), "{complaint}");
            for secret in [short, A, B, "not base64"] {
                assert!(!complaint.contains(secret), "{complaint}");
            }
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let shown = format!(
            "{:?}",
            read(&format!(r#"[{{"version": 1, "secret": "{A}"}}]"#))
        );
        assert!(
            !shown.contains("AAAA") && !shown.contains("QUFB"),
            "{shown}"
        );
    }

    #[test]
    fn the_derivation_never_changes() {
        // Stored values rest on these: a change of salt, label or layout would void every token and suppression.
        // Computed by Python's hmac and hashlib.
        let pepper = Pepper::new(1, &[b'A'; 32]);
        let macs = Label::ALL.map(|label| hex::encode(pepper.mac(label, &[b"part", b""])));
        assert_eq!(
            macs,
            [
                "004eee879008e1d6f458f5603df8240b89dd31f6c88fe63c87c9b53711f64fb7",
                "83487929a16997664cda9fb955a8620ed8c5e7f8aa36e5d861746e8c73927f9d",
                "052b54758a0026cbdfd74366ba2aa35311e5de570dd8b905bbb851c879871ba3",
                "f260380b2dac41ca14ea56a9dd135061704cbfa3d193d01bc208d42b77154efe",
                "0c82182d6bf26052e0bded75b8737752bc1b3ab02227ec2dee247e1a171989f0",
                "89cae100f7b11e3415d620677fe2f618e48e357dde8a070e9be435ec1aed7997",
            ]
        );
    }

    proptest! {
        #[test]
        fn uses_versions_and_splits_never_share_a_mac(a: Vec<u8>, b: Vec<u8>, other in 1_u8..) {
            let pepper = Pepper::new(1, &[7; 32]);
            let mac = pepper.mac(Label::Code, &[&a, &b]);
            for label in &Label::ALL[1..] {
                prop_assert_ne!(mac, pepper.mac(*label, &[&a, &b]));
            }
            let whole = [a.as_slice(), b.as_slice()].concat();
            prop_assert_ne!(mac, pepper.mac(Label::Code, &[&whole]));
            prop_assert_ne!(mac, Pepper::new(1, &[7 ^ other; 32]).mac(Label::Code, &[&a, &b]));
        }
    }
}
