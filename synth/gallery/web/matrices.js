"use strict";
// The little linear algebra that a view needs: 4x4 matrices as WebGL takes them, down the columns.
(() => {
  const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const minus = (a, b) => a.map((v, i) => v - b[i]);
  const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
  const unit = (a) => { const l = Math.hypot(...a) || 1; return a.map((v) => v / l); };

  function multiply(a, b) {
    const out = new Float32Array(16);
    for (let c = 0; c < 4; c++) for (let r = 0; r < 4; r++) for (let k = 0; k < 4; k++) out[4 * c + r] += a[4 * k + r] * b[4 * c + k];
    return out;
  }

  // From an eye at a target, z up.
  function look(eye, target) {
    const back = unit(minus(eye, target)), right = unit(cross([0, 0, 1], back)), up = cross(back, right);
    return new Float32Array([right[0], up[0], back[0], 0, right[1], up[1], back[1], 0, right[2], up[2], back[2], 0,
      -dot(right, eye), -dot(up, eye), -dot(back, eye), 1]);
  }

  function lens(angle, shape, near, far) {
    const f = 1 / Math.tan(angle / 2);
    return new Float32Array([f / shape, 0, 0, 0, 0, f, 0, 0, 0, 0, (far + near) / (near - far), -1, 0, 0, (2 * far * near) / (near - far), 0]);
  }

  thfm.matrices = { cross, minus, dot, unit, multiply, look, lens };
})();
