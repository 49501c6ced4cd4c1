//! The way through a journey: from one step to the next, through branches and splits, which only decide where to go.

use serde::{Deserialize, Serialize};

use super::definition::{Action, Definition, Step};
use super::facts::Facts;

/// A branch or a split that was gone through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turned {
    /// The label of the branch or split.
    pub step: String,
    /// `branch` or `split`.
    pub kind: String,
    /// The arm that was taken, from 1; none where no condition held.
    pub arm: Option<usize>,
}

impl Definition {
    /// The label of the first step.
    pub fn first(&self) -> Option<&str> {
        self.steps.first().map(|step| step.label.as_str())
    }

    /// The step of this label.
    pub fn step(&self, label: &str) -> Option<&Step> {
        let mut all = self.all_steps().into_iter();
        all.find(|step| step.label == label)
    }

    /// The step behind this one: in its arm, or else behind the branch around it.
    pub fn after(&self, label: &str) -> Option<&Step> {
        let (within, number) = match label.rsplit_once('.') {
            Some((within, number)) => (Some(within), number),
            None => (None, label),
        };
        let number: usize = number.parse().ok()?;
        let next = match within {
            Some(within) => format!("{within}.{}", number + 1),
            None => (number + 1).to_string(),
        };
        if let Some(step) = self.step(&next) {
            return Some(step);
        }
        // `4.1` is an arm of the step `4`.
        let (around, _) = within?.rsplit_once('.')?;
        self.after(around)
    }

    /// From this step on through branches and splits to the first one that does something; none at the end. `who` decides
    /// a split, the same way each time.
    pub fn walk<'d>(
        &'d self,
        from: Option<&str>,
        facts: &Facts,
        who: &str,
    ) -> (Vec<Turned>, Option<&'d Step>) {
        let (mut turned, mut place) = (Vec::new(), from.and_then(|label| self.step(label)));
        while let Some(step) = place {
            let arm = match &step.action {
                Action::Branch(arms) => arms
                    .iter()
                    .position(|arm| arm.when.as_ref().is_none_or(|when| when.holds(facts))),
                Action::Split(shares) => {
                    let mut left = lot(&self.name, who, &step.label);
                    shares.iter().position(|share| {
                        let is_here = left < share.percent;
                        left = left.saturating_sub(share.percent);
                        is_here
                    })
                }
                _ => return (turned, place),
            };
            turned.push(Turned {
                step: step.label.clone(),
                kind: step.action.kind().to_owned(),
                arm: arm.map(|arm| arm + 1),
            });
            let inner = arm.and_then(|arm| step.action.arms().get(arm).and_then(|arm| arm.first()));
            place = inner.or_else(|| self.after(&step.label));
        }
        (turned, None)
    }
}

/// A number below 100 that is the same for one customer at one split, whatever version it is, and even over all.
fn lot(journey: &str, who: &str, label: &str) -> u8 {
    let name = format!("{journey}\n{label}\n{who}");
    let digest = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes());
    u8::try_from(digest.as_u128() % 100).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::facts::Value;
    use super::*;

    const SOURCE: &str = r#"
journey: ways
version: 1
trigger: { event: BookingConfirmed }
steps:
  - branch:
      - when: "booking.guests > 10"
        steps: [ { tag: large }, { branch: [ { when: "run.heard", steps: [ { tag: heard } ] } ] } ]
      - otherwise: []
  - split:
      - { percent: 30, steps: [ { tag: thirty } ] }
      - { percent: 70, steps: [ { tag: seventy } ] }
  - tag: last
"#;

    fn next(from: &str, facts: &Facts) -> (Vec<String>, Option<String>) {
        let ways = Definition::parse(SOURCE).unwrap();
        let (turned, step) = ways.walk(Some(from), facts, "ada");
        let turned = turned
            .into_iter()
            .map(|turned| format!("{} {:?}", turned.step, turned.arm))
            .collect();
        (turned, step.map(|step| step.label.clone()))
    }

    #[test]
    fn the_way_leads_into_arms_and_out_of_them_again() {
        let mut facts = Facts::default();
        facts.set("booking.guests", Value::Number(13));
        let (turned, step) = next("1", &facts);
        assert_eq!(
            (turned, step),
            (vec!["1 Some(1)".to_owned()], Some("1.1.1".to_owned()))
        );
        let ways = Definition::parse(SOURCE).unwrap();
        assert_eq!(ways.after("1.1.1").unwrap().label, "1.1.2");
        // Nothing was heard: out of the inner branch and of the outer one, into the split.
        let (turned, step) = next("1.1.2", &facts);
        assert_eq!((turned.len(), turned[0].as_str()), (2, "1.1.2 None"));
        assert!(step.unwrap().starts_with("2."));
        assert_eq!(ways.after("2.1.1").unwrap().label, "3");
        assert_eq!(ways.after("3"), None);
    }

    #[test]
    fn a_split_is_stable_for_each_and_even_over_all() {
        let ways = Definition::parse(SOURCE).unwrap();
        let arm_of = |who: &str| {
            let (turned, _) = ways.walk(Some("2"), &Facts::default(), who);
            turned[0].arm.unwrap()
        };
        assert_eq!(arm_of("ada"), arm_of("ada"));
        let first = (0..2_000)
            .filter(|who| arm_of(&who.to_string()) == 1)
            .count();
        assert!((500..700).contains(&first), "{first} of 2,000");
    }
}
