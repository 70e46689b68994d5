"use strict";
// Label maps as they are stored: from text to codes, to the bit, and from codes to values (docs/format.md).
(() => {
  // One frame -> Uint8Array or Uint16Array of planes * height * width; the inverse of synth.gallery.files.packed.
  thfm.unpack = async (text, map, width, height) => {
    const stream = new Blob([thfm.bytes(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    const size = map.planes * height * width, codes = map.bytes === 2 ? new Uint16Array(size) : new Uint8Array(size);
    if (map.bytes === 2) for (let i = 0; i < size; i++) codes[i] = bytes[i] | (bytes[size + i] << 8);
    else codes.set(bytes);
    for (let plane = 0; plane < map.planes; plane++) {
      const first = plane * height * width;
      for (let i = first + width; i < first + height * width; i++) codes[i] += codes[i - width]; // wraps around
    }
    return codes;
  };

  const planes = (map, codes, i) => {
    const size = codes.length / map.planes;
    return Array.from({ length: map.planes }, (_, k) => codes[k * size + i]);
  };

  // The value of pixel i: a number or a list, null where there is none.
  thfm.valueAt = (map, codes, i) => {
    const c = planes(map, codes, i);
    switch (map.codec) {
      case "exact8": return c[0];
      case "matte": return c[0] / map.scale;
      case "depth": return c[0] ? map.near * map.ratio ** (c[0] - 1) : null;
      case "surface": return c[0] ? c.map((v) => (v - 1) / map.scale) : null;
      case "flow": return c[0] ? c.map((v) => (v - map.zero) / map.scale) : null;
      case "normals": return c[0] ? normal(c[0], c[1], map.scale) : null;
      default: throw new Error(`codec ${map.codec} is unknown here`);
    }
  };

  function normal(a, b, scale) {
    let x = (a - scale - 1) / scale, y = (b - scale - 1) / scale;
    const z = 1 - Math.abs(x) - Math.abs(y), fold = Math.max(-z, 0);
    x -= x < 0 ? -fold : fold;
    y -= y < 0 ? -fold : fold;
    const length = Math.hypot(x, y, z);
    return [x / length, y / length, z / length];
  }
})();
