//! The life of one message under leases, as a model that is walked through whole: two workers that claim, renew, call, write
//! back, crash and stand still, and a line to the database that may be cut. Every order of their steps keeps the promises;
//! with any of the rules left out, some order breaks them.

use std::collections::{HashSet, VecDeque};

/// In ticks: how long a lease is, and how much sooner its holder lets go.
const LEASE: u8 = 3;
const MARGIN: u8 = 1;
/// How long the model is watched. Long enough for a message to be taken over twice.
const LAST_TICK: u8 = 10;
const MOST_LEASES: u8 = 3;

/// Which of the relay's rules hold.
#[derive(Clone, Copy, Debug)]
struct Rules {
    /// Whoever writes back names its lease, and an older one changes nothing.
    is_fenced: bool,
    /// Whoever could not renew drops its call before the lease ends.
    lets_go: bool,
}

const OURS: Rules = Rules {
    is_fenced: true,
    lets_go: true,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Phase {
    #[default]
    Idle,
    Calling,
    /// The answer has come: a success, or a failure to be tried again.
    Answered(bool),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Worker {
    phase: Phase,
    lease_no: u8,
    deadline: u8,
    is_cut: bool,
    stands_still: bool,
    /// It has stood still during this call: when it goes on it drops it before anything else.
    stood_still: bool,
}

/// The row, the workers, and what may still go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    now: u8,
    is_done: bool,
    lease_no: u8,
    lease_until: u8,
    finished: u8,
    workers: [Worker; 2],
    crashes_left: u8,
    cuts_left: u8,
    stalls_left: u8,
}

const START: State = State {
    now: 1,
    is_done: false,
    lease_no: 0,
    lease_until: 0,
    finished: 0,
    workers: [Worker {
        phase: Phase::Idle,
        lease_no: 0,
        deadline: 0,
        is_cut: false,
        stands_still: false,
        stood_still: false,
    }; 2],
    crashes_left: 1,
    cuts_left: 1,
    stalls_left: 1,
};

impl State {
    /// All that may happen next.
    fn next(&self, rules: Rules) -> Vec<Self> {
        let mut found = Vec::new();
        for number in 0..self.workers.len() {
            self.steps_of(number, rules, &mut found);
            self.mishaps_of(number, &mut found);
        }
        let is_late = |worker: &Worker| {
            worker.phase == Phase::Calling && !worker.stands_still && worker.deadline <= self.now
        };
        // Time does not pass over a call that is to be dropped, unless its process stands still.
        if self.now < LAST_TICK && !(rules.lets_go && self.workers.iter().any(is_late)) {
            found.push(Self {
                now: self.now + 1,
                ..*self
            });
        }
        found
    }

    fn steps_of(&self, number: usize, rules: Rules, found: &mut Vec<Self>) {
        let worker = self.workers[number];
        if worker.stands_still {
            return;
        }
        let is_ours = self.lease_no == worker.lease_no && !self.is_done;
        let with = |change: &dyn Fn(&mut Self, &mut Worker)| {
            let (mut state, mut changed) = (*self, worker);
            change(&mut state, &mut changed);
            state.workers[number] = changed;
            state
        };
        match worker.phase {
            Phase::Idle if !worker.is_cut && !self.is_done => {
                if self.lease_until < self.now && self.lease_no < MOST_LEASES {
                    found.push(with(&|state, worker| {
                        state.lease_no += 1;
                        state.lease_until = state.now + LEASE;
                        worker.phase = Phase::Calling;
                        worker.stood_still = false;
                        worker.lease_no = state.lease_no;
                        worker.deadline = state.now + LEASE - MARGIN;
                    }));
                }
            }
            Phase::Idle => {}
            Phase::Calling => {
                found.extend(
                    [true, false]
                        .map(|is_good| with(&|_, worker| worker.phase = Phase::Answered(is_good))),
                );
                if rules.lets_go && worker.deadline <= self.now {
                    found.push(with(&|_, worker| worker.phase = Phase::Answered(false)));
                } else if !worker.is_cut {
                    found.push(with(&|state, worker| {
                        worker.deadline = state.now;
                        if is_ours {
                            state.lease_until = state.now + LEASE;
                            worker.deadline = state.now + LEASE - MARGIN;
                        }
                    }));
                }
            }
            Phase::Answered(_) if worker.is_cut => {}
            Phase::Answered(is_good) => found.push(with(&|state, worker| {
                worker.phase = Phase::Idle;
                if rules.is_fenced && !is_ours {
                    return;
                }
                state.finished += u8::from(is_good);
                state.is_done |= is_good;
                // A failure is tried again at once.
                state.lease_until = 0;
            })),
        }
    }

    fn mishaps_of(&self, number: usize, found: &mut Vec<Self>) {
        let worker = self.workers[number];
        let mut push = |changed: Worker, left: [u8; 3]| {
            let mut state = *self;
            state.workers[number] = changed;
            [state.crashes_left, state.cuts_left, state.stalls_left] = left;
            found.push(state);
        };
        let (crashes, cuts, stalls) = (self.crashes_left, self.cuts_left, self.stalls_left);
        if crashes > 0 && worker.phase != Phase::Idle {
            push(Worker::default(), [crashes - 1, cuts, stalls]);
        }
        let cut = |is_cut| Worker { is_cut, ..worker };
        let still = |stands_still| Worker {
            stands_still,
            stood_still: true,
            ..worker
        };
        match worker.is_cut {
            true => push(cut(false), [crashes, cuts, stalls]),
            false if cuts > 0 => push(cut(true), [crashes, cuts - 1, stalls]),
            false => {}
        }
        match worker.stands_still {
            true => push(still(false), [crashes, cuts, stalls]),
            false if stalls > 0 => push(still(true), [crashes, cuts, stalls - 1]),
            false => {}
        }
    }

    /// What no order of steps may lead to.
    fn broken_promise(&self) -> Option<&'static str> {
        let calls = self.workers.iter();
        let calls = calls.filter(|one| one.phase == Phase::Calling && !one.stands_still);
        let at_once = calls
            .filter(|one| one.deadline > self.now || !one.stood_still)
            .count();
        let holders = self.workers.iter().filter(|one| {
            one.phase == Phase::Calling && one.lease_no == self.lease_no && !self.is_done
        });
        match (self.finished, at_once, holders.count()) {
            (2.., _, _) => Some("finished twice"),
            (_, 2.., _) => Some("called twice at once"),
            (_, _, 2..) => Some("leased twice"),
            _ => None,
        }
    }
}

