//! Addresses of servers, after their scheme.

/// Reads `HOST`, `HOST:PORT` or the same with an IPv6 address in brackets; none where it is no such thing.
pub(super) fn host_and_port(text: &str, usual: u16) -> Option<(String, u16)> {
    let text = text.trim_end_matches('/');
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        None => usual,
        Some(port) => port.parse().ok()?,
    };
    let is_host = !host.is_empty() && !host.contains(['/', '@', ' ', '?']);
    (is_host && port != 0).then(|| (host.to_owned(), port))
}
