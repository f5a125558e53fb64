//! CloudWatch embedded metric format: a log line that CloudWatch reads as metrics.
//!
//! Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

/// What the namespace of all metrics begins with.
const NAMESPACE: &str = "Latchkey";
static STAGE: OnceLock<String> = OnceLock::new();

/// Gives the metrics of this process a namespace of their stage's own, such as `Latchkey/prod`: stages in one account
/// would add up in one metric otherwise, and one's alarms would ring for the other.
pub(super) fn set_stage(stage: &str) {
    // Set once, at the start; the first one stays.
    let _ = STAGE.set(stage.to_owned());
}

fn namespace(stage: Option<&String>) -> String {
    stage.map_or_else(
        || NAMESPACE.to_owned(),
        |stage| format!("{NAMESPACE}/{stage}"),
    )
}

/// What a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// How many.
    Count,
    /// How long.
    Milliseconds,
}

impl Unit {
    fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

type Labels = BTreeMap<&'static str, String>;

/// The metrics of one request, summed by name and labels.
#[derive(Debug, Default)]
pub(super) struct Metrics(BTreeMap<(Labels, &'static str), (f64, Unit)>);

impl Metrics {
    /// Adds `value`.
    pub(super) fn add(
        &mut self,
        name: &'static str,
        labels: &[(&'static str, &str)],
        value: f64,
        unit: Unit,
    ) {
        let labels = labels.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        self.0.entry((labels, name)).or_insert((0.0, unit)).0 += value;
    }

    /// The lines to write: one, unless two metrics need different values of one label or share a name.
    ///
    /// Dimensions and values are members of the line's root, so each name can stand there once only.
    pub(super) fn lines(self, timestamp_ms: i64, request_id: &str) -> Vec<String> {
        let mut lines: Vec<MetricsLine> = Vec::new();
        for ((labels, name), (value, unit)) in self.0 {
            let place = lines.iter().position(|line| line.takes(&labels, name));
            let line = match place {
                Some(n) => &mut lines[n],
                None => {
                    lines.push(MetricsLine::default());
                    lines.last_mut().expect("one was pushed")
                }
            };
            line.add(labels, name, value, unit);
        }
        lines
            .into_iter()
            .map(|line| line.render(timestamp_ms, request_id))
            .collect()
    }
}

#[derive(Default)]
struct MetricsLine {
    labels: Labels,
    values: BTreeMap<&'static str, f64>,
    directives: BTreeMap<Vec<&'static str>, Vec<Value>>,
}

impl MetricsLine {
    fn takes(&self, labels: &Labels, name: &str) -> bool {
        !self.values.contains_key(name)
            && labels
                .iter()
                .all(|(key, value)| self.labels.get(key).is_none_or(|found| found == value))
    }

    fn add(&mut self, labels: Labels, name: &'static str, value: f64, unit: Unit) {
        let dimensions = labels.keys().copied().collect();
        self.directives
            .entry(dimensions)
            .or_default()
            .push(json!({"Name": name, "Unit": unit.as_str()}));
        self.values.insert(name, value);
        self.labels.extend(labels);
    }

    fn render(self, timestamp_ms: i64, request_id: &str) -> String {
        let directives: Vec<Value> = self
            .directives
            .into_iter()
            .map(|(dimensions, metrics)| {
                // The empty set is the total over all values of the labels.
                let mut sets = vec![vec![]];
                if !dimensions.is_empty() {
                    sets.push(dimensions);
                }
                json!({"Namespace": namespace(STAGE.get()), "Dimensions": sets, "Metrics": metrics})
            })
            .collect();
        let mut root = Map::new();
        root.insert(
            "_aws".into(),
            json!({"Timestamp": timestamp_ms, "CloudWatchMetrics": directives}),
        );
        root.insert("request_id".into(), request_id.into());
        root.extend(self.values.into_iter().map(|(k, v)| (k.into(), number(v))));
        root.extend(self.labels.into_iter().map(|(k, v)| (k.into(), v.into())));
        Value::Object(root).to_string()
    }
}

/// Counts are written without a fraction.
fn number(value: f64) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be whole and far below 2^53"
    )]
    if value.fract() == 0.0 && value.abs() < 1e15 {
        (value as i64).into()
    } else {
        value.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_holds_all_that_a_request_counted() {
        let mut metrics = Metrics::default();
        metrics.add("otp_sent", &[], 1.0, Unit::Count);
        metrics.add("otp_sent", &[], 1.0, Unit::Count);
        metrics.add("otp_failed", &[("reason", "wrong")], 1.0, Unit::Count);
        metrics.add("upstream_ms", &[], 12.5, Unit::Milliseconds);
        insta::assert_snapshot!(metrics.lines(1_700_000_000_000, "req").join("\n"), @r#"{"_aws":{"CloudWatchMetrics":[{"Dimensions":[[]],"Metrics":[{"Name":"otp_sent","Unit":"Count"},{"Name":"upstream_ms","Unit":"Milliseconds"}],"Namespace":"Latchkey"},{"Dimensions":[[],["reason"]],"Metrics":[{"Name":"otp_failed","Unit":"Count"}],"Namespace":"Latchkey"}],"Timestamp":1700000000000},"otp_failed":1,"otp_sent":2,"reason":"wrong","request_id":"req","upstream_ms":12.5}"#);
    }

    #[test]
    fn each_stage_has_a_namespace() {
        assert_eq!(namespace(Some(&"prod".to_owned())), "Latchkey/prod");
        assert_eq!(namespace(None), "Latchkey");
    }

    #[test]
    fn two_values_of_one_label_take_two_lines() {
        let mut metrics = Metrics::default();
        metrics.add("limited", &[("rule", "ip")], 1.0, Unit::Count);
        metrics.add("limited", &[("rule", "prefix")], 1.0, Unit::Count);
        let lines = metrics.lines(0, "req");
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains(r#""rule":"ip""#) && lines[1].contains(r#""rule":"prefix""#));
    }
}
