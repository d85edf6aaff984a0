//! What the readers decode first: borrowed pieces of the input, only those that facts are made of.
//!
//! ```text
//! {"metadata":{"name":"web-0","managedFields":[…]},"spec":{…}}   10–20 KB
//!                      └── Text(&"web-0")   borrowed; what is not named here is skipped, not kept
//! ```
//!
//! As in Go, an explicit null is the same as an absent field. Nothing here judges what it reads.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// A string, borrowed from the input where it stands there unescaped.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub(super) struct Text<'a>(pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringVisitor;
        impl<'de> Visitor<'de> for StringVisitor {
            type Value = Text<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }
        deserializer.deserialize_str(StringVisitor)
    }
}

/// A null where a selector reads a value: what is stored depends on who writes it.
pub const NULL: &str = "a null value: some clients store an empty string here, others drop the key";

/// A map of strings, in the order of the input.
#[derive(Clone, Default, Debug)]
pub(super) struct StringMap<'a> {
    all: Vec<(Text<'a>, Text<'a>)>,
    /// The keys whose value is null; it reads as the empty string.
    nulls: Vec<Text<'a>>,
}

impl StringMap<'_> {
    /// The keys whose value is null.
    pub fn nulls(&self) -> impl Iterator<Item = &str> {
        self.nulls.iter().map(|it| &**it)
    }

    /// The pairs as plain strings.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all.iter().map(|(key, value)| (&**key, &**value))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().filter(|(it, _)| *it == key).last().map(|(_, value)| value)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for StringMap<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MapVisitor;
        impl<'de> Visitor<'de> for MapVisitor {
            type Value = StringMap<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a map of strings")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = StringMap { all: Vec::with_capacity(map.size_hint().unwrap_or(8)), nulls: Vec::new() };
                while let Some((key, value)) = map.next_entry::<Text<'de>, Option<Text<'de>>>()? {
                    if value.is_none() {
                        pairs.nulls.push(key.clone());
                    }
                    pairs.all.push((key, value.unwrap_or_default()));
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(MapVisitor)
    }
}

/// Reads a null as the default, as Go does.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(it: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(it)?.unwrap_or_default())
}

/// Reads an object, or a null as the default.
///
/// What serde derives would also take a list for a struct, field by field; Kubernetes takes no such thing.
pub(super) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(it: D) -> Result<T, D::Error> {
    struct ObjectVisitor<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ObjectVisitor<T> {
        type Value = T;
        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
        fn visit_unit<E>(self) -> Result<T, E> {
            Ok(T::default())
        }
    }
    it.deserialize_any(ObjectVisitor(PhantomData))
}

/// An owner reference.
#[derive(Deserialize, Default, Debug)]
pub(super) struct OwnerSlim<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub kind: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub name: Text<'a>,
    #[serde(default, deserialize_with = "or_default")]
    pub controller: bool,
}

/// The fields of [`Metadata`], as paths.
pub(super) const METADATA: &[&str] = &[
    "metadata.name",
    "metadata.generateName",
    "metadata.namespace",
    "metadata.labels",
    "metadata.uid",
    "metadata.resourceVersion",
    "metadata.creationTimestamp",
    "metadata.deletionTimestamp",
    "metadata.ownerReferences",
];

/// The parts of an object's metadata that facts hold.
#[derive(Default, Debug)]
pub(super) struct Metadata<'a> {
    /// What stands in `generateName` where a manifest has only that.
    pub name: Text<'a>,
    pub namespace: Text<'a>,
    pub labels: StringMap<'a>,
    pub uid: Text<'a>,
    pub resource_version: Text<'a>,
    pub creation_timestamp: Option<Text<'a>>,
    pub deletion_timestamp: Option<Text<'a>>,
    pub owner_references: Vec<OwnerSlim<'a>>,
    /// The first annotation by which a cloud provider knows a service account.
    pub cloud_identity: Text<'a>,
}

/// The annotations by which cloud providers know accounts.
const CLOUD: [&str; 3] =
    ["eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account", "azure.workload.identity/client-id"];

/// Of annotations the one that matters; whatever else stands there is skipped.
#[derive(Default)]
struct CloudIdentity<'a>(Text<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for CloudIdentity<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MapVisitor;
        impl<'de> Visitor<'de> for MapVisitor {
            type Value = CloudIdentity<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a map of strings")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut found = CloudIdentity::default();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    if CLOUD.contains(&&*key) && found.0.is_empty() {
                        found.0 = map.next_value::<Option<Text<'de>>>()?.unwrap_or_default();
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(found)
            }
        }
        deserializer.deserialize_map(MapVisitor)
    }
}

/// The same as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMetadata<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    generate_name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    namespace: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    labels: StringMap<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    uid: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    resource_version: Text<'a>,
    #[serde(borrow, default)]
    creation_timestamp: Option<Text<'a>>,
    #[serde(borrow, default)]
    deletion_timestamp: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    owner_references: Vec<OwnerSlim<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    annotations: CloudIdentity<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Metadata<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let it = RawMetadata::deserialize(deserializer)?;
        Ok(Self {
            name: if it.name.is_empty() { it.generate_name } else { it.name },
            namespace: it.namespace,
            labels: it.labels,
            uid: it.uid,
            resource_version: it.resource_version,
            creation_timestamp: it.creation_timestamp,
            deletion_timestamp: it.deletion_timestamp,
            owner_references: it.owner_references,
            cloud_identity: it.annotations.0,
        })
    }
}

impl Metadata<'_> {
    /// The owner that controls the object.
    pub fn controller(&self) -> Option<&OwnerSlim<'_>> {
        self.owner_references.iter().find(|it| it.controller)
    }
}

/// An object of which only the metadata matters.
#[derive(Deserialize, Default, Debug)]
pub(super) struct OnlyMetadata<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    pub metadata: Metadata<'a>,
}

/// What names an object, for objects of which not even the metadata reads.
#[derive(Deserialize, Default, Debug)]
pub(super) struct OnlyNames<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    metadata: ObjectNames<'a>,
}

#[derive(Deserialize, Default, Debug)]
struct ObjectNames<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    namespace: Text<'a>,
}

impl<'a> OnlyNames<'a> {
    /// The metadata that this is.
    pub fn metadata(self) -> Metadata<'a> {
        Metadata { name: self.metadata.name, namespace: self.metadata.namespace, ..Metadata::default() }
    }
}

/// A number or a string, as ports are written.
#[derive(Clone, Debug)]
pub(super) enum NumberOrText<'a> {
    Number(i64),
    Text(Text<'a>),
}

impl<'de: 'a, 'a> Deserialize<'de> for NumberOrText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = NumberOrText<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a number or a string")
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(NumberOrText::Number(number))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(NumberOrText::Number(i64::try_from(number).unwrap_or(i64::MAX)))
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(NumberOrText::Text(Text(Cow::Borrowed(text))))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(NumberOrText::Text(Text(Cow::Owned(text.to_owned()))))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
