//! An expression as a row of tokens: enough to see what is next to what.

use serde_json::Value;

/// An expression's tokens: a path with its dots and brackets is one, so is a comparison.
pub(super) struct Expression<'r> {
    pub(super) tokens: Vec<&'r str>,
    names: &'r Value,
    values: &'r Value,
}

/// What compares its left with its right.
pub(super) const COMPARISONS: [&str; 6] = ["=", "<>", "<", "<=", ">", ">="];

impl<'r> Expression<'r> {
    pub(super) fn new(text: &'r str, names: &'r Value, values: &'r Value) -> Self {
        let tokens = tokens(text);
        Self {
            tokens,
            names,
            values,
        }
    }

    /// The type and the value that a `:placeholder` stands for.
    pub(super) fn value(&self, token: &str) -> Option<(&'r str, &'r Value)> {
        let value = token.starts_with(':').then(|| self.values.get(token))??;
        let (kind, value) = value.as_object()?.iter().next()?;
        Some((kind, value))
    }

    /// The attribute that a token names, a `#placeholder` resolved.
    pub(super) fn attribute<'s>(&'s self, token: &'s str) -> &'s str {
        self.names
            .get(token)
            .and_then(Value::as_str)
            .unwrap_or(token)
    }

    /// Whether the token at this place is this word, in any case of letters.
    pub(super) fn is(&self, place: usize, word: &str) -> bool {
        let token = self.tokens.get(place);
        token.is_some_and(|token| token.eq_ignore_ascii_case(word))
    }
}

fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || "_#:.[]".contains(c);
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if ["<>", "<=", ">="].iter().any(|two| rest.starts_with(two)) {
            2
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_words_and_signs() {
        assert_eq!(
            tokens("begins_with(a.b[0],:v)AND #n>= :w"),
            [
                "begins_with",
                "(",
                "a.b[0]",
                ",",
                ":v",
                ")",
                "AND",
                "#n",
                ">=",
                ":w"
            ]
        );
        assert_eq!(tokens(" pk=:pk "), ["pk", "=", ":pk"]);
        assert!(tokens("").is_empty());
    }
}
