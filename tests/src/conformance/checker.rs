//! Judges a history, after Elle (Kingsbury and Alvaro, VLDB 2020): because every number is appended once and every read
//! shows a list, the order of appends is known, and what must not be can be pointed at.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::conformance::graph;
use crate::conformance::history::{Freshness, History, Name, Outcome, Step, Transaction};

/// What must not be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anomaly {
    /// An acknowledged append is not there.
    Lost { list: Name, value: u64 },
    /// A number stands twice.
    Duplicated { list: Name, value: u64 },
    /// A number stands that nobody appended, or whose append was said to have failed.
    OutOfNowhere { list: Name, value: u64 },
    /// A read shows another order than the list has.
    Reordered { list: Name, client: usize },
    /// An append was acknowledged before another began, and stands behind it.
    TurnedRound { list: Name, value: u64 },
    /// Part of a transaction stands.
    Torn { values: Vec<u64> },
    /// A read does not show what it must.
    Stale {
        list: Name,
        client: usize,
        missing: u64,
    },
    /// Transactions depend on each other in a circle: no order of them explains what was seen.
    Cyclic { clients: Vec<usize> },
}

/// How many anomalies are enough to show.
const SHOWN: usize = 20;

/// Everything that is wrong with a history; empty when it is sound.
pub fn check(history: &History) -> Vec<Anomaly> {
    let places = Places::of(history);
    let mut found = places.duplicated.clone();
    found.extend(out_of_nowhere(history));
    for transaction in &history.transactions {
        found.extend(places.lost_or_torn(transaction));
        found.extend(places.misread(transaction));
    }
    found.extend(turned_round(history, &places));
    found.extend(stale(history, &places));
    // A circle among transactions only adds to what is wrong with single ones.
    if found.is_empty()
        && let Some(circle) = graph::find_circle(history, &places)
    {
        found.push(Anomaly::Cyclic { clients: circle });
    }
    found.sort();
    found.dedup();
    found.truncate(SHOWN);
    found
}

/// Where every number stands in its list.
pub struct Places<'a> {
    history: &'a History,
    at: HashMap<(&'a str, u64), usize>,
    duplicated: Vec<Anomaly>,
}

impl<'a> Places<'a> {
    fn of(history: &'a History) -> Self {
        let (mut at, mut duplicated) = (HashMap::new(), Vec::new());
        for (list, values) in &history.lists {
            for (place, value) in values.iter().enumerate() {
                if at.insert((list.as_ref(), *value), place).is_some() {
                    duplicated.push(Anomaly::Duplicated {
                        list: list.clone(),
                        value: *value,
                    });
                }
            }
        }
        Self {
            history,
            at,
            duplicated,
        }
    }

    pub fn find(&self, list: &str, value: u64) -> Option<usize> {
        self.at.get(&(list, value)).copied()
    }

    /// The number that stands there.
    pub fn value_at(&self, list: &str, place: usize) -> Option<u64> {
        self.history.lists.get(list)?.get(place).copied()
    }

    /// How much of the list a read has shown: up to and without this place.
    pub fn end_of(&self, list: &str, values: &[u64]) -> Option<usize> {
        match values.last() {
            Some(last) => self.find(list, *last).map(|place| place + 1),
            None => Some(0),
        }
    }

    fn lost_or_torn(&self, transaction: &Transaction) -> Vec<Anomaly> {
        let appended: Vec<(&Name, u64)> = appends(transaction).collect();
        let is_there = |(list, value): &&(&Name, u64)| self.find(list, *value).is_some();
        let there = appended.iter().filter(is_there).count();
        match transaction.outcome {
            Outcome::Done => appended
                .iter()
                .filter(|append| !is_there(append))
                .map(|(list, value)| Anomaly::Lost {
                    list: (*list).clone(),
                    value: *value,
                })
                .collect(),
            Outcome::Unknown if there > 0 && there < appended.len() => vec![Anomaly::Torn {
                values: appended.iter().map(|(_, value)| *value).collect(),
            }],
            Outcome::Unknown | Outcome::Failed => Vec::new(),
        }
    }

    /// A read must show consecutive numbers of the list as it stands in the end.
    fn misread(&self, transaction: &Transaction) -> Vec<Anomaly> {
        let mut found = Vec::new();
        for (list, values) in reads(transaction) {
            let mut seen = HashSet::new();
            if let Some(twice) = values.iter().find(|value| !seen.insert(**value)) {
                found.push(Anomaly::Duplicated {
                    list: list.clone(),
                    value: *twice,
                });
                continue;
            }
            let all = self.history.lists.get(list).map_or(&[][..], Vec::as_slice);
            let first = values.first().and_then(|first| self.find(list, *first));
            let shown = first.and_then(|first| all.get(first..first + values.len()));
            if !values.is_empty() && shown != Some(values) {
                let gone = values
                    .iter()
                    .find(|value| self.find(list, **value).is_none());
                found.push(match gone {
                    Some(value) => Anomaly::Lost {
                        list: list.clone(),
                        value: *value,
                    },
                    None => Anomaly::Reordered {
                        list: list.clone(),
                        client: transaction.client,
                    },
                });
            }
        }
        found
    }
}

