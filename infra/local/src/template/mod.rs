//! Reads template.yaml: the one description of routes, functions and tables, for the cloud and for this machine.

mod events;

use serde_json::{Map, Value, json};

pub(crate) use events::{Events, ObjectEvents, Rule, Schedule, StreamEvents};

use crate::yaml;

/// What the local cloud takes from the template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template {
    /// The functions, in the template's order.
    pub(crate) functions: Vec<Function>,
    /// The tables, in the template's order.
    pub(crate) tables: Vec<Table>,
    /// What functions want to hear of besides HTTP.
    pub(crate) events: Events,
}

/// One Lambda function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// The package below functions/, from the last part of `CodeUri`.
    pub(crate) name: String,
    /// The paths of its HTTP API events, `$default` for the catch-all.
    pub(crate) paths: Vec<String>,
    /// How long one invocation may take, in seconds.
    pub(crate) timeout_seconds: u64,
}

/// One DynamoDB table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    /// The resource's name in the template, such as `Accounts`.
    pub(crate) resource: String,
    /// The setting that holds the table's name, such as `ACCOUNTS_TABLE`.
    pub(crate) setting: String,
    /// The table's name on this machine, such as `latchkey-accounts`.
    pub(crate) name: String,
    /// The request of CreateTable that makes it.
    pub(crate) create: Value,
    /// The attribute of its TTL, where it has one.
    pub(crate) ttl: Option<String>,
}

impl Template {
    /// The project's own template, as it was when this was built.
    pub(crate) fn own() -> Result<Self, String> {
        Self::parse(include_str!("../../../../template.yaml"))
    }

    /// Reads a template.
    ///
    /// # Errors
    /// A sentence that says what is missing or not understood.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let document = yaml::read(text).map_err(|error| format!("template.yaml: {error}"))?;
        let defaults = &document["Globals"]["Function"];
        let resources = document["Resources"]
            .as_object()
            .ok_or("template.yaml: it has no Resources")?;
        let mut template = Self {
            functions: Vec::new(),
            tables: Vec::new(),
            events: Events::default(),
        };
        for (id, resource) in resources {
            let properties = &resource["Properties"];
            match resource["Type"].as_str() {
                Some("AWS::Serverless::Function") => {
                    let function = function(id, properties, defaults)?;
                    let events = properties["Events"].as_object();
                    for (name, event) in events.into_iter().flatten() {
                        template.events.read(&function.name, name, event)?;
                    }
                    template.functions.push(function);
                }
                Some("AWS::DynamoDB::Table") => template.tables.push(table(id, properties)?),
                _ => {}
            }
        }
        Ok(template)
    }
}

fn function(id: &str, properties: &Value, defaults: &Value) -> Result<Function, String> {
    let name = properties["CodeUri"]
        .as_str()
        .and_then(|uri| uri.trim_end_matches('/').rsplit('/').next())
        .ok_or_else(|| format!("template.yaml: {id} has no CodeUri"))?
        .to_owned();
    let events = properties["Events"].as_object();
    let paths = events
        .into_iter()
        .flat_map(Map::values)
        .filter(|event| event["Type"] == "HttpApi")
        .map(|event| match event["Properties"]["Path"].as_str() {
            Some(path) => path.to_owned(),
            None => "$default".to_owned(),
        })
        .collect();
    let timeout = [properties, defaults]
        .iter()
        .find_map(|from| from["Timeout"].as_u64());
    Ok(Function {
        name,
        paths,
        timeout_seconds: timeout.unwrap_or(3),
    })
}

/// What CloudFormation and CreateTable call by the same name.
const SAME: [&str; 5] = [
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "BillingMode",
];

fn table(id: &str, properties: &Value) -> Result<Table, String> {
    let stem = kebab(id.strip_suffix("Table").unwrap_or(id));
    let name = format!("latchkey-{stem}");
    let mut create = json!({ "TableName": name });
    for key in SAME {
        if let Some(value) = properties.get(key) {
            create[key] = value.clone();
        }
    }
    if create.get("KeySchema").is_none() {
        return Err(format!("template.yaml: {id} has no KeySchema"));
    }
    let view = &properties["StreamSpecification"]["StreamViewType"];
    if view.is_string() {
        create["StreamSpecification"] = json!({ "StreamEnabled": true, "StreamViewType": view });
    }
    let ttl = &properties["TimeToLiveSpecification"]["AttributeName"];
    Ok(Table {
        resource: id.to_owned(),
        setting: format!("{}_TABLE", stem.replace('-', "_").to_uppercase()),
        name,
        create,
        ttl: ttl.as_str().map(str::to_owned),
    })
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for (n, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && n > 0 {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Template {
        Template::parse(include_str!("../../../../template.yaml")).unwrap()
    }

    #[test]
    fn functions_come_with_their_paths_and_timeouts() {
        let template = own();
        let named = |name: &str| template.functions.iter().find(|f| f.name == name);
        let ask = named("otp-request").unwrap();
        assert!(ask.paths.contains(&"/api/auth/otp/request".to_owned()));
        assert!(ask.timeout_seconds > 3, "it stands in Globals");
        let paths = &named("tokens").unwrap().paths;
        assert!(paths.contains(&"$default".to_owned()), "{paths:?}");
    }

    #[test]
    fn tables_come_as_requests_of_create_table() {
        let table = &own().tables[0];
        assert_eq!(table.setting, "ACCOUNTS_TABLE");
        assert_eq!(table.create["TableName"], "latchkey-accounts");
        assert_eq!(table.create["KeySchema"][0]["AttributeName"], "pk");
        assert_eq!(table.create["StreamSpecification"]["StreamEnabled"], true);
        assert_eq!(table.ttl.as_deref(), Some("ttl"));
    }

    #[test]
    fn a_template_without_resources_is_refused() {
        let refusal = Template::parse("Globals: {}").unwrap_err();
        assert_eq!(refusal, "template.yaml: it has no Resources");
    }
}
