//! What template.yaml gives its functions exists.

use shared::config::settings;

/// Every variable that template.yaml gives is a setting.
#[test]
fn the_template_sets_only_what_exists() {
    for function in crate::template::functions() {
        for name in function.variables {
            let known = settings::ALL.iter().any(|setting| setting.name == name);
            assert!(
                known,
                "template.yaml gives {name} to {}, which is no setting",
                function.name
            );
        }
    }
}