pub fn appends(transaction: &Transaction) -> impl Iterator<Item = (&Name, u64)> {
    transaction.steps.iter().filter_map(|step| match step {
        Step::Append { list, value } => Some((list, *value)),
        Step::Read { .. } => None,
    })
}

pub fn reads(transaction: &Transaction) -> impl Iterator<Item = (&Name, &[u64])> {
    let is_done = transaction.outcome == Outcome::Done;
    transaction.steps.iter().filter_map(move |step| match step {
        Step::Read { list, values } if is_done => Some((list, values.as_slice())),
        Step::Read { .. } | Step::Append { .. } => None,
    })
}

/// Whatever stands or was read must have been appended by somebody who was not told that it failed.
fn out_of_nowhere(history: &History) -> Vec<Anomaly> {
    let alive = history
        .transactions
        .iter()
        .filter(|transaction| transaction.outcome != Outcome::Failed);
    let written: HashSet<(&str, u64)> = alive
        .flat_map(appends)
        .map(|(list, value)| (list.as_ref(), value))
        .collect();
    let read = history.transactions.iter().flat_map(|transaction| {
        reads(transaction).flat_map(|(list, values)| values.iter().map(move |value| (list, *value)))
    });
    let stand = history
        .lists
        .iter()
        .flat_map(|(list, values)| values.iter().map(move |value| (list, *value)));
    stand
        .chain(read)
        .filter(|(list, value)| !written.contains(&(list.as_ref(), *value)))
        .map(|(list, value)| Anomaly::OutOfNowhere {
            list: list.clone(),
            value,
        })
        .collect()
}

/// Along each list, nobody may stand in front of somebody who was acknowledged before it was called.
fn turned_round(history: &History, places: &Places<'_>) -> Vec<Anomaly> {
    let mut spans: BTreeMap<(&Name, usize), (u64, u64)> = BTreeMap::new();
    for transaction in &history.transactions {
        for (list, value) in appends(transaction) {
            if let Some(place) = places.find(list, value) {
                let answered = match transaction.outcome {
                    Outcome::Done => transaction.answered,
                    Outcome::Failed | Outcome::Unknown => u64::MAX,
                };
                spans.insert((list, place), (transaction.called, answered));
            }
        }
    }
    let (mut found, mut latest_call) = (Vec::new(), HashMap::<&Name, u64>::new());
    for ((list, place), (called, answered)) in spans {
        let latest = latest_call.entry(list).or_default();
        // Somebody in front of it was called only after it had been answered.
        if answered < *latest {
            found.push(Anomaly::TurnedRound {
                list: list.clone(),
                value: places.value_at(list, place).unwrap_or_default(),
            });
        }
        *latest = (*latest).max(called);
    }
    found
}

/// Reads against what they must show: all that was answered before a strict read was called, all up to the position that
/// a reader has named, and whatever an earlier strict read has shown.
fn stale(history: &History, places: &Places<'_>) -> Vec<Anomaly> {
    let mut found = Vec::new();
    let mut by_time: Vec<(u64, &Name, usize)> = Vec::new();
    let mut by_position: HashMap<&Name, BTreeMap<i64, usize>> = HashMap::new();
    for transaction in &history.transactions {
        if transaction.outcome != Outcome::Done {
            continue;
        }
        for (list, value) in appends(transaction) {
            let Some(place) = places.find(list, value) else {
                continue;
            };
            by_time.push((transaction.answered, list, place + 1));
            if let Some(position) = transaction.position {
                by_position
                    .entry(list)
                    .or_default()
                    .insert(position, place + 1);
            }
        }
        if transaction.freshness == Freshness::Strict {
            for (list, values) in reads(transaction) {
                let end = places.end_of(list, values).unwrap_or(0);
                by_time.push((transaction.answered, list, end));
            }
        }
    }
    by_time.sort_unstable();
    let mut in_order: Vec<&Transaction> = history.transactions.iter().collect();
    in_order.sort_unstable_by_key(|transaction| transaction.called);
    let (mut owed, mut next) = (HashMap::<&Name, usize>::new(), 0);
    for transaction in in_order {
        while let Some((answered, list, end)) = by_time.get(next)
            && *answered < transaction.called
        {
            let most = owed.entry(list).or_default();
            *most = (*most).max(*end);
            next += 1;
        }
        for (list, values) in reads(transaction) {
            let must = match transaction.freshness {
                Freshness::Strict => owed.get(list).copied().unwrap_or(0),
                Freshness::ReadAfter(position) => by_position.get(list).map_or(0, |ends| {
                    ends.range(..=position)
                        .map(|(_, end)| *end)
                        .max()
                        .unwrap_or(0)
                }),
            };
            // What has vanished is reported as lost.
            let Some(shown) = places.end_of(list, values) else {
                continue;
            };
            if shown < must {
                found.push(Anomaly::Stale {
                    list: list.clone(),
                    client: transaction.client,
                    missing: places.value_at(list, shown).unwrap_or_default(),
                });
            }
        }
    }
    found
}
