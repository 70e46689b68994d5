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

  // The camera of a frame when a row is read: a function of the row's height in the picture, 0 at the top to 1, that gives
  // {turn, eye}: nine numbers along the rows, from the world to the camera's axes, and its place. As synth/rolling.py has
  // it: between frames the place moves in a straight line, and the camera turns about one axis; at the ends of the clip,
  // where a neighbour is missing, it stands still.
  function shutterOf({ pose, readout }, frame) {
    const now = poseOf(pose[frame]), [top, bottom] = readout?.[frame] ?? [0, 0];
    if (!top && !bottom) return () => now;
    const ways = [-1, 1].map((by) => way(now, poseOf(pose[Math.min(Math.max(frame + by, 0), pose.length - 1)])));
    return (share) => {
      const time = top + share * (bottom - top), [axis, step] = ways[time > 0 ? 1 : 0], far = Math.abs(time);
      return { turn: product(turnAbout(axis, far), now.turn), eye: now.eye.map((v, i) => v + far * step[i]) };
    };
  }

  // Of 16 numbers along the rows.
  function poseOf(m) {
    const turn = [m[0], m[1], m[2], m[4], m[5], m[6], m[8], m[9], m[10]];
    return { turn, eye: [0, 1, 2].map((i) => -(turn[i] * m[3] + turn[3 + i] * m[7] + turn[6 + i] * m[11])) };
  }

  const product = (a, b) => Array.from({ length: 9 }, (_, i) => { const r = 3 * Math.floor(i / 3), c = i % 3; return a[r] * b[c] + a[r + 1] * b[3 + c] + a[r + 2] * b[6 + c]; });

  // From one camera to another: the axis of the turn, as long as its angle in radians, and the step of its place.
  function way(from, to) {
    const t = from.turn, m = product(to.turn, [t[0], t[3], t[6], t[1], t[4], t[7], t[2], t[5], t[8]]);
    const axis = [m[7] - m[5], m[2] - m[6], m[3] - m[1]], sine = Math.hypot(...axis), angle = Math.atan2(sine, m[0] + m[4] + m[8] - 1);
    return [axis.map((v) => (sine > 1e-12 ? (v * angle) / sine : 0)), to.eye.map((v, i) => v - from.eye[i])];
  }

  // The matrix of a turn about an axis by so many times its length (Rodrigues).
  function turnAbout(axis, times) {
    const length = Math.hypot(...axis), angle = length * times, [x, y, z] = axis.map((v) => v / (length || 1));
    const s = Math.sin(angle), c = Math.cos(angle), d = 1 - c;
    return [c + d * x * x, d * x * y - s * z, d * x * z + s * y, d * y * x + s * z, c + d * y * y, d * y * z - s * x, d * z * x - s * y, d * z * y + s * x, c + d * z * z];
  }

  const world = ({ turn: r, eye }, x, y, z) => [r[0] * x + r[3] * y + r[6] * z + eye[0], r[1] * x + r[4] * y + r[7] * z + eye[1], r[2] * x + r[5] * y + r[8] * z + eye[2]];

  // {places, pixels}: every stride-th pixel that was hit, out of the codes of depth; three numbers, and the pixel's index.
  thfm.cloudOf = (about, codes, frame, stride) => {
    const { width, height, camera } = about, table = metres(about.maps.depth), k = camera.k[frame], lens = camera.lens[frame], shutter = shutterOf(camera, frame);
    const most = Math.ceil(width / stride) * Math.ceil(height / stride), places = new Float32Array(3 * most), pixels = new Uint32Array(most);
    let count = 0;
    for (let row = 0; row < height; row += stride) {
      const { turn: r, eye } = shutter((row + 0.5) / height);
      for (let column = 0; column < width; column += stride) {
        const index = row * width + column;
        if (!codes[index]) continue;
        aim(column + 0.5, row + 0.5, k, lens);
        const z = table[codes[index]], x = ray[0] * z, y = ray[1] * z, o = 3 * count;
        places[o] = r[0] * x + r[3] * y + r[6] * z + eye[0];
        places[o + 1] = r[1] * x + r[4] * y + r[7] * z + eye[1];
        places[o + 2] = r[2] * x + r[5] * y + r[8] * z + eye[2];
        pixels[count++] = index;
      }
    }
    return { places: places.subarray(0, 3 * count), pixels: pixels.subarray(0, count) };
  };

  // Lines, two ends each: the frustum of a frame, so many metres deep; each corner through the lens, when its row is read.
  thfm.frustumOf = (about, frame, deep) => {
    const { k, lens } = about.camera, shutter = shutterOf(about.camera, frame);
    const corners = [[0, 0], [about.width, 0], [about.width, about.height], [0, about.height]].map(([u, v]) => {
      const now = shutter(v / about.height);
      aim(u, v, k[frame], lens[frame]);
      return { eye: now.eye, at: world(now, ray[0] * deep, ray[1] * deep, deep) };
    });
    return corners.flatMap(({ eye, at }, i) => [...eye, ...at, ...at, ...corners[(i + 1) % 4].at]);
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
