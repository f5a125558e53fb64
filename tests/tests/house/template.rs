//! template.yaml as JSON; `!Sub x` and its like become `{"Fn::Sub": x}`.

use serde_json::{Map, Value};

/// One function of the template.
pub(crate) struct Function {
    /// The folder below functions/.
    pub(crate) name: String,
    /// The paths of its events; `$default` where none is given.
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
        .values()
        .filter(|resource| resource["Type"] == "AWS::Serverless::Function")
        .map(|resource| function(&resource["Properties"], &global))
        .collect()
}

fn function(properties: &Value, global: &[String]) -> Function {
    let code = properties["CodeUri"].as_str().expect("CodeUri");
    let events = properties["Events"]
        .as_object()
        .into_iter()
        .flat_map(Map::values);
    let paths = events
        .filter(|event| event["Type"] == "HttpApi")
        .map(|event| {
            event["Properties"]["Path"]
                .as_str()
                .unwrap_or("$default")
                .to_owned()
        })
        .collect();
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
