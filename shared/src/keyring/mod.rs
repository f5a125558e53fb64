//! Signing keys and peppers: everything that rests on a secret of ours.
//!
//! - [`peppers`]: what codes, refresh tokens, cursors and suppressions are derived from, one HKDF label per use;
//! - [`signing`]: the ring of keys that sign access tokens, and its public half;
//! - [`accept`]: the strict reading of an access token (RFC 8725), of which [`signing`] is the only caller;
//! - [`refresh`], [`device`], [`cursor`]: the tokens that rest on a pepper;
//! - [`derive`]: every keyed hash of one address: its code, its MACs, the seal on a delivery id;
//! - [`token_pair`]: what a sign-in or a refresh hands out;
//! - [`fresh`]: makes new ones, for the operator's command line and the first deployment;
//! - [`reloading`]: how a rotation reaches a running function without a restart or a refused request.
//!
//! A function holds no more than it is granted: those that neither sign nor check access tokens hold
//! [`Peppers`] alone.

mod accept;
mod cursor;
pub mod derive;
mod device;
pub mod fresh;
mod jwk;
mod pem;
mod peppers;
mod refresh;
mod reloading;
mod signer;
mod signing;
pub mod token_pair;

pub use accept::{LEEWAY_SECONDS, MAX_TOKEN_BYTES, TokenRefusal};
pub use cursor::Cursor;
pub use device::DeviceToken;
pub use peppers::{Label, Pepper, Peppers};
pub use reloading::{FromSettings, KeyringHandle, Reload, Reloading};
pub use signing::{KeyState, SigningKeys};

use crate::config::Reader;

/// Everything secret that a function which signs or checks access tokens holds.
#[derive(Debug)]
pub struct Keyring {
    /// What codes, refresh tokens and cursors are derived from.
    pub peppers: Peppers,
    /// What access tokens are signed with.
    pub signing: SigningKeys,
}

impl FromSettings for Keyring {
    fn read(reader: &mut Reader) -> Self {
        Self {
            peppers: Peppers::read(reader),
            signing: SigningKeys::read(reader),
        }
    }
}

/// Whether two secrets are equal, in a time that depends on their lengths only.
#[must_use]
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}
