"use strict";
// Codes to pixels over the colour image; where a map has no value, and off people, the colour shows.
(() => {
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  thfm.personColour = (k) => thfm.store.words.people[(k - 1) % thfm.store.words.people.length];

  function ramp(t) {
    const stops = thfm.store.words.depth, at = Math.min(Math.max(t, 0), 1) * (stops.length - 1), i = Math.min(Math.floor(at), stops.length - 2);
    const a = rgb(stops[i]), b = rgb(stops[i + 1]);
    return a.map((v, k) => Math.round(v + (b[k] - v) * (at - i)));
  }

  function table(size, colour) {
    const out = new Uint8ClampedArray(size * 4);
    for (let code = 0; code < size; code++) {
      const c = colour(code);
      if (c) out.set([...c, 255], code * 4);
    }
    return out;
  }

  const labels = (colours) => table(256, (code) => (colours[code] ? rgb(colours[code]) : null));

  function depth(map, [near, far]) {
    const shades = Array.from({ length: 256 }, (_, i) => ramp(i / 255));
    return table(65536, (code) => {
      if (!code) return null;
      const share = (1 / near - 1 / (map.near * map.ratio ** (code - 1))) / (1 / near - 1 / far);
      return shades[Math.round(Math.min(Math.max(share, 0), 1) * 255)];
    });
  }

  function wheel(u, v, reach) {
    const hues = thfm.store.words.wheel, length = Math.hypot(u, v) / reach;
    const at = ((Math.atan2(-v, -u) / Math.PI + 1) / 2) * (hues.length - 1), hue = hues[Math.round(at)];
    return hue.map((h) => 255 * (length <= 1.001 ? 1 - length * (1 - h) : h * 0.75));
  }

  // A function of codes that fills ImageData, made once a clip and map.
  thfm.painter = (name, map, ranges) => {
    const words = thfm.store.words;
    const single = {
      parts: () => labels(words.parts.colours), semantics: () => labels(words.semantics.colours),
      instances: () => labels([null, ...Array.from({ length: 255 }, (_, i) => thfm.personColour(i + 1))]),
      matte: () => table(256, (c) => [c, c, c]), depth: () => depth(map, ranges.depth),
    }[name];
    if (single) {
      const colours = new Uint32Array(single().buffer);
      return (codes, pixels) => {
        const out = new Uint32Array(pixels.data.buffer);
        for (let i = 0; i < out.length; i++) out[i] = colours[codes[i]];
      };
    }
    return (codes, pixels) => {
      const out = pixels.data, size = out.length / 4;
      for (let i = 0, o = 0; i < size; i++, o += 4) {
        out[o + 3] = codes[i] ? 255 : 0;
        if (!codes[i]) continue;
        const value = thfm.valueAt(map, codes, i);
        const c = map.codec === "normals" ? value.map((n) => 127.5 * (n + 1))
          : map.codec === "surface" ? value.map((s, k) => 255 * ((s - 0.5) * words.stretch[k] + 0.5))
          : wheel(value[0], value[1], ranges[name]);
        out[o] = c[0]; out[o + 1] = c[1]; out[o + 2] = c[2];
      }
    };
  };

  // What stands beside the stage: [{colour, text}], or {ramp: css, ends: [text, text]}, or {text}.
  thfm.legend = (name, about) => {
    const words = thfm.store.words, present = about.present[name] || [];
    if (name === "parts" || name === "semantics") return present.filter((l) => words[name].colours[l]).map((l) => ({ colour: words[name].colours[l], text: thfm.pretty(words[name].names[l]) }));
    if (name === "instances") return present.map((l) => ({ colour: thfm.personColour(l), text: `person ${l}` }));
    if (name === "depth") return { ramp: words.depth, ends: [`${about.ranges.depth[0].toFixed(2)} m`, `${about.ranges.depth[1].toFixed(2)} m and more`] };
    if (name === "matte") return { ramp: ["#000", "#fff"], ends: ["0", "1"] };
    if (name === "normals") return [{ colour: "#ff8080", text: "x, to the right" }, { colour: "#80ff80", text: "y, up" }, { colour: "#8080ff", text: "z, towards the viewer" }];
    if (name === "surface") return [{ colour: "#ff5050", text: "x, to their left" }, { colour: "#50d050", text: "y, up" }, { colour: "#6080ff", text: "z, to the front" }];
    if (name.startsWith("flow")) return { wheel: words.wheel, text: `full colour: ${about.ranges[name].toFixed(1)} px, to the ${name === "flow_forward" ? "next frame" : "frame before"}` };
    return [];
  };
})();
