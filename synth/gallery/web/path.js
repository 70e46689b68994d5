"use strict";
// The way of the camera and of people over the floor, from above, with what the camera sees now.
(() => {
  const { svg } = thfm, SIZE = 320, PAD = 18;

  thfm.pathOf = (about) => {
    const path = about.path;
    if (!path) return null;
    const walks = path.people || [], points = [...path.eye, ...walks.flat()].map(([x, y]) => [x, y]);
    const [lowX, lowY] = [0, 1].map((k) => Math.min(...points.map((p) => p[k]))), [highX, highY] = [0, 1].map((k) => Math.max(...points.map((p) => p[k])));
    const span = Math.max(highX - lowX, highY - lowY, 1) * 1.15, tall = Math.min(SIZE, Math.max(150, ((highY - lowY) / span) * SIZE + 2 * PAD + 50));
    const scale = Math.min((SIZE - 2 * PAD) / span, (tall - 2 * PAD) / Math.max(highY - lowY, 0.5)), middle = [(lowX + highX) / 2, (lowY + highY) / 2];
    const at = ([x, y]) => [SIZE / 2 + (x - middle[0]) * scale, tall / 2 - (y - middle[1]) * scale];
    const line = (way) => way.map((p) => at(p).map((v) => v.toFixed(1)).join(",")).join(" ");
    const cone = svg("polygon", { class: "cone" }), eye = svg("circle", { class: "eye", r: 4.5 });
    const people = walks.map((_, k) => svg("circle", { r: 6, fill: thfm.personColour(k + 1), class: "body" }));
    const height = svg("text", { x: SIZE - PAD, y: 0, "text-anchor": "end" });
    const metre = [100, 50, 20, 10, 5, 2, 1, 0.5, 0.2].find((m) => m * scale < SIZE / 3) || 0.1;
    const root = svg("svg", { class: "path", viewBox: `0 0 ${SIZE} ${tall.toFixed(0)}`, role: "img", "aria-label": "Camera and people from above" },
      cone, svg("polyline", { class: "way", points: line(path.eye) }),
      walks.map((way, k) => svg("polyline", { class: "walk", points: line(way), stroke: thfm.personColour(k + 1) })),
      people, eye,
      svg("line", { class: "scale", x1: PAD, x2: PAD + metre * scale, y1: tall - 10, y2: tall - 10 }),
      svg("text", { x: PAD + metre * scale + 6, y: tall - 6 }, `${metre} m`), height);
    height.setAttribute("y", tall - 6);

    const reach = (frame) => Math.max(26, ...walks.map((way) => 1.15 * Math.hypot(...at(way[frame]).map((v, k) => v - at(path.eye[frame])[k]))));

    root.show = (frame) => {
      const [x, y] = at(path.eye[frame]), t = path.turn[frame], ahead = [t[6], t[7]], right = [t[0], t[1]];
      const half = path.focal ? about.width / 2 / path.focal[frame] : 0.4, far = reach(frame);
      const side = (s) => { const d = [ahead[0] + s * half * right[0], ahead[1] + s * half * right[1]]; return `${(x + d[0] * far).toFixed(1)},${(y - d[1] * far).toFixed(1)}`; };
      cone.setAttribute("points", `${x.toFixed(1)},${y.toFixed(1)} ${side(-1)} ${side(1)}`);
      eye.setAttribute("cx", x); eye.setAttribute("cy", y);
      people.forEach((dot, k) => { const [u, v] = at(walks[k][frame]); dot.setAttribute("cx", u); dot.setAttribute("cy", v); });
      height.textContent = `camera ${path.eye[frame][2].toFixed(2)} m high`;
    };
    return root;
  };
})();
