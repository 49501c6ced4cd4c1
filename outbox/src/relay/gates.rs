//! How many calls are under way: to each destination, and in all. What is leased beyond that lies ready here, so that whoever
//! has ended a call goes on with the next one without asking the database first. Destinations take turns.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::queues::Destination;

/// Destinations that are remembered while nothing lies ready for them and nobody calls them.
const MAX_IDLE: usize = 1_000;

/// The right to call one destination, until it is dropped.
pub(super) struct Pass<T> {
    gates: Gates<T>,
    line: usize,
}

/// The gates of one process, and what waits before them.
pub(super) struct Gates<T> {
    state: Arc<Mutex<State<T>>>,
}

impl<T> Clone for Gates<T> {
    fn clone(&self) -> Self {
        let state = self.state.clone();
        Self { state }
    }
}

struct State<T> {
    /// Calls that may begin, wherever they go.
    free: usize,
    names: HashMap<Destination, usize>,
    lines: Vec<Line<T>>,
    /// Lines that belong to no destination any more.
    spare: Vec<usize>,
    /// Lines that have something ready and may call, in turn.
    turns: VecDeque<usize>,
}

/// What lies ready for one destination.
struct Line<T> {
    width: usize,
    under_way: usize,
    ready: VecDeque<T>,
    has_turn: bool,
}

impl<T> Line<T> {
    fn new(width: usize) -> Self {
        Self {
            width: width.max(1),
            under_way: 0,
            ready: VecDeque::new(),
            has_turn: false,
        }
    }

    fn is_idle(&self) -> bool {
        self.under_way == 0 && self.ready.is_empty()
    }
}

impl<T> State<T> {
    /// Puts a line behind the others that may call, if it may and has not been put there.
    fn give_turn(&mut self, number: usize) {
        let line = &mut self.lines[number];
        if !line.has_turn && !line.ready.is_empty() && line.under_way < line.width {
            line.has_turn = true;
            self.turns.push_back(number);
        }
    }

    fn line(&mut self, destination: &Destination, width: impl FnOnce() -> usize) -> usize {
        if let Some(number) = self.names.get(destination) {
            return *number;
        }
        if self.names.len() >= MAX_IDLE {
            let (lines, spare) = (&self.lines, &mut self.spare);
            self.names.retain(|_, number| {
                let is_idle = lines[*number].is_idle();
                if is_idle {
                    spare.push(*number);
                }
                !is_idle
            });
        }
        let line = Line::new(width());
        let number = match self.spare.pop() {
            Some(number) => {
                self.lines[number] = line;
                number
            }
            None => {
                self.lines.push(line);
                self.lines.len() - 1
            }
        };
        self.names.insert(destination.clone(), number);
        number
    }
}

impl<T> Gates<T> {
    pub fn new(most: usize) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                free: most,
                names: HashMap::new(),
                lines: Vec::new(),
                spare: Vec::new(),
                turns: VecDeque::new(),
            })),
        }
    }

    /// Leaves something that is to be called; whoever picks next may get it. A destination that is new may have as many calls
    /// under way as `width` says.
    pub fn leave(&self, destination: &Destination, width: impl FnOnce() -> usize, ready: T) {
        let mut state = lock(&self.state);
        let number = state.line(destination, width);
        state.lines[number].ready.push_back(ready);
        state.give_turn(number);
    }

    /// What may be called now, with the right to do so. Whoever has ended a call and dropped its pass must pick, or tell
    /// somebody who does: nobody else will.
    pub fn pick(&self) -> Option<(T, Pass<T>)> {
        let mut state = lock(&self.state);
        if state.free == 0 {
            return None;
        }
        let number = state.turns.pop_front()?;
        let line = &mut state.lines[number];
        line.has_turn = false;
        let ready = line.ready.pop_front()?;
        line.under_way += 1;
        state.free -= 1;
        state.give_turn(number);
        drop(state);
        let pass = Pass {
            gates: self.clone(),
            line: number,
        };
        Some((ready, pass))
    }

    /// All that lies ready, for it is not to be called any more.
    pub fn clear(&self) -> Vec<T> {
        let mut state = lock(&self.state);
        let lines = state.lines.iter_mut();
        lines.flat_map(|line| line.ready.drain(..)).collect()
    }
}

impl<T> Drop for Pass<T> {
    fn drop(&mut self) {
        let mut state = lock(&self.gates.state);
        state.free += 1;
        state.lines[self.line].under_way -= 1;
        state.give_turn(self.line);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Destination {
        Arc::new(("tenant".to_owned(), name.to_owned()))
    }

    fn picked(gates: &Gates<u32>) -> Vec<(u32, Pass<u32>)> {
        std::iter::from_fn(|| gates.pick()).collect()
    }

    fn numbers(picked: &[(u32, Pass<u32>)]) -> Vec<u32> {
        picked.iter().map(|(number, _)| *number).collect()
    }

    #[test]
    fn destinations_take_turns_each_as_wide_as_it_may_be() {
        let gates = Gates::new(10);
        for number in 0..5 {
            gates.leave(&named("narrow"), || 2, number);
        }
        for number in 5..8 {
            gates.leave(&named("wide"), || 8, number);
        }
        let mut first = picked(&gates);
        assert_eq!(numbers(&first), [0, 5, 1, 6, 7]);
        drop(first.remove(0));
        assert_eq!(numbers(&picked(&gates)), [2]);
    }

    #[test]
    fn no_more_are_under_way_than_may_be_in_all_and_none_is_forgotten() {
        let gates = Gates::new(3);
        for number in 0..20 {
            gates.leave(&named(&format!("d{}", number % 4)), || 2, number);
        }
        let mut came = Vec::new();
        loop {
            let now = picked(&gates);
            if now.is_empty() {
                break;
            }
            assert!(now.len() <= 3);
            came.extend(numbers(&now));
        }
        came.sort_unstable();
        assert_eq!(came, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_taken_away_is_called_by_nobody_and_the_rest_goes_on() {
        let gates = Gates::new(1);
        gates.leave(&named("one"), || 1, 1);
        let (_, pass) = gates.pick().unwrap();
        gates.leave(&named("one"), || 1, 2);
        assert_eq!(gates.clear(), [2]);
        drop(pass);
        assert!(gates.pick().is_none());
        gates.leave(&named("one"), || 1, 3);
        assert_eq!(numbers(&picked(&gates)), [3]);
    }

    #[test]
    fn destinations_that_nobody_calls_are_forgotten_and_come_back() {
        let gates = Gates::new(1);
        for number in 0..3 * u32::try_from(MAX_IDLE).unwrap() {
            gates.leave(&named(&number.to_string()), || 1, number);
            assert_eq!(numbers(&picked(&gates)), [number]);
        }
        assert!(lock(&gates.state).lines.len() <= MAX_IDLE);
    }
}
