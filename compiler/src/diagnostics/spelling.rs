//! "Did you mean": the name that was probably meant.

/// The candidate that is nearest to a name, if one is near enough to be a slip of the finger.
pub(crate) fn closest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = if name.len() <= 3 { 1 } else { 2 };
    candidates
        .filter_map(|candidate| {
            let distance = edit_distance(name, candidate);
            let alike = distance <= limit && distance > 0 && distance < name.len();
            (alike || (candidate.eq_ignore_ascii_case(name) && candidate != name))
                .then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be inserted, removed, replaced or exchanged with their neighbour to get from one name to the other.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // Names whose lengths differ by more than any limit need no table.
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn slips_are_found_and_other_names_are_not() {
        let names = ["Println", "Printf", "Sprint", "x", "counter"];
        let closest = |name| closest(name, names.into_iter());
        assert_eq!(closest("Printn"), Some("Printf"));
        assert_eq!(closest("Pritnln"), Some("Println"));
        assert_eq!(closest("println"), Some("Println"));
        assert_eq!(closest("conter"), Some("counter"));
        assert_eq!(closest("y"), None);
        assert_eq!(closest("total"), None);
    }
}
