//! Who must have come before whom: by the order of a list's numbers, by what a read has shown and not shown, and by real
//! time. A circle among them cannot be explained by any order of the transactions.

use std::collections::HashMap;

use crate::conformance::checker::{Places, appends, reads};
use crate::conformance::history::{Freshness, History, Name, Outcome, Transaction};

/// Edges from each node to those that come after it.
type Edges = Vec<Vec<u32>>;

/// The clients of one circle, if there is any.
pub fn find_circle(history: &History, places: &Places<'_>) -> Option<Vec<usize>> {
    let nodes = &history.transactions;
    let mut edges: Edges = vec![Vec::new(); nodes.len()];
    follow_lists(nodes, places, &mut edges);
    follow_time(nodes, &mut edges);
    let circle = circle_of(&edges)?;
    let clients = circle
        .into_iter()
        .filter_map(|node| nodes.get(node))
        .map(|transaction| transaction.client);
    Some(clients.collect())
}

/// The writer of each number comes before the next number's writer and before whoever has read it; whoever has read a
/// list comes before the writer of what it did not show.
fn follow_lists(nodes: &[Transaction], places: &Places<'_>, edges: &mut Edges) {
    let mut writers: HashMap<(&Name, usize), usize> = HashMap::new();
    for (node, transaction) in nodes.iter().enumerate() {
        for (list, value) in appends(transaction) {
            if let Some(place) = places.find(list, value) {
                writers.insert((list, place), node);
            }
        }
    }
    let mut link = |before: usize, after: usize| {
        if before != after {
            edges[before].push(index(after));
        }
    };
    for ((list, place), node) in &writers {
        if let Some(next) = writers.get(&(*list, place + 1)) {
            link(*node, *next);
        }
    }
    for (node, transaction) in nodes.iter().enumerate() {
        // A read of a projection says how old it may be; it stands for no moment of its own.
        if transaction.freshness != Freshness::Strict {
            continue;
        }
        for (list, values) in reads(transaction) {
            let Some(end) = places.end_of(list, values) else {
                continue;
            };
            if let Some(writer) = end
                .checked_sub(1)
                .and_then(|last| writers.get(&(list, last)))
            {
                link(*writer, node);
            }
            if let Some(writer) = writers.get(&(list, end)) {
                link(node, *writer);
            }
        }
    }
}

/// Real time: whoever was answered comes before whoever was called later. One extra node for each answer, each linked to
/// the next, keeps the number of edges down.
fn follow_time(nodes: &[Transaction], edges: &mut Edges) {
    let is_timed = |transaction: &Transaction| transaction.freshness == Freshness::Strict;
    let mut moments: Vec<(u64, bool, usize)> = Vec::new();
    for (node, transaction) in nodes.iter().enumerate() {
        if !is_timed(transaction) || transaction.outcome == Outcome::Failed {
            continue;
        }
        moments.push((transaction.called, false, node));
        if transaction.outcome == Outcome::Done {
            moments.push((transaction.answered, true, node));
        }
    }
    moments.sort_unstable();
    let mut newest: Option<usize> = None;
    for (_, is_answer, node) in moments {
        if is_answer {
            let moment = edges.len();
            edges.push(Vec::new());
            edges[node].push(index(moment));
            if let Some(before) = newest {
                edges[before].push(index(moment));
            }
            newest = Some(moment);
        } else if let Some(before) = newest {
            edges[before].push(index(node));
        }
    }
}

/// Some circle: a walk in depth that comes back to a node which it has not left yet.
fn circle_of(edges: &Edges) -> Option<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        Unseen,
        OnPath,
        Left,
    }
    let mut marks = vec![Mark::Unseen; edges.len()];
    for start in 0..edges.len() {
        if marks[start] != Mark::Unseen {
            continue;
        }
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        marks[start] = Mark::OnPath;
        while let Some((node, taken)) = path.last_mut() {
            let Some(next) = edges[*node].get(*taken).map(|next| *next as usize) else {
                marks[*node] = Mark::Left;
                path.pop();
                continue;
            };
            *taken += 1;
            match marks[next] {
                Mark::Unseen => {
                    marks[next] = Mark::OnPath;
                    path.push((next, 0));
                }
                Mark::OnPath => {
                    let circle = path.iter().map(|(node, _)| *node);
                    return Some(circle.skip_while(|node| *node != next).collect());
                }
                Mark::Left => {}
            }
        }
    }
    None
}

fn index(node: usize) -> u32 {
    u32::try_from(node).expect("a history has fewer transactions than this")
}
