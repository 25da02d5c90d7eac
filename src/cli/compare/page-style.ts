/** The look of the page: light or dark as the reader's system is, readable without colour, printable. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2126; --soft: #5c6670; --rule: #dfe3e7; --baseline: #4a7297; --candidate: #d2600f; --fail: #b3261e; --pass: #1d7a3c; --inconclusive: #8a6100; }
@media (prefers-color-scheme: dark) { :root { --paper: #15181b; --ink: #e9ecef; --soft: #a0a9b2; --rule: #343a40; --baseline: #86b4dd; --candidate: #ff9d54; --fail: #ff8a80; --pass: #7fd69a; --inconclusive: #e8bd55; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1040px; padding: 24px 20px 48px; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 36px 0 4px; }
p { margin: 4px 0 12px; } .soft, small { color: var(--soft); }
.fail { color: var(--fail); } .pass { color: var(--pass); } .inconclusive { color: var(--inconclusive); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--rule); white-space: nowrap; } th { font-weight: 600; color: var(--soft); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 16px; margin: 12px 0; } svg { width: 100%; max-width: 520px; height: auto; }
.key { display: inline-block; width: 12px; height: 12px; margin: 0 6px 0 14px; border-radius: 2px; } .key.baseline { background: var(--baseline); } .key.candidate { background: var(--candidate); }
svg .line { fill: none; stroke-width: 2; } svg .area { fill-opacity: .3; stroke-width: 1.5; } svg .grid { stroke: var(--rule); }
svg .baseline { stroke: var(--baseline); } svg .candidate { stroke: var(--candidate); } svg .area.baseline { fill: var(--baseline); } svg .area.candidate { fill: var(--candidate); } svg .line.candidate { stroke-dasharray: 7 3; } svg .ink { stroke: var(--ink); }
svg text { fill: var(--ink); font: 11px system-ui, sans-serif; } svg .name { fill: var(--soft); }
@media print { h2, .plots { break-inside: avoid; } }
`;
