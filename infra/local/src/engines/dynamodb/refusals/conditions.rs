//! Conditions and filters: what is compared with what, by which functions, and how much of it.

use serde_json::Value;

use super::expression;
use super::tokens::{COMPARISONS, Expression};

/// The most operators and functions of one expression.
const MOST_OPERATORS: usize = 300;

/// The most operands of one `IN`.
const MOST_IN: usize = 100;

const FUNCTIONS: [&str; 6] = [
    "attribute_exists",
    "attribute_not_exists",
    "attribute_type",
    "begins_with",
    "contains",
    "size",
];

const TYPES: [&str; 10] = ["S", "SS", "N", "NS", "B", "BS", "BOOL", "NULL", "L", "M"];

/// What is wrong with the condition or the filter of this call or action.
pub(super) fn refusal(request: &Value) -> Option<String> {
    ["ConditionExpression", "FilterExpression"]
        .into_iter()
        .find_map(|member| {
            let wrong = wrong(&expression(request, member)?)?;
            Some(format!("Invalid {member}: {wrong}"))
        })
}

fn wrong(condition: &Expression<'_>) -> Option<String> {
    let mut operators = 0;
    for (place, token) in condition.tokens.iter().enumerate() {
        let called = condition.is(place + 1, "(");
        let keyword = ["AND", "OR", "NOT", "IN", "BETWEEN"]
            .into_iter()
            .find(|word| condition.is(place, word));
        let is_function = called && keyword.is_none() && is_name(token);
        operators += usize::from(is_function || keyword.is_some() || COMPARISONS.contains(token));
        if operators > MOST_OPERATORS {
            return Some(format!(
                "The expression contains too many operators; operator count: {operators}"
            ));
        }
        let found = match keyword {
            Some("IN") => list(condition, place),
            Some("BETWEEN") => typed(condition, token, &[place + 1, place + 3]),
            None if is_function => function(condition, place),
            None if COMPARISONS.contains(token) => comparison(condition, place),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// `a = a`, and `a < :list`.
fn comparison(condition: &Expression<'_>, place: usize) -> Option<String> {
    let operator = condition.tokens[place];
    let left = condition.tokens.get(place.checked_sub(1)?)?;
    if condition.tokens.get(place + 1) == Some(left) {
        return Some(same(operator, left));
    }
    match operator {
        "=" | "<>" => None,
        _ => typed(condition, operator, &[place - 1, place + 1]),
    }
}

/// The values at these places are in an order: texts, numbers or bytes.
fn typed(condition: &Expression<'_>, operator: &str, places: &[usize]) -> Option<String> {
    places.iter().find_map(|place| {
        let (kind, _) = condition.value(condition.tokens.get(*place)?)?;
        (!matches!(kind, "S" | "N" | "B")).then(|| {
            format!(
                "Incorrect operand type for operator or function; operator or function: {operator}, operand type: {kind}"
            )
        })
    })
}

/// `a IN (a)`, and more than may stand there.
fn list(condition: &Expression<'_>, place: usize) -> Option<String> {
    let left = condition.tokens.get(place.checked_sub(1)?)?;
    let members = condition.tokens.get(place + 2..)?;
    let members = members.iter().take_while(|token| **token != ")");
    let members: Vec<_> = members.filter(|token| **token != ",").collect();
    if members.len() > MOST_IN {
        return Some(format!(
            "The IN operator is provided with too many operands; number of operands: {}",
            members.len()
        ));
    }
    members.contains(&left).then(|| same("IN", left))
}

fn function(condition: &Expression<'_>, place: usize) -> Option<String> {
    let name = condition.tokens[place];
    if !FUNCTIONS.contains(&name) {
        return Some(format!("Invalid function name; function: {name}"));
    }
    let (first, second) = (
        condition.tokens.get(place + 2)?,
        condition.tokens.get(place + 4)?,
    );
    match name {
        "begins_with" if condition.is(place + 3, ",") && first == second => Some(same(name, first)),
        "attribute_type" => {
            let (_, kind) = condition.value(second)?;
            let known = kind.as_str().is_some_and(|kind| TYPES.contains(&kind));
            (!known).then(|| {
                format!("Invalid attribute type name found; type: {kind}, valid types: {TYPES:?}")
            })
        }
        _ => None,
    }
}

fn same(operator: &str, operand: &str) -> String {
    format!(
        "The first operand must be distinct from the remaining operands for this operator or function; \
         operator: {operator}, first operand: [{operand}]"
    )
}
