//! A name for the values that a deployment was made with.

use aws_lc_rs::digest;
use serde_json::{Map, Value};

/// Half of a SHA-256 is plenty to tell two deployments apart.
const BYTES: usize = 16;

/// The hash of all parameters: the same for the same values, in whatever order they come.
///
/// # Errors
/// A sentence, where the template gives no parameters.
pub(crate) fn hash(properties: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let Some(Value::Object(parameters)) = properties.get("Parameters") else {
        return Err("Custom::Release needs the property Parameters in the template.".to_owned());
    };
    let mut pairs: Vec<_> = parameters.iter().collect();
    pairs.sort_by_key(|(name, _)| *name);
    // As JSON, so that no name and value can be read as others.
    let text = serde_json::to_string(&pairs).map_err(|error| error.to_string())?;
    let hash: String = digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..BYTES]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(Map::from_iter([("Hash".to_owned(), hash.into())]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(parameters: Value) -> String {
        let properties = json!({"ServiceToken": "arn:…", "Parameters": parameters});
        let hash = hash(properties.as_object().unwrap()).unwrap();
        hash["Hash"].as_str().unwrap().to_owned()
    }

    #[test]
    fn another_value_is_another_hash_and_another_order_is_not() {
        let first = of(json!({"Stage": "dev", "EdgeDomain": ""}));
        assert_eq!(first.len(), 32);
        assert_eq!(first, of(json!({"EdgeDomain": "", "Stage": "dev"})));
        assert_ne!(first, of(json!({"EdgeDomain": "", "Stage": "prod"})));
        assert_ne!(first, of(json!({"EdgeDomain": "dev", "Stage": ""})));
        assert_ne!(first, of(json!({"Stage": "dev"})));
    }

    #[test]
    fn without_parameters_there_is_no_hash() {
        let refusal = hash(&Map::new()).unwrap_err();
        assert!(refusal.contains("Parameters"), "{refusal}");
    }
}
