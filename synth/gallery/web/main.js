"use strict";
// The header, and which of grid, plots and clip is shown.
(() => {
  const { el } = thfm, top = document.getElementById("top"), main = document.getElementById("main"), browse = document.getElementById("browse");
  let chosen = null, dirty = true, scrolled = 0, header = null;

  function head() {
    const { index, words } = thfm.store;
    const search = el("input", { type: "search", id: "q", placeholder: "Search captions, garments, motions …", "aria-label": "Search clips", value: thfm.state.q, oninput: () => thfm.go({ q: search.value }) });
    const sort = el("select", { id: "sort", "aria-label": "Sort by", onchange: () => thfm.go({ sort: sort.value }) },
      [["key", "in order"], ["people", "fewest people"], ["-people", "most people"], ...Object.entries(words.numbers).flatMap(([n, a]) => [[n, `${a.title}, low first`], [`-${n}`, `${a.title}, high first`]])]
        .map(([value, text]) => el("option", { value }, text)));
    const view = (name, text) => el("button", { type: "button", id: `view-${name}`, onclick: () => thfm.go({ view: name }, true) }, text);
    const filters = el("button", { type: "button", id: "rail-button", "aria-controls": "rail", "aria-expanded": "false", onclick: () => filters.setAttribute("aria-expanded", String(browse.toggleAttribute("data-rail"))) }, "Filters"); // where there is no room beside the clips
    const views = [view("clips", "Clips"), view("plots", "Plots")], count = el("p.count", { id: "count" }), clear = el("button.link", { type: "button", id: "clear", onclick: () => { thfm.go({ q: "", traits: {}, ranges: {} }); search.focus(); } }, "clear filters");
    top.replaceChildren(el("div.name", {}, el("h1", { title: index.url }, index.title), count, clear), el("div.tools", {}, search, filters, sort, el("div.views", { role: "group", "aria-label": "View" }, views)));
    header = { search, sort, views, count, clear };
  }

  function show() {
    const { state, store } = thfm;
    if (!store.index) return;
    if (!header) head();
    if (dirty) { chosen = thfm.select(store.rows, state); dirty = false; }
    const row = state.clip && store.byId.get(state.clip);
    if (state.clip && !row && store.index.parts.length && loaded()) thfm.say(`There is no clip ${state.clip} here.`);
    const seesClip = Boolean(row);
    if (seesClip && !browse.hidden) scrolled = scrollY;
    browse.hidden = top.hidden = seesClip;
    if (seesClip) return thfm.openClip(row, chosen.rows);
    const was = document.getElementById("clip").hidden ? null : document.querySelector("#clip h1")?.textContent;
    thfm.closeClip();
    document.title = `${store.index.title} · gallery`;
    header.count.textContent = words();
    header.clear.hidden = !(state.q || Object.values(state.traits).some((t) => t.size) || Object.values(state.ranges).some((r) => r.some((v) => v !== null)));
    if (document.activeElement !== header.search) header.search.value = state.q;
    header.sort.value = state.sort;
    for (const button of header.views) button.setAttribute("aria-pressed", String(button.id === `view-${state.view}`));
    thfm.rail(store.rows, chosen);
    if (state.view === "plots") thfm.plotsView(main, chosen, store.rows);
    else thfm.grid(main, chosen);
    if (!chosen.rows.length) main.replaceChildren(nothing());
    if (was) { scrollTo(0, scrolled); [...document.querySelectorAll(".card .key")].find((k) => k.textContent === was)?.closest("a").focus({ preventScroll: true }); }
  }

  // Why there is no card.
  function nothing() {
    const { index } = thfm.store, filtered = loaded() || !header.clear.hidden, draws = index.rejected.length;
    const why = filtered ? "No clip fits these filters." : index.faults.length ? "No clip of this data set can be shown." : !index.finished ? "No clip is finished yet. They appear here as they are made."
      : index.busy ? "The first clips are being looked at …" : "The data set holds no clip.";
    return el("p.empty", {}, why, !filtered && draws > 0 && el("button.link", { type: "button", onclick: () => thfm.go({ traits: { verdict: new Set(["rejected"]) } }, true) }, `Show ${thfm.plural(draws, "rejected draw")}`));
  }

  const loaded = () => thfm.store.rows.some((r) => r.part);
  // How many clips are shown, and draws beside them.
  function words() {
    const { rows, index } = thfm.store, all = rows.filter((r) => r.part).length, some = chosen.rows.filter((r) => r.part).length, draws = chosen.rows.length - some;
    const clips = some === all ? thfm.plural(all, "clip") : `${some.toLocaleString("en")} of ${thfm.plural(all, "clip")}`, rejected = thfm.plural(draws, "rejected draw");
    return (!draws ? clips : some ? `${clips} and ${rejected}` : rejected) + (!index.finished ? ", still being made" : index.busy ? ", being looked at" : "");
  }

  function faults() {
    const box = document.getElementById("faults"), list = thfm.store.index.faults;
    box.replaceChildren(...(list.length ? [el("h2", {}, "Not shown here"), el("ul", {}, list.slice(0, 20).map((f) => el("li", {}, f))), list.length > 20 ? el("p", {}, `and ${list.length - 20} more`) : ""] : []));
  }

  thfm.onState((changes) => {
    if (!changes || ["q", "traits", "ranges", "sort"].some((n) => n in changes)) {
      dirty = true;
      if (thfm.store.index && !thfm.state.clip) { chosen = thfm.select(thfm.store.rows, thfm.state); dirty = false; thfm.say(words()); }
    }
    if (changes && thfm.state.clip && !("clip" in changes)) return thfm.syncClip(changes);
    show();
    if (!changes && thfm.state.clip) thfm.syncClip(null);
  });

  thfm.store.open(() => { dirty = true; faults(); show(); }).catch((error) => {
    document.getElementById("faults").replaceChildren(el("h2", {}, "The gallery cannot be shown"), el("p", {}, error.message));
  });
})();
