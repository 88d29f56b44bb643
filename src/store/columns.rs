//! Conditions and orders on columns of whole numbers (contract, 2.3), for lists whose columns are all of that kind.

pub use super::messages::Comparison;

/// A condition on a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct On<C> {
    /// The column.
    pub column: C,
    /// How it is compared.
    pub by: Comparison,
    /// With what; one value, but for [`Comparison::In`].
    pub values: Vec<i64>,
}

/// What a list is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By<C> {
    /// The column.
    pub column: C,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl<C> On<C> {
    /// Whether a value that is never null fulfils it.
    pub fn holds(&self, value: i64) -> bool {
        let Some(first) = self.values.first() else { return false };
        match self.by {
            Comparison::In => self.values.contains(&value),
            Comparison::Gt => value > *first,
            Comparison::Gte => value >= *first,
            Comparison::Lt => value < *first,
            Comparison::Lte => value <= *first,
            // never null, so only `false` holds
            Comparison::IsNull => *first == 0,
        }
    }
}

/// What of a list that is in memory already fulfils all conditions, in the order asked for; else as it was.
pub fn sift<T, C: Copy>(items: Vec<T>, on: &[On<C>], by: &[By<C>], value: impl Fn(&T, C) -> i64) -> Vec<T> {
    let mut found: Vec<T> = items
        .into_iter()
        .filter(|item| on.iter().all(|condition| condition.holds(value(item, condition.column))))
        .collect();
    found.sort_by(|one, other| {
        let orders = by.iter().map(|by| {
            let order = value(one, by.column).cmp(&value(other, by.column));
            if by.descending { order.reverse() } else { order }
        });
        orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_sifted_and_ordered_as_asked_for() {
        let on = |by, values: &[i64]| vec![On { column: (), by, values: values.to_vec() }];
        let table = [
            (on(Comparison::In, &[2, 9]), vec![2]),
            (on(Comparison::Gt, &[2]), vec![3]),
            (on(Comparison::Gte, &[2]), vec![3, 2]),
            (on(Comparison::Lt, &[2]), vec![1]),
            (on(Comparison::Lte, &[2]), vec![2, 1]),
            (on(Comparison::IsNull, &[1]), vec![]),
            (on(Comparison::IsNull, &[0]), vec![3, 2, 1]),
            (vec![], vec![3, 2, 1]),
        ];
        for (conditions, expected) in table {
            let by = [By { column: (), descending: true }];
            assert_eq!(sift(vec![1, 3, 2], &conditions, &by, |item, ()| *item), expected, "{conditions:?}");
        }
        assert_eq!(sift(vec![1, 3, 2], &[], &[], |item, ()| *item), vec![1, 3, 2], "as it was");
    }
}
