//! What an error of the HDFS client means here. The server's text has a Java stack: only its first line is told.

use hdfs_native::HdfsError;

use crate::error::{Code, Error};
use crate::model::clean;

/// What the client says when the NameNode would not complete a file.
const INCOMPLETE: &str = "complete file in time";

const CHECK_DATA_NODES: &str = "check that the DataNodes run, can be reached and have room: hdfs dfsadmin -report";

/// What kind of call failed: of one that changes something the outcome may be unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It changes nothing.
    Look,
    /// It changes something.
    Change,
}

/// The error of an act on a path: `could not ACT PATH: WHY`.
pub(super) fn of(error: HdfsError, act: &str, path: &str, kind: Kind) -> Error {
    let (code, why) = meaning(&error);
    let made = Error::new(code, format!("could not {act} {}", clean(path))).why(clean(first_line(&why)).into_owned());
    let made = match code {
        Code::Unavailable => made.retryable(),
        _ => made,
    };
    let made = advise(made, &error, act);
    if kind == Kind::Change && is_ambiguous(&error) { made.unknown_outcome() } else { made }
}

/// A call that was not answered in time.
pub(super) fn timed_out(act: &str, path: &str, kind: Kind, limit: std::time::Duration) -> Error {
    let error = Error::new(Code::Unavailable, format!("could not {act} {}", clean(path)))
        .why(format!("HDFS did not answer within {} s", limit.as_secs_f32()))
        .retryable();
    match kind {
        Kind::Look => error,
        Kind::Change => error.with_code(Code::OutcomeUnknown).unknown_outcome(),
    }
}

pub(super) fn missing(act: &str, path: &str) -> Error {
    Error::new(Code::NotFound, format!("could not {act} {}", clean(path))).why("it is not there")
}

pub(super) fn taken(act: &str, path: &str) -> Error {
    Error::new(Code::AlreadyExists, format!("could not {act} {}", clean(path))).why("it is there already")
}

/// A directory where a file is wanted, or the other way round.
pub(super) fn not_plain(path: &str) -> Error {
    Error::new(Code::UnsupportedEntry, format!("{} is not what is wanted here", clean(path)))
        .why("a directory where a file is wanted, or a file where a directory is")
}

/// Whether a change may have been, or may still be, carried out.
fn is_ambiguous(error: &HdfsError) -> bool {
    use std::io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable, NotConnected};
    match error {
        // These kinds come from connecting only, before anything was sent.
        HdfsError::IOError(error) => !matches!(
            error.kind(),
            AddrNotAvailable | ConnectionRefused | HostUnreachable | NetworkUnreachable | NotConnected
        ),
        HdfsError::FatalRPCError(class, _) => !is_login(class),
        HdfsError::InvalidRPCResponse(_) => true,
        _ => false,
    }
}

fn meaning(error: &HdfsError) -> (Code, String) {
    let text = |text: &String| text.clone();
    match error {
        HdfsError::FileNotFound(path) => (Code::NotFound, format!("{path} is not there")),
        HdfsError::AlreadyExists(why) => (Code::AlreadyExists, text(why)),
        HdfsError::IsADirectoryError(_) => (Code::UnsupportedEntry, "it is a directory".to_owned()),
        HdfsError::TrashNotEnabled => (Code::NoTrash, "the trash is switched off".to_owned()),
        HdfsError::RPCError(class, why) | HdfsError::FatalRPCError(class, why) => by_class(class, why),
        HdfsError::IOError(error) => (Code::Unavailable, error.to_string()),
        HdfsError::DataTransferError(why) | HdfsError::BlocksNotFound(why) => (Code::Unavailable, without_dump(why)),
        HdfsError::ChecksumError => (Code::DamagedFile, "its checksums do not match".to_owned()),
        HdfsError::SASLError(_) | HdfsError::GSSAPIError(..) | HdfsError::NoSASLMechanism => {
            (login(&error.to_string()), format!("the login failed: {error}"))
        }
        HdfsError::UnsupportedFeature(why) => (Code::Encrypted, text(why)),
        HdfsError::UnsupportedErasureCodingPolicy(_) | HdfsError::ErasureCodingError(_) => {
            (Code::UnsupportedStore, error.to_string())
        }
        HdfsError::InvalidPath(_) => (Code::UnsupportedEntry, error.to_string()),
        HdfsError::InvalidArgument(_) | HdfsError::UrlParseError(_) | HdfsError::XmlParseError(_) => {
            (Code::ConfigInvalid, error.to_string())
        }
        // Its last block has not reached as many DataNodes as it must.
        HdfsError::OperationFailed(why) if why.contains(INCOMPLETE) => (Code::Unavailable, text(why)),
        HdfsError::OperationFailed(_) | HdfsError::InternalError(_) | HdfsError::InvalidRPCResponse(_) => {
            (Code::Io, error.to_string())
        }
    }
}

