"use strict";
// The selection as plots: one number against another, a dot a clip; and how often each value of the traits comes.
(() => {
  const { el, svg } = thfm, PAD = { left: 46, right: 16, top: 34, bottom: 46 };

  thfm.plotsView = (main, chosen, all) => {
    const names = Object.keys(thfm.store.words.numbers);
    const pick = (axis) => el("label", {}, axis === "x" ? "Across" : "Up",
      el("select", { id: `plot-${axis}`, onchange: (e) => thfm.go({ [axis]: e.target.value }) },
        names.map((n) => el("option", { value: n, selected: thfm.state[axis] === n }, thfm.store.words.numbers[n].title))));
    const focus = document.activeElement?.id;
    main.replaceChildren(
      el("section.plots", {}, el("div.axes", {}, pick("x"), pick("y")), scatter(chosen.rows, all, Math.min(Math.max(main.clientWidth - 32, 320), 1056)), ...bars(chosen)));
    if (focus?.startsWith("plot-")) document.getElementById(focus)?.focus();
  };

  // A little more than the values span, and round numbers in it.
  function scaled(values, most) {
    const { low, high } = thfm.binned(values), room = (high - low) * 0.04, rough = (high - low) / most, tens = 10 ** Math.floor(Math.log10(rough));
    const step = tens * [1, 2, 5, 10].find((s) => s * tens >= rough * 0.999), digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const ticks = [];
    for (let i = Math.ceil((low - room) / step); i * step <= high + room; i++) ticks.push(i * step);
    return { share: (v) => (v - low + room) / (high - low + 2 * room), ticks, text: (v) => (Math.abs(v) < step / 2 ? 0 : v).toFixed(digits) };
  }

  // wide: how many pixels it gets, so that its letters are of their size.
  function scatter(rows, all, wide) {
    const tall = Math.round(Math.min(Math.max(wide * 0.55, 280), 520));
    const { x, y } = thfm.state, there = (r) => r.numbers[x] !== undefined && r.numbers[y] !== undefined;
    const dots = rows.filter(there), behind = all.filter(there);
    if (!behind.length) return el("p.empty", {}, "No clip has both numbers.");
    const across = scaled(behind.map((r) => r.numbers[x]), wide / 110), up = scaled(behind.map((r) => r.numbers[y]), 5);
    const right = (v) => PAD.left + across.share(v) * (wide - PAD.left - PAD.right), down = (v) => tall - PAD.bottom - up.share(v) * (tall - PAD.top - PAD.bottom);
    const at = (r) => [right(r.numbers[x]), down(r.numbers[y])];
    const held = new Set(dots);
    const dot = (r, kind) => { const [cx, cy] = at(r); return svg("circle", { class: kind, cx: cx.toFixed(1), cy: cy.toFixed(1), r: kind === "back" ? 3 : 5 }); };
    const words = thfm.store.words.numbers;
    return svg("svg", { class: "scatter", viewBox: `0 0 ${wide} ${tall}`, role: "group", "aria-label": `${words[x].title} against ${words[y].title}` },
      up.ticks.map((v) => [svg("line", { x1: PAD.left, x2: wide - PAD.right, y1: down(v), y2: down(v) }), svg("text", { x: PAD.left - 8, y: down(v) + 4, "text-anchor": "end" }, up.text(v))]).flat(),
      across.ticks.map((v) => svg("text", { x: right(v), y: tall - PAD.bottom + 20, "text-anchor": "middle" }, across.text(v))),
      svg("text", { x: wide - PAD.right, y: tall - 8, "text-anchor": "end", class: "axis" }, `${words[x].title}, ${words[x].unit}`),
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
