//! Copying through the terminal (OSC 52), which works over SSH and needs no program on the host.

use super::probe::Multiplexer;

/// The longest text that terminals accept: an escape sequence of 100,000 bytes holds this much in base 64.
pub const CLIPBOARD_LIMIT: usize = 74_994;
/// GNU screen passes device control strings on in pieces no longer than this.
const SCREEN_PIECE: usize = 76;

/// The bytes that make the terminal take `text` into its clipboard; none when the text is too long.
pub fn clipboard_sequence(text: &str, multiplexer: Multiplexer) -> Option<Vec<u8>> {
    if text.len() > CLIPBOARD_LIMIT {
        return None;
    }
    let plain = format!("\x1b]52;c;{}\x07", base64(text.as_bytes()));
    Some(match multiplexer {
        Multiplexer::None => plain.into_bytes(),
        Multiplexer::Tmux => format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")).into_bytes(),
        Multiplexer::Screen => {
            let pieces = plain.as_bytes().chunks(SCREEN_PIECE);
            pieces.flat_map(|piece| [b"\x1bP".as_slice(), piece, b"\x1b\\"].concat()).collect()
        }
    })
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().chain([&0, &0]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..4 {
            let digit = DIGITS[bits >> (18 - 6 * place) & 63];
            text.push(if place > group.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_pads() {
        let texts = ["", "f", "fo", "foo", "foob"].map(|text| base64(text.as_bytes()));
        assert_eq!(texts, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }

    #[test]
    fn multiplexers_get_their_wrapping() {
        let of = |multiplexer| String::from_utf8(clipboard_sequence("foo", multiplexer).unwrap()).unwrap();
        assert_eq!(of(Multiplexer::None), "\x1b]52;c;Zm9v\x07");
        assert_eq!(of(Multiplexer::Tmux), "\x1bPtmux;\x1b\x1b]52;c;Zm9v\x07\x1b\\");
        assert_eq!(of(Multiplexer::Screen), "\x1bP\x1b]52;c;Zm9v\x07\x1b\\");
        let long = clipboard_sequence(&"x".repeat(200), Multiplexer::Screen).unwrap();
        assert_eq!(long.windows(2).filter(|pair| pair == b"\x1bP").count(), 4);
    }

    #[test]
    fn too_long_a_text_is_not_sent() {
        assert!(clipboard_sequence(&"x".repeat(CLIPBOARD_LIMIT), Multiplexer::None).unwrap().len() <= 100_000);
        assert_eq!(clipboard_sequence(&"x".repeat(CLIPBOARD_LIMIT + 1), Multiplexer::None), None);
    }
}
