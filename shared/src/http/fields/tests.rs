use super::*;
use proptest::prelude::*;
use serde_json::json;

fn fields(value: Value) -> Fields {
    let Value::Object(entries) = value else {
        panic!("an object is expected")
    };
    Fields::new(entries)
}

fn short(text: &str) -> Result<String, InvalidValue> {
    if text.len() <= 5 {
        Ok(text.to_owned())
    } else {
        Err(InvalidValue {
            code: "too_long",
            detail: "Expected at most 5 characters.".into(),
        })
    }
}

fn codes(error: Error) -> Vec<String> {
    let Error::Invalid(errors) = error else {
        panic!("422 is expected, found {error}")
    };
    errors
        .iter()
        .map(|e| format!("{} {}", e.pointer, e.code))
        .collect()
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let mut fields = fields(json!({
        "long": "123456", "typed": 1, "null": null, "id": "usr_1", "n": 11, "a/b~": 1, "nul": "x\0",
        "list": [{"x": "\0"}],
    }));
    fields.read_only(&["id"]);
    let _ = fields.required("long", short);
    let _ = fields.required("typed", short);
    let _ = fields.optional("null", short);
    let _ = fields.required("missing", short);
    let _ = fields.optional("nul", short);
    let _ = fields.whole("n", 1..=10);
    let error = fields.finish(|| Some(())).unwrap_err();
    insta::assert_snapshot!(codes(error).join("\n"), @r"
    /list/0/x invalid_characters
    /id read_only
    /long too_long
    /typed invalid_type
    /null invalid_type
    /missing required
    /nul invalid_characters
    /n out_of_range
    /a~1b~0 unknown_field
    ");
}

#[test]
fn what_is_right_comes_out() {
    let mut fields = fields(json!({"a": "x", "b": null, "n": 3, "f": true}));
    let (a, b, c) = (
        fields.required("a", short),
        fields.nullable("b", short),
        fields.nullable("c", short),
    );
    let (n, f) = (fields.whole("n", 1..=3), fields.flag("f"));
    let built = fields.finish(|| Some((a?, b, c, n?, f?))).unwrap();
    assert_eq!(built, ("x".to_owned(), Some(None), None, 3, true));
}

#[test]
fn a_number_is_no_text_and_a_fraction_no_whole_number() {
    for (value, code) in [
        (json!("3"), "invalid_type"),
        (json!(1.5), "invalid_type"),
        (json!(-1), "out_of_range"),
        (json!(1e30), "out_of_range"),
        (json!(true), "invalid_type"),
    ] {
        let mut fields = fields(json!({ "n": value }));
        let _ = fields.whole("n", 0..=10);
        assert_eq!(
            codes(fields.finish(|| Some(())).unwrap_err()),
            [format!("/n {code}")]
        );
    }
}

#[test]
fn a_query_is_read_as_text() {
    let uri: Uri = "/x?limit=7&name=J%C3%BC&extra=1&flag=true".parse().unwrap();
    let mut fields = Fields::query(&uri);
    let (limit, name, flag) = (
        fields.whole("limit", 1..=100),
        fields.required("name", short),
        fields.flag("flag"),
    );
    let built = fields.finish(|| Some((limit?, name?, flag?))).unwrap();
    assert_eq!(built, (7, "Jü".to_owned(), true));
}

#[test]
fn a_parameter_that_stands_twice_or_holds_a_nul_is_wrong() {
    let uri: Uri = "/x?limit=7&limit=8&name=%00&n=%2B7".parse().unwrap();
    let mut fields = Fields::query(&uri);
    let _ = fields.whole("limit", 1..=100);
    let _ = fields.required("name", short);
    let _ = fields.whole("n", 1..=100);
    let error = fields.finish(|| Some(())).unwrap_err();
    assert_eq!(
        codes(error),
        [
            "/limit duplicate",
            "/name invalid_characters",
            "/n invalid_type"
        ]
    );
}

#[test]
fn the_list_of_errors_is_bounded() {
    let many = (0..2_000).map(|n| (format!("f{n}"), Value::Null)).collect();
    let error = Fields::new(many).finish(|| Some(())).unwrap_err();
    assert_eq!(codes(error).len(), MOST_ERRORS);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn it_never_panics_and_what_it_hands_out_is_right(a in any_value(), b in any_value(), extra: bool) {
        let mut object = json!({"a": a, "b": b});
        if extra {
            object["c"] = true.into();
        }
        let mut fields = fields(object);
        let (text, number) = (fields.required("a", short), fields.whole("b", 1..=9));
        let (had_text, had_number) = (text.is_some(), number.is_some());
        let built = fields.finish(|| Some((text?, number?)));
        match built {
            Ok((text, number)) => prop_assert!(!extra && text.len() <= 5 && (1..=9).contains(&number)),
            Err(error) => {
                let wrong = codes(error);
                prop_assert_eq!(wrong.iter().any(|w| w.starts_with("/a ")), !had_text && !a_has_deep_nul(&wrong));
                prop_assert!(had_number || wrong.iter().any(|w| w.starts_with("/b")));
            }
        }
    }

    #[test]
    fn no_query_makes_it_panic(query in "[ -~]{0,60}") {
        if let Ok(uri) = format!("/x?{query}").parse::<Uri>() {
            let mut fields = Fields::query(&uri);
            let _ = fields.whole("limit", 1..=100);
            let _ = fields.finish(|| Some(()));
        }
    }
}

fn a_has_deep_nul(wrong: &[String]) -> bool {
    wrong.iter().any(|w| w.starts_with("/a/"))
}