/// By the exception's class, without its package.
fn by_class(class: &str, why: &str) -> (Code, String) {
    let name = class.rsplit(['.', '$']).next().unwrap_or(class);
    let code = match name {
        "FileNotFoundException" if why.contains("Path is not a file") => Code::UnsupportedEntry,
        "FileNotFoundException" | "ParentNotDirectoryException" => Code::NotFound,
        // A path below a file, for who is no superuser.
        "AccessControlException" if why.contains("(is not a directory)") => Code::NotFound,
        "PathIsNotEmptyDirectoryException" => Code::NotEmpty,
        // A rename to a name that is taken, where one of the two is a directory.
        "IOException" if why.contains("must both be directories") || why.contains("directory is not empty") => {
            Code::AlreadyExists
        }
        // No DataNode is there for a block.
        "IOException" if lacks_data_nodes(why) => Code::Unavailable,
        "NSQuotaExceededException"
        | "DSQuotaExceededException"
        | "QuotaExceededException"
        | "QuotaByStorageTypeExceededException"
        | "MaxDirectoryItemsExceededException" => Code::Quota,
        "AccessControlException" | "SnapshotAccessControlException" | "SnapshotException" => Code::Permission,
        "AuthorizationException" | "SaslException" | "GSSException" | "InvalidToken" => login(why),
        "SafeModeException"
        | "RetriableException"
        | "StandbyException"
        | "ServerTooBusyException"
        | "ObserverRetryOnActiveException"
        | "NotReplicatedYetException" => Code::Unavailable,
        "InvalidPathException"
        | "PathComponentTooLongException"
        | "HadoopIllegalArgumentException"
        | "UnresolvedPathException"
        | "UnresolvedLinkException" => Code::UnsupportedEntry,
        "AclException" | "RpcNoSuchMethodException" | "UnsupportedOperationException" => Code::UnsupportedStore,
        _ => Code::Io,
    };
    let first = first_line(why);
    let plain = if first.is_empty() || first == class { name.to_owned() } else { format!("{name}: {first}") };
    let told = match name {
        "StandbyException" => "no NameNode is active".to_owned(),
        "SafeModeException" => format!("HDFS is in safe mode: {first}"),
        "FileNotFoundException" | "AccessControlException" if !first.is_empty() && first != class => first.to_owned(),
        _ => plain,
    };
    (code, told)
}

/// By the words of the Kerberos library.
fn login(why: &str) -> Code {
    let says = |words: &[&str]| words.iter().any(|word| why.contains(word));
    if says(&["Cannot contact any KDC", "Cannot find KDC"]) {
        Code::KdcUnreachable
    } else if says(&["Clock skew", "clock skew"]) {
        Code::KerberosClock
    } else if says(&["not found in Kerberos database", "keytab", "Keytab"]) {
        Code::KerberosPrincipal
    } else if says(&["NO_CRED", "redential", "expired", "Expired"]) {
        Code::KerberosNoTicket
    } else {
        Code::Kerberos
    }
}

fn advise(made: Error, error: &HdfsError, act: &str) -> Error {
    match error {
        HdfsError::GSSAPIError(..) | HdfsError::SASLError(_) | HdfsError::NoSASLMechanism => {
            made.next("kinit, or set kerberos.principal and kerberos.keytab in the profile")
        }
        HdfsError::FatalRPCError(class, _) | HdfsError::RPCError(class, _) if is_login(class) => {
            made.next("kinit, or set kerberos.principal and kerberos.keytab in the profile")
        }
        HdfsError::RPCError(class, _) if class.ends_with("SafeModeException") => {
            made.next("wait until HDFS leaves safe mode: hdfs dfsadmin -safemode get")
        }
        // These go to DataNodes.
        HdfsError::IOError(_) if ["read", "write", "close"].contains(&act) => made.next(CHECK_DATA_NODES),
        HdfsError::DataTransferError(_) | HdfsError::BlocksNotFound(_) => made.next(CHECK_DATA_NODES),
        HdfsError::OperationFailed(why) if why.contains(INCOMPLETE) => made.next(CHECK_DATA_NODES),
        HdfsError::RPCError(_, why) if lacks_data_nodes(why) => made.next(CHECK_DATA_NODES),
        HdfsError::IOError(_) => made.next("check the address in hdfs-site.xml, and that a NameNode runs there"),
        _ => made,
    }
}

/// Whether a NameNode refused because another is the active one.
pub(super) fn is_standby(error: &HdfsError) -> bool {
    matches!(error, HdfsError::RPCError(class, _) | HdfsError::FatalRPCError(class, _) if class.ends_with("StandbyException"))
}

