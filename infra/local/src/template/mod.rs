//! Reads template.yaml: the one description of routes, functions and tables, for the cloud and for this machine.

mod events;
mod filter;

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
    /// The paths of its routes, `$default` for the catch-all.
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
        for (id, resource) in resources {
            let properties = &resource["Properties"];
            match resource["Type"].as_str() {
                Some("AWS::ApiGatewayV2::Route") => template.route(id, properties, resources)?,
                Some("AWS::Lambda::EventSourceMapping") => {
                    let function = package(id, &properties["FunctionName"], resources)?;
                    let stream = events::stream(function, id, properties)?;
                    template.events.streams.push(stream);
                }
                _ => {}
            }
        }
        Ok(template)
    }

    /// Gives a route to the function that its integration names.
    fn route(
        &mut self,
        id: &str,
        properties: &Value,
        resources: &Map<String, Value>,
    ) -> Result<(), String> {
        let wrong = |what: &str| format!("template.yaml: the route {id} {what}");
        let key = properties["RouteKey"].as_str().unwrap_or_default();
        let path = match key {
            "$default" => key,
            key => key.strip_prefix("ANY ").ok_or_else(|| {
                wrong("has a RouteKey that is neither ANY and a path nor $default")
            })?,
        };
        let integration = properties["Target"]["Fn::Sub"]
            .as_str()
            .and_then(|target| target.strip_prefix("integrations/${")?.strip_suffix('}'))
            .and_then(|name| resources.get(name))
            .ok_or_else(|| wrong("has no Target of an integration"))?;
        let name = package(id, &integration["Properties"]["IntegrationUri"], resources)?;
        let mut functions = self.functions.iter_mut();
        let function = functions
            .find(|function| function.name == name)
            .ok_or_else(|| wrong("leads to no function"))?;
        function.paths.push(path.to_owned());
        Ok(())
    }
}

/// The package of the function whose alias a value refers to.
fn package(id: &str, alias: &Value, resources: &Map<String, Value>) -> Result<String, String> {
    named(alias)
        .and_then(|name| resources.get(name))
        .and_then(|function| last_part(&function["Properties"]))
        .ok_or_else(|| format!("template.yaml: {id} refers to the alias of no function"))
}

/// The resource that `!GetAtt X.Y`, `!Ref X.Alias` or `!Sub …${X.Alias}…` is about.
fn named(value: &Value) -> Option<&str> {
    let text = match (&value["Fn::GetAtt"], &value["Ref"], &value["Fn::Sub"]) {
        (Value::String(text), ..) | (_, Value::String(text), _) => text.as_str(),
        (.., Value::String(text)) => text.split("${").find(|part| part.contains(".Alias}"))?,
        (Value::Array(parts), ..) => parts.first()?.as_str()?,
        _ => return None,
    };
    text.split('.').next()
}

fn last_part(properties: &Value) -> Option<String> {
    let uri = properties["CodeUri"].as_str()?;
    let last = uri.trim_end_matches('/').rsplit('/').next()?;
    Some(last.to_owned())
}

fn function(id: &str, properties: &Value, defaults: &Value) -> Result<Function, String> {
    let name =
        last_part(properties).ok_or_else(|| format!("template.yaml: {id} has no CodeUri"))?;
    let timeout = [properties, defaults]
        .iter()
        .find_map(|from| from["Timeout"].as_u64());
    Ok(Function {
        name,
        paths: Vec::new(),
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
    fn streams_come_from_their_mappings() {
        let streams = own().events.streams;
        let told: Vec<_> = streams
            .iter()
            .map(|stream| (stream.function.as_str(), stream.resource.as_str()))
            .collect();
        assert_eq!(told, [("events", "Accounts"), ("events", "Ephemeral")]);
    }

    #[test]
    fn a_route_that_leads_nowhere_is_refused() {
        let text = |target: &str, key: &str| {
            format!(
                "Resources: {{ R: {{ Type: AWS::ApiGatewayV2::Route, Properties: {{ RouteKey: {key}, Target: !Sub '{target}' }} }} }}"
            )
        };
        let refusal = Template::parse(&text("integrations/${Gone}", "ANY /x")).unwrap_err();
        assert_eq!(
            refusal,
            "template.yaml: the route R has no Target of an integration"
        );
        let refusal = Template::parse(&text("integrations/${Gone}", "GET /x")).unwrap_err();
        assert!(refusal.contains("RouteKey"), "{refusal}");
    }

    #[test]
    fn a_template_without_resources_is_refused() {
        let refusal = Template::parse("Globals: {}").unwrap_err();
        assert_eq!(refusal, "template.yaml: it has no Resources");
    }
}
