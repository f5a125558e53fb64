//! What a reader asks of its fields, written down for the API's document.

use std::mem::take;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

use crate::http::spec::schema::{Member, may, must, whole};

/// A value that a field can hold, and how the API's document describes it.
pub trait Described {
    /// Its schema.
    fn describe() -> ObjectBuilder;
}

/// One field that a reader asked for.
#[derive(Clone)]
pub(crate) struct Taken {
    pub(crate) name: &'static str,
    pub(crate) schema: Object,
    pub(crate) required: bool,
}

impl Taken {
    pub(crate) fn member(&self, schema: Object) -> Member {
        if self.required {
            must(self.name, schema)
        } else {
            may(self.name, schema)
        }
    }
}

/// The fields that a reader asked for, in its order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record(Option<Arc<Mutex<Vec<Taken>>>>);

impl std::fmt::Debug for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Record {
    /// One that writes down what is asked for.
    pub(super) fn recording() -> Self {
        Self(Some(Arc::default()))
    }

    pub(crate) fn take(&self) -> Vec<Taken> {
        let all = self.0.iter();
        all.flat_map(|all| take(&mut *all.lock().unwrap_or_else(PoisonError::into_inner)))
            .collect()
    }

    fn add(&self, name: &'static str, required: bool, schema: impl FnOnce() -> ObjectBuilder) {
        if let Some(all) = &self.0 {
            all.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Taken {
                    name,
                    schema: schema().build(),
                    required,
                });
        }
    }

    pub(super) fn text<T: Described>(&self, name: &'static str, required: bool) {
        self.add(name, required, T::describe);
    }

    pub(super) fn nullable<T: Described>(&self, name: &'static str) {
        let kinds = [Type::String, Type::Null];
        self.add(name, false, || {
            T::describe().schema_type(kinds.into_iter().collect::<SchemaType>())
        });
    }

    pub(super) fn whole(
        &self,
        name: &'static str,
        bounds: &RangeInclusive<u64>,
        usual: Option<u64>,
    ) {
        self.add(name, false, || {
            whole("", bounds.clone()).default(usual.map(Into::into))
        });
    }

    pub(super) fn required_whole(&self, name: &'static str, bounds: &RangeInclusive<u64>) {
        self.add(name, true, || whole("", bounds.clone()));
    }

    pub(super) fn flag(&self, name: &'static str) {
        self.add(name, false, || {
            ObjectBuilder::new().schema_type(Type::Boolean)
        });
    }
}
