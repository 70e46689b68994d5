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

  // Per codec, a function that writes the colour of pixel i of size pixels to out at o. It runs for every pixel of every
  // frame that plays: nothing is allocated in it.
  const writers = {
    normals: (map) => (codes, size, i, out, o) => {
      const scale = map.scale;
      let x = (codes[i] - scale - 1) / scale, y = (codes[size + i] - scale - 1) / scale;
      const z = 1 - Math.abs(x) - Math.abs(y), fold = z < 0 ? -z : 0;
      x -= x < 0 ? -fold : fold;
      y -= y < 0 ? -fold : fold;
      const half = 127.5 / Math.sqrt(x * x + y * y + z * z);
      out[o] = half * x + 127.5; out[o + 1] = half * y + 127.5; out[o + 2] = half * z + 127.5;
    },
    surface: (map) => {
      const shades = thfm.store.words.stretch.map((by) => Uint8ClampedArray.from({ length: map.scale + 2 }, (_, code) => 255 * (((code - 1) / map.scale - 0.5) * by + 0.5)));
      return (codes, size, i, out, o) => { for (let k = 0; k < 3; k++) out[o + k] = shades[k][codes[k * size + i]]; };
    },
    flow: (map, reach) => {
      const hues = thfm.store.words.wheel.flat(), last = hues.length / 3 - 1, full = map.scale * reach;
      return (codes, size, i, out, o) => {
        const u = codes[i] - map.zero, v = codes[size + i] - map.zero, length = Math.sqrt(u * u + v * v) / full;
        const hue = 3 * Math.round(((Math.atan2(-v, -u) / Math.PI + 1) / 2) * last);
        for (let k = 0; k < 3; k++) out[o + k] = 255 * (length <= 1.001 ? 1 - length * (1 - hues[hue + k]) : hues[hue + k] * 0.75);
      };
    },
  };

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
    const write = writers[map.codec](map, ranges[name]);
    return (codes, pixels) => {
      const out = pixels.data, size = out.length / 4;
      for (let i = 0, o = 0; i < size; i++, o += 4) {
        out[o + 3] = codes[i] ? 255 : 0;
        if (codes[i]) write(codes, size, i, out, o);
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
