//! JSON lines. A line that is too long, not UTF-8, or not the expected document is an error; whoever gets one closes
//! the connection, because what follows cannot be trusted either.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::error::{Code, Error, Result};

/// The longest line that is read: a snapshot of some ten thousand targets.
pub const MAXIMUM_LINE: u64 = 64 << 20;

/// A document as one line. JSON escapes line breaks inside strings, so that the only one is the last byte.
pub fn encode<T: Serialize>(document: &T) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(document)
        .map_err(|error| Error::new(Code::Internal, "a message could not be written as JSON").source(error))?;
    line.push(b'\n');
    Ok(line)
}

/// Writes a document as one line.
pub async fn send<T: Serialize>(writer: &mut (impl AsyncWrite + Unpin), document: &T) -> Result<()> {
    writer.write_all(&encode(document)?).await?;
    writer.flush().await?;
    Ok(())
}

/// Reads documents line by line.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    limit: u64,
    line: Vec<u8>,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// Reads lines of at most `limit` bytes, the line break included.
    pub fn new(reader: R, limit: u64) -> Lines<R> {
        Lines { reader, limit, line: Vec::new() }
    }

    /// The next document; none when the other side has closed. A last line without its line break is one that was
    /// cut off, and an error. Cancelling the call loses nothing: what was read is kept for the next one.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let room = self.limit.saturating_sub(self.line.len() as u64);
        let mut limited = (&mut self.reader).take(room);
        limited.read_until(b'\n', &mut self.line).await?;
        match self.line.last() {
            None => return Ok(None),
            Some(b'\n') => {}
            Some(_) if self.line.len() as u64 >= self.limit => {
                return Err(damaged(format!("a line is longer than {} bytes", self.limit)));
            }
            Some(_) => return Err(damaged("the last line was cut off")),
        }
        let document = serde_json::from_slice(&self.line).map_err(|error| damaged(error.to_string()));
        self.line.clear();
        document.map(Some)
    }
}

fn damaged(why: impl Into<String>) -> Error {
    Error::new(Code::Io, "a message could not be read").why(why)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ipc::{Hello, Order, Reply, Request};

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    async fn read_all<T: DeserializeOwned>(bytes: &[u8], limit: u64) -> Result<Vec<T>> {
        let mut lines = Lines::new(bytes, limit);
        let mut all = Vec::new();
        while let Some(document) = lines.next().await? {
            all.push(document);
        }
        Ok(all)
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error_or_documents(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            block_on(async {
                let _ = read_all::<Request>(&bytes, 64).await;
                let _ = read_all::<Reply>(&bytes, 1024).await;
                let _ = read_all::<Order>(&bytes, 1024).await;
            });
        }

        #[test]
        fn a_damaged_document_never_panics(at in 0usize..120, byte in any::<u8>(), cut in 0usize..120) {
            let mut line = encode(&Hello { version: 1, name: "console on pts/3".to_owned(), once: false }).unwrap();
            let length = line.len();
            line[at % length] = byte;
            line.truncate(length - cut % length);
            let read = block_on(read_all::<Hello>(&line, 4096));
            if let Ok(documents) = read {
                prop_assert!(documents.len() <= 1);
            }
        }

        #[test]
        fn names_of_any_kind_stay_on_their_line(name in "\\PC*", breaks in "[\\r\\n\\x00-\\x1f]{0,4}") {
            let hello = Hello { version: 7, name: format!("{name}{breaks}"), once: true };
            let line = encode(&hello).unwrap();
            prop_assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
            prop_assert_eq!(block_on(read_all::<Hello>(&line, 1 << 20)).unwrap(), vec![hello]);
        }
    }

    #[test]
    fn a_line_that_is_too_long_or_cut_off_is_an_error() {
        let line = encode(&Request::Pause).unwrap();
        assert_eq!(block_on(read_all::<Request>(&line, line.len() as u64)).unwrap(), [Request::Pause]);
        assert!(block_on(read_all::<Request>(&line, line.len() as u64 - 1)).is_err());
        assert!(block_on(read_all::<Request>(&line[..line.len() - 1], 100)).is_err());
    }

    #[test]
    fn a_cancelled_read_keeps_what_it_has() {
        block_on(async {
            let (mut near, far) = tokio::io::duplex(64);
            let mut lines = Lines::new(tokio::io::BufReader::new(far), 64);
            let line = encode(&Request::Cancel).unwrap();
            near.write_all(&line[..5]).await.unwrap();
            for _ in 0..3 {
                tokio::select! {
                    biased;
                    early = lines.next::<Request>() => panic!("half a line gave {early:?}"),
                    () = tokio::task::yield_now() => {}
                }
            }
            near.write_all(&line[5..]).await.unwrap();
            assert_eq!(lines.next::<Request>().await.unwrap(), Some(Request::Cancel));
        });
    }
}
