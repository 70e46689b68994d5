"use strict";
// What a clip was made of: failed checks, its spec, seeds, measures, and the command that makes it again.
(() => {
  const { el } = thfm;

  thfm.checks = (reasons, jump) => reasons.length > 0 && el("section.checks", { "aria-label": "Failed checks" },
    el("h2", {}, reasons.length > 1 ? `Rejected by ${reasons.length} checks` : "Rejected by a check"),
    el("ul", {}, reasons.map((reason) => {
      const frame = /in frame (\d+)/.exec(reason)?.[1];
      return el("li", {}, reason.replace(/^[a-z_]+:/, (m) => `${thfm.pretty(m)} `), frame !== undefined && jump && el("button.link", { type: "button", onclick: () => jump(Number(frame)) }, `show frame ${frame}`));
    })));

  const shell = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

  thfm.commands = (row, seeds) => {
    const index = thfm.store.index, attempt = seeds.attempt ?? 0;
    if (seeds.index === undefined || !index.config) return null;
    const tail = attempt ? ` --attempt ${attempt}` : "";
    const lines = [
      ["Make this clip again, to the byte", `thfm-synth remake ${shell(index.url)} --clip ${seeds.index}${tail} --out clip-${row.id}`],
      ["Open its scene in Blender", `thfm-synth inspect data/config.yaml --clip ${seeds.index}${tail} --blend clip-${row.id}.blend`],
    ];
    return el("section.commands", {}, el("h2", {}, "Reproduce"), lines.map(([title, text]) => {
      const code = el("code", { tabindex: 0 }, text);
      const copy = el("button.link", { type: "button", "aria-label": `Copy: ${title}`, onclick: async () => {
        try { await navigator.clipboard.writeText(text); copy.textContent = "copied"; }
        catch { getSelection().selectAllChildren(code); copy.textContent = "selected"; }
        setTimeout(() => { copy.textContent = "copy"; }, 1500);
      } }, "copy");
      return el("div.command", {}, el("p.small", {}, title, copy), code);
    }), el("p.small", {}, "The settings of the data set are ", el("a", { href: "data/config.yaml", download: "config.yaml" }, "data/config.yaml"), " of this gallery."));
  };

  thfm.about = (pairs) => el("dl.about", {}, pairs.filter(([, v]) => v !== undefined && v !== null && v !== "").map(([k, v]) => [el("dt", {}, k), el("dd", {}, String(v))]).flat());

  // Any JSON as a tree that unfolds.
  function tree(name, value, open = false) {
    if (value === null || typeof value !== "object") return el("div.leaf", {}, el("span.key", {}, name), " ", el("span.value", {}, JSON.stringify(value)));
    const entries = Object.entries(value);
    if (Array.isArray(value) && entries.every(([, v]) => typeof v !== "object" || v === null)) {
      return el("div.leaf", {}, el("span.key", {}, name), " ", el("span.value", {}, `[${value.map((v) => (typeof v === "number" ? Number(v.toPrecision(5)) : JSON.stringify(v))).join(", ")}]`));
    }
    const node = el("details", { open }, el("summary", {}, name, el("span.small", {}, ` ${entries.length}`)));
    const fill = () => { if (node.childElementCount === 1) node.append(el("div.inner", {}, entries.map(([k, v]) => tree(k, v)))); };
    node.addEventListener("toggle", fill);
    if (open) fill();
    return node;
  }
  thfm.tree = (title, value) => value && el("section.tree", {}, tree(title, value));
})();
