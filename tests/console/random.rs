//! Whatever is typed: nothing panics, and nothing changes the lake without an answered question.

use lakehand::app::{Key, Msg};
use proptest::prelude::*;

use crate::console::Console;
use crate::lake::{load, load_targets};
use crate::runs::{list_runs, plan_made, previewed, shown, snapshot};

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        8 => prop::sample::select("jkghlGnN0123456[]-/:?!  vausidbwfrtecpXRFCPKqyY4".chars().collect::<Vec<_>>()).prop_map(Key::Char),
        2 => prop::sample::select(vec![
            Key::Enter, Key::Esc, Key::Tab, Key::BackTab, Key::Backspace, Key::Up, Key::Down, Key::PageDown, Key::PageUp,
            Key::Home, Key::End, Key::Ctrl('c'), Key::Ctrl('d'), Key::Ctrl('u'), Key::Left, Key::Right, Key::F(1),
        ]),
        1 => any::<char>().prop_map(Key::Char),
    ]
}

fn full(size: (u16, u16), production: bool) -> Console {
    let mut console = Console::with(size, |options| options.lake.production = production);
    load(&mut console);
    load_targets(&mut console);
    list_runs(&mut console, true);
    console.send(Msg::Run(lakehand::app::RunMsg::Attached(Box::new(snapshot()))));
    shown(&mut console, "1121-0214-k7f");
    console
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_keys_are_harmless(
        keys in prop::collection::vec((any_key(), 0i64..700), 1..60),
        size in prop::sample::select(vec![(80u16, 24u16), (120, 40), (60, 16), (10, 3)]),
        production in any::<bool>(),
    ) {
        let mut console = full(size, production);
        console.take();
        for (at, (key, pause)) in keys.into_iter().enumerate() {
            console.at += chrono::TimeDelta::milliseconds(pause);
            let asked = console.app.is_asking();
            console.send(Msg::Key { key, at: console.at });
            for effect in console.take() {
                prop_assert!(!effect.changes_the_lake() || asked, "{effect:?} without a question");
                prop_assert!(!effect.changes_the_lake() || !production || key == Key::Enter || is_cancel(&effect));
            }
            match at % 7 {
                2 => plan_made(&mut console),
                4 => previewed(&mut console, "1121-0214-k7f", None),
                _ => {}
            }
            console.drawn();
            let _ = console.text();
        }
    }
}

fn is_cancel(effect: &lakehand::app::Effect) -> bool {
    use lakehand::app::Effect;
    matches!(effect, Effect::Steer { .. } | Effect::Restore { .. })
}
