//! The directories of this user, by the XDG rules.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::{Environment, Paths};
use crate::error::{Code, Error, Result};

impl Paths {
    /// Finds the directories; makes none. A variable that is not absolute is ignored, as the XDG rules say.
    pub fn find(environment: &Environment) -> Result<Paths> {
        let absolute = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME");
        let under_home = |variable: &str, usual: &str| {
            absolute(variable).or_else(|| home.as_ref().map(|home| home.join(usual))).ok_or_else(|| {
                Error::new(Code::ConfigInvalid, "this user has no home directory")
                    .why(format!("neither $HOME nor ${variable} is set"))
                    .next(format!("export {variable}=/some/directory"))
            })
        };
        let state = under_home("XDG_STATE_HOME", ".local/state")?.join("lakehand");
        let runtime = absolute("XDG_RUNTIME_DIR")
            .filter(|directory| is_private(directory))
            .map_or_else(|| state.join("runtime"), |directory| directory.join("lakehand"));
        Ok(Paths {
            config: under_home("XDG_CONFIG_HOME", ".config")?.join("lakehand"),
            cache: under_home("XDG_CACHE_HOME", ".cache")?.join("lakehand"),
            state,
            runtime,
        })
    }

    /// Makes the directories that are written to, readable by this user only.
    pub fn prepare(&self) -> Result<()> {
        for directory in [&self.state, &self.cache, &self.runtime] {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(directory)
                .map_err(|error| Error::from(error).context(format!("{} cannot be made", directory.display())))?;
        }
        if is_private(&self.runtime) {
            Ok(())
        } else {
            let message = format!("{} is open to other users", self.runtime.display());
            Err(Error::new(Code::Permission, message).next(format!("chmod 700 {}", self.runtime.display())))
        }
    }
}

/// Whether it is a directory of ours that nobody else may enter.
fn is_private(directory: &Path) -> bool {
    std::fs::symlink_metadata(directory).is_ok_and(|found| {
        found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o077 == 0
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn sockets_go_to_the_runtime_directory_only_when_it_is_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_str().unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
        let private = Paths::find(&environment(&[("HOME", path), ("XDG_RUNTIME_DIR", path)])).unwrap();
        assert_eq!(private.runtime, directory.path().join("lakehand"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let open = Paths::find(&environment(&[("HOME", path), ("XDG_RUNTIME_DIR", path)])).unwrap();
        assert_eq!(open.runtime, directory.path().join(".local/state/lakehand/runtime"));
        open.prepare().unwrap();
        assert_eq!(open.runtime.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::set_permissions(&open.runtime, std::fs::Permissions::from_mode(0o711)).unwrap();
        assert_eq!(open.prepare().unwrap_err().code(), Code::Permission);
    }

    #[test]
    fn xdg_variables_win_over_home_and_relative_ones_are_ignored() {
        let found = Paths::find(&environment(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/c"), ("XDG_CACHE_HOME", "x")]));
        let found = found.unwrap();
        assert_eq!(found.config, PathBuf::from("/c/lakehand"));
        assert_eq!(found.cache, PathBuf::from("/h/.cache/lakehand"));
        assert_eq!(Paths::find(&environment(&[])).unwrap_err().code(), Code::ConfigInvalid);
    }
}
