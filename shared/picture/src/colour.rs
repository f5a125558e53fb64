//! Colours of wider or other spaces brought to sRGB, since what explains them is not kept.
//!
//! Telephones write Display P3, some cameras Adobe RGB; shown as sRGB their pictures would look pale. The space is
//! named by an ICC profile, and in a PNG also by code points (cICP) or by a gamma and chromaticities (gAMA, cHRM).

use std::array;

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace,
    Layout, MatrixCoefficients, ToneReprCurve, TransferCharacteristics, TransformOptions, XyY,
    Xyzd,
};

/// The longest profile that is read, in bytes. Those of displays and cameras have a few hundred.
pub(crate) const MAX_PROFILE: usize = 64 * 1024;

/// The luminance that high dynamic range pictures give to plain white, in cd/m² (ITU-R BT.2408). What is brighter is
/// shown white.
const WHITE: f64 = 203.0;

/// A colour space other than sRGB: primaries, white point and a curve for each channel.
pub(crate) struct Space(Box<ColorProfile>);

impl Space {
    /// The space of an ICC profile. `None` for one that is broken, too long or not about RGB: the picture is then shown
    /// as if it had none.
    pub(crate) fn of_icc(icc: &[u8]) -> Option<Self> {
        if icc.len() > MAX_PROFILE {
            return None;
        }
        let profile = ColorProfile::new_from_slice(icc).ok()?;
        // Tables of any shape can hide in a profile; displays and cameras need a matrix and three curves.
        let plain = profile.color_space == DataColorSpace::Rgb && profile.is_matrix_shaper();
        plain.then(|| Self(Box::new(profile)))
    }

    /// The space of two code points (ITU-T H.273, tables 2 and 3), full range. `None` for reserved and unspecified
    /// ones.
    pub(crate) fn of_code_points(primaries: u8, transfer: u8) -> Option<Self> {
        let curve = match transfer {
            // What cameras of television encode with; it is shown by ITU-R BT.1886.
            1 | 6 | 11 | 14 | 15 => Some(ToneReprCurve::Parametric(vec![2.4])),
            16 => Some(high_range(perceptual_quantiser)),
            18 => Some(high_range(hybrid_log_gamma)),
            _ => None,
        };
        let transfer_characteristics = match curve {
            // Its curve is replaced below.
            Some(_) => TransferCharacteristics::Srgb,
            None => TransferCharacteristics::try_from(transfer).ok()?,
        };
        let mut profile = ColorProfile::new_from_cicp(CicpProfile {
            color_primaries: CicpColorPrimaries::try_from(primaries).ok()?,
            transfer_characteristics,
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: true,
        });
        if let Some(curve) = curve {
            set_curve(&mut profile, curve);
        }
        profile.is_matrix_shaper().then(|| Self(Box::new(profile)))
    }

    /// The space of a PNG's gamma, the exponent that samples were encoded with, and of its chromaticities (white, red,
    /// green, blue); without these, sRGB's. `None` for what no display ever was.
    pub(crate) fn of_gamma(gamma: f32, chromaticities: Option<[Chromaticity; 4]>) -> Option<Self> {
        if !(0.1..=2.0).contains(&gamma) {
            return None;
        }
        let mut profile = ColorProfile::new_srgb();
        if let Some([white, red, green, blue]) = chromaticities {
            if !is_triangle(red, green, blue) || white.y <= 0.0 {
                return None;
            }
            let white = XyY::new(white.x.into(), white.y.into(), 1.0);
            profile.update_rgb_colorimetry(white, ColorPrimaries { red, green, blue });
        }
        set_curve(&mut profile, ToneReprCurve::Parametric(vec![gamma.recip()]));
        let colorants = [
            profile.red_colorant,
            profile.green_colorant,
            profile.blue_colorant,
        ];
        let is_finite = |c: &Xyzd| c.x.is_finite() && c.y.is_finite() && c.z.is_finite();
        colorants
            .iter()
            .all(is_finite)
            .then(|| Self(Box::new(profile)))
    }

