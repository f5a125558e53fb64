//! What a caller is told of an error is whole sentences, wherever in the sources it is written.

use shared::error::is_sentence;
use shared::http::problem::explanations;

use crate::routes::sources;

/// The calls whose last text a caller reads as `detail`.
const CALLS: [&str; 8] = [
    "InvalidValue::new(",
    "FieldError::new(",
    "Error::field(",
    "fields.fault(",
    "self.fault(",
    "Malformed(",
    "UnsupportedMediaType(",
    "too_many(",
];

/// A sentence has a verb; these are the ones that ours get by with. A list of nouns has none of them.
const VERBS: [&str; 24] = [
    "Expected", "Send", "Save", "Try", "Ask", "Sign", "Add", "Read", "Repeat", "is", "are", "has",
    "have", "may", "can", "cannot", "ended", "ends", "takes", "stands", "begins", "belongs",
    "does", "lists",
];

/// The texts between the quotes of some code.
fn literals(code: &str) -> impl Iterator<Item = String> {
    let code = code.replace("\\\"", "\u{1}");
    let parts: Vec<String> = code.split('"').map(str::to_owned).collect();
    parts
        .into_iter()
        .skip(1)
        .step_by(2)
        .map(|text| text.replace('\u{1}', "\""))
}

/// A code, a JSON pointer or the name of a field or header: what stands before the sentence.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains([' ', '.'])
}

/// The arguments of a call, from behind its parenthesis on.
fn arguments(code: &str) -> &str {
    let mut depth = 1;
    let mut quoted = false;
    let end = code.char_indices().find(|(_, c)| {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    end.map_or(code, |(end, _)| &code[..end])
}

/// The last text of a call, or of the constant that its last argument names; none where a value is only passed on.
fn detail(call: &str, file: &str) -> Option<String> {
    let last = literals(call).last().filter(|text| !is_name(text));
    last.or_else(|| {
        let name = call
            .trim()
            .trim_end_matches(',')
            .rsplit([' ', '\n'])
            .next()?;
        let constant = name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        let (_, value) = constant.then(|| file.split_once(&format!("const {name}: &str =")))??;
        literals(value).next()
    })
}

#[test]
fn sentences_every_detail_of_an_error_is_whole() {
    let folders = ["shared/src", "functions", "infra/local/src"];
    let mut walked = 0;
    for path in folders.into_iter().flat_map(sources) {
        let whole = path.to_string_lossy();
        let shown = whole.rsplit("/../").next().unwrap_or_default();
        if shown.contains("/tests") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source");
        let code = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        for call in CALLS.into_iter().flat_map(|call| code.split(call).skip(1)) {
            let Some(detail) = detail(arguments(call), code) else {
                continue;
            };
            let words: Vec<_> = detail.split(' ').collect();
            assert!(
                is_sentence(&detail) && words.iter().any(|word| VERBS.contains(word)),
                "{shown}: {detail:?}"
            );
            walked += 1;
        }
    }
    assert!(walked > 40, "{walked} details were found");
}

#[test]
fn sentences_every_explanation_is_whole() {
    for problem in explanations() {
        assert!(is_sentence(problem.explanation), "{}", problem.code);
    }
}
