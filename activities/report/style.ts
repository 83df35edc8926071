import { Html } from './html.ts';

/** One style for day and night; the pictures take their colours from it. */
export const css = new Html(`
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2330; --quiet: #5c6575; --grid: #d9dee7; --card: #f5f7fa;
  --better: #14804a; --worse: #c0322b; --undecided: #4b6cb7; --margin: #b3730a; --plum: #8a4fa3; --teal: #1b8a8f; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171d; --ink: #e6e9ef; --quiet: #9aa4b5; --grid: #323a47; --card: #1d222b;
  --better: #4cc38a; --worse: #f2736b; --undecided: #8fb0ff; --margin: #e8b04a; --plum: #c99be0; --teal: #5ccdd2; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'Noto Sans Thai', sans-serif; }
h1 { font-size: 2.4rem; line-height: 1.1; margin: .2rem 0; }
h2 { margin: 2.6rem 0 .6rem; font-size: 1.25rem; border-bottom: 1px solid var(--grid); padding-bottom: .3rem; }
h3 { margin: 1.4rem 0 .4rem; font-size: 1rem; }
h4 { margin: 0; font-size: .75rem; letter-spacing: .04em; text-transform: uppercase; color: var(--quiet); }
h1.pass { color: var(--better); } h1.fail { color: var(--worse); } h1.inconclusive { color: var(--margin); }
.eyebrow, .quiet, .how { color: var(--quiet); } .eyebrow { margin: 0; }
.headline { font-size: 1.15rem; margin: .3rem 0 .6rem; }
.quiet { font-size: .87rem; margin: .3rem 0; }
.how { font-size: .78rem; font-weight: 400; margin: .2rem 0 0; max-width: 34rem; }
code { font: .85em ui-monospace, 'SF Mono', Menlo, Consolas, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; }
th, td { text-align: left; vertical-align: top; padding: .5rem .7rem .5rem 0; border-bottom: 1px solid var(--grid); }
thead th { font-size: .78rem; color: var(--quiet); font-weight: 600; }
.scores td { min-width: 8rem; }
.badge { display: inline-block; padding: .05rem .55rem; border-radius: 1rem; font-size: .8rem; font-weight: 600; border: 1px solid currentColor; }
.badge.pass { color: var(--better); } .badge.fail { color: var(--worse); } .badge.inconclusive, .badge.warn { color: var(--margin); }
.badge.none { color: var(--quiet); font-weight: 400; } .badge, .number, .whole { white-space: nowrap; } .number { text-align: right; font-variant-numeric: tabular-nums; }
.number + :not(.number) { padding-left: .8rem; }
.wide thead .number { white-space: normal; } .wide tbody th { min-width: 7.5rem; }
figure { margin: .6rem 0; } figure svg { min-width: 36rem; }
.wide, figure { overflow-x: auto; --edge: color-mix(in srgb, var(--ink) 25%, transparent); /* a shade where more is to be scrolled to */
  background: linear-gradient(90deg, var(--paper) 40%, transparent) 0 / 2.5rem 100% no-repeat local, linear-gradient(270deg, var(--paper) 40%, transparent) 100% / 2.5rem 100% no-repeat local,
    linear-gradient(90deg, var(--edge), transparent) 0 / 1rem 100% no-repeat, linear-gradient(270deg, var(--edge), transparent) 100% / 1rem 100% no-repeat; }
article { background: var(--card); border-radius: .6rem; padding: .7rem .9rem; margin: .7rem 0; }
.prompt { font-weight: 600; margin: .2rem 0 .6rem; }
.prompt, .pair p { white-space: pre-wrap; overflow-wrap: anywhere; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: .4rem 1.2rem; }
.pair p { margin: .1rem 0 .3rem; }
dl { display: grid; grid-template-columns: minmax(10rem, max-content) 1fr; gap: .3rem 1.2rem; margin: .6rem 0; }
dt { color: var(--quiet); } dd { margin: 0; min-width: 0; }
pre { background: var(--card); border-radius: .6rem; padding: .8rem; overflow: auto; font-size: .8rem; max-height: 30rem; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; }
  .checks, .scores, .checks tbody, .scores tbody { display: block; } .checks thead, .scores thead { display: none; }
  .checks tr, .scores tr { display: grid; grid-template-columns: 1fr auto; gap: .2rem .8rem; padding: .5rem 0; border-bottom: 1px solid var(--grid); }
  .scores tr { grid-template-columns: repeat(auto-fit, minmax(6rem, 1fr)); }
  .checks td, .scores td, .scores th { border: 0; padding: 0; min-width: 0; } .checks td:last-child, .scores th { grid-column: 1 / -1; }
  .checks td:first-child { font-weight: 600; } .scores td::before { content: attr(data-of); display: block; font-size: .75rem; color: var(--quiet); } }
`);
