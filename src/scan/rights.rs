//! The rights that a compaction will need, as far as mode and owner tell: only what certainly fails is refused here.
//! What cannot be told (groups, ACLs) is proved by probes in step 4.

use crate::error::{Code, Reason};
use crate::model::{Attributes, Owner};

const SUPERUSER: &str = "root";
const STICKY: u32 = 0o1000;

/// Why this user certainly cannot exchange the files of a directory.
pub fn expected<'a>(user: &str, directory: &Attributes, owners: impl Iterator<Item = &'a Owner>) -> Vec<Reason> {
    if user == SUPERUSER {
        return Vec::new();
    }
    let mut reasons = Vec::new();
    if !may_change(user, directory) {
        let mode = directory.mode & 0o7777;
        reasons.push(Reason::new(
            Code::Permission,
            format!(
                "{user} may not change the directory ({}:{} {mode:o})",
                directory.owner.user, directory.owner.group
            ),
        ));
    }
    let Some(other) = owners.map(|owner| owner.user.as_str()).find(|owner| *owner != user) else {
        return reasons;
    };
    if directory.mode & STICKY != 0 && directory.owner.user != user {
        reasons.push(Reason::new(Code::Permission, format!("the directory is sticky and has files of {other}")));
    } else {
        reasons
            .push(Reason::new(Code::Owner, format!("{user} cannot give new files to {other}, who owns the old ones")));
    }
    reasons
}

/// Whether the mode leaves it open that this user may write. An ACL can give more than the mode says.
fn may_change(user: &str, directory: &Attributes) -> bool {
    const WRITE_AND_SEARCH: u32 = 0o3;
    let allowed = |shift: u32| directory.mode >> shift & WRITE_AND_SEARCH == WRITE_AND_SEARCH;
    if directory.owner.user == user {
        return allowed(6);
    }
    !directory.acl.is_empty() || allowed(3) || allowed(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(user: &str, mode: u32, files_of: &str) -> Vec<Code> {
        let owner = |name: &str| Owner { user: name.to_owned(), group: "lake".to_owned() };
        let directory = Attributes { owner: owner("etl"), mode, ..Attributes::default() };
        expected(user, &directory, [owner(files_of)].iter()).into_iter().map(|reason| reason.code).collect()
    }

    #[test]
    fn only_what_certainly_fails_is_refused() {
        assert_eq!(codes("etl", 0o2770, "etl"), []);
        assert_eq!(codes("etl", 0o0550, "etl"), [Code::Permission]);
        assert_eq!(codes("ann", 0o2775, "ann"), []);
        assert_eq!(codes("ann", 0o0755, "ann"), [Code::Permission]);
        assert_eq!(codes("ann", 0o1777, "etl"), [Code::Permission]);
        assert_eq!(codes("etl", 0o1777, "ann"), [Code::Owner]);
        assert_eq!(codes("root", 0o0000, "ann"), []);
    }
}
