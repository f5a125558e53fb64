//! One record of a DynamoDB stream, as Lambda hands it over.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use crate::store::item::Item;
use crate::{Error, Result};

/// A change of one item.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The stream's own name for it, the same whenever it comes.
    pub id: String,
    /// The place in its shard, by which a failure is reported.
    pub sequence: String,
    /// When the stream noted it, to the second; the items' own times are exact.
    pub noted: Timestamp,
    pub(super) pk: String,
    pub(super) sk: String,
    /// The item before; `None` where there was none.
    pub(super) old: Option<Item>,
    /// The item afterwards; `None` where it was deleted.
    pub(super) new: Option<Item>,
}

impl Change {
    /// Reads a record.
    ///
    /// # Errors
    /// [`Error::Internal`] for what is no record of a stream with both images.
    pub fn read(record: &Value) -> Result<Self> {
        let stream = &record["dynamodb"];
        let text = |value: &Value, name: &str| {
            let text = value.as_str().filter(|text| !text.is_empty());
            text.map(str::to_owned)
                .ok_or_else(|| Error::internal(format_args!("a stream record has no {name}")))
        };
        let image = |name: &str| -> Result<Option<Item>> {
            match &stream[name] {
                Value::Null => Ok(None),
                image => item(image).map(Some).ok_or_else(|| {
                    Error::internal(format_args!("a stream record has no sound {name}"))
                }),
            }
        };
        let noted = stream["ApproximateCreationDateTime"].as_f64();
        Ok(Self {
            id: text(&record["eventID"], "eventID")?,
            sequence: text(&stream["SequenceNumber"], "SequenceNumber")?,
            noted: noted
                .and_then(|seconds| jiff::SignedDuration::try_from_secs_f64(seconds).ok())
                .and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok())
                .unwrap_or(Timestamp::UNIX_EPOCH),
            pk: text(&stream["Keys"]["pk"]["S"], "pk")?,
            sk: text(&stream["Keys"]["sk"]["S"], "sk")?,
            old: image("OldImage")?,
            new: image("NewImage")?,
        })
    }
}

fn item(image: &Value) -> Option<Item> {
    image
        .as_object()?
        .iter()
        .map(|(name, value)| Some((name.clone(), attribute(value)?)))
        .collect()
}

fn attribute(value: &Value) -> Option<AttributeValue> {
    let (kind, value) = value.as_object()?.iter().next()?;
    let texts = || -> Option<Vec<String>> {
        let list = value.as_array()?.iter();
        list.map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let bytes = |text: &str| STANDARD.decode(text).ok().map(Blob::new);
    Some(match kind.as_str() {
        "S" => AttributeValue::S(value.as_str()?.to_owned()),
        "N" => AttributeValue::N(value.as_str()?.to_owned()),
        "B" => AttributeValue::B(bytes(value.as_str()?)?),
        "BOOL" => AttributeValue::Bool(value.as_bool()?),
        "NULL" => AttributeValue::Null(true),
        "M" => AttributeValue::M(item(value)?),
        "L" => AttributeValue::L(
            value
                .as_array()?
                .iter()
                .map(attribute)
                .collect::<Option<_>>()?,
        ),
        "SS" => AttributeValue::Ss(texts()?),
        "NS" => AttributeValue::Ns(texts()?),
        "BS" => AttributeValue::Bs(
            texts()?
                .iter()
                .map(|text| bytes(text))
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}
