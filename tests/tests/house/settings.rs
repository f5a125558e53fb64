//! What template.yaml gives its functions exists.

use serde_json::{Value, json};
use shared::config::settings;

/// Every variable that template.yaml gives is a setting.
#[test]
fn settings_of_the_template_exist() {
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

/// Each variable that a parameter gives, with the parameter.
fn given() -> Vec<(String, Value)> {
    let document = crate::template::document();
    let resources = document["Resources"].as_object().expect("Resources");
    let variables = resources
        .values()
        .map(|resource| &resource["Properties"]["Environment"]["Variables"])
        .chain([&document["Globals"]["Function"]["Environment"]["Variables"]]);
    let mut given: Vec<_> = variables
        .filter_map(Value::as_object)
        .flatten()
        .filter_map(|(name, value)| {
            let parameter = document["Parameters"].get(value["Ref"].as_str()?)?;
            Some((name.clone(), parameter.clone()))
        })
        .collect();
    given.sort_by(|(a, _), (b, _)| a.cmp(b));
    given.dedup();
    given
}

/// A value that the template takes and a function refuses would be found only when nothing answers any more.
#[test]
fn settings_of_the_template_have_the_functions_bounds_and_defaults() {
    let mut numbers = 0;
    for (name, parameter) in given() {
        let setting = settings::ALL.iter().find(|setting| setting.name == name);
        let setting = setting.expect("a setting");
        let whole = setting.expects.strip_prefix("a whole number ");
        let Some((_, range)) = whole.and_then(|rest| rest.split_once("from ")) else {
            assert_ne!(parameter["Type"], "Number", "{name}");
            continue;
        };
        let bounds = format!("{} to {}", parameter["MinValue"], parameter["MaxValue"]);
        assert_eq!(bounds, range, "the parameter of {name}");
        let default = setting.default.expect("a default");
        assert_eq!(parameter["Default"].to_string(), default, "{name}");
        numbers += 1;
    }
    let whole = settings::ALL
        .iter()
        .filter(|setting| setting.expects.starts_with("a whole number "));
    assert_eq!(numbers, whole.count(), "each has a parameter");
}

/// SAM keeps the last value of a parameter that is not named, and takes none that is empty.
#[test]
fn settings_that_may_be_empty_may_be_none() {
    let document = crate::template::document();
    let parameters = document["Parameters"].as_object().expect("Parameters");
    let empty = parameters.iter().filter(|(_, p)| p["Default"] == "");
    let conditions = document["Conditions"].to_string();
    for (name, parameter) in empty {
        let words = parameter["Description"].as_str().expect("a description");
        assert!(
            words.to_lowercase().contains("empty or none"),
            "{name}: {words}"
        );
        let pattern = parameter["AllowedPattern"].as_str();
        assert!(
            pattern.is_none_or(|p| p.starts_with("^(none|") && p.ends_with(")?$")),
            "{name}"
        );
        let is = |value: &str| json!({"Fn::Equals": [{"Ref": name}, value]}).to_string();
        assert!(
            conditions.contains(&format!("[{},{}]", is(""), is("none")))
                || name == "CertificateArn",
            "no condition takes {name} as missing for both words"
        );
    }
}

/// What the CDN sends with a picture, and how long it keeps one, is what the objects themselves say.
#[test]
fn settings_of_the_cdn_keep_pictures_as_long_as_the_objects_say() {
    let document = crate::template::document();
    let cache = &document["Resources"]["AvatarCache"]["Properties"]["CachePolicyConfig"];
    let headers =
        &document["Resources"]["AvatarHeaders"]["Properties"]["ResponseHeadersPolicyConfig"];
    let headers = headers["CustomHeadersConfig"]["Items"]
        .as_array()
        .expect("headers");
    let sent = headers
        .iter()
        .find(|header| header["Header"] == "Cache-Control");
    assert_eq!(
        sent.expect("Cache-Control")["Value"],
        shared::avatars::CACHE_CONTROL
    );
    let kept = cache["MaxTTL"].as_u64().expect("a bound");
    assert!(shared::avatars::CACHE_CONTROL.contains(&format!("s-maxage={kept}")));
    assert_eq!(cache["DefaultTTL"], cache["MaxTTL"]);
}
