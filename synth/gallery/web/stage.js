"use strict";
// The large picture: colour, a label over it, keypoints over both, and the mark of the pointer.
(() => {
  const { el } = thfm;

  // onpoint(x, y, byKey): the pixel pointed at.
  thfm.stageOf = (about, skeleton, onpoint) => {
    const { width, height } = about;
    const canvas = (kind) => el(`canvas.${kind}`, { width, height, "aria-hidden": "true" });
    const colour = canvas("colour"), label = canvas("label"), bones = canvas("bones"), mark = el("div.mark", { hidden: true, "aria-hidden": "true" });
    const root = el("div.stage", { tabindex: 0, role: "img", style: `--shape:${width / height}`, "aria-label": `Clip ${about.key}. Arrow keys move the pointer, which reads values.` }, colour, label, bones, mark);
    const ink = colour.getContext("2d"), over = label.getContext("2d"), pixels = over.createImageData(width, height), pen = bones.getContext("2d");
    const painters = new Map();
    let pointer = null;

    const point = (x, y, byKey) => {
      pointer = [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)];
      mark.hidden = false;
      mark.style.left = `${((pointer[0] + 0.5) / width) * 100}%`;
      mark.style.top = `${((pointer[1] + 0.5) / height) * 100}%`;
      onpoint(...pointer, byKey);
    };
    root.addEventListener("pointermove", (event) => {
      const box = colour.getBoundingClientRect();
      const x = Math.floor(((event.clientX - box.left) / box.width) * width), y = Math.floor(((event.clientY - box.top) / box.height) * height);
      if (x >= 0 && y >= 0 && x < width && y < height) point(x, y, false);
    });
    root.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const by = event.shiftKey ? 10 : 1, [x, y] = pointer || [width >> 1, height >> 1];
      point(x + by * step[0], y + by * step[1], true);
    });
    root.pointer = () => pointer;

    root.draw = (picture, codes, { over: name, mix, wipe, bones: detail }, frame) => {
      ink.drawImage(picture, 0, 0);
      label.hidden = !codes;
      if (codes) {
        if (!painters.has(name)) painters.set(name, thfm.painter(name, about.maps[name], about.ranges));
        painters.get(name)(codes, pixels);
        over.putImageData(pixels, 0, 0);
      }
      root.mix(mix, wipe);
      const scale = (root.clientWidth * devicePixelRatio) / width || 1;
      bones.width = Math.round(width * scale);
      bones.height = Math.round(height * scale);
      if (skeleton && detail) skeleton.draw(pen, frame, scale, detail);
    };
    root.mix = (mix, wipe) => {
      label.style.opacity = mix / 100;
      label.style.clipPath = `inset(0 0 0 ${wipe}%)`;
    };
    return root;
  };

  // The strip: every modality as a tile, in step with the stage; a click lays one over the colour.
  thfm.stripOf = (about, choose) => {
    const { width, height, panels } = about.tiles;
    const tiles = panels.map((panel, i) => {
      const canvas = el("canvas", { width, height, "aria-hidden": "true" }), mark = el("i.mark", { hidden: true });
      const can = panel.name in about.maps || panel.name === "rgb" || panel.name === "keypoints";
      const button = el(can ? "button.tile" : "div.tile", can ? { type: "button", id: `tile-${panel.name}`, onclick: () => choose(panel.name) } : {},
        el("span.frame", {}, canvas, mark), el("span.title", {}, panel.title));
      return { panel, canvas, mark, button, top: i * height };
    });
    const root = el("div.strip", { role: "group", "aria-label": "All modalities; choose one to lay over the colour" }, tiles.map((t) => t.button));
    root.draw = (picture) => { for (const t of tiles) t.canvas.getContext("2d").drawImage(picture, 0, t.top, width, height, 0, 0, width, height); };
    root.mark = ([x, y]) => { for (const t of tiles) { t.mark.hidden = false; t.mark.style.left = `${((x + 0.5) / about.width) * 100}%`; t.mark.style.top = `${((y + 0.5) / about.height) * 100}%`; } };
    root.choose = (over, bones) => { for (const t of tiles) if (t.button.type) t.button.setAttribute("aria-pressed", String(t.panel.name === over || (t.panel.name === "keypoints" && bones > 0))); };
    return root;
  };
})();
