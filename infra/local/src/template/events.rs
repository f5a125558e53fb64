//! What functions want to hear of besides HTTP: streams, objects, rules of the bus, schedules.

use serde_json::Value;

use super::filter;

/// S3's events for one function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectEvents {
    /// The package below functions/.
    pub(crate) function: String,
    /// What the keys begin with.
    pub(crate) prefix: String,
}

/// One function's subscription to a table's stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StreamEvents {
    /// The package below functions/.
    pub(crate) function: String,
    /// The table's name in the template.
    pub(crate) resource: String,
    /// Records at once.
    pub(crate) batch: usize,
    /// How often a failed batch is tried again.
    pub(crate) retries: u64,
    /// Whether the function tells which records failed.
    pub(crate) reports_failures: bool,
    /// A record is handed over if one of these fits; without patterns, every record is.
    filters: Vec<Value>,
}

impl StreamEvents {
    /// Whether a record is handed over, `fits` being the test of one pattern.
    pub(crate) fn fits(&self, fits: impl Fn(&Value) -> bool) -> bool {
        self.filters.is_empty() || self.filters.iter().any(fits)
    }
}

/// One rule of the bus.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    /// The package below functions/.
    pub(crate) function: String,
    /// Which events it wants.
    pub(crate) pattern: Value,
}

/// Something that happens again and again.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Schedule {
    /// The package below functions/.
    pub(crate) function: String,
    /// The event's name in the template.
    pub(crate) name: String,
    /// Whether it happens every hour; else every day.
    pub(crate) hourly: bool,
    /// What the function is given in place of the usual event.
    pub(crate) input: Option<Value>,
}

/// Everything that functions want to hear of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Events {
    pub(crate) objects: Vec<ObjectEvents>,
    pub(crate) streams: Vec<StreamEvents>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) schedules: Vec<Schedule>,
}

impl Events {
    /// Reads one event of a function.
    ///
    /// # Errors
    /// A sentence, for an event that is not understood.
    pub(super) fn read(&mut self, function: &str, name: &str, event: &Value) -> Result<(), String> {
        let function = function.to_owned();
        let properties = &event["Properties"];
        match event["Type"].as_str() {
            Some("S3") => self.objects.push(ObjectEvents {
                function,
                prefix: prefix(&properties["Filter"]["S3Key"]["Rules"]),
            }),
            Some("EventBridgeRule" | "CloudWatchEvent") => self.rules.push(Rule {
                function,
                pattern: properties["Pattern"].clone(),
            }),
            Some("Schedule" | "ScheduleV2") => self.schedules.push(Schedule {
                function,
                name: name.to_owned(),
                hourly: properties["Schedule"] == "rate(1 hour)",
                input: properties["Input"]
                    .as_str()
                    .and_then(|text| serde_json::from_str(text).ok()),
            }),
            // SNS is invoked by tests only; what else there is has to be looked at first.
            Some("SNS") => {}
            other => {
                return Err(format!(
                    "template.yaml: event {name} is a {other:?}, which the local cloud does not know"
                ));
            }
        }
        Ok(())
    }
}

/// Reads an event source mapping of a table's stream.
pub(super) fn stream(
    function: String,
    name: &str,
    properties: &Value,
) -> Result<StreamEvents, String> {
    let resource = super::named(&properties["EventSourceArn"]);
    let filters = properties["FilterCriteria"]["Filters"].as_array();
    let filters = filters
        .into_iter()
        .flatten()
        .map(|filter| {
            let pattern = filter["Pattern"].as_str().unwrap_or_default();
            let pattern = serde_json::from_str(pattern)
                .map_err(|error| format!("template.yaml: a pattern of {name}: {error}"))?;
            filter::check(&pattern)
                .map_err(|error| format!("template.yaml: a pattern of {name}: {error}"))?;
            Ok::<_, String>(pattern)
        })
        .collect::<Result<_, _>>()?;
    let whole = |key: &str| properties[key].as_u64();
    Ok(StreamEvents {
        function,
        resource: resource
            .ok_or_else(|| format!("template.yaml: {name} has no EventSourceArn of a table"))?
            .to_owned(),
        batch: whole("BatchSize")
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(100),
        retries: whole("MaximumRetryAttempts").unwrap_or(u64::MAX),
        reports_failures: properties["FunctionResponseTypes"]
            .as_array()
            .is_some_and(|types| types.iter().any(|t| t == "ReportBatchItemFailures")),
        filters,
    })
}

fn prefix(rules: &Value) -> String {
    rules
        .as_array()
        .into_iter()
        .flatten()
        .find(|rule| rule["Name"] == "prefix")
        .and_then(|rule| rule["Value"].as_str())
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(event: Value) -> Result<Events, String> {
        let mut events = Events::default();
        events.read("events", "Name", &event)?;
        Ok(events)
    }

    #[test]
    fn the_prefix_of_s3_s_events_is_read() {
        let rules =
            json!([{ "Name": "suffix", "Value": "x" }, { "Name": "prefix", "Value": "uploads/" }]);
        assert_eq!(prefix(&rules), "uploads/");
        assert_eq!(prefix(&Value::Null), "");
    }

    #[test]
    fn a_stream_comes_with_its_filters() {
        let mapping = json!({
            "EventSourceArn": { "Fn::GetAtt": "Accounts.StreamArn" }, "BatchSize": 10,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "FilterCriteria": { "Filters": [{ "Pattern": "{\"eventName\":[\"INSERT\"]}" }] },
        });
        let stream = stream("events".to_owned(), "Name", &mapping).unwrap();
        assert_eq!((stream.resource.as_str(), stream.batch), ("Accounts", 10));
        assert!(stream.reports_failures);
        assert!(stream.fits(|pattern| pattern == &json!({"eventName": ["INSERT"]})));
        assert!(!stream.fits(|_| false));
    }

    #[test]
    fn a_broken_pattern_and_an_unknown_kind_are_refused() {
        for pattern in ["{", "{\"sk\":[{\"wildcard\":\"x*\"}]}"] {
            let broken = json!({
                "EventSourceArn": { "Fn::GetAtt": "Accounts.StreamArn" },
                "FilterCriteria": { "Filters": [{ "Pattern": pattern }] },
            });
            let refusal = stream("events".to_owned(), "Name", &broken).unwrap_err();
            assert!(refusal.contains("pattern of Name"), "{refusal}");
        }
        assert!(read(json!({ "Type": "SQS" })).unwrap_err().contains("SQS"));
    }
}