    /// Converts samples of 1 to 4 channels to sRGB in place.
    pub(crate) fn to_srgb(&self, samples: &mut Vec<u8>, channels: usize) {
        if channels >= 3 {
            if let Some(converted) = self.converted(samples, channels) {
                *samples = converted;
            }
            return;
        }
        // Grey has no primaries: only the curve shows.
        let greys: [[u8; 3]; 256] = array::from_fn(|grey| [grey.to_le_bytes()[0]; 3]);
        if let Some(converted) = self.converted(greys.as_flattened(), 3) {
            for grey in samples.iter_mut().step_by(channels) {
                *grey = converted[3 * usize::from(*grey) + 1];
            }
        }
    }

    fn converted(&self, samples: &[u8], channels: usize) -> Option<Vec<u8>> {
        let layout = match channels {
            3 => Layout::Rgb,
            _ => Layout::Rgba,
        };
        let srgb = ColorProfile::new_srgb();
        let transform = self
            .0
            .create_transform_8bit(layout, &srgb, layout, TransformOptions::default())
            .ok()?;
        let mut converted = vec![0; samples.len()];
        transform.transform(samples, &mut converted).ok()?;
        Some(converted)
    }
}

/// Whether three primaries span a gamut.
fn is_triangle(red: Chromaticity, green: Chromaticity, blue: Chromaticity) -> bool {
    let across = (green.x - red.x) * (blue.y - red.y) - (green.y - red.y) * (blue.x - red.x);
    across.abs() > 0.001 && [red, green, blue].iter().all(|corner| corner.y > 0.0)
}

/// One curve for all channels, in place of what code points say.
fn set_curve(profile: &mut ColorProfile, curve: ToneReprCurve) {
    profile.cicp = None;
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
}

/// The curve that shows plain white as white.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to 65,535"
)]
fn high_range(luminance: fn(f64) -> f64) -> ToneReprCurve {
    let curve = (0..4_096).map(|n| {
        let shown = luminance(f64::from(n) / 4_095.0) / WHITE;
        (shown.min(1.0) * 65_535.0).round() as u16
    });
    ToneReprCurve::Lut(curve.collect())
}

/// The luminance of a sample in cd/m² (SMPTE ST 2084).
fn perceptual_quantiser(sample: f64) -> f64 {
    let root = sample.powf(32.0 / 2_523.0);
    let linear = (root - 3_424.0 / 4_096.0).max(0.0) / (2_413.0 / 128.0 - 2_392.0 / 128.0 * root);
    10_000.0 * linear.powf(8_192.0 / 1_305.0)
}

