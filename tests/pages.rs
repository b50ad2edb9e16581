//! The pages of `cvx explain`: each shows a program that breaks its rule, and nothing but it, and the mended program.

use cvxlayer::lang::Diagnostic;
use cvxlayer::lang::diagnostics::codes::{ALL, Code};
use cvxlayer::{Data, Error, Model, Settings};

/// A program on a page, with the data that follow it.
#[derive(Debug)]
struct Block<'a> {
    broken: bool,
    text: String,
    data: Option<&'a str>,
    repeated: bool,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for part in page.split("\n```").skip(1).step_by(2) {
        let (kind, text) = part.split_once('\n').expect("a block");
        let text = format!("{text}\n");
        match kind.split_whitespace().collect::<Vec<_>>()[..] {
            ["json"] => {
                let data = part.strip_prefix("json").expect("data");
                blocks.last_mut().expect("data follow a program").data = Some(data);
            }
            ["cvx"] => blocks.push(Block { broken: false, text, data: None, repeated: false }),
            ["cvx", "broken"] => blocks.push(Block { broken: true, text, data: None, repeated: false }),
            ["cvx", "broken", "repeated", count] => {
                let text = text.repeat(count.parse().expect("how often"));
                blocks.push(Block { broken: true, text, data: None, repeated: true });
            }
            _ => panic!("a block of kind {kind:?}"),
        }
    }
    blocks
}

/// What is said about a program: when it is checked, and if `further`, when its data are bound, and when it is solved.
fn said(block: &Block<'_>, further: bool) -> Vec<Diagnostic> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.cvx");
    std::fs::write(&path, &block.text).expect("a file");
    let run = || -> Result<Vec<Diagnostic>, Error> {
        let model = Model::from_file(&path)?;
        if !(further && model.warnings().is_empty()) {
            return Ok(model.warnings().to_vec());
        }
        let mut data = Data::new();
        if let Some(text) = block.data {
            data.read_json(text, "data.json")?;
        }
        let bound = model.bind(&data)?;
        bound.complete()?;
        let layer = bound.layer(Settings::default())?;
        layer.solve(bound.params()).map_err(|error| model.explain(error))?;
        Ok(Vec::new())
    };
    match run() {
        Ok(warnings) => warnings,
        Err(Error::Model(error)) => error.diagnostics,
        Err(other) => panic!("{other}\n{block:?}"),
    }
}

fn check(code: Code) {
    let page = code.page;
    assert!(page.starts_with(&format!("# {}: {}\n", code.id, code.name)), "title of {code:?}");
    let blocks = blocks(page);
    assert!(blocks[0].broken, "{code:?} begins with a broken program");
    assert!(blocks.iter().any(|block| !block.broken), "{code:?} shows no mended program");
    for block in &blocks {
        // Rules about the text need no data, and their mended programs may have none.
        let further = block.broken || code.id.starts_with("E05") || code.id.starts_with("E061");
        let found = said(block, further);
        let codes: Vec<&str> = found.iter().map(|d| d.code.id).collect();
        if block.repeated {
            assert!(codes.contains(&code.id), "{code:?}: {codes:?}");
        } else if block.broken {
            let only = !codes.is_empty() && codes.iter().all(|id| *id == code.id);
            assert!(only, "{code:?}: {found:#?}\n{}", block.text);
        } else {
            assert!(codes.is_empty(), "{code:?}: {found:#?}\n{}", block.text);
        }
    }
}

#[test]
fn pages_tell_the_truth() {
    let mut wrong = Vec::new();
    for &code in ALL {
        if std::panic::catch_unwind(|| check(code)).is_err() {
            wrong.push(code.id);
        }
    }
    assert_eq!(wrong, [""; 0]);
}
