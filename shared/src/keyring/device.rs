//! Device tokens: proof that an address was once proven from here, so that strangers' failures do not hold it up.
//!
//! A token is bound to the claim of an account on the address that was proven, and says nothing else; it signs nobody in.
//! It is void once the claim is: when the address is given up, also where the account takes it again, and when the account is
//! erased. Ending sessions does not end it. Retiring the pepper voids every token made with it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Label, Pepper, Peppers, equal};
use crate::domain::claim::Claim;
use crate::domain::id::UserId;
use crate::domain::token::crc32;

const PREFIX: &str = "dev_";
/// With the moment of the claim; 1 was without, of claims that had none.
const LAYOUT: u8 = 2;

/// The making and the checking of device tokens.
#[derive(Debug)]
pub enum DeviceToken {}

impl DeviceToken {
    /// The token that says: on this device, the user of this claim has proven the canonical `identifier`.
    #[must_use]
    pub fn issue(pepper: &Pepper, claim: Claim, identifier: &str) -> String {
        let mut bytes = vec![LAYOUT];
        bytes.extend_from_slice(&pepper.version().to_be_bytes());
        bytes.extend_from_slice(claim.user.as_bytes());
        bytes.extend_from_slice(&claim.since.to_be_bytes());
        bytes.extend_from_slice(&mac(pepper, claim, identifier));
        let checksum = crc32(&bytes);
        bytes.extend_from_slice(&checksum.to_be_bytes());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The claim that this token was made under, if it was made for this canonical `identifier`.
    ///
    /// The caller compares it with the claim on the identifier as it is now.
    #[must_use]
    pub fn verify(peppers: &Peppers, token: &str, identifier: &str) -> Option<Claim> {
        let body = token.strip_prefix(PREFIX).filter(|b| b.len() <= 72)?;
        let bytes = URL_SAFE_NO_PAD.decode(body).ok()?;
        let (parts, checksum) = bytes.split_last_chunk::<4>()?;
        let (layout, rest) = parts.split_first()?;
        let (version, rest) = rest.split_first_chunk::<4>()?;
        let (user, rest) = rest.split_first_chunk::<16>()?;
        let (since, claimed) = match *layout {
            1 => (0, rest),
            LAYOUT => {
                let (since, rest) = rest.split_first_chunk::<8>()?;
                (i64::from_be_bytes(*since), rest)
            }
            _ => return None,
        };
        if crc32(parts).to_be_bytes() != *checksum {
            return None;
        }
        let pepper = peppers.version(u32::from_be_bytes(*version))?;
        let user = UserId::from_bytes(*user);
        let claim = Claim { user, since };
        equal(&mac(pepper, claim, identifier), claimed).then_some(claim)
    }
}

/// Over the moment of the claim where there is one, so that tokens of the first layout stay good for claims without.
fn mac(pepper: &Pepper, claim: Claim, identifier: &str) -> [u8; 16] {
    let since = claim.since.to_be_bytes();
    let mut parts: Vec<&[u8]> = vec![claim.user.as_bytes(), identifier.as_bytes()];
    if claim.since != 0 {
        parts.push(&since);
    }
    let [mac @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        pepper.mac(Label::Device, &parts);
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
        fn it_opens_for_its_address_alone(user: [u8; 16], since in 0_i64.., address in "[a-z]{1,9}@[a-z]{1,9}", other in "[a-z]{1,9}@[a-z]{1,9}") {
            let claim = Claim { user: UserId::from_bytes(user), since };
            let token = DeviceToken::issue(ring().current(), claim, &address);
            prop_assert_eq!(DeviceToken::verify(&ring(), &token, &address), Some(claim));
            prop_assume!(address != other);
            prop_assert_eq!(DeviceToken::verify(&ring(), &token, &other), None);
        }

        #[test]
        fn any_flipped_bit_is_refused(bit in 0_usize..(1 + 4 + 16 + 8 + 16) * 8) {
            let claim = Claim { user: UserId::from_bytes([3; 16]), since: 1_800_000_000_000 };
            let token = DeviceToken::issue(ring().current(), claim, "jane@example.com");
            let mut bytes = URL_SAFE_NO_PAD.decode(&token[PREFIX.len()..]).unwrap();
            let end = bytes.len() - 4;
            bytes[bit / 8] ^= 1 << (bit % 8);
            let repaired = crc32(&bytes[..end]).to_be_bytes();
            bytes[end..].copy_from_slice(&repaired);
            let forged = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
            prop_assert_eq!(DeviceToken::verify(&ring(), &forged, "jane@example.com"), None);
        }

        #[test]
        fn a_token_of_the_first_layout_is_of_a_claim_without_a_moment(user: [u8; 16]) {
            let claim = Claim { user: UserId::from_bytes(user), since: 0 };
            let mut bytes = vec![1];
            bytes.extend_from_slice(&5_u32.to_be_bytes());
            bytes.extend_from_slice(&user);
            bytes.extend_from_slice(&mac(ring().current(), claim, "jane@example.com"));
            let checksum = crc32(&bytes);
            bytes.extend_from_slice(&checksum.to_be_bytes());
            let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
            prop_assert_eq!(DeviceToken::verify(&ring(), &token, "jane@example.com"), Some(claim));
        }

        #[test]
        fn any_text_is_refused(text: String) {
            prop_assert_eq!(DeviceToken::verify(&ring(), &text, "jane@example.com"), None);
        }
    }
}
