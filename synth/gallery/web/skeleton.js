"use strict";
// Keypoints over the picture: sides by colour, what is in sight filled, what is hidden hollow.
(() => {
  const BODY = 22, TREE = 55, IN_FRAME = 1, HIDDEN = 6;

  thfm.skeletonOf = (about) => {
    if (!about.keypoints) return null;
    const bytes = thfm.bytes(about.keypoints), at = new Float32Array(bytes.buffer), flags = thfm.bytes(about.visibility);
    const words = thfm.store.words, joints = words.joints.length, { frames, people } = about;
    const colours = words.joints.map((n) => (n.startsWith("left_") ? words.sides.left : n.startsWith("right_") ? words.sides.right : words.sides.middle));
    const index = (person, frame, joint) => (person * frames + frame) * joints + joint;
    const point = (p, f, j) => { const i = index(p, f, j); return [at[2 * i], at[2 * i + 1]]; };
    const flag = (p, f, j) => flags[index(p, f, j)];

    // detail 1: bodies; 2: hands and faces too.
    function draw(context, frame, scale, detail) {
      context.clearRect(0, 0, context.canvas.width, context.canvas.height);
      context.lineCap = "round";
      for (let p = 0; p < people; p++) {
        for (const hidden of [true, false]) for (const [a, b] of words.bones) {
          const fine = b >= BODY, dim = Boolean((flag(p, frame, a) | flag(p, frame, b)) & HIDDEN);
          if (dim !== hidden || (fine && detail < 2)) continue;
          const [x0, y0] = point(p, frame, a), [x1, y1] = point(p, frame, b);
          if (![x0, y0, x1, y1].every((v) => Math.abs(v) < 1e5)) continue;
          context.globalAlpha = dim ? 0.5 : 1;
          for (const [width, colour] of [[fine ? 2.6 : 5, "rgba(0,0,0,.55)"], [fine ? 1.3 : 2.6, colours[b]]]) {
            context.lineWidth = width * devicePixelRatio;
            context.strokeStyle = colour;
            context.setLineDash(dim ? [4 * devicePixelRatio, 5 * devicePixelRatio] : []);
            context.beginPath();
            context.moveTo(x0 * scale, y0 * scale);
            context.lineTo(x1 * scale, y1 * scale);
            context.stroke();
          }
        }
        context.globalAlpha = 1;
        context.setLineDash([]);
        for (let j = 0; j < joints; j++) {
          const fine = j >= BODY, seen = flag(p, frame, j), [x, y] = point(p, frame, j);
          if (!(seen & IN_FRAME) || (fine && detail < 2) || (j >= TREE && seen & HIDDEN)) continue;
          const radius = (fine ? 1.8 : 3.8) * devicePixelRatio;
          context.beginPath();
          context.arc(x * scale, y * scale, radius, 0, 7);
          context.lineWidth = (fine ? 1 : 1.6) * devicePixelRatio;
          context.fillStyle = seen & HIDDEN ? "#111418" : colours[j];
          context.strokeStyle = seen & HIDDEN ? colours[j] : "rgba(0,0,0,.7)";
          context.fill();
          context.stroke();
        }
      }
    }

    // The keypoint in frame that is nearest to a place, within reach, all in pixels of the clip.
    function nearest(frame, x, y, reach, detail) {
      let best = null;
      for (let p = 0; p < people; p++) for (let j = 0; j < (detail < 2 ? BODY : joints); j++) {
        const seen = flag(p, frame, j), [u, v] = point(p, frame, j), away = Math.hypot(u - x, v - y);
        if (seen & IN_FRAME && away < reach && (!best || away < best.away)) {
          best = { away, person: p + 1, name: words.joints[j], seen: seen & 2 ? "hidden by own body" : seen & 4 ? "hidden by others" : "in sight" };
        }
      }
      return best;
    }
    return { draw, nearest };
  };
})();
