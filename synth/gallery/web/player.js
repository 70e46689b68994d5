"use strict";
// One timeline for everything: play, scrub, step. A frame is shown when all of it is there, so nothing runs ahead.
(() => {
  const { el } = thfm;

  // draw(frame) resolves when the frame is on the page; ahead(frame) may begin to fetch it.
  thfm.playerOf = (about, first, draw, ahead) => {
    const last = about.frames - 1;
    let frame = Math.min(Math.max(first, 0), last), playing = false, turn = 0, speed = 1;
    const time = el("span.time"), icon = el("span.icon", { "aria-hidden": "true" });
    const line = el("input", { type: "range", id: "timeline", min: 0, max: last, step: 1, value: frame, "aria-label": "Frame", oninput: () => { const to = Number(line.value); pause(); show(to); } });
    const button = el("button.play", { type: "button", id: "play", onclick: () => (playing ? pause() : play()) }, icon);
    const rate = el("select", { "aria-label": "Speed", onchange: () => { speed = Number(rate.value); } },
      [0.25, 0.5, 1, 2].map((v) => el("option", { value: v, selected: v === 1 }, `${v}×`)));
    const step = (by, id, label, text) => el("button.step", { type: "button", id, "aria-label": label, title: `${label} (${text})`, onclick: () => { pause(); to(frame + by); } }, by < 0 ? "‹" : "›");
    const ticks = el("div.ticks", { "aria-hidden": "true" });
    const root = el("div.player", { role: "group", "aria-label": "Timeline" }, button, step(-1, "back", "One frame back", ","), step(1, "next", "One frame on", "."), el("div.track", {}, line, ticks), time, rate);

    function tell() {
      line.value = frame;
      line.style.setProperty("--done", `${last ? (100 * frame) / last : 100}%`);
      line.setAttribute("aria-valuetext", `frame ${frame} of ${last}`);
      time.textContent = `${String(frame).padStart(String(last).length, "\u2007")} / ${last}  ${(frame / about.fps).toFixed(2)} s`;
      button.setAttribute("aria-label", playing ? "Pause" : "Play");
      button.title = `${playing ? "Pause" : "Play"} (space)`;
      icon.className = `icon ${playing ? "pause" : "go"}`;
    }
    async function show(to) {
      const mine = ++turn;
      frame = Math.min(Math.max(to, 0), last);
      tell();
      await draw(frame, () => mine === turn);
      if (mine === turn) root.dataset.frame = frame;
    }
    const to = (at) => show(at).then(() => thfm.go({ frame }));
    async function play() {
      playing = true;
      tell();
      while (playing && root.isConnected) {
        const start = performance.now(), next = frame >= last ? 0 : frame + 1;
        for (let k = 1; k <= 3; k++) ahead((next + k) % (last + 1));
        await show(next);
        const left = 1000 / about.fps / speed - (performance.now() - start);
        await new Promise((resolve) => (left > 4 ? setTimeout(resolve, left) : requestAnimationFrame(resolve)));
      }
    }
    function pause() {
      if (!playing) return;
      playing = false;
      tell();
      thfm.go({ frame });
    }

    root.keys = (event) => {
      const on = event.target.closest?.("input:not([type=range]), select, textarea");
      if (on || event.ctrlKey || event.metaKey || event.altKey) return;
      const at = { ",": frame - 1, ".": frame + 1, Home: 0, End: last }[event.key];
      if (event.key === " " && !event.target.closest?.("button, summary, a")) { event.preventDefault(); playing ? pause() : play(); }
      else if (at !== undefined) { event.preventDefault(); pause(); to(at); }
    };
    root.show = show;
    root.frame = () => frame;
    root.again = () => show(frame);
    // Marks on the timeline: [{frame, text}].
    root.marks = (marks) => ticks.replaceChildren(...marks.map((m) => el("i", { style: `left:${last ? (100 * m.frame) / last : 0}%`, title: m.text })));
    line.addEventListener("change", () => thfm.go({ frame }));
    tell();
    return root;
  };
})();
