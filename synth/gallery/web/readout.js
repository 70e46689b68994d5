"use strict";
// What is stored for the pixel under the pointer, in words; data-value holds the very numbers.
(() => {
  const { el } = thfm;
  const NAMES = { depth: "Depth", normals: "Normal", instances: "Person", parts: "Part", semantics: "Class", surface: "Canonical point", matte: "Matte", flow_forward: "Flow to next", flow_backward: "Flow to last" };
  const signed = (v, d) => `${v < 0 ? "−" : "\u2007"}${Math.abs(v).toFixed(d)}`;
  const three = (v, d = 3) => v.map((c) => signed(c, d)).join(" ");

  function words(name, value) {
    const vocabulary = thfm.store.words;
    if (value === null) return "none";
    switch (name) {
      case "depth": return `${value.toFixed(3)} m`;
      case "normals": return three(value);
      case "instances": return value ? `person ${value}` : "nobody";
      case "parts": case "semantics": return thfm.pretty(vocabulary[name].names[value] ?? value);
      case "surface": return three(value.map((s, k) => (s - 0.5) * vocabulary.canonical.extent + vocabulary.canonical.centre[k])) + " m";
      case "matte": return value.toFixed(3);
      default: return `${three(value, 2)} px`;
    }
  }

  thfm.readoutOf = (about) => {
    const where = el("dd", {}, "–"), joint = el("dd", {}, "–");
    const cells = Object.keys(NAMES).filter((n) => n in about.maps).map((name) => [name, el("dd", { id: `value-${name}` }, "–")]);
    const root = el("dl.readout", { "aria-label": "Values under the pointer" },
      el("dt", {}, "Pixel"), where, cells.map(([name, cell]) => [el("dt", {}, NAMES[name]), cell]).flat(),
      about.keypoints ? [el("dt", {}, "Keypoint"), joint] : []);
    let turn = 0;

    // Show pixel (x, y) of a frame; resolves to one sentence.
    root.show = async (frames, frame, x, y, nearest) => {
      const mine = ++turn, index = y * about.width + x;
      const values = await Promise.all(cells.map(async ([name]) => thfm.valueAt(about.maps[name], await frames.codes(name, frame), index)));
      if (mine !== turn) return null;
      where.textContent = `${x}, ${y}`;
      cells.forEach(([name, cell], i) => {
        const value = values[i];
        cell.textContent = words(name, value);
        cell.dataset.value = JSON.stringify(value);
        cell.classList.toggle("nothing", value === null || value === 0 && name !== "matte");
        const dot = name === "parts" || name === "semantics" ? thfm.store.words[name].colours[value] : name === "instances" && value ? thfm.personColour(value) : null;
        if (dot) cell.prepend(el("i.chip", { style: `background:${dot}` }));
      });
      joint.textContent = nearest ? `${thfm.pretty(nearest.name)}, ${nearest.seen}` : "–";
      root.dataset.at = `${frame} ${x} ${y}`;
      return `Pixel ${x}, ${y}: ${cells.map(([name, cell]) => `${NAMES[name]} ${cell.textContent}`).join(", ")}`;
    };
    return root;
  };
})();
