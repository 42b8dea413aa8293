//! The questions that make a first configuration, in lines: they work wherever there is a terminal, read aloud too.
//! Each answer is judged at once, and nothing is written before the last.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use super::edge::Edge;
use crate::config::{Draft, HadoopClient, Lakekeeper, MetastoreUri, Tables, lake_of};
use crate::error::{Code, Error, Result};
use crate::model::clean;

/// What a configuration is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct From {
    /// The Hadoop client of this host has to be there and is used.
    pub hadoop: bool,
    /// Lakekeeper's file.
    pub lakekeeper: Option<PathBuf>,
}

/// Without a question: everything as the Hadoop client says it.
pub fn unasked(from: &From, edge: &Edge) -> Result<Draft> {
    let client = HadoopClient::find(&edge.environment)?;
    let mut draft = Draft::of_hadoop(&client);
    if let Some(file) = &from.lakekeeper {
        draft.lakekeeper = Lakekeeper::read(&edge.current.join(file))?;
    }
    Ok(draft)
}

/// With questions; what `from` answers is not asked.
pub fn asked(from: &From, edge: &Edge) -> Result<Draft> {
    if !edge.can_ask {
        return Err(Error::new(Code::NoTerminal, "questions need a terminal to be asked at")
            .next("lakehand config generate --hadoop    or write it: lakehand config generate FILE"));
    }
    super::ask::forget_typed();
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stderr().lock();
    Asker { input: &mut input, output: &mut output, current: &edge.current }
        .draft(from, HadoopClient::find(&edge.environment))
}

struct Asker<'a> {
    input: &'a mut dyn BufRead,
    output: &'a mut dyn Write,
    current: &'a Path,
}

impl Asker<'_> {
    fn draft(&mut self, from: &From, client: Result<HadoopClient>) -> Result<Draft> {
        let client = match client {
            Err(error) if from.hadoop => return Err(error),
            client => client.ok(),
        };
        self.say("Enter takes what stands in [ ]. No server is asked; the file is written after the last answer.")?;
        let lakekeeper = match &from.lakekeeper {
            Some(file) => self.lakekeeper(file)?,
            None => Lakekeeper::default(),
        };
        let on_hdfs = from.hadoop || self.on_hdfs(client.as_ref())?;
        let client = client.filter(|_| on_hdfs);
        let usual = client.as_ref().map(HadoopClient::usual_lake);
        let current = self.current;
        let example = if on_hdfs { "hdfs://NAMESERVICE/warehouse" } else { "/srv/lake" };
        let lake = self.ask(&format!("The directory of the lake, as {example}"), usual.as_deref(), |typed| {
            lake_of(typed, client.as_ref(), on_hdfs, current)
        })?;
        let tables = match on_hdfs {
            true => self.tables(client.as_ref())?,
            false => Tables::Directories,
        };
        let production = self.ask(
            "Is it a production lake: shall changes ask for a number or a name, y or n",
            Some(if on_hdfs { "y" } else { "n" }),
            yes_or_no,
        )?;
        let hadoop_conf_dir = client.map(|client| client.directory);
        Ok(Draft { lake, hadoop_conf_dir, tables, production, lakekeeper })
    }

    fn on_hdfs(&mut self, client: Option<&HadoopClient>) -> Result<bool> {
        let usual = if client.is_some() { "hdfs" } else { "local" };
        self.ask("Where are the files: hdfs, or local (a disk of this machine)", Some(usual), |typed| match typed {
            "hdfs" => Ok(true),
            "local" => Ok(false),
            _ => Err(Error::new(Code::Usage, "type hdfs or local")),
        })
    }

    fn tables(&mut self, client: Option<&HadoopClient>) -> Result<Tables> {
        let site = client.and_then(|client| client.site.as_ref());
        if let Some(site) = site {
            let uris: Vec<String> = site.uris.iter().map(ToString::to_string).collect();
            self.say(&format!("Tables are those of the metastore {}, by {}.", uris.join(", "), site.file.display()))?;
            return Ok(Tables::Site(site.file.clone()));
        }
        let question =
            "The metastore, as thrift://host:9083 (several: commas between), or none: directories are tables";
        self.ask(question, Some("none"), |typed| {
            if typed == "none" {
                return Ok(Tables::Directories);
            }
            let uris = typed.split(',').map(|uri| MetastoreUri::parse(uri.trim()));
            uris.collect::<Result<Vec<_>>>().map(Tables::Metastores)
        })
    }

    /// Lakekeeper's file: the one that is named if it is there, else the one that is typed.
    fn lakekeeper(&mut self, file: &Path) -> Result<Lakekeeper> {
        let usual = self.current.join(file);
        let usual = usual.is_file().then(|| file.display().to_string());
        let current = self.current;
        let read = self.ask("Lakekeeper's file", usual.as_deref(), |typed| Lakekeeper::read(&current.join(typed)))?;
        for (key, value) in &read.policy {
            self.say(&format!("  policy.{key} is {value}"))?;
        }
        for note in &read.notes {
            self.say(&format!("  {note}"))?;
        }
        Ok(read)
    }

    /// Asks until the answer can be used.
    fn ask<T>(&mut self, question: &str, usual: Option<&str>, judge: impl Fn(&str) -> Result<T>) -> Result<T> {
        loop {
            let shown = usual.map_or(String::new(), |usual| format!(" [{}]", clean(usual)));
            write!(self.output, "{question}?{shown} ")?;
            self.output.flush()?;
            let mut line = String::new();
            if self.input.read_line(&mut line)? == 0 {
                return Err(Error::new(Code::NotConfirmed, "the questions were left; nothing was written"));
            }
            let typed = match (line.trim(), usual) {
                ("", Some(usual)) => usual,
                (typed, _) => typed,
            };
            match judge(typed) {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    let why = error.reason().map_or(String::new(), |why| format!(": {why}"));
                    let next = error.next_step().map_or(String::new(), |next| format!("; {next}"));
                    self.say(&format!("  {}{why}{next}", error.message()))?;
                }
            }
        }
    }

    fn say(&mut self, text: &str) -> Result<()> {
        writeln!(self.output, "{}", clean(text)).map_err(Error::from)
    }
}

