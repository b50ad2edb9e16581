//! Arrays that are owned at run time and may be statics in generated code.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

/// An array: owned when compiled at run time, borrowed when a macro emitted it as a static.
pub type List<T> = Cow<'static, [T]>;

/// A piece of text, owned or static.
pub type Text = Cow<'static, str>;

/// Serializes a list of numbers; the infinities, which JSON has no number for, become the strings `inf` and `-inf`.
pub(crate) mod floats {
    use super::{
        Cow, Deserialize, Deserializer, List, SeqAccess, Serialize, SerializeSeq, Serializer, String, Vec,
        Visitor,
    };
    use core::fmt;

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Number {
        Finite(f64),
        Named(String),
    }

    pub(crate) fn serialize<S: Serializer>(list: &List<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(list.len()))?;
        for &value in list.iter() {
            if value.is_finite() {
                sequence.serialize_element(&value)?;
            } else {
                sequence.serialize_element(if value.is_nan() {
                    "nan"
                } else if value > 0.0 {
                    "inf"
                } else {
                    "-inf"
                })?;
            }
        }
        sequence.end()
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<List<f64>, D::Error> {
        struct Floats;
        impl<'de> Visitor<'de> for Floats {
            type Value = List<f64>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a list of numbers, \"inf\" or \"-inf\"")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::with_capacity(sequence.size_hint().unwrap_or(0).min(1 << 20));
                while let Some(number) = sequence.next_element::<Number>()? {
                    values.push(match number {
                        Number::Finite(value) => value,
                        Number::Named(name) if name == "inf" => f64::INFINITY,
                        Number::Named(name) if name == "-inf" => f64::NEG_INFINITY,
                        Number::Named(_) => {
                            return Err(serde::de::Error::custom("expected a number, \"inf\" or \"-inf\""));
                        }
                    });
                }
                Ok(Cow::Owned(values))
            }
        }
        deserializer.deserialize_seq(Floats)
    }
}