/// Walks through all states; answers how many there are, or which promise is broken.
fn walk(rules: Rules) -> Result<usize, &'static str> {
    let (mut seen, mut waiting) = (HashSet::from([START]), VecDeque::from([START]));
    let mut is_ever_done = false;
    while let Some(state) = waiting.pop_front() {
        if let Some(promise) = state.broken_promise() {
            return Err(promise);
        }
        is_ever_done |= state.is_done;
        let next = state.next(rules).into_iter();
        waiting.extend(next.filter(|state| seen.insert(*state)));
    }
    assert!(
        is_ever_done,
        "nothing is ever delivered, so nothing is shown"
    );
    Ok(seen.len())
}

#[test]
fn no_order_of_claims_renewals_crashes_and_cuts_breaks_a_promise() {
    let states = walk(OURS).unwrap();
    eprintln!("{states} states");
    assert!(
        states > 10_000,
        "{states} states are too few to mean anything"
    );
}

#[test]
fn without_fencing_some_order_finishes_a_message_twice_or_sends_it_twice_at_once() {
    let unfenced = Rules {
        is_fenced: false,
        ..OURS
    };
    assert!(walk(unfenced).is_err());
}

#[test]
fn without_letting_go_in_time_some_order_has_two_calls_at_once() {
    let clinging = Rules {
        lets_go: false,
        ..OURS
    };
    assert_eq!(walk(clinging), Err("called twice at once"));
}
