//! Histories that are sound by the way they are made: clients overlap at random, and each transaction takes effect at one
//! moment between its call and its answer. They show that the checker accuses nobody without cause.

use std::collections::BTreeMap;

use crate::conformance::history::{History, Name, Outcome, Step, Transaction};
use crate::conformance::seeds::Dice;

const CLIENTS: usize = 16;
const LISTS: u64 = 6;
/// A list's life, in transactions.
const LIST_LIFE: usize = 200;

/// A client's transaction on its way.
struct Open {
    transaction: Transaction,
    /// It has taken effect, or never will.
    settled: bool,
}

/// So many transactions; some fail, of some the outcome is never known.
pub fn sound(dice: &mut Dice, count: usize) -> History {
    let (mut history, mut clock) = (History::default(), 0);
    let mut open: BTreeMap<usize, Open> = BTreeMap::new();
    while history.transactions.len() < count {
        clock += 1;
        let client = dice.pick(CLIENTS);
        match open.get_mut(&client) {
            None => {
                let settled = false;
                let transaction = call(dice, (client, clock), history.transactions.len());
                open.insert(
                    client,
                    Open {
                        transaction,
                        settled,
                    },
                );
            }
            Some(one) if !one.settled => {
                take_effect(dice, &mut one.transaction, &mut history.lists);
                one.settled = true;
            }
            Some(_) => {
                if let Some(mut done) = open.remove(&client) {
                    done.transaction.answered = clock;
                    history.transactions.push(done.transaction);
                }
            }
        }
    }
    // Whoever is still on the way never hears of it.
    for (_, one) in open {
        let mut transaction = one.transaction;
        transaction.answered = clock + 1;
        if transaction.outcome == Outcome::Done {
            transaction.outcome = Outcome::Unknown;
        }
        history.transactions.push(transaction);
    }
    history
}

fn call(dice: &mut Dice, (client, clock): (usize, u64), number: usize) -> Transaction {
    let mut transaction = Transaction::called(client, clock);
    let window = number / LIST_LIFE;
    let mut picked: Vec<u64> = (0..LISTS).collect();
    dice.shuffle(&mut picked);
    picked.truncate(1 + dice.pick(3));
    let appends = dice.one_in(2);
    for list in picked {
        let list = Name::from(format!("{window}-{list}"));
        transaction.steps.push(Step::Read {
            list: list.clone(),
            values: Vec::new(),
        });
        if appends {
            // The moment of its call names it: no two are equal.
            let value = clock;
            transaction.steps.push(Step::Append { list, value });
        }
    }
    transaction
}

/// All its steps at one moment.
fn take_effect(
    dice: &mut Dice,
    transaction: &mut Transaction,
    lists: &mut BTreeMap<Name, Vec<u64>>,
) {
    transaction.outcome = match dice.roll(10) {
        0 => Outcome::Failed,
        1 => Outcome::Unknown,
        _ => Outcome::Done,
    };
    // One of unknown outcome may have worked or not.
    let stands = match transaction.outcome {
        Outcome::Done => true,
        Outcome::Failed => false,
        Outcome::Unknown => dice.one_in(2),
    };
    for step in &mut transaction.steps {
        match step {
            Step::Read { list, values } => *values = lists.get(list).cloned().unwrap_or_default(),
            Step::Append { list, value } if stands => {
                lists.entry(list.clone()).or_default().push(*value);
            }
            Step::Append { .. } => {}
        }
    }
}
