//! What the functions know of an edge in front of the API (infra/edge.yaml).

use secrecy::SecretString;

use super::reader::Reader;
use super::settings as s;

/// Whether requests come through an edge, and what happens to those that do not.
#[derive(Clone, Debug)]
pub enum Edge {
    /// No edge: nothing that an edge would say is believed.
    Off,
    /// There is one, and the way past it is still open: for the hours in which the domain moves to it or away from it.
    Optional(EdgeSecrets),
    /// There is one, and requests that bypass it are refused.
    Required(EdgeSecrets),
}

/// What the edge sends along so that it is known: the one in use, and during a change of it the other one.
#[derive(Clone, Debug)]
pub struct EdgeSecrets(pub Vec<SecretString>);

impl Edge {
    /// Reads the section.
    pub fn read(reader: &mut Reader) -> Self {
        let kind = reader.required(
            &s::EDGE,
            || "off",
            |text| {
                ["off", "optional", "required"]
                    .into_iter()
                    .find(|word| *word == text)
            },
        );
        match kind {
            "optional" => Self::Optional(EdgeSecrets::read(reader)),
            "required" => Self::Required(EdgeSecrets::read(reader)),
            _ => Self::Off,
        }
    }
}

impl EdgeSecrets {
    /// Reads the secrets, which must be there.
    pub fn read(reader: &mut Reader) -> Self {
        reader.required(&s::EDGE_SECRETS, || Self(Vec::new()), secrets)
    }
}

/// One or two secrets, each long enough that nobody guesses it and such that a header can carry it.
fn secrets(text: &str) -> Option<EdgeSecrets> {
    let all: Vec<_> = text.split(',').map(str::trim).collect();
    let good = |secret: &&str| {
        (32..=128).contains(&secret.len()) && secret.bytes().all(|b| b.is_ascii_graphic())
    };
    ((1..=2).contains(&all.len()) && all.iter().all(good))
        .then(|| EdgeSecrets(all.into_iter().map(SecretString::from).collect()))
}
