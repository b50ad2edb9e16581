#![no_main]

#[allow(dead_code)]
#[path = "../../tests/hostile/stages.rs"]
mod stages;

libfuzzer_sys::fuzz_target!(|text: &str| {
    stages::examine(text);
});
