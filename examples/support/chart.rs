//! Line charts as SVG.

use std::fmt::Write as _;

/// A line of a chart.
pub(crate) struct Series<'a> {
    pub(crate) name: &'a str,
    pub(crate) colour: &'a str,
    pub(crate) values: Vec<f64>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;

/// A chart of lines over 0, 1, 2, …; the vertical axis begins at 0.
pub(crate) fn chart(title: &str, across: &str, up: &str, series: &[Series]) -> String {
    let all = || series.iter().flat_map(|s| s.values.iter().copied());
    let last = series.iter().map(|s| s.values.len()).max().unwrap_or(1).saturating_sub(1).max(1);
    let step = nice(all().fold(0.0, f64::max) / 5.0);
    let top = (all().fold(0.0, f64::max) / step).ceil().max(1.0) * step;
    let x = |i: f64| LEFT + (WIDTH - LEFT - RIGHT) * i / last as f64;
    let y = |v: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * v / top;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"15\">{title}</text>\n"
    );
    // Writing to a string cannot fail.
    let mut line = |text: String| writeln!(out, "{text}").unwrap_or_default();
    let mut tick = 0.0;
    while tick <= top + 1e-9 * top {
        let (at, right) = (y(tick), WIDTH - RIGHT);
        line(format!("<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#ddd\"/>"));
        let label = LEFT - 8.0;
        line(format!("<text x=\"{label}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>", at + 4.0, short(tick)));
        tick += step;
    }
    let every = nice(last as f64 / 6.0).max(1.0);
    let mut tick = 0.0;
    while tick <= last as f64 {
        let low = HEIGHT - BOTTOM + 18.0;
        line(format!("<text x=\"{:.1}\" y=\"{low}\" text-anchor=\"middle\">{tick}</text>", x(tick)));
        tick += every;
    }
    let (middle, low) = (x(last as f64 / 2.0), HEIGHT - 12.0);
    line(format!("<text x=\"{middle}\" y=\"{low}\" text-anchor=\"middle\">{across}</text>"));
    let centre = y(top / 2.0);
    line(format!(
        "<text x=\"18\" y=\"{centre}\" text-anchor=\"middle\" transform=\"rotate(-90 18 {centre})\">{up}</text>"
    ));
    for (k, s) in series.iter().enumerate() {
        let points: Vec<String> =
            s.values.iter().enumerate().map(|(i, &v)| format!("{:.1},{:.1}", x(i as f64), y(v))).collect();
        let (colour, name) = (s.colour, s.name);
        line(format!(
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>",
            points.join(" ")
        ));
        let (left, at) = (WIDTH - RIGHT + 12.0, TOP + 14.0 + 20.0 * k as f64);
        line(format!("<path d=\"M{left} {at}h18\" stroke=\"{colour}\" stroke-width=\"2\"/>"));
        line(format!("<text x=\"{}\" y=\"{}\">{name}</text>", left + 24.0, at + 4.0));
    }
    out.push_str("</svg>\n");
    out
}

/// The smallest of 1, 2 and 5 times a power of ten that is at least `raw`.
fn nice(raw: f64) -> f64 {
    let power = 10.0_f64.powf(raw.max(1e-300).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|&v| v >= raw * (1.0 - 1e-9)).unwrap_or(power)
}

/// A number with as many digits as a label needs.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
