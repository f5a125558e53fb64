//! What a path may look like, and its one normal form.

/// Whether a path is written as we write paths: letters, digits, `-._~` and single slashes, no `.` or `..` segment.
///
/// No route of ours needs more, so whatever is written otherwise (`//`, `/../`, `%2f`, `;x`) names nothing; it is never
/// normalised onto a route.
pub(crate) fn is_plain(path: &str) -> bool {
    let bytes = path
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-._~/".contains(&b));
    let inner = path
        .strip_prefix('/')
        .map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    bytes
        && path.len() <= 1_024
        && path != "//"
        && inner.is_some_and(|inner| {
            inner.is_empty() || inner.split('/').all(|s| !matches!(s, "" | "." | ".."))
        })
}

/// The form in which routers name a path: with a slash at the end under `/api/`, without one elsewhere.
pub(crate) fn normal_form(path: &str) -> String {
    let bare = path.strip_suffix('/').unwrap_or(path);
    match bare {
        "" => "/".to_owned(),
        _ if bare.starts_with("/api/") => format!("{bare}/"),
        _ => bare.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("/", true)]
    #[case("/api/profile/", true)]
    #[case("/.well-known/jwks.json", true)]
    #[case("/api/auth/otp/deliveries/dlv_0193-ab~c/", true)]
    #[case("", false)]
    #[case("api/", false)]
    #[case("//", false)]
    #[case("//api/profile/", false)]
    #[case("/api//profile/", false)]
    #[case("/api/profile//", false)]
    #[case("/api/./profile/", false)]
    #[case("/api/x/../profile/", false)]
    #[case("/..", false)]
    #[case("/api%2fprofile/", false)]
    #[case("/api/profile;x/", false)]
    #[case("/api/pro file/", false)]
    #[case("/api/profil\u{e9}/", false)]
    #[case("/api\\profile/", false)]
    fn only_plain_paths_are_plain(#[case] path: &str, #[case] plain: bool) {
        assert_eq!(is_plain(path), plain);
    }

    #[rstest]
    #[case("/api/profile", "/api/profile/")]
    #[case("/api/profile/", "/api/profile/")]
    #[case("/.well-known/jwks.json/", "/.well-known/jwks.json")]
    #[case("/problems/internal", "/problems/internal")]
    #[case("/", "/")]
    fn both_forms_have_one_normal_form(#[case] path: &str, #[case] normal: &str) {
        assert_eq!(normal_form(path), normal);
    }

    proptest! {
        #[test]
        fn a_url_parser_leaves_a_plain_path_as_it_is(path in "/[a-z./%;~A-Z-]{0,20}") {
            if is_plain(&path) {
                let url = url::Url::parse(&format!("https://x.example{path}")).unwrap();
                prop_assert_eq!(url.path(), &path);
                prop_assert_eq!(normal_form(&normal_form(&path)), normal_form(&path));
            }
        }
    }
}
