//! Characters by what people see of them.

use icu_properties::props::{
    BidiControl, Dash, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// A character that turns the direction of what stands around it: an embedding, override or isolate, or a mark. An
/// override shows `exe.gnp` as `png.exe`.
pub(crate) fn is_bidi_control(c: char) -> bool {
    CodePointSetData::new::<BidiControl>().contains(c)
}

/// A character without a shape or width of its own: direction marks, joiners, zero-width spaces, variation selectors,
/// soft hyphens, fillers.
pub(crate) fn is_invisible(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// A space or tab of any width, no-break spaces included, but no line break.
pub(crate) fn is_blank(c: char) -> bool {
    c == '\t' || category(c) == GeneralCategory::SpaceSeparator
}

/// A hyphen, dash or minus sign of any width.
pub(crate) fn is_dash(c: char) -> bool {
    CodePointSetData::new::<Dash>().contains(c)
}

/// Whether anybody would see the character on its own.
pub(crate) fn is_visible(c: char) -> bool {
    const EMPTY: GeneralCategoryGroup = GeneralCategoryGroup::Separator
        .union(GeneralCategoryGroup::Control)
        .union(GeneralCategoryGroup::Format);
    // A Braille cell without a dot is a symbol by its category.
    !is_invisible(c) && c != '\u{2800}' && !EMPTY.contains(category(c))
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_dashes_of_any_width() {
        for c in " \t\u{A0}\u{2002}\u{2007}\u{2009}\u{202F}\u{205F}\u{3000}".chars() {
            assert!(is_blank(c) && !is_dash(c) && !is_visible(c), "{c:?}");
        }
        for c in "-\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2212}\u{FE63}\u{FF0D}".chars() {
            assert!(is_dash(c) && !is_blank(c) && is_visible(c), "{c:?}");
        }
        for c in "\n\r\u{b}\u{85}\u{2028}\u{2029}\0a_.".chars() {
            assert!(!is_blank(c) && !is_dash(c), "{c:?}");
        }
    }

    #[test]
    fn what_nobody_sees() {
        for c in "\u{200B}\u{200C}\u{200D}\u{200E}\u{200F}\u{202A}\u{202C}\u{2066}\u{2069}\u{61C}\u{2060}\u{FEFF}\u{AD}\u{FE0F}\u{115F}\u{3164}\u{FFA0}\u{E0020}".chars() {
            assert!(is_invisible(c) && !is_visible(c), "{c:?}");
        }
        for c in "\u{2800}\u{FFF9}\u{1b}\n\u{3000}".chars() {
            assert!(!is_visible(c), "{c:?}");
        }
        for c in "aé\u{301}٣日🦀_🇩".chars() {
            assert!(is_visible(c) && !is_invisible(c), "{c:?}");
        }
    }

    #[test]
    fn what_turns_the_direction() {
        for c in "\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}\u{2066}\u{2067}\u{2068}\u{2069}\u{200E}\u{200F}\u{61C}".chars() {
            assert!(is_bidi_control(c), "{c:?}");
        }
        for c in "a\u{200B}\u{200C}\u{200D}א".chars() {
            assert!(!is_bidi_control(c), "{c:?}");
        }
    }
}