fn lacks_data_nodes(why: &str) -> bool {
    ["could only be written to", "could only be replicated to"].iter().any(|words| why.contains(words))
}

fn is_login(class: &str) -> bool {
    ["SaslException", "GSSException", "AuthorizationException", "InvalidToken"].iter().any(|name| class.ends_with(name))
}

/// The client adds what it knows of every DataNode, as it is in its memory.
fn without_dump(text: &str) -> String {
    let end = text.find(['[', '{']).unwrap_or(text.len());
    text[..end].trim_end_matches([':', ' ']).to_owned()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rpc(class: &str, text: &str) -> HdfsError {
        HdfsError::RPCError(class.to_owned(), text.to_owned())
    }

    #[test]
    fn what_the_server_says_has_a_code() {
        let cases = [
            (rpc("java.io.FileNotFoundException", "File does not exist: /x\n\tat org.apache"), Code::NotFound),
            (rpc("java.io.FileNotFoundException", "Path is not a file: /d"), Code::UnsupportedEntry),
            (rpc("org.apache.hadoop.fs.ParentNotDirectoryException", "/f (is not a directory)"), Code::NotFound),
            (rpc("org.apache.hadoop.security.AccessControlException", "/f (is not a directory)"), Code::NotFound),
            (rpc("java.io.IOException", "Source /a and destination /b must both be directories"), Code::AlreadyExists),
            (
                rpc("java.io.IOException", "File /x could only be written to 0 of the 1 minReplication"),
                Code::Unavailable,
            ),
            (HdfsError::OperationFailed("Failed to complete file in time".to_owned()), Code::Unavailable),
            (rpc("org.apache.hadoop.fs.PathIsNotEmptyDirectoryException", "`/d is non empty'"), Code::NotEmpty),
            (rpc("org.apache.hadoop.hdfs.protocol.NSQuotaExceededException", "x"), Code::Quota),
            (rpc("org.apache.hadoop.hdfs.protocol.DSQuotaExceededException", "x"), Code::Quota),
            (rpc("org.apache.hadoop.security.AccessControlException", "Permission denied"), Code::Permission),
            (rpc("org.apache.hadoop.hdfs.server.namenode.SafeModeException", "x"), Code::Unavailable),
            (rpc("org.apache.hadoop.ipc.StandbyException", "x"), Code::Unavailable),
            (
                rpc("org.apache.hadoop.hdfs.protocol.FSLimitException$PathComponentTooLongException", "x"),
                Code::UnsupportedEntry,
            ),
            (HdfsError::AlreadyExists("lease".to_owned()), Code::AlreadyExists),
            (HdfsError::TrashNotEnabled, Code::NoTrash),
            (HdfsError::UnsupportedFeature("zone".to_owned()), Code::Encrypted),
        ];
        for (error, code) in cases {
            let shown = format!("{error:?}");
            let made = of(error, "rename", "/x", Kind::Change);
            assert_eq!(made.code(), code, "{shown}");
            assert!(!made.is_unknown_outcome() && !made.to_string().contains("\tat"), "{made}");
        }
    }

    #[test]
    fn a_message_has_no_dump_and_names_the_servers_that_are_meant() {
        let dumped = HdfsError::DataTransferError("All DataNodes failed: [DatanodeInfoProto { id: 1 }]".to_owned());
        assert!(of(dumped, "read", "/x", Kind::Look).to_string().ends_with("All DataNodes failed"));
        let refused = || HdfsError::IOError(std::io::ErrorKind::ConnectionRefused.into());
        for (act, server) in [("write", "DataNodes"), ("rename", "a NameNode")] {
            let error = of(refused(), act, "/x", Kind::Look);
            assert!(error.next_step().is_some_and(|next| next.contains(server)), "{act}: {error}");
        }
    }

    #[test]
    fn a_change_without_an_answer_is_unknown_and_one_that_was_not_sent_is_not() {
        let io = |kind: std::io::ErrorKind| HdfsError::IOError(kind.into());
        for kind in
            [std::io::ErrorKind::ConnectionAborted, std::io::ErrorKind::BrokenPipe, std::io::ErrorKind::TimedOut]
        {
            assert!(of(io(kind), "rename", "/x", Kind::Change).is_unknown_outcome(), "{kind:?}");
            assert!(!of(io(kind), "look at", "/x", Kind::Look).is_unknown_outcome());
        }
        assert!(!of(io(std::io::ErrorKind::ConnectionRefused), "rename", "/x", Kind::Change).is_unknown_outcome());
        let limit = std::time::Duration::from_secs(1);
        assert!(timed_out("rename", "/x", Kind::Change, limit).is_unknown_outcome());
        assert!(timed_out("look at", "/x", Kind::Look, limit).is_retryable());
    }
}
