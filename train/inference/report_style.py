"""How the HTML report looks; light and dark after the reader's system, readable on paper and on a phone."""

STYLE = """
:root{--back:#f6f7f9;--card:#fff;--text:#1b1f27;--soft:#667085;--line:#e3e6ec;--accent:#2f6fed;--good:#12805c;
--bad:#b54708;--dot:#2f6fed99}
@media(prefers-color-scheme:dark){:root{--back:#12151b;--card:#1b1f28;--text:#e8ebf1;--soft:#98a2b3;--line:#2c323e;
--accent:#7aa5ff;--good:#4cc38a;--bad:#f0a35e;--dot:#7aa5ff99}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:4rem}
body{margin:0;background:var(--back);color:var(--text);
font:15px/1.5 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
header{position:sticky;top:0;z-index:1;display:flex;flex-wrap:wrap;align-items:baseline;gap:.3rem 1.5rem;
padding:.7rem clamp(1rem,4vw,3rem);background:var(--card);border-bottom:1px solid var(--line)}
h1{font-size:1.05rem;margin:0}
nav{display:flex;flex-wrap:wrap;gap:0 1rem}
nav a{color:var(--soft);text-decoration:none}nav a:hover{color:var(--accent)}
main{max-width:78rem;margin:0 auto;padding:1.2rem clamp(1rem,4vw,3rem) 3rem}
.about{display:flex;flex-wrap:wrap;gap:.4rem 2rem;margin:0 0 1.2rem}
.about div{min-width:0}.about dt{color:var(--soft);font-size:.8rem}.about dd{margin:0;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(10.5rem,1fr));gap:.8rem;margin-bottom:1.6rem}
.card{display:flex;flex-direction:column;padding:.8rem 1rem;background:var(--card);border:1px solid var(--line);
border-left:4px solid var(--line);border-radius:8px;color:inherit;text-decoration:none}
.card.wins{border-left-color:var(--good)}.card.loses{border-left-color:var(--bad)}.card:hover{border-color:var(--accent)}
.what{font-weight:600}.big{font-size:1.7rem;line-height:1.25;font-variant-numeric:tabular-nums}
small{margin-left:.25em;font-size:.75em;color:var(--soft)}
.metric,.beside,.protocol,.how,figcaption,footer{color:var(--soft);font-size:.87rem}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;
padding:1.1rem 1.3rem;margin-bottom:1.4rem}
h2{font-size:1.25rem;margin:0}section h2:first-letter{text-transform:uppercase}
.what:first-letter{text-transform:uppercase}
h3{font-size:1rem;margin:1.2rem 0 .5rem}
.protocol{margin:.1rem 0 .8rem}
.scroll{overflow-x:auto;max-width:100%}.spread{max-width:40rem;margin:.8rem 0 0}
table{border-collapse:collapse}th,td{padding:.22rem .9rem .22rem 0;text-align:left;font-weight:400;vertical-align:top}
thead th{color:var(--soft);font-size:.8rem;border-bottom:1px solid var(--line)}
tbody tr+tr>*{border-top:1px solid var(--line)}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.flat{color:var(--soft)}
thead th:nth-child(2),thead th:nth-child(3):not(:last-child),.columns thead th:nth-child(3){text-align:right}
tbody th{white-space:nowrap}.headline th,.headline .number:not(.flat){font-weight:650}
svg{width:100%;height:auto;display:block}svg circle,svg rect{fill:var(--dot)}
svg circle:hover,svg rect:hover{fill:var(--accent)}
svg line{stroke:var(--line);stroke-width:1.5}svg text{fill:var(--soft);font-size:13px}
.clips{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:1rem}
.clip{margin:0;min-width:0}.rows{display:flex;gap:.4rem}.rows img{min-width:0;flex:1 1 auto;width:calc(100% - 1.4rem);
height:auto;align-self:flex-start;border-radius:4px;background:#fff}
.clip label{cursor:zoom-in}.clip input{position:absolute;opacity:0}.clip:has(:checked){grid-column:1/-1}
.clip :checked~.rows{cursor:zoom-out}.clip :focus-visible~figcaption{outline:2px solid var(--accent)}
.labels{display:grid;grid-template-rows:repeat(3,1fr);flex:none;width:1rem}
.labels span{writing-mode:vertical-rl;transform:rotate(180deg);text-align:center;font-size:.75rem;color:var(--soft)}
.clip figcaption{overflow-wrap:anywhere;margin-bottom:.2rem}.clip b{color:var(--text);font-weight:600}
details{margin-top:.8rem}summary{cursor:pointer;color:var(--accent)}.columns{max-height:26rem;overflow:auto}
.faults{border:1px solid var(--bad);border-radius:8px;padding:.7rem 1.1rem;margin-bottom:1.2rem;background:var(--card)}
.faults h2{font-size:1rem;color:var(--bad)}.faults ul{margin:.3rem 0 0;padding-left:1.1rem;overflow-wrap:anywhere}
footer{padding:0 .2rem}footer p{margin:.2rem 0}
@media print{header{position:static}section{break-inside:avoid}}
"""
