//! Into how many shards each projection is split, as the setting says it.

use std::str::FromStr;
use std::sync::Arc;

use event_store::log::Subscriber;
use event_store::store::Store;
use projectors::Projection;

/// One projection's number of shards, written as `customers=4`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    pub projection: String,
    pub shards: u16,
}

impl FromStr for Split {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (projection, shards) = text
            .split_once('=')
            .ok_or_else(|| format!("{text:?} is not of the form customers=4"))?;
        let shards = shards
            .trim()
            .parse()
            .map_err(|_| format!("{shards:?} is not a number of shards"))?;
        Ok(Self {
            projection: projection.trim().to_owned(),
            shards,
        })
    }
}

/// What runs the projections; an error names everything that is wrong with the setting.
pub fn subscribers(store: &Store, splits: &[Split]) -> Result<Vec<Arc<dyn Subscriber>>, String> {
    let projections = projectors::all(store);
    let names: Vec<&str> = projections.iter().map(Projection::name).collect();
    let mut wrong: Vec<String> = Vec::new();
    for (index, split) in splits.iter().enumerate() {
        let name = &split.projection;
        if !names.contains(&name.as_str()) {
            wrong.push(format!(
                "there is no projection {name}; there are {}",
                names.join(", ")
            ));
        }
        if splits[..index]
            .iter()
            .any(|other| other.projection == *name)
        {
            wrong.push(format!("{name} is given twice"));
        }
    }
    let mut subscribers = Vec::new();
    for projection in &projections {
        let split = splits
            .iter()
            .find(|split| split.projection == projection.name());
        match projection.split(split.map_or(1, |split| split.shards)) {
            Ok(shards) => subscribers.extend(shards),
            Err(refusal) => wrong.push(refusal.detail),
        }
    }
    match wrong.is_empty() {
        true => Ok(subscribers),
        false => Err(format!("--shards: {}", wrong.join("; "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_names_a_projection_and_a_number() {
        let split: Split = "customers=4".parse().unwrap();
        assert_eq!((split.projection.as_str(), split.shards), ("customers", 4));
        for wrong in ["customers", "customers=many", "customers=-1", "customers="] {
            assert!(wrong.parse::<Split>().is_err(), "{wrong}");
        }
    }
}
