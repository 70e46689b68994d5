"use strict";
// The filters beside the grid. Built once per set of rows; afterwards only numbers and bars change, so focus stays.
(() => {
  const { el } = thfm, FEW = 7, OPEN = ["verdict", "reason", "people", "scene", "camera"];
  const rail = document.getElementById("rail");
  let updates = [], known = "";

  thfm.rail = (all, chosen) => {
    const now = `${all.length}/${thfm.store.index.parts.length}`;
    if (now !== known) { known = now; build(all); }
    for (const update of updates) update(chosen);
  };

  function build(all) {
    const focus = document.activeElement?.id, folded = new Map([...rail.querySelectorAll("details")].map((d) => [d.id, d.open]));
    updates = [];
    const whole = thfm.select(all, { ...thfm.state, q: "", traits: {}, ranges: {} });
    const numbers = Object.keys(thfm.store.words.numbers).filter((n) => new Set(whole.values[n]).size > 1);
    const listed = thfm.store.words.traits.filter((t) => t in whole.counts);
    const traits = [...listed, ...Object.keys(whole.counts).filter((t) => !listed.includes(t)).sort()]
      .filter((t) => whole.counts[t].size > 1 || t === "verdict" || t === "reason");
    rail.replaceChildren(
      el("h2.unseen", {}, "Filters"),
      ...traits.slice(0, 5).map((t) => facet(t, whole.counts[t], folded)),
      ...numbers.map((n) => range(n, whole.values[n])),
      ...traits.slice(5).map((t) => facet(t, whole.counts[t], folded)),
    );
    if (focus) document.getElementById(focus)?.focus();
  }

  function facet(trait, counts, folded) {
    const order = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([v]) => v);
    const list = el("ul", { role: "group", "aria-label": trait }), most = Math.max(...counts.values());
    const rows = order.map((value, i) => {
      const id = `t.${trait}.${value}`, count = el("span.count"), bar = el("i"), text = thfm.pretty(value); // its name for screen readers, too
      const box = el("input", { type: "checkbox", id, "aria-label": text, onchange: () => {
        const wanted = new Set(thfm.state.traits[trait]);
        if (box.checked) wanted.add(value); else wanted.delete(value);
        thfm.go({ traits: { ...thfm.state.traits, [trait]: wanted } });
      } });
      updates.push((chosen) => {
        const n = chosen.counts[trait]?.get(value) || 0;
        box.checked = Boolean(thfm.state.traits[trait]?.has(value));
        count.textContent = n.toLocaleString("en");
        bar.style.width = `${Math.min(100, (100 * n) / most)}%`; // with draws there may be more than there are clips
        item.classList.toggle("none", !n && !box.checked);
      });
      const item = el("li", { hidden: i >= FEW }, el("label", { for: id, title: text }, box, el("span.name", {}, text), count, el("span.bar", {}, bar)));
      return item;
    });
    list.append(...rows);
    if (rows.length > FEW) {
      const more = el("button.more", { type: "button", onclick: () => { rows.forEach((r) => { r.hidden = false; }); rows[FEW].querySelector("input").focus(); more.remove(); } },
        `${rows.length - FEW} more`);
      list.append(el("li", {}, more));
    }
    const id = `f.${trait}`, open = folded.get(id) ?? (OPEN.includes(trait) || Boolean(thfm.state.traits[trait]?.size));
    return el("details.facet", { id, open }, el("summary", {}, thfm.pretty(trait).replace(".", " ")), list);
  }

  function range(name, all) {
    const about = thfm.store.words.numbers[name], bins = thfm.binned(all), step = (bins.high - bins.low) / 200;
    const chart = el("div.chart"), told = el("span.told");
    const set = () => {
      const low = Number(from.value), high = Number(to.value);
      const ends = [Math.min(low, high), Math.max(low, high)];
      thfm.go({ ranges: { ...thfm.state.ranges, [name]: [ends[0] <= bins.low + step / 2 ? null : round(ends[0]), ends[1] >= bins.high - step / 2 ? null : round(ends[1])] } });
    };
    const slider = (id, words, value) => el("input", { type: "range", id: `n.${name}.${id}`, min: bins.low, max: bins.high, step: "any", value, "aria-label": `${about.title}, ${words}`, oninput: set });
    const from = slider("from", "at least", bins.low), to = slider("to", "at most", bins.high);
    updates.push((chosen) => {
      const [low, high] = thfm.state.ranges[name] || [null, null], shown = chosen.rows.map((r) => r.numbers[name]).filter((v) => v !== undefined);
      if (document.activeElement !== from && document.activeElement !== to) { from.value = low ?? bins.low; to.value = high ?? bins.high; }
      for (const s of [from, to]) s.setAttribute("aria-valuetext", thfm.number(name, Number(s.value)));
      told.textContent = `${thfm.number(name, low ?? bins.low, false)} – ${thfm.number(name, high ?? bins.high)}`;
      chart.replaceChildren(thfm.histogram(all, shown, bins, `${about.title} of ${thfm.plural(shown.length, "clip")}`));
    });
    return el("fieldset.range", {}, el("legend", {}, el("span", {}, about.title), told), chart, el("div.sliders", {}, from, to));
  }

  const round = (v) => Number(v.toPrecision(4));
})();
