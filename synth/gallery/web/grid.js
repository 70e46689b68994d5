"use strict";
// The cards. More are added as one scrolls; films are loaded while a card is pointed at or focused.
(() => {
  const { el } = thfm, PAGE = 60, still = matchMedia("(prefers-reduced-motion: reduce)");
  let rows = [], shown = 0, list = null, sentinel = null, watcher = null;

  thfm.folder = (row) => (row.part ? `data/parts/${encodeURIComponent(row.part)}/${encodeURIComponent(row.key)}` : null);

  thfm.facts = (row) => {
    const people = Number(row.traits.people?.[0] || 0);
    return [people ? thfm.plural(people, "person", "people") : null, row.numbers.focal && thfm.number("focal", row.numbers.focal),
      row.traits.scene?.[0] && thfm.pretty(row.traits.scene[0]), row.traits.camera?.[0] && thfm.pretty(row.traits.camera[0])].filter(Boolean).join(" · ");
  };

  function card(row) {
    const folder = thfm.folder(row), rejected = row.traits.verdict?.[0] === "rejected", [failed] = thfm.stillsOf(row);
    const picture = el("div.picture", { "data-fit": Math.abs(Math.log((row.width / row.height) * (9 / 16))) < 0.25 ? "cover" : "contain" });
    if (folder) {
      picture.append(el("img", { src: `${folder}/still.jpg`, alt: "", loading: "lazy", decoding: "async", width: row.width, height: row.height }));
    } else if (failed) picture.append(el("img", { src: failed.src, alt: "", loading: "lazy", decoding: "async" }), thfm.marksOf(failed.checks, row.width, row.height, picture.dataset.fit));
    else picture.append(el("p.unmade", {}, "No picture"));
    if (rejected) picture.append(el("span.badge", {}, failed?.checks.length ? failed.checks.map((c) => `${thfm.pretty(c.name)} ${thfm.measured(c)}`).join(" · ") : (row.traits.reason || ["rejected"]).map(thfm.pretty).join(", ")));
    const told = row.caption || (row.reasons[0] || "").replace(/^[a-z_]+:/, (m) => thfm.pretty(m)); // a draw is known by what failed
    const label = `Clip ${row.key}${rejected ? ", rejected" : ""}. ${told}`;
    const link = el(rejected ? "a.card.rejected" : "a.card", { href: thfm.link({ clip: row.id }), "aria-label": label },
      picture, el("p.caption", {}, told || "without a caption"),
      el("p.small", {}, el("span.key", {}, row.key), ` · ${thfm.facts(row)}`));
    const play = () => {
      if (!folder || still.matches || picture.querySelector("video")) return;
      const video = el("video", { src: `${folder}/film.mp4`, muted: true, loop: true, autoplay: true, playsInline: true, "aria-hidden": "true" });
      video.muted = true;
      picture.append(video);
    };
    const stop = () => picture.querySelector("video")?.remove();
    for (const [name, act] of [["pointerenter", play], ["focus", play], ["pointerleave", stop], ["blur", stop]]) link.addEventListener(name, act);
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      thfm.go({ clip: row.id, frame: 0 }, true);
    });
    return el("li", {}, link);
  }

  function more() {
    if (shown >= rows.length) return;
    list.append(...rows.slice(shown, shown + PAGE).map(card));
    shown = Math.min(rows.length, shown + PAGE);
    sentinel.hidden = shown >= rows.length;
  }

  thfm.grid = (main, chosen) => {
    const same = list?.isConnected && chosen.rows.length === rows.length && chosen.rows.every((r, i) => r === rows[i]);
    if (same) return;
    rows = chosen.rows;
    shown = 0;
    list = el("ul.grid", { role: "list" });
    sentinel = el("div.sentinel");
    main.replaceChildren(list, sentinel);
    more();
    watcher?.disconnect();
    watcher = new IntersectionObserver((seen) => { if (seen.some((s) => s.isIntersecting)) more(); }, { rootMargin: "1200px" });
    watcher.observe(sentinel);
  };

  // Arrows move between cards.
  document.addEventListener("keydown", (event) => {
    const at = event.target.closest?.(".grid li");
    if (!at) return;
    const cards = [...list.children], here = cards.indexOf(at);
    const wide = cards.filter((c) => c.offsetTop === cards[0].offsetTop).length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide }[event.key];
    const to = step && cards[here + step];
    if (to) { event.preventDefault(); to.firstChild.focus(); }
  });
})();
