//! Colours of wider or other spaces brought to sRGB, since the profile that explains them is not kept.
//!
//! Telephones write Display P3, some cameras Adobe RGB; shown as sRGB their pictures would look pale.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

/// The longest profile that is read, in bytes. Those of displays and cameras have a few hundred.
pub(crate) const MAX_PROFILE: usize = 64 * 1024;

/// Converts RGB or RGBA samples to sRGB in place. A profile that is broken, too long or not about RGB changes nothing:
/// the picture is then shown as if it had none.
pub(crate) fn to_srgb(samples: &mut Vec<u8>, channels: usize, icc: &[u8]) {
    let layout = match channels {
        3 => Layout::Rgb,
        4 => Layout::Rgba,
        _ => return,
    };
    if icc.len() > MAX_PROFILE {
        return;
    }
    let Ok(profile) = ColorProfile::new_from_slice(icc) else {
        return;
    };
    // Tables of any shape can hide in a profile; displays and cameras need a matrix and three curves.
    if profile.color_space != DataColorSpace::Rgb || !profile.is_matrix_shaper() {
        return;
    }
    let srgb = ColorProfile::new_srgb();
    let Ok(transform) =
        profile.create_transform_8bit(layout, &srgb, layout, TransformOptions::default())
    else {
        return;
    };
    let mut converted = vec![0; samples.len()];
    if transform.transform(samples, &mut converted).is_ok() {
        *samples = converted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_p3_red_becomes_more_saturated_in_srgb() {
        let p3 = ColorProfile::new_display_p3().encode().unwrap();
        let mut samples = vec![200, 60, 60, 128, 128, 128];
        to_srgb(&mut samples, 3, &p3);
        assert!(samples[0] > 200 && samples[1] < 60, "{samples:?}");
        assert!(
            samples[3..].iter().all(|grey| grey.abs_diff(128) <= 1),
            "{samples:?}"
        );
    }

    #[test]
    fn a_broken_profile_changes_nothing() {
        let p3 = ColorProfile::new_display_p3().encode().unwrap();
        for icc in [&b"not a profile"[..], &p3[..p3.len() / 2], &[0; 200_000]] {
            let mut samples = vec![200, 60, 60];
            to_srgb(&mut samples, 3, icc);
            assert_eq!(samples, [200, 60, 60]);
        }
    }
}
