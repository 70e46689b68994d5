"use strict";
// What is looked at, kept in the address after "#": a link shows the same again.
(() => {
  const empty = () => ({ q: "", traits: {}, ranges: {}, sort: "key", view: "clips", x: "focal", y: "distance",
    clip: null, frame: 0, over: null, mix: 60, wipe: 0, bones: 1, space: 0 });

  function parse(hash) {
    const state = empty(), words = new URLSearchParams(hash.replace(/^#/, ""));
    for (const [name, value] of words) {
      if (name.startsWith("t.")) state.traits[name.slice(2)] = new Set(value.split("~"));
      else if (name.startsWith("n.")) state.ranges[name.slice(2)] = value.split("~").map((v) => (v === "" ? null : Number(v)));
      else if (Object.hasOwn(state, name) && !["traits", "ranges"].includes(name)) state[name] = typeof state[name] === "number" ? Number(value) || 0 : value;
    }
    return state;
  }

  function format(state) {
    const words = new URLSearchParams(), usual = empty();
    for (const name of Object.keys(usual)) {
      if (name === "traits" || name === "ranges") continue;
      if (state[name] !== usual[name] && (state.clip || !["frame", "over", "mix", "wipe", "bones"].includes(name))) words.set(name, state[name]);
    }
    for (const [name, values] of Object.entries(state.traits)) if (values.size) words.set(`t.${name}`, [...values].join("~"));
    for (const [name, [low, high]] of Object.entries(state.ranges)) {
      if (low !== null || high !== null) words.set(`n.${name}`, `${low ?? ""}~${high ?? ""}`);
    }
    return `#${words}`;
  }

  const listeners = [];
  let written = null;
  thfm.state = parse(location.hash);
  thfm.onState = (listener) => listeners.push(listener);

  // Change what is looked at. step: a new entry of the browser's history, so that "back" returns.
  thfm.go = (changes, step = false) => {
    Object.assign(thfm.state, changes);
    written = format(thfm.state);
    if (step) history.pushState(null, "", written);
    else history.replaceState(null, "", written);
    for (const listener of listeners) listener(changes);
  };

  thfm.link = (changes) => format({ ...thfm.state, ...changes });

  addEventListener("hashchange", () => {
    if (location.hash === written || !/=/.test(location.hash) && location.hash.length > 1) return; // ours, or an anchor
    written = location.hash;
    thfm.state = parse(location.hash);
    for (const listener of listeners) listener(null);
  });
  addEventListener("popstate", () => { written = null; });
})();