/// The luminance of a sample in cd/m² on a display of 1,000 (ITU-R BT.2100), for each channel by itself.
fn hybrid_log_gamma(sample: f64) -> f64 {
    let scene = if sample <= 0.5 {
        sample * sample / 3.0
    } else {
        (((sample - 0.559_910_73) / 0.178_832_77).exp() + 0.284_668_92) / 12.0
    };
    1_000.0 * scene.powf(1.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(space: &Space, samples: &[u8], channels: usize) -> Vec<u8> {
        let mut samples = samples.to_vec();
        space.to_srgb(&mut samples, channels);
        samples
    }

    fn is_near(left: &[u8], right: &[u8]) -> bool {
        left.len() == right.len() && left.iter().zip(right).all(|(l, r)| l.abs_diff(*r) <= 2)
    }

    fn xy(x: f32, y: f32) -> Chromaticity {
        Chromaticity { x, y }
    }

    const COLOURS: [u8; 15] = [
        200, 60, 60, 60, 200, 60, 90, 100, 200, 128, 128, 128, 250, 240, 30,
    ];

    #[test]
    fn display_p3_red_becomes_more_saturated_in_srgb() {
        let p3 = ColorProfile::new_display_p3().encode().unwrap();
        let samples = converted(
            &Space::of_icc(&p3).unwrap(),
            &[200, 60, 60, 128, 128, 128],
            3,
        );
        assert!(samples[0] > 200 && samples[1] < 60, "{samples:?}");
        assert!(is_near(&samples[3..], &[128; 3]), "{samples:?}");
    }

    #[test]
    fn a_broken_profile_is_none() {
        let p3 = ColorProfile::new_display_p3().encode().unwrap();
        for icc in [
            &b"not a profile"[..],
            &p3[..p3.len() / 2],
            &vec![0; 200_000],
        ] {
            assert!(Space::of_icc(icc).is_none());
        }
    }

    #[test]
    fn one_space_is_the_same_however_it_is_named() {
        let p3 = ColorProfile::new_display_p3().encode().unwrap();
        let by_icc = converted(&Space::of_icc(&p3).unwrap(), &COLOURS, 3);
        let by_points = converted(&Space::of_code_points(12, 13).unwrap(), &COLOURS, 3);
        assert!(is_near(&by_icc, &by_points), "{by_icc:?} {by_points:?}");
        let adobe = ColorProfile::new_adobe_rgb().encode().unwrap();
        let by_icc = converted(&Space::of_icc(&adobe).unwrap(), &COLOURS, 3);
        let chromaticities = [
            xy(0.3127, 0.329),
            xy(0.64, 0.33),
            xy(0.21, 0.71),
            xy(0.15, 0.06),
        ];
        let by_gamma = Space::of_gamma(0.454_71, Some(chromaticities)).unwrap();
        let by_gamma = converted(&by_gamma, &COLOURS, 3);
        assert!(is_near(&by_icc, &by_gamma), "{by_icc:?} {by_gamma:?}");
    }

    #[test]
    fn srgb_by_code_points_stays() {
        let samples = converted(&Space::of_code_points(1, 13).unwrap(), &COLOURS, 3);
        assert!(is_near(&samples, &COLOURS), "{samples:?}");
    }

    /// 255 · sRGB(0.5): half of the light is 188.
    #[test]
    fn a_linear_picture_becomes_brighter_and_keeps_its_alpha() {
        let linear = Space::of_gamma(1.0, None).unwrap();
        assert!(is_near(
            &converted(&linear, &[128, 0, 255], 3),
            &[188, 0, 255]
        ));
        assert_eq!(converted(&linear, &[128, 0, 255, 77], 4)[3], 77);
        assert!(is_near(
            &converted(&linear, &[128, 0, 255], 1),
            &[188, 0, 255]
        ));
        assert!(is_near(
            &converted(&linear, &[128, 9, 255, 200], 2),
            &[188, 9, 255, 200]
        ));
        let by_points = converted(&Space::of_code_points(1, 8).unwrap(), &[128, 0, 255], 3);
        assert!(is_near(&by_points, &[188, 0, 255]), "{by_points:?}");
    }

    /// As Chromium shows it: 20 of 255 is 7.
    #[test]
    fn what_was_encoded_for_television_is_shown_with_its_contrast() {
        for transfer in [1, 6, 14, 15] {
            let space = Space::of_code_points(1, transfer).unwrap();
            let shown = converted(&space, &[20, 0, 255], 3);
            assert!(is_near(&shown, &[7, 0, 255]), "{transfer}: {shown:?}");
        }
    }

    /// Plain white is 58 % of PQ and 75 % of HLG (ITU-R BT.2408); a grey stays one.
    #[test]
    fn plain_white_of_high_dynamic_range_is_white() {
        for (transfer, white) in [(16, 148), (18, 191)] {
            let space = Space::of_code_points(9, transfer).unwrap();
            let greys = converted(&space, &[white; 3], 3);
            assert!(is_near(&greys, &[255; 3]), "{transfer}: {greys:?}");
            let greys = converted(&space, &[white / 2; 3], 3);
            assert!(
                (20..200).contains(&greys[0]) && is_near(&greys, &[greys[0]; 3]),
                "{greys:?}"
            );
            assert_eq!(
                converted(&space, &[255, 255, 255, 0, 0, 0], 3),
                [255, 255, 255, 0, 0, 0]
            );
        }
    }

    #[test]
    fn what_is_no_space_is_none() {
        for (primaries, transfer) in [(0, 13), (2, 13), (12, 0), (12, 2), (99, 13), (12, 99)] {
            assert!(
                Space::of_code_points(primaries, transfer).is_none(),
                "{primaries} {transfer}"
            );
        }
        let none = xy(0.0, 0.0);
        for (gamma, chromaticities) in [
            (0.000_01, None),
            (21.0, None),
            (f32::NAN, None),
            (0.5, Some([none; 4])),
            (0.5, Some([xy(0.3127, 0.329); 4])),
        ] {
            assert!(
                Space::of_gamma(gamma, chromaticities).is_none(),
                "{gamma:?}"
            );
        }
    }
}
