//! The operator's colour, in shades that can be read.
//!
//! Contrast is that of WCAG 2.2: text needs 4.5:1 (success criterion 1.4.3).

type Colour = [u8; 3];

/// What text has to stand out by.
const READABLE: f64 = 4.5;
const WHITE: Colour = [255; 3];
const BLACK: Colour = [0; 3];

/// One of the two schemes of style.css: what the accent stands on there, and where a shade leads that stands out more.
struct Scheme {
    page: Colour,
    card: Colour,
    toward: Colour,
}

const LIGHT: Scheme = Scheme {
    page: [0xf3, 0xf4, 0xf7],
    card: WHITE,
    toward: BLACK,
};
const DARK: Scheme = Scheme {
    page: [0x10, 0x12, 0x16],
    card: [0x1a, 0x1d, 0x23],
    toward: WHITE,
};

/// The accent of a scheme, what is written on it, and the tint behind what it emphasises.
#[derive(Debug, PartialEq)]
struct Shade {
    accent: Colour,
    ink: Colour,
    tint: Colour,
}

/// Rules that put the accent in place of style.css's own.
pub(crate) fn rules(accent: Colour) -> String {
    let rule = |shade: &Shade| {
        format!(
            ":root {{ --accent: {}; --accent-ink: {}; --tint: {}; }}",
            hex(shade.accent),
            hex(shade.ink),
            hex(shade.tint)
        )
    };
    format!(
        "\n{}\n@media (prefers-color-scheme: dark) {{ {} }}\n",
        rule(&shade(accent, &LIGHT)),
        rule(&shade(accent, &DARK))
    )
}

/// The nearest shade that can be read on page, card and tint.
fn shade(accent: Colour, scheme: &Scheme) -> Shade {
    let shades = (0..=100).map(|percent| {
        let accent = mixed(accent, scheme.toward, percent);
        let ink = [WHITE, BLACK]
            .into_iter()
            .max_by(|a, b| contrast(accent, *a).total_cmp(&contrast(accent, *b)));
        Shade {
            accent,
            ink: ink.unwrap_or(WHITE),
            tint: mixed(scheme.card, accent, 10),
        }
    });
    let readable = |shade: &Shade| {
        [scheme.page, scheme.card, shade.tint]
            .iter()
            .all(|ground| contrast(shade.accent, *ground) >= READABLE)
    };
    // Black on a light ground and white on a dark one can be read, so one is found.
    shades.into_iter().find(readable).unwrap_or(Shade {
        accent: scheme.toward,
        ink: scheme.card,
        tint: scheme.page,
    })
}

/// So many percent of the way from one colour to another.
fn mixed(from: Colour, to: Colour, percent: u32) -> Colour {
    let part = |n: usize| {
        let sum = u32::from(from[n]) * (100 - percent) + u32::from(to[n]) * percent;
        u8::try_from(sum / 100).unwrap_or(u8::MAX)
    };
    [part(0), part(1), part(2)]
}

/// From 1 to 21.
fn contrast(a: Colour, b: Colour) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(colour: Colour) -> f64 {
    let [red, green, blue] = colour.map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn hex([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accent_that_can_be_read_stays_as_it_is() {
        assert_eq!(shade([0x1f, 0x4f, 0xd8], &LIGHT).accent, [0x1f, 0x4f, 0xd8]);
        assert_eq!(shade([0x8f, 0xb0, 0xff], &DARK).accent, [0x8f, 0xb0, 0xff]);
        assert_eq!(shade([0x1f, 0x4f, 0xd8], &LIGHT).ink, WHITE);
        assert_eq!(shade([0xff, 0xd5, 0x00], &DARK).ink, BLACK);
    }

    #[test]
    fn grounds_are_those_of_the_style() {
        let style = crate::files::find("style.css").unwrap().1;
        let (light, dark) = style.split_once("prefers-color-scheme: dark").unwrap();
        for (text, scheme) in [(light, LIGHT), (dark, DARK)] {
            assert!(text.contains(&format!("--page: {};", hex(scheme.page))));
            assert!(text.contains(&format!("--card: {};", hex(scheme.card))));
        }
    }

    proptest! {
        #[test]
        fn accent_of_any_colour_can_be_read(colour: [u8; 3]) {
            for scheme in [LIGHT, DARK] {
                let shade = shade(colour, &scheme);
                for (text, ground) in [
                    (shade.ink, shade.accent),
                    (shade.accent, scheme.page),
                    (shade.accent, scheme.card),
                    (shade.accent, shade.tint),
                ] {
                    prop_assert!(contrast(text, ground) >= READABLE, "{} on {}", hex(text), hex(ground));
                }
            }
        }
    }
}
