#pragma once

namespace ditto::dataset {

/// The report's style sheet. Colours are set apart from hue: accepted is dark and solid, rejected
/// light, so that the page also reads in print and without colour vision.
inline constexpr const char* kReportStyle = R"css(
:root {
  color-scheme: light dark;
  --page: #fbfaf8; --card: #ffffff; --ink: #1d2327; --quiet: #62707a; --line: #e3e0da;
  --accent: #1f6f78; --accent-soft: #d5e8e8; --reject: #e0a458; --quarantine: #b5473c;
  --track: #efece6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14181b; --card: #1c2226; --ink: #e6e9ea; --quiet: #93a1aa; --line: #2d363c;
    --accent: #5bb8bf; --accent-soft: #21424a; --reject: #d39a52; --quarantine: #e0796d;
    --track: #262e33;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 26px; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 18px; margin: 44px 0 4px; }
p.note { color: var(--quiet); margin: 2px 0 14px; max-width: 70ch; }
.mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .86em; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 20px; }
.tile b { display: block; font-size: 26px; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.25; }
.tile span { color: var(--quiet); font-size: 13px; }
.bars { display: grid; grid-template-columns: max-content 1fr max-content max-content; gap: 7px 14px; align-items: center; }
.bars .track { background: var(--track); border-radius: 4px; height: 18px; overflow: hidden; display: flex; }
.bars .fill { background: var(--accent); height: 100%; }
.bars .num, td.num, th.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.fill.reject { background: var(--reject); } .fill.quarantine { background: var(--quarantine); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; font-size: 13px; color: var(--quiet); }
th, td { padding: 7px 14px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td.grow { width: 99%; } th.num { width: 1%; }
.share { display: flex; height: 12px; min-width: 120px; background: var(--track); border-radius: 3px; overflow: hidden; margin-top: 5px; }
.legend { display: flex; gap: 18px; flex-wrap: wrap; color: var(--quiet); font-size: 13px; margin: 10px 0 0; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 6px; }
.hists { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 12px; }
.hists h3 { margin: 0; font-size: 15px; } .hists svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--quiet); font-size: 10px; }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(460px, 1fr)); gap: 16px; }
@media (max-width: 560px) {
  .examples { grid-template-columns: 1fr; }
  .bars { grid-template-columns: max-content 1fr max-content; } .bars .num.quiet { display: none; }
}
td .mono { white-space: nowrap; } td.say { min-width: 220px; }
.example { break-inside: avoid; }
.example .say { font-size: 16px; font-weight: 600; margin: 0 0 4px; }
.frames { display: grid; grid-template-columns: 1.4em repeat(3, 1fr); gap: 4px; margin: 10px 0 8px; align-items: center; font-size: 12px; color: var(--quiet); }
.frames img { width: 100%; height: auto; display: block; border-radius: 4px; background: var(--track); }
.frames .side { writing-mode: vertical-rl; transform: rotate(180deg); text-align: center; }
.frames .top { text-align: center; }
.badge { display: inline-block; padding: 0 8px; border-radius: 99px; background: var(--accent-soft); font-size: 12px; white-space: nowrap; }
details summary { cursor: pointer; color: var(--quiet); }
pre { overflow-x: auto; margin: 10px 0 0; font-size: 12.5px; line-height: 1.45; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 0; }
dt { color: var(--quiet); } dd { margin: 0; }
footer { margin-top: 48px; color: var(--quiet); font-size: 13px; }
@media print {
  :root { --page: #fff; --card: #fff; --ink: #000; --quiet: #444; --line: #ccc; --track: #eee;
    --accent: #1f6f78; --accent-soft: #d5e8e8; --reject: #e0a458; --quarantine: #b5473c; color-scheme: light; }
  body { font-size: 11pt; } main { max-width: none; padding: 0; } .card { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .examples { grid-template-columns: 1fr 1fr; } details:not([open]) { display: none; }
}
)css";

}  // namespace ditto::dataset
