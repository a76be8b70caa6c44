#include "clients/report/html.h"

namespace stagecraft::client {

void AddStyle(Html& html) {
  html.Raw(R"css(<style>
:root{color-scheme:light dark;
--page:#fff;--soft:#f4f6f8;--ink:#15191e;--dim:#56606c;--rule:#d5dbe2;--grid:#e3e8ed;
--better:#00695c;--worse:#b3360b;--quiet:#5a6472;--kept:#2f5d9e;--warn:#8a5a00;
--better-soft:#e0f2ef;--worse-soft:#fdeae3;--quiet-soft:#eceff3;--warn-soft:#fff3d6;--kept-soft:#e6eefa}
@media (prefers-color-scheme:dark){:root{
--page:#13171c;--soft:#1b2128;--ink:#e8ecf0;--dim:#a4afbb;--rule:#36404b;--grid:#28313a;
--better:#52cdb5;--worse:#ff9a73;--quiet:#aab5c1;--kept:#8ab8f5;--warn:#f2c25c;
--better-soft:#11322d;--worse-soft:#3d2016;--quiet-soft:#262e37;--warn-soft:#382c10;--kept-soft:#1a2a41}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Noto Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:28px 24px 56px;overflow-wrap:anywhere}
h1{font-size:30px;line-height:1.2;margin:0 0 10px;letter-spacing:-.01em}
h2{font-size:21px;line-height:1.3;margin:0 0 10px}
h3{font-size:16px;margin:22px 0 8px}
p{margin:0 0 10px}
section{margin-top:38px}
bdi{white-space:pre-line}
code{font:12px/1.4 ui-monospace,Menlo,Consolas,monospace}
a{color:inherit}
.num{font-variant-numeric:tabular-nums}
.eyebrow{color:var(--dim);font-size:13px;font-weight:600;margin:0 0 4px;letter-spacing:.02em}
.hypothesis{max-width:76ch}
.note,.legend{color:var(--dim);font-size:13px;max-width:96ch}
.absent{color:var(--dim)}
.caution{background:var(--warn-soft);border-left:4px solid var(--warn);padding:10px 14px;max-width:96ch}
.hide{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.sub{display:block;color:var(--dim);font-size:12.5px;font-weight:400;line-height:1.4}
.sub.inline{display:inline}
.how{white-space:nowrap}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:10px 24px;margin:16px 0 0;
padding:14px 0;border-top:1px solid var(--rule);border-bottom:1px solid var(--rule)}
.facts dt{color:var(--dim);font-size:12.5px}
.facts dd{margin:0;font-weight:600}
.verdict{margin-top:24px;--tone:var(--quiet);--tint:var(--quiet-soft)}
.verdict.win{--tone:var(--better);--tint:var(--better-soft)}
.verdict.harm,.verdict.void{--tone:var(--worse);--tint:var(--worse-soft)}
.verdict.wait{--tone:var(--warn);--tint:var(--warn-soft)}
.banner{display:flex;gap:18px;align-items:center;background:var(--tint);border:2px solid var(--tone);
border-radius:8px;padding:18px 20px}
.banner h2{font-size:27px;line-height:1.2;margin:0 0 4px;color:var(--tone)}
.banner p{margin:0}
.banner .symbol{flex:none;width:52px;height:52px;border-radius:50%;background:var(--tone);color:var(--page);
font-size:26px;font-weight:700;line-height:52px;text-align:center}
.verdict h3,.verdict>p{margin-top:16px}
.reasons{margin:0 0 14px;padding-left:24px}
.reasons li{margin-bottom:6px}
.reasons li:first-child{font-weight:600}
.chips{display:flex;flex-wrap:wrap;gap:8px;margin:0}
.chip{border:1px solid var(--rule);border-radius:6px;padding:3px 10px;font-size:13.5px;color:var(--ink)}
.chip.win{border-color:var(--better);color:var(--better)}
.chip.harm,.chip.void{border-color:var(--worse);color:var(--worse)}
.tag{display:inline-block;font-size:12.5px;font-weight:600;line-height:1.5;white-space:nowrap;border-radius:4px;
padding:0 6px;color:var(--quiet);background:var(--quiet-soft)}
.tag.better{color:var(--better);background:var(--better-soft)}
.tag.worse{color:var(--worse);background:var(--worse-soft)}
.tag.kept{color:var(--kept);background:var(--kept-soft)}
table{border-collapse:collapse;width:100%}
caption{text-align:left;color:var(--dim);font-size:13.5px;font-weight:600;padding:0 0 6px}
th{text-align:left;font-weight:600;vertical-align:top}
td{vertical-align:top}
.scroll{overflow-x:auto;margin-bottom:18px}
.scroll:focus-visible{outline:2px solid var(--kept)}
.grid{font-size:13.5px;margin-bottom:18px;overflow-wrap:break-word}
.grid bdi{overflow-wrap:anywhere}
.scroll>.grid{margin-bottom:0}
.grid th,.grid td{padding:6px 14px 6px 0;border-bottom:1px solid var(--rule);min-width:84px}
.grid thead th{color:var(--dim);font-size:12.5px;line-height:1.35;vertical-align:bottom}
.grid tbody th{min-width:130px}
.grid th .tag{display:table;margin-top:3px}
.pairs th{width:38%;padding-right:24px}
.headline{margin-bottom:6px}
.headline th,.headline td{padding:10px 16px 10px 0;border-bottom:1px solid var(--rule)}
.headline thead th{color:var(--dim);font-size:12.5px}
.headline td{font-size:17px}
.headline .big b{font-size:22px;line-height:1.2}
.forest{table-layout:fixed}
.forest thead th{color:var(--dim);font-size:12.5px;vertical-align:bottom;padding:0 0 4px}
.forest th{width:27%;padding:8px 12px 8px 0}
.forest td{padding:8px 0}
.forest .pic{width:auto;padding:8px 22px}
.forest thead .pic{padding:0 22px 4px}
.forest .says,.forest thead th:last-child{width:190px}
.forest tbody tr+tr>*{border-top:1px solid var(--grid)}
.forest .group th{width:auto;background:var(--soft);color:var(--ink);font-size:13px;padding:6px 10px}
.forest .why{color:var(--dim);padding:8px 22px}
.bars th{font-weight:400;padding:4px 12px 4px 0}
.bars .group th{font-weight:600}
.bars td{padding:4px 0}
.bars .pic{padding:4px 22px}
.bars tbody tr+tr>*{border-top:0}
svg{display:block;overflow:visible}
.strip line{stroke:var(--grid);stroke-width:1}
.strip .zero{stroke:var(--ink);stroke-width:1.5}
.strip .margin{stroke:var(--worse);stroke-width:1.5;stroke-dasharray:4 3}
.strip .zone{fill:var(--worse);fill-opacity:.09}
.strip .seq{stroke:var(--tone);stroke-width:2}
.strip .fixed{stroke:var(--tone);stroke-width:7;stroke-opacity:.55}
.strip .mark{fill:var(--tone);stroke:var(--page);stroke-width:1.5}
.strip .cut{fill:var(--tone)}
.strip,.path{--tone:var(--quiet)}
.strip.better,.path.better{--tone:var(--better)}
.strip.worse,.path.worse{--tone:var(--worse)}
.strip.kept{--tone:var(--kept)}
.axis text,.yaxis text{fill:var(--dim);font-size:12px;font-weight:400;text-anchor:middle}
.yaxis text{text-anchor:end}
.track{fill:var(--quiet-soft)}
.bar{fill:var(--kept)}
.bar.control{fill:var(--quiet)}
.legend span{margin-right:14px;white-space:nowrap}
.legend .tag{margin-right:4px}
.key{display:inline-block;width:26px;height:0;border-top:2px solid var(--quiet);vertical-align:middle}
.key.thick{border-top-width:7px;opacity:.55}
.key.edge{width:0;height:15px;border-top:0;border-left:2px dashed var(--worse);margin:0 4px}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,420px),1fr));gap:26px 36px}
.path{margin:0;min-width:0}
.path figcaption{margin-bottom:8px}
.plot{display:grid;grid-template-columns:52px minmax(0,1fr);padding-right:6px}
.area line{stroke:var(--grid);stroke-width:1}
.area .zero{stroke:var(--ink);stroke-width:1.5}
.band{fill:var(--tone);fill-opacity:.17}
.limit,.curve{fill:none;stroke:var(--tone);vector-effect:non-scaling-stroke;stroke-linejoin:round}
.limit{stroke-width:1;stroke-opacity:.6}
.curve{stroke-width:2.5}
.end{fill:var(--tone)}
.dates{display:flex;justify-content:space-between;margin:4px 6px 4px 52px;color:var(--dim);font-size:12px}
.kpi{border-top:1px solid var(--rule);margin-top:10px}
nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin-top:18px;font-size:13.5px}
nav a{color:var(--dim)}
footer{margin-top:40px;border-top:1px solid var(--rule);padding-top:12px;color:var(--dim);font-size:13px}
@media (max-width:700px){
main{padding:18px 16px 40px}
h1{font-size:24px}
.banner{align-items:flex-start;padding:14px;gap:12px}
.banner h2{font-size:21px}
.banner .symbol{width:36px;height:36px;line-height:36px;font-size:18px}
.facts{grid-template-columns:1fr 1fr}
.axis .odd{display:none}
.forest,.forest thead,.forest tbody,.forest tr,.forest th,.forest td{display:block;width:auto}
.forest caption{display:block}
.forest thead th:first-child,.forest thead th:last-child{display:none}
.forest tbody th{padding:8px 0 0}
.forest td,.forest .says{padding:2px 0;width:auto}
.forest .pic,.forest thead .pic{padding:4px 18px}
.forest tbody tr+tr>*{border-top:0}
.forest tbody tr+tr{border-top:1px solid var(--grid);padding-bottom:6px}
.forest thead{position:sticky;top:0;background:var(--page);z-index:1}
.bars thead{display:none}
.bars tbody tr+tr{border-top:0}
.bars .pic{padding:4px 0}
.forest .says .sub{display:inline;margin-left:6px}
.scroll>.grid{min-width:720px}
.scroll td.num{white-space:nowrap}
.scroll td:last-child{min-width:150px}
.headline thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.headline,.headline tbody,.headline tr,.headline th,.headline td{display:block}
.headline tr{border-bottom:1px solid var(--rule);padding:8px 0}
.headline th,.headline td{border:0;padding:3px 0}
.headline td::before{content:attr(data-label);display:inline-block;width:90px;color:var(--dim);font-size:13px}
.headline .big .sub{padding-left:90px}
.headline caption{display:block}
.pairs,.pairs tbody,.pairs tr,.pairs th,.pairs td{display:block;width:auto}
.pairs caption{display:block}
.grid.pairs th{border:0;padding:8px 0 0}
.grid.pairs td{padding:0 0 8px}}
@page{size:A4;margin:14mm 12mm}
@media print{
:root{color-scheme:light;
--page:#fff;--soft:#f4f6f8;--ink:#15191e;--dim:#4a535d;--rule:#c9d0d8;--grid:#dde3e9;
--better:#00695c;--worse:#b3360b;--quiet:#5a6472;--kept:#2f5d9e;--warn:#8a5a00;
--better-soft:#e0f2ef;--worse-soft:#fdeae3;--quiet-soft:#eceff3;--warn-soft:#fff3d6;--kept-soft:#e6eefa}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
body{font-size:11px}
main{max-width:none;padding:0}
h1{font-size:22px}
h2{font-size:16px}
h3{font-size:12.5px}
nav{display:none}
section{margin-top:22px}
h2,h3,caption{break-after:avoid}
tr,figure,.banner,.facts,.chips,.reasons li{break-inside:avoid}
thead{display:table-header-group}
.group{break-after:avoid}
.scroll{overflow:visible}
.grid{font-size:9.5px}
.grid thead th,.headline thead th,.forest thead th,.facts dt,.eyebrow,.sub,.tag,.note,.legend,.chip,.dates,.axis text,
.yaxis text,.forest .group th,code,footer{font-size:9px}
caption{font-size:10px}
.grid th,.grid td{padding:3px 7px 3px 0;min-width:0}
.grid tbody th{min-width:70px}
.how{white-space:normal}
.headline td{font-size:13px}
.headline .big b{font-size:16px}
.banner h2{font-size:20px}
.forest td,.forest th{padding-top:3px;padding-bottom:3px}
.forest .says,.forest thead th:last-child{width:150px}
.charts{grid-template-columns:1fr 1fr;gap:14px 20px}
.new-page{break-before:page}}
</style>)css");
}

}  // namespace stagecraft::client
