"use strict";
// The clip in space: depth as a cloud of coloured points, recomputed bodies, the camera's way and frustum, the floor.
(() => {
  const { el, matrices: m } = thfm, MOST = 160000, GRID = 6; // points; metres of floor to each side
  const VERTEX = `#version 300 es
    in vec3 place; in vec3 colour; uniform mat4 view; uniform float size; out vec3 ink; out vec3 at;
    void main() { gl_Position = view * vec4(place, 1.0); gl_PointSize = size; ink = colour; at = place; }`;
  const FRAGMENT = `#version 300 es
    precision highp float; in vec3 ink; in vec3 at; uniform float shaded; uniform vec3 eye; out vec4 pixel;
    void main() { float light = 1.0;
      if (shaded > 0.5) light = 0.35 + 0.65 * abs(dot(normalize(cross(dFdx(at), dFdy(at))), normalize(eye - at)));
      pixel = vec4(ink * light, 1.0); }`; // points have no slope: their normal is not a number
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
  const flat = (count, colour) => Float32Array.from({ length: 3 * count }, (_, i) => colour[i % 3]);

  function program(gl) {
    const made = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
      gl.attachShader(made, shader);
    }
    gl.linkProgram(made);
    return made;
  }

  // A canvas that shows frames; show(frames, frame, picture) is to be called for each, null where the browser has no WebGL.
  thfm.spaceOf = (about) => {
    if (!about.camera) return null;
    const canvas = el("canvas", { tabindex: 0, role: "img", "aria-label": `Clip ${about.key} in space. Arrow keys turn the view, plus and minus come nearer and go away.` });
    const gl = canvas.getContext("webgl2", { antialias: true, preserveDrawingBuffer: true });
    if (!gl) return null;
    const shader = program(gl), slots = ["place", "colour"].map((n) => gl.getAttribLocation(shader, n)), of = (n) => gl.getUniformLocation(shader, n);
    const uniforms = { view: of("view"), size: of("size"), shaded: of("shaded"), eye: of("eye") };
    const reader = new OffscreenCanvas(about.width, about.height).getContext("2d", { willReadFrequently: true });
    const stride = Math.max(1, Math.ceil(Math.sqrt((about.width * about.height) / MOST)));
    const layers = new Map(); // name -> {places, colours, indices, mode, shaded}
    const layer = (name, mode, places, colours, indices, shaded = 0) => {
      const old = layers.get(name) || { places: gl.createBuffer(), colours: gl.createBuffer(), indices: indices && gl.createBuffer() };
      for (const [buffer, data] of [[old.places, places], [old.colours, colours]]) { gl.bindBuffer(gl.ARRAY_BUFFER, buffer); gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW); }
      if (indices) { gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, old.indices); gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, indices, gl.DYNAMIC_DRAW); }
      layers.set(name, { ...old, mode, count: indices ? indices.length : places.length / 3, indexed: Boolean(indices), shaded });
    };

    const people = about.path?.people || [], first = about.path.eye[0];
    const middle = people.length ? [0, 1, 2].map((i) => people.reduce((s, way) => s + way[0][i], 0) / people.length) : [0, 0, 1];
    const away = m.minus(first, middle), view = { target: middle.map((v, i) => v + 0.3 * away[i]), far: Math.hypot(...away) * 1.2 + 1, turn: Math.atan2(away[1], away[0]) + 0.55, tilt: Math.min(Math.asin(away[2] / Math.hypot(...away)) + 0.3, 1.4) };
    const floor = [];
    for (let i = -GRID; i <= GRID; i++) {
      const [x, y] = [Math.round(middle[0]), Math.round(middle[1])];
      floor.push(x + i, y - GRID, 0, x + i, y + GRID, 0, x - GRID, y + i, 0, x + GRID, y + i, 0);
    }
    const strip = (way) => way.slice(1).flatMap((p, i) => [...way[i], ...p]);
    layer("floor", gl.LINES, new Float32Array(floor), flat(floor.length / 3, [0.33, 0.36, 0.42]));
    layer("way", gl.LINES, new Float32Array(strip(about.path.eye)), flat(2 * about.path.eye.length, [1, 1, 1]));
    people.forEach((way, k) => layer(`walk${k}`, gl.LINES, new Float32Array(strip(way)), flat(2 * way.length, rgb(thfm.personColour(k + 1)))));

    function paint() {
      const wide = Math.round(canvas.clientWidth * devicePixelRatio), tall = Math.round(canvas.clientHeight * devicePixelRatio);
      if (!wide || !tall) return;
      canvas.width = wide; canvas.height = tall;
      const eye = [view.target[0] + view.far * Math.cos(view.tilt) * Math.cos(view.turn), view.target[1] + view.far * Math.cos(view.tilt) * Math.sin(view.turn), view.target[2] + view.far * Math.sin(view.tilt)];
      gl.viewport(0, 0, wide, tall);
      gl.clearColor(0.067, 0.078, 0.094, 1);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      gl.enable(gl.DEPTH_TEST);
      gl.useProgram(shader);
      gl.uniformMatrix4fv(uniforms.view, false, m.multiply(m.lens(0.8, wide / tall, 0.05, 400), m.look(eye, view.target)));
      gl.uniform3fv(uniforms.eye, eye);
      gl.uniform1f(uniforms.size, Math.max(1.5, (stride * 2.2 * tall) / about.height / Math.max(view.far, 0.5)));
      for (const one of layers.values()) {
        [one.places, one.colours].forEach((buffer, i) => { gl.bindBuffer(gl.ARRAY_BUFFER, buffer); gl.enableVertexAttribArray(slots[i]); gl.vertexAttribPointer(slots[i], 3, gl.FLOAT, false, 0, 0); });
        gl.uniform1f(uniforms.shaded, one.shaded);
        if (one.indexed) { gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, one.indices); gl.drawElements(one.mode, one.count, gl.UNSIGNED_INT, 0); }
        else gl.drawArrays(one.mode, 0, one.count);
      }
    }

    canvas.show = async (frames, frame, picture, current) => {
      const [codes, bodies, faces] = await Promise.all([frames.codes("depth", frame), about.bodies && frames.bodies(frame), about.bodies && frames.faces()]);
      if (!current()) return;
      reader.drawImage(picture, 0, 0);
      const colour = reader.getImageData(0, 0, about.width, about.height).data, cloud = thfm.cloudOf(about, codes, frame, stride);
      const inks = new Float32Array(cloud.places.length);
      cloud.pixels.forEach((pixel, i) => { for (let c = 0; c < 3; c++) inks[3 * i + c] = colour[4 * pixel + c] / 255; });
      layer("cloud", gl.POINTS, cloud.places, inks);
      faces?.forEach((corners, k) => layer(`body${k}`, gl.TRIANGLES, thfm.verticesOf(about.bodies, bodies, k), flat(about.bodies.vertices, rgb(thfm.personColour(k + 1))), corners, 1));
      const lines = thfm.frustumOf(about, frame, 0.6);
      layer("frustum", gl.LINES, new Float32Array(lines), flat(lines.length / 3, [0.48, 0.65, 1]));
      paint();
    };

    const limit = () => { view.tilt = Math.min(Math.max(view.tilt, -1.5), 1.5); view.far = Math.min(Math.max(view.far, 0.3), 120); paint(); };
    canvas.addEventListener("pointermove", (event) => {
      if (!event.buttons) return;
      const { movementX: x, movementY: y } = event;
      if (event.shiftKey || event.buttons === 2) {
        const by = view.far / canvas.clientHeight, side = [-Math.sin(view.turn), Math.cos(view.turn), 0];
        view.target = view.target.map((v, i) => v - side[i] * x * by + (i === 2 ? y * by : 0));
      } else { view.turn -= x * 0.007; view.tilt += y * 0.007; }
      limit();
    });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("wheel", (event) => { event.preventDefault(); view.far *= Math.exp(event.deltaY * 0.001); limit(); }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const act = { ArrowLeft: () => { view.turn -= 0.1; }, ArrowRight: () => { view.turn += 0.1; }, ArrowUp: () => { view.tilt += 0.1; }, ArrowDown: () => { view.tilt -= 0.1; }, "+": () => { view.far *= 0.9; }, "-": () => { view.far *= 1.1; } }[event.key];
      if (act) { event.preventDefault(); act(); limit(); }
    });
    return canvas;
  };
})();
