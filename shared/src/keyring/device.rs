//! Device tokens: proof that an address was once proven from here, so that strangers' failures do not hold it up.
//!
//! A token is bound to the account and to the address that was proven, and says nothing else; it signs nobody in.
//! It is void once the account is erased: the store compares its user with the one whom the address belongs to now.
//! Retiring the pepper voids every token made with it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Label, Pepper, Peppers, equal};
use crate::domain::id::UserId;
use crate::domain::token::crc32;

const PREFIX: &str = "dev_";
const LAYOUT: u8 = 1;

/// The making and the checking of device tokens.
#[derive(Debug)]
pub enum DeviceToken {}

impl DeviceToken {
    /// The token that says: on this device, `user` has proven the canonical `identifier`.
    #[must_use]
    pub fn issue(pepper: &Pepper, user: UserId, identifier: &str) -> String {
        let mut bytes = vec![LAYOUT];
        bytes.extend_from_slice(&pepper.version().to_be_bytes());
        bytes.extend_from_slice(user.as_bytes());
        bytes.extend_from_slice(&mac(pepper, user, identifier));
        let checksum = crc32(&bytes);
        bytes.extend_from_slice(&checksum.to_be_bytes());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The user that this token was made for, if it was made for this canonical `identifier`.
    ///
    /// The caller compares the user with the one whom the identifier belongs to now.
    #[must_use]
    pub fn verify(peppers: &Peppers, token: &str, identifier: &str) -> Option<UserId> {
        let body = token.strip_prefix(PREFIX).filter(|b| b.len() <= 64)?;
        let bytes = URL_SAFE_NO_PAD.decode(body).ok()?;
        let (parts, checksum) = bytes.split_last_chunk::<4>()?;
        let (layout, rest) = parts.split_first()?;
        let (version, rest) = rest.split_first_chunk::<4>()?;
        let (user, claimed) = rest.split_first_chunk::<16>()?;
        if *layout != LAYOUT || crc32(parts).to_be_bytes() != *checksum {
            return None;
        }
        let pepper = peppers.version(u32::from_be_bytes(*version))?;
        let user = UserId::from_bytes(*user);
        equal(&mac(pepper, user, identifier), claimed).then_some(user)
    }
}

fn mac(pepper: &Pepper, user: UserId, identifier: &str) -> [u8; 16] {
    let [mac @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        pepper.mac(Label::Device, &[user.as_bytes(), identifier.as_bytes()]);
    mac
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
        fn it_opens_for_its_address_alone(user: [u8; 16], address in "[a-z]{1,9}@[a-z]{1,9}", other in "[a-z]{1,9}@[a-z]{1,9}") {
            let user = UserId::from_bytes(user);
            let token = DeviceToken::issue(ring().current(), user, &address);
            prop_assert_eq!(DeviceToken::verify(&ring(), &token, &address), Some(user));
            prop_assume!(address != other);
            prop_assert_eq!(DeviceToken::verify(&ring(), &token, &other), None);
        }

        #[test]
        fn any_flipped_bit_is_refused(bit in 0_usize..(1 + 4 + 16 + 16) * 8) {
            let user = UserId::from_bytes([3; 16]);
            let token = DeviceToken::issue(ring().current(), user, "jane@example.com");
            let mut bytes = URL_SAFE_NO_PAD.decode(&token[PREFIX.len()..]).unwrap();
            let end = bytes.len() - 4;
            bytes[bit / 8] ^= 1 << (bit % 8);
            let repaired = crc32(&bytes[..end]).to_be_bytes();
            bytes[end..].copy_from_slice(&repaired);
            let forged = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
            prop_assert_eq!(DeviceToken::verify(&ring(), &forged, "jane@example.com"), None);
        }

        #[test]
        fn any_text_is_refused(text: String) {
            prop_assert_eq!(DeviceToken::verify(&ring(), &text, "jane@example.com"), None);
        }
    }
}