fn yes_or_no(typed: &str) -> Result<bool> {
    match typed {
        "y" | "yes" => Ok(true),
        "n" | "no" => Ok(false),
        _ => Err(Error::new(Code::Usage, "type y or n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreKind;

    fn answer(from: &From, current: &Path, typed: &str) -> (Result<Draft>, String) {
        let mut output = Vec::new();
        let mut input = typed.as_bytes();
        let none = Err(Error::new(Code::ConfigInvalid, "no client here"));
        let draft = Asker { input: &mut input, output: &mut output, current }.draft(from, none);
        (draft, String::from_utf8(output).unwrap())
    }

    #[test]
    fn a_wrong_answer_is_asked_again_with_the_reason() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("lake")).unwrap();
        let (draft, said) = answer(&From::default(), home.path(), "disk\nlocal\nnowhere\nlake\nmaybe\n\n");
        let draft = draft.unwrap();
        assert_eq!((draft.store(), draft.production), (StoreKind::Local, false));
        assert!(draft.lake.ends_with("/lake"));
        for reason in ["type hdfs or local", "there is no lake at", "type y or n"] {
            assert!(said.contains(reason), "{reason} is not in {said}");
        }
    }

    #[test]
    fn hdfs_without_a_client_asks_for_the_metastore_and_is_production_unless_one_says_no() {
        let typed = "hdfs\n/data\nhdfs://nn1:8020/data\nftp://x\nhms1, thrift://hms2:9084\n\n";
        let (draft, said) = answer(&From::default(), Path::new("/"), typed);
        let draft = draft.unwrap();
        assert!(draft.production && draft.hadoop_conf_dir.is_none());
        assert!(draft.text().contains("uris: [thrift://hms1:9083, thrift://hms2:9084]"), "{}", draft.text());
        assert!(said.contains("there is no Hadoop configuration that sets fs.defaultFS"), "{said}");
        assert!(said.contains("is not the address of a metastore"), "{said}");
    }

    #[test]
    fn left_questions_and_a_missing_client_make_nothing() {
        let (draft, _) = answer(&From::default(), Path::new("/"), "hdfs\n");
        assert_eq!(draft.unwrap_err().code(), Code::NotConfirmed);
        let (draft, said) = answer(&From { hadoop: true, lakekeeper: None }, Path::new("/"), "");
        assert!(draft.unwrap_err().message().contains("no client here") && said.is_empty());
    }

    #[test]
    fn lakekeepers_file_is_asked_for_and_what_became_of_it_is_said() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("mine.yaml"), "block_size_mb: 64\nbackup_prefix: x\n").unwrap();
        let from = From { hadoop: false, lakekeeper: Some("lakekeeper.yaml".into()) };
        let (draft, said) = answer(&from, home.path(), "lakekeeper.yaml\nmine.yaml\nhdfs\nhdfs://n:1/\n\nn\n");
        assert_eq!(draft.unwrap().lakekeeper.policy, [("block_size".to_owned(), "64MiB".to_owned())]);
        for wanted in ["cannot be read", "policy.block_size is 64MiB", "backup_prefix does nothing"] {
            assert!(said.contains(wanted), "{wanted} is not in {said}");
        }
    }
}
