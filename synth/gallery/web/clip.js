"use strict";
// The page of a clip.
(() => {
  const { el } = thfm, page = document.getElementById("clip"), main = page;
  let open = null; // {id, player, stage, ...}

  thfm.closeClip = () => { open = null; page.hidden = true; page.replaceChildren(); };

  thfm.openClip = async (row, order) => {
    if (open?.id === row.id) return;
    open = { id: row.id };
    const mine = open;
    page.hidden = false;
    page.replaceChildren(head(row, order), el("p.loading", {}, "Opening the clip …"));
    scrollTo(0, 0);
    page.focus({ preventScroll: true });
    document.title = `${row.key} · ${thfm.store.index.title}`;
    if (!row.part) return page.replaceChildren(head(row, order), unmade(row));
    try {
      const about = await thfm.load(`clips/${row.key}/clip`, true);
      if (mine !== open) return;
      if (about.error) throw new Error(about.error);
      build(row, about, order);
      await mine.player.show(thfm.state.frame);
    } catch (error) {
      if (mine === open) page.replaceChildren(head(row, order), el("p.error", { role: "alert" }, `This clip cannot be shown: ${error.message}`));
    }
  };

  function head(row, order) {
    const at = order.findIndex((r) => r.id === row.id);
    const to = (by, id, label, text) => { const other = order[at + by]; return el("a.button", { id, href: other ? thfm.link({ clip: other.id, frame: 0 }) : null, "aria-disabled": other ? null : "true", "aria-label": label,
      onclick: (event) => { event.preventDefault(); if (other) thfm.go({ clip: other.id, frame: 0 }); } }, text); };
    return el("div.clip-head", {}, el("a.button", { id: "all", href: thfm.link({ clip: null }), onclick: (e) => { e.preventDefault(); thfm.go({ clip: null }, true); } }, "← All clips"),
      el("div.clip-title", {}, el("h1", {}, row.key), el("p", {}, thfm.facts(row))), at >= 0 && el("span.small.place", {}, `${at + 1} of ${order.length}`), to(-1, "previous", "Clip before", "‹"), to(1, "following", "Next clip", "›"));
  }

  function unmade(row) {
    const stills = thfm.stillsOf(row);
    return el("div.clip-body.unmade", {}, el("div", {}, thfm.checks(row.reasons), stills.map((one) => thfm.failedFigure(row, one)),
      el("p", {}, `${stills.length ? "Of rejected draws, the worst frames alone are kept." : row.checks?.length ? "No picture of this draw was kept." : "This draw was turned down without a picture."} The command renders it all the same, failed checks and all.`), thfm.tree("spec", row.spec)),
      el("aside", {}, thfm.commands(row, { index: row.spec?.index, attempt: row.attempt })));
  }

  function build(row, about, order) {
    const frames = thfm.framesOf(about), skeleton = thfm.skeletonOf(about), state = thfm.state;
    if (!(state.over in about.maps) && state.over !== "") thfm.go({ over: "parts" in about.maps ? "parts" : "" });
    const readout = thfm.readoutOf(about), path = thfm.pathOf(about), legend = el("div.legend", { id: "legend" });
    const read = async (byKey) => {
      const at = stage.pointer();
      if (!at) return;
      strip.mark(at);
      const words = await readout.show(frames, player.frame(), ...at, skeleton?.nearest(player.frame(), at[0] + 0.5, at[1] + 0.5, about.width / 50, thfm.state.bones));
      if (words && byKey) thfm.say(words);
    };
    const stage = thfm.stageOf(about, skeleton, (x, y, byKey) => read(byKey)), flag = thfm.flagOf(row, about);
    stage.append(flag);
    const space = thfm.spaceOf(about), deep = space && el("div.stage.space", { style: `--shape:${about.width / about.height}` }, space);
    const strip = thfm.stripOf(about, (name) => {
      if (name === "keypoints") thfm.go({ bones: (thfm.state.bones + 1) % 3 });
      else thfm.go({ over: name === "rgb" || name === thfm.state.over ? "" : name });
    });
    const draw = async (frame, current) => {
      const { over } = thfm.state, lay = over && over in about.maps;
      const [picture, codes, tiles] = await Promise.all([frames.picture("colour", frame), lay ? frames.codes(over, frame) : null, frames.picture("strip", frame)]);
      if (!current()) return;
      const in3d = Boolean(deep && thfm.state.space);
      stage.hidden = in3d;
      if (deep) deep.hidden = !in3d;
      if (in3d) await space.show(frames, frame, picture, current);
      else stage.draw(picture, codes, thfm.state, frame);
      flag.show(frame);
      strip.draw(tiles);
      path?.show(frame);
      read(false);
    };
    const ahead = (frame) => { frames.picture("colour", frame); frames.picture("strip", frame); if (thfm.state.over in about.maps) frames.codes(thfm.state.over, frame); };
    const player = thfm.playerOf(about, state.frame, draw, ahead);
    const slider = (name, title, min = 0) => el("label.slider", {}, title, el("input", { type: "range", id: name, min, max: 100, value: state[name], oninput: (e) => { thfm.go({ [name]: Number(e.target.value) }); } }));
    const over = el("select", { id: "over", onchange: () => thfm.go({ over: over.value }) }, el("option", { value: "" }, "colour alone"),
      about.tiles.panels.filter((p) => p.name in about.maps).map((p) => el("option", { value: p.name }, p.title)));
    const bones = el("select", { id: "bones", onchange: () => thfm.go({ bones: Number(bones.value) }) }, ["none", "bodies", "hands and faces too"].map((t, i) => el("option", { value: i }, t)));
    const bar = el("div.over", { role: "group", "aria-label": "What lies over the colour" }, el("label", {}, "Overlay", over), slider("mix", "Opacity"), slider("wipe", "Wipe"), skeleton && el("label", {}, "Skeleton", bones),
      space && el("button", { type: "button", id: "space", "aria-pressed": "false", onclick: () => thfm.go({ space: thfm.state.space ? 0 : 1 }) }, "In space"));
    const reasons = row.reasons, meta = about.meta;
    player.marks(reasons.map((r) => ({ frame: Number(/in frame (\d+)/.exec(r)?.[1]), text: r })).filter((m) => Number.isFinite(m.frame)));
    const qa = meta.qa?.measures;
    page.replaceChildren(head(row, order), el("div.clip-body", {},
      el("div.show", {}, thfm.checks(reasons, (frame) => player.show(frame)), stage, deep, player, bar, strip, about.notes.map((n) => el("p.small", {}, n))),
      el("aside", {}, row.caption && el("p.told", {}, row.caption), el("section", {}, el("h2", {}, "Under the pointer"), readout), el("section", {}, el("h2", { id: "legend-title" }), legend),
        path && el("section", {}, el("h2", {}, "Camera path"), path),
        el("section", {}, el("h2", {}, "Clip"), thfm.about([["Size", `${about.width} × ${about.height}`], ["Frames", `${about.frames} at ${about.fps} a second`], ["People", about.people],
          ...Object.keys(thfm.store.words.numbers).map((n) => [thfm.store.words.numbers[n].title, row.numbers[n] === undefined ? null : thfm.number(n, row.numbers[n])]),
          ...Object.entries(meta.seeds || {}).map(([k, v]) => [k === "seed" ? "Seed" : thfm.pretty(k), v]), ["Shard", about.shard.split("/").pop()]])),
        thfm.commands(row, meta.seeds || {}), thfm.tree("spec", meta.spec), thfm.tree("checks", qa), thfm.tree("versions", meta.versions), thfm.tree("render", meta.render))));
    Object.assign(open, { about, stage, strip, player, over, bones, legend });
    sync({});
  }

  // The state's choices onto an open page.
  function sync(changes) {
    if (!open?.player) return;
    const { over, mix, wipe, bones } = thfm.state;
    open.over.value = over; open.bones.value = bones;
    for (const [id, value] of [["mix", mix], ["wipe", wipe]]) { const node = document.getElementById(id); if (node && document.activeElement !== node) node.value = value; }
    open.stage.mix(mix, wipe);
    document.getElementById("space")?.setAttribute("aria-pressed", String(Boolean(thfm.state.space)));
    for (const label of document.querySelectorAll(".over > label")) label.hidden = Boolean(document.getElementById("space") && thfm.state.space); // nothing lies over anything there
    open.strip.choose(over || "rgb", bones);
    const title = open.about.tiles.panels.find((p) => p.name === over)?.title;
    document.getElementById("legend-title").textContent = title || "Colour";
    open.legend.replaceChildren(...legend(over, open.about, bones));
    if (!changes) open.player.show(thfm.state.frame);
    else if ("over" in changes || "bones" in changes || "space" in changes) open.player.again();
    else if ("frame" in changes && changes.frame !== open.player.frame()) open.player.show(changes.frame);
  }
  thfm.syncClip = sync;

  function legend(over, about, bones) {
    const made = over ? thfm.legend(over, about) : [], sides = thfm.store.words.sides, chips = Array.isArray(made) ? made : [];
    return [made.ramp && el("div.ramp", { style: `background:linear-gradient(90deg,${made.ramp.join(",")})` }), made.ends && el("div.ends.small", {}, el("span", {}, made.ends[0]), el("span", {}, made.ends[1])),
      made.wheel && el("div.wheel", { style: `background:radial-gradient(closest-side,#fff,transparent),conic-gradient(from 270deg,${made.wheel.map((c) => `rgb(${c.map((v) => Math.round(v * 255))})`).join(",")})` }), made.text && el("p.small", {}, made.text),
      chips.length > 0 && el("ul.chips", {}, chips.map((c) => el("li", {}, el("i.chip", { style: `background:${c.colour}` }), c.text))),
      bones > 0 && about.keypoints && el("ul.chips.joints", {}, ["left", "right", "middle"].map((s) => el("li", {}, el("i.chip.round", { style: `background:${sides[s]}` }), s)), el("li", {}, el("i.chip.round.hollow"), "hidden"))].filter(Boolean);
  }

  document.addEventListener("keydown", (event) => {
    if (!open || page.hidden) return;
    if (event.key === "Escape" && !event.target.closest?.("select")) return thfm.go({ clip: null }, true);
    open.player?.keys(event);
  });
  addEventListener("resize", () => open?.player?.again());
})();
