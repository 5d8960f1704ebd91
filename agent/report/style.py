"""How a report looks: dark on screens of any width, black on white on paper."""

STYLE = """
:root{color-scheme:dark;--paper:#0f1320;--card:#181e30;--ink:#e8ecf6;--dim:#9aa6c2;--edge:#2a3350;
--good:#80ed99;--half:#ffb000;--bad:#ff6b6b;--line:#4cc9f0}
*{box-sizing:border-box}
body{margin:0 auto;padding:16px;max-width:960px;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25;margin:.2em 0}
h2{font-size:1.15rem;margin:1.6em 0 .5em}
h3{font-size:1.05rem;margin:0}
p{margin:.4em 0}
.dim,figcaption,small{color:var(--dim);font-size:.9rem}
.sums{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:8px;margin:14px 0}
.sums div,.card{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:12px}
.sums b{display:block;font-size:1.3rem;line-height:1.2}
.card{margin:10px 0}
.head{display:flex;flex-wrap:wrap;gap:4px 10px;align-items:baseline;justify-content:space-between}
.badge{border:1px solid currentColor;border-radius:99px;padding:0 10px;font-size:.85rem;white-space:nowrap}
.completed{color:var(--good)}.partial{color:var(--half)}.aborted,.failed,.skipped{color:var(--bad)}
.card img{display:block;width:100%;height:auto;border-radius:6px;margin:8px 0}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(120px,1fr));gap:2px 12px;margin:8px 0}
.facts span{color:var(--dim);display:block;font-size:.82rem}
ul{margin:.4em 0;padding-left:1.2em}
svg{display:block;width:100%;height:auto}
.chart{max-width:600px;margin:10px 0;border:1px solid var(--edge);border-radius:10px;overflow:hidden}
figure.curve{max-width:420px}
.curve path{vector-effect:non-scaling-stroke;fill:none;stroke-linejoin:round;stroke-linecap:round}
.curve .grid{stroke:#ffffff38;stroke-width:1}
.curve .line{stroke:var(--line);stroke-width:2}
.course{padding:0;list-style:none}
.curves{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:10px}
.bar{height:8px;border-radius:4px;background:var(--edge);overflow:hidden;margin:4px 0 12px}
.bar i{display:block;height:100%;background:var(--good)}
figure{margin:0}
time{color:var(--dim);font-variant-numeric:tabular-nums;margin-right:.5em}
footer{margin-top:2em;color:var(--dim);font-size:.85rem}
@media print{
:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#000;--dim:#444;--edge:#bbb;
--good:#06752b;--half:#8a5a00;--bad:#a30000;--line:#0b5ea8}
body{max-width:none;padding:0;font-size:11pt}
.card,.chart,.sums div,figure{break-inside:avoid}
.card img{max-width:12cm}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
"""
