"use strict";
// Failed checks over the picture of their frame: what was measured against which limit, and where to look.
(() => {
  const { el, svg } = thfm;

  const amount = ({ unit }, value) => (value === null ? "no number" : unit === "%" ? `${Number((100 * value).toPrecision(3))} %` : `${Number(value.toPrecision(3))} ${unit}`.trim());

  // "0.21 % on average, at least 0.3 %"
  thfm.measured = (check) => `${amount(check, check.value)}${check.mean ? " on average" : ""}, ${check.at_least ? "at least" : "at most"} ${amount(check, check.limit)}`;
  const told = (check) => `${thfm.pretty(check.name)}: ${thfm.measured(check)}`;

  // The checks whose worst frame this is; those that could measure nothing belong to the first one that is kept.
  thfm.checksAt = (row, frame, first = false) => (row.checks || []).filter((c) => (c.frame === null ? first : c.frame === frame));

  // The picture that a rejected draw is known by: {src, frame, checks}, null where its record holds none.
  thfm.stillsOf = (row) => Object.entries(row.stills || {}).map(([frame, src], i) => ({ src, frame: Number(frame), checks: thfm.checksAt(row, Number(frame), i === 0) }));

  // Boxes, and bars along the sides of the picture that cut them off; the edge of it all where no box says where.
  // fit: how the picture fills its place, "cover" or "contain".
  thfm.marksOf = (checks, width, height, fit = "contain") => {
    const boxes = [...new Set(checks.flatMap((c) => c.boxes.map((b) => JSON.stringify(b))))].map((text) => JSON.parse(text));
    const twice = (kind, tag, at) => [svg(tag, { ...at, class: `halo ${kind}` }), svg(tag, { ...at, class: kind })];
    const shapes = boxes.flatMap(([left, top, right, bottom]) => {
      const x0 = Math.max(left, 0), y0 = Math.max(top, 0), x1 = Math.min(right, width), y1 = Math.min(bottom, height), cuts = [];
      if (left < 0) cuts.push([0, y0, 0, y1]);
      if (right > width) cuts.push([width, y0, width, y1]);
      if (top < 0) cuts.push([x0, 0, x1, 0]);
      if (bottom > height) cuts.push([x0, height, x1, height]);
      const seen = x1 > x0 && y1 > y0;
      return [seen && twice("box", "rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0 }), ...cuts.map(([a, b, c, d]) => {
        const [u0, u1] = [a, c].map((v) => Math.min(Math.max(v, 0), width)), [v0, v1] = [b, d].map((v) => Math.min(Math.max(v, 0), height));
        return svg("line", { x1: u0, y1: v0, x2: u1, y2: v1, class: "cut" });
      })].flat().filter(Boolean);
    });
    if (!boxes.length && checks.length) shapes.push(svg("rect", { x: 0, y: 0, width, height, class: "cut" }));
    return svg("svg", { class: "marks", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: fit === "cover" ? "xMidYMid slice" : "xMidYMid meet", "aria-hidden": "true" }, shapes);
  };

  const labels = (checks) => el("ul.verdicts", {}, checks.map((c) => el("li", {}, el("b", {}, thfm.pretty(c.name)), ` ${thfm.measured(c)}`)));

  // A kept frame of a rejected draw, its failed checks drawn on it.
  thfm.failedFigure = (row, { src, frame, checks }) => el("figure.failed", { style: `--shape:${row.width / row.height}` },
    el("div.stage", {}, el("img", { src, alt: `Frame ${frame}. ${checks.map(told).join(". ")}` }), thfm.marksOf(checks, row.width, row.height), labels(checks)),
    el("figcaption.small", {}, row.frames > 1 ? `Frame ${frame} / ${row.frames - 1}` : ""));

  // Over the stage of a clip that was kept in spite of its checks: show(frame).
  thfm.flagOf = (row, about) => {
    const root = el("div.flag", { hidden: true });
    root.show = (frame) => {
      const checks = thfm.checksAt(row, frame);
      root.hidden = !checks.length;
      root.replaceChildren(...(checks.length ? [thfm.marksOf(checks, about.width, about.height), labels(checks)] : []));
    };
    return root;
  };
})();
