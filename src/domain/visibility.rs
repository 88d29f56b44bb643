//! Message types that only some roles may see (contract, 7.8).

use std::collections::BTreeMap;

use super::account::Role;

/// The type of notes that only staff sees, whatever the deployment says of other types.
pub const STAFF_NOTE: &str = "staff_note";

/// Which roles may see which message types; a type that is not named is seen by all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visibility(BTreeMap<String, Vec<Role>>);

impl Visibility {
    /// The rules: type, and the roles that may see it.
    pub fn new(mut rules: BTreeMap<String, Vec<Role>>) -> Self {
        rules.entry(STAFF_NOTE.to_owned()).or_insert_with(|| vec![Role::Operator, Role::Superuser]);
        Self(rules)
    }

    /// Whether `role` may see messages of this type.
    pub fn sees(&self, role: Role, kind: &str) -> bool {
        self.0.get(kind).is_none_or(|roles| roles.contains(&role))
    }

    /// The types hidden from `role`.
    pub fn hidden_from(&self, role: Role) -> Vec<String> {
        self.0.iter().filter(|(_, roles)| !roles.contains(&role)).map(|(kind, _)| kind.clone()).collect()
    }

    /// The different views there are: for each, the types hidden in it.
    pub fn views(&self) -> Vec<Vec<String>> {
        let mut views: Vec<Vec<String>> = Vec::new();
        for role in Role::ALL {
            let hidden = self.hidden_from(role);
            if !views.contains(&hidden) {
                views.push(hidden);
            }
        }
        views
    }

    /// Which of the [`views`](Self::views) is that role's.
    pub fn view_of(&self, role: Role) -> usize {
        let hidden = self.hidden_from(role);
        self.views().iter().position(|view| *view == hidden).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_roles_see_a_hidden_type() {
        let rules = Visibility::new(BTreeMap::from([("private_note".into(), vec![Role::Operator, Role::Superuser])]));
        assert!(rules.sees(Role::Operator, "private_note"));
        assert!(!rules.sees(Role::Visitor, "private_note"));
        assert!(rules.sees(Role::Visitor, "message"));
        assert_eq!(rules.hidden_from(Role::Member), ["private_note", STAFF_NOTE]);
        assert!(rules.hidden_from(Role::Operator).is_empty());
        assert_eq!(rules.views().len(), 2);
        assert_eq!(rules.view_of(Role::Operator), rules.view_of(Role::Superuser));
        assert_ne!(rules.view_of(Role::Operator), rules.view_of(Role::Visitor));
    }
}
