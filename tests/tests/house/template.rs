//! template.yaml as JSON; `!Sub x` and its like become `{"Fn::Sub": x}`.

use serde_json::{Map, Value};

/// One function of the template.
pub(crate) struct Function {
    /// The folder below functions/.
    pub(crate) name: String,
    /// The paths of its routes, `$default` for the catch-all.
    pub(crate) paths: Vec<String>,
    /// The actions that its own statements allow.
    pub(crate) actions: Vec<String>,
    /// Every statement, for what no statement may say.
    pub(crate) statements: Vec<Value>,
    /// The variables that it is given, the global ones included.
    pub(crate) variables: Vec<String>,
}

/// The whole document.
pub(crate) fn document() -> Value {
    parse(&crate::read("template.yaml"))
}

/// A YAML document as JSON.
pub(crate) fn parse(text: &str) -> Value {
    local::yaml::read(text).expect("YAML")
}

/// Its functions, in order.
pub(crate) fn functions() -> Vec<Function> {
    let document = document();
    let global = names(&document["Globals"]["Function"]["Environment"]["Variables"]);
    let resources = document["Resources"].as_object().expect("Resources");
    resources
        .iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function")
        .map(|(id, resource)| {
            let ignored = list(&resource["IgnoreGlobals"]);
            let own = ignored.iter().any(|name| name == "Environment");
            let global = if own { &[][..] } else { &global };
            function(&resource["Properties"], paths(id, resources), global)
        })
        .collect()
}

/// The paths of the routes that lead to a function's alias.
fn paths(function: &str, resources: &Map<String, Value>) -> Vec<String> {
    let alias = format!("{function}.Alias");
    let leads_here = |route: &Value| {
        let target = route["Properties"]["Target"]["Fn::Sub"].as_str();
        let name =
            target.and_then(|target| target.strip_prefix("integrations/${")?.strip_suffix('}'));
        let uri = &resources[name.expect("a target")]["Properties"]["IntegrationUri"];
        uri["Ref"] == alias.as_str()
    };
    resources
        .values()
        .filter(|resource| resource["Type"] == "AWS::ApiGatewayV2::Route")
        .filter(|route| leads_here(route))
        .map(|route| {
            let key = route["Properties"]["RouteKey"].as_str().expect("a key");
            key.strip_prefix("ANY ").unwrap_or(key).to_owned()
        })
        .collect()
}

fn function(properties: &Value, paths: Vec<String>, global: &[String]) -> Function {
    let code = properties["CodeUri"].as_str().expect("CodeUri");
    let policies = properties["Policies"].as_array().into_iter().flatten();
    let statements: Vec<_> = policies
        .flat_map(|policy| list(&policy["Statement"]))
        .collect();
    let actions = statements
        .iter()
        .flat_map(|statement| list(&statement["Action"]))
        .filter_map(|action| action.as_str().map(str::to_owned))
        .collect();
    let mut variables = names(&properties["Environment"]["Variables"]);
    variables.extend(global.iter().cloned());
    Function {
        name: code
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .expect("a name")
            .to_owned(),
        paths,
        actions,
        statements,
        variables,
    }
}

fn names(object: &Value) -> Vec<String> {
    object
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .cloned()
        .collect()
}

/// A list, or the one thing that stands for a list of one.
pub(crate) fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}
