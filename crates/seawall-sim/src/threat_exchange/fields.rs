//! The value of the parameter `fields`: names, some with names inside, `a,b{c,d{e}}`.

/// One field that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) inner: Vec<Field>,
}

/// Reads a list of fields; `None` where it is none.
pub(super) fn read(text: &str) -> Option<Vec<Field>> {
    let mut rest = text;
    let fields = list(&mut rest, 0)?;
    rest.is_empty().then_some(fields)
}

fn list(rest: &mut &str, depth: usize) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    loop {
        let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() || depth > DEPTH_MAX {
            return None;
        }
        *rest = after;
        let mut inner = Vec::new();
        if let Some(after) = rest.strip_prefix('{') {
            *rest = after;
            inner = list(rest, depth + 1)?;
            *rest = rest.strip_prefix('}')?;
        }
        fields.push(Field {
            name: name.to_owned(),
            inner,
        });
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => return Some(fields),
        }
    }
}

const DEPTH_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, inner: Vec<Field>) -> Field {
        let name = name.into();
        Field { name, inner }
    }

    #[test]
    fn names_may_hold_names() {
        let owner = field("owner", vec![field("id", vec![])]);
        let descriptors = field("descriptors", vec![field("id", vec![]), owner]);
        assert_eq!(
            read("type,descriptors{id,owner{id}},status"),
            Some(vec![
                field("type", vec![]),
                descriptors,
                field("status", vec![])
            ])
        );
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for wrong in [
            "",
            ",",
            "a,",
            "a{",
            "a{}",
            "a}",
            "a{b}}",
            "a{b}c",
            "A",
            "a b",
            "a{b{c{d{e{f}}}}}",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
