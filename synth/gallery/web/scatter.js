"use strict";
// The selection as plots: one number against another, a dot a clip; and how often each value of the traits comes.
(() => {
  const { el, svg } = thfm, WIDE = 720, TALL = 420, PAD = { left: 52, right: 16, top: 30, bottom: 40 };

  thfm.plotsView = (main, chosen, all) => {
    const names = Object.keys(thfm.store.words.numbers);
    const pick = (axis) => el("label", {}, axis === "x" ? "Across" : "Up",
      el("select", { id: `plot-${axis}`, onchange: (e) => thfm.go({ [axis]: e.target.value }) },
        names.map((n) => el("option", { value: n, selected: thfm.state[axis] === n }, thfm.store.words.numbers[n].title))));
    const focus = document.activeElement?.id;
    main.replaceChildren(
      el("section.plots", {}, el("div.axes", {}, pick("x"), pick("y")), scatter(chosen.rows, all), ...bars(chosen)));
    if (focus?.startsWith("plot-")) document.getElementById(focus)?.focus();
  };

  function scatter(rows, all) {
    const { x, y } = thfm.state, there = (r) => r.numbers[x] !== undefined && r.numbers[y] !== undefined;
    const dots = rows.filter(there), behind = all.filter(there);
    if (!behind.length) return el("p.empty", {}, "No clip has both numbers.");
    const bx = thfm.binned(behind.map((r) => r.numbers[x])), by = thfm.binned(behind.map((r) => r.numbers[y]));
    const at = (r) => [PAD.left + ((r.numbers[x] - bx.low) / (bx.high - bx.low)) * (WIDE - PAD.left - PAD.right),
      TALL - PAD.bottom - ((r.numbers[y] - by.low) / (by.high - by.low)) * (TALL - PAD.top - PAD.bottom)];
    const held = new Set(dots);
    const dot = (r, kind) => { const [cx, cy] = at(r); return svg("circle", { class: kind, cx: cx.toFixed(1), cy: cy.toFixed(1), r: kind === "back" ? 3 : 5 }); };
    const ticks = (b, n) => Array.from({ length: n + 1 }, (_, i) => b.low + ((b.high - b.low) * i) / n);
    const words = thfm.store.words.numbers;
    return svg("svg", { class: "scatter", viewBox: `0 0 ${WIDE} ${TALL}`, role: "group", "aria-label": `${words[x].title} against ${words[y].title}` },
      ticks(by, 4).map((v) => { const h = TALL - PAD.bottom - ((v - by.low) / (by.high - by.low)) * (TALL - PAD.top - PAD.bottom);
        return [svg("line", { x1: PAD.left, x2: WIDE - PAD.right, y1: h, y2: h }), svg("text", { x: PAD.left - 8, y: h + 4, "text-anchor": "end" }, thfm.number(y, v, false))]; }).flat(),
      ticks(bx, 6).map((v) => svg("text", { x: PAD.left + ((v - bx.low) / (bx.high - bx.low)) * (WIDE - PAD.left - PAD.right), y: TALL - PAD.bottom + 20, "text-anchor": "middle" }, thfm.number(x, v, false))),
      svg("text", { x: WIDE - PAD.right, y: TALL - 4, "text-anchor": "end", class: "axis" }, `${words[x].title}, ${words[x].unit}`),
      svg("text", { x: PAD.left, y: 18, class: "axis" }, `${words[y].title}, ${words[y].unit}`),
      behind.filter((r) => !held.has(r)).map((r) => dot(r, "back")),
      dots.map((r) => svg("a", { href: thfm.link({ clip: r.id }), "aria-label": `Clip ${r.key}: ${thfm.number(x, r.numbers[x])}, ${thfm.number(y, r.numbers[y])}` },
        svg("title", {}, `${r.key}\n${r.caption}`), dot(r, "front"))));
  }

  function bars(chosen) {
    const count = new Map();
    for (const row of chosen.rows) for (const [trait, values] of Object.entries(row.traits)) {
      const of = count.get(trait) || count.set(trait, new Map()).get(trait);
      for (const v of values) of.set(v, (of.get(v) || 0) + 1);
    }
    const order = [...thfm.store.words.traits, ...[...count.keys()].sort()].filter((t, i, a) => count.has(t) && a.indexOf(t) === i && count.get(t).size > 1);
    return [el("div.tables", {}, order.map((trait) => {
      const rows = [...count.get(trait)].sort((a, b) => b[1] - a[1]), most = rows[0][1];
      return el("figure", {}, el("figcaption", {}, thfm.pretty(trait).replace(".", " ")), el("ul.bars", {}, rows.slice(0, 12).map(([v, n]) =>
        el("li", {}, el("span.name", { title: v }, thfm.pretty(v)), el("span.count", {}, n.toLocaleString("en")), el("span.bar", {}, el("i", { style: `width:${(100 * n) / most}%` }))))),
        rows.length > 12 && el("p.small", {}, `and ${rows.length - 12} more`));
    }))];
  }
})();
