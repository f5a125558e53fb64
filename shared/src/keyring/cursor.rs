//! Cursors: where a list goes on, sealed so that they can be neither read, nor made, nor moved to another list.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Label, Pepper, Peppers};

/// The longest cursor that is read, in bytes.
const MAX_BYTES: usize = 2048;

/// The making and the opening of cursors.
#[derive(Debug)]
pub enum Cursor {}

impl Cursor {
    /// Seals `position` for the list that `scope` names: the route, and whose list it is.
    ///
    /// The nonce is a MAC of scope and position, so it repeats with the very same message only, and the same place
    /// has the same cursor (the construction of RFC 8452 in spirit).
    #[must_use]
    pub fn seal(pepper: &Pepper, scope: &[&[u8]], position: &[u8]) -> String {
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&mac(pepper, b"nonce", scope, position)[..NONCE_LEN]);
        let mut sealed = position.to_vec();
        key(pepper, scope)
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::empty(),
                &mut sealed,
            )
            .expect("a position is far shorter than AES-GCM's limit");
        let version = pepper.version().to_be_bytes();
        URL_SAFE_NO_PAD.encode([version.as_slice(), &nonce, &sealed].concat())
    }

    /// The position in a cursor that was sealed for this scope; `None` for every other text.
    #[must_use]
    pub fn open(peppers: &Peppers, scope: &[&[u8]], cursor: &str) -> Option<Vec<u8>> {
        let bytes = (cursor.len() <= MAX_BYTES)
            .then(|| URL_SAFE_NO_PAD.decode(cursor).ok())
            .flatten()?;
        let (version, rest) = bytes.split_first_chunk::<4>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let pepper = peppers.version(u32::from_be_bytes(*version))?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let position = key(pepper, scope).open_in_place(nonce, Aad::empty(), &mut sealed);
        position.ok().map(|position| position.to_vec())
    }
}

/// A key for each list: what opens one list's cursors opens no other's.
fn key(pepper: &Pepper, scope: &[&[u8]]) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, &mac(pepper, b"key", scope, b""));
    LessSafeKey::new(key.expect("a MAC has the 32 bytes of an AES-256 key"))
}

fn mac(pepper: &Pepper, purpose: &[u8], scope: &[&[u8]], position: &[u8]) -> [u8; 32] {
    let mut parts = vec![purpose];
    parts.extend_from_slice(scope);
    parts.push(position);
    pepper.mac(Label::Cursor, &parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ring() -> Peppers {
        Peppers::single(Pepper::new(5, &[1; 32]))
    }

    proptest! {
        #[test]
        fn a_cursor_opens_in_its_own_list_alone(position: Vec<u8>, scope: [Vec<u8>; 2], other: [Vec<u8>; 2]) {
            let scope = scope.each_ref().map(Vec::as_slice);
            let other = other.each_ref().map(Vec::as_slice);
            let cursor = Cursor::seal(ring().current(), &scope, &position);
            prop_assert_eq!(&cursor, &Cursor::seal(ring().current(), &scope, &position));
            prop_assert_eq!(Cursor::open(&ring(), &scope, &cursor), Some(position));
            prop_assume!(scope != other);
            prop_assert_eq!(Cursor::open(&ring(), &other, &cursor), None);
        }

        #[test]
        fn any_flipped_bit_is_refused(position in proptest::collection::vec(any::<u8>(), 0..40), pick: prop::sample::Index) {
            let cursor = Cursor::seal(ring().current(), &[b"list"], &position);
            let mut bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap();
            let bit = pick.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Cursor::open(&ring(), &[b"list"], &URL_SAFE_NO_PAD.encode(bytes)), None);
        }

        #[test]
        fn any_text_is_refused(text: String) {
            prop_assert_eq!(Cursor::open(&ring(), &[b"list"], &text), None);
        }
    }
}
