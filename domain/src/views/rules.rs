//! When a view may be saved, changed, renamed and deleted.

use super::events::ViewEvent;
use super::{MAX_VIEW_NAME_CHARS, View, ViewCommand, ViewStanding};
use crate::refusal::Refusal;
use crate::values::bounded_text;

impl View {
    /// The events that `command` leads to; none when all is as asked already.
    pub fn decide(&self, command: ViewCommand) -> Result<Vec<ViewEvent>, Refusal> {
        match command {
            ViewCommand::Save {
                query,
                name,
                owner,
                definition,
            } => match self.standing {
                ViewStanding::Unknown => Ok(vec![ViewEvent::ViewSaved {
                    query,
                    name: parse_name(&name)?,
                    owner,
                    definition,
                }]),
                ViewStanding::Kept | ViewStanding::Deleted => {
                    let detail = "the view exists already; send its view_id along to change it";
                    Err(Refusal::conflict("view-exists", detail))
                }
            },
            ViewCommand::Change { definition } => {
                self.require()?;
                Ok(vec![ViewEvent::ViewChanged { definition }])
            }
            ViewCommand::Rename { name } => {
                self.require()?;
                let name = parse_name(&name)?;
                Ok(match name == self.name {
                    true => Vec::new(),
                    false => vec![ViewEvent::ViewRenamed { name }],
                })
            }
            ViewCommand::Delete => Ok(match self.standing {
                ViewStanding::Kept => vec![ViewEvent::ViewDeleted {}],
                ViewStanding::Deleted => Vec::new(),
                ViewStanding::Unknown => return Err(super::unknown()),
            }),
        }
    }
}

fn parse_name(name: &str) -> Result<String, Refusal> {
    bounded_text(name, MAX_VIEW_NAME_CHARS)
        .map_err(|refusal| Refusal::field("/name", &refusal.code, refusal.detail))
}

#[cfg(test)]
mod tests {
    use cqrs_es::Aggregate;

    use super::*;
    use crate::sealed::Sealed;

    fn after(commands: Vec<ViewCommand>) -> View {
        let mut view = View::default();
        for command in commands {
            let events = view.decide(command).unwrap();
            events.into_iter().for_each(|event| view.apply(event));
        }
        view
    }

    fn save(name: &str) -> ViewCommand {
        ViewCommand::Save {
            query: "inbox".to_owned(),
            name: name.to_owned(),
            owner: Some("p1".to_owned()),
            definition: Sealed::new("s".to_owned()),
        }
    }

    #[test]
    fn a_view_is_saved_once_and_then_changed() {
        let view = after(vec![save(" Open ")]);
        assert_eq!(
            (view.name.as_str(), view.standing),
            ("Open", ViewStanding::Kept)
        );
        assert_eq!(view.decide(save("Open")).unwrap_err().code, "view-exists");
        let same = ViewCommand::Rename {
            name: "Open".to_owned(),
        };
        assert_eq!(view.decide(same), Ok(Vec::new()));
        let empty = ViewCommand::Rename {
            name: " ".to_owned(),
        };
        assert_eq!(view.decide(empty).unwrap_err().errors[0].pointer, "/name");
    }

    #[test]
    fn what_is_deleted_is_gone_with_what_it_filtered_by() {
        let view = after(vec![save("Open"), ViewCommand::Delete]);
        assert_eq!(view.definition, Sealed::default());
        assert_eq!(view.decide(ViewCommand::Delete), Ok(Vec::new()));
        let change = ViewCommand::Change {
            definition: Sealed::new("t".to_owned()),
        };
        assert_eq!(view.decide(change).unwrap_err().code, "view-not-found");
        let never = View::default().decide(ViewCommand::Delete);
        assert_eq!(never.unwrap_err().code, "view-not-found");
    }
}
