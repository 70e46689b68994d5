"use strict";
// Small histograms: all clips faint, the selection in the accent colour.
(() => {
  const { svg } = thfm;

  // {low, high, edges}: a range in round steps over values, and the edges of bins.
  thfm.binned = (values, bins = 24) => {
    let [low, high] = values.reduce(([l, h], v) => [Math.min(l, v), Math.max(h, v)], [Infinity, -Infinity]);
    if (!(high > low)) { low -= 0.5; high += 0.5; }
    return { low, high, edges: Array.from({ length: bins + 1 }, (_, i) => low + ((high - low) * i) / bins) };
  };

  thfm.tally = (values, { low, high, edges }) => {
    const counts = new Array(edges.length - 1).fill(0);
    for (const v of values) counts[Math.min(counts.length - 1, Math.max(0, Math.floor(((v - low) / (high - low)) * counts.length)))]++;
    return counts;
  };

  thfm.histogram = (all, some, binning, label, tall = 44) => {
    const wide = 240, back = thfm.tally(all, binning), front = thfm.tally(some, binning);
    const top = Math.max(1, ...back), w = wide / back.length;
    const column = (kind) => (count, i) => count && svg("rect", { class: kind, x: (i * w + 0.5).toFixed(1), width: (w - 1).toFixed(1),
      y: (tall - Math.max(1.5, (count / top) * (tall - 2))).toFixed(1), height: Math.max(1.5, (count / top) * (tall - 2)).toFixed(1) });
    return svg("svg", { class: "histogram", viewBox: `0 0 ${wide} ${tall}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
      back.map(column("back")), front.map(column("front")));
  };

  thfm.number = (name, value, unit = true) => {
    const about = thfm.store.words.numbers[name];
    if (value === undefined || value === null || !Number.isFinite(value)) return "–";
    return value.toFixed(about.digits) + (unit ? `${about.unit === "%" ? " %" : ` ${about.unit}`}` : "");
  };
})();
