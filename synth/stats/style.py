"""How the page looks; light and dark after the reader's system, readable on paper and on a phone."""

STYLE = """
:root{color-scheme:light dark;--back:#f6f7f9;--card:#fff;--text:#1b1f27;--soft:#667085;--line:#e3e6ec;--accent:#2f6fed;
--bad:#b54708;--faint:#c5cbd6}
@media(prefers-color-scheme:dark){:root{--back:#12151b;--card:#1b1f28;--text:#e8ebf1;--soft:#98a2b3;--line:#2c323e;
--accent:#7aa5ff;--bad:#f0a35e;--faint:#4a5261}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:4rem}
body{margin:0;background:var(--back);color:var(--text);
font:15px/1.5 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
header{position:sticky;top:0;z-index:1;display:flex;flex-wrap:wrap;align-items:baseline;gap:.3rem 1.5rem;
padding:.7rem clamp(1rem,4vw,3rem);background:var(--card);border-bottom:1px solid var(--line)}
h1{font-size:1.05rem;margin:0;overflow-wrap:anywhere}
nav{display:flex;flex-wrap:wrap;gap:0 1rem}
nav a{color:var(--soft);text-decoration:none}nav a:hover{color:var(--accent)}
main{max-width:84rem;margin:0 auto;padding:1.2rem clamp(1rem,4vw,3rem) 3rem}
.about{display:flex;flex-wrap:wrap;gap:.4rem 2rem;margin:0 0 1.2rem}
.about div{min-width:0}.about dt{color:var(--soft);font-size:.8rem}.about dd{margin:0;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(10rem,1fr));gap:.8rem;margin-bottom:1.6rem}
.card{display:flex;flex-direction:column;padding:.8rem 1rem;background:var(--card);border:1px solid var(--line);
border-radius:8px;color:inherit;text-decoration:none}.card:hover{border-color:var(--accent)}
.what{font-weight:600}.big{font-size:1.2rem;line-height:1.5;white-space:nowrap;font-variant-numeric:tabular-nums}
small{margin-left:.25em;font-size:1em}.big small{font-size:.6em;color:var(--soft)}
.beside,figcaption,.note{color:var(--soft);font-size:.87rem}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.1rem 1.3rem;
margin-bottom:1.4rem}
h2{font-size:1.25rem;margin:0 0 .9rem}
.plots{columns:19rem 3;column-gap:2.2rem}.plots>figure{break-inside:avoid;padding-bottom:1.4rem}
.small{columns:auto;display:grid;grid-template-columns:repeat(5,1fr);gap:1rem 1.2rem;margin:1.2rem 0}
.four{grid-template-columns:repeat(4,1fr)}
figure{margin:0;min-width:0}.small>figure{padding:0}.wide{margin-bottom:1.4rem}
figcaption b{display:block;color:var(--text);font-weight:600}figcaption b:first-letter{text-transform:uppercase}
figcaption{margin-bottom:.35rem}.small figcaption{font-size:.8rem}
svg{width:100%;height:auto;display:block}svg rect{fill:var(--accent);opacity:.75}svg rect:hover{opacity:1}
svg line{stroke:var(--line);stroke-width:1.5}svg .median{stroke:var(--text);stroke-width:1.5;stroke-dasharray:3 3}
svg text{fill:var(--soft);font-size:12px}
.front{fill:var(--accent);opacity:.6}.behind{fill:var(--faint);opacity:.8}
.bars{font-size:.9rem}.row{display:flex;align-items:center;gap:.6rem;line-height:1.55}
.name{flex:0 0 44%;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.bar,.stack{flex:1 1 0;height:.72rem;min-width:3rem;background:var(--line);border-radius:3px;overflow:hidden;
display:flex}
.bar i{display:block;background:var(--accent);opacity:.75}.row:hover .bar i{opacity:1}
.count,.share{flex:none;text-align:right;font-variant-numeric:tabular-nums}.count{min-width:2.6rem}
.share{min-width:2.9rem;color:var(--soft)}.none{color:var(--soft)}
.stack i{display:block;height:100%}
.state0{background:var(--accent)}.state1{background:color-mix(in srgb,var(--accent) 55%,var(--card))}
.state2{background:var(--bad)}.state3{background:var(--faint)}
.key{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin-top:.5rem;font-size:.85rem;color:var(--soft)}
.key i{display:inline-block;width:.75rem;height:.75rem;border-radius:3px;margin-right:.4rem;vertical-align:-1px}
.heats{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:1rem}
.heat{display:block;width:100%;aspect-ratio:1;border:1px solid var(--line);border-radius:4px;background:var(--back)}
details{margin-top:.3rem}summary{cursor:pointer;color:var(--accent)}
.faults{border:1px solid var(--bad);border-radius:8px;padding:.7rem 1.1rem;margin-bottom:1.2rem;background:var(--card)}
.faults h2{font-size:1rem;color:var(--bad);margin:0}.faults ul{margin:.3rem 0 0;padding-left:1.1rem;
overflow-wrap:anywhere}
@media(max-width:44rem){.small,.four{grid-template-columns:repeat(2,1fr)}}
@media print{header{position:static}section{break-inside:avoid}}
"""
