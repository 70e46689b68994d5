"use strict";
// Places in the world, metres: of pixels by their depth, of the camera's frustum, of the bodies' vertices.
(() => {
  const STEPS = 20, CLOSE = 1e-10;
  const ray = new Float64Array(2); // of the last aim()

  // The direction (x, y, 1) that a place of the picture looks in, the lens undone as OpenCV does it.
  function aim(u, v, k, lens) {
    const [k1, k2, p1, p2, k3] = lens, y0 = (v - k[5]) / k[4], x0 = (u - k[2] - k[1] * y0) / k[0];
    let x = x0, y = y0;
    if (k1 || k2 || p1 || p2 || k3) for (let i = 0; i < STEPS; i++) {
      const r = x * x + y * y, radial = 1 + r * (k1 + r * (k2 + r * k3));
      const newX = (x0 - 2 * p1 * x * y - p2 * (r + 2 * x * x)) / radial, newY = (y0 - p1 * (r + 2 * y * y) - 2 * p2 * x * y) / radial;
      const moved = Math.abs(newX - x) + Math.abs(newY - y);
      x = newX;
      y = newY;
      if (moved < CLOSE) break;
    }
    ray[0] = x;
    ray[1] = y;
  }

  // Metres of every code of depth, made once a clip.
  const depths = new WeakMap();
  function metres(map) {
    if (!depths.has(map)) depths.set(map, Float32Array.from({ length: 65536 }, (_, code) => (code ? map.near * map.ratio ** (code - 1) : 0)));
    return depths.get(map);
  }

  // Camera space to the world, by the pose (16 numbers along the rows) that leads from the world to the camera.
  function world(m, x, y, z) {
    const a = x - m[3], b = y - m[7], c = z - m[11];
    return [m[0] * a + m[4] * b + m[8] * c, m[1] * a + m[5] * b + m[9] * c, m[2] * a + m[6] * b + m[10] * c];
  }

  // {places, pixels}: every stride-th pixel that was hit, out of the codes of depth; three numbers, and the pixel's index.
  thfm.cloudOf = (about, codes, frame, stride) => {
    const { width, height, camera } = about, table = metres(about.maps.depth), m = camera.pose[frame], k = camera.k[frame], lens = camera.lens[frame];
    const most = Math.ceil(width / stride) * Math.ceil(height / stride), places = new Float32Array(3 * most), pixels = new Uint32Array(most);
    let count = 0;
    for (let row = 0; row < height; row += stride) for (let column = 0; column < width; column += stride) {
      const index = row * width + column;
      if (!codes[index]) continue;
      aim(column + 0.5, row + 0.5, k, lens);
      const z = table[codes[index]], a = ray[0] * z - m[3], b = ray[1] * z - m[7], c = z - m[11], o = 3 * count;
      places[o] = m[0] * a + m[4] * b + m[8] * c;
      places[o + 1] = m[1] * a + m[5] * b + m[9] * c;
      places[o + 2] = m[2] * a + m[6] * b + m[10] * c;
      pixels[count++] = index;
    }
    return { places: places.subarray(0, 3 * count), pixels: pixels.subarray(0, count) };
  };

  // Lines, two ends each: the frustum of a frame, so many metres deep.
  thfm.frustumOf = (about, frame, deep) => {
    const pose = about.camera.pose[frame], k = about.camera.k[frame], eye = world(pose, 0, 0, 0);
    const corners = [[0, 0], [about.width, 0], [about.width, about.height], [0, about.height]].map(([u, v]) => {
      aim(u, v, k, [0, 0, 0, 0, 0]);
      return world(pose, ray[0] * deep, ray[1] * deep, deep);
    });
    return corners.flatMap((corner, i) => [...eye, ...corner, ...corner, ...corners[(i + 1) % 4]]);
  };

  // Vertices of person number k, three numbers each, out of codes.
  thfm.verticesOf = (bodies, codes, k) => {
    const { people, vertices, origin, step } = bodies, out = new Float32Array(3 * vertices);
    for (let axis = 0; axis < 3; axis++) {
      const first = (axis * people + k) * vertices;
      for (let i = 0; i < vertices; i++) out[3 * i + axis] = origin[axis] + (codes[first + i] - 32768) * step;
    }
    return out;
  };
})();
