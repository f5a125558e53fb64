//! Randomness, from the operating system and from nowhere else.

use rand::TryRng;
use rand::rngs::SysRng;

/// `N` fresh bytes from the operating system's generator.
///
/// # Panics
/// When the operating system has no randomness to give: no code, key or token may be made then.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system gives randomness");
    bytes
}
