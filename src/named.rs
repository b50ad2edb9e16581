//! Lists of named things in the order of their declarations.

use serde::ser::{Serialize, SerializeMap, Serializer};
use std::ops::Index;

/// A list of things with names, in the order of their declarations.
#[derive(Clone, Debug, PartialEq)]
pub struct Named<T> {
    items: Vec<(String, T)>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

impl<T> Named<T> {
    /// Adds a thing, or replaces the one of that name.
    pub fn insert(&mut self, name: impl Into<String>, item: impl Into<T>) -> &mut Self {
        let (name, item) = (name.into(), item.into());
        match self.items.iter_mut().find(|(known, _)| *known == name) {
            Some((_, slot)) => *slot = item,
            None => self.items.push((name, item)),
        }
        self
    }

    /// The thing of that name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.items.iter().find(|(known, _)| known == name).map(|(_, item)| item)
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.items.iter().map(|(name, item)| (name.as_str(), item))
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|(name, _)| name.as_str())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl<T> Index<&str> for Named<T> {
    type Output = T;

    /// # Panics
    /// If there is nothing of that name.
    fn index(&self, name: &str) -> &T {
        self.get(name)
            .unwrap_or_else(|| panic!("there is no `{name}` among {:?}", self.names().collect::<Vec<_>>()))
    }
}

impl<T, N: Into<String>, I: Into<T>> FromIterator<(N, I)> for Named<T> {
    fn from_iter<S: IntoIterator<Item = (N, I)>>(items: S) -> Self {
        Self { items: items.into_iter().map(|(name, item)| (name.into(), item.into())).collect() }
    }
}

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, item) in self.iter() {
            map.serialize_entry(name, item)?;
        }
        map.end()
    }
}
